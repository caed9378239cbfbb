/* The device messages: tables against api/device.cddl, round trips, ranges, sizes and hostile bytes. */
#include "core/base/hex.h"
#include "core/proto/message.h"
#include "core/proto/message_table.h"
#include "include/updraft/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Seeded, so that a failure repeats. */
static uint32_t random_state = 20261122;

static uint32_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static ud_register_t sample_register(void)
{
    return (ud_register_t){.present = UD_FIELD(UD_REGISTER_DEVICE_ID) | UD_FIELD(UD_REGISTER_HARDWARE) |
                                      UD_FIELD(UD_REGISTER_NONCE) | UD_FIELD(UD_REGISTER_SECRET) |
                                      UD_FIELD(UD_REGISTER_CLAIM_KEY),
                           .device_id = "sim-0001",
                           .hardware = "sim-board",
                           .nonce = {1, 2, 3},
                           .secret = {4, 5, 6},
                           .claim_key = "line-1"};
}

static ud_offer_t sample_offer(void)
{
    ud_offer_t offer = {.next_s = 4294967295u,
                        .action = UD_ACTION_INSTALL,
                        .update_id = 4294967295u,
                        .version = "255.255.65535+4294967295",
                        .image_size = 4294967295u,
                        .artifact_size = 4294967295u,
                        .chunk_size = 16384,
                        .slot = 1,
                        .security_counter = 4294967295u,
                        .signature = {.size = UD_P256_SIGNATURE_SIZE},
                        .descriptor = {.size = UD_P256_SIGNATURE_SIZE},
                        .hardware = "a-hardware-name-of-thirty-two-by"};
    static const uint8_t keys[] = {UD_OFFER_NEXT,
                                   UD_OFFER_ACTION,
                                   UD_OFFER_UPDATE_ID,
                                   UD_OFFER_VERSION,
                                   UD_OFFER_KIND,
                                   UD_OFFER_IMAGE_SIZE,
                                   UD_OFFER_ARTIFACT_SIZE,
                                   UD_OFFER_IMAGE_DIGEST,
                                   UD_OFFER_KEY_HASH,
                                   UD_OFFER_SIGNATURE,
                                   UD_OFFER_ARTIFACT_DIGEST,
                                   UD_OFFER_CHUNK_SIZE,
                                   UD_OFFER_CHAIN_ROOT,
                                   UD_OFFER_DESCRIPTOR,
                                   UD_OFFER_SLOT,
                                   UD_OFFER_SECURITY_COUNTER,
                                   UD_OFFER_POLICY,
                                   UD_OFFER_HARDWARE};
    for (size_t i = 0; i < sizeof keys; i++) {
        offer.present |= UD_FIELD(keys[i]);
    }
    offer.policy = (ud_policy_t){.present = UD_FIELD(UD_POLICY_FORCED) | UD_FIELD(UD_POLICY_CONSENT) |
                                            UD_FIELD(UD_POLICY_WINDOW_OPENS) | UD_FIELD(UD_POLICY_WINDOW_CLOSES) |
                                            UD_FIELD(UD_POLICY_DEADLINE) | UD_FIELD(UD_POLICY_RETRIES) |
                                            UD_FIELD(UD_POLICY_DOWNLOAD_ONLY),
                                 .forced = true,
                                 .window_opens_s = 4294967295u,
                                 .window_closes_s = 4294967295u,
                                 .deadline_s = 4294967295u,
                                 .retries = 10};
    return offer;
}

/* What was decoded gives the same bytes again; comparing structures would compare their padding. */
static void assert_encodes_to(ud_message_type_t type, const void *structure, const uint8_t *data, size_t size)
{
    uint8_t again[UD_MESSAGE_SIZE_MAX];
    size_t again_size = 0;
    assert_int_equal(ud_message_encode(type, structure, again, sizeof again, &again_size), UD_OK);
    assert_int_equal(again_size, size);
    assert_memory_equal(again, data, size);
}

