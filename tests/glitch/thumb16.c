/* Instructions of 16 bits: all of ARMv6-M, with CBZ and IT of ARMv7-M. */
#include "tests/glitch/thumb_parts.h"

enum { AND, EOR, LSLR, LSRR, ASRR, ADC, SBC, RORR, TST, RSB, CMP, CMN, ORR, MUL, BIC, MVN };

static void data_processing(thumb_t *cpu, uint32_t code, bool flags)
{
    uint32_t *target = &cpu->r[code & 7];
    uint32_t right = cpu->r[bits(code, 5, 3)];
    bool carry = cpu->c;
    uint32_t operation = bits(code, 9, 6);
    switch (operation) {
    case AND:
        *target &= right;
        break;
    case EOR:
        *target ^= right;
        break;
    case LSLR:
        *target = shift(*target, LSL, right & 0xFF, &carry);
        break;
    case LSRR:
        *target = shift(*target, LSR, right & 0xFF, &carry);
        break;
    case ASRR:
        *target = shift(*target, ASR, right & 0xFF, &carry);
        break;
    case RORR:
        *target = shift(*target, ROR, right & 0xFF, &carry);
        break;
    case ADC:
        *target = add(cpu, flags, *target, right, cpu->c);
        return;
    case SBC:
        *target = add(cpu, flags, *target, ~right, cpu->c);
        return;
    case RSB:
        *target = subtract(cpu, flags, 0, right);
        return;
    case TST:
        set_nz(cpu, true, *target & right);
        return;
    case CMP:
        (void)subtract(cpu, true, *target, right);
        return;
    case CMN:
        (void)add(cpu, true, *target, right, 0);
        return;
    case ORR:
        *target |= right;
        break;
    case MUL:
        *target *= right;
        break;
    case BIC:
        *target &= ~right;
        break;
    default:
        *target = ~right;
        break;
    }
    set_nz(cpu, flags, *target);
    cpu->c = flags ? carry : cpu->c;
}

static void high_register(thumb_t *cpu, uint32_t code)
{
    uint32_t target = (code & 7) | (code >> 4 & 8);
    uint32_t source = bits(code, 6, 3);
    uint32_t right = source == THUMB_PC ? pc_of(cpu, 2) : cpu->r[source];
    uint32_t left = target == THUMB_PC ? pc_of(cpu, 2) : cpu->r[target];
    switch (bits(code, 9, 8)) {
    case 0:
    case 2:
        right = bits(code, 9, 8) == 0 ? left + right : right;
        write_register(cpu, target, target == THUMB_PC ? right | 1 : right);
        break;
    case 1:
        (void)subtract(cpu, true, left, right);
        break;
    default:
        if (code & 0x80) {
            cpu->r[THUMB_LR] = cpu->r[THUMB_PC] | 1;
        }
        jump_exchange(cpu, right);
    }
}

static void load_store(thumb_t *cpu, uint32_t operation, uint32_t target, uint32_t address)
{
    switch (operation) {
    case 0:
        store(cpu, address, cpu->r[target], 4);
        break;
    case 1:
        store(cpu, address, cpu->r[target], 2);
        break;
    case 2:
        store(cpu, address, cpu->r[target], 1);
        break;
    case 3:
        cpu->r[target] = sign_extend(load(cpu, address, 1), 8);
        break;
    case 4:
        write_register(cpu, target, load(cpu, address, 4));
        break;
    case 5:
        cpu->r[target] = load(cpu, address, 2);
        break;
    case 6:
        cpu->r[target] = load(cpu, address, 1);
        break;
    default:
        cpu->r[target] = sign_extend(load(cpu, address, 2), 16);
        break;
    }
}

static void push_pop(thumb_t *cpu, uint32_t code)
{
    uint32_t *sp = &cpu->r[THUMB_SP];
    uint32_t list = code & 0xFF;
    if (code & 0x0800) {
        uint32_t from = *sp;
        list |= (code & 0x100) << 7;
        *sp += bytes_of(list);
        load_many(cpu, list, from);
    } else {
        list |= (code & 0x100) << 6;
        *sp -= bytes_of(list);
        store_many(cpu, list, *sp);
    }
}

static void miscellaneous(thumb_t *cpu, uint32_t code)
{
    uint32_t low = cpu->r[bits(code, 5, 3)];
    switch (bits(code, 11, 8)) {
    case 0x0:
        cpu->r[THUMB_SP] += (code & 0x80 ? 0u - (code & 0x7F) : code & 0x7F) * 4;
        break;
    case 0x1:
    case 0x3:
    case 0x9:
    case 0xB:
        if ((cpu->r[code & 7] == 0) == ((code & 0x800) == 0)) {
            jump(cpu, pc_of(cpu, 2) + (bits(code, 7, 3) << 1 | (code & 0x200) >> 3));
        }
        break;
    case 0x2: {
        static const uint8_t kinds[] = {0, 4, 1, 5};
        extend(cpu, code & 7, kinds[bits(code, 7, 6)], low);
        break;
    }
    case 0x4:
    case 0x5:
    case 0xC:
    case 0xD:
        push_pop(cpu, code);
        break;
    case 0xA:
        reverse(cpu, code & 7, bits(code, 7, 6), low);
        break;
    case 0xF:
        cpu->it = code & 0xF ? (uint8_t)code : 0;
        break;
    default: /* BKPT, CPS */
        fault(cpu);
    }
}

