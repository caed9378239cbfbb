/* Instructions of 32 bits: all of ARMv7-M that compilers use without floating point, and BL of ARMv6-M. */
#include "tests/glitch/thumb_parts.h"

/* Data processing with a shifted register or an immediate. */
static void process(thumb_t *cpu, uint32_t first, uint32_t second, uint32_t right, bool carry)
{
    uint32_t source = first & 15;
    uint32_t target = bits(second, 11, 8);
    bool flags = first & 0x10;
    uint32_t left = cpu->r[source];
    uint32_t result = 0;
    bool arithmetic = false;
    switch (bits(first, 8, 5)) {
    case 0:
        result = left & right;
        break;
    case 1:
        result = left & ~right;
        break;
    case 2:
        result = source == 15 ? right : left | right;
        break;
    case 3:
        result = source == 15 ? ~right : left | ~right;
        break;
    case 4:
        result = left ^ right;
        break;
    case 8:
        result = add(cpu, flags, left, right, 0);
        arithmetic = true;
        break;
    case 10:
        result = add(cpu, flags, left, right, cpu->c);
        arithmetic = true;
        break;
    case 11:
        result = add(cpu, flags, left, ~right, cpu->c);
        arithmetic = true;
        break;
    case 13:
        result = subtract(cpu, flags, left, right);
        arithmetic = true;
        break;
    case 14:
        result = subtract(cpu, flags, right, left);
        arithmetic = true;
        break;
    default:
        fault(cpu);
        return;
    }
    if (!arithmetic && flags) {
        set_nz(cpu, true, result);
        cpu->c = carry;
    }
    if (target != 15) {
        write_register(cpu, target, result);
    } else if (!flags) {
        fault(cpu);
    }
}

static void process_register(thumb_t *cpu, uint32_t first, uint32_t second)
{
    bool carry = cpu->c;
    uint32_t amount = bits(second, 14, 12) << 2 | bits(second, 7, 6);
    uint32_t right = shift_coded(cpu->r[second & 15], (int)bits(second, 5, 4), amount, &carry);
    process(cpu, first, second, right, carry);
}

static uint32_t expand(thumb_t *cpu, uint32_t first, uint32_t second, bool *carry)
{
    uint32_t value = second & 0xFF;
    uint32_t code = (first & 0x400) << 1 | bits(second, 14, 12) << 8 | value;
    switch (code >> 8) {
    case 0:
        return value;
    case 1:
        return value << 16 | value;
    case 2:
        return value << 24 | value << 8;
    case 3:
        return value * 0x01010101u;
    default:
        *carry = cpu->c;
        return shift(0x80 | (code & 0x7F), ROR, code >> 7, carry);
    }
}

static void plain_immediate(thumb_t *cpu, uint32_t first, uint32_t second)
{
    uint32_t value = (first & 0x400) << 1 | bits(second, 14, 12) << 8 | (second & 0xFF);
    uint32_t source = first & 15;
    uint32_t target = bits(second, 11, 8);
    uint32_t left = source == 15 ? pc_of(cpu, 4) & ~3u : cpu->r[source];
    uint32_t low = bits(second, 14, 12) << 2 | bits(second, 7, 6);
    uint32_t width = second & 31;
    uint32_t mask = (2u << width) - 1;
    switch (bits(first, 8, 4)) {
    case 0x00:
        left += value;
        break;
    case 0x0A:
        left -= value;
        break;
    case 0x04:
        left = (first & 15) << 12 | value;
        break;
    case 0x0C:
        left = (cpu->r[target] & 0xFFFF) | ((first & 15) << 12 | value) << 16;
        break;
    case 0x14:
        left = sign_extend(left >> low & mask, (int)width + 1);
        break;
    case 0x1C:
        left = left >> low & mask;
        break;
    case 0x16:
        mask = (width - low == 31 ? UINT32_MAX : (2u << (width - low)) - 1) << low;
        left = (cpu->r[target] & ~mask) | ((source == 15 ? 0 : left << low) & mask);
        break;
    default:
        fault(cpu);
        return;
    }
    write_register(cpu, target, left);
}

