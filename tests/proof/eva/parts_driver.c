/* For Eva (scripts/prove.sh): what reads a version's text, the block behind an image, and the records of a download, on any
 * bytes.
 */
#include "core/base/assert.h"
#include "core/crypto/crypto.h"
#include "core/image/chain.h"
#include "core/image/descriptor_block.h"
#include "core/image/version.h"

#include "tests/proof/eva/anything.h"

/* ---- what they call and these proofs leave out: hashes and comparisons --------------------------------------------------- */

void ud_sha256(const void *data, size_t size, uint8_t digest[UD_SHA256_SIZE])
{
    //@ assert readable: \valid_read((char *)data + (0 .. size - 1)) && \initialized((char *)data + (0 .. size - 1));
    memcpy(digest, anything, UD_SHA256_SIZE);
}

ud_verdict_t ud_crypto_equal(const void *left, const void *right, size_t size)
{
    //@ assert left: \valid_read((char *)left + (0 .. size - 1)) && \initialized((char *)left + (0 .. size - 1));
    //@ assert right: \valid_read((char *)right + (0 .. size - 1)) && \initialized((char *)right + (0 .. size - 1));
    return is_so() ? UD_VERDICT_VALID : UD_VERDICT_INVALID;
}

uint32_t ud_crc32(uint32_t crc, const void *data, size_t size)
{
    //@ assert readable: \valid_read((char *)data + (0 .. size - 1)) && \initialized((char *)data + (0 .. size - 1));
    return Frama_C_unsigned_int_interval(0, UINT32_MAX);
}

/* ---- the proofs ---------------------------------------------------------------------------------------------------------- */

/* A text of any length up to one that is too long for every version. */
void prove_version_main(void)
{
    char text[UD_VERSION_TEXT_SIZE_MAX + 8];
    ud_version_t version;
    fill_anything();
    memcpy(text, anything, sizeof text);
    size_t size = Frama_C_unsigned_int_interval(0, sizeof text);
    ud_err_t err = ud_version_parse(text, size, &version);
}

static ud_err_t read_anything(void *context, uint32_t offset, void *data, size_t size)
{
    //@ split size;
    return give_anything(data, size);
}

/* Any bytes behind any image. */
void prove_block_main(void)
{
    ud_image_source_t source = {.read = read_anything};
    ud_image_info_t info = {0};
    ud_descriptor_block_t block;
    fill_anything();
    info.total_size = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    uint32_t file_size = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    ud_err_t err = ud_descriptor_find(&source, file_size, &info, &block);
}

/* A piece of any size for the first record of an image of any size, `fill` bytes of which are there. */
static void feed(uint8_t *record, uint32_t chunk_size, uint32_t fill)
{
    ud_chain_t chain = {.chunk_size = chunk_size, .fill = fill};
    uint32_t least_size = fill < UD_SHA256_SIZE ? 1 : fill - UD_SHA256_SIZE + 1;
    chain.image_size = Frama_C_unsigned_int_interval(least_size, UINT32_MAX);
    memcpy(chain.expected, anything, sizeof chain.expected);
    size_t size = Frama_C_unsigned_int_interval(0, sizeof anything);
    size_t eaten;
    ud_span_t chunk;
    ud_err_t err = ud_chain_feed(&chain, record, anything, size, &eaten, &chunk);
    //@ assert inside: chain.fill <= UD_CHAIN_RECORD_SIZE(chunk_size);
    if (err == UD_OK) {
        //@ assert eaten: eaten <= sizeof(anything);
        //@ assert readable: chunk.size <= chunk_size && \valid_read(chunk.data + (0 .. chunk.size - 1));
    }
}

/* Of each chunk size the record of which less than EDGE bytes stand, or no more than EDGE lack; behind it the buffer ends. */
#define EDGE 34

void prove_chain_main(void)
{
    static uint8_t buffer[UD_CHAIN_RECORD_SIZE(UD_CHUNK_SIZE_MAX)];
    ud_chain_t chain;
    fill_anything();
    uint32_t image_size = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    uint32_t any_chunk_size = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    uint32_t offset = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    ud_err_t err = ud_chain_init(&chain, image_size, any_chunk_size, offset, anything);
    for (size_t index = 0; index < UD_CHUNK_SIZE_COUNT; index++) {
        uint32_t chunk_size = ud_chunk_sizes[index];
        uint8_t *record = buffer + UD_CHUNK_SIZE_MAX - chunk_size;
        for (uint32_t edge = 0; edge < EDGE; edge++) {
            feed(record, chunk_size, edge);
            feed(record, chunk_size, UD_CHAIN_RECORD_SIZE(chunk_size) - 1 - edge);
        }
    }
}
