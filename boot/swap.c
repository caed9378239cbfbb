#include "boot/install.h"

#include "core/base/assert.h"

#include <string.h>

/* Bytes copied at once; twice on the stack. A page of most NOR chips, a multiple of each write size. */
#define PIECE_SIZE 256

/* Times that a unit is erased and written before its place counts as broken. */
#define TRIES_MAX 3

_Static_assert(UD_SECTOR_SIZE_MIN % PIECE_SIZE == 0 && PIECE_SIZE % UD_WRITE_SIZE_MAX == 0, "pieces fill sectors");

typedef struct {
    ud_area_t area;
    uint32_t offset;
} place_t;

static place_t place_of(const ud_port_t *port, uint32_t index)
{
    return (place_t){index % 2 == 0 ? UD_AREA_SLOT_B : UD_AREA_SLOT_A, index / 2 * ud_slot_unit_size(port)};
}

static ud_err_t erase_unit(ud_port_t *port, place_t to)
{
    uint32_t sector_size = ud_port_area(port, to.area)->sector_size_bytes;
    for (uint32_t done = 0; done < ud_slot_unit_size(port); done += sector_size) {
        ud_port_watchdog_feed(port);
        if (ud_port_flash_erase(port, to.area, to.offset + done) != UD_OK) {
            return UD_ERR_FLASH_WRITE;
        }
    }
    return UD_OK;
}

static ud_err_t copy_piece(ud_port_t *port, place_t from, place_t to, uint32_t done)
{
    uint8_t piece[PIECE_SIZE];
    uint8_t back[PIECE_SIZE];
    ud_port_watchdog_feed(port);
    if (ud_port_flash_read(port, from.area, from.offset + done, piece, sizeof piece) != UD_OK) {
        return UD_ERR_FLASH_READ;
    }
    bool taken = ud_port_flash_program(port, to.area, to.offset + done, piece, sizeof piece) == UD_OK &&
                 ud_port_flash_read(port, to.area, to.offset + done, back, sizeof back) == UD_OK &&
                 memcmp(piece, back, sizeof piece) == 0;
    return taken ? UD_OK : UD_ERR_FLASH_WRITE;
}

/* Errors: UD_ERR_FLASH_READ (source), UD_ERR_FLASH_WRITE (target). */
static ud_err_t copy_unit(ud_port_t *port, place_t from, place_t to)
{
    ud_err_t err = UD_ERR_FLASH_WRITE;
    for (int tries = 0; tries < TRIES_MAX && err != UD_OK; tries++) {
        err = erase_unit(port, to);
        for (uint32_t done = 0; err == UD_OK && done < ud_slot_unit_size(port); done += PIECE_SIZE) {
            err = copy_piece(port, from, to, done);
        }
    }
    return err;
}

static uint32_t units_of(const ud_port_t *port, uint32_t size_bytes)
{
    uint32_t unit = ud_slot_unit_size(port);
    return size_bytes / unit + (size_bytes % unit != 0);
}

ud_err_t ud_install_begin(ud_journal_t *journal, ud_slot_record_t *record, ud_install_t direction, uint32_t size_bytes)
{
    if (size_bytes > ud_slot_image_size_max(journal->port)) {
        return UD_ERR_IMAGE_TOO_LARGE;
    }
    record->install = direction;
    record->units = (uint16_t)units_of(journal->port, size_bytes);
    record->hole = direction == UD_INSTALL_UPGRADE ? 0 : (uint16_t)(2 * record->units);
    record->turned = false;
    return ud_slot_record_put(journal, record);
}

/* Moves the hole by one place, or turns. */
static ud_err_t step(ud_port_t *port, ud_slot_record_t *record, bool up)
{
    uint16_t from = (uint16_t)(up ? record->hole + 1 : record->hole - 1);
    place_t source = place_of(port, from);
    place_t target = place_of(port, record->hole);
    ud_err_t err = copy_unit(port, source, target);
    if (err == UD_OK || target.area == UD_AREA_SLOT_B) {
        record->hole = from;
        return UD_OK;
    }
    if (err != UD_ERR_FLASH_READ || record->turned) {
        return err;
    }
    record->turned = true;
    record->install = up ? UD_INSTALL_REVERT : UD_INSTALL_UPGRADE;
    record->reason = err;
    return UD_OK;
}

ud_err_t ud_install_move(ud_journal_t *journal, ud_slot_record_t *record)
{
    /* what was read becomes firm before it is acted upon: a row may read differently after the next power cut */
    bool noted = ud_slot_record_put(journal, record) == UD_OK;
    uint32_t units_max = units_of(journal->port, ud_slot_image_size_max(journal->port));
    UD_REQUIRE(record->units <= units_max && record->hole <= 2 * record->units, UD_ERR_INTERNAL);
    for (;;) {
        bool up = record->install == UD_INSTALL_UPGRADE;
        if (record->hole == (up ? 2 * record->units : 0)) {
            return UD_OK;
        }
        UD_TRY(step(journal->port, record, up));
        noted = noted && ud_slot_record_put(journal, record) == UD_OK;
    }
}

ud_err_t ud_install_rescue(ud_port_t *port, uint32_t offset, uint32_t size_bytes)
{
    uint32_t unit = ud_slot_unit_size(port);
    for (uint32_t index = 0; index < units_of(port, size_bytes); index++) {
        place_t from = {UD_AREA_SLOT_B, offset + index * unit};
        place_t to = {UD_AREA_SLOT_A, index * unit};
        UD_TRY(copy_unit(port, from, to));
    }
    return UD_OK;
}
