#include "core/slot/trailer.h"

#include "core/base/assert.h"
#include "core/base/endian.h"

#include <string.h>

#define MAGIC_SIZE 16
#define FLAG_SET 0x01
#define SWAP_TYPE_MASK 0x0F

/* Bytes read at once while looking whether something is blank. */
#define PIECE_SIZE 64

/* Fields of max_align bytes each, counted down from the magic. */
enum { IMAGE_OK = 1, COPY_DONE, SWAP_INFO, SWAP_SIZE, FIELD_COUNT = SWAP_SIZE };

/* With max_align 8; otherwise the first two bytes say max_align, and fourteen others follow. */
static const uint8_t magic_of_8[MAGIC_SIZE] = {0x77, 0xC2, 0x95, 0xF3, 0x60, 0xD2, 0xEF, 0x7F,
                                               0x35, 0x52, 0x50, 0x0F, 0x2C, 0xB6, 0x79, 0x80};
static const uint8_t magic_tail[MAGIC_SIZE - 2] = {0x2D, 0xE1, 0x5D, 0x29, 0x41, 0x0B, 0x8D,
                                                   0x77, 0x67, 0x9C, 0x11, 0x0F, 0x1F, 0x8A};

static uint32_t align_up(uint32_t value, uint32_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static uint32_t align_down(uint32_t value, uint32_t unit)
{
    return value / unit * unit;
}

/* ---- where things stand ----------------------------------------------------------------------------------------- */

static uint32_t magic_offset(const ud_port_t *port, ud_area_t area)
{
    return ud_port_area(port, area)->size_bytes - MAGIC_SIZE;
}

static uint32_t field_offset(const ud_mcuboot_t *mcuboot, const ud_port_t *port, ud_area_t area, uint32_t field)
{
    return align_down(magic_offset(port, area), mcuboot->max_align) - field * mcuboot->max_align;
}

uint32_t ud_trailer_size(const ud_mcuboot_t *mcuboot, const ud_port_t *port)
{
    uint32_t a = ud_port_area(port, UD_AREA_SLOT_A)->write_size_bytes;
    uint32_t b = ud_port_area(port, UD_AREA_SLOT_B)->write_size_bytes;
    uint32_t records = (uint32_t)mcuboot->sectors_max * mcuboot->swap->records_per_sector * (a > b ? a : b);
    uint32_t keys = 2 * align_up(mcuboot->key_size, mcuboot->max_align);
    uint32_t fields = (uint32_t)(FIELD_COUNT + mcuboot->swap->has_tlv_sizes) * mcuboot->max_align;
    return records + keys + fields + align_up(MAGIC_SIZE, mcuboot->max_align);
}

static void fill_magic(const ud_mcuboot_t *mcuboot, uint8_t magic[MAGIC_SIZE])
{
    if (mcuboot->max_align == 8) {
        memcpy(magic, magic_of_8, MAGIC_SIZE);
        return;
    }
    ud_put_u16le(magic, mcuboot->max_align);
    memcpy(magic + 2, magic_tail, sizeof magic_tail);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static bool is_erased(const uint8_t *data, size_t size, uint8_t erased)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] != erased) {
            return false;
        }
    }
    return true;
}

/* True if all of the range can be read, and reads as erased. */
static bool is_blank(ud_port_t *port, ud_area_t area, uint32_t offset, uint32_t end)
{
    uint8_t piece[PIECE_SIZE];
    for (; offset < end; offset += PIECE_SIZE) {
        uint32_t size = end - offset < PIECE_SIZE ? end - offset : PIECE_SIZE;
        ud_port_watchdog_feed(port);
        if (ud_port_flash_read(port, area, offset, piece, size) != UD_OK ||
            !is_erased(piece, size, ud_port_area(port, area)->erased_value)) {
            return false;
        }
    }
    return true;
}

static ud_trailer_mark_t read_mark(ud_port_t *port, ud_area_t area, uint32_t offset, const uint8_t *set, size_t size)
{
    uint8_t data[MAGIC_SIZE];
    if (ud_port_flash_read(port, area, offset, data, size) != UD_OK) {
        return UD_TRAILER_BAD;
    }
    if (is_erased(data, size, ud_port_area(port, area)->erased_value)) {
        return UD_TRAILER_UNSET;
    }
    return memcmp(data, set, size) == 0 ? UD_TRAILER_SET : UD_TRAILER_BAD;
}

static ud_trailer_mark_t read_flag(const ud_mcuboot_t *mcuboot, ud_port_t *port, ud_area_t area, uint32_t field)
{
    static const uint8_t set = FLAG_SET;
    return read_mark(port, area, field_offset(mcuboot, port, area, field), &set, 1);
}

static uint8_t read_swap_type(const ud_mcuboot_t *mcuboot, ud_port_t *port, ud_area_t area)
{
    uint8_t info;
    uint32_t offset = field_offset(mcuboot, port, area, SWAP_INFO);
    if (ud_port_flash_read(port, area, offset, &info, 1) != UD_OK || info == ud_port_area(port, area)->erased_value) {
        return UD_TRAILER_SWAP_NONE;
    }
    uint8_t type = info & SWAP_TYPE_MASK;
    return type >= UD_TRAILER_SWAP_TEST && type <= UD_TRAILER_SWAP_REVERT ? type : UD_TRAILER_SWAP_NONE;
}

