/* Runs a Thumb bootloader over an image that must not boot, leaves one instruction out, and says how it ended.
 *
 *   glitch --program FILE --symbols FILE --flash FILE --expect OUTCOME [options]
 *     --program FILE      the bootloader as it lies in flash, from its start (objcopy -O binary)
 *     --symbols FILE      its symbols with sizes (nm -S)
 *     --flash FILE        all of the flash; the program is laid over its start
 *     --poke NAME[+N]=HEX bytes to write over a symbol of the program, from its byte N on
 *     --good ADDRESS=FILE an authentic image (its signed bytes), and where it may run (may repeat)
 *     --residue WORD      what all registers and all RAM hold at the reset (default 0)
 *     --expect OUTCOME    how the unharmed run must end: recover, reset or booted
 *     --save FILE         write the flash after the unharmed run there, and skip nothing
 *     --costly NAME       a function whose calls are remembered by their inputs (may repeat; none of that name: no matter)
 *     --limit N           of an instruction that is executed more often, that many executions are skipped (default: all)
 *     --from NAME         begin where that function is entered first
 *     --after NAME        begin where that function has returned first
 *     --inside N          that many executions of each instruction inside costly calls (default: none)
 *     --inside-every N    of one of N of these instructions (default 1: all)
 *     --each-time N       one of N of the instructions, skipped each time it comes (default: none)
 *
 * Executions are taken evenly, the first and the last among them. Outcomes: recover (ud_port_recover was entered), reset, fault,
 * hang, booted (a byte of an authentic image was executed, all of which is there), jumped (any other byte of a slot).
 * Prints each jump, then a line of counts for each kind of run. Exit status: 0 nothing jumped, 1 something did, 2 the unharmed
 * run did not end as expected, or wrong use.
 */
#include "tests/glitch/board.h"
#include "tests/glitch/memo.h"
#include "tests/glitch/symbols.h"
#include "tests/glitch/thumb.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Steps after which a run that neither ends nor repeats its state counts as hung; costly calls count as one. */
#define STEPS_MAX 12000000u

#define PLACES (BOARD_JOURNAL / 2) /* where an instruction of the program may begin */
#define GOOD_MAX 4
#define NEVER UINT32_MAX

typedef enum { RECOVER, RESET, FAULT, HANG, BOOTED, JUMPED, OUTCOME_COUNT } outcome_t;

static const char *const outcome_names[OUTCOME_COUNT] = {"recover", "reset", "fault", "hang", "booted", "jumped"};

typedef struct {
    uint32_t offset; /* in flash */
    uint32_t size;
    uint8_t bytes[4096];
} good_t;

static struct {
    good_t good[GOOD_MAX];
    uint32_t good_count;
    uint32_t recover;
    uint32_t residue;
    const char *begin; /* a function */
    bool after;        /* begin when it has returned */
    const char *save;
    uint32_t limit, inside, inside_every, each_time;
    outcome_t expected;
} setup = {.limit = UINT32_MAX, .inside_every = 1, .expected = OUTCOME_COUNT};

static thumb_flash_t flash;

static bool is_costly[PLACES]; /* a costly function begins here */

static uint32_t place_of(uint32_t address)
{
    uint32_t place = (address - THUMB_FLASH) / 2;
    return place < PLACES ? place : 0; /* 0: the vector table */
}

/* ---- runs --------------------------------------------------------------------------------------------------------- */

static outcome_t entered_slot(uint32_t offset)
{
    for (uint32_t index = 0; index < setup.good_count; index++) {
        const good_t *good = &setup.good[index];
        if (offset - good->offset < good->size && memcmp(flash.bytes + good->offset, good->bytes, good->size) == 0) {
            return BOOTED;
        }
    }
    return JUMPED;
}

/* True if the run is over. */
static bool has_ended(const thumb_t *cpu, outcome_t *outcome)
{
    uint32_t offset = cpu->r[THUMB_PC] - THUMB_FLASH;
    if (cpu->state != THUMB_RUNS) {
        *outcome = cpu->state == THUMB_RESET ? RESET : FAULT;
        return true;
    }
    if (offset >= BOARD_SLOT_A && offset < BOARD_END) {
        *outcome = entered_slot(offset);
        return true;
    }
    *outcome = RECOVER;
    return cpu->r[THUMB_PC] == setup.recover;
}

