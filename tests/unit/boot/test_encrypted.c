/* Encrypted images through installs and reverts: encrypted in slot B, plain in slot A, at every power cut. */
#include "core/image/der.h"
#include "core/image/encrypted.h"
#include "core/image/format.h"
#include "tests/unit/boot/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER 512
#define IMAGE_SIZE_MAX 12000

/* An image as it runs, and as it is sent. */
typedef struct {
    uint8_t plain[IMAGE_SIZE_MAX];
    uint8_t encrypted[IMAGE_SIZE_MAX];
    uint8_t hash[UD_SHA256_SIZE];
    uint8_t key[UD_ECIES_KEY_SIZE_MAX];
    size_t key_size;
    size_t size;
} pair_t;

static pair_t before;
static pair_t new;
static uint8_t decryption_key[UD_P256_PRIVATE_KEY_SIZE];
static uint8_t encryption_key[UD_P256_PUBLIC_KEY_SIZE];

/* ---- images --------------------------------------------------------------------------------------------------------- */

static void put(pair_t *pair, const void *data, size_t size)
{
    assert_true(pair->size + size <= sizeof pair->plain);
    memcpy(pair->plain + pair->size, data, size);
    pair->size += size;
}

static void put_number(pair_t *pair, uint32_t number, size_t size)
{
    uint8_t bytes[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), (uint8_t)(number >> 24)};
    put(pair, bytes, size);
}

static void put_tlv(pair_t *pair, uint16_t type, const void *value, size_t size)
{
    put_number(pair, type, 2);
    put_number(pair, (uint32_t)size, 2);
    put(pair, value, size);
}

/* Wraps the image key for the device. Gives the size of the entry. */
static size_t wrap(const pair_t *pair, uint8_t entry[UD_ECIES_SIZE_MAX])
{
    ud_key_t *ephemeral = NULL;
    uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE];
    uint8_t secret[UD_P256_SECRET_SIZE];
    uint8_t *tag = entry + UD_ECIES_POINT_SIZE;
    assert_int_equal(ud_key_generate(&ephemeral), UD_OK);
    assert_int_equal(ud_key_private(ephemeral, private_key), UD_OK);
    entry[0] = 4;
    ud_key_public(ephemeral, entry + 1);
    assert_int_equal(ud_ecdh_p256(private_key, encryption_key, secret), UD_VERDICT_VALID);
    memcpy(tag + UD_ECIES_TAG_SIZE, pair->key, pair->key_size);
    ud_ecies_wrap(secret, tag + UD_ECIES_TAG_SIZE, pair->key_size, tag);
    ud_key_destroy(ephemeral);
    return UD_ECIES_SIZE(pair->key_size);
}

static void put_tlvs(pair_t *pair)
{
    uint8_t raw[UD_P256_SIGNATURE_SIZE];
    uint8_t der[UD_DER_SIGNATURE_SIZE_MAX];
    uint8_t wrapped[UD_ECIES_SIZE_MAX];
    ud_sha256(pair->plain, pair->size, pair->hash);
    assert_int_equal(ud_key_sign(life_images.secret, pair->hash, raw), UD_OK);
    size_t der_size = ud_der_signature_encode(raw, der);
    size_t wrapped_size = wrap(pair, wrapped);
    put_number(pair, UD_IMAGE_TLV_INFO_MAGIC, 2);
    put_number(pair, (uint32_t)(5 * 4 + 2 * UD_SHA256_SIZE + der_size + wrapped_size), 2);
    put_tlv(pair, UD_IMAGE_TLV_SHA256, pair->hash, UD_SHA256_SIZE);
    put_tlv(pair, UD_IMAGE_TLV_KEY_HASH, life_images.keys[0].key_hash, UD_SHA256_SIZE);
    put_tlv(pair, UD_IMAGE_TLV_ECDSA, der, der_size);
    put_tlv(pair, UD_IMAGE_TLV_ECIES_P256, wrapped, wrapped_size);
}

