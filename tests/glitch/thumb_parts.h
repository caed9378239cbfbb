/* What the instructions of thumb16.c and thumb32.c are made of. Inline, for speed. */
#ifndef UD_GLITCH_THUMB_PARTS_H
#define UD_GLITCH_THUMB_PARTS_H

#include "tests/glitch/thumb.h"

#include <stddef.h>
#include <string.h>

/* Executes an instruction whose halfwords are these; the program counter already stands behind it. */
void thumb_execute16(thumb_t *cpu, uint32_t code, bool flags);
void thumb_execute32(thumb_t *cpu, uint32_t first, uint32_t second);

#define AIRCR 0xE000ED0Cu
#define AIRCR_RESET 0x05FA0004u
#define SYSTEM 0xE000E000u
#define SYSTEM_SIZE 0x1000u

static inline uint32_t bits(uint32_t word, int high, int low)
{
    return (word >> low) & ((2u << (high - low)) - 1);
}

static inline uint32_t sign_extend(uint32_t value, int width)
{
    uint32_t sign = 1u << (width - 1);
    return (value ^ sign) - sign;
}

static inline void fault(thumb_t *cpu)
{
    cpu->state = THUMB_FAULT;
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static inline uint32_t load(thumb_t *cpu, uint32_t address, uint32_t size)
{
    uint32_t value = 0;
    const uint8_t *at = thumb_at(cpu, address, size);
    if (cpu->trace != NULL) {
        thumb_note(cpu, address, size, false);
    }
    if (at != NULL) {
        memcpy(&value, at, size);
    } else if (address - SYSTEM >= SYSTEM_SIZE) {
        fault(cpu);
    }
    return value;
}

static inline void store_flash(thumb_t *cpu, uint32_t offset, const void *value, uint32_t size)
{
    thumb_flash_t *flash = cpu->flash;
    if (offset < flash->code_size || flash->undo_count + size > THUMB_UNDO_MAX) {
        fault(cpu);
        return;
    }
    for (uint32_t index = 0; index < size; index++) {
        flash->undo[flash->undo_count++] = (thumb_undo_t){offset + index, flash->bytes[offset + index]};
    }
    memcpy(&flash->bytes[offset], value, size);
}

static inline void store(thumb_t *cpu, uint32_t address, uint32_t value, uint32_t size)
{
    uint8_t *at = thumb_at(cpu, address, size);
    if (cpu->trace != NULL) {
        thumb_note(cpu, address, size, true);
    }
    if (at == NULL) {
        bool resets = address == AIRCR && value == AIRCR_RESET;
        if (address - SYSTEM >= SYSTEM_SIZE || resets) {
            cpu->state = resets ? THUMB_RESET : THUMB_FAULT;
        }
    } else if (memcmp(at, &value, size) != 0) {
        cpu->changes++;
        if (address >= THUMB_RAM) {
            memcpy(at, &value, size);
        } else {
            store_flash(cpu, address - THUMB_FLASH, &value, size);
        }
    }
}

/* Multiple and doubleword accesses, and on ARMv6-M all of them, must be aligned. */
static inline uint32_t load_word(thumb_t *cpu, uint32_t address)
{
    if (address % 4 != 0) {
        fault(cpu);
    }
    return load(cpu, address, 4);
}

static inline void store_word(thumb_t *cpu, uint32_t address, uint32_t value)
{
    if (address % 4 != 0) {
        fault(cpu);
    }
    store(cpu, address, value, 4);
}

static inline uint32_t fetch(thumb_t *cpu, uint32_t address)
{
    uint32_t offset = address - THUMB_FLASH;
    const uint8_t *at = offset <= THUMB_FLASH_SIZE - 2 ? &cpu->flash->bytes[offset] : thumb_at(cpu, address, 2);
    return at == NULL ? 0xDE00u : at[0] | (uint32_t)at[1] << 8; /* 0xDE00: permanently undefined */
}

static inline bool is_wide(uint32_t first)
{
    return first >= 0xE800u;
}

/* ---- arithmetic --------------------------------------------------------------------------------------------------- */

static inline void set_nz(thumb_t *cpu, bool flags, uint32_t value)
{
    if (flags) {
        cpu->n = value >> 31;
        cpu->z = value == 0;
    }
}

static inline uint32_t add(thumb_t *cpu, bool flags, uint32_t left, uint32_t right, uint32_t carry)
{
    uint64_t wide = (uint64_t)left + right + carry;
    uint32_t sum = (uint32_t)wide;
    if (flags) {
        cpu->c = wide >> 32;
        cpu->v = ((left ^ sum) & (right ^ sum)) >> 31;
        set_nz(cpu, true, sum);
    }
    return sum;
}

static inline uint32_t subtract(thumb_t *cpu, bool flags, uint32_t left, uint32_t right)
{
    return add(cpu, flags, left, ~right, 1);
}

enum { LSL, LSR, ASR, ROR };

/* `amount` 0 to 255; sets `*carry` as the shifter does. */
static inline uint32_t shift(uint32_t value, int kind, uint32_t amount, bool *carry)
{
    if (amount == 0) {
        return value;
    }
    switch (kind) {
    case LSL:
        *carry = amount <= 32 && (amount == 32 ? value & 1 : value >> (32 - amount) & 1);
        return amount < 32 ? value << amount : 0;
    case LSR:
        *carry = amount <= 32 && (value >> (amount - 1) & 1);
        return amount < 32 ? value >> amount : 0;
    case ASR:
        amount = amount < 32 ? amount : 32;
        *carry = ((amount == 32 ? value >> 31 : value >> (amount - 1)) & 1) != 0;
        return amount < 32 ? (value >> amount) | (value >> 31 ? ~(UINT32_MAX >> amount) : 0)
                           : (value >> 31 ? UINT32_MAX : 0);
    default:
        amount %= 32;
        value = amount == 0 ? value : value >> amount | value << (32 - amount);
        *carry = value >> 31;
        return value;
    }
}

/* As instructions encode it: 0 means 32 for LSR and ASR, and RRX for ROR. */
static inline uint32_t shift_coded(uint32_t value, int kind, uint32_t amount, bool *carry)
{
    if (kind == ROR && amount == 0) {
        bool low = value & 1;
        value = value >> 1 | (uint32_t)*carry << 31;
        *carry = low;
        return value;
    }
    return shift(value, kind, amount == 0 && kind != LSL ? 32 : amount, carry);
}

static inline bool holds(const thumb_t *cpu, uint32_t condition)
{
    const bool results[8] = {
        cpu->z, cpu->c, cpu->n, cpu->v, cpu->c && !cpu->z, cpu->n == cpu->v, !cpu->z && cpu->n == cpu->v, true};
    bool result = results[condition >> 1];
    return condition < 14 && (condition & 1) ? !result : result;
}

/* ---- jumps -------------------------------------------------------------------------------------------------------- */

static inline void jump(thumb_t *cpu, uint32_t target)
{
    cpu->r[THUMB_PC] = target & ~1u;
}

/* Bit 0 says Thumb; without it the part faults. */
static inline void jump_exchange(thumb_t *cpu, uint32_t target)
{
    if ((target & 1) == 0) {
        fault(cpu);
    }
    jump(cpu, target);
}

static inline void write_register(thumb_t *cpu, uint32_t index, uint32_t value)
{
    if (index == THUMB_PC) {
        jump_exchange(cpu, value);
    } else {
        cpu->r[index] = index == THUMB_SP ? value & ~3u : value;
    }
}

/* What reading the program counter gives; r[THUMB_PC] already stands behind the instruction. */
static inline uint32_t pc_of(const thumb_t *cpu, uint32_t size)
{
    return cpu->r[THUMB_PC] - size + 4;
}

static inline void load_many(thumb_t *cpu, uint32_t list, uint32_t address)
{
    uint32_t target = 0;
    for (uint32_t index = 0; index < 16; index++) {
        if ((list >> index & 1) == 0) {
            continue;
        }
        uint32_t value = load_word(cpu, address);
        address += 4;
        if (index == THUMB_PC) {
            target = value;
        } else {
            cpu->r[index] = value;
        }
    }
    if (list >> THUMB_PC & 1) {
        jump_exchange(cpu, target);
    }
}

static inline void store_many(thumb_t *cpu, uint32_t list, uint32_t address)
{
    for (uint32_t index = 0; index < 15; index++) {
        if (list >> index & 1) {
            store_word(cpu, address, cpu->r[index]);
            address += 4;
        }
    }
}

static inline uint32_t bytes_of(uint32_t list)
{
    return 4 * (uint32_t)__builtin_popcount(list);
}

static inline void extend(thumb_t *cpu, uint32_t target, uint32_t operation, uint32_t value)
{
    switch (operation) {
    case 0:
        cpu->r[target] = sign_extend(value & 0xFFFF, 16);
        break;
    case 1:
        cpu->r[target] = value & 0xFFFF;
        break;
    case 4:
        cpu->r[target] = sign_extend(value & 0xFF, 8);
        break;
    case 5:
        cpu->r[target] = value & 0xFF;
        break;
    default:
        fault(cpu);
    }
}

static inline void reverse(thumb_t *cpu, uint32_t target, uint32_t operation, uint32_t value)
{
    uint32_t halves = (value & 0x00FF00FFu) << 8 | (value >> 8 & 0x00FF00FFu);
    switch (operation) {
    case 0:
        cpu->r[target] = __builtin_bswap32(value);
        break;
    case 1:
        cpu->r[target] = halves;
        break;
    case 3:
        cpu->r[target] = sign_extend(halves & 0xFFFF, 16);
        break;
    default:
        fault(cpu);
    }
}

#endif