static void step(thumb_t *cpu, bool memoise)
{
    if (!memoise || !is_costly[place_of(cpu->r[THUMB_PC])] || !memo_call(cpu)) {
        thumb_step(cpu);
    }
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

/* Runs to the end; leaves out the instruction at `skipped` each time. */
static outcome_t run(thumb_t *cpu, uint32_t skipped, bool memoise)
{
    witness_t witness = {.next = cpu->steps};
    uint64_t limit = cpu->steps + (memoise ? STEPS_MAX : MEMO_STEPS_MAX);
    outcome_t outcome;
    while (!has_ended(cpu, &outcome)) {
        if (cpu->steps >= limit) {
            return HANG;
        }
        if (cpu->r[THUMB_PC] == skipped) {
            thumb_skip(cpu);
        } else {
            step(cpu, memoise);
        }
        if (is_again(cpu, &witness)) {
            return HANG;
        }
    }
    return outcome;
}

/* ---- counts ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *kind;
    uint64_t points;
    uint64_t instructions;
    uint64_t outcomes[OUTCOME_COUNT];
} counts_t;

static void show(const counts_t *counts)
{
    printf("%s points %" PRIu64 " instructions %" PRIu64, counts->kind, counts->points, counts->instructions);
    for (int index = 0; index < OUTCOME_COUNT; index++) {
        printf(" %s %" PRIu64, outcome_names[index], counts->outcomes[index]);
    }
    printf("\n");
}

static void count(counts_t *counts, outcome_t outcome, uint32_t address, uint64_t step)
{
    counts->points++;
    counts->outcomes[outcome]++;
    if (outcome == JUMPED) {
        const symbol_t *symbol = symbol_at(address);
        printf("JUMPED %s: %08" PRIx32 " <%s+0x%" PRIx32 "> at step %" PRIu64 "\n", counts->kind, address,
               symbol == NULL ? "?" : symbol->name, symbol == NULL ? 0 : address - symbol->address, step);
    }
}

/* ---- one skip ----------------------------------------------------------------------------------------------------- */

/* What happens if the instruction to come is left out; `golden` stays as it is. */
static outcome_t harm(const thumb_t *golden)
{
    static thumb_t cpu;
    cpu = *golden;
    uint32_t kept = flash.undo_count;
    thumb_undo_t *undo = flash.undo;
    flash.undo += kept;
    flash.undo_count = 0;
    thumb_skip(&cpu);
    outcome_t outcome = run(&cpu, NEVER, true);
    thumb_undo(&flash);
    flash.undo = undo;
    flash.undo_count = kept;
    return outcome;
}

/* Where looking begins. */
typedef struct {
    uint32_t address; /* 0: it has begun */
    bool after;       /* a function is there, which must return first */
} start_t;

static bool has_begun(start_t *start, const thumb_t *cpu)
{
    if (cpu->r[THUMB_PC] == start->address) {
        start->address = start->after ? cpu->r[THUMB_LR] & ~1u : 0;
        start->after = false;
    }
    return start->address == 0;
}

/* How often each instruction is executed from `start` on, with costly calls done at once or not. */
static void survey(uint32_t executions[PLACES], start_t start, bool memoise)
{
    static thumb_t cpu;
    outcome_t outcome;
    memset(executions, 0, PLACES * sizeof executions[0]);
    thumb_reset(&cpu, &flash, setup.residue);
    while (!has_ended(&cpu, &outcome)) {
        executions[place_of(cpu.r[THUMB_PC])] += has_begun(&start, &cpu);
        step(&cpu, memoise);
    }
    thumb_undo(&flash);
}

/* True for `limit` of `total` executions, evenly, the first and the last among them. */
static bool is_chosen(uint64_t index, uint64_t total, uint64_t limit)
{
    if (total <= limit || index == 0) {
        return limit != 0;
    }
    return limit > 1 && index * (limit - 1) / (total - 1) != (index - 1) * (limit - 1) / (total - 1);
}

/* Skips at executions outside of costly calls. */
static void walk(counts_t *counts, const uint32_t executions[PLACES], start_t start)
{
    static thumb_t golden;
    static uint32_t seen[PLACES];
    outcome_t outcome;
    thumb_reset(&golden, &flash, setup.residue);
    while (!has_ended(&golden, &outcome)) {
        uint32_t here = golden.r[THUMB_PC];
        uint32_t place = place_of(here);
        if (has_begun(&start, &golden) && is_chosen(seen[place]++, executions[place], setup.limit)) {
            counts->instructions += seen[place] == 1;
            count(counts, harm(&golden), here, golden.steps);
        }
        step(&golden, true);
    }
    thumb_undo(&flash);
}

/* Skips inside costly calls: what is executed more often when these are done step by step. */
static void walk_inside(counts_t *counts, const uint32_t outside[PLACES], const uint32_t executions[PLACES])
{
    static thumb_t golden;
    static uint32_t seen[PLACES];
    outcome_t outcome;
    thumb_reset(&golden, &flash, setup.residue);
    while (!has_ended(&golden, &outcome)) {
        uint32_t here = golden.r[THUMB_PC];
        uint32_t place = place_of(here);
        bool sampled = executions[place] > outside[place] && place % setup.inside_every == 0;
        if (sampled && is_chosen(seen[place]++, executions[place], setup.inside)) {
            counts->instructions += seen[place] == 1;
            count(counts, harm(&golden), here, golden.steps);
        }
        step(&golden, false);
    }
    thumb_undo(&flash);
}

/* Instructions that are left out every time they come. */
static void repeat(counts_t *counts, const uint32_t outside[PLACES], const uint32_t executions[PLACES])
{
    static thumb_t cpu;
    uint32_t index = 0;
    for (uint32_t place = 0; place < PLACES; place++) {
        if (executions[place] != 0 && index++ % setup.each_time == 0) {
            uint32_t address = THUMB_FLASH + place * 2;
            counts->instructions++;
            thumb_reset(&cpu, &flash, setup.residue);
            count(counts, run(&cpu, address, outside[place] == executions[place]), address, 0);
            thumb_undo(&flash);
        }
    }
}

/* ---- command line --------------------------------------------------------------------------------------------------- */

static uint32_t read_into(const char *path, uint8_t *bytes, size_t size_max)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        die("cannot read", path);
    }
    size_t size = fread(bytes, 1, size_max, file);
    fclose(file);
    return (uint32_t)size;
}