static void immediate(thumb_t *cpu, uint32_t code, bool flags)
{
    uint32_t *target = &cpu->r[bits(code, 10, 8)];
    uint32_t value = code & 0xFF;
    switch (bits(code, 12, 11)) {
    case 0:
        *target = value;
        set_nz(cpu, flags, value);
        break;
    case 1:
        (void)subtract(cpu, true, *target, value);
        break;
    case 2:
        *target = add(cpu, flags, *target, value, 0);
        break;
    default:
        *target = subtract(cpu, flags, *target, value);
        break;
    }
}

static void shift_or_add(thumb_t *cpu, uint32_t code, bool flags)
{
    uint32_t source = cpu->r[bits(code, 5, 3)];
    uint32_t *target = &cpu->r[code & 7];
    if (bits(code, 12, 11) == 3) {
        uint32_t right = code & 0x400 ? bits(code, 8, 6) : cpu->r[bits(code, 8, 6)];
        *target = code & 0x200 ? subtract(cpu, flags, source, right) : add(cpu, flags, source, right, 0);
        return;
    }
    bool carry = cpu->c;
    *target = shift_coded(source, (int)bits(code, 12, 11), bits(code, 10, 6), &carry);
    set_nz(cpu, flags, *target);
    cpu->c = flags ? carry : cpu->c;
}

static void multiple(thumb_t *cpu, uint32_t code)
{
    uint32_t base = bits(code, 10, 8);
    uint32_t list = code & 0xFF;
    uint32_t address = cpu->r[base];
    if (code & 0x800) {
        cpu->r[base] = address + bytes_of(list);
        load_many(cpu, list, address);
    } else {
        store_many(cpu, list, address);
        cpu->r[base] = address + bytes_of(list);
    }
}

/* Loads and stores, and addresses beside the program counter or the stack pointer. */
static void memory16(thumb_t *cpu, uint32_t code)
{
    uint32_t low = cpu->r[bits(code, 5, 3)];
    uint32_t *target = &cpu->r[code & 7];
    uint32_t *high = &cpu->r[bits(code, 10, 8)];
    uint32_t offset = bits(code, 10, 6);
    uint32_t after_pc = (pc_of(cpu, 2) & ~3u) + (code & 0xFF) * 4;
    uint32_t after_sp = cpu->r[THUMB_SP] + (code & 0xFF) * 4;
    switch (code >> 11) {
    case 0x09:
        *high = load(cpu, after_pc, 4);
        break;
    case 0x0C:
        store(cpu, low + offset * 4, *target, 4);
        break;
    case 0x0D:
        *target = load(cpu, low + offset * 4, 4);
        break;
    case 0x0E:
        store(cpu, low + offset, *target, 1);
        break;
    case 0x0F:
        *target = load(cpu, low + offset, 1);
        break;
    case 0x10:
        store(cpu, low + offset * 2, *target, 2);
        break;
    case 0x11:
        *target = load(cpu, low + offset * 2, 2);
        break;
    case 0x12:
        store(cpu, after_sp, *high, 4);
        break;
    case 0x13:
        *high = load(cpu, after_sp, 4);
        break;
    case 0x14:
        *high = after_pc;
        break;
    case 0x15:
        *high = after_sp;
        break;
    default:
        load_store(cpu, bits(code, 11, 9), code & 7, low + cpu->r[bits(code, 8, 6)]);
    }
}

void thumb_execute16(thumb_t *cpu, uint32_t code, bool flags)
{
    uint32_t condition = bits(code, 11, 8);
    switch (code >> 12) {
    case 0x0:
    case 0x1:
        shift_or_add(cpu, code, flags);
        break;
    case 0x2:
    case 0x3:
        immediate(cpu, code, flags);
        break;
    case 0xB:
        miscellaneous(cpu, code);
        break;
    case 0xC:
        multiple(cpu, code);
        break;
    case 0xD:
        if (condition >= 14) {
            fault(cpu); /* UDF, SVC */
        } else if (holds(cpu, condition)) {
            jump(cpu, pc_of(cpu, 2) + sign_extend(code & 0xFF, 8) * 2);
        }
        break;
    case 0xE:
        jump(cpu, pc_of(cpu, 2) + sign_extend(code & 0x7FF, 11) * 2);
        break;
    default:
        if ((code & 0xF800) != 0x4000) {
            memory16(cpu, code);
        } else if (code & 0x400) {
            high_register(cpu, code);
        } else {
            data_processing(cpu, code, flags);
        }
    }
}
