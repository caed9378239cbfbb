#include "tests/unit/core/slot/mcuboot_model.h"

#include <stdlib.h>
#include <string.h>

#define TAIL 0x2D, 0xE1, 0x5D, 0x29, 0x41, 0x0B, 0x8D, 0x77, 0x67, 0x9C, 0x11, 0x0F, 0x1F, 0x8A

static const model_layout_t layouts[] = {
    {8,
     16,
     24,
     32,
     40,
     {0x77, 0xC2, 0x95, 0xF3, 0x60, 0xD2, 0xEF, 0x7F, 0x35, 0x52, 0x50, 0x0F, 0x2C, 0xB6, 0x79, 0x80}},
    {16, 16, 32, 48, 64, {16, 0, TAIL}},
    {32, 16, 64, 96, 128, {32, 0, TAIL}},
};

const model_layout_t *model_layout(uint32_t max_align)
{
    return &layouts[max_align == 8 ? 0 : max_align == 16 ? 1 : 2];
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

enum { GOOD, SET = GOOD, UNSET, OTHER, ANY };

typedef struct {
    int magic, image_ok, copy_done;
    bool readable;
} state_t;

static uint32_t size_of(const ud_port_t *board, ud_area_t area)
{
    return ud_port_area(board, area)->size_bytes;
}

static int flag(ud_port_t *board, ud_area_t area, uint32_t from_end, bool *readable)
{
    uint8_t byte = 0;
    *readable = ud_port_flash_read(board, area, size_of(board, area) - from_end, &byte, 1) == UD_OK && *readable;
    return byte == 0x01 ? SET : byte == 0xFF ? UNSET : OTHER;
}

static state_t state_of(const ud_mcuboot_t *mcuboot, ud_port_t *board, ud_area_t area)
{
    static const uint8_t erased[16] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                       0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    const model_layout_t *layout = model_layout(mcuboot->max_align);
    uint8_t magic[16] = {0};
    state_t state = {.readable = true};
    state.readable =
        ud_port_flash_read(board, area, size_of(board, area) - layout->magic, magic, sizeof magic) == UD_OK;
    state.magic = memcmp(magic, layout->magic_bytes, 16) == 0 ? GOOD : memcmp(magic, erased, 16) == 0 ? UNSET : OTHER;
    state.image_ok = flag(board, area, layout->image_ok, &state.readable);
    state.copy_done = flag(board, area, layout->copy_done, &state.readable);
    return state;
}

static bool fits(int wanted, int found)
{
    return wanted == ANY || wanted == found;
}

static bool row_fits(const int wanted[3], const state_t *state)
{
    return fits(wanted[0], state->magic) && fits(wanted[1], state->image_ok) && fits(wanted[2], state->copy_done);
}

model_type_t model_type(const ud_mcuboot_t *mcuboot, ud_port_t *board)
{
    /* the document's states I to IV: magic, image ok, copy done */
    static const struct {
        bool offset_only;
        int primary[3], secondary[3];
        model_type_t type;
    } table[] = {
        {true, {ANY, ANY, ANY}, {GOOD, UNSET, SET}, MODEL_REVERT},
        {false, {ANY, ANY, ANY}, {GOOD, UNSET, ANY}, MODEL_TEST},
        {false, {ANY, ANY, ANY}, {GOOD, SET, ANY}, MODEL_PERMANENT},
        {false, {GOOD, UNSET, SET}, {ANY, ANY, ANY}, MODEL_REVERT},
    };
    state_t primary = state_of(mcuboot, board, UD_AREA_SLOT_A);
    state_t secondary = state_of(mcuboot, board, UD_AREA_SLOT_B);
    if (!primary.readable) {
        return MODEL_PANIC;
    }
    if (!secondary.readable) {
        secondary = (state_t){UNSET, UNSET, UNSET, true};
    }
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if ((!table[i].offset_only || mcuboot->swap == &ud_mcuboot_offset) && row_fits(table[i].primary, &primary) &&
            row_fits(table[i].secondary, &secondary)) {
            return table[i].type;
        }
    }
    return MODEL_NONE;
}

/* ---- acting ----------------------------------------------------------------------------------------------------- */

void model_poke(ud_port_t *board, ud_area_t area, uint32_t from_end, uint8_t value)
{
    ud_board_patch(board, area, size_of(board, area) - from_end, &value, 1);
}

void model_poke_magic(ud_port_t *board, ud_area_t area, uint32_t max_align)
{
    const model_layout_t *layout = model_layout(max_align);
    ud_board_patch(board, area, size_of(board, area) - layout->magic, layout->magic_bytes, 16);
}

/* What MCUboot leaves in slot A's trailer after a swap; the slot was loaded anew. */
static void write_trailer(const ud_mcuboot_t *mcuboot, ud_port_t *board, model_type_t type)
{
    const model_layout_t *layout = model_layout(mcuboot->max_align);
    model_poke(board, UD_AREA_SLOT_A, layout->swap_info, (uint8_t)type);
    model_poke_magic(board, UD_AREA_SLOT_A, mcuboot->max_align);
    model_poke(board, UD_AREA_SLOT_A, layout->copy_done, 0x01);
    if (type != MODEL_TEST) {
        model_poke(board, UD_AREA_SLOT_A, layout->image_ok, 0x01);
    }
}

static void swap(const ud_mcuboot_t *mcuboot, ud_port_t *board, model_type_t type)
{
    bool hole = mcuboot->swap == &ud_mcuboot_offset;
    uint32_t sector = ud_port_area(board, UD_AREA_SLOT_B)->sector_size_bytes;
    uint32_t from = hole && type != MODEL_REVERT ? sector : 0;
    uint32_t to = hole && type == MODEL_REVERT ? sector : 0;
    uint32_t size = ud_slot_image_size_max(&ud_slot_mcuboot, board);
    uint8_t *a = malloc(size);
    uint8_t *b = malloc(size);
    if (a == NULL || b == NULL) {
        abort();
    }
    ud_board_peek(board, UD_AREA_SLOT_A, 0, a, size);
    ud_board_peek(board, UD_AREA_SLOT_B, from, b, size);
    ud_board_load(board, UD_AREA_SLOT_A, 0, b, size);
    ud_board_load(board, UD_AREA_SLOT_B, to, a, size);
    write_trailer(mcuboot, board, type);
    free(a);
    free(b);
}

model_type_t model_boot(const ud_mcuboot_t *mcuboot, ud_port_t *board, bool valid)
{
    model_type_t type = model_type(mcuboot, board);
    if (type == MODEL_NONE || type == MODEL_PANIC) {
        return type;
    }
    if (!valid) {
        ud_board_load(board, UD_AREA_SLOT_B, 0, NULL, 0);
        return MODEL_NONE;
    }
    swap(mcuboot, board, type);
    return type;
}
