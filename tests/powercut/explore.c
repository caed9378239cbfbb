#include "tests/powercut/explore.h"

#include "tests/powercut/seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 8
#define FAILURES_SHOWN 5

/* Bytes of a path in words: a letter, two numbers of 32 bits, two signs for each event. */
#define PATH_TEXT_SIZE (EVENTS_MAX * 24)

#define JOURNAL_ROW 64

/* Sectors of a slot in which each program may be cut, and words of the longest program. */
#define SMALL_SECTOR 4096
#define PAGE_WORDS_MAX 256

/* Before, after, four points in ten ways, each other word of a page. */
#define CUTS_MAX (2 + 40 + PAGE_WORDS_MAX)

/* A late fault strikes at one of the first operations after a cut, and the next cut comes soon after it. */
#define LATE_OPERATIONS 6
#define LATE_WINDOW 3

/* A power cut (number `choice` of list_cuts) or a fault out of nowhere (number `choice` of make_strike) at operation
 * `operation` of a run.
 */
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
    seen_t seen; /* states */
    event_t path[EVENTS_MAX];
    size_t path_size;
    unsigned long cuts;
    unsigned long strikes;
    unsigned long runs;
    unsigned long left_out;
    unsigned long failures;
    uint32_t erases[UD_AREA_COUNT]; /* of the sector that was erased most in one life */
} explorer_t;

/* One run on its way. */
typedef struct {
    explorer_t *explorer;
    ud_port_t *board;
    explore_life_t *life;
    unsigned operation;
    unsigned long depth; /* cuts so far */
    unsigned phase;      /* of the life when it was cut last */
    event_t strike;      /* operation 0: none */
} run_t;

static const ud_word_fault_t fault_kinds[] = {UD_WORD_UNREADABLE, UD_WORD_UNSTABLE, UD_WORD_OLD_FIRST,
                                              UD_WORD_NEW_FIRST, UD_WORD_MIXED};
#define KIND_COUNT (sizeof fault_kinds / sizeof fault_kinds[0])

static const ud_word_fault_t strike_kinds[] = {UD_WORD_UNREADABLE, UD_WORD_UNSTABLE, UD_WORD_OLD_FIRST,
                                               UD_WORD_NEW_FIRST, UD_WORD_STUCK};
#define STRIKE_KIND_COUNT (sizeof strike_kinds / sizeof strike_kinds[0])

/* ---- ways to fail ---------------------------------------------------------------------------------------------------- */

/* A program in a slot that is neither the first, the middle nor the last of its sector is like the one before: the sector
 * will be erased again, whatever it holds.
 */
static bool is_like_others(const ud_port_t *board, const operation_t *operation)
{
    uint32_t size = ud_port_area(board, operation->area)->sector_size_bytes;
    uint32_t inside = operation->offset % size;
    uint32_t end = inside + (uint32_t)operation->size;
    bool is_middle = inside <= size / 2 && size / 2 < end;
    return operation->area != UD_AREA_JOURNAL && operation->data != NULL && inside != 0 && !is_middle && end != size;
}

typedef struct {
    ud_board_fuse_t list[CUTS_MAX];
    unsigned count;
} cuts_t;

static void add_torn(cuts_t *cuts, uint32_t words_done, bool all_torn, ud_word_fault_t fault)
{
    cuts->list[cuts->count++] = (ud_board_fuse_t){1, UD_CUT_INSIDE, words_done, all_torn, fault};
}

/* Inside, at one point: the next word torn, or all that are left, in each kind. */
static void add_point(cuts_t *cuts, uint32_t words_done, uint32_t words)
{
    for (size_t kind = 0; kind < KIND_COUNT; kind++) {
        add_torn(cuts, words_done, false, fault_kinds[kind]);
    }
    for (size_t kind = 0; kind < KIND_COUNT && words - words_done > 1; kind++) {
        add_torn(cuts, words_done, true, fault_kinds[kind]);
    }
}

/* Each word torn once, kinds taking turns. */
static void add_prefixes(cuts_t *cuts, uint32_t words)
{
    for (uint32_t done = 2; done < words - 1; done++) {
        if (done != words / 2) {
            add_torn(cuts, done, done / KIND_COUNT % 2 != 0, fault_kinds[done % KIND_COUNT]);
        }
    }
}

