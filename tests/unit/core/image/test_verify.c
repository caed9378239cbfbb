/* Verdicts on images that are signed here. */
#include "core/image/format.h"
#include "core/image/sign.h"
#include "tests/unit/core/image/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    ud_key_t *keys[2];
    ud_trusted_key_t trusted[2];
    uint8_t image[1024];
    size_t size;
    ud_image_info_t info;
} signed_t;

static signed_t it;

static int sign_one(void **state)
{
    static const uint8_t payload[300] = {1, 2, 3};
    const ud_sign_options_t options = {.version = {1, 2, 3, 4},
                                       .hardware = "acme-gw-r2",
                                       .has_security_counter = true,
                                       .security_counter = 5,
                                       .header_size = 32,
                                       .pad_header = true};
    (void)state;
    for (int index = 0; index < 2; index++) {
        it.keys[index] = load_key(NULL);
        it.trusted[index] = trust(it.keys[index]);
    }
    return ud_sign_image(&options, it.keys[0], payload, sizeof payload, it.image, sizeof it.image, &it.size,
                         &it.info) != UD_OK;
}

static int forget(void **state)
{
    (void)state;
    ud_key_destroy(it.keys[0]);
    ud_key_destroy(it.keys[1]);
    return 0;
}

static ud_err_t reason_for(const uint8_t *image, size_t size, const ud_trusted_key_t *keys, size_t key_count)
{
    ud_err_t reason = UD_ERR_INTERNAL;
    ud_verdict_t verdict = verify_bytes(image, size, keys, key_count, &reason);
    assert_int_equal(verdict, reason == UD_OK ? UD_VERDICT_VALID : UD_VERDICT_INVALID);
    return reason;
}

static void an_image_is_valid_under_its_key_wherever_that_stands_in_the_list(void **state)
{
    const ud_trusted_key_t reversed[] = {it.trusted[1], it.trusted[0]};
    (void)state;
    assert_int_equal(reason_for(it.image, it.size, it.trusted, 1), UD_OK);
    assert_int_equal(reason_for(it.image, it.size, it.trusted, 2), UD_OK);
    assert_int_equal(reason_for(it.image, it.size, reversed, 2), UD_OK);
}

static void an_image_of_an_unknown_key_is_invalid(void **state)
{
    (void)state;
    assert_int_equal(reason_for(it.image, it.size, it.trusted + 1, 1), UD_ERR_IMAGE_KEY_UNKNOWN);
    assert_int_equal(reason_for(it.image, it.size, NULL, 0), UD_ERR_IMAGE_KEY_UNKNOWN);
}

