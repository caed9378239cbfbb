/* What MCUboot does at a start, as its documents say: an independent reader of its trailers, and a swap without the steps in
 * between. Offsets are literal here, not computed as in core/slot/trailer.c.
 */
#ifndef UD_TESTS_MCUBOOT_MODEL_H
#define UD_TESTS_MCUBOOT_MODEL_H

#include "core/slot/mcuboot.h"
#include "ports/posix/board.h"

typedef enum { MODEL_NONE = 1, MODEL_TEST = 2, MODEL_PERMANENT = 3, MODEL_REVERT = 4, MODEL_PANIC = 0xFF } model_type_t;

/* Bytes from a field's start to the end of the slot. */
typedef struct {
    uint32_t max_align;
    uint32_t magic, image_ok, copy_done, swap_info;
    uint8_t magic_bytes[16];
} model_layout_t;

const model_layout_t *model_layout(uint32_t max_align);

/* What the next start would do, by the published table. */
model_type_t model_type(const ud_mcuboot_t *mcuboot, ud_port_t *board);

/* Does it. `valid` is what MCUboot thinks of the image in slot B; what is not valid is erased. Gives what was done. */
model_type_t model_boot(const ud_mcuboot_t *mcuboot, ud_port_t *board, bool valid);

/* Writes one byte at `from_end` bytes from the slot's end, as a probe would. */
void model_poke(ud_port_t *board, ud_area_t area, uint32_t from_end, uint8_t value);

/* Writes the magic of `max_align`. */
void model_poke_magic(ud_port_t *board, ud_area_t area, uint32_t max_align);

#endif
