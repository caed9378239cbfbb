/* What a board owes to Updraft: flash, clock, randomness, watchdog, reset, network.
 *
 * Boot, agent and core call these functions by name; the linker takes them from exactly one port (ports/). There is no
 * table of pointers: on a microcontroller each call is a direct one. `port` is the port's own state; a board with one
 * of everything may ignore it, the simulator has one per device.
 *
 * Nothing here may allocate or recurse. "May block" is said where it is allowed.
 */
#ifndef UPDRAFT_PORT_H
#define UPDRAFT_PORT_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ud_port ud_port_t;

/* ---- flash ---------------------------------------------------------------------------------------------------- */

typedef enum {
    UD_AREA_JOURNAL,  /* slot states and progress; at least four sectors (core/slot/journal.h) */
    UD_AREA_SLOT_A,   /* the image that runs; direct XIP: one of two slots to run from */
    UD_AREA_SLOT_B,   /* the image to come, or the one before; swap: one unit larger than slot A (core/slot/slot.h) */
    UD_AREA_IDENTITY, /* the agent's identity and token, two copies; half holds 608 bytes in whole sectors */
    UD_AREA_COUNT
} ud_area_t;

/* Geometry of one area; constant for the life of the device. */
typedef struct {
    uint32_t size_bytes;        /* a multiple of sector_size_bytes */
    uint32_t sector_size_bytes; /* smallest unit of erase, 512 bytes to 256 KB, uniform inside an area */
    uint16_t write_size_bytes;  /* smallest unit of program: 1, 2, 4, 8, 16 or 32; offsets and sizes are multiples */
    uint8_t erased_value;       /* what an erased byte reads as: 0xFF or 0x00 */
} ud_area_geometry_t;

/* Geometry of `area`; never fails, the pointer is good for ever. */
const ud_area_geometry_t *ud_port_area(const ud_port_t *port, ud_area_t area);

/* Reads `size` bytes at `offset` into `data`. May be slow, never waits for an event.
 * Errors: UD_ERR_FLASH_READ (uncorrectable ECC error in the range: `data` is undefined), UD_ERR_INVALID_ARGUMENT (range).
 */
UD_MUST_USE ud_err_t ud_port_flash_read(ud_port_t *port, ud_area_t area, uint32_t offset, void *data, size_t size);

/* Programs `size` bytes (a multiple of write_size_bytes, at a multiple of it) on erased flash. Blocks for one program.
 * Power fail: each word of the range is old, new, or torn; a torn word may read unstable, or not at all until erased.
 * Errors: UD_ERR_FLASH_WRITE (refused, or a bit had to go from 0 to 1), UD_ERR_INVALID_ARGUMENT.
 */
UD_MUST_USE ud_err_t ud_port_flash_program(ud_port_t *port, ud_area_t area, uint32_t offset, const void *data,
                                           size_t size);

/* Erases the one sector that begins at `offset`. Blocks for one erase; the watchdog,
 * fed before each, must be longer than the longest of the board's flash.
 * Power fail: any byte of the sector may be old, erased, anything between, or unreadable until erased again.
 * Errors: UD_ERR_FLASH_ERASE, UD_ERR_INVALID_ARGUMENT.
 */
UD_MUST_USE ud_err_t ud_port_flash_erase(ud_port_t *port, ud_area_t area, uint32_t offset);

/* ---- time, chance, reset -------------------------------------------------------------------------------------- */

/* Feeds the watchdog; called in every loop over flash, at least once per erase. */
void ud_port_watchdog_feed(ud_port_t *port);

/* Fills `data` with unpredictable bytes from the board's entropy source.
 * Errors: UD_ERR_INTERNAL when the source failed its health test; then `data` must not be used.
 */
UD_MUST_USE ud_err_t ud_port_random(ud_port_t *port, void *data, size_t size);

typedef enum {
    UD_RESET_POWER_ON,
    UD_RESET_ORDERLY, /* asked for by software through ud_port_reset */
    UD_RESET_WATCHDOG,
    UD_RESET_FAULT, /* lock-up, brown-out under load, failed assertion */
} ud_reset_cause_t;

/* Why the device last reset; the same answer until the next reset. */
ud_reset_cause_t ud_port_reset_cause(const ud_port_t *port);

/* Resets the device; the next reset cause is UD_RESET_ORDERLY. */
_Noreturn void ud_port_reset(ud_port_t *port);

/* Called by boot when neither slot holds an authentic image: takes one by whatever way the board has (a UART loader, a
 * card), writes it to slot A and resets. It is verified like any other. Feeds the watchdog. Never returns.
 */
_Noreturn void ud_port_recover(ud_port_t *port);

/* Highest security counter kept in hardware (OTP, secure element); 0 where there is none. */
uint32_t ud_port_security_counter(ud_port_t *port);

/* Raises that counter; does nothing where there is none. */
void ud_port_security_counter_raise(ud_port_t *port, uint32_t counter);

/* True if hardware (OTP, secure element) keeps that key revoked; false where there is none. The hash is SHA-256 of the key. */
bool ud_port_key_is_revoked(ud_port_t *port, const uint8_t key_hash[32]);

/* Has hardware keep it revoked for good; does nothing where there is none. May be told again. */
void ud_port_key_revoke(ud_port_t *port, const uint8_t key_hash[32]);

/* ---- network: one byte stream at a time, never blocking --------------------------------------------------------- */

/* Begins to open a stream to the server whose address the port knows by configuration, or to `host` ("name:port")
 * when not NULL. An open stream is closed first. Errors: UD_ERR_NETWORK.
 */
UD_MUST_USE ud_err_t ud_port_net_open(ud_port_t *port, const char *host);

/* Hands over up to `size` bytes; `sent` says how many were taken.
 * Errors: UD_ERR_WOULD_BLOCK (none taken, or still connecting), UD_ERR_NETWORK (stream is gone).
 */
UD_MUST_USE ud_err_t ud_port_net_send(ud_port_t *port, const void *data, size_t size, size_t *sent);

/* Takes up to `size` bytes; `received` is 0 at the end of the stream.
 * Errors: UD_ERR_WOULD_BLOCK, UD_ERR_NETWORK.
 */
UD_MUST_USE ud_err_t ud_port_net_receive(ud_port_t *port, void *data, size_t size, size_t *received);

/* Closes the stream; harmless when none is open. */
void ud_port_net_close(ud_port_t *port);

#endif
