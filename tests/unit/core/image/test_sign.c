/* The signer, against what imgtool made of the same input. */
#include "core/base/endian.h"
#include "core/image/chain.h"
#include "core/image/descriptor_block.h"
#include "core/image/sign.h"
#include "tests/unit/core/image/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t payload[] = "not really firmware";

static ud_sign_options_t plain_options(void)
{
    return (ud_sign_options_t){.version = {1, 2, 3, 4}, .header_size = 32, .pad_header = true};
}

/* Signs the payload of an image of imgtool again with the same options; the result must be the same up to the
 * signature, and the signature good.
 */
static void assert_same_as_imgtool(const char *path, ud_sign_options_t options)
{
    file_t theirs;
    ud_image_info_t their_info;
    ud_image_info_t our_info;
    uint8_t ours[FILE_SIZE_MAX];
    size_t size = 0;
    ud_key_t *key = load_key(VECTORS "keys/ec_a.pem");
    ud_trusted_key_t trusted = trust(key);
    ud_err_t reason = UD_ERR_INTERNAL;
    load_file(path, &theirs);
    assert_int_equal(parse_bytes(theirs.data, theirs.size, &their_info), UD_OK);
    options.version = their_info.version;
    options.header_size = their_info.header_size;
    options.pad_header = true;
    assert_int_equal(ud_sign_image(&options, key, theirs.data + their_info.header_size, their_info.payload_size, ours,
                                   sizeof ours, &size, &our_info),
                     UD_OK);
    uint32_t open_at = their_info.header_size + their_info.payload_size + their_info.protected_size;
    assert_memory_equal(ours, theirs.data, open_at);
    /* the open area: its size and the signature vary, hash and key hash do not */
    assert_memory_equal(ours + open_at + 4, theirs.data + open_at + 4, 36 + 36);
    assert_memory_equal(ours + open_at + 76, theirs.data + open_at + 76, 2);
    assert_int_equal(verify_bytes(ours, size, &trusted, 1, &reason), UD_VERDICT_VALID);
    ud_key_destroy(key);
}

static void a_plain_image_is_the_one_that_imgtool_makes(void **state)
{
    (void)state;
    assert_same_as_imgtool(VECTORS "img/d-v1-ec256.bin", plain_options());
}

static void an_image_with_counter_and_dependency_is_the_one_that_imgtool_makes(void **state)
{
    const ud_image_dependency_t dependency = {0, {1, 0, 0, 0}};
    ud_sign_options_t options = plain_options();
    (void)state;
    options.has_security_counter = true;
    options.security_counter = 5;
    options.dependencies = &dependency;
    options.dependency_count = 1;
    assert_same_as_imgtool(VECTORS "img/d-v2-ec256-seccnt-deps.bin", options);
}

static void signing_again_gives_the_size_of_the_area_its_signature_needs(void **state)
{
    ud_key_t *key = load_key(NULL);
    ud_sign_options_t options = plain_options();
    (void)state;
    for (int round = 0; round < 300; round++) {
        uint8_t image[512];
        ud_image_info_t info;
        size_t size = 0;
        assert_int_equal(ud_sign_image(&options, key, payload, sizeof payload, image, sizeof image, &size, &info),
                         UD_OK);
        assert_int_equal(info.total_size, size);
    }
    ud_key_destroy(key);
}

static void every_option_is_found_in_the_image(void **state)
{
    const ud_image_dependency_t dependencies[UD_IMAGE_DEPENDENCIES_MAX] = {
        {0, {1, 0, 0, 0}}, {1, {2, 0, 0, 7}}, {2, {3, 0, 0, 0}}, {255, {255, 255, 65535, UINT32_MAX}}};
    ud_sign_options_t options = plain_options();
    ud_key_t *key = load_key(NULL);
    uint8_t image[1024];
    ud_image_info_t info;
    size_t size = 0;
    (void)state;
    options.hardware = "12345678901234567890123456789012";
    options.has_security_counter = true;
    options.security_counter = UINT32_MAX;
    options.header_size = 512;
    options.has_rom_address = true;
    options.rom_address = 0x08040000;
    options.dependencies = dependencies;
    options.dependency_count = UD_IMAGE_DEPENDENCIES_MAX;
    assert_int_equal(ud_sign_image(&options, key, payload, sizeof payload, image, sizeof image, &size, &info), UD_OK);
    assert_string_equal(info.hardware, options.hardware);
    assert_int_equal(info.security_counter, UINT32_MAX);
    assert_int_equal(info.header_size, 512);
    assert_int_equal(info.load_address, 0x08040000);
    assert_int_equal(info.flags, UD_IMAGE_FLAG_ROM_FIXED);
    assert_int_equal(info.dependency_count, UD_IMAGE_DEPENDENCIES_MAX);
    assert_int_equal(info.dependencies[3].image, 255);
    assert_int_equal(info.dependencies[3].minimum.build, UINT32_MAX);
    assert_memory_equal(image + 512, payload, sizeof payload);
    ud_key_destroy(key);
}

static void room_in_the_input_takes_the_header_only_if_it_is_all_zeros(void **state)
{
    ud_sign_options_t options = plain_options();
    ud_key_t *key = load_key(NULL);
    uint8_t input[64 + sizeof payload] = {0};
    uint8_t image[512];
    ud_image_info_t info;
    size_t size = 0;
    (void)state;
    options.header_size = 64;
    options.pad_header = false;
    memcpy(input + 64, payload, sizeof payload);
    assert_int_equal(ud_sign_image(&options, key, input, sizeof input, image, sizeof image, &size, &info), UD_OK);
    assert_int_equal(info.payload_size, sizeof payload);
    assert_memory_equal(image + 64, payload, sizeof payload);
    assert_int_equal(image[63], 0);
    input[63] = 1;
    assert_int_equal(ud_sign_image(&options, key, input, sizeof input, image, sizeof image, &size, &info),
                     UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_sign_image(&options, key, input, 64, image, sizeof image, &size, &info),
                     UD_ERR_INVALID_ARGUMENT);
    ud_key_destroy(key);
}