/* All cuts at an operation: before, after, and inside at its first words, its middle and its last. */
static void list_cuts(const ud_port_t *board, const operation_t *operation, const explore_options_t *options,
                      cuts_t *cuts)
{
    bool detail = options->detail != 0;
    const ud_area_geometry_t *area = ud_port_area(board, operation->area);
    uint32_t words = (uint32_t)operation->size / area->write_size_bytes;
    bool alike = !options->every && is_like_others(board, operation);
    cuts->count = 0;
    if (alike && (!detail || area->sector_size_bytes > SMALL_SECTOR)) {
        return;
    }
    cuts->list[cuts->count++] = (ud_board_fuse_t){.operation = 1, .cut = UD_CUT_BEFORE};
    if (alike) {
        return;
    }
    cuts->list[cuts->count++] = (ud_board_fuse_t){.operation = 1, .cut = UD_CUT_AFTER};
    const uint32_t points[] = {0, 1, words / 2, words - 1};
    for (size_t index = 0; index < 4; index++) {
        if (points[index] < words && (index == 0 || points[index] > points[index - 1])) {
            add_point(cuts, points[index], words);
        }
    }
    if (detail && operation->data != NULL && words <= PAGE_WORDS_MAX && words > 4) {
        add_prefixes(cuts, words);
    }
}

/* A fault out of nowhere: words of the journal that read wrong, or sectors of it that refuse writes from now on. */
typedef struct {
    uint32_t offset;
    uint32_t size;
    bool refuse;
    ud_word_fault_t kind;
} strike_t;

/* The fault of number `choice`: each sector, each row, each word of the journal, in each kind but mixed; then each of its
 * sectors and each of its lanes refusing.
 */
static bool make_strike(const ud_port_t *board, unsigned choice, strike_t *strike)
{
    const ud_area_geometry_t *journal = ud_port_area(board, UD_AREA_JOURNAL);
    const uint32_t sizes[] = {journal->sector_size_bytes, JOURNAL_ROW, journal->write_size_bytes,
                              journal->sector_size_bytes, journal->size_bytes / 2};
    *strike = (strike_t){.size = 0};
    for (int level = 0; level < 5; level++) {
        unsigned kinds = level < 3 ? (unsigned)STRIKE_KIND_COUNT : 1;
        uint32_t count = journal->size_bytes / sizes[level] * kinds;
        if (choice < count) {
            *strike = (strike_t){choice / kinds * sizes[level], sizes[level], level >= 3, strike_kinds[choice % kinds]};
            return true;
        }
        choice -= count;
    }
    return false;
}

static void do_strike(ud_port_t *board, unsigned choice, strike_t *strike)
{
    (void)make_strike(board, choice, strike);
    if (strike->refuse) {
        ud_board_refuse_writes(board, UD_AREA_JOURNAL, strike->offset, strike->size, true);
    } else {
        ud_board_fault_words(board, UD_AREA_JOURNAL, strike->offset, strike->size, strike->kind);
    }
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

static void write_path(const explorer_t *explorer, char text[PATH_TEXT_SIZE])
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t index = 0; index < explorer->path_size; index++) {
        const event_t *event = &explorer->path[index];
        used += (size_t)snprintf(text + used, PATH_TEXT_SIZE - used, "%s%c%u.%u", index == 0 ? "" : ",",
                                 event->is_fault ? 'f' : 'c', event->operation, event->choice);
    }
}

static void fail(explorer_t *explorer, const char *complaint)
{
    char path[PATH_TEXT_SIZE];
    if (explorer->failures++ < FAILURES_SHOWN && explorer->options->hear == NULL) {
        write_path(explorer, path);
        printf("FAILED: %s; show it: %s --replay %s\n", complaint, explorer->options->program, path);
    }
}

/* A state to go on from: after `depth` cuts, the last one in `phase`. */
typedef struct {
    ud_port_t *board;
    unsigned long depth;
    unsigned phase;
    uint32_t known; /* of the life so far */
} state_t;

static const char *enter(explorer_t *explorer, const state_t *state, event_t strike);
static void strike_late(explorer_t *explorer, const state_t *state);

static bool is_chosen(const explorer_t *explorer, uint64_t hash, unsigned long one_in)
{
    return one_in <= 1 || (hash ^ hash >> 32 ^ explorer->options->seed * 0x9E3779B97F4A7C15u) % one_in == 0;
}

