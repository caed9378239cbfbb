#include "core/image/chain.h"

#include "core/base/assert.h"
#include "core/crypto/crypto.h"

#include <string.h>

const uint32_t ud_chunk_sizes[UD_CHUNK_SIZE_COUNT] = {512, 1024, 4096, 16384};

bool ud_chunk_size_is_known(uint32_t chunk_size)
{
    for (size_t index = 0; index < UD_CHUNK_SIZE_COUNT; index++) {
        if (ud_chunk_sizes[index] == chunk_size) {
            return true;
        }
    }
    return false;
}

uint32_t ud_chain_record_count(uint32_t image_size, uint32_t chunk_size)
{
    return image_size / chunk_size + (image_size % chunk_size != 0);
}

uint64_t ud_chain_artifact_size(uint32_t image_size, uint32_t chunk_size)
{
    return image_size + (uint64_t)ud_chain_record_count(image_size, chunk_size) * UD_SHA256_SIZE;
}

uint64_t ud_chain_record_offset(uint32_t image_offset, uint32_t chunk_size)
{
    return image_offset + (uint64_t)(image_offset / chunk_size) * UD_SHA256_SIZE;
}

ud_err_t ud_chain_init(ud_chain_t *chain, uint32_t image_size, uint32_t chunk_size, uint32_t offset,
                       const uint8_t expected[UD_SHA256_SIZE])
{
    UD_REQUIRE(ud_chunk_size_is_known(chunk_size) && image_size > 0, UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(offset == image_size || (offset < image_size && offset % chunk_size == 0), UD_ERR_INVALID_ARGUMENT);
    *chain = (ud_chain_t){.image_size = image_size, .chunk_size = chunk_size, .offset = offset};
    memcpy(chain->expected, expected, UD_SHA256_SIZE);
    return UD_OK;
}

bool ud_chain_is_done(const ud_chain_t *chain)
{
    return chain->offset == chain->image_size;
}

/* Bytes of data in the present record. */
static uint32_t present_chunk_size(const ud_chain_t *chain)
{
    uint32_t left = chain->image_size - chain->offset;
    return left < chain->chunk_size ? left : chain->chunk_size;
}

size_t ud_chain_wants(const ud_chain_t *chain)
{
    return ud_chain_is_done(chain) ? 0 : UD_CHAIN_RECORD_SIZE(present_chunk_size(chain)) - chain->fill;
}

/* Judges the whole record; the last one must say that none follows. */
static ud_verdict_t check_record(const ud_chain_t *chain, const uint8_t *record, uint32_t chunk_size)
{
    static const uint8_t none[UD_SHA256_SIZE];
    uint8_t digest[UD_SHA256_SIZE];
    ud_sha256(record, UD_CHAIN_RECORD_SIZE(chunk_size), digest);
    ud_verdict_t verdict = ud_crypto_equal(digest, chain->expected, sizeof digest);
    if (verdict == UD_VERDICT_VALID && chain->offset + chunk_size == chain->image_size) {
        verdict = ud_crypto_equal(record, none, sizeof none);
    }
    return verdict;
}

ud_err_t ud_chain_feed(ud_chain_t *chain, uint8_t *record, const void *data, size_t size, size_t *eaten,
                       ud_span_t *chunk)
{
    size_t wants = ud_chain_wants(chain);
    UD_REQUIRE(size == 0 || wants > 0, UD_ERR_CONFLICT);
    size_t take = size < wants ? size : wants;
    if (take > 0) {
        memmove(record + chain->fill, data, take);
    }
    *eaten = take;
    *chunk = ud_span(NULL, 0);
    chain->fill += (uint32_t)take;
    if (take == 0 || take < wants) {
        return UD_OK;
    }
    uint32_t chunk_size = present_chunk_size(chain);
    chain->fill = 0;
    UD_REQUIRE(check_record(chain, record, chunk_size) == UD_VERDICT_VALID, UD_ERR_CHUNK_DIGEST);
    memcpy(chain->expected, record, UD_SHA256_SIZE);
    chain->offset += chunk_size;
    *chunk = ud_span(record + UD_SHA256_SIZE, chunk_size);
    return UD_OK;
}

void ud_chain_restart_record(ud_chain_t *chain)
{
    chain->fill = 0;
}