static void branch(thumb_t *cpu, uint32_t first, uint32_t second)
{
    uint32_t sign = bits(first, 10, 10);
    uint32_t j1 = bits(second, 13, 13);
    uint32_t j2 = bits(second, 11, 11);
    uint32_t low = (second & 0x7FF) << 1;
    uint32_t here = pc_of(cpu, 4);
    if ((second & 0x1000) == 0 && (second & 0x4000) == 0) { /* conditional, or a system instruction */
        uint32_t condition = bits(first, 9, 6);
        if (condition >= 14) {
            if ((first & 0xFFE0) == 0xF380) { /* MSR: the stack pointer of the image to come, and nothing else */
                write_register(cpu, THUMB_SP, (second & 0xFF) == 8 ? cpu->r[first & 15] : cpu->r[THUMB_SP]);
            } else if ((first & 0xFFF0) != 0xF3A0 && (first & 0xFFF0) != 0xF3B0) { /* hints, barriers */
                fault(cpu);
            }
        } else if (holds(cpu, condition)) {
            jump(cpu, here + sign_extend(sign << 20 | j2 << 19 | j1 << 18 | (first & 0x3F) << 12 | low, 21));
        }
        return;
    }
    uint32_t i1 = !(j1 ^ sign);
    uint32_t i2 = !(j2 ^ sign);
    uint32_t target = here + sign_extend(sign << 24 | i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | low, 25);
    if (second & 0x4000) {
        if ((second & 0x1000) == 0) {
            fault(cpu);
        }
        cpu->r[THUMB_LR] = cpu->r[THUMB_PC] | 1;
    }
    jump(cpu, target);
}

static void load_store32(thumb_t *cpu, uint32_t first, uint32_t second)
{
    uint32_t base = first & 15;
    uint32_t target = bits(second, 15, 12);
    uint32_t size = 1u << bits(first, 6, 5);
    bool loads = first & 0x10;
    uint32_t address = base == 15 ? pc_of(cpu, 4) & ~3u : cpu->r[base];
    uint32_t back = address;
    if (size == 8 || (base == 15 && !loads)) {
        fault(cpu);
        return;
    }
    if (base == 15) {
        address += first & 0x80 ? second & 0xFFF : 0u - (second & 0xFFF);
    } else if (first & 0x80) {
        address += second & 0xFFF;
    } else if (second & 0x800) {
        uint32_t moved = address + (second & 0x200 ? second & 0xFF : 0u - (second & 0xFF));
        address = second & 0x400 ? moved : address;
        back = second & 0x100 ? moved : back;
    } else {
        address += cpu->r[second & 15] << bits(second, 5, 4);
    }
    if (!loads) {
        store(cpu, address, cpu->r[target], size);
    } else if (target == 15 && size != 4) {
        return; /* preload hints */
    } else {
        uint32_t value = load(cpu, address, size);
        value = first & 0x100 && size < 4 ? sign_extend(value, 8 * (int)size) : value;
        if (base != 15) {
            write_register(cpu, base, back);
        }
        write_register(cpu, target, value);
        return;
    }
    write_register(cpu, base, back);
}

static void multiple32(thumb_t *cpu, uint32_t first, uint32_t second)
{
    uint32_t base = first & 15;
    uint32_t address = cpu->r[base];
    bool down = first & 0x100;
    uint32_t end = address + (down ? 0u - bytes_of(second) : bytes_of(second));
    if (base == 15 || (first & 0x100) == (first & 0x80) << 1) {
        fault(cpu);
        return;
    }
    address = down ? end : address;
    if (first & 0x20) {
        cpu->r[base] = end;
    }
    if (first & 0x10) {
        load_many(cpu, second, address);
    } else {
        store_many(cpu, second, address);
    }
}

static void dual_or_table(thumb_t *cpu, uint32_t first, uint32_t second)
{
    uint32_t base = first & 15;
    uint32_t address = base == 15 ? pc_of(cpu, 4) & ~3u : cpu->r[base];
    if ((first & 0xFFF0) == 0xE8D0 && (second & 0xFFE0) == 0xF000) {
        uint32_t half = bits(second, 4, 4);
        uint32_t from = base == 15 ? pc_of(cpu, 4) : cpu->r[base];
        jump(cpu, pc_of(cpu, 4) + 2 * load(cpu, from + (cpu->r[second & 15] << half), 1 + half));
        return;
    }
    if ((first & 0x120) == 0) {
        fault(cpu); /* exclusive accesses */
        return;
    }
    uint32_t moved = address + (first & 0x80 ? second & 0xFF : 0u - (second & 0xFF)) * 4;
    uint32_t at = first & 0x100 ? moved : address;
    if (first & 0x10) {
        uint32_t low = load_word(cpu, at);
        uint32_t high = load_word(cpu, at + 4);
        if (first & 0x20) {
            write_register(cpu, base, moved);
        }
        write_register(cpu, bits(second, 15, 12), low);
        write_register(cpu, bits(second, 11, 8), high);
        return;
    }
    store_word(cpu, at, cpu->r[bits(second, 15, 12)]);
    store_word(cpu, at + 4, cpu->r[bits(second, 11, 8)]);
    if (first & 0x20) {
        write_register(cpu, base, moved);
    }
}