static void take_program(const char *path)
{
    flash.code_size = read_into(path, flash.bytes, BOARD_JOURNAL);
}

static void take_flash(const char *path)
{
    if (read_into(path, flash.bytes, sizeof flash.bytes) != sizeof flash.bytes) {
        die("not all of a flash", path);
    }
}

/* The text behind the first `mark`, which is replaced by an end. */
static char *cut(char *text, char mark)
{
    char *at = strchr(text, mark);
    if (at == NULL) {
        return NULL;
    }
    *at = '\0';
    return at + 1;
}

static void take_poke(char *text)
{
    char *hex = cut(text, '=');
    char *plus = cut(text, '+');
    uint32_t offset = plus == NULL ? 0 : (uint32_t)strtoul(plus, NULL, 10);
    const symbol_t *symbol = symbol_find(text);
    if (hex == NULL || symbol == NULL || offset + strlen(hex) / 2 > symbol->size) {
        die("not NAME=HEX, no such symbol, or too small", text);
    }
    for (uint32_t index = 0; hex[2 * index] != '\0'; index++) {
        unsigned byte;
        if (sscanf(hex + 2 * index, "%2x", &byte) != 1) {
            die("not hexadecimal", hex);
        }
        flash.bytes[symbol->address - THUMB_FLASH + offset + index] = (uint8_t)byte;
    }
}

static void take_good(char *text)
{
    char *path = cut(text, '=');
    if (path == NULL || setup.good_count == GOOD_MAX) {
        die("not ADDRESS=FILE, or too many", text);
    }
    good_t *good = &setup.good[setup.good_count++];
    good->offset = (uint32_t)strtoul(text, NULL, 0) - THUMB_FLASH;
    good->size = read_into(path, good->bytes, sizeof good->bytes);
}

static void take_costly(const char *name)
{
    const symbol_t *symbol = symbol_find(name);
    if (symbol != NULL) {
        is_costly[place_of(symbol->address)] = true;
    }
}

static void take_expected(const char *name)
{
    for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
        if (strcmp(name, outcome_names[outcome]) == 0) {
            setup.expected = (outcome_t)outcome;
        }
    }
}

