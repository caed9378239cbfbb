#include "tests/powercut/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 8
#define FAILURES_SHOWN 5
#define JOURNAL_ROW 64

/* A late fault strikes at one of the first operations after a cut, and the next cut comes soon after it. */
#define LATE_OPERATIONS 6
#define LATE_WINDOW 3

/* A power cut (variant `choice`) or a fault out of nowhere (place and kind `choice`) at operation `operation` of a run. */
typedef struct {
    bool is_fault;
    unsigned operation;
    unsigned choice;
} event_t;

typedef struct {
    ud_area_t area;
    uint32_t offset;
    const void *data; /* NULL: an erase */
    size_t size;
} operation_t;

typedef struct {
    const explore_options_t *options;
    explore_start_t start;
    const void *context;
    ud_port_t *origin;
    uint64_t *seen; /* open addressing, 0: free */
    size_t seen_count;
    size_t seen_capacity;
    event_t path[EVENTS_MAX];
    size_t path_size;
    unsigned long cuts;
    unsigned long strikes;
    unsigned long runs;
    unsigned long left_out;
    unsigned long failures;
} explorer_t;

/* One run on its way. */
typedef struct {
    explorer_t *explorer;
    ud_port_t *board;
    unsigned operation;
    unsigned long depth; /* cuts so far */
    event_t strike;      /* operation 0: none */
} run_t;

static const ud_word_fault_t fault_kinds[] = {UD_WORD_UNREADABLE, UD_WORD_UNSTABLE, UD_WORD_OLD_FIRST,
                                              UD_WORD_NEW_FIRST, UD_WORD_MIXED};
#define KIND_COUNT (sizeof fault_kinds / sizeof fault_kinds[0])

/* ---- states seen ---------------------------------------------------------------------------------------------------- */

static bool see(explorer_t *explorer, uint64_t hash)
{
    if ((explorer->seen_count + 1) * 2 > explorer->seen_capacity) {
        uint64_t *old = explorer->seen;
        size_t count = explorer->seen_capacity;
        explorer->seen_capacity = count == 0 ? 1024 : count * 2;
        explorer->seen = calloc(explorer->seen_capacity, sizeof *explorer->seen);
        explorer->seen_count = 0;
        for (size_t index = 0; index < count; index++) {
            if (old[index] != 0) {
                (void)see(explorer, old[index]);
            }
        }
        free(old);
    }
    hash += hash == 0;
    size_t at = hash & (explorer->seen_capacity - 1);
    for (; explorer->seen[at] != 0; at = (at + 1) & (explorer->seen_capacity - 1)) {
        if (explorer->seen[at] == hash) {
            return false;
        }
    }
    explorer->seen[at] = hash;
    explorer->seen_count++;
    return true;
}

/* ---- ways to fail ---------------------------------------------------------------------------------------------------- */

/* In the middle of a slot's sector one program is like the next: it will be erased again, whatever it holds. */
static bool is_like_others(const ud_port_t *board, const operation_t *operation)
{
    uint32_t size = ud_port_area(board, operation->area)->sector_size_bytes;
    uint32_t inside = operation->offset % size;
    return operation->area != UD_AREA_JOURNAL && operation->data != NULL && inside != 0 &&
           inside + operation->size != size;
}

/* The cut of number `choice` at an operation: before, after, and inside at some points, with one or all words torn. */
static bool make_cut(const ud_port_t *board, const operation_t *operation, unsigned choice, bool every,
                     ud_board_fuse_t *fuse)
{
    uint32_t words = (uint32_t)operation->size / ud_port_area(board, operation->area)->write_size_bytes;
    *fuse = (ud_board_fuse_t){.operation = 1, .cut = choice == 0 ? UD_CUT_BEFORE : UD_CUT_AFTER};
    if (!every && is_like_others(board, operation)) {
        return choice == 0;
    }
    if (choice < 2) {
        return true;
    }
    unsigned inside = choice - 2;
    unsigned point = inside / (2 * KIND_COUNT);
    const uint32_t points[] = {0, 1, words / 2, words - 1};
    if (point >= 4) {
        return false;
    }
    fuse->cut = UD_CUT_INSIDE;
    fuse->fault = fault_kinds[inside % KIND_COUNT];
    fuse->all_torn = (inside / KIND_COUNT & 1) != 0;
    fuse->words_done = points[point];
    return true;
}

