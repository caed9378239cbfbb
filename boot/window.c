#include "boot/window.h"

static ud_err_t read_window(void *context, uint32_t offset, void *data, size_t size)
{
    const ud_window_t *window = context;
    ud_port_watchdog_feed(window->port);
    return ud_port_flash_read(window->port, window->area, window->offset + offset, data, size);
}

ud_image_source_t ud_window_source(ud_window_t *window)
{
    return (ud_image_source_t){.read = read_window, .context = window};
}