/* A number of its own for each cut that a path leads to. */
static uint64_t place_of(const run_t *run, unsigned choice)
{
    const explorer_t *explorer = run->explorer;
    uint64_t hash = run->operation * 0xBF58476D1CE4E5B9u ^ choice;
    for (size_t index = 0; index < explorer->path_size; index++) {
        const event_t *event = &explorer->path[index];
        hash = (hash ^ hash >> 29 ^ event->operation) * 0x94D049BB133111EBu ^ event->choice ^ event->is_fault;
    }
    return (hash ^ hash >> 31) * 0x9E3779B97F4A7C15u;
}

static void tell(const explorer_t *explorer, const operation_t *operation, const ud_board_fuse_t *fuse,
                 const char *complaint)
{
    char path[PATH_TEXT_SIZE];
    if (explorer->options->hear != NULL) {
        write_path(explorer, path);
        explore_outcome_t outcome = {fuse, operation->data == NULL, path, complaint};
        explorer->options->hear(explorer->options->hear_context, &outcome);
    }
}

static void branch(run_t *run, operation_t *operation, unsigned choice, const ud_board_fuse_t *fuse)
{
    explorer_t *explorer = run->explorer;
    if (!is_chosen(explorer, place_of(run, choice), explorer->options->sample)) {
        explorer->left_out++;
        return;
    }
    ud_port_t *cut = cut_board(run->board, operation, fuse);
    uint64_t hash = ud_board_state_hash(cut);
    explorer->cuts++;
    hash ^= run->life->known * 0x94D049BB133111EBu;
    if (seen_add(&explorer->seen, hash + (run->depth << 56))) { /* what was seen after more cuts had fewer to come */
        explorer->path[explorer->path_size++] = (event_t){false, run->operation, choice};
        state_t state = {cut, run->depth + 1, run->life->phase, run->life->known};
        const char *complaint = enter(explorer, &state, (event_t){.operation = 0});
        tell(explorer, operation, fuse, complaint);
        strike_late(explorer, &state);
        explorer->path_size--;
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
        do_strike(run->board, run->strike.choice, &strike);
    }
    bool late = run->depth > 0 && run->strike.operation != 0;
    bool near = run->depth > 0 && run->explorer->options->apart != 0 && run->life->phase == run->phase;
    if (run->operation < run->strike.operation || run->depth >= run->explorer->options->depth || near ||
        (late && run->operation >= run->strike.operation + LATE_WINDOW)) {
        return;
    }
    cuts_t cuts;
    list_cuts(run->board, &operation, run->explorer->options, &cuts);
    for (unsigned choice = 0; choice < cuts.count; choice++) {
        branch(run, &operation, choice, &cuts.list[choice]);
    }
}

/* A fault out of nowhere that makes words which were firm read differently from start to start. */
static bool is_fickle(const explorer_t *explorer, const ud_port_t *board)
{
    bool fickle = false;
    strike_t strike;
    for (size_t index = 0; index < explorer->path_size; index++) {
        fickle =
            fickle || (explorer->path[index].is_fault && make_strike(board, explorer->path[index].choice, &strike) &&
                       !strike.refuse && strike.kind != UD_WORD_UNREADABLE && strike.kind != UD_WORD_STUCK);
    }
    return fickle;
}

/* Starts the board until its life is done; NULL or what is wrong. `known` is of the life so far. */
static const char *live(const explorer_t *explorer, ud_port_t *board, uint32_t known, explore_life_t *life)
{
    unsigned starts_max = explorer->options->starts_max;
    *life = (explore_life_t){.context = explorer->context, .known = known, .fickle = is_fickle(explorer, board)};
    for (unsigned starts = 0; starts < (starts_max == 0 ? UD_EXPLORE_STARTS_MAX : starts_max); starts++) {
        ud_board_end_t end = ud_board_run(board, explorer->start, life);
        if (life->complaint != NULL || life->done) {
            return life->complaint;
        }
        if (end == UD_BOARD_RECOVER || end == UD_BOARD_RETURNED) {
            return end == UD_BOARD_RECOVER ? "no authentic image is left" : "it stopped before all was done";
        }
    }
    return "it resets again and again";
}

