/* Every image of tests/vectors/mcuboot, judged as its manifest says, and those of tests/vectors/imgtool. */
#include "core/base/hex.h"
#include "core/crypto/crypto.h"
#include "core/image/descriptor_block.h"
#include "core/image/encrypted.h"
#include "tests/unit/core/image/fixture.h"

#include <jansson.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *manifest;

static const char *text_of(const json_t *vector, const char *name)
{
    return json_string_value(json_object_get(vector, name));
}

static bool has_tag(const json_t *vector, const char *tag)
{
    json_t *tags = json_object_get(vector, "tags");
    for (size_t index = 0; index < json_array_size(tags); index++) {
        if (strcmp(json_string_value(json_array_get(tags, index)), tag) == 0) {
            return true;
        }
    }
    return false;
}

static void load_vector(const json_t *vector, file_t *file)
{
    char path[256];
    uint8_t digest[UD_SHA256_SIZE];
    char text[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    snprintf(path, sizeof path, VECTORS "%s", text_of(vector, "file"));
    load_file(path, file);
    ud_sha256(file->data, file->size, digest);
    ud_hex_encode(digest, sizeof digest, text);
    assert_string_equal(text, text_of(vector, "sha256"));
}

/* The private half of the key that the encrypted images are for. */
static const uint8_t *decryption_key(void)
{
    static uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE];
    ud_key_t *key = load_key(VECTORS "keys/enc_ec.pem");
    assert_int_equal(ud_key_private(key, private_key), UD_OK);
    ud_key_destroy(key);
    return private_key;
}

static ud_trusted_key_t key_of(const json_t *vector)
{
    char path[256];
    snprintf(path, sizeof path, VECTORS "%s", text_of(vector, "key"));
    ud_key_t *key = load_key(path);
    ud_trusted_key_t trusted = trust(key);
    ud_key_destroy(key);
    return trusted;
}

