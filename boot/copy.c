#include "boot/copy.h"

#include "boot/cipher.h"
#include "boot/window.h"
#include "core/base/assert.h"

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
    return size_bytes / unit + (size_bytes % unit != 0);
}

static ud_err_t erase_unit(ud_port_t *port, ud_place_t to)
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

static ud_err_t copy_piece(ud_port_t *port, ud_place_t from, ud_place_t to, uint32_t done,
                           const ud_copy_filter_t *filter, uint32_t offset)
{
    uint8_t piece[PIECE_SIZE];
    uint8_t back[PIECE_SIZE];
    ud_port_watchdog_feed(port);
    if (ud_port_flash_read(port, from.area, from.offset + done, piece, sizeof piece) != UD_OK) {
        return UD_ERR_FLASH_READ;
    }
    if (filter->apply != NULL) {
        filter->apply(filter->context, offset + done, piece, sizeof piece);
    }
    bool taken = ud_port_flash_program(port, to.area, to.offset + done, piece, sizeof piece) == UD_OK &&
                 ud_port_flash_read(port, to.area, to.offset + done, back, sizeof back) == UD_OK &&
                 memcmp(piece, back, sizeof piece) == 0;
    return taken ? UD_OK : UD_ERR_FLASH_WRITE;
}

ud_err_t ud_copy_unit(ud_port_t *port, ud_place_t from, ud_place_t to, const ud_copy_filter_t *filter, uint32_t offset)
{
    ud_err_t err = UD_ERR_FLASH_WRITE;
    for (int tries = 0; tries < TRIES_MAX && err != UD_OK; tries++) {
        err = erase_unit(port, to);
        for (uint32_t done = 0; err == UD_OK && done < ud_slot_unit_size(port); done += PIECE_SIZE) {
            err = copy_piece(port, from, to, done, filter, offset);
        }
    }
    return err;
}

typedef struct {
    ud_window_t window; /* of the image in slot B */
    uint32_t size_bytes;
    ud_copy_filter_t filter;
} copy_t;

static ud_err_t copy_all(void *context)
{
    const copy_t *copy = context;
    ud_port_t *port = copy->window.port;
    uint32_t unit = ud_slot_unit_size(port);
    for (uint32_t index = 0; index < ud_copy_units(port, copy->size_bytes); index++) {
        ud_place_t from = {copy->window.area, copy->window.offset + index * unit};
        ud_place_t to = {UD_AREA_SLOT_A, index * unit};
        UD_TRY(ud_copy_unit(port, from, to, &copy->filter, index * unit));
    }
    return UD_OK;
}

ud_err_t ud_copy_to_a(ud_port_t *port, const ud_boot_config_t *config, ud_slot_record_t *record, uint32_t offset,
                      uint32_t size_bytes)
{
    copy_t copy = {.window = {port, UD_AREA_SLOT_B, offset}, .size_bytes = size_bytes};
    ud_image_source_t source = ud_window_source(&copy.window);
    (void)record;
    return config->cipher != NULL
               ? config->cipher->with_key(config->decryption_key, &source, size_bytes, &copy.filter, copy_all, &copy)
               : copy_all(&copy);
}
