/* Runs a Thumb bootloader over an image that must not boot, leaves one instruction out, and says how it ended.
 *
 *   glitch --program FILE --symbols FILE --image FILE [options]
 *     --program FILE      the bootloader as it lies in flash, from its start (objcopy -O binary)
 *     --symbols FILE      its symbols with sizes (nm -S)
 *     --image FILE        what lies in slot A; slot B and the journal are erased
 *     --poke NAME[+N]=HEX bytes to write over a symbol of the program, from its byte N on
 *     --expect OUTCOME    how the unharmed run must end: recover (default) or jumped; jumped skips nothing
 *     --bulk NAME         a function of bulk arithmetic (may repeat): sampled by --arithmetic, not walked
 *     --fill NAME         a function that fills or copies byte by byte (may repeat): its points are sampled by --every-fill
 *     --every N           one of N of the dynamic points, from the SEED-th on (default 1: all)
 *     --every-fill N      one of N of those in filling functions (default 1: all)
 *     --arithmetic N      one of N of the static instructions of bulk functions, at first and last execution (default: none)
 *     --from NAME         begin where that function is entered first
 *     --no-repeated       leave out the runs that skip an instruction each time
 *     --seed N            where samples begin
 *
 * Prints each way into the image, then a line of counts for each kind of run. Exit status: 0 nothing booted, 1 something did,
 * 2 the unharmed run did not end as expected, or wrong use.
 */
#include "tests/glitch/thumb.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where the slots of tests/glitch/board.c lie: code there was not written by the bootloader. */
#define SLOTS (THUMB_FLASH + 0x7000u)
#define SLOTS_SIZE (0x37000u)

/* Steps after which a run that neither ends nor repeats its state counts as hung. */
#define STEPS_MAX 12000000u
#define STEPS_MAX_WITHOUT_MEMO 200000000u

#define SYMBOLS_MAX 1000
#define BULK_MAX 40
#define MEMO_MAX 4096

typedef enum { RECOVER, RESET, FAULT, HANG, JUMPED, OUTCOME_COUNT } outcome_t;

static const char *const outcome_names[OUTCOME_COUNT] = {"recover", "reset", "fault", "hang", "jumped"};

typedef struct {
    char name[64];
    uint32_t address; /* bit 0 clear */
    uint32_t size;
} symbol_t;

static struct {
    symbol_t symbols[SYMBOLS_MAX];
    uint32_t symbol_count;
    const char *bulk[BULK_MAX];
    uint32_t bulk_count;
    const char *fill[BULK_MAX];
    uint32_t fill_count;
    uint32_t recover;
    const char *from;
    uint32_t every, every_fill, arithmetic, seed;
    bool repeated;
    outcome_t expected;
} setup = {.every = 1, .every_fill = 1, .repeated = true, .expected = RECOVER};

static thumb_flash_t flash;

/* By offset of an instruction. */
static bool is_bulk[THUMB_FLASH_SIZE];
static bool is_fill[THUMB_FLASH_SIZE];

static _Noreturn void die(const char *what, const char *which)
{
    fprintf(stderr, "glitch: %s: %s\n", what, which);
    exit(2);
}

/* ---- symbols ------------------------------------------------------------------------------------------------------ */

static const symbol_t *find(const char *name)
{
    for (uint32_t index = 0; index < setup.symbol_count; index++) {
        if (strcmp(setup.symbols[index].name, name) == 0) {
            return &setup.symbols[index];
        }
    }
    return NULL;
}

static const symbol_t *at(uint32_t address)
{
    for (uint32_t index = 0; index < setup.symbol_count; index++) {
        const symbol_t *symbol = &setup.symbols[index];
        if (address - symbol->address < symbol->size) {
            return symbol;
        }
    }
    return NULL;
}

static void read_symbols(const char *path)
{
    char line[300];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        die("cannot read", path);
    }
    while (fgets(line, sizeof line, file) != NULL && setup.symbol_count < SYMBOLS_MAX) {
        symbol_t *symbol = &setup.symbols[setup.symbol_count];
        if (sscanf(line, "%" SCNx32 " %" SCNx32 " %*c %63s", &symbol->address, &symbol->size, symbol->name) == 3) {
            symbol->address &= ~1u;
            setup.symbol_count++;
        }
    }
    fclose(file);
}

