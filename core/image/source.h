/* Where an image is read from: flash in boot, a file in the server, memory in the command line tool. */
#ifndef UD_IMAGE_SOURCE_H
#define UD_IMAGE_SOURCE_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    /* Reads `size` bytes at `offset` (never beyond the area size given beside the source) into `data`. Any error it
     * returns ends the work and is handed to the caller. It may be called many times with few bytes.
     */
    ud_err_t (*read)(void *context, uint32_t offset, void *data, size_t size);

    /* Called after each piece while all of an image is read, with bytes done and to do: feeds the watchdog or moves a
     * progress bar. NULL: nobody is told.
     */
    void (*progress)(void *context, uint32_t done_bytes, uint32_t total_bytes);

    void *context; /* handed to both */
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
