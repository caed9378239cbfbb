/* For Eva (scripts/prove.sh): what reads a version's text and the block behind an image, on any bytes.
 */
#include "core/base/assert.h"
#include "core/crypto/crypto.h"
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
    if (is_so()) {
        return UD_ERR_FLASH_READ;
    }
    //@ split size;
    memcpy(data, anything, size);
    return UD_OK;
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
