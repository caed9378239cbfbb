/* Device messages as JSON: the same values, ranges and refusals as in CBOR. */
#include "server/door/message_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"

static ud_err_t read_token_request(const char *text, const ud_field_t **field)
{
    static ud_token_request_t message;
    return ud_message_from_json(UD_MESSAGE_TOKEN_REQUEST, ud_span(text, strlen(text)), &message, field);
}

static void a_message_survives_a_round_trip(void **state)
{
    (void)state;
    ud_checkin_t sent = {.present = UD_FIELD(UD_CHECKIN_DEVICE_ID) | UD_FIELD(UD_CHECKIN_HARDWARE) |
                                    UD_FIELD(UD_CHECKIN_VERSION) | UD_FIELD(UD_CHECKIN_IMAGE_DIGEST) |
                                    UD_FIELD(UD_CHECKIN_STATE) | UD_FIELD(UD_CHECKIN_EPOCH) |
                                    UD_FIELD(UD_CHECKIN_SEQUENCE) | UD_FIELD(UD_CHECKIN_SIGNAL) |
                                    UD_FIELD(UD_CHECKIN_SLOT_ADDRESSES) | UD_FIELD(UD_CHECKIN_CAPABILITIES) |
                                    UD_FIELD(UD_CHECKIN_JOURNAL_WORN) | UD_FIELD(UD_CHECKIN_FAILED_STARTS),
                         .device_id = "gw-1",
                         .hardware = "h\xC3\xA4rte",
                         .version = "1.2.3",
                         .image_digest = {0xAB},
                         .state = UD_DEVICE_TRIAL,
                         .epoch = UINT32_MAX,
                         .sequence = 1,
                         .signal = -120,
                         .slot_addresses = {0, UINT32_MAX},
                         .capabilities = {.present = UD_FIELD(UD_CAPABILITY_CHUNK_SIZE_MAX), .chunk_size_max = 1024},
                         .failed_starts = {1, 2}};
    ud_checkin_t got;
    ud_span_t text;
    ud_arena_t *arena = ud_arena_create(65536);
    assert_int_equal(ud_message_to_json(UD_MESSAGE_CHECKIN, &sent, arena, &text), UD_OK);
    assert_int_equal(ud_message_from_json(UD_MESSAGE_CHECKIN, text, &got, NULL), UD_OK);
    assert_memory_equal(&sent, &got, sizeof sent);
    ud_arena_destroy(arena);
}

static void names_and_forms_are_those_of_the_cddl(void **state)
{
    (void)state;
    ud_token_request_t message = {.present = UD_FIELD(UD_TOKEN_REQUEST_DEVICE_ID) | UD_FIELD(UD_TOKEN_REQUEST_SECRET),
                                  .device_id = "gw-1"};
    memset(message.secret, 0xF0, sizeof message.secret);
    ud_span_t text;
    ud_arena_t *arena = ud_arena_create(65536);
    assert_int_equal(ud_message_to_json(UD_MESSAGE_TOKEN_REQUEST, &message, arena, &text), UD_OK);
    assert_string_equal((const char *)text.data,
                        "{\"device_id\":\"gw-1\",\"secret\":"
                        "\"f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0\"}");
    ud_arena_destroy(arena);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ud_err_t err;
        const char *field;
    } cases[] = {
        {"{\"device_id\":\"a\",\"secret\":\"" SECRET "\",\"more\":[{}]}", UD_OK, NULL},
        {"{\"device_id\":\"a\"}", UD_ERR_INVALID_ARGUMENT, "secret"},
        {"{\"device_id\":\"\",\"secret\":\"" SECRET "\"}", UD_ERR_INVALID_ARGUMENT, "device_id"},
        {"{\"device_id\":1,\"secret\":\"" SECRET "\"}", UD_ERR_INVALID_ARGUMENT, "device_id"},
        {"{\"device_id\":\"a b\",\"secret\":\"" SECRET "\"}", UD_ERR_INVALID_ARGUMENT, "device_id"},
        {"{\"device_id\":\"a\",\"secret\":\"00\"}", UD_ERR_INVALID_ARGUMENT, "secret"},
        {"{\"device_id\":\"a\",\"device_id\":\"b\",\"secret\":\"" SECRET "\"}", UD_ERR_MALFORMED, NULL},
        {"{\"device_id\":\"a\\u0000b\",\"secret\":\"" SECRET "\"}", UD_ERR_MALFORMED, NULL},
        {"[]", UD_ERR_MALFORMED, NULL},
        {"{} x", UD_ERR_MALFORMED, NULL},
        {"", UD_ERR_MALFORMED, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ud_field_t *field = ud_message_tables[0]->fields;
        assert_int_equal(read_token_request(cases[i].text, &field), cases[i].err);
        if (cases[i].field == NULL) {
            assert_null(field);
        } else {
            assert_string_equal(ud_field_name(field), cases[i].field);
        }
    }
}

static void what_cannot_be_said_in_cbor_is_not_said_in_json(void **state)
{
    (void)state;
    ud_span_t text;
    ud_offer_t offer = {.present = UD_FIELD(UD_OFFER_NEXT)};
    ud_arena_t *arena = ud_arena_create(65536);
    assert_int_equal(ud_message_to_json(UD_MESSAGE_OFFER, &offer, arena, &text), UD_ERR_INVALID_ARGUMENT);
    ud_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_survives_a_round_trip),
        cmocka_unit_test(names_and_forms_are_those_of_the_cddl),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(what_cannot_be_said_in_cbor_is_not_said_in_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
