#include "boot/copy.h"

#include <string.h>

/* Bytes copied at once; twice on the stack. A page of most NOR chips, a multiple of each write size. */
#define PIECE_SIZE 256

/* Times that a unit is erased and written before its place counts as broken. */
#define TRIES_MAX 3

_Static_assert(UD_SECTOR_SIZE_MIN % PIECE_SIZE == 0 && PIECE_SIZE % UD_WRITE_SIZE_MAX == 0, "pieces fill sectors");

ud_place_t ud_copy_place(const ud_port_t *port, uint32_t index)
{
    return (ud_place_t){index % 2 == 0 ? UD_AREA_SLOT_B : UD_AREA_SLOT_A, index / 2 * ud_slot_unit_size(port)};
}

uint32_t ud_copy_units(const ud_port_t *port, uint32_t size_bytes)
{
    uint32_t unit = ud_slot_unit_size(port);
    return (size_bytes + unit - 1) / unit;
}

typedef struct {
    ud_port_t *port;
    const ud_copy_filter_t *filter;
    uint32_t unit;
    uint32_t offset; /* of the image */
    ud_place_t from;
    ud_place_t to;
} unit_copy_t;

static ud_err_t erase(const unit_copy_t *copy)
{
    uint32_t sector_size = ud_port_area(copy->port, copy->to.area)->sector_size_bytes;
    for (uint32_t done = 0; done < copy->unit; done += sector_size) {
        ud_port_watchdog_feed(copy->port);
        if (ud_port_flash_erase(copy->port, copy->to.area, copy->to.offset + done) != UD_OK) {
            return UD_ERR_FLASH_WRITE;
        }
    }
    return UD_OK;
}

static ud_err_t copy_piece(const unit_copy_t *copy, uint32_t done)
{
    uint8_t piece[PIECE_SIZE];
    uint8_t back[PIECE_SIZE];
    uint32_t to = copy->to.offset + done;
    ud_port_watchdog_feed(copy->port);
    if (ud_port_flash_read(copy->port, copy->from.area, copy->from.offset + done, piece, sizeof piece) != UD_OK) {
        return UD_ERR_FLASH_READ;
    }
    if (copy->filter->apply != NULL) {
        copy->filter->apply(copy->filter->context, copy->offset + done, piece, sizeof piece);
    }
    bool taken = ud_port_flash_program(copy->port, copy->to.area, to, piece, sizeof piece) == UD_OK &&
                 ud_port_flash_read(copy->port, copy->to.area, to, back, sizeof back) == UD_OK &&
                 memcmp(piece, back, sizeof piece) == 0;
    return taken ? UD_OK : UD_ERR_FLASH_WRITE;
}

ud_err_t ud_copy_unit(ud_port_t *port, const ud_copy_filter_t *filter, uint32_t from, uint32_t to)
{
    unit_copy_t copy = {port, filter, ud_slot_unit_size(port), 0, ud_copy_place(port, from), ud_copy_place(port, to)};
    copy.offset = copy.from.area == UD_AREA_SLOT_A ? copy.from.offset : copy.to.offset;
    ud_err_t err = UD_ERR_FLASH_WRITE;
    for (int tries = 0; tries < TRIES_MAX && err != UD_OK; tries++) {
        err = erase(&copy);
        for (uint32_t done = 0; err == UD_OK && done < copy.unit; done += PIECE_SIZE) {
            err = copy_piece(&copy, done);
        }
    }
    return err;
}