static void a_message_survives_a_round_trip(void **state)
{
    (void)state;
    uint8_t data[UD_MESSAGE_SIZE_MAX];
    size_t size = 0;
    ud_register_t sent = sample_register(), got;
    assert_int_equal(ud_message_encode(UD_MESSAGE_REGISTER, &sent, data, sizeof data, &size), UD_OK);
    assert_int_equal(ud_message_decode(UD_MESSAGE_REGISTER, ud_span(data, size), &got, NULL), UD_OK);
    assert_encodes_to(UD_MESSAGE_REGISTER, &got, data, size);
}

static void the_largest_offer_without_urls_fits_512_bytes(void **state)
{
    (void)state;
    uint8_t data[UD_MESSAGE_SIZE_MAX];
    size_t size = 0;
    ud_offer_t offer = sample_offer(), got;
    assert_int_equal(ud_message_encode(UD_MESSAGE_OFFER, &offer, data, sizeof data, &size), UD_OK);
    print_message("offer with every value at its longest: %zu bytes\n", size);
    assert_true(size <= 512);
    assert_int_equal(ud_message_decode(UD_MESSAGE_OFFER, ud_span(data, size), &got, NULL), UD_OK);
    assert_encodes_to(UD_MESSAGE_OFFER, &got, data, size);
}

/* With RSA an offer has all of it, on a device whose buffer is no larger than it must be. */
static void the_largest_offer_by_rsa_fits_the_room_that_devices_have(void **state)
{
    (void)state;
    uint8_t data[UD_MESSAGE_SIZE_MAX];
    size_t size = 0;
    ud_offer_t offer = sample_offer(), got;
    offer.signature.size = offer.descriptor.size = UD_RSA_3072_SIZE;
    assert_int_equal(ud_message_encode(UD_MESSAGE_OFFER, &offer, data, sizeof data, &size), UD_OK);
    print_message("offer with RSA-3072: %zu bytes\n", size);
    assert_true(size <= UD_AGENT_ANSWER_SIZE_MIN);
    assert_int_equal(ud_message_decode(UD_MESSAGE_OFFER, ud_span(data, size), &got, NULL), UD_OK);
    assert_encodes_to(UD_MESSAGE_OFFER, &got, data, size);
    memset(offer.url, 'u', UD_URL_SIZE_MAX);
    memset(offer.notes_url, 'n', UD_URL_SIZE_MAX);
    offer.present |= UD_FIELD(UD_OFFER_URL) | UD_FIELD(UD_OFFER_NOTES_URL) | UD_FIELD(UD_OFFER_BASE_DIGEST);
    assert_int_equal(ud_message_encode(UD_MESSAGE_OFFER, &offer, data, sizeof data, &size), UD_OK);
}

static void a_signature_of_a_size_that_no_scheme_has_is_refused(void **state)
{
    (void)state;
    uint8_t data[UD_MESSAGE_SIZE_MAX];
    size_t size = 0;
    ud_offer_t offer = sample_offer(), got;
    for (size_t wrong = 0; wrong <= UD_SIGNATURE_SIZE_MAX; wrong++) {
        bool known = wrong == 64 || wrong == 256 || wrong == 384;
        offer.signature.size = (uint16_t)wrong;
        assert_int_equal(ud_message_encode(UD_MESSAGE_OFFER, &offer, data, sizeof data, &size),
                         known ? UD_OK : UD_ERR_INVALID_ARGUMENT);
    }
    offer.signature.size = 256;
    assert_int_equal(ud_message_encode(UD_MESSAGE_OFFER, &offer, data, sizeof data, &size), UD_OK);
    uint8_t *head = data;
    while (head < data + size && (head[0] != UD_OFFER_SIGNATURE || head[1] != 0x59 || head[2] != 1 || head[3] != 0)) {
        head++;
    }
    assert_true(head + 4 < data + size);
    head[3] = 1;
    const ud_field_t *field = NULL;
    assert_int_equal(ud_message_decode(UD_MESSAGE_OFFER, ud_span(data, size), &got, &field), UD_ERR_INVALID_ARGUMENT);
    assert_string_equal(ud_field_name(field), "signature");
}