static void no_flipped_bit_leaves_an_image_valid(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * it.size; bit++) {
        it.image[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ud_err_t reason = reason_for(it.image, it.size, it.trusted, 2);
        it.image[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (reason == UD_OK) {
            fail_msg("valid although bit %zu of byte %zu is flipped", bit % 8, bit / 8);
        }
    }
}

static void no_changed_byte_that_the_hash_covers_gets_past_the_hash(void **state)
{
    size_t payload_end = it.info.header_size + it.info.payload_size;
    (void)state;
    for (size_t index = it.info.header_size; index < payload_end; index++) {
        it.image[index] ^= 0xFF;
        assert_int_equal(reason_for(it.image, it.size, it.trusted, 1), UD_ERR_IMAGE_HASH);
        it.image[index] ^= 0xFF;
    }
}

static void a_cut_image_is_invalid(void **state)
{
    (void)state;
    for (size_t size = 0; size < it.size; size++) {
        assert_int_equal(reason_for(it.image, size, it.trusted, 1), UD_ERR_IMAGE_TRUNCATED);
    }
}

static void an_image_without_key_hash_or_signature_is_unsigned(void **state)
{
    static const uint16_t types[] = {UD_IMAGE_TLV_KEY_HASH, UD_IMAGE_TLV_ECDSA};
    (void)state;
    for (size_t index = 0; index < 2; index++) {
        uint8_t image[sizeof it.image];
        memcpy(image, it.image, sizeof image);
        /* the entries stand in imgtool's order: hash, key hash, signature */
        size_t at = it.info.header_size + it.info.payload_size + it.info.protected_size + 4 + 36 + index * 36;
        assert_int_equal(image[at], types[index]);
        image[at] = 0x60;
        assert_int_equal(reason_for(image, it.size, it.trusted, 1), UD_ERR_IMAGE_UNSIGNED);
    }
}

static void a_compressed_image_is_unsupported(void **state)
{
    (void)state;
    it.image[17] ^= UD_IMAGE_FLAG_LZMA2 >> 8;
    assert_int_equal(reason_for(it.image, it.size, it.trusted, 1), UD_ERR_UNSUPPORTED);
    it.image[17] ^= UD_IMAGE_FLAG_LZMA2 >> 8;
}

static void info_tells_about_an_image_that_parses_but_is_not_valid(void **state)
{
    ud_image_info_t info = {0};
    ud_err_t reason = UD_OK;
    ud_image_memory_t memory = {it.image, it.size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    (void)state;
    const ud_trust_t stranger = {.keys = it.trusted + 1, .count = 1};
    assert_int_equal(ud_image_verify(&source, (uint32_t)it.size, &stranger, &info, &reason), UD_VERDICT_INVALID);
    assert_string_equal(info.hardware, "acme-gw-r2");
}

/* ---- sources ---------------------------------------------------------------------------------------------------- */

static const ud_trust_t both = {.keys = it.trusted, .count = 2};

typedef struct {
    uint32_t fail_at; /* the read, counted from 0, that fails */
    uint32_t reads;
    size_t largest;
} watched_t;

static ud_err_t watched_read(void *context, uint32_t offset, void *data, size_t size)
{
    watched_t *watched = context;
    watched->largest = size > watched->largest ? size : watched->largest;
    assert_true(offset + size <= it.size);
    memcpy(data, it.image + offset, size);
    return watched->reads++ == watched->fail_at ? UD_ERR_FLASH_READ : UD_OK;
}

static void an_error_of_any_read_makes_the_image_invalid(void **state)
{
    (void)state;
    for (uint32_t fail_at = 0;; fail_at++) {
        ud_image_info_t info;
        ud_err_t reason = UD_OK;
        watched_t watched = {.fail_at = fail_at};
        ud_image_source_t source = {.read = watched_read, .context = &watched};
        ud_verdict_t verdict = ud_image_verify(&source, (uint32_t)it.size, &both, &info, &reason);
        if (watched.reads <= fail_at) {
            assert_int_equal(verdict, UD_VERDICT_VALID);
            break;
        }
        assert_int_equal(verdict, UD_VERDICT_INVALID);
        assert_int_equal(reason, UD_ERR_FLASH_READ);
    }
}

static void hashing_reads_small_pieces(void **state)
{
    uint8_t digest[UD_SHA256_SIZE];
    watched_t watched = {.fail_at = UINT32_MAX};
    ud_image_source_t source = {.read = watched_read, .context = &watched};
    (void)state;
    assert_int_equal(ud_image_hash(&source, 0, ud_image_content_size(&it.info), digest), UD_OK);
    assert_memory_equal(digest, it.info.hash, sizeof digest);
    assert_true(watched.largest <= UD_IMAGE_PIECE_SIZE);
    assert_int_equal(watched.reads, (ud_image_content_size(&it.info) + UD_IMAGE_PIECE_SIZE - 1) / UD_IMAGE_PIECE_SIZE);
}

/* ---- signatures without the image ------------------------------------------------------------------------------- */

static size_t read_signature(uint8_t signature[UD_SIGNATURE_SIZE_MAX])
{
    ud_image_memory_t memory = {it.image, it.size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    size_t size = 0;
    assert_int_equal(ud_image_signature(&source, &it.info, signature, &size), UD_OK);
    return size;
}

static void a_signature_is_judged_without_its_image(void **state)
{
    ud_err_t reason = UD_ERR_INTERNAL;
    uint8_t signature[UD_SIGNATURE_SIZE_MAX];
    size_t size = read_signature(signature);
    (void)state;
    assert_int_equal(ud_trust_verify(&both, it.info.key_hash, it.info.hash, ud_span(signature, size), &reason),
                     UD_VERDICT_VALID);
    assert_int_equal(reason, UD_OK);
    assert_int_equal(ud_trust_verify(&both, it.info.key_hash, it.info.hash, ud_span(signature, size - 1), &reason),
                     UD_VERDICT_INVALID);
    assert_int_equal(reason, UD_ERR_IMAGE_SIGNATURE);
}

static void a_changed_hash_key_hash_or_signature_is_not_believed(void **state)
{
    (void)state;
    for (size_t index = 0; index < 32 + 32 + 64; index++) {
        ud_err_t reason = UD_OK;
        ud_image_info_t info = it.info;
        uint8_t signature[UD_SIGNATURE_SIZE_MAX];
        size_t size = read_signature(signature);
        uint8_t *byte = index < 32   ? &info.hash[index]
                        : index < 64 ? &info.key_hash[index - 32]
                                     : &signature[index - 64];
        *byte ^= 0x10;
        ud_verdict_t verdict = ud_trust_verify(&both, info.key_hash, info.hash, ud_span(signature, size), &reason);
        assert_int_equal(verdict, UD_VERDICT_INVALID);
        assert_int_equal(reason, index >= 32 && index < 64 ? UD_ERR_IMAGE_KEY_UNKNOWN : UD_ERR_IMAGE_SIGNATURE);
    }
}

static void a_full_public_key_names_its_key_like_the_hash(void **state)
{
    uint8_t image[sizeof it.image];
    uint8_t spki[UD_PUBLIC_KEY_DER_SIZE_MAX];
    size_t spki_size = ud_public_key_der(it.trusted[0].scheme, it.trusted[0].public_key, spki);
    size_t key_hash_at = it.info.header_size + it.info.payload_size + it.info.protected_size + 4 + 36;
    size_t rest = it.size - key_hash_at - 36;
    (void)state;
    memcpy(image, it.image, key_hash_at);
    image[key_hash_at] = UD_IMAGE_TLV_PUBLIC_KEY;
    image[key_hash_at + 1] = 0;
    image[key_hash_at + 2] = (uint8_t)spki_size;
    image[key_hash_at + 3] = 0;
    memcpy(image + key_hash_at + 4, spki, spki_size);
    memcpy(image + key_hash_at + 4 + spki_size, it.image + key_hash_at + 36, rest);
    size_t size = key_hash_at + 4 + spki_size + rest;
    size_t open_at = key_hash_at - 40;
    image[open_at + 2] = (uint8_t)(size - open_at);
    image[open_at + 3] = (uint8_t)((size - open_at) >> 8);
    assert_int_equal(reason_for(image, size, it.trusted, 1), UD_OK);
    assert_int_equal(reason_for(image, size, it.trusted + 1, 1), UD_ERR_IMAGE_KEY_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_valid_under_its_key_wherever_that_stands_in_the_list),
        cmocka_unit_test(an_image_of_an_unknown_key_is_invalid),
        cmocka_unit_test(no_flipped_bit_leaves_an_image_valid),
        cmocka_unit_test(no_changed_byte_that_the_hash_covers_gets_past_the_hash),
        cmocka_unit_test(a_cut_image_is_invalid),
        cmocka_unit_test(an_image_without_key_hash_or_signature_is_unsigned),
        cmocka_unit_test(a_compressed_image_is_unsupported),
        cmocka_unit_test(info_tells_about_an_image_that_parses_but_is_not_valid),
        cmocka_unit_test(an_error_of_any_read_makes_the_image_invalid),
        cmocka_unit_test(hashing_reads_small_pieces),
        cmocka_unit_test(a_signature_is_judged_without_its_image),
        cmocka_unit_test(a_changed_hash_key_hash_or_signature_is_not_believed),
        cmocka_unit_test(a_full_public_key_names_its_key_like_the_hash),
    };
    return cmocka_run_group_tests(tests, sign_one, forget);
}