static void mark(bool *marks, const char *const *names, uint32_t name_count)
{
    for (uint32_t index = 0; index < name_count; index++) {
        const symbol_t *symbol = find(names[index]);
        if (symbol != NULL) {
            memset(&marks[symbol->address - THUMB_FLASH], true, symbol->size);
        }
    }
}

/* ---- memo: what the costly functions of P-256 did with the same numbers ---------------------------------------------------- */

#define NUMBER 32  /* bytes of a number of 256 bits */
#define BELOW 1024 /* bytes under the stack pointer that a call leaves behind */

typedef struct {
    uint32_t function;
    uint8_t in[4 * NUMBER];
    uint8_t out[2 * NUMBER];
    uint8_t below[BELOW];
    uint32_t r[16];
    bool n, z, c, v;
} memo_t;

static memo_t memos[MEMO_MAX];
static uint32_t memo_count;

typedef struct {
    memo_t key;
    uint8_t *out[2];
    uint32_t out_address[2];
    uint32_t outs;
    bool applies;
} call_t;

static void take(thumb_t *cpu, call_t *call, uint32_t index, uint32_t address)
{
    const uint8_t *from = thumb_at(cpu, address, NUMBER);
    call->applies = call->applies && from != NULL;
    if (from != NULL) {
        memcpy(call->key.in + index * NUMBER, from, NUMBER);
    }
}

typedef enum { NONE, AT_R1, AT_R2, AT_R3, BEHIND_R3, AT_STACKED, IS_R2 } operand_t;

/* The costly functions of each backend: what they compute from; the first `outs` registers point at where they write. */
static const struct {
    const char *name;
    operand_t in[4];
    uint32_t outs;
} costly[] = {
    {"scalar_mult", {AT_R2, AT_R3, AT_STACKED}, 2}, /* core/crypto/mcu */
    {"m256_inv", {AT_R1, IS_R2}, 1},
    {"multiply_points", {AT_R1, AT_R2, AT_R3, BEHIND_R3}, 1}, /* core/crypto/small */
    {"invert", {AT_R1, IS_R2}, 2},
};

#define COSTLY (sizeof costly / sizeof costly[0])

static void take_operand(thumb_t *cpu, call_t *call, uint32_t index, operand_t operand)
{
    const uint32_t *r = cpu->r;
    const uint8_t *stacked = thumb_at(cpu, r[THUMB_SP], 4);
    uint32_t fifth = 0;
    if (stacked != NULL) {
        memcpy(&fifth, stacked, 4);
    }
    const uint32_t addresses[] = {
        [AT_R1] = r[1], [AT_R2] = r[2], [AT_R3] = r[3], [BEHIND_R3] = r[3] + NUMBER, [AT_STACKED] = fifth,
    };
    if (operand == IS_R2) {
        memcpy(call->key.in + index * NUMBER, &r[2], 4);
    } else if (operand != NONE) {
        take(cpu, call, index, addresses[operand]);
    }
}

/* The call of costly[which] that begins at this instruction; it applies if all it points at is RAM it may write. */
static call_t call_here(thumb_t *cpu, uint32_t which)
{
    const uint32_t *r = cpu->r;
    call_t call = {.applies = true, .key = {.function = r[THUMB_PC]}, .outs = costly[which].outs};
    for (uint32_t index = 0; index < 4; index++) {
        take_operand(cpu, &call, index, costly[which].in[index]);
    }
    for (uint32_t index = 0; index < call.outs; index++) {
        call.out_address[index] = r[index];
        bool in_ram = r[index] - THUMB_RAM <= THUMB_RAM_SIZE - NUMBER && r[index] % 4 == 0;
        bool above = r[index] >= r[THUMB_SP];
        call.applies = call.applies && in_ram && above;
    }
    call.applies = call.applies && r[THUMB_SP] - THUMB_RAM >= BELOW && r[THUMB_SP] - THUMB_RAM <= THUMB_RAM_SIZE - 8 &&
                   (r[THUMB_LR] & 1);
    return call;
}