typedef struct {
    uint32_t offset;
    uint32_t size;
    ud_word_fault_t kind;
} strike_t;

/* The fault of number `choice`: each sector, each row, each word of the journal, in each kind but mixed. */
static bool make_strike(const ud_port_t *board, unsigned choice, strike_t *strike)
{
    const ud_area_geometry_t *journal = ud_port_area(board, UD_AREA_JOURNAL);
    const uint32_t sizes[] = {journal->sector_size_bytes, JOURNAL_ROW, journal->write_size_bytes};
    unsigned place = choice / (unsigned)(KIND_COUNT - 1);
    strike->kind = fault_kinds[choice % (KIND_COUNT - 1)];
    for (int level = 0; level < 3; level++) {
        uint32_t count = journal->size_bytes / sizes[level];
        if (place < count) {
            strike->offset = place * sizes[level];
            strike->size = sizes[level];
            return true;
        }
        place -= count;
    }
    return false;
}

static void do_operation(ud_port_t *board, void *arg)
{
    const operation_t *operation = arg;
    ud_err_t err = operation->data == NULL ? ud_port_flash_erase(board, operation->area, operation->offset)
                                           : ud_port_flash_program(board, operation->area, operation->offset,
                                                                   operation->data, operation->size);
    (void)err;
}

/* A board as `board` will be when the power fails at `operation`. */
static ud_port_t *cut_board(ud_port_t *board, operation_t *operation, const ud_board_fuse_t *fuse)
{
    ud_port_t *cut = ud_board_clone(board);
    ud_board_fuse_set(cut, fuse);
    if (ud_board_run(cut, do_operation, operation) != UD_BOARD_POWER_CUT) {
        abort();
    }
    return cut;
}

/* ---- exploring ------------------------------------------------------------------------------------------------------- */

static void print_path(const event_t *path, size_t size)
{
    for (size_t index = 0; index < size; index++) {
        printf("%s%c%u.%u", index == 0 ? "" : ",", path[index].is_fault ? 'f' : 'c', path[index].operation,
               path[index].choice);
    }
}

static void fail(explorer_t *explorer, const char *complaint)
{
    if (explorer->failures++ < FAILURES_SHOWN) {
        printf("FAILED: %s; show it: %s --replay ", complaint, explorer->options->program);
        print_path(explorer->path, explorer->path_size);
        printf("\n");
    }
}

static void enter(explorer_t *explorer, ud_port_t *board, unsigned long depth, event_t strike);
static void strike_late(explorer_t *explorer, ud_port_t *board, unsigned long depth);

static bool is_chosen(const explorer_t *explorer, uint64_t hash, unsigned long one_in)
{
    return one_in <= 1 || (hash ^ hash >> 32 ^ explorer->options->seed * 0x9E3779B97F4A7C15u) % one_in == 0;
}

static void branch(run_t *run, operation_t *operation, unsigned choice, const ud_board_fuse_t *fuse)
{
    explorer_t *explorer = run->explorer;
    ud_port_t *cut = cut_board(run->board, operation, fuse);
    uint64_t hash = ud_board_state_hash(cut);
    explorer->cuts++;
    if (see(explorer, hash + (run->depth << 56))) { /* what was seen after more cuts had fewer to come */
        if (!is_chosen(explorer, hash, explorer->options->sample)) {
            explorer->left_out++;
        } else {
            explorer->path[explorer->path_size++] = (event_t){false, run->operation, choice};
            enter(explorer, cut, run->depth + 1, (event_t){.operation = 0});
            strike_late(explorer, cut, run->depth + 1);
            explorer->path_size--;
        }
    }
    ud_board_destroy(cut);
}

static void watch(void *context, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    run_t *run = context;
    operation_t operation = {area, offset, data, size};
    run->operation++;
    if (run->operation == run->strike.operation) {
        strike_t strike;
        (void)make_strike(run->board, run->strike.choice, &strike);
        ud_board_fault_words(run->board, UD_AREA_JOURNAL, strike.offset, strike.size, strike.kind);
    }
    bool late = run->depth > 0 && run->strike.operation != 0;
    if (run->operation < run->strike.operation || run->depth >= run->explorer->options->depth ||
        (late && run->operation >= run->strike.operation + LATE_WINDOW)) {
        return;
    }
    ud_board_fuse_t fuse;
    for (unsigned choice = 0; make_cut(run->board, &operation, choice, run->explorer->options->every != 0, &fuse);
         choice++) {
        branch(run, &operation, choice, &fuse);
    }
}

