#include "tests/glitch/thumb_parts.h"

uint8_t *thumb_at(thumb_t *cpu, uint32_t address, uint32_t size)
{
    if (address - THUMB_RAM <= THUMB_RAM_SIZE - size) {
        return &cpu->ram[address - THUMB_RAM];
    }
    if (address - THUMB_FLASH <= THUMB_FLASH_SIZE - size) {
        return &cpu->flash->bytes[address - THUMB_FLASH];
    }
    return NULL;
}

void thumb_undo(thumb_flash_t *flash)
{
    while (flash->undo_count > 0) {
        thumb_undo_t *undo = &flash->undo[--flash->undo_count];
        flash->bytes[undo->offset] = undo->value;
    }
}

uint32_t thumb_size(const thumb_t *cpu, uint32_t address)
{
    return is_wide(fetch((thumb_t *)cpu, address)) ? 4 : 2;
}

/* ---- steps -------------------------------------------------------------------------------------------------------- */

void thumb_reset(thumb_t *cpu, thumb_flash_t *flash)
{
    memset(cpu, 0, sizeof *cpu);
    cpu->flash = flash;
    cpu->r[THUMB_SP] = load(cpu, THUMB_FLASH, 4);
    jump_exchange(cpu, load(cpu, THUMB_FLASH + 4, 4));
}

static void advance_it(thumb_t *cpu)
{
    cpu->it = cpu->it & 7 ? (uint8_t)((cpu->it & 0xE0) | (cpu->it << 1 & 0x1F)) : 0;
}

void thumb_skip(thumb_t *cpu)
{
    cpu->r[THUMB_PC] += thumb_size(cpu, cpu->r[THUMB_PC]);
    advance_it(cpu);
    cpu->steps++;
}

void thumb_step(thumb_t *cpu)
{
    uint32_t here = cpu->r[THUMB_PC];
    uint32_t first = fetch(cpu, here);
    uint8_t it = cpu->it;
    bool runs = it == 0 || holds(cpu, it >> 4);
    advance_it(cpu);
    cpu->steps++;
    if (is_wide(first)) {
        cpu->r[THUMB_PC] = here + 4;
        if (runs) {
            thumb_execute32(cpu, first, fetch(cpu, here + 2));
        }
    } else {
        cpu->r[THUMB_PC] = here + 2;
        if (runs) {
            thumb_execute16(cpu, first, it == 0);
        }
    }
}
