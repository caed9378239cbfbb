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

/* ---- what a run touches ------------------------------------------------------------------------------------------- */

enum { READ = 1, WRITTEN = 2 };

static void note_byte(thumb_trace_t *trace, uint32_t offset, uint8_t value, bool writes)
{
    if (writes && (trace->seen[offset] & WRITTEN) == 0) {
        trace->seen[offset] |= WRITTEN;
        trace->writes[trace->write_count++] = (uint16_t)offset;
    } else if (!writes && trace->seen[offset] == 0) {
        trace->seen[offset] = READ;
        trace->reads[trace->read_count++] = (thumb_byte_t){(uint16_t)offset, value};
    }
}

void thumb_trace_clear(thumb_trace_t *trace)
{
    for (uint32_t index = 0; index < trace->read_count; index++) {
        trace->seen[trace->reads[index].offset] = 0;
    }
    for (uint32_t index = 0; index < trace->write_count; index++) {
        trace->seen[trace->writes[index]] = 0;
    }
    trace->read_count = 0;
    trace->write_count = 0;
    trace->touched_flash = false;
}

void thumb_note(thumb_t *cpu, uint32_t address, uint32_t size, bool writes)
{
    uint32_t first = address - THUMB_RAM;
    if (first <= THUMB_RAM_SIZE - size) {
        for (uint32_t offset = first; offset < first + size; offset++) {
            note_byte(cpu->trace, offset, cpu->ram[offset], writes);
        }
    } else {
        bool constant = address - THUMB_FLASH < cpu->flash->code_size && !writes;
        cpu->trace->touched_flash = cpu->trace->touched_flash || !constant;
    }
}

uint32_t thumb_size(const thumb_t *cpu, uint32_t address)
{
    return is_wide(fetch((thumb_t *)cpu, address)) ? 4 : 2;
}

/* ---- steps -------------------------------------------------------------------------------------------------------- */

void thumb_reset(thumb_t *cpu, thumb_flash_t *flash, uint32_t residue)
{
    memset(cpu, 0, sizeof *cpu);
    cpu->flash = flash;
    for (uint32_t index = 0; index < THUMB_SP; index++) {
        cpu->r[index] = residue;
    }
    cpu->r[THUMB_LR] = residue;
    for (uint32_t offset = 0; offset < THUMB_RAM_SIZE; offset += 4) {
        memcpy(cpu->ram + offset, &residue, 4);
    }
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