void ud_trailer_read(const ud_mcuboot_t *mcuboot, ud_port_t *port, ud_area_t area, ud_trailer_t *trailer)
{
    uint8_t magic[MAGIC_SIZE];
    fill_magic(mcuboot, magic);
    *trailer = (ud_trailer_t){
        .magic = read_mark(port, area, magic_offset(port, area), magic, MAGIC_SIZE),
        .copy_done = read_flag(mcuboot, port, area, COPY_DONE),
        .image_ok = read_flag(mcuboot, port, area, IMAGE_OK),
        .swap_type = read_swap_type(mcuboot, port, area),
    };
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* Programs `size` bytes of whole words where all is erased, and reads them back. */
static ud_err_t program(ud_port_t *port, ud_area_t area, uint32_t offset, const uint8_t *data, uint32_t size)
{
    uint8_t flash[UD_WRITE_SIZE_MAX];
    UD_REQUIRE(is_blank(port, area, offset, offset + size), UD_ERR_FLASH_WRITE);
    UD_TRY(ud_port_flash_program(port, area, offset, data, size));
    UD_REQUIRE(ud_port_flash_read(port, area, offset, flash, size) == UD_OK && memcmp(flash, data, size) == 0,
               UD_ERR_FLASH_WRITE);
    return UD_OK;
}

static ud_err_t program_byte(const ud_mcuboot_t *mcuboot, ud_port_t *port, ud_area_t area, uint32_t field,
                             uint8_t value)
{
    const ud_area_geometry_t *geometry = ud_port_area(port, area);
    uint8_t word[UD_WRITE_SIZE_MAX];
    memset(word, geometry->erased_value, sizeof word);
    word[0] = value;
    return program(port, area, field_offset(mcuboot, port, area, field), word, geometry->write_size_bytes);
}

/* Erases those sectors of slot B that reach into `offset` to `end` and are not blank there; if `anew`, also those that are. */
static ud_err_t clear(ud_port_t *port, uint32_t offset, uint32_t end, bool anew)
{
    uint32_t sector = ud_port_area(port, UD_AREA_SLOT_B)->sector_size_bytes;
    while (offset < end) {
        uint32_t start = align_down(offset, sector);
        uint32_t next = start + sector < end ? start + sector : end;
        if (anew || !is_blank(port, UD_AREA_SLOT_B, offset, next)) {
            ud_port_watchdog_feed(port);
            UD_TRY(ud_port_flash_erase(port, UD_AREA_SLOT_B, start));
            UD_REQUIRE(is_blank(port, UD_AREA_SLOT_B, offset, next), UD_ERR_FLASH_ERASE);
        }
        offset = next;
    }
    return UD_OK;
}

/* All fields lie in the last sector. */
static ud_err_t clear_fields(const ud_mcuboot_t *mcuboot, ud_port_t *port, bool anew)
{
    uint32_t fields = field_offset(mcuboot, port, UD_AREA_SLOT_B, FIELD_COUNT + mcuboot->swap->has_tlv_sizes);
    return clear(port, fields, ud_port_area(port, UD_AREA_SLOT_B)->size_bytes, anew);
}

ud_err_t ud_trailer_prepare(const ud_mcuboot_t *mcuboot, ud_port_t *port, bool anew)
{
    const ud_area_geometry_t *b = ud_port_area(port, UD_AREA_SLOT_B);
    UD_TRY(clear_fields(mcuboot, port, anew));
    UD_TRY(clear(port, b->size_bytes - ud_trailer_size(mcuboot, port), b->size_bytes, false));
    UD_TRY(clear(port, 0, mcuboot->swap->spare_sectors_b * b->sector_size_bytes, false));
    return program_byte(mcuboot, port, UD_AREA_SLOT_B, SWAP_INFO, UD_TRAILER_SWAP_TEST);
}

ud_err_t ud_trailer_request(const ud_mcuboot_t *mcuboot, ud_port_t *port)
{
    uint8_t words[UD_WRITE_SIZE_MAX];
    uint32_t size = align_up(MAGIC_SIZE, mcuboot->max_align);
    memset(words, ud_port_area(port, UD_AREA_SLOT_B)->erased_value, sizeof words);
    fill_magic(mcuboot, words + size - MAGIC_SIZE);
    return program(port, UD_AREA_SLOT_B, field_offset(mcuboot, port, UD_AREA_SLOT_B, 0), words, size);
}

ud_err_t ud_trailer_withdraw(const ud_mcuboot_t *mcuboot, ud_port_t *port)
{
    return clear_fields(mcuboot, port, false);
}

ud_err_t ud_trailer_confirm(const ud_mcuboot_t *mcuboot, ud_port_t *port)
{
    return program_byte(mcuboot, port, UD_AREA_SLOT_A, IMAGE_OK, FLAG_SET);
}