static void make_pair(pair_t *pair, uint8_t major, size_t payload_size, size_t key_size)
{
    static const uint8_t padding[HEADER];
    ud_aes_t aes;
    *pair = (pair_t){.key_size = key_size};
    memset(pair->key, 0xA0 + major, sizeof pair->key);
    put_number(pair, UD_IMAGE_MAGIC, 4);
    put_number(pair, 0, 4);
    put_number(pair, HEADER, 4);
    put_number(pair, (uint32_t)payload_size, 4);
    put_number(pair, key_size == 16 ? UD_IMAGE_FLAG_AES128 : UD_IMAGE_FLAG_AES256, 4);
    put_number(pair, major, 4);
    put_number(pair, 0, 4);
    put(pair, padding, HEADER - pair->size);
    for (size_t index = 0; index < payload_size; index++) {
        put_number(pair, (uint32_t)(index * major + index / 251), 1);
    }
    put_tlvs(pair);
    memcpy(pair->encrypted, pair->plain, pair->size);
    ud_aes_init(&aes, pair->key, key_size);
    ud_aes_ctr(&aes, 0, pair->encrypted + HEADER, payload_size);
}

static bool holds(ud_port_t *board, ud_area_t area, uint32_t offset, const void *wanted, size_t size)
{
    static uint8_t content[IMAGE_SIZE_MAX];
    ud_board_peek(board, area, offset, content, size);
    return memcmp(content, wanted, size) == 0;
}

