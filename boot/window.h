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

/* Reads from the window and feeds the watchdog; `window` must outlive it. */
ud_image_source_t ud_window_source(ud_window_t *window);

#endif