static memo_t *recall(const call_t *call)
{
    for (uint32_t index = 0; index < memo_count; index++) {
        if (memos[index].function == call->key.function &&
            memcmp(memos[index].in, call->key.in, sizeof call->key.in) == 0) {
            return &memos[index];
        }
    }
    return NULL;
}

/* Executes the call for real, and takes down what it did. */
static void learn(thumb_t *cpu, const call_t *call)
{
    uint32_t back = cpu->r[THUMB_LR] & ~1u;
    uint32_t sp = cpu->r[THUMB_SP];
    uint64_t before = cpu->steps;
    uint64_t limit = before + STEPS_MAX_WITHOUT_MEMO;
    while (cpu->state == THUMB_RUNS && cpu->steps < limit && !(cpu->r[THUMB_PC] == back && cpu->r[THUMB_SP] == sp)) {
        thumb_step(cpu);
    }
    if (cpu->state != THUMB_RUNS || cpu->steps >= limit || memo_count == MEMO_MAX) {
        return;
    }
    memo_t *memo = &memos[memo_count++];
    *memo = call->key;
    for (uint32_t index = 0; index < call->outs; index++) {
        memcpy(memo->out + index * NUMBER, thumb_at(cpu, call->out_address[index], NUMBER), NUMBER);
    }
    memcpy(memo->below, thumb_at(cpu, sp - BELOW, BELOW), BELOW);
    memcpy(memo->r, cpu->r, sizeof memo->r);
    memo->n = cpu->n;
    memo->z = cpu->z;
    memo->c = cpu->c;
    memo->v = cpu->v;
    cpu->steps = before + 1; /* as when it is repeated */
}

static void repeat(thumb_t *cpu, const call_t *call, const memo_t *memo)
{
    memcpy(thumb_at(cpu, cpu->r[THUMB_SP] - BELOW, BELOW), memo->below, BELOW);
    for (uint32_t index = 0; index < call->outs; index++) {
        memcpy(thumb_at(cpu, call->out_address[index], NUMBER), memo->out + index * NUMBER, NUMBER);
    }
    memcpy(cpu->r, memo->r, 4 * sizeof cpu->r[0]);
    cpu->r[12] = memo->r[12];
    cpu->r[THUMB_PC] = cpu->r[THUMB_LR] & ~1u;
    cpu->n = memo->n;
    cpu->z = memo->z;
    cpu->c = memo->c;
    cpu->v = memo->v;
    cpu->steps++;
    cpu->changes++;
}

/* Which of the costly functions begins at `address`; COSTLY if none does. */
static uint32_t which_costly(uint32_t address)
{
    static uint32_t addresses[COSTLY]; /* 0: the program has another backend */
    static bool are_known;
    uint32_t found = 0;
    for (uint32_t index = 0; index < COSTLY && !are_known; index++) {
        const symbol_t *symbol = find(costly[index].name);
        addresses[index] = symbol == NULL ? 0 : symbol->address;
        found += symbol != NULL;
    }
    if (!are_known && found != 2) {
        die("the program has not the costly functions of one backend", costly[0].name);
    }
    are_known = true;
    uint32_t which = 0;
    while (which < COSTLY && addresses[which] != address) {
        which++;
    }
    return which;
}

/* True if it did a whole call in place of a step. */
static bool call_at_once(thumb_t *cpu)
{
    uint32_t which = which_costly(cpu->r[THUMB_PC]);
    if (which == COSTLY || cpu->it != 0) {
        return false;
    }
    call_t call = call_here(cpu, which);
    if (!call.applies) {
        return false;
    }
    const memo_t *memo = recall(&call);
    if (memo != NULL) {
        repeat(cpu, &call, memo);
    } else {
        learn(cpu, &call);
    }
    return true;
}

/* ---- runs --------------------------------------------------------------------------------------------------------- */

