#include "boot/window.h"

static ud_err_t read_window(void *context, uint32_t offset, void *data, size_t size)
{
    const ud_window_t *window = context;
    return ud_port_flash_read(window->port, window->area, window->offset + offset, data, size);
}

static void feed(void *context, uint32_t done_bytes, uint32_t total_bytes)
{
    const ud_window_t *window = context;
    (void)done_bytes;
    (void)total_bytes;
    ud_port_watchdog_feed(window->port);
}

ud_image_source_t ud_window_source(ud_window_t *window)
{
    return (ud_image_source_t){.read = read_window, .progress = feed, .context = window};
}
