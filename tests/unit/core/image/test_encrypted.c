/* Encrypted images: made here and taken apart again. tests/vectors/mcuboot has one of imgtool (test_vectors.c). */
#include "core/image/encrypted.h"
#include "core/image/format.h"
#include "tests/unit/core/image/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define IMAGE_MAX 2048
#define PAYLOAD_SIZE 333

static uint8_t payload[PAYLOAD_SIZE];
static ud_key_t *signer;
static ud_key_t *receivers[2];
static uint8_t private_keys[2][UD_P256_PRIVATE_KEY_SIZE];
static ud_trusted_key_t trusted;
static const ud_trust_t believed = {.keys = &trusted, .count = 1};

typedef struct {
    uint8_t data[IMAGE_MAX];
    size_t size;
    ud_image_info_t info;
} image_t;

static image_t sign(uint32_t key_size, uint32_t header_size)
{
    const ud_sign_options_t options = {.version = {1, 2, 3, 4},
                                       .has_security_counter = true,
                                       .security_counter = 3,
                                       .header_size = header_size,
                                       .pad_header = true,
                                       .encrypt_for = key_size != 0 ? receivers[0] : NULL,
                                       .encrypt_key_size = key_size};
    image_t image;
    assert_int_equal(
        ud_sign_image(&options, signer, payload, sizeof payload, image.data, IMAGE_MAX, &image.size, &image.info),
        UD_OK);
    return image;
}

static int make(void **state)
{
    (void)state;
    for (size_t index = 0; index < sizeof payload; index++) {
        payload[index] = (uint8_t)(index * 7 + 1);
    }
    signer = new_key(UD_KEY_RSA_2048);
    trusted = trust(signer);
    for (int index = 0; index < 2; index++) {
        receivers[index] = new_key(UD_KEY_ECDSA_P256);
        assert_int_equal(ud_key_private(receivers[index], private_keys[index]), UD_OK);
    }
    return 0;
}

static int forget(void **state)
{
    (void)state;
    ud_key_destroy(signer);
    ud_key_destroy(receivers[0]);
    ud_key_destroy(receivers[1]);
    return 0;
}