/* True if the run is over. */
static bool has_ended(const thumb_t *cpu, outcome_t *outcome)
{
    if (cpu->state != THUMB_RUNS) {
        *outcome = cpu->state == THUMB_RESET ? RESET : FAULT;
        return true;
    }
    *outcome = cpu->r[THUMB_PC] == setup.recover ? RECOVER : JUMPED;
    return cpu->r[THUMB_PC] == setup.recover || cpu->r[THUMB_PC] - SLOTS < SLOTS_SIZE;
}

/* A state that comes again with nothing written in between comes for ever (Brent's way of noticing). */
typedef struct {
    uint32_t r[16];
    uint32_t flags;
    uint64_t changes;
    uint64_t next;
} witness_t;

static uint32_t flags_of(const thumb_t *cpu)
{
    return (uint32_t)cpu->it << 4 | (uint32_t)cpu->n << 3 | (uint32_t)cpu->z << 2 | (uint32_t)cpu->c << 1 | cpu->v;
}

static bool is_again(const thumb_t *cpu, witness_t *witness)
{
    if (cpu->r[THUMB_PC] == witness->r[THUMB_PC] && cpu->changes == witness->changes &&
        flags_of(cpu) == witness->flags && memcmp(cpu->r, witness->r, sizeof cpu->r) == 0) {
        return true;
    }
    if (cpu->steps >= witness->next) {
        memcpy(witness->r, cpu->r, sizeof cpu->r);
        witness->flags = flags_of(cpu);
        witness->changes = cpu->changes;
        witness->next = cpu->steps + cpu->steps / 2;
    }
    return false;
}

#define NEVER UINT32_MAX

/* Runs to the end; leaves out the instruction at `skipped` each time. */
static outcome_t run(thumb_t *cpu, uint32_t skipped, bool memoise)
{
    witness_t witness = {.next = cpu->steps};
    uint64_t limit = cpu->steps + (memoise ? STEPS_MAX : STEPS_MAX_WITHOUT_MEMO);
    outcome_t outcome;
    while (!has_ended(cpu, &outcome)) {
        if (cpu->steps >= limit) {
            return HANG;
        }
        if (cpu->r[THUMB_PC] == skipped) {
            thumb_skip(cpu);
        } else if (!memoise || !call_at_once(cpu)) {
            thumb_step(cpu);
        }
        if (is_again(cpu, &witness)) {
            return HANG;
        }
    }
    return outcome;
}

typedef struct {
    uint64_t points;
    uint64_t outcomes[OUTCOME_COUNT];
} counts_t;

static void show(const char *kind, const counts_t *counts)
{
    printf("%s points %" PRIu64, kind, counts->points);
    for (int index = 0; index < OUTCOME_COUNT; index++) {
        printf(" %s %" PRIu64, outcome_names[index], counts->outcomes[index]);
    }
    printf("\n");
}

static void count(counts_t *counts, outcome_t outcome, const char *kind, uint32_t address, uint64_t step)
{
    counts->points++;
    counts->outcomes[outcome]++;
    if (outcome == JUMPED) {
        const symbol_t *symbol = at(address);
        printf("JUMPED %s: %08" PRIx32 " <%s+0x%" PRIx32 "> at step %" PRIu64 "\n", kind, address,
               symbol == NULL ? "?" : symbol->name, symbol == NULL ? 0 : address - symbol->address, step);
    }
}

/* What happens if the instruction to come is left out; `golden` stays as it is. */
static outcome_t harm(const thumb_t *golden, bool memoise)
{
    static thumb_t cpu;
    cpu = *golden;
    uint32_t kept = flash.undo_count;
    thumb_undo_t *undo = flash.undo;
    flash.undo += kept;
    flash.undo_count = 0;
    thumb_skip(&cpu);
    outcome_t outcome = run(&cpu, NEVER, memoise);
    thumb_undo(&flash);
    flash.undo = undo;
    flash.undo_count = kept;
    return outcome;
}

