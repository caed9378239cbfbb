/* A board that has nothing yet: copy this folder, then give each function what include/updraft/port.h says it owes.
 * Until then each answers with the error that says so, which boot and agent know how to live with.
 */
#include "ports/skeleton/port.h"

#include "core/base/assert.h"
#include "ports/skeleton/loader.h"

struct ud_port {
    uint8_t unused; /* a board with one of everything needs no state here */
};

ud_port_t ud_skeleton_port;

/* ---- flash: the numbers of a part with 256 KB in sectors of 2 KB, written 8 bytes at a time, boot in its first 16 KB --- */

#define FLASH_ADDRESS 0x08000000u

static const struct {
    ud_area_geometry_t geometry;
    uint32_t address;
} areas[UD_AREA_COUNT] = {
    [UD_AREA_JOURNAL] = {{.size_bytes = 8192, .sector_size_bytes = 2048, .write_size_bytes = 8, .erased_value = 0xFF},
                         FLASH_ADDRESS + 0x4000},
    [UD_AREA_IDENTITY] = {{.size_bytes = 4096, .sector_size_bytes = 2048, .write_size_bytes = 8, .erased_value = 0xFF},
                          FLASH_ADDRESS + 0x6000},
    [UD_AREA_SLOT_A] = {{.size_bytes = 0x1B000, .sector_size_bytes = 2048, .write_size_bytes = 8, .erased_value = 0xFF},
                        FLASH_ADDRESS + 0x7000},
    [UD_AREA_SLOT_B] = {{.size_bytes = 0x1C000, .sector_size_bytes = 2048, .write_size_bytes = 8, .erased_value = 0xFF},
                        FLASH_ADDRESS + 0x22000},
};

const ud_area_geometry_t *ud_port_area(const ud_port_t *port, ud_area_t area)
{
    (void)port;
    return &areas[area].geometry;
}

uint32_t ud_skeleton_address(ud_area_t area)
{
    return areas[area].address;
}

/* Owes: the bytes, or UD_ERR_FLASH_READ where ECC gave up; a fault taken on such a word must end here, not in a reset. */
ud_err_t ud_port_flash_read(ud_port_t *port, ud_area_t area, uint32_t offset, void *data, size_t size)
{
    (void)port;
    (void)area;
    (void)offset;
    (void)data;
    (void)size;
    return UD_ERR_FLASH_READ;
}

/* Owes: to write nothing but these words, and to say so when the part refused. Not to read back: callers do. */
ud_err_t ud_port_flash_program(ud_port_t *port, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    (void)port;
    (void)area;
    (void)offset;
    (void)data;
    (void)size;
    return UD_ERR_FLASH_WRITE;
}

/* Owes: one sector, erased whole. If the part stalls the processor meanwhile, the watchdog must outlast it. */
ud_err_t ud_port_flash_erase(ud_port_t *port, ud_area_t area, uint32_t offset)
{
    (void)port;
    (void)area;
    (void)offset;
    return UD_ERR_FLASH_ERASE;
}

/* ---- time, chance, reset ----------------------------------------------------------------------------------------- */

/* Owes: one write to the watchdog's key register. */
void ud_port_watchdog_feed(ud_port_t *port)
{
    (void)port;
}

/* Owes: the hardware's random numbers. Identities and backoffs rest on them: no counter, no clock, no serial number. */
ud_err_t ud_port_random(ud_port_t *port, void *data, size_t size)
{
    (void)port;
    (void)data;
    (void)size;
    return UD_ERR_INTERNAL;
}

/* Owes: the reset flags, read once at start-up and then cleared, or a word of RAM that start-up leaves alone. */
ud_reset_cause_t ud_port_reset_cause(const ud_port_t *port)
{
    (void)port;
    return UD_RESET_POWER_ON;
}

/* Complete on every Cortex-M (ARMv6-M and ARMv7-M manuals, AIRCR), if the reset flags tell software's request apart. */
_Noreturn void ud_port_reset(ud_port_t *port)
{
    volatile uint32_t *const aircr = (volatile uint32_t *)0xE000ED0C;
    (void)port;
    for (;;) {
        *aircr = 0x05FA0004;
    }
}

/* Complete for a board with a serial line, whose two functions follow. Another way (a card, a radio) is as good; an image in
 * slot A, then a reset, is what counts.
 */
_Noreturn void ud_port_recover(ud_port_t *port)
{
    while (!ud_skeleton_load(port)) {
        ud_port_watchdog_feed(port);
    }
    ud_port_reset(port);
}

/* Owes: one byte of the line, polled. */
bool ud_skeleton_uart_get(uint8_t *byte, uint32_t wait_ms)
{
    (void)byte;
    (void)wait_ms;
    return false;
}

/* Owes: to wait until the line takes the byte. */
void ud_skeleton_uart_put(uint8_t byte)
{
    (void)byte;
}

/* Complete for a board without such a counter; journal and confirmed image keep one, too. */
uint32_t ud_port_security_counter(ud_port_t *port)
{
    (void)port;
    return 0;
}

void ud_port_security_counter_raise(ud_port_t *port, uint32_t counter)
{
    (void)port;
    (void)counter;
}

/* Complete for a board without such a place. */
bool ud_port_key_is_revoked(ud_port_t *port, const uint8_t key_hash[32])
{
    (void)port;
    (void)key_hash;
    return false;
}

void ud_port_key_revoke(ud_port_t *port, const uint8_t key_hash[32])
{
    (void)port;
    (void)key_hash;
}

/* A failed assertion is a programmer's fault; on a device the answer is a new start, which boot counts. */
_Noreturn void ud_assert_failed(const char *file, int line)
{
    (void)file;
    (void)line;
    ud_port_reset(&ud_skeleton_port);
}

/* ---- what only the agent calls: network and clock ---------------------------------------------------------------- */

/* Owes: to begin, not to wait. TLS belongs below these four functions. */
ud_err_t ud_port_net_open(ud_port_t *port, const char *host)
{
    (void)port;
    (void)host;
    return UD_ERR_NETWORK;
}

ud_err_t ud_port_net_send(ud_port_t *port, const void *data, size_t size, size_t *sent)
{
    (void)port;
    (void)data;
    (void)size;
    (void)sent;
    return UD_ERR_NETWORK;
}

ud_err_t ud_port_net_receive(ud_port_t *port, void *data, size_t size, size_t *received)
{
    (void)port;
    (void)data;
    (void)size;
    (void)received;
    return UD_ERR_NETWORK;
}

void ud_port_net_close(ud_port_t *port)
{
    (void)port;
}

/* Owes: a timer that does not wrap. */
uint64_t ud_skeleton_now_ms(void)
{
    return 0;
}

/* Owes: sleep. Returning early is always allowed. */
void ud_skeleton_sleep_until(uint64_t wake_ms)
{
    (void)wake_ms;
}