/* Starts the board until its life is done; NULL or what is wrong. */
static const char *live(const explorer_t *explorer, ud_port_t *board)
{
    explore_life_t life = {.context = explorer->context};
    for (int starts = 0; starts < UD_EXPLORE_STARTS_MAX; starts++) {
        ud_board_end_t end = ud_board_run(board, explorer->start, &life);
        if (life.complaint != NULL || life.done) {
            return life.complaint;
        }
        if (end == UD_BOARD_RECOVER || end == UD_BOARD_RETURNED) {
            return end == UD_BOARD_RECOVER ? "no authentic image is left" : "it stopped before all was done";
        }
    }
    return "it resets again and again";
}

/* Runs from `board`'s state to the end, and branches on the way. */
static void enter(explorer_t *explorer, ud_port_t *board, unsigned long depth, event_t strike)
{
    run_t run = {.explorer = explorer, .board = ud_board_clone(board), .depth = depth, .strike = strike};
    explorer->runs++;
    ud_board_watch_set(run.board, watch, &run);
    const char *complaint = live(explorer, run.board);
    if (complaint != NULL) {
        fail(explorer, complaint);
    }
    ud_board_destroy(run.board);
}

static unsigned count_operations(const explorer_t *explorer)
{
    ud_port_t *board = ud_board_clone(explorer->origin);
    uint64_t before = ud_board_operations(board);
    const char *complaint = live(explorer, board);
    unsigned count = (unsigned)(ud_board_operations(board) - before);
    printf("undisturbed: %u operations%s%s\n", count,
           complaint == NULL ? "" : ", FAILED: ", complaint == NULL ? "" : complaint);
    ud_board_destroy(board);
    return count;
}

static void strike_everywhere(explorer_t *explorer, unsigned operations)
{
    strike_t strike;
    for (unsigned operation = 1; explorer->options->faults != 0 && operation <= operations; operation++) {
        for (unsigned choice = 0; make_strike(explorer->origin, choice, &strike); choice++) {
            uint64_t name[] = {operation, choice, explorer->options->seed};
            uint64_t hash = name[0] * 0xBF58476D1CE4E5B9u ^ name[1] * 0x94D049BB133111EBu ^ name[2];
            if (is_chosen(explorer, hash * 0x9E3779B97F4A7C15u, explorer->options->faults)) {
                explorer->strikes++;
                explorer->path[0] = (event_t){true, operation, choice};
                explorer->path_size = 1;
                enter(explorer, explorer->origin, 0, explorer->path[0]);
            }
        }
    }
}

/* A sector of the journal that survived the cut goes bad soon after it. */
static void strike_late(explorer_t *explorer, ud_port_t *board, unsigned long depth)
{
    const ud_area_geometry_t *journal = ud_port_area(board, UD_AREA_JOURNAL);
    unsigned choices = journal->size_bytes / journal->sector_size_bytes * (unsigned)(KIND_COUNT - 1);
    bool useful = explorer->options->late != 0 && depth < explorer->options->depth;
    for (unsigned place = 0; useful && place < choices * LATE_OPERATIONS; place++) {
        uint64_t hash = (ud_board_state_hash(board) ^ place) * 0x9E3779B97F4A7C15u;
        if (is_chosen(explorer, hash, explorer->options->late) && explorer->path_size < EVENTS_MAX - 1) {
            event_t strike = {true, 1 + place / choices, place % choices};
            explorer->strikes++;
            explorer->path[explorer->path_size++] = strike;
            enter(explorer, board, depth, strike);
            explorer->path_size--;
        }
    }
}

