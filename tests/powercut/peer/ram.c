#include "tests/powercut/peer/ram.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The linker makes these for sections whose names are words of C; without any section they are not there. */
extern uint8_t __start_peer_data[] __attribute__((weak));
extern uint8_t __stop_peer_data[] __attribute__((weak));
extern uint8_t __start_peer_bss[] __attribute__((weak));
extern uint8_t __stop_peer_bss[] __attribute__((weak));

static size_t data_size(void)
{
    return (size_t)(__stop_peer_data - __start_peer_data);
}

static size_t bss_size(void)
{
    return (size_t)(__stop_peer_bss - __start_peer_bss);
}

void ram_keep(uint8_t kept[RAM_SIZE_MAX])
{
    if (data_size() + bss_size() > RAM_SIZE_MAX) {
        abort();
    }
    memcpy(kept, __start_peer_data, data_size());
    memcpy(kept + data_size(), __start_peer_bss, bss_size());
}

void ram_restore(const uint8_t kept[RAM_SIZE_MAX])
{
    memcpy(__start_peer_data, kept, data_size());
    memcpy(__start_peer_bss, kept + data_size(), bss_size());
}

void ram_reset(void)
{
    static uint8_t first[RAM_SIZE_MAX];
    static bool known;
    if (!known) {
        ram_keep(first);
        known = true;
    }
    ram_restore(first);
}