static void register32(thumb_t *cpu, uint32_t first, uint32_t second)
{
    uint32_t target = bits(second, 11, 8);
    uint32_t left = cpu->r[first & 15];
    uint32_t right = cpu->r[second & 15];
    if ((first & 0x80) == 0 && (second & 0x80) == 0) {
        bool carry = cpu->c;
        uint32_t value = shift(left, (int)bits(first, 6, 5), right & 0xFF, &carry);
        if (first & 0x10) {
            set_nz(cpu, true, value);
            cpu->c = carry;
        }
        write_register(cpu, target, value);
    } else if ((first & 0x80) == 0) {
        bool carry = false;
        extend(cpu, target, bits(first, 6, 4), shift(right, ROR, 8 * bits(second, 5, 4), &carry));
        cpu->r[target] += (first & 15) == 15 ? 0 : left;
    } else if ((first & 0x70) == 0x10 && (second & 0xC0) == 0x80) {
        reverse(cpu, target, bits(second, 5, 4), right);
    } else if ((first & 0x70) == 0x30 && (second & 0xF0) == 0x80) {
        cpu->r[target] = right == 0 ? 32 : (uint32_t)__builtin_clz(right);
    } else {
        fault(cpu);
    }
}

static void multiply32(thumb_t *cpu, uint32_t first, uint32_t second)
{
    uint32_t left = cpu->r[first & 15];
    uint32_t right = cpu->r[second & 15];
    uint32_t other = bits(second, 15, 12);
    uint32_t target = bits(second, 11, 8);
    uint64_t wide = (uint64_t)left * right;
    uint64_t sum = (uint64_t)cpu->r[target] << 32 | cpu->r[other];
    switch (bits(first, 8, 4) << 4 | bits(second, 7, 4)) {
    case 0x100:
        cpu->r[target] = left * right + (other == 15 ? 0 : cpu->r[other]);
        return;
    case 0x101:
        cpu->r[target] = cpu->r[other] - left * right;
        return;
    case 0x180:
        wide = (uint64_t)((int64_t)(int32_t)left * (int32_t)right);
        break;
    case 0x1A0:
        break;
    case 0x1C0:
        wide = (uint64_t)((int64_t)(int32_t)left * (int32_t)right) + sum;
        break;
    case 0x1E0:
        wide += sum;
        break;
    case 0x1E6:
        wide += (uint64_t)cpu->r[target] + cpu->r[other];
        break;
    case 0x19F:
        cpu->r[target] = right == 0 ? 0 : (uint32_t)((int64_t)(int32_t)left / (int32_t)right);
        return;
    case 0x1BF:
        cpu->r[target] = right == 0 ? 0 : left / right;
        return;
    default:
        fault(cpu);
        return;
    }
    cpu->r[other] = (uint32_t)wide;
    cpu->r[target] = (uint32_t)(wide >> 32);
}

void thumb_execute32(thumb_t *cpu, uint32_t first, uint32_t second)
{
    bool carry = cpu->c;
    if ((first & 0x1800) == 0x1000) {
        if (second & 0x8000) {
            branch(cpu, first, second);
        } else if (first & 0x200) {
            plain_immediate(cpu, first, second);
        } else {
            uint32_t right = expand(cpu, first, second, &carry);
            process(cpu, first, second, right, carry);
        }
        return;
    }
    switch (bits(first, 12, 9)) {
    case 4:
        (first & 0x40 ? dual_or_table(cpu, first, second) : multiple32(cpu, first, second));
        break;
    case 5:
        process_register(cpu, first, second);
        break;
    case 12:
        load_store32(cpu, first, second);
        break;
    case 13:
        (first & 0x100 ? multiply32(cpu, first, second) : register32(cpu, first, second));
        break;
    default:
        fault(cpu);
    }
}