static bool journal_holds(ud_port_t *board, const pair_t *pair)
{
    static uint8_t content[64 * 1024];
    size_t size = ud_port_area(board, UD_AREA_JOURNAL)->size_bytes;
    assert_true(size <= sizeof content);
    ud_board_peek(board, UD_AREA_JOURNAL, 0, content, size);
    for (size_t at = 0; at + pair->key_size <= size; at++) {
        if (memcmp(content + at, pair->key, pair->key_size) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- boards --------------------------------------------------------------------------------------------------------- */

static ud_err_t act_stage_new(ud_journal_t *journal)
{
    return ud_slot_stage(journal, new.hash);
}

/* A board that runs the image before; the new one is staged, as it was sent. */
static ud_port_t *make(const ud_boot_mode_t *mode, uint32_t staging)
{
    ud_port_t *board = make_board(POWERCUT_NEW);
    life_images.boot.mode = mode;
    life_images.boot.cipher = &ud_boot_ecies_p256;
    life_images.boot.decryption_key = decryption_key;
    ud_board_load(board, UD_AREA_SLOT_A, 0, before.plain, before.size);
    ud_board_load(board, UD_AREA_SLOT_B, staging, new.encrypted, new.size);
    act(board, act_stage_new);
    return board;
}

static ud_port_t *make_swap(void)
{
    ud_port_t *board = make(&ud_boot_swap, 0);
    ud_board_load(board, UD_AREA_SLOT_B, ud_slot_staging_offset(&ud_slot_swap, board), new.encrypted, new.size);
    return board;
}

/* One start, cut inside that operation of it and begun again; 0: not cut. False if there were not as many. */
static bool start_cut(ud_port_t *board, uint32_t operation)
{
    ud_board_fuse_t fuse = {.operation = operation, .cut = UD_CUT_INSIDE, .words_done = operation % 7};
    ud_board_fuse_set(board, &fuse);
    bool cut = start(board, UD_RESET_ORDERLY).end == UD_BOARD_POWER_CUT;
    ud_board_fuse_set(board, &(ud_board_fuse_t){0});
    if (cut) {
        assert_int_equal(start(board, UD_RESET_POWER_ON).end, UD_BOARD_RETURNED);
    }
    return cut;
}

static void check_upgraded(ud_port_t *board)
{
    assert_true(holds(board, UD_AREA_SLOT_A, 0, new.plain, new.size));
    assert_true(holds(board, UD_AREA_SLOT_B, 0, before.encrypted, before.size));
    assert_false(journal_holds(board, &before) || journal_holds(board, &new));
}

static void check_reverted(ud_port_t *board)
{
    uint32_t staging = ud_slot_staging_offset(&ud_slot_swap, board);
    assert_true(holds(board, UD_AREA_SLOT_A, 0, before.plain, before.size));
    assert_true(holds(board, UD_AREA_SLOT_B, staging, new.encrypted, new.size));
    assert_false(journal_holds(board, &before) || journal_holds(board, &new));
}

/* ---- swap ----------------------------------------------------------------------------------------------------------- */

static void a_swap_decrypts_what_comes_and_encrypts_what_goes(void **state)
{
    (void)state;
    ud_port_t *board = make_swap();
    start_t first = start(board, UD_RESET_ORDERLY);
    assert_int_equal(first.status.state, UD_SLOT_TRIAL);
    check_upgraded(board);
    act(board, act_reject);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.status.boot_reason, UD_BOOT_REVERTED);
    check_reverted(board);
    ud_board_destroy(board);
}

static void a_swap_that_loses_power_derives_the_keys_again(void **state)
{
    (void)state;
    bool more = true;
    for (uint32_t operation = 1; more; operation += 5) {
        ud_port_t *board = make_swap();
        more = start_cut(board, operation);
        check_upgraded(board);
        act(board, act_reject);
        (void)start_cut(board, operation);
        check_reverted(board);
        ud_board_destroy(board);
    }
}

static void a_lost_slot_a_is_rescued_in_plain_text(void **state)
{
    (void)state;
    ud_port_t *board = make_swap();
    (void)start(board, UD_RESET_ORDERLY);
    act(board, act_confirm);
    ud_board_patch(board, UD_AREA_SLOT_A, 3000, "damage", 6);
    assert_int_equal(start(board, UD_RESET_POWER_ON).status.boot_reason, UD_BOOT_RESCUED);
    assert_true(holds(board, UD_AREA_SLOT_A, 0, before.plain, before.size));
    ud_board_destroy(board);
}

/* ---- refusals ------------------------------------------------------------------------------------------------------- */

static void check_refused(ud_err_t reason)
{
    ud_port_t *board = make_swap();
    if (reason == UD_ERR_IMAGE_ENCRYPTED) {
        ud_board_load(board, UD_AREA_SLOT_A, 0, life_images.images[POWERCUT_OLD].bytes,
                      life_images.images[POWERCUT_OLD].size);
        life_images.boot.cipher = NULL;
    }
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.end, UD_BOARD_RETURNED);
    assert_int_equal(next.status.boot_reason, UD_BOOT_STAGED_REFUSED);
    assert_int_equal(next.status.revert_reason, reason);
    ud_board_destroy(board);
}

static void a_product_without_a_cipher_refuses_encrypted_images(void **state)
{
    (void)state;
    check_refused(UD_ERR_IMAGE_ENCRYPTED);
}

static void an_image_encrypted_for_another_device_is_not_installed(void **state)
{
    (void)state;
    decryption_key[31] ^= 1;
    check_refused(UD_ERR_IMAGE_WRAPPED_KEY);
    decryption_key[31] ^= 1;
}

static void an_encrypted_image_that_was_changed_is_not_installed(void **state)
{
    (void)state;
    new.encrypted[HEADER + 5000] ^= 1;
    check_refused(UD_ERR_IMAGE_HASH);
    new.encrypted[HEADER + 5000] ^= 1;
}

/* ---- the other modes ------------------------------------------------------------------------------------------------ */

static void overwriting_decrypts_through_power_cuts(void **state)
{
    (void)state;
    bool more = true;
    for (uint32_t operation = 1; more; operation += 3) {
        ud_port_t *board = make(&ud_boot_overwrite, 0);
        more = start_cut(board, operation);
        assert_true(holds(board, UD_AREA_SLOT_A, 0, new.plain, new.size));
        assert_true(holds(board, UD_AREA_SLOT_B, 0, new.encrypted, new.size));
        ud_board_destroy(board);
    }
}

static int set_up_encrypted(void **state)
{
    ud_key_t *device = NULL;
    int failed = set_up(state);
    assert_int_equal(ud_key_generate(&device), UD_OK);
    ud_key_public(device, encryption_key);
    assert_int_equal(ud_key_private(device, decryption_key), UD_OK);
    ud_key_destroy(device);
    make_pair(&before, 1, 6500, 16);
    make_pair(&new, 2, 9300, 32);
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_swap_decrypts_what_comes_and_encrypts_what_goes),
        cmocka_unit_test(a_swap_that_loses_power_derives_the_keys_again),
        cmocka_unit_test(a_lost_slot_a_is_rescued_in_plain_text),
        cmocka_unit_test(a_product_without_a_cipher_refuses_encrypted_images),
        cmocka_unit_test(an_image_encrypted_for_another_device_is_not_installed),
        cmocka_unit_test(an_encrypted_image_that_was_changed_is_not_installed),
        cmocka_unit_test(overwriting_decrypts_through_power_cuts),
    };
    return cmocka_run_group_tests(tests, set_up_encrypted, tear_down);
}