/* Each dynamic instruction outside bulk arithmetic. */
static void walk(counts_t *counts)
{
    static thumb_t golden;
    outcome_t outcome;
    uint64_t index[2] = {0};
    const symbol_t *from = setup.from == NULL ? NULL : find(setup.from);
    if (setup.from != NULL && from == NULL) {
        die("no such function", setup.from);
    }
    thumb_reset(&golden, &flash);
    while (!has_ended(&golden, &outcome)) {
        uint32_t here = golden.r[THUMB_PC];
        bool fills = is_fill[here - THUMB_FLASH];
        uint32_t every = fills ? setup.every * setup.every_fill : setup.every;
        from = from != NULL && here == from->address ? NULL : from;
        if (from == NULL && !is_bulk[here - THUMB_FLASH] && index[fills]++ % every == setup.seed % every) {
            count(counts, harm(&golden, true), "once", here, golden.steps);
        }
        if (!call_at_once(&golden)) {
            thumb_step(&golden);
        }
    }
    thumb_undo(&flash);
}

static uint64_t first_seen[THUMB_FLASH_SIZE / 2];
static uint64_t last_seen[THUMB_FLASH_SIZE / 2];

/* Takes down when each instruction is executed first and last, counted from 1. */
static outcome_t survey(thumb_t *cpu)
{
    outcome_t outcome;
    witness_t witness = {.next = 0};
    thumb_reset(cpu, &flash);
    while (!has_ended(cpu, &outcome)) {
        uint32_t slot = (cpu->r[THUMB_PC] - THUMB_FLASH) / 2;
        last_seen[slot] = cpu->steps + 1;
        first_seen[slot] = first_seen[slot] == 0 ? cpu->steps + 1 : first_seen[slot];
        thumb_step(cpu);
        if (is_again(cpu, &witness)) {
            return HANG;
        }
    }
    thumb_undo(&flash);
    return outcome;
}

/* A sample of the static instructions of bulk arithmetic, at their first and last execution. */
static void sample(counts_t *counts)
{
    static thumb_t golden;
    outcome_t outcome;
    thumb_reset(&golden, &flash);
    while (!has_ended(&golden, &outcome)) {
        uint32_t here = golden.r[THUMB_PC];
        uint32_t slot = (here - THUMB_FLASH) / 2;
        bool is_end = golden.steps + 1 == first_seen[slot] || golden.steps + 1 == last_seen[slot];
        if (is_end && is_bulk[here - THUMB_FLASH] && slot % setup.arithmetic == setup.seed % setup.arithmetic) {
            count(counts, harm(&golden, true), "arithmetic", here, golden.steps);
        }
        thumb_step(&golden);
    }
    thumb_undo(&flash);
}

/* Each static instruction, left out every time it comes. */
static void repeat_all(counts_t *counts)
{
    static thumb_t cpu;
    uint32_t bulk = 0;
    for (uint32_t slot = 0; slot < THUMB_FLASH_SIZE / 2; slot++) {
        uint32_t address = THUMB_FLASH + slot * 2;
        bool takes = first_seen[slot] != 0;
        if (takes && is_bulk[slot * 2]) {
            takes = setup.arithmetic != 0 && bulk++ % setup.arithmetic == setup.seed % setup.arithmetic;
        }
        if (takes) {
            thumb_reset(&cpu, &flash);
            count(counts, run(&cpu, address, !is_bulk[slot * 2]), "each time", address, 0);
            thumb_undo(&flash);
        }
    }
}

/* ---- command line --------------------------------------------------------------------------------------------------- */

static void read_into(const char *path, uint32_t offset)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        die("cannot read", path);
    }
    size_t size = fread(flash.bytes + offset, 1, THUMB_FLASH_SIZE - offset, file);
    fclose(file);
    if (offset == 0) {
        flash.code_size = (uint32_t)size;
    }
}

