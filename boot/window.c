#include "boot/window.h"

ud_err_t ud_window_read(void *context, uint32_t offset, void *data, size_t size)
{
    const ud_window_t *window = context;
    ud_port_watchdog_feed(window->port);
    return ud_port_flash_read(window->port, window->area, window->offset + offset, data, size);
}
