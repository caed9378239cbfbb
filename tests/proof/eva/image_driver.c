/* For Eva (scripts/prove.sh): the image parser on flash that holds anything, in an area of any size, with reads that fail. */
#include "core/base/assert.h"
#include "core/base/utf8.h"
#include "core/crypto/crypto.h"
#include "core/image/image.h"

#include "tests/proof/eva/anything.h"

static ud_err_t read_anything(void *context, uint32_t offset, void *data, size_t size)
{
    (void)context;
    (void)offset;
    if (is_so()) {
        return UD_ERR_FLASH_READ;
    }
    //@ split size;
    memcpy(data, anything, size);
    return UD_OK;
}

/* ---- what the parser calls and this proof leaves out: the check of texts, the hash ------------------------------------ */

/*@ requires readable: \valid_read(text + (0 .. size - 1)) && \initialized(text + (0 .. size - 1));
    assigns \result \from text[0 .. size - 1];
    ensures \result == 0 || \result == 1; */
bool ud_utf8_is_text(const char *text, size_t size);

void ud_sha256_init(ud_sha256_t *hash)
{
    memset(hash, 0, sizeof *hash);
}

void ud_sha256_update(ud_sha256_t *hash, const void *data, size_t size)
{
    //@ assert readable: \valid_read((char *)data + (0 .. size - 1)) && \initialized((char *)data + (0 .. size - 1));
}

void ud_sha256_final(ud_sha256_t *hash, uint8_t digest[UD_SHA256_SIZE])
{
    memcpy(digest, anything, UD_SHA256_SIZE);
}

/* ---- the proof ------------------------------------------------------------------------------------------------------ */

void prove_parse_main(void)
{
    ud_image_source_t source = {.read = read_anything};
    ud_image_info_t info;
    fill_anything();
    uint32_t area_size = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    ud_err_t err = ud_image_parse(&source, area_size, &info);
}