static void options_outside_their_range_are_refused(void **state)
{
    static const ud_image_dependency_t dependencies[UD_IMAGE_DEPENDENCIES_MAX + 1];
    ud_key_t *key = load_key(NULL);
    static const uint8_t revoked[UD_IMAGE_REVOKED_MAX + 1][UD_SHA256_SIZE];
    static const ud_sign_tlv_t tlvs[] = {{0x9F, 1, "x"},   {0x55A0, 1, "x"}, {0x55A1, 1, "x"},
                                         {0x55A2, 1, "x"}, {0x55A3, 1, "x"}, {0xFFFF, 1, "x"}};
    ud_sign_options_t rows[16];
    uint8_t image[512];
    ud_image_info_t info;
    size_t size = 0;
    (void)state;
    for (size_t index = 0; index < 16; index++) {
        rows[index] = plain_options();
    }
    rows[0].header_size = 31;
    rows[1].header_size = 34;
    rows[2].header_size = 65536;
    rows[3].hardware = "";
    rows[4].hardware = "123456789012345678901234567890123";
    rows[5].hardware = "tab\there";
    rows[6].dependencies = dependencies;
    rows[6].dependency_count = UD_IMAGE_DEPENDENCIES_MAX + 1;
    rows[7].revoked = revoked;
    rows[7].revoked_count = UD_IMAGE_REVOKED_MAX + 1;
    rows[8].has_rom_address = rows[8].has_load_address = true;
    rows[9].encrypt_for = key;
    rows[9].encrypt_key_size = 24;
    rows[10].scheme = &ud_scheme_ed25519;
    for (size_t index = 0; index < 4; index++) {
        rows[11 + index].tlvs = &tlvs[index];
        rows[11 + index].tlv_count = 1;
    }
    for (size_t index = 0; index < 15; index++) {
        assert_int_equal(ud_sign_image(&rows[index], key, payload, sizeof payload, image, sizeof image, &size, &info),
                         UD_ERR_INVALID_ARGUMENT);
    }
    assert_int_equal(ud_sign_image(&rows[15], key, payload, 0, image, sizeof image, &size, &info),
                     UD_ERR_INVALID_ARGUMENT);
    ud_key_destroy(key);
}

static void a_public_key_signs_nothing(void **state)
{
    ud_sign_options_t options = plain_options();
    ud_key_t *key = load_key(VECTORS "keys/ec_a_pub.pem");
    uint8_t image[512];
    ud_image_info_t info;
    size_t size = 0;
    (void)state;
    assert_int_equal(ud_sign_image(&options, key, payload, sizeof payload, image, sizeof image, &size, &info),
                     UD_ERR_KEY_FORMAT);
    ud_key_destroy(key);
}

static void the_announced_size_is_enough_and_less_is_said_to_be_too_small(void **state)
{
    ud_sign_options_t options = plain_options();
    ud_key_t *key = load_key(NULL);
    uint8_t image[4096];
    ud_image_info_t info;
    size_t size = 0;
    (void)state;
    options.hardware = "hw";
    options.encrypt_for = key;
    options.encrypt_key_size = 32;
    size_t most = ud_sign_size_max(&options, sizeof payload);
    assert_true(most <= sizeof image);
    assert_int_equal(ud_sign_image(&options, key, payload, sizeof payload, image, most, &size, &info), UD_OK);
    assert_int_equal(ud_sign_descriptor(&info, key, image, most, &size), UD_OK);
    size_t least = size - 16; /* signatures vary by a few bytes */
    for (size_t capacity = 0; capacity < least; capacity++) {
        ud_err_t err = ud_sign_image(&options, key, payload, sizeof payload, image, capacity, &size, &info);
        err = err == UD_OK ? ud_sign_descriptor(&info, key, image, capacity, &size) : err;
        assert_int_equal(err, UD_ERR_BUFFER_TOO_SMALL);
    }
    assert_int_equal(ud_sign_image(&options, key, payload, sizeof payload, image, most, &size, &info), UD_OK);
    assert_int_equal(ud_sign_descriptor(&info, key, image, most, &size), UD_OK);
    ud_key_destroy(key);
}

static void the_automatic_counter_orders_versions(void **state)
{
    const ud_version_t version = {1, 2, 0x0304, 5};
    (void)state;
    assert_int_equal(ud_sign_auto_counter(&version), 0x01020304);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_image_is_the_one_that_imgtool_makes),
        cmocka_unit_test(an_image_with_counter_and_dependency_is_the_one_that_imgtool_makes),
        cmocka_unit_test(signing_again_gives_the_size_of_the_area_its_signature_needs),
        cmocka_unit_test(every_option_is_found_in_the_image),
        cmocka_unit_test(room_in_the_input_takes_the_header_only_if_it_is_all_zeros),
        cmocka_unit_test(options_outside_their_range_are_refused),
        cmocka_unit_test(a_public_key_signs_nothing),
        cmocka_unit_test(the_announced_size_is_enough_and_less_is_said_to_be_too_small),
        cmocka_unit_test(the_automatic_counter_orders_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
