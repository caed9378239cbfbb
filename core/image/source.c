#include "core/image/source.h"

#include "core/base/assert.h"

#include <string.h>

static ud_err_t read_memory(void *context, uint32_t offset, void *data, size_t size)
{
    const ud_image_memory_t *memory = context;
    UD_REQUIRE(offset <= memory->size && size <= memory->size - offset, UD_ERR_IMAGE_TRUNCATED);
    memcpy(data, memory->data + offset, size);
    return UD_OK;
}

ud_image_source_t ud_image_source_from_memory(ud_image_memory_t *memory)
{
    return (ud_image_source_t){.read = read_memory, .context = memory};
}