static bool has_fault(const explorer_t *explorer)
{
    bool found = false;
    for (size_t index = 0; index < explorer->path_size; index++) {
        found = found || explorer->path[index].is_fault;
    }
    return found;
}

/* Counts the erases of a life; NULL or what is wrong with them. */
static const char *check_erases(explorer_t *explorer, const ud_port_t *board)
{
    uint32_t most = 0;
    for (int area = 0; area < UD_AREA_COUNT && !has_fault(explorer); area++) {
        const ud_area_geometry_t *geometry = ud_port_area(board, (ud_area_t)area);
        for (uint32_t at = 0; at < geometry->size_bytes; at += geometry->sector_size_bytes) {
            uint32_t erases = ud_board_erase_count(board, (ud_area_t)area, at) -
                              ud_board_erase_count(explorer->origin, (ud_area_t)area, at);
            explorer->erases[area] = erases > explorer->erases[area] ? erases : explorer->erases[area];
            most = erases > most ? erases : most;
        }
    }
    uint32_t erases_max = explorer->options->erases_max;
    return erases_max != 0 && most > erases_max ? "a sector was erased too often" : NULL;
}

/* Runs from a state to the end, and branches on the way; NULL or what is wrong. */
static const char *enter(explorer_t *explorer, const state_t *state, event_t strike)
{
    explore_life_t life;
    run_t run = {.explorer = explorer,
                 .board = ud_board_clone(state->board),
                 .life = &life,
                 .depth = state->depth,
                 .phase = state->phase,
                 .strike = strike};
    explorer->runs++;
    ud_board_watch_set(run.board, watch, &run);
    const char *complaint = live(explorer, run.board, state->known, &life);
    complaint = complaint == NULL ? check_erases(explorer, run.board) : complaint;
    if (complaint != NULL) {
        fail(explorer, complaint);
    }
    ud_board_destroy(run.board);
    return complaint;
}

/* What a life without cuts does, and the cuts that there are in it. */
typedef struct {
    const explorer_t *explorer;
    ud_port_t *board;
    unsigned operations;
    unsigned long cuts;
} undisturbed_t;

static void count_watch(void *context, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    undisturbed_t *undisturbed = context;
    operation_t operation = {area, offset, data, size};
    cuts_t cuts;
    list_cuts(undisturbed->board, &operation, undisturbed->explorer->options, &cuts);
    undisturbed->operations++;
    undisturbed->cuts += cuts.count;
}

static undisturbed_t count_operations(const explorer_t *explorer)
{
    undisturbed_t undisturbed = {.explorer = explorer, .board = ud_board_clone(explorer->origin)};
    explore_life_t life;
    ud_board_watch_set(undisturbed.board, count_watch, &undisturbed);
    const char *complaint = live(explorer, undisturbed.board, 0, &life);
    printf("undisturbed: %u operations%s%s\n", undisturbed.operations,
           complaint == NULL ? "" : ", FAILED: ", complaint == NULL ? "" : complaint);
    ud_board_destroy(undisturbed.board);
    return undisturbed;
}

/* One cut in so many makes about options->cuts of them, or pairs: half the square of the cuts that there are. */
static unsigned long choose_sample(const explore_options_t *options, unsigned long cuts)
{
    if (options->cuts == 0) {
        return options->sample;
    }
    unsigned long sample = 0;
    unsigned long long tried;
    do {
        sample++;
        tried = options->depth < 2 ? cuts / sample : (unsigned long long)(cuts / sample) * (cuts / sample) / 2;
    } while (tried > options->cuts);
    return sample;
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
                state_t origin = {.board = explorer->origin};
                (void)enter(explorer, &origin, explorer->path[0]);
                explorer->path_size = 0;
            }
        }
    }
}

/* A sector of the journal that survived the cut goes bad soon after it. */
static void strike_late(explorer_t *explorer, const state_t *state)
{
    const ud_area_geometry_t *journal = ud_port_area(state->board, UD_AREA_JOURNAL);
    unsigned choices = journal->size_bytes / journal->sector_size_bytes * (unsigned)STRIKE_KIND_COUNT;
    bool useful = explorer->options->late != 0 && state->depth < explorer->options->depth;
    for (unsigned place = 0; useful && place < choices * LATE_OPERATIONS; place++) {
        uint64_t hash = (ud_board_state_hash(state->board) ^ place) * 0x9E3779B97F4A7C15u;
        if (is_chosen(explorer, hash, explorer->options->late) && explorer->path_size < EVENTS_MAX - 1) {
            event_t strike = {true, 1 + place / choices, place % choices};
            explorer->strikes++;
            explorer->path[explorer->path_size++] = strike;
            (void)enter(explorer, state, strike);
            explorer->path_size--;
        }
    }
}