static void random_number(const ud_field_t *field, void *structure)
{
    int64_t value =
        ud_field_min(field) + (int64_t)(draw() % ((uint64_t)((int64_t)ud_field_max(field) - ud_field_min(field)) + 1));
    static const int64_t sizes[] = {512, 1024, 4096, 16384};
    ud_field_store_number(field, structure, field->kind == UD_FIELD_CHUNK_SIZE ? sizes[draw() % 4] : value);
}

static void random_signature(ud_signature_t *signature)
{
    static const uint16_t sizes[] = {UD_P256_SIGNATURE_SIZE, UD_RSA_2048_SIZE, UD_RSA_3072_SIZE};
    signature->size = sizes[draw() % 3];
    for (size_t i = 0; i < signature->size; i++) {
        signature->data[i] = (uint8_t)draw();
    }
}

static void random_field(const ud_field_t *field, uint8_t *structure)
{
    uint8_t *at = structure + field->offset;
    size_t size = field->size;
    switch ((ud_field_kind_t)field->kind) {
    case UD_FIELD_UINT:
    case UD_FIELD_INT:
    case UD_FIELD_CHUNK_SIZE:
        random_number(field, structure);
        return;
    case UD_FIELD_BOOL:
        *at = draw() & 1;
        return;
    case UD_FIELD_TEXT:
    case UD_FIELD_DEVICE_ID:
        size = (size_t)ud_field_min(field) + draw() % (ud_field_max(field) - (uint32_t)ud_field_min(field) + 1);
        memset(at, 'a' + (int)(draw() % 26), size);
        return;
    case UD_FIELD_SIGNATURE:
        random_signature((ud_signature_t *)(void *)at);
        return;
    case UD_FIELD_BYTES:
    case UD_FIELD_UINT_PAIR:
        for (size_t i = 0; i < size; i++) {
            at[i] = (uint8_t)draw();
        }
        return;
    case UD_FIELD_MAP:
        return;
    }
}

/* Fills any structure by its table, each optional field by the toss of a coin. */
static void random_message(const ud_message_table_t *table, uint8_t *structure)
{
    uint32_t present = 0;
    for (uint8_t i = 0; i < table->count; i++) {
        const ud_field_t *field = &table->fields[i];
        if (!field->required && (draw() & 1) != 0) {
            continue;
        }
        present |= UD_FIELD(field->key);
        random_field(field, structure);
        if (field->kind == UD_FIELD_MAP) {
            random_message(table->map, structure + field->offset);
        }
    }
    memcpy(structure, &present, sizeof present);
}

static void any_valid_message_survives_a_round_trip(void **state)
{
    (void)state;
    for (int round = 0; round < 400; round++) {
        for (ud_message_type_t type = 0; type < UD_MESSAGE_COUNT; type++) {
            const ud_message_table_t *table = ud_message_tables[type];
            uint8_t *sent = calloc(1, table->size), *got = malloc(table->size), data[UD_MESSAGE_SIZE_MAX];
            size_t size = 0;
            random_message(table, sent);
            assert_int_equal(ud_message_encode(type, sent, data, sizeof data, &size), UD_OK);
            assert_int_equal(ud_message_decode(type, ud_span(data, size), got, NULL), UD_OK);
            assert_memory_equal(sent, got, table->size);
            size_t cut = draw() % size;
            assert_int_equal(ud_message_encode(type, sent, data, cut, &size), UD_ERR_BUFFER_TOO_SMALL);
            free(sent);
            free(got);
        }
    }
}

