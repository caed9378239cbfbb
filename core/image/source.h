/* Where an image is read from: flash in boot, a file in the server, memory in the command line tool. */
#ifndef UD_IMAGE_SOURCE_H
#define UD_IMAGE_SOURCE_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    /* Reads `size` bytes at `offset` (never beyond the area size given beside the source) into `data`. Any error it
     * returns ends the work and is handed to the caller. It may be called many times with few bytes; a device feeds its
     * watchdog each time, since nothing else does while an image is hashed.
     */
    ud_err_t (*read)(void *context, uint32_t offset, void *data, size_t size);

    void *context; /* handed to it */
} ud_image_source_t;

/* Bytes that are read at once while an image is hashed; they lie on the stack. */
#define UD_IMAGE_PIECE_SIZE 128

/* An image in memory: the context of ud_image_source_from_memory(). The bytes stay the caller's. */
typedef struct {
    const uint8_t *data;
    size_t size;
} ud_image_memory_t;

/* A source that reads from `memory`, which must outlive it; reads outside give UD_ERR_IMAGE_TRUNCATED. */
ud_image_source_t ud_image_source_from_memory(ud_image_memory_t *memory);

#endif