/* ---- replay ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    run_t run;
    event_t event;
    ud_port_t *cut;
} replay_t;

static void replay_watch(void *context, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    replay_t *replay = context;
    operation_t operation = {area, offset, data, size};
    cuts_t cuts;
    strike_t strike;
    replay->run.operation++;
    printf("  %4u %s area %d offset %u size %zu\n", replay->run.operation, data == NULL ? "erase  " : "program",
           (int)area, offset, size);
    if (replay->run.operation == replay->run.strike.operation) {
        do_strike(replay->run.board, replay->run.strike.choice, &strike);
        printf("  fault kind %d on journal %u, %u bytes%s\n", (int)strike.kind, strike.offset, strike.size,
               strike.refuse ? ", which refuses writes" : "");
    }
    if (replay->cut != NULL || replay->event.is_fault || replay->run.operation != replay->event.operation) {
        return;
    }
    list_cuts(replay->run.board, &operation, replay->run.explorer->options, &cuts);
    if (replay->event.choice < cuts.count) {
        const ud_board_fuse_t *fuse = &cuts.list[replay->event.choice];
        printf("  cut here: %s, %u words done, %s torn, kind %d\n",
               fuse->cut == UD_CUT_BEFORE  ? "before"
               : fuse->cut == UD_CUT_AFTER ? "after"
                                           : "inside",
               fuse->words_done, fuse->all_torn ? "all" : "one", (int)fuse->fault);
        replay->cut = cut_board(replay->run.board, &operation, fuse);
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
    explorer->path_size = size;
    memcpy(explorer->path, path, size * sizeof path[0]);
    ud_port_t *board = ud_board_clone(explorer->origin);
    event_t strike = {.operation = 0};
    const char *complaint = NULL;
    explore_life_t life = {.known = 0};
    for (size_t index = 0; index <= size; index++) {
        if (index < size && path[index].is_fault) {
            strike = path[index];
            continue;
        }
        replay_t one = {.run = {.explorer = explorer, .board = board, .strike = strike}, .event = path[index]};
        ud_board_watch_set(board, replay_watch, &one);
        printf("power up\n");
        complaint = live(explorer, board, life.known, &life);
        strike.operation = 0;
        if (one.cut != NULL) {
            ud_board_destroy(board);
            board = one.cut;
        }
    }
    complaint = complaint == NULL ? check_erases(explorer, board) : complaint;
    printf("%s\n", complaint == NULL ? "all is well" : complaint);
    ud_board_destroy(board);
    return complaint == NULL;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------ */

bool explore(ud_port_t *board, explore_start_t start, const void *context, const explore_options_t *options)
{
    explorer_t explorer = {.options = options, .start = start, .context = context, .origin = board};
    if (options->replay != NULL) {
        return replay(&explorer);
    }
    printf("%s: ", options->program);
    undisturbed_t undisturbed = count_operations(&explorer);
    explore_options_t own = *options;
    own.sample = choose_sample(options, undisturbed.cuts);
    explorer.options = &own;
    state_t origin = {.board = board};
    (void)enter(&explorer, &origin, (event_t){.operation = 0});
    strike_everywhere(&explorer, undisturbed.operations);
    printf("  %lu cuts tried, %lu faults struck, %zu states reached, %lu run to the end, %lu cuts left to other seeds, "
           "%lu failures; a sector of journal, A, B, identity erased %u, %u, %u, %u times at most\n",
           explorer.cuts, explorer.strikes, explorer.seen.count, explorer.runs, explorer.left_out, explorer.failures,
           explorer.erases[UD_AREA_JOURNAL], explorer.erases[UD_AREA_SLOT_A], explorer.erases[UD_AREA_SLOT_B],
           explorer.erases[UD_AREA_IDENTITY]);
    (void)fflush(stdout);
    free(explorer.seen.numbers);
    return explorer.failures == 0;
}
