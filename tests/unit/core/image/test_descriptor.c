#include "core/base/crc32.h"
#include "core/base/endian.h"
#include "core/base/hex.h"
#include "core/crypto/crypto.h"
#include "core/image/descriptor_block.h"
#include "core/image/sign.h"
#include "tests/unit/core/image/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX 8192

typedef struct {
    ud_key_t *keys[2];
    ud_trusted_key_t trusted[2];
    uint8_t file[FILE_MAX];
    size_t size;
    ud_image_info_t info;
    ud_descriptor_block_t block;
} made_t;

static made_t it;
static const ud_trust_t both = {.keys = it.trusted, .count = 2};

static ud_err_t find_in(const uint8_t *data, size_t size, ud_descriptor_block_t *block)
{
    ud_image_memory_t memory = {data, size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    return ud_descriptor_find(&source, (uint32_t)size, &it.info, block);
}

static int make(void **state)
{
    static const uint8_t payload[5000] = {1, 2, 3};
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
    assert_int_equal(
        ud_sign_image(&options, it.keys[0], payload, sizeof payload, it.file, sizeof it.file, &it.size, &it.info),
        UD_OK);
    assert_int_equal(ud_sign_descriptor(&it.info, it.keys[0], it.file, sizeof it.file, &it.size), UD_OK);
    return find_in(it.file, it.size, &it.block) != UD_OK;
}

static int forget(void **state)
{
    (void)state;
    ud_key_destroy(it.keys[0]);
    ud_key_destroy(it.keys[1]);
    return 0;
}

static ud_err_t check(const ud_descriptor_block_t *block, const ud_trusted_key_t *key)
{
    ud_image_memory_t memory = {it.file, it.size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    return ud_descriptor_check(&source, &it.info, block, &(ud_trust_t){.keys = key, .count = 1});
}

/* ---- signed bytes ----------------------------------------------------------------------------------------------- */

static ud_descriptor_t descriptor_of(size_t index)
{
    ud_descriptor_t descriptor;
    ud_descriptor_from_image(&it.info, it.block.entries[index].chunk_size, it.block.entries[index].root, &descriptor);
    return descriptor;
}

static ud_verdict_t judge(const ud_descriptor_t *descriptor, const uint8_t *key_hash, const uint8_t *signature,
                          ud_err_t *reason)
{
    return ud_descriptor_verify(descriptor, key_hash, ud_span(signature, UD_P256_SIGNATURE_SIZE), &both, reason);
}

static void the_signed_bytes_are_those_of_the_documentation(void **state)
{
    ud_descriptor_t descriptor = {.hardware = "gw",
                                  .version = {1, 2, 0x0304, 0x05060708},
                                  .security_counter = 0x11121314,
                                  .image_size = 0x21222324,
                                  .chunk_size = 4096};
    uint8_t bytes[UD_DESCRIPTOR_BYTES_SIZE] = "updraft.chain.v1gw";
    uint8_t digest[UD_SHA256_SIZE];
    uint8_t expected[UD_SHA256_SIZE];
    const uint8_t numbers[] = {1,    2,    4,    3,    8,    7,    6,    5,    0x14, 0x13,
                               0x12, 0x11, 0x24, 0x23, 0x22, 0x21, 0x00, 0x10, 0,    0};
    (void)state;
    memset(descriptor.image_hash, 0xAA, UD_SHA256_SIZE);
    memset(descriptor.root, 0xBB, UD_SHA256_SIZE);
    memcpy(bytes + 48, numbers, sizeof numbers);
    memset(bytes + 68, 0xAA, 32);
    memset(bytes + 100, 0xBB, 32);
    ud_sha256(bytes, sizeof bytes, expected);
    ud_descriptor_digest(&descriptor, digest);
    assert_memory_equal(digest, expected, sizeof digest);
}

static void a_descriptor_is_valid_for_each_chunk_size(void **state)
{
    (void)state;
    assert_int_equal(it.block.count, UD_CHUNK_SIZE_COUNT);
    for (size_t index = 0; index < UD_CHUNK_SIZE_COUNT; index++) {
        ud_err_t reason = UD_ERR_INTERNAL;
        ud_descriptor_t descriptor = descriptor_of(index);
        assert_int_equal(descriptor.chunk_size, ud_chunk_sizes[index]);
        assert_int_equal(judge(&descriptor, it.info.key_hash, it.block.entries[index].signature, &reason),
                         UD_VERDICT_VALID);
        assert_int_equal(reason, UD_OK);
    }
}

static void a_descriptor_with_any_field_changed_is_invalid(void **state)
{
    ud_descriptor_t rows[8];
    (void)state;
    for (size_t index = 0; index < 8; index++) {
        rows[index] = descriptor_of(2);
    }
    rows[0].hardware[0] ^= 1;
    rows[1].hardware[10] = '2'; /* longer */
    rows[2].version.build++;
    rows[3].security_counter++;
    rows[4].image_size--;
    rows[5].chunk_size = 1024;
    rows[6].image_hash[31] ^= 1;
    rows[7].root[0] ^= 1;
    for (size_t index = 0; index < 8; index++) {
        ud_err_t reason = UD_OK;
        assert_int_equal(judge(&rows[index], it.info.key_hash, it.block.entries[2].signature, &reason),
                         UD_VERDICT_INVALID);
        assert_int_equal(reason, UD_ERR_IMAGE_DESCRIPTOR);
    }
}

static void signatures_of_image_and_descriptor_cannot_stand_in_for_each_other(void **state)
{
    ud_err_t reason = UD_OK;
    ud_descriptor_t descriptor = descriptor_of(2);
    (void)state;
    uint8_t signature[UD_SIGNATURE_SIZE_MAX];
    size_t size = 0;
    ud_image_memory_t memory = {it.file, it.size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    assert_int_equal(ud_image_signature(&source, &it.info, signature, &size), UD_OK);
    assert_int_equal(judge(&descriptor, it.info.key_hash, signature, &reason), UD_VERDICT_INVALID);
    assert_int_equal(
        ud_trust_verify(&both, it.info.key_hash, it.info.hash, ud_span(it.block.entries[2].signature, size), &reason),
        UD_VERDICT_INVALID);
}

static void another_or_an_unknown_key_is_refused(void **state)
{
    ud_err_t reason = UD_OK;
    const uint8_t nobody[UD_SHA256_SIZE] = {1};
    ud_descriptor_t descriptor = descriptor_of(0);
    (void)state;
    assert_int_equal(judge(&descriptor, it.trusted[1].key_hash, it.block.entries[0].signature, &reason),
                     UD_VERDICT_INVALID);
    assert_int_equal(reason, UD_ERR_IMAGE_DESCRIPTOR);
    assert_int_equal(judge(&descriptor, nobody, it.block.entries[0].signature, &reason), UD_VERDICT_INVALID);
    assert_int_equal(reason, UD_ERR_IMAGE_KEY_UNKNOWN);
}

static void a_hardware_id_that_fills_its_field_is_another(void **state)
{
    ud_err_t reason = UD_OK;
    ud_descriptor_t descriptor = descriptor_of(0);
    (void)state;
    memset(descriptor.hardware, 'x', sizeof descriptor.hardware);
    assert_int_equal(judge(&descriptor, it.info.key_hash, it.block.entries[0].signature, &reason), UD_VERDICT_INVALID);
    assert_int_equal(reason, UD_ERR_IMAGE_DESCRIPTOR);
}

/* ---- block ------------------------------------------------------------------------------------------------------ */

static void the_block_of_a_signed_file_is_found_and_true(void **state)
{
    (void)state;
    assert_int_equal(it.size, it.info.total_size + UD_DESCRIPTOR_BLOCK_SIZE(UD_CHUNK_SIZE_COUNT, 64));
    assert_int_equal(check(&it.block, &it.trusted[0]), UD_OK);
    assert_int_equal(check(&it.block, &it.trusted[1]), UD_ERR_IMAGE_KEY_UNKNOWN);
    assert_non_null(ud_descriptor_entry(&it.block, 4096));
    assert_null(ud_descriptor_entry(&it.block, 2048));
}

static void the_image_stays_valid_with_the_block_behind_it(void **state)
{
    ud_err_t reason = UD_ERR_INTERNAL;
    (void)state;
    assert_int_equal(verify_bytes(it.file, it.size, it.trusted, 1, &reason), UD_VERDICT_VALID);
}

static void a_file_without_a_block_has_none(void **state)
{
    ud_descriptor_block_t block;
    uint8_t file[FILE_MAX];
    (void)state;
    assert_int_equal(find_in(it.file, it.info.total_size, &block), UD_ERR_NOT_FOUND);
    memcpy(file, it.file, it.info.total_size);
    memset(file + it.info.total_size, 0xFF, sizeof file - it.info.total_size);
    assert_int_equal(find_in(file, sizeof file, &block), UD_ERR_NOT_FOUND);
    memset(file + it.info.total_size, 0x00, sizeof file - it.info.total_size);
    assert_int_equal(find_in(file, sizeof file, &block), UD_ERR_NOT_FOUND);
}

static void padding_behind_the_block_does_not_hide_it(void **state)
{
    ud_descriptor_block_t block;
    uint8_t file[FILE_MAX];
    (void)state;
    memset(file, 0xFF, sizeof file);
    memcpy(file, it.file, it.size);
    assert_int_equal(find_in(file, sizeof file, &block), UD_OK);
    assert_memory_equal(&block, &it.block, sizeof block);
}

static void a_cut_block_is_refused_or_not_there(void **state)
{
    (void)state;
    for (size_t size = it.info.total_size; size < it.size; size++) {
        ud_descriptor_block_t block = {.count = 99};
        assert_int_equal(find_in(it.file, size, &block),
                         size < it.info.total_size + 12 ? UD_ERR_NOT_FOUND : UD_ERR_IMAGE_DESCRIPTOR);
        assert_int_equal(block.count, 99);
    }
}

static void no_flipped_bit_of_the_block_goes_unnoticed(void **state)
{
    (void)state;
    for (size_t bit = 8 * it.info.total_size; bit < 8 * it.size; bit++) {
        ud_descriptor_block_t block;
        it.file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(find_in(it.file, it.size, &block), UD_OK);
        it.file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* Writes a block with a good CRC behind the image, whatever it says, and looks for it. */
static ud_err_t find_written(const ud_descriptor_block_t *block)
{
    ud_descriptor_block_t found;
    uint8_t file[FILE_MAX];
    size_t size = 0;
    memcpy(file, it.file, it.info.total_size);
    assert_int_equal(
        ud_descriptor_block_write(block, file + it.info.total_size, sizeof file - it.info.total_size, &size), UD_OK);
    return find_in(file, it.info.total_size + size, &found);
}

static void chunk_sizes_must_be_known_and_rise(void **state)
{
    ud_descriptor_block_t block = it.block;
    (void)state;
    block.entries[0].chunk_size = 513;
    assert_int_equal(find_written(&block), UD_ERR_IMAGE_DESCRIPTOR);
    block = it.block;
    block.entries[1].chunk_size = 512;
    assert_int_equal(find_written(&block), UD_ERR_IMAGE_DESCRIPTOR);
    block = it.block;
    block.count = 0;
    assert_int_equal(find_written(&block), UD_ERR_IMAGE_DESCRIPTOR);
    block = it.block;
    block.count = 1;
    assert_int_equal(find_written(&block), UD_OK);
}

static void counts_and_sizes_that_disagree_are_refused(void **state)
{
    static const struct {
        size_t offset;
        uint16_t value;
    } rows[] = {{4, 2}, {4, 0}, {6, 0}, {6, 3}, {6, 5}, {6, 0xFFFF}, {8, 415}, {8, 417}, {8, 0xFFFF}, {10, 0xFFFF}};
    (void)state;
    for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
        uint8_t file[FILE_MAX];
        ud_descriptor_block_t block;
        memcpy(file, it.file, it.size);
        uint8_t *at = file + it.info.total_size;
        ud_put_u16le(at + rows[index].offset, rows[index].value);
        ud_put_u32le(at + 412, ud_crc32(0, at, 412));
        assert_int_equal(find_in(file, it.size, &block), UD_ERR_IMAGE_DESCRIPTOR);
    }
}

static void more_entries_than_there_are_chunk_sizes_are_refused(void **state)
{
    uint8_t file[FILE_MAX] = {0};
    ud_descriptor_block_t block;
    const size_t size = UD_DESCRIPTOR_BLOCK_SIZE(UD_CHUNK_SIZE_COUNT + 1, 64);
    (void)state;
    memcpy(file, it.file, it.size);
    uint8_t *at = file + it.info.total_size;
    ud_put_u16le(at + 6, UD_CHUNK_SIZE_COUNT + 1);
    ud_put_u16le(at + 8, (uint16_t)size);
    ud_put_u32le(at + size - 4, ud_crc32(0, at, size - 4));
    assert_int_equal(find_in(file, sizeof file, &block), UD_ERR_IMAGE_DESCRIPTOR);
}

static void a_signed_root_of_other_content_is_refused(void **state)
{
    ud_descriptor_block_t block = it.block;
    ud_descriptor_t descriptor;
    uint8_t digest[UD_SHA256_SIZE];
    (void)state;
    block.entries[3].root[5] ^= 1;
    assert_int_equal(check(&block, &it.trusted[0]), UD_ERR_IMAGE_DESCRIPTOR);
    ud_descriptor_from_image(&it.info, block.entries[3].chunk_size, block.entries[3].root, &descriptor);
    ud_descriptor_digest(&descriptor, digest);
    assert_int_equal(ud_key_sign(it.keys[0], digest, block.entries[3].signature), UD_OK);
    assert_int_equal(check(&block, &it.trusted[0]), UD_ERR_IMAGE_DESCRIPTOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signed_bytes_are_those_of_the_documentation),
        cmocka_unit_test(a_descriptor_is_valid_for_each_chunk_size),
        cmocka_unit_test(a_descriptor_with_any_field_changed_is_invalid),
        cmocka_unit_test(signatures_of_image_and_descriptor_cannot_stand_in_for_each_other),
        cmocka_unit_test(another_or_an_unknown_key_is_refused),
        cmocka_unit_test(a_hardware_id_that_fills_its_field_is_another),
        cmocka_unit_test(the_block_of_a_signed_file_is_found_and_true),
        cmocka_unit_test(the_image_stays_valid_with_the_block_behind_it),
        cmocka_unit_test(a_file_without_a_block_has_none),
        cmocka_unit_test(padding_behind_the_block_does_not_hide_it),
        cmocka_unit_test(a_cut_block_is_refused_or_not_there),
        cmocka_unit_test(no_flipped_bit_of_the_block_goes_unnoticed),
        cmocka_unit_test(chunk_sizes_must_be_known_and_rise),
        cmocka_unit_test(counts_and_sizes_that_disagree_are_refused),
        cmocka_unit_test(more_entries_than_there_are_chunk_sizes_are_refused),
        cmocka_unit_test(a_signed_root_of_other_content_is_refused),
    };
    return cmocka_run_group_tests(tests, make, forget);
}