static bool take_text(const char *option, char *value)
{
    static const struct {
        const char *option;
        void (*take)(const char *value);
    } rows[] = {
        {"--program", take_program}, {"--symbols", symbols_read}, {"--flash", take_flash},
        {"--costly", take_costly},   {"--expect", take_expected},
    };
    for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
        if (strcmp(option, rows[index].option) == 0) {
            rows[index].take(value);
            return true;
        }
    }
    if (strcmp(option, "--poke") == 0) {
        take_poke(value);
    } else if (strcmp(option, "--good") == 0) {
        take_good(value);
    } else if (strcmp(option, "--from") == 0 || strcmp(option, "--after") == 0) {
        setup.begin = value;
        setup.after = strcmp(option, "--after") == 0;
    } else if (strcmp(option, "--save") == 0) {
        setup.save = value;
    } else {
        return false;
    }
    return true;
}

static void take_number(const char *option, const char *value)
{
    const struct {
        const char *option;
        uint32_t *number;
    } rows[] = {
        {"--limit", &setup.limit},         {"--inside", &setup.inside},
        {"--each-time", &setup.each_time}, {"--inside-every", &setup.inside_every},
        {"--residue", &setup.residue},
    };
    for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
        if (strcmp(option, rows[index].option) == 0) {
            *rows[index].number = (uint32_t)strtoul(value, NULL, 0);
            return;
        }
    }
    die("no such option", option);
}

/* The run without a skip; says where it ended. */
static outcome_t run_unharmed(thumb_t *cpu)
{
    thumb_reset(cpu, &flash, setup.residue);
    outcome_t outcome = run(cpu, NEVER, true);
    const symbol_t *last = symbol_at(cpu->r[THUMB_PC]);
    printf("unharmed %s steps %" PRIu64 " in %s at %08" PRIx32 "\n", outcome_names[outcome], cpu->steps,
           last == NULL ? "no function" : last->name, cpu->r[THUMB_PC]);
    return outcome;
}

static void save(const char *path)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(flash.bytes, 1, sizeof flash.bytes, file) != sizeof flash.bytes || fclose(file) != 0) {
        die("cannot write", path);
    }
}

static bool skip_all(void)
{
    static uint32_t outside[PLACES];
    static uint32_t executions[PLACES];
    counts_t once = {.kind = "once"};
    counts_t inside = {.kind = "inside"};
    counts_t each_time = {.kind = "each-time"};
    const symbol_t *begin = setup.begin == NULL ? NULL : symbol_find(setup.begin);
    if (setup.begin != NULL && begin == NULL) {
        die("no such function", setup.begin);
    }
    start_t start = {.address = begin == NULL ? 0 : begin->address, .after = setup.after};
    survey(outside, start, true);
    walk(&once, outside, start);
    show(&once);
    if (setup.inside != 0 || setup.each_time != 0) {
        survey(outside, (start_t){0}, true);
        survey(executions, (start_t){0}, false);
    }
    if (setup.inside != 0) {
        walk_inside(&inside, outside, executions);
        show(&inside);
    }
    if (setup.each_time != 0) {
        repeat(&each_time, outside, executions);
        show(&each_time);
    }
    return once.outcomes[JUMPED] + inside.outcomes[JUMPED] + each_time.outcomes[JUMPED] != 0;
}

int main(int argc, char **argv)
{
    static thumb_t cpu;
    flash.undo = malloc(2 * THUMB_UNDO_MAX * sizeof flash.undo[0]);
    for (int index = 1; index + 1 < argc; index += 2) {
        if (!take_text(argv[index], argv[index + 1])) {
            take_number(argv[index], argv[index + 1]);
        }
    }
    const symbol_t *recover = symbol_find("ud_port_recover");
    if (recover == NULL || flash.undo == NULL || argc % 2 == 0 || setup.expected == OUTCOME_COUNT) {
        die("wrong use", "see the head of tests/glitch/glitch.c");
    }
    setup.recover = recover->address;
    setup.inside_every = setup.inside_every == 0 ? 1 : setup.inside_every;
    if (run_unharmed(&cpu) != setup.expected) {
        return 2;
    }
    if (setup.save != NULL) {
        save(setup.save);
        return 0;
    }
    thumb_undo(&flash);
    return skip_all();
}