static ud_verdict_t judge(const file_t *file, const ud_trusted_key_t *key, const uint8_t *private_key, ud_err_t *reason)
{
    const ud_trust_t believed = {.keys = key, .count = 1};
    ud_image_memory_t memory = {file->data, file->size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    ud_image_info_t info;
    return ud_image_verify_encrypted(&source, (uint32_t)file->size, private_key, &believed, &info, reason);
}

static int open_manifest(void **state)
{
    (void)state;
    manifest = json_load_file(VECTORS "manifest.json", 0, NULL);
    return manifest == NULL;
}

static int close_manifest(void **state)
{
    (void)state;
    json_decref(manifest);
    return 0;
}

static void every_image_is_judged_as_expected(void **state)
{
    json_t *vectors = json_object_get(manifest, "vectors");
    const uint8_t *private_key = decryption_key();
    (void)state;
    for (size_t index = 0; index < json_array_size(vectors); index++) {
        const json_t *vector = json_array_get(vectors, index);
        static file_t file;
        ud_err_t reason = UD_ERR_INTERNAL;
        load_vector(vector, &file);
        ud_trusted_key_t key = key_of(vector);
        ud_verdict_t verdict = judge(&file, &key, private_key, &reason);
        bool valid = strcmp(text_of(vector, "expect"), "valid") == 0;
        print_message("  %-28s expected %-7s found %s\n", text_of(vector, "id"), text_of(vector, "expect"),
                      ud_err_code(reason));
        assert_int_equal(verdict, valid ? UD_VERDICT_VALID : UD_VERDICT_INVALID);
        assert_int_equal(reason == UD_OK, valid);
    }
    assert_int_equal(json_array_size(vectors), 16);
}

static void no_changed_byte_of_a_valid_image_leaves_it_valid(void **state)
{
    json_t *vectors = json_object_get(manifest, "vectors");
    const uint8_t *private_key = decryption_key();
    (void)state;
    for (size_t index = 0; index < json_array_size(vectors); index++) {
        const json_t *vector = json_array_get(vectors, index);
        static file_t file;
        ud_image_info_t info;
        if (strcmp(text_of(vector, "expect"), "valid") != 0) {
            continue;
        }
        load_vector(vector, &file);
        ud_trusted_key_t key = key_of(vector);
        assert_int_equal(parse_bytes(file.data, file.size, &info), UD_OK);
        for (size_t at = 0; at < info.total_size; at++) {
            uint8_t before = file.data[at];
            ud_err_t reason = UD_OK;
            file.data[at] ^= (uint8_t)(1u << at % 8);
            if (judge(&file, &key, private_key, &reason) == UD_VERDICT_VALID || reason == UD_OK) {
                fail_msg("%s is valid although byte %zu was changed", text_of(vector, "id"), at);
            }
            file.data[at] = before;
        }
    }
}

#define IMGTOOL "tests/vectors/imgtool/"

static const struct {
    const char *file;
    const char *key;
    const ud_image_scheme_t *scheme;
} more[] = {
    {IMGTOOL "ec256-full-key-padded.bin", VECTORS "keys/ec_a.pem", &ud_scheme_ecdsa_p256},
    {IMGTOOL "ec256-aes256.bin", VECTORS "keys/ec_a.pem", &ud_scheme_ecdsa_p256},
    {IMGTOOL "ec384.bin", IMGTOOL "ecdsa-p384_test.pem", &ud_scheme_ecdsa_p384},
    {IMGTOOL "rsa2048-full-key.bin", VECTORS "keys/rsa2_a.pem", &ud_scheme_rsa_2048},
    {IMGTOOL "rsa3072-custom.bin", IMGTOOL "rsa-3072_test.pem", &ud_scheme_rsa_3072},
    {IMGTOOL "ed25519-pure.bin", VECTORS "keys/ed_a.pem", &ud_scheme_ed25519_pure},
    {IMGTOOL "ed25519-pure-full-key.bin", VECTORS "keys/ed_a.pem", &ud_scheme_ed25519_pure},
    {IMGTOOL "ed25519-pure-aes128.bin", VECTORS "keys/ed_a.pem", &ud_scheme_ed25519_pure},
    {IMGTOOL "ed25519-sha512.bin", VECTORS "keys/ed_a.pem", &ud_scheme_ed25519_sha512},
};

static void every_other_form_of_imgtool_is_valid_and_no_changed_byte_leaves_it_so(void **state)
{
    const uint8_t *private_key = decryption_key();
    (void)state;
    for (size_t index = 0; index < sizeof more / sizeof more[0]; index++) {
        static file_t file;
        ud_err_t reason = UD_ERR_INTERNAL;
        ud_key_t *key = load_key(more[index].key);
        ud_trusted_key_t trusted = trust_as(key, more[index].scheme);
        ud_key_destroy(key);
        load_file(more[index].file, &file);
        assert_int_equal(judge(&file, &trusted, private_key, &reason), UD_VERDICT_VALID);
        for (size_t at = 0; at < file.size; at++) {
            uint8_t before = file.data[at];
            file.data[at] ^= (uint8_t)(1u << at % 8);
            if (judge(&file, &trusted, private_key, &reason) == UD_VERDICT_VALID || reason == UD_OK) {
                fail_msg("%s is valid although byte %zu was changed", more[index].file, at);
            }
            file.data[at] = before;
        }
    }
}

static void our_own_tlvs_made_with_imgtool_are_read(void **state)
{
    static file_t file;
    ud_image_info_t info;
    (void)state;
    load_file(IMGTOOL "rsa3072-custom.bin", &file);
    assert_int_equal(parse_bytes(file.data, file.size, &info), UD_OK);
    assert_string_equal(info.hardware, "acme-gw-r2");
    assert_int_equal(info.security_counter, 7);
}

static void an_encrypted_image_is_refused_where_no_key_decrypts_it(void **state)
{
    static file_t file;
    ud_err_t reason = UD_OK;
    (void)state;
    load_file(VECTORS "img/d-v6-ec256-enc.bin", &file);
    ud_key_t *key = load_key(VECTORS "keys/ec_a_pub.pem");
    ud_trusted_key_t trusted = trust(key);
    ud_key_destroy(key);
    assert_int_equal(verify_bytes(file.data, file.size, &trusted, 1, &reason), UD_VERDICT_INVALID);
    assert_int_equal(reason, UD_ERR_IMAGE_ENCRYPTED);
}

static void the_fields_of_every_valid_image_are_those_of_the_manifest(void **state)
{
    json_t *vectors = json_object_get(manifest, "vectors");
    (void)state;
    for (size_t index = 0; index < json_array_size(vectors); index++) {
        const json_t *vector = json_array_get(vectors, index);
        file_t file;
        ud_image_info_t info;
        char version[UD_VERSION_TEXT_SIZE_MAX + 3];
        if (strcmp(text_of(vector, "expect"), "valid") != 0) {
            continue;
        }
        load_vector(vector, &file);
        assert_int_equal(parse_bytes(file.data, file.size, &info), UD_OK);
        ud_version_format(&info.version, version);
        if (strchr(version, '+') == NULL) {
            strncat(version, "+0", 3); /* the manifest always tells the build */
        }
        assert_string_equal(version, text_of(vector, "version"));
        assert_int_equal(info.header_size, json_integer_value(json_object_get(vector, "hdr_size")));
        assert_int_equal(info.payload_size, json_integer_value(json_object_get(vector, "img_size")));
        assert_int_equal(info.flags, json_integer_value(json_object_get(vector, "flags")));
        json_t *counter = json_object_get(vector, "security_counter");
        assert_int_equal(ud_image_has(&info, UD_IMAGE_COUNTER), counter != NULL);
        assert_int_equal(info.security_counter, json_integer_value(counter));
        assert_int_equal(info.dependency_count, json_array_size(json_object_get(vector, "dependencies")));
        assert_string_equal(info.hardware, "");
        if (!has_tag(vector, "padded")) {
            assert_int_equal(info.total_size, file.size);
        }
    }
}

static void padding_and_trailer_of_imgtool_are_no_descriptor(void **state)
{
    file_t file;
    ud_image_info_t info;
    ud_descriptor_block_t block;
    (void)state;
    load_file(VECTORS "img/d-v5-ec256-confirmed.bin", &file);
    ud_image_memory_t memory = {file.data, file.size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    assert_int_equal(ud_image_parse(&source, (uint32_t)file.size, &info), UD_OK);
    assert_int_equal(ud_descriptor_find(&source, (uint32_t)file.size, &info, &block), UD_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_image_is_judged_as_expected),
        cmocka_unit_test(no_changed_byte_of_a_valid_image_leaves_it_valid),
        cmocka_unit_test(every_other_form_of_imgtool_is_valid_and_no_changed_byte_leaves_it_so),
        cmocka_unit_test(our_own_tlvs_made_with_imgtool_are_read),
        cmocka_unit_test(an_encrypted_image_is_refused_where_no_key_decrypts_it),
        cmocka_unit_test(the_fields_of_every_valid_image_are_those_of_the_manifest),
        cmocka_unit_test(padding_and_trailer_of_imgtool_are_no_descriptor),
    };
    return cmocka_run_group_tests(tests, open_manifest, close_manifest);
}
