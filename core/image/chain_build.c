/* Building the artifact: the half of the chunk chain that only hosts need. */
#include "core/base/assert.h"
#include "core/crypto/crypto.h"
#include "core/image/chain.h"

#include <string.h>

ud_err_t ud_chain_build(const ud_image_source_t *source, uint32_t image_size, uint32_t chunk_size,
                        ud_chain_write_t write, void *write_context, uint8_t root[UD_SHA256_SIZE])
{
    UD_REQUIRE(ud_chunk_size_is_known(chunk_size) && image_size > 0, UD_ERR_INVALID_ARGUMENT);
    uint8_t record[UD_CHAIN_RECORD_SIZE(UD_CHUNK_SIZE_MAX)];
    uint8_t digest[UD_SHA256_SIZE] = {0};
    for (uint32_t left = ud_chain_record_count(image_size, chunk_size); left > 0; left--) {
        uint32_t offset = (left - 1) * chunk_size;
        uint32_t size = image_size - offset < chunk_size ? image_size - offset : chunk_size;
        memcpy(record, digest, sizeof digest);
        UD_TRY(source->read(source->context, offset, record + UD_SHA256_SIZE, size));
        ud_sha256(record, UD_CHAIN_RECORD_SIZE(size), digest);
        if (write != NULL) {
            UD_TRY(
                write(write_context, ud_chain_record_offset(offset, chunk_size), record, UD_CHAIN_RECORD_SIZE(size)));
        }
    }
    memcpy(root, digest, sizeof digest);
    return UD_OK;
}
