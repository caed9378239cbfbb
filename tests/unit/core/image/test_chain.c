#include "core/crypto/crypto.h"
#include "core/image/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define CHUNK 512u
#define IMAGE_SIZE_MAX (40u * 1024)
#define ARTIFACT_SIZE_MAX (IMAGE_SIZE_MAX + 32u * (IMAGE_SIZE_MAX / CHUNK + 1))

typedef struct {
    uint8_t image[IMAGE_SIZE_MAX];
    uint32_t image_size;
    uint32_t chunk_size;
    uint8_t artifact[ARTIFACT_SIZE_MAX];
    uint64_t artifact_size;
    uint8_t root[UD_SHA256_SIZE];
} download_t;

static ud_err_t write_artifact(void *context, uint64_t offset, const void *data, size_t size)
{
    download_t *download = context;
    assert_true(offset + size <= download->artifact_size);
    memcpy(download->artifact + offset, data, size);
    return UD_OK;
}

static void build(download_t *download, uint32_t image_size, uint32_t chunk_size)
{
    download->image_size = image_size;
    download->chunk_size = chunk_size;
    for (uint32_t index = 0; index < image_size; index++) {
        download->image[index] = (uint8_t)(index * 7 + index / 251);
    }
    memset(download->artifact, 0xEE, sizeof download->artifact);
    download->artifact_size = ud_chain_artifact_size(image_size, chunk_size);
    ud_image_memory_t memory = {download->image, image_size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    assert_int_equal(ud_chain_build(&source, image_size, chunk_size, write_artifact, download, download->root), UD_OK);
}

/* Feeds the artifact from the chain's present record on in pieces; the chunks must be the image's. */
static ud_err_t fetch(const download_t *download, ud_chain_t *chain, size_t piece)
{
    static uint8_t record[UD_CHAIN_RECORD_SIZE(UD_CHUNK_SIZE_MAX)];
    uint64_t offset = ud_chain_record_offset(chain->offset, chain->chunk_size);
    while (!ud_chain_is_done(chain)) {
        uint32_t chunk_offset = chain->offset;
        uint64_t left = download->artifact_size - offset;
        size_t eaten = 0;
        ud_span_t chunk;
        ud_err_t err = ud_chain_feed(chain, record, download->artifact + offset, left < piece ? (size_t)left : piece,
                                     &eaten, &chunk);
        if (err != UD_OK) {
            return err;
        }
        assert_true(eaten > 0);
        offset += eaten;
        if (chunk.size > 0) {
            assert_memory_equal(chunk.data, download->image + chunk_offset, chunk.size);
        }
        assert_int_equal(chain->offset, chunk_offset + chunk.size);
    }
    assert_int_equal(offset, download->artifact_size);
    return UD_OK;
}

static ud_chain_t begin(const download_t *download)
{
    ud_chain_t chain;
    assert_int_equal(ud_chain_init(&chain, download->image_size, download->chunk_size, 0, download->root), UD_OK);
    return chain;
}

static download_t download;

static void images_around_every_chunk_size_come_through(void **state)
{
    (void)state;
    for (size_t index = 0; index < UD_CHUNK_SIZE_COUNT; index++) {
        uint32_t chunk_size = ud_chunk_sizes[index];
        const uint32_t sizes[] = {1, chunk_size - 1, chunk_size, chunk_size + 1, 2 * chunk_size, 2 * chunk_size + 77};
        for (size_t size = 0; size < sizeof sizes / sizeof sizes[0]; size++) {
            build(&download, sizes[size], chunk_size);
            ud_chain_t chain = begin(&download);
            assert_int_equal(fetch(&download, &chain, 1000), UD_OK);
        }
    }
}

static void pieces_of_any_size_give_the_same_image(void **state)
{
    (void)state;
    build(&download, 3 * CHUNK + 100, CHUNK);
    for (size_t piece = 1; piece < 1200; piece++) {
        ud_chain_t chain = begin(&download);
        assert_int_equal(fetch(&download, &chain, piece), UD_OK);
    }
}

static void the_artifact_is_laid_out_as_documented(void **state)
{
    const uint8_t zeros[UD_SHA256_SIZE] = {0};
    uint8_t digest[UD_SHA256_SIZE];
    (void)state;
    build(&download, 2 * CHUNK + 10, CHUNK);
    assert_int_equal(download.artifact_size, 2 * CHUNK + 10 + 3 * 32);
    assert_int_equal(ud_chain_record_offset(2 * CHUNK, CHUNK), 2 * (CHUNK + 32));
    const uint8_t *last = download.artifact + 2 * (CHUNK + 32);
    assert_memory_equal(last, zeros, sizeof zeros);
    assert_memory_equal(last + 32, download.image + 2 * CHUNK, 10);
    ud_sha256(last, 32 + 10, digest);
    assert_memory_equal(download.artifact + CHUNK + 32, digest, sizeof digest);
    ud_sha256(download.artifact, CHUNK + 32, digest);
    assert_memory_equal(download.root, digest, sizeof digest);
}

static void each_changed_byte_is_found_in_its_own_record(void **state)
{
    (void)state;
    build(&download, 2 * CHUNK + 10, CHUNK);
    for (uint64_t index = 0; index < download.artifact_size; index++) {
        download.artifact[index] ^= 0x01;
        ud_chain_t chain = begin(&download);
        assert_int_equal(fetch(&download, &chain, 4096), UD_ERR_CHUNK_DIGEST);
        assert_int_equal(chain.offset, index / (CHUNK + 32) * CHUNK);
        download.artifact[index] ^= 0x01;
    }
}

static void after_a_bad_record_the_good_one_goes_on(void **state)
{
    (void)state;
    build(&download, 3 * CHUNK, CHUNK);
    ud_chain_t chain = begin(&download);
    download.artifact[CHUNK + 32 + 100] ^= 0x80;
    assert_int_equal(fetch(&download, &chain, 4096), UD_ERR_CHUNK_DIGEST);
    assert_int_equal(chain.offset, CHUNK);
    assert_int_equal(ud_chain_wants(&chain), CHUNK + 32);
    download.artifact[CHUNK + 32 + 100] ^= 0x80;
    assert_int_equal(fetch(&download, &chain, 4096), UD_OK);
}

static void a_download_resumes_at_every_record_from_what_the_journal_keeps(void **state)
{
    (void)state;
    build(&download, 5 * CHUNK + 3, CHUNK);
    uint8_t expected[UD_SHA256_SIZE];
    memcpy(expected, download.root, sizeof expected);
    for (uint32_t offset = 0; offset < download.image_size; offset += CHUNK) {
        ud_chain_t chain;
        assert_int_equal(ud_chain_init(&chain, download.image_size, CHUNK, offset, expected), UD_OK);
        assert_int_equal(fetch(&download, &chain, 333), UD_OK);
        memcpy(expected, download.artifact + ud_chain_record_offset(offset, CHUNK), sizeof expected);
    }
    ud_chain_t done;
    assert_int_equal(ud_chain_init(&done, download.image_size, CHUNK, download.image_size, expected), UD_OK);
    assert_true(ud_chain_is_done(&done));
}

static void a_broken_connection_begins_the_record_anew(void **state)
{
    uint8_t record[UD_CHAIN_RECORD_SIZE(CHUNK)];
    size_t eaten = 0;
    ud_span_t chunk;
    (void)state;
    build(&download, 2 * CHUNK, CHUNK);
    ud_chain_t chain = begin(&download);
    assert_int_equal(ud_chain_feed(&chain, record, download.artifact, 100, &eaten, &chunk), UD_OK);
    assert_int_equal(ud_chain_wants(&chain), CHUNK + 32 - 100);
    ud_chain_restart_record(&chain);
    assert_int_equal(ud_chain_wants(&chain), CHUNK + 32);
    assert_int_equal(fetch(&download, &chain, 4096), UD_OK);
}

static void a_record_may_be_received_right_into_its_buffer(void **state)
{
    uint8_t record[UD_CHAIN_RECORD_SIZE(CHUNK)];
    size_t eaten = 0;
    ud_span_t chunk;
    (void)state;
    build(&download, CHUNK, CHUNK);
    ud_chain_t chain = begin(&download);
    for (size_t offset = 0; offset < sizeof record; offset += 16) {
        memcpy(record + offset, download.artifact + offset, 16);
        assert_int_equal(ud_chain_feed(&chain, record, record + offset, 16, &eaten, &chunk), UD_OK);
    }
    assert_ptr_equal(chunk.data, record + 32);
    assert_int_equal(chunk.size, CHUNK);
    assert_true(ud_chain_is_done(&chain));
}

static void bytes_behind_the_last_record_are_refused(void **state)
{
    uint8_t record[UD_CHAIN_RECORD_SIZE(CHUNK)];
    size_t eaten = 0;
    ud_span_t chunk;
    (void)state;
    build(&download, CHUNK, CHUNK);
    ud_chain_t chain = begin(&download);
    assert_int_equal(fetch(&download, &chain, 4096), UD_OK);
    assert_int_equal(ud_chain_wants(&chain), 0);
    assert_int_equal(ud_chain_feed(&chain, record, "x", 1, &eaten, &chunk), UD_ERR_CONFLICT);
}

static void a_last_record_that_promises_another_is_refused(void **state)
{
    (void)state;
    build(&download, CHUNK, CHUNK);
    memset(download.artifact, 0x11, UD_SHA256_SIZE);
    ud_sha256(download.artifact, CHUNK + 32, download.root);
    ud_chain_t chain = begin(&download);
    assert_int_equal(fetch(&download, &chain, 4096), UD_ERR_CHUNK_DIGEST);
}

static void impossible_downloads_are_refused(void **state)
{
    ud_chain_t chain;
    const uint8_t root[UD_SHA256_SIZE] = {0};
    (void)state;
    assert_int_equal(ud_chain_init(&chain, 0, CHUNK, 0, root), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_chain_init(&chain, 1000, 0, 0, root), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_chain_init(&chain, 1000, 511, 0, root), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_chain_init(&chain, 1000, 32768, 0, root), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_chain_init(&chain, 1000, CHUNK, 100, root), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_chain_init(&chain, 1000, CHUNK, 1024, root), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_chain_init(&chain, 1000, CHUNK, 512, root), UD_OK);
}

static void sizes_near_the_largest_do_not_wrap(void **state)
{
    (void)state;
    assert_int_equal(ud_chain_record_count(UINT32_MAX, CHUNK), 8388608);
    assert_int_equal(ud_chain_artifact_size(UINT32_MAX, CHUNK), UINT32_MAX + UINT64_C(8388608) * 32);
    assert_int_equal(ud_chain_record_offset(UINT32_MAX - 511, CHUNK), UINT64_C(8388607) * (CHUNK + 32));
}

static ud_err_t write_full(void *context, uint64_t offset, const void *data, size_t size)
{
    (void)context;
    (void)data;
    (void)size;
    return offset == 0 ? UD_ERR_STORAGE_FULL : UD_OK;
}

static void an_error_of_source_or_writer_ends_the_build(void **state)
{
    uint8_t root[UD_SHA256_SIZE] = {0x77};
    ud_image_memory_t memory = {download.image, 1000};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    (void)state;
    assert_int_equal(ud_chain_build(&source, 1001, CHUNK, NULL, NULL, root), UD_ERR_IMAGE_TRUNCATED);
    assert_int_equal(ud_chain_build(&source, 1000, CHUNK, write_full, NULL, root), UD_ERR_STORAGE_FULL);
    assert_int_equal(root[0], 0x77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_around_every_chunk_size_come_through),
        cmocka_unit_test(pieces_of_any_size_give_the_same_image),
        cmocka_unit_test(the_artifact_is_laid_out_as_documented),
        cmocka_unit_test(each_changed_byte_is_found_in_its_own_record),
        cmocka_unit_test(after_a_bad_record_the_good_one_goes_on),
        cmocka_unit_test(a_download_resumes_at_every_record_from_what_the_journal_keeps),
        cmocka_unit_test(a_broken_connection_begins_the_record_anew),
        cmocka_unit_test(a_record_may_be_received_right_into_its_buffer),
        cmocka_unit_test(bytes_behind_the_last_record_are_refused),
        cmocka_unit_test(a_last_record_that_promises_another_is_refused),
        cmocka_unit_test(impossible_downloads_are_refused),
        cmocka_unit_test(sizes_near_the_largest_do_not_wrap),
        cmocka_unit_test(an_error_of_source_or_writer_ends_the_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