/* ---- replay ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    run_t run;
    event_t event;
    bool every;
    ud_port_t *cut;
} replay_t;

static void replay_watch(void *context, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    replay_t *replay = context;
    operation_t operation = {area, offset, data, size};
    ud_board_fuse_t fuse;
    strike_t strike;
    replay->run.operation++;
    printf("  %4u %s area %d offset %u size %zu\n", replay->run.operation, data == NULL ? "erase  " : "program",
           (int)area, offset, size);
    if (replay->run.operation == replay->run.strike.operation) {
        (void)make_strike(replay->run.board, replay->run.strike.choice, &strike);
        printf("  fault kind %d on journal %u, %u bytes\n", (int)strike.kind, strike.offset, strike.size);
        ud_board_fault_words(replay->run.board, UD_AREA_JOURNAL, strike.offset, strike.size, strike.kind);
    }
    if (replay->cut == NULL && !replay->event.is_fault && replay->run.operation == replay->event.operation &&
        make_cut(replay->run.board, &operation, replay->event.choice, replay->every, &fuse)) {
        printf("  cut here: %s, %u words done, %s torn, kind %d\n",
               fuse.cut == UD_CUT_BEFORE  ? "before"
               : fuse.cut == UD_CUT_AFTER ? "after"
                                          : "inside",
               fuse.words_done, fuse.all_torn ? "all" : "one", (int)fuse.fault);
        replay->cut = cut_board(replay->run.board, &operation, &fuse);
        ud_port_recover(replay->run.board); /* ends this life; the cut board lives on */
    }
}

static size_t read_path(const char *text, event_t *path)
{
    size_t size = 0;
    char kind = 0;
    int used = 0;
    while (size < EVENTS_MAX &&
           sscanf(text, "%c%u.%u%n", &kind, &path[size].operation, &path[size].choice, &used) == 3) {
        path[size++].is_fault = kind == 'f';
        text += used;
        text += *text == ',';
    }
    return size;
}

static bool replay(explorer_t *explorer)
{
    event_t path[EVENTS_MAX + 1] = {{.operation = 0}};
    size_t size = read_path(explorer->options->replay, path);
    ud_port_t *board = ud_board_clone(explorer->origin);
    event_t strike = {.operation = 0};
    const char *complaint = NULL;
    for (size_t index = 0; index <= size; index++) {
        if (index < size && path[index].is_fault) {
            strike = path[index];
            continue;
        }
        replay_t one = {
            .run = {.board = board, .strike = strike}, .event = path[index], .every = explorer->options->every != 0};
        ud_board_watch_set(board, replay_watch, &one);
        printf("power up\n");
        complaint = live(explorer, board);
        strike.operation = 0;
        if (one.cut != NULL) {
            ud_board_destroy(board);
            board = one.cut;
        }
    }
    printf("%s\n", complaint == NULL ? "all is well" : complaint);
    ud_board_destroy(board);
    return complaint == NULL;
}

/* ---- command line ---------------------------------------------------------------------------------------------------- */

bool explore_options_read(explore_options_t *options, int argc, char **argv)
{
    const struct {
        const char *name;
        unsigned long *number;
        const char **text;
    } names[] = {{"--depth", &options->depth, NULL},   {"--sample", &options->sample, NULL},
                 {"--faults", &options->faults, NULL}, {"--every", &options->every, NULL},
                 {"--seed", &options->seed, NULL},     {"--late", &options->late, NULL},
                 {"--replay", NULL, &options->replay}, {"--case", NULL, &options->name}};
    bool good = argc % 2 != 0;
    for (int index = 1; good && index + 1 < argc; index += 2) {
        good = false;
        for (size_t name = 0; name < sizeof names / sizeof names[0]; name++) {
            if (strcmp(argv[index], names[name].name) != 0) {
                continue;
            }
            good = true;
            if (names[name].number != NULL) {
                *names[name].number = strtoul(argv[index + 1], NULL, 10);
            } else {
                *names[name].text = argv[index + 1];
            }
        }
    }
    if (!good) {
        (void)fprintf(stderr,
                      "usage: %s [--case NAME] [--depth CUTS] [--sample N] [--faults N] [--every 1] [--seed S] "
                      "[--replay PATH]\n",
                      argv[0]);
    }
    return good;
}

bool explore(ud_port_t *board, explore_start_t start, const void *context, const explore_options_t *options)
{
    explorer_t explorer = {.options = options, .start = start, .context = context, .origin = board};
    if (options->replay != NULL) {
        return replay(&explorer);
    }
    printf("%s: ", options->program);
    unsigned operations = count_operations(&explorer);
    enter(&explorer, board, 0, (event_t){.operation = 0});
    strike_everywhere(&explorer, operations);
    printf("  %lu cuts tried, %lu faults struck, %zu states reached, %lu run to the end, %lu left to other seeds, "
           "%lu failures\n",
           explorer.cuts, explorer.strikes, explorer.seen_count, explorer.runs, explorer.left_out, explorer.failures);
    free(explorer.seen);
    return explorer.failures == 0;
}
