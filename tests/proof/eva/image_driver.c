/* For Eva (scripts/prove.sh): the image parser on flash that holds anything, in an area of any size, with reads that fail. */
#include "core/base/assert.h"
#include "core/image/image.h"

#include "tests/proof/eva/anything.h"

static ud_err_t read_anything(void *context, uint32_t offset, void *data, size_t size)
{
    (void)context;
    (void)offset;
    //@ assert no_longer_than_a_field: size <= UD_SHA256_SIZE;
    if (is_so()) {
        return UD_ERR_FLASH_READ;
    }
    //@ split size;
    memcpy(data, anything, size);
    return UD_OK;
}

/* ---- what the parser calls and this proof leaves out: the hash of a public key ---------------------------------------- */

ud_err_t ud_image_hash(const ud_image_source_t *source, uint32_t offset, uint32_t size, uint8_t digest[UD_SHA256_SIZE])
{
    if (is_so()) {
        return UD_ERR_FLASH_READ;
    }
    memcpy(digest, anything, UD_SHA256_SIZE);
    return UD_OK;
}

/* ---- the proof ------------------------------------------------------------------------------------------------------ */

void prove_parse_main(void)
{
    ud_image_source_t source = {.read = read_anything};
    ud_image_info_t info;
    fill_anything();
    uint32_t area_size = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    ud_err_t err = ud_image_parse(&source, area_size, &info);
    //@ assert text_ends: info.hardware[UD_HARDWARE_SIZE_MAX] == 0;
    //@ assert counted: info.dependency_count <= UD_IMAGE_DEPENDENCIES_MAX;
}
