#include "tests/glitch/memo.h"

#include <stdlib.h>
#include <string.h>

/* Calls that are remembered; further ones take the place of the last. */
#define MEMO_MAX 4096u

#define INPUTS 6 /* r0 to r3, stack pointer, function */

typedef struct {
    uint32_t in[INPUTS];
    uint32_t out[4];
    uint32_t r12, lr;
    bool n, z, c, v;
    uint32_t read_count, write_count;
    thumb_byte_t *bytes; /* read, then written */
} memo_t;

static memo_t memos[MEMO_MAX];
static uint32_t memo_count;
static uint32_t memo_next; /* calls come in the order in which they came before */

static void inputs_of(const thumb_t *cpu, uint32_t in[INPUTS])
{
    memcpy(in, cpu->r, 4 * sizeof in[0]);
    in[4] = cpu->r[THUMB_SP];
    in[5] = cpu->r[THUMB_PC];
}

static bool applies(const memo_t *memo, const thumb_t *cpu, const uint32_t in[INPUTS])
{
    if (memcmp(memo->in, in, sizeof memo->in) != 0) {
        return false;
    }
    for (uint32_t index = 0; index < memo->read_count; index++) {
        if (cpu->ram[memo->bytes[index].offset] != memo->bytes[index].value) {
            return false;
        }
    }
    return true;
}

static const memo_t *recall(const thumb_t *cpu, const uint32_t in[INPUTS])
{
    for (uint32_t turn = 0; turn < memo_count; turn++) {
        uint32_t index = (memo_next + turn) % memo_count;
        if (applies(&memos[index], cpu, in)) {
            memo_next = index + 1;
            return &memos[index];
        }
    }
    return NULL;
}

static void repeat(thumb_t *cpu, const memo_t *memo)
{
    const thumb_byte_t *written = memo->bytes + memo->read_count;
    for (uint32_t index = 0; index < memo->write_count; index++) {
        cpu->ram[written[index].offset] = written[index].value;
    }
    cpu->r[THUMB_PC] = cpu->r[THUMB_LR] & ~1u;
    memcpy(cpu->r, memo->out, sizeof memo->out);
    cpu->r[12] = memo->r12;
    cpu->r[THUMB_LR] = memo->lr;
    cpu->n = memo->n;
    cpu->z = memo->z;
    cpu->c = memo->c;
    cpu->v = memo->v;
    cpu->steps++;
    cpu->changes++;
}

static void keep(const thumb_t *cpu, const thumb_trace_t *trace, const uint32_t in[INPUTS])
{
    memo_t *memo = memo_count < MEMO_MAX ? &memos[memo_count++] : &memos[MEMO_MAX - 1];
    free(memo->bytes);
    *memo = (memo_t){.r12 = cpu->r[12], .lr = cpu->r[THUMB_LR], .n = cpu->n, .z = cpu->z, .c = cpu->c, .v = cpu->v};
    memcpy(memo->in, in, sizeof memo->in);
    memcpy(memo->out, cpu->r, sizeof memo->out);
    memo->bytes = malloc((trace->read_count + trace->write_count + 1) * sizeof memo->bytes[0]);
    if (memo->bytes == NULL) {
        abort();
    }
    memo->read_count = trace->read_count;
    memo->write_count = trace->write_count;
    memcpy(memo->bytes, trace->reads, trace->read_count * sizeof memo->bytes[0]);
    for (uint32_t index = 0; index < trace->write_count; index++) {
        uint16_t offset = trace->writes[index];
        memo->bytes[trace->read_count + index] = (thumb_byte_t){offset, cpu->ram[offset]};
    }
}

/* Does the call for real, and takes down what it read and wrote. */
static void learn(thumb_t *cpu, const uint32_t in[INPUTS])
{
    static thumb_trace_t trace;
    uint32_t saved[8];
    uint32_t back = cpu->r[THUMB_LR] & ~1u;
    uint64_t before = cpu->steps;
    memcpy(saved, cpu->r + 4, sizeof saved);
    thumb_trace_clear(&trace);
    cpu->trace = &trace;
    while (cpu->state == THUMB_RUNS && cpu->steps - before < MEMO_STEPS_MAX &&
           !(cpu->r[THUMB_PC] == back && cpu->r[THUMB_SP] == in[4])) {
        thumb_step(cpu);
    }
    cpu->trace = NULL;
    bool returned = cpu->state == THUMB_RUNS && cpu->steps - before < MEMO_STEPS_MAX;
    if (returned) {
        cpu->steps = before + 1; /* as when it is repeated */
    }
    if (returned && !trace.touched_flash && memcmp(saved, cpu->r + 4, sizeof saved) == 0) {
        keep(cpu, &trace, in);
    }
}

bool memo_call(thumb_t *cpu)
{
    uint32_t in[INPUTS];
    if (cpu->it != 0 || (cpu->r[THUMB_LR] & 1) == 0) {
        return false;
    }
    inputs_of(cpu, in);
    const memo_t *memo = recall(cpu, in);
    if (memo != NULL) {
        repeat(cpu, memo);
    } else {
        learn(cpu, in);
    }
    return true;
}
