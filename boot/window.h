/* A part of a flash area as the source of an image. */
#ifndef UD_BOOT_WINDOW_H
#define UD_BOOT_WINDOW_H

#include "core/image/source.h"
#include "include/updraft/port.h"

typedef struct {
    ud_port_t *port;
    ud_area_t area;
    uint32_t offset; /* bytes */
} ud_window_t;

/* Feeds the watchdog and reads from the ud_window_t that is `context`: the read of an ud_image_source_t. */
UD_MUST_USE ud_err_t ud_window_read(void *context, uint32_t offset, void *data, size_t size);

#endif
