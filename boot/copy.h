/* Copying between slots, unit by unit (core/slot/slot.h), each read back. */
#ifndef UD_BOOT_COPY_H
#define UD_BOOT_COPY_H

#include "core/slot/record.h"
#include "include/updraft/boot.h"

typedef struct {
    ud_area_t area;
    uint32_t offset; /* bytes */
} ud_place_t;

/* A place of the chain that swaps move along (core/slot/record.h). */
ud_place_t ud_copy_place(const ud_port_t *port, uint32_t index);

/* What a copy does to the bytes of an image on the way; all zero: nothing. */
typedef struct {
    void (*apply)(const void *context, uint32_t offset, void *data,
                  size_t size); /* `data` is at `offset` of the image */
    const void *context;
} ud_copy_filter_t;

/* Units that an image of `size_bytes` uses. */
uint32_t ud_copy_units(const ud_port_t *port, uint32_t size_bytes);

/* Erases the unit at place `to` and writes there, through `filter`, what stands at place `from`; one of both is in slot A, and
 * what is there is as far into the image. Tries again a few times. Stack: 512 bytes.
 * Errors: UD_ERR_FLASH_READ (source), UD_ERR_FLASH_WRITE (target).
 */
UD_MUST_USE ud_err_t ud_copy_unit(ud_port_t *port, const ud_copy_filter_t *filter, uint32_t from, uint32_t to);

#endif