static ud_err_t judge(const image_t *image, const uint8_t *private_key)
{
    ud_image_memory_t memory = {image->data, image->size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    ud_image_info_t info;
    ud_err_t reason = UD_ERR_INTERNAL;
    ud_verdict_t verdict =
        ud_image_verify_encrypted(&source, (uint32_t)image->size, private_key, &believed, &info, &reason);
    assert_int_equal(verdict, reason == UD_OK ? UD_VERDICT_VALID : UD_VERDICT_INVALID);
    return reason;
}

static void an_encrypted_image_is_valid_with_the_key_that_it_was_made_for(void **state)
{
    (void)state;
    for (uint32_t key_size = 16; key_size <= 32; key_size += 16) {
        image_t image = sign(key_size, 32);
        assert_true(ud_image_has(&image.info, UD_IMAGE_ENCRYPTION));
        assert_int_equal(image.info.tlvs[UD_IMAGE_ENCRYPTION].type, UD_IMAGE_TLV_ECIES_P256);
        assert_int_equal(image.info.tlvs[UD_IMAGE_ENCRYPTION].size, 65 + 32 + key_size);
        assert_int_equal(image.info.flags, key_size == 16 ? UD_IMAGE_FLAG_AES128 : UD_IMAGE_FLAG_AES256);
        assert_int_equal(image.info.payload_size, 336); /* filled up to whole blocks */
        assert_memory_not_equal(image.data + 32, payload, 64);
        assert_int_equal(judge(&image, private_keys[0]), UD_OK);
        assert_int_equal(judge(&image, private_keys[1]), UD_ERR_IMAGE_WRAPPED_KEY);
    }
}

static void an_image_in_the_clear_needs_no_key(void **state)
{
    (void)state;
    image_t image = sign(0, 32);
    assert_int_equal(judge(&image, private_keys[1]), UD_OK);
    assert_memory_equal(image.data + 32, payload, sizeof payload);
}

static void two_images_of_the_same_payload_have_nothing_secret_in_common(void **state)
{
    (void)state;
    image_t one = sign(16, 32);
    image_t other = sign(16, 32);
    assert_memory_not_equal(one.data + 32, other.data + 32, 64);
    assert_memory_not_equal(one.data + one.info.tlvs[UD_IMAGE_ENCRYPTION].offset,
                            other.data + other.info.tlvs[UD_IMAGE_ENCRYPTION].offset, 65);
}

static void no_changed_byte_leaves_an_encrypted_image_valid(void **state)
{
    (void)state;
    image_t image = sign(32, 32);
    for (size_t at = 0; at < image.size; at++) {
        image.data[at] ^= (uint8_t)(1u << at % 8);
        if (judge(&image, private_keys[0]) == UD_OK) {
            fail_msg("valid although byte %zu was changed", at);
        }
        image.data[at] ^= (uint8_t)(1u << at % 8);
    }
}

static void a_changed_wrapped_key_is_told_from_changed_content(void **state)
{
    (void)state;
    image_t image = sign(16, 32);
    for (size_t index = 1; index < image.info.tlvs[UD_IMAGE_ENCRYPTION].size; index++) {
        uint8_t *byte = &image.data[image.info.tlvs[UD_IMAGE_ENCRYPTION].offset + index];
        *byte ^= 0x40;
        assert_int_equal(judge(&image, private_keys[0]), UD_ERR_IMAGE_WRAPPED_KEY);
        *byte ^= 0x40;
    }
    image.data[image.info.tlvs[UD_IMAGE_ENCRYPTION].offset] = 0x02; /* a compressed point */
    assert_int_equal(judge(&image, private_keys[0]), UD_ERR_IMAGE_FORMAT);
    image.data[image.info.tlvs[UD_IMAGE_ENCRYPTION].offset] = 0x04;
    image.data[40] ^= 1;
    assert_int_equal(judge(&image, private_keys[0]), UD_ERR_IMAGE_HASH);
}

/* What unwrapping gives after the info was changed. */
static ud_err_t unwrap(const image_t *image, const ud_image_info_t *info)
{
    ud_image_memory_t memory = {image->data, image->size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    ud_aes_t aes;
    return ud_image_unwrap_key(&source, info, private_keys[0], &aes);
}

static void keys_that_are_short_long_or_wrapped_otherwise_are_refused(void **state)
{
    image_t image = sign(16, 32);
    ud_image_info_t info = image.info;
    (void)state;
    assert_int_equal(unwrap(&image, &info), UD_OK);
    info.tlvs[UD_IMAGE_ENCRYPTION].size--;
    assert_int_equal(unwrap(&image, &info), UD_ERR_IMAGE_FORMAT);
    info.tlvs[UD_IMAGE_ENCRYPTION].size += 17; /* that of AES-256, but the flag says AES-128 */
    assert_int_equal(unwrap(&image, &info), UD_ERR_IMAGE_FORMAT);
    info = image.info;
    info.flags |= UD_IMAGE_FLAG_AES256;
    assert_int_equal(unwrap(&image, &info), UD_ERR_IMAGE_FORMAT);
    info = image.info;
    info.tlvs[UD_IMAGE_ENCRYPTION].type = 0x31;
    assert_int_equal(unwrap(&image, &info), UD_ERR_UNSUPPORTED);
    info = image.info;
    info.tlvs[UD_IMAGE_ENCRYPTION].offset = (uint32_t)image.size;
    assert_int_equal(unwrap(&image, &info), UD_ERR_IMAGE_TRUNCATED);
    image = sign(0, 32);
    assert_int_equal(unwrap(&image, &image.info), UD_ERR_IMAGE_FORMAT);
}

static void any_stretch_of_the_image_is_decrypted_alike(void **state)
{
    (void)state;
    for (uint32_t header_size = 32; header_size <= 44; header_size += 12) { /* payloads that begin in a block, too */
        image_t image = sign(16, header_size);
        ud_image_memory_t memory = {image.data, image.size};
        ud_image_source_t source = ud_image_source_from_memory(&memory);
        ud_aes_t aes;
        uint8_t plain[IMAGE_MAX];
        assert_int_equal(ud_image_unwrap_key(&source, &image.info, private_keys[0], &aes), UD_OK);
        memcpy(plain, image.data, image.size);
        memcpy(plain + header_size, payload, sizeof payload);
        memset(plain + header_size + sizeof payload, 0, image.info.payload_size - sizeof payload);
        ud_image_plain_t context = {&source, &image.info, &aes};
        ud_image_source_t decrypting = ud_image_source_decrypting(&context);
        for (uint32_t offset = 0; offset < image.size; offset++) {
            for (size_t size = 0; size <= image.size - offset && size < 50; size++) {
                uint8_t read[50];
                assert_int_equal(decrypting.read(decrypting.context, offset, read, size), UD_OK);
                assert_memory_equal(read, plain + offset, size);
            }
        }
        /* encrypting again gives what stood there */
        ud_image_crypt(&aes, &image.info, 0, plain, image.size);
        assert_memory_equal(plain, image.data, image.size);
    }
}

static void only_p256_keys_receive(void **state)
{
    ud_sign_options_t options = {.header_size = 32, .pad_header = true, .encrypt_for = signer, .encrypt_key_size = 16};
    image_t image;
    (void)state;
    assert_int_equal(
        ud_sign_image(&options, signer, payload, sizeof payload, image.data, IMAGE_MAX, &image.size, &image.info),
        UD_ERR_KEY_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_encrypted_image_is_valid_with_the_key_that_it_was_made_for),
        cmocka_unit_test(an_image_in_the_clear_needs_no_key),
        cmocka_unit_test(two_images_of_the_same_payload_have_nothing_secret_in_common),
        cmocka_unit_test(no_changed_byte_leaves_an_encrypted_image_valid),
        cmocka_unit_test(a_changed_wrapped_key_is_told_from_changed_content),
        cmocka_unit_test(keys_that_are_short_long_or_wrapped_otherwise_are_refused),
        cmocka_unit_test(any_stretch_of_the_image_is_decrypted_alike),
        cmocka_unit_test(only_p256_keys_receive),
    };
    return cmocka_run_group_tests(tests, make, forget);
}