static void a_message_cut_anywhere_is_refused(void **state)
{
    (void)state;
    uint8_t data[UD_MESSAGE_SIZE_MAX];
    size_t size = 0;
    ud_offer_t offer = sample_offer(), got;
    assert_int_equal(ud_message_encode(UD_MESSAGE_OFFER, &offer, data, sizeof data, &size), UD_OK);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy, data, cut);
        assert_int_equal(ud_message_decode(UD_MESSAGE_OFFER, ud_span(copy, cut), &got, NULL), UD_ERR_MALFORMED);
        free(copy);
    }
    data[size] = 0;
    assert_int_equal(ud_message_decode(UD_MESSAGE_OFFER, ud_span(data, size + 1), &got, NULL), UD_ERR_MALFORMED);
}

static void a_flipped_bit_is_refused_or_read_within_all_bounds(void **state)
{
    (void)state;
    uint8_t data[UD_MESSAGE_SIZE_MAX], again[UD_MESSAGE_SIZE_MAX];
    size_t size = 0, again_size;
    ud_offer_t offer = sample_offer(), got;
    assert_int_equal(ud_message_encode(UD_MESSAGE_OFFER, &offer, data, sizeof data, &size), UD_OK);
    for (size_t bit = 0; bit < size * 8; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (ud_message_decode(UD_MESSAGE_OFFER, ud_span(data, size), &got, NULL) == UD_OK) {
            assert_int_equal(ud_message_encode(UD_MESSAGE_OFFER, &got, again, sizeof again, &again_size), UD_OK);
        }
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* A token request {1: id, 2: secret} with something changed. */
static ud_err_t decode_hex(ud_message_type_t type, const char *hex, const ud_field_t **field)
{
    uint8_t data[256];
    static uint8_t message[sizeof(ud_offer_t) + sizeof(ud_checkin_t)];
    assert_int_equal(ud_hex_decode(hex, strlen(hex), data, strlen(hex) / 2), UD_OK);
    return ud_message_decode(type, ud_span(data, strlen(hex) / 2), message, field);
}

#define SECRET "5820000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"

static void keys_in_any_order_and_unknown_keys_are_taken(void **state)
{
    (void)state;
    assert_int_equal(decode_hex(UD_MESSAGE_TOKEN_REQUEST,
                                "a2"
                                "01"
                                "626131"
                                "02" SECRET,
                                NULL),
                     UD_OK);
    assert_int_equal(decode_hex(UD_MESSAGE_TOKEN_REQUEST,
                                "a2"
                                "02" SECRET "01"
                                "626131",
                                NULL),
                     UD_OK);
    assert_int_equal(decode_hex(UD_MESSAGE_TOKEN_REQUEST,
                                "a4"
                                "183c"
                                "8101"
                                "01"
                                "626131"
                                "617a"
                                "f6"
                                "02" SECRET,
                                NULL),
                     UD_OK);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        ud_err_t err;
        const char *field;
    } cases[] = {
        {"a1"
         "01"
         "626131",
         UD_ERR_INVALID_ARGUMENT, "secret"}, /* absent */
        {"a2"
         "01"
         "60"
         "02" SECRET,
         UD_ERR_INVALID_ARGUMENT, "device_id"}, /* empty */
        {"a2"
         "01"
         "626120"
         "02" SECRET,
         UD_ERR_INVALID_ARGUMENT, "device_id"}, /* a blank */
        {"a2"
         "01"
         "622f61"
         "02" SECRET,
         UD_ERR_INVALID_ARGUMENT, "device_id"}, /* a slash */
        {"a2"
         "01"
         "626131"
         "02"
         "4100",
         UD_ERR_INVALID_ARGUMENT, "secret"}, /* too short */
        {"a2"
         "01"
         "626131"
         "02"
         "6100",
         UD_ERR_MALFORMED, "secret"}, /* a text */
        {"a3"
         "01"
         "626131"
         "02" SECRET "01"
         "626132",
         UD_ERR_MALFORMED, "device_id"}, /* twice */
        {"a2"
         "01"
         "626131"
         "1802" SECRET,
         UD_ERR_MALFORMED, NULL}, /* a key in a longer form */
        {"80", UD_ERR_MALFORMED, NULL},
        {"", UD_ERR_MALFORMED, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ud_field_t *field = ud_message_tables[0]->fields;
        assert_int_equal(decode_hex(UD_MESSAGE_TOKEN_REQUEST, cases[i].hex, &field), cases[i].err);
        if (cases[i].field == NULL) {
            assert_null(field);
        } else {
            assert_string_equal(ud_field_name(field), cases[i].field);
        }
    }
}

/* An answer {1: 60, 2: 0, `field`}, as server and device read it. */
static void assert_read(const char *field, ud_err_t by_server, ud_err_t by_device)
{
    uint8_t data[256];
    ud_offer_t offer;
    char hex[256];
    snprintf(hex, sizeof hex, "a301183c0200%s", field);
    size_t size = strlen(hex) / 2;
    assert_int_equal(ud_hex_decode(hex, strlen(hex), data, size), UD_OK);
    assert_int_equal(ud_message_decode(UD_MESSAGE_OFFER, ud_span(data, size), &offer, NULL), by_server);
    assert_int_equal(ud_message_read(&ud_offer_table, ud_span(data, size), &offer), by_device);
}

static void a_device_is_as_strict_as_the_server_but_for_utf8(void **state)
{
    (void)state;
    assert_read("0c65612f62c3a4", UD_OK, UD_OK);
    assert_read("0c65612f62c3c3", UD_ERR_INVALID_ARGUMENT, UD_OK);
    assert_read("0c62c280", UD_ERR_INVALID_ARGUMENT, UD_OK); /* a control character of two bytes */
    assert_read("0c626100", UD_ERR_INVALID_ARGUMENT, UD_ERR_INVALID_ARGUMENT);
    assert_read("0c620a61", UD_ERR_INVALID_ARGUMENT, UD_ERR_INVALID_ARGUMENT);
    assert_read("0c627f61", UD_ERR_INVALID_ARGUMENT, UD_ERR_INVALID_ARGUMENT);
    assert_read("0c60", UD_ERR_INVALID_ARGUMENT, UD_ERR_INVALID_ARGUMENT);
    assert_read("157821" /* 33 bytes of hardware */
                "616161616161616161616161616161616161616161616161616161616161616161",
                UD_ERR_INVALID_ARGUMENT, UD_ERR_INVALID_ARGUMENT);
    assert_read("0c4161", UD_ERR_MALFORMED, UD_ERR_MALFORMED);
    assert_read("0320", UD_ERR_INVALID_ARGUMENT, UD_ERR_INVALID_ARGUMENT); /* a number below 0 */
    assert_read("1102", UD_ERR_INVALID_ARGUMENT, UD_ERR_INVALID_ARGUMENT); /* slot 2 */
    assert_read("031b0000000100000000", UD_ERR_MALFORMED, UD_ERR_MALFORMED);
    assert_read("0d190201", UD_ERR_INVALID_ARGUMENT, UD_ERR_INVALID_ARGUMENT); /* chunks of 513 */
    assert_read("0d190200", UD_OK, UD_OK);
    assert_read("084100", UD_ERR_INVALID_ARGUMENT, UD_ERR_INVALID_ARGUMENT);
    assert_read("0a4100", UD_ERR_INVALID_ARGUMENT, UD_ERR_INVALID_ARGUMENT);
    assert_read("13a201f503f4", UD_ERR_MALFORMED, UD_ERR_MALFORMED); /* a flag for a number */
    assert_read("13a201f50300", UD_OK, UD_OK);
    assert_read("13a201f60300", UD_ERR_MALFORMED, UD_ERR_MALFORMED); /* null for a flag */
    assert_read("13a201f90014", UD_ERR_MALFORMED, UD_ERR_MALFORMED); /* a float for a flag */
    assert_read("1381a0", UD_ERR_MALFORMED, UD_ERR_MALFORMED);
    assert_read("0118ff", UD_ERR_MALFORMED, UD_ERR_MALFORMED); /* twice */
    assert_read("1818a18140d81900", UD_OK, UD_OK);             /* a later version's */
}

/* A check-in with all that it needs, and `field`. */
static ud_err_t read_checkin(const char *field)
{
    char hex[512];
    snprintf(hex, sizeof hex, "a8016161026161%s045820%064d05000900%s%s", "0365312e302e30", 0, "0a00", field);
    return decode_hex(UD_MESSAGE_CHECKIN, hex, NULL);
}

static void a_server_judges_what_only_requests_have(void **state)
{
    (void)state;
    assert_int_equal(read_checkin("1000"), UD_OK); /* a signal of 0, ... */
    assert_int_equal(read_checkin("1020"), UD_OK);
    assert_int_equal(read_checkin("1038c7"), UD_OK);
    assert_int_equal(read_checkin("1038c8"), UD_ERR_INVALID_ARGUMENT); /* -201 */
    assert_int_equal(read_checkin("1001"), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(read_checkin("103affffffff"), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(read_checkin("1282001affffffff"), UD_OK); /* the addresses of two slots, ... */
    assert_int_equal(read_checkin("128100"), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(read_checkin("1283000000"), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(read_checkin("12820020"), UD_ERR_MALFORMED);
    assert_int_equal(read_checkin("12820060"), UD_ERR_MALFORMED);
    assert_int_equal(read_checkin("12820081"), UD_ERR_MALFORMED);
    assert_int_equal(read_checkin("1282001b0000000100000000"), UD_ERR_MALFORMED);
    assert_int_equal(read_checkin("12a10000"), UD_ERR_MALFORMED);
}

static void numbers_stand_at_their_limits(void **state)
{
    (void)state;
    static const struct {
        uint8_t key;
        int64_t value;
        bool good;
    } cases[] = {
        {UD_CHECKIN_PROGRESS, 100, true},
        {UD_CHECKIN_PROGRESS, 101, false},
        {UD_CHECKIN_STATE, 10, true},
        {UD_CHECKIN_STATE, 11, false},
        {UD_CHECKIN_SIGNAL, -200, true},
        {UD_CHECKIN_SIGNAL, -201, false},
        {UD_CHECKIN_SIGNAL, 0, true},
        {UD_CHECKIN_SIGNAL, 1, false},
        {UD_CHECKIN_ERROR, 65535, true},
        {UD_CHECKIN_ERROR, 65536, false},
        {UD_CHECKIN_SEQUENCE, 4294967295, true},
        {UD_CHECKIN_SEQUENCE, 4294967296, false},
        {UD_CHECKIN_SEQUENCE, -1, false},
        {UD_CHECKIN_ACTIVE_SLOT, 2, false},
    };
    const ud_message_table_t *table = ud_message_tables[UD_MESSAGE_CHECKIN];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ud_field_accepts_number(&table->fields[cases[i].key - 1], cases[i].value), cases[i].good);
    }
    const ud_field_t *chunk = &ud_message_tables[UD_MESSAGE_OFFER]->fields[UD_OFFER_CHUNK_SIZE - 1];
    assert_true(ud_field_accepts_number(chunk, 512) && ud_field_accepts_number(chunk, 16384));
    assert_false(ud_field_accepts_number(chunk, 2048) || ud_field_accepts_number(chunk, 0));
}

static void a_value_out_of_range_is_not_sent(void **state)
{
    (void)state;
    uint8_t data[UD_MESSAGE_SIZE_MAX];
    size_t size;
    ud_offer_t offer = sample_offer();
    offer.chunk_size = 513;
    assert_int_equal(ud_message_encode(UD_MESSAGE_OFFER, &offer, data, sizeof data, &size), UD_ERR_INVALID_ARGUMENT);
    ud_register_t enrol = sample_register();
    enrol.present &= ~UD_FIELD(UD_REGISTER_NONCE);
    assert_int_equal(ud_message_encode(UD_MESSAGE_REGISTER, &enrol, data, sizeof data, &size), UD_ERR_INVALID_ARGUMENT);
    enrol = sample_register();
    memset(enrol.device_id, 'x', sizeof enrol.device_id); /* no NUL at the end */
    assert_int_equal(ud_message_encode(UD_MESSAGE_REGISTER, &enrol, data, sizeof data, &size), UD_ERR_INVALID_ARGUMENT);
}

/* ---- api/device.cddl ------------------------------------------------------------------------------------------------ */

/* Reads "  ? 5 => tstr .size (1..64),   ; claim_key: ..." into its parts. */
static bool parse_cddl_row(const char *row, unsigned *key, bool *optional, char name[64])
{
    int at = 0;
    *optional = false;
    if (sscanf(row, " ? %u => %n", key, &at) == 1 && at > 0) {
        *optional = true;
    } else if (sscanf(row, " %u => %n", key, &at) != 1 || at == 0) {
        return false;
    }
    const char *comment = strchr(row, ';');
    return comment != NULL && sscanf(comment, "; %63[a-z0-9_]", name) == 1;
}

static void compare_with_cddl(const char *rule, const ud_message_table_t *table)
{
    FILE *file = fopen("api/device.cddl", "r");
    assert_non_null(file);
    char row[256], head[64], name[64];
    snprintf(head, sizeof head, "%s = {", rule);
    bool inside = false, optional;
    unsigned key, seen = 0;
    while (fgets(row, sizeof row, file) != NULL) {
        inside = inside ? row[0] != '}' : strncmp(row, head, strlen(head)) == 0;
        if (!inside || !parse_cddl_row(row, &key, &optional, name)) {
            continue;
        }
        assert_true(seen < table->count);
        assert_int_equal(table->fields[seen].key, key);
        assert_int_equal(key, seen + 1);
        assert_string_equal(ud_field_name(&table->fields[seen]), name);
        assert_int_equal(table->fields[seen].required, !optional);
        seen++;
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(seen, table->count);
}

static void the_tables_say_what_the_cddl_says(void **state)
{
    (void)state;
    const ud_message_table_t *checkin = ud_message_tables[UD_MESSAGE_CHECKIN];
    const ud_message_table_t *offer = ud_message_tables[UD_MESSAGE_OFFER];
    compare_with_cddl("register", ud_message_tables[UD_MESSAGE_REGISTER]);
    compare_with_cddl("register-answer", ud_message_tables[UD_MESSAGE_REGISTER_ANSWER]);
    compare_with_cddl("token-request", ud_message_tables[UD_MESSAGE_TOKEN_REQUEST]);
    compare_with_cddl("checkin", checkin);
    compare_with_cddl("capabilities", checkin->map);
    compare_with_cddl("offer", offer);
    compare_with_cddl("policy", offer->map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_survives_a_round_trip),
        cmocka_unit_test(the_largest_offer_without_urls_fits_512_bytes),
        cmocka_unit_test(the_largest_offer_by_rsa_fits_the_room_that_devices_have),
        cmocka_unit_test(a_signature_of_a_size_that_no_scheme_has_is_refused),
        cmocka_unit_test(any_valid_message_survives_a_round_trip),
        cmocka_unit_test(a_message_cut_anywhere_is_refused),
        cmocka_unit_test(a_flipped_bit_is_refused_or_read_within_all_bounds),
        cmocka_unit_test(keys_in_any_order_and_unknown_keys_are_taken),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_device_is_as_strict_as_the_server_but_for_utf8),
        cmocka_unit_test(a_server_judges_what_only_requests_have),
        cmocka_unit_test(numbers_stand_at_their_limits),
        cmocka_unit_test(a_value_out_of_range_is_not_sent),
        cmocka_unit_test(the_tables_say_what_the_cddl_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
