#include "tests/unit/core/image/fixture.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void load_file(const char *path, file_t *file)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        fail_msg("%s cannot be opened", path);
        return;
    }
    file->size = fread(file->data, 1, sizeof file->data, stream);
    fclose(stream);
}

ud_key_t *load_key(const char *path)
{
    ud_key_t *key = NULL;
    file_t file;
    if (path == NULL) {
        assert_int_equal(ud_key_generate(&key), UD_OK);
        return key;
    }
    load_file(path, &file);
    assert_int_equal(ud_key_read_pem((const char *)file.data, file.size, &key, NULL), UD_OK);
    return key;
}

ud_trusted_key_t trust_as(const ud_key_t *key, const ud_image_scheme_t *scheme)
{
    static uint8_t public_keys[64][UD_KEY_RAW_SIZE_MAX];
    static size_t count;
    ud_trusted_key_t trusted;
    assert_true(count < sizeof public_keys / sizeof public_keys[0]);
    assert_int_equal(ud_key_public_raw(key, public_keys[count]), scheme->public_key_size);
    ud_trusted_key_init(&trusted, scheme, public_keys[count++]);
    return trusted;
}

ud_trusted_key_t trust(const ud_key_t *key)
{
    const ud_image_scheme_t *scheme = NULL;
    assert_int_equal(ud_sign_scheme(ud_key_kind(key), 0, false, &scheme), UD_OK);
    return trust_as(key, scheme);
}

ud_key_t *new_key(ud_key_kind_t kind)
{
    ud_key_t *key = NULL;
    assert_int_equal(ud_key_generate_kind(kind, &key), UD_OK);
    return key;
}

ud_err_t parse_bytes(const uint8_t *data, size_t size, ud_image_info_t *info)
{
    ud_image_memory_t memory = {data, size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    return ud_image_read(&source, (uint32_t)size, info);
}

ud_verdict_t verify_bytes(const uint8_t *data, size_t size, const ud_trusted_key_t *keys, size_t key_count,
                          ud_err_t *reason)
{
    ud_image_info_t info;
    ud_image_memory_t memory = {data, size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    ud_trust_t believed = {.keys = keys, .count = key_count};
    return ud_image_verify(&source, (uint32_t)size, &believed, &info, reason);
}