static void poke(char *text)
{
    char *hex = strchr(text, '=');
    if (hex == NULL) {
        die("not NAME=HEX", text);
    }
    *hex++ = '\0';
    char *plus = strchr(text, '+');
    uint32_t offset = plus == NULL ? 0 : (uint32_t)strtoul(plus, NULL, 10);
    if (plus != NULL) {
        *plus = '\0';
    }
    const symbol_t *symbol = find(text);
    if (symbol == NULL || offset + strlen(hex) / 2 > symbol->size) {
        die("no such symbol, or too small", text);
    }
    for (uint32_t index = 0; hex[2 * index] != '\0'; index++) {
        unsigned byte;
        if (sscanf(hex + 2 * index, "%2x", &byte) != 1) {
            die("not hexadecimal", hex);
        }
        flash.bytes[symbol->address - THUMB_FLASH + offset + index] = (uint8_t)byte;
    }
}

static void take_option(const char *option, char *value)
{
    if (strcmp(option, "--program") == 0) {
        read_into(value, 0);
    } else if (strcmp(option, "--symbols") == 0) {
        read_symbols(value);
    } else if (strcmp(option, "--image") == 0) {
        read_into(value, SLOTS - THUMB_FLASH);
    } else if (strcmp(option, "--poke") == 0) {
        poke(value);
    } else if (strcmp(option, "--expect") == 0) {
        setup.expected = strcmp(value, "jumped") == 0 ? JUMPED : RECOVER;
    } else if (strcmp(option, "--bulk") == 0 && setup.bulk_count < BULK_MAX) {
        setup.bulk[setup.bulk_count++] = value;
    } else if (strcmp(option, "--fill") == 0 && setup.fill_count < BULK_MAX) {
        setup.fill[setup.fill_count++] = value;
    } else if (strcmp(option, "--every-fill") == 0) {
        setup.every_fill = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(option, "--from") == 0) {
        setup.from = value;
    } else if (strcmp(option, "--every") == 0) {
        setup.every = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(option, "--arithmetic") == 0) {
        setup.arithmetic = (uint32_t)strtoul(value, NULL, 10);
    } else if (strcmp(option, "--seed") == 0) {
        setup.seed = (uint32_t)strtoul(value, NULL, 10);
    } else {
        die("no such option", option);
    }
}

int main(int argc, char **argv)
{
    static thumb_t cpu;
    static counts_t once, arithmetic, each;
    memset(flash.bytes, 0xFF, sizeof flash.bytes);
    flash.undo = malloc(2 * THUMB_UNDO_MAX * sizeof flash.undo[0]);
    for (int index = 1; index < argc; index++) {
        if (strcmp(argv[index], "--no-repeated") == 0) {
            setup.repeated = false;
        } else if (index + 1 < argc) {
            take_option(argv[index], argv[index + 1]);
            index++;
        }
    }
    const symbol_t *recover = find("ud_port_recover");
    if (recover == NULL || flash.undo == NULL || setup.every == 0 || setup.every_fill == 0) {
        die("wrong use", "see the head of tests/glitch/glitch.c");
    }
    setup.recover = recover->address;
    mark(is_bulk, setup.bulk, setup.bulk_count);
    mark(is_fill, setup.fill, setup.fill_count);
    outcome_t outcome;
    if (setup.arithmetic != 0 || setup.repeated) {
        outcome = survey(&cpu);
    } else {
        thumb_reset(&cpu, &flash);
        outcome = run(&cpu, NEVER, true);
        thumb_undo(&flash);
    }
    const symbol_t *last = at(cpu.r[THUMB_PC]);
    printf("unharmed %s steps %" PRIu64 " in %s at %08" PRIx32 "\n", outcome_names[outcome], cpu.steps,
           last == NULL ? "no function" : last->name, cpu.r[THUMB_PC]);
    if (outcome != setup.expected) {
        return 2;
    }
    if (outcome == JUMPED) {
        return 0;
    }
    walk(&once);
    show("once", &once);
    if (setup.arithmetic != 0) {
        sample(&arithmetic);
        show("arithmetic", &arithmetic);
    }
    if (setup.repeated) {
        repeat_all(&each);
        show("each-time", &each);
    }
    return once.outcomes[JUMPED] + arithmetic.outcomes[JUMPED] + each.outcomes[JUMPED] != 0;
}
