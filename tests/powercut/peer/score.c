/* Scores one bootloader (peer.h): each story on each geometry with each power cut, lives and failures by the kind of cut.
 *
 *   peer_NAME --list                                   names of all cases: SECTOR@WORD/STORY
 *   peer_NAME [--case NAME] [--sample N] [--detail 1] [--seed S]
 *                                                      a line of JSON for each case, after one for each kind of failure
 *   peer_NAME --case NAME --replay PATH                one life again, step by step
 *
 * A driver reads on when a read fails: word by word, each word often. So words that are unstable give one value or another,
 * but no errors, and only words that are unreadable fail.
 */
#include "tests/powercut/memo.h"
#include "tests/powercut/peer/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STARTS_MAX 16
#define READS_MAX 32
#define CLASSES_MAX 64

/* ---- the driver -------------------------------------------------------------------------------------------------------- */

ud_err_t __real_ud_port_flash_read(ud_port_t *board, ud_area_t area, uint32_t offset, void *data, size_t size);
ud_err_t __wrap_ud_port_flash_read(ud_port_t *board, ud_area_t area, uint32_t offset, void *data, size_t size);

static ud_err_t read_often(ud_port_t *board, ud_area_t area, uint32_t offset, void *data, size_t size)
{
    ud_err_t err = UD_ERR_FLASH_READ;
    for (int reads = 0; reads < READS_MAX && err == UD_ERR_FLASH_READ; reads++) {
        err = __real_ud_port_flash_read(board, area, offset, data, size);
    }
    return err;
}

ud_err_t __wrap_ud_port_flash_read(ud_port_t *board, ud_area_t area, uint32_t offset, void *data, size_t size)
{
    ud_err_t err = __real_ud_port_flash_read(board, area, offset, data, size);
    uint32_t word = ud_port_area(board, area)->write_size_bytes;
    uint32_t end = offset + (uint32_t)size;
    if (err != UD_ERR_FLASH_READ) {
        return err;
    }
    err = UD_OK;
    for (uint32_t at = offset; at < end && err == UD_OK;) {
        uint32_t part = word - at % word;
        part = part < end - at ? part : end - at;
        err = read_often(board, area, at, (uint8_t *)data + (at - offset), part);
        at += part;
    }
    return err;
}

/* ---- geometries -------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint32_t sector_size_bytes;
    uint16_t write_size_bytes;
} geometries[] = {{"4k@4", 4096, 4}, {"4k@8", 4096, 8}, {"2k@4", 2048, 4}, {"2k@8", 2048, 8}};
#define GEOMETRY_COUNT (sizeof geometries / sizeof geometries[0])

static const char *const stories[] = {"upgrade", "revert"};

static void make_geometry(size_t index, powercut_geometry_t *geometry)
{
    uint32_t sector = geometries[index].sector_size_bytes;
    const uint32_t sizes[UD_AREA_COUNT] = {peer.own_sectors * sector, PEER_SLOT_SECTORS * sector,
                                           PEER_SLOT_SECTORS * sector + peer.more_bytes, 0};
    (void)snprintf(geometry->name, sizeof geometry->name, "%s", geometries[index].name);
    for (int area = 0; area < UD_AREA_COUNT; area++) {
        geometry->areas[area] = (ud_area_geometry_t){.size_bytes = sizes[area],
                                                     .sector_size_bytes = sector,
                                                     .write_size_bytes = geometries[index].write_size_bytes,
                                                     .erased_value = 0xFF};
    }
}

/* ---- lives by the kind of cut ------------------------------------------------------------------------------------------ */

typedef enum {
    KIND_BETWEEN,    /* between two operations */
    KIND_MIXED,      /* inside one; each torn bit is old or new, and stays so */
    KIND_TURNING,    /* torn words read as before until the next start, then as after, or the other way round */
    KIND_UNSTABLE,   /* each read of a torn word gives another value, old, new or mixed */
    KIND_UNREADABLE, /* torn words cannot be read until they are erased */
    KIND_COUNT
} kind_t;

static const char *const kind_names[KIND_COUNT] = {"between", "mixed", "turning", "unstable", "unreadable"};

typedef struct {
    kind_t kind;
    unsigned long count;
    char text[256];
    char path[64]; /* of the first */
} class_t;

typedef struct {
    unsigned long lives[KIND_COUNT];
    unsigned long failures[KIND_COUNT];
    unsigned long deaths[KIND_COUNT]; /* failures of which the last start started nothing */
    unsigned long places[KIND_COUNT]; /* operations at which a cut may fail */
    unsigned long last[KIND_COUNT];   /* such operation seen last */
    class_t classes[CLASSES_MAX];
    size_t class_count;
} score_t;

static kind_t kind_of(const ud_board_fuse_t *cut)
{
    if (cut->cut != UD_CUT_INSIDE) {
        return KIND_BETWEEN;
    }
    switch (cut->fault) {
    case UD_WORD_OLD_FIRST:
    case UD_WORD_NEW_FIRST:
        return KIND_TURNING;
    case UD_WORD_UNSTABLE:
        return KIND_UNSTABLE;
    case UD_WORD_UNREADABLE:
        return KIND_UNREADABLE;
    case UD_WORD_MIXED:
    case UD_WORD_STUCK:
    case UD_WORD_FAULT_COUNT:
        break;
    }
    return KIND_MIXED;
}

static class_t *find_class(score_t *score, kind_t kind, const char *text)
{
    for (size_t index = 0; index < score->class_count; index++) {
        class_t *class = &score->classes[index];
        if (class->kind == kind && strcmp(class->text, text) == 0) {
            return class;
        }
    }
    class_t *class = &score->classes[score->class_count];
    score->class_count += score->class_count < CLASSES_MAX - 1;
    return class;
}

static void hear(void *context, const explore_outcome_t *outcome)
{
    score_t *score = context;
    kind_t kind = kind_of(outcome->cut);
    char text[sizeof score->classes[0].text];
    score->lives[kind]++;
    if (outcome->complaint == NULL) {
        return;
    }
    score->failures[kind]++;
    score->deaths[kind] += peer_runs ? 0 : 1;
    unsigned long operation = strtoul(outcome->path + 1, NULL, 10);
    score->places[kind] += operation != score->last[kind];
    score->last[kind] = operation;
    (void)snprintf(text, sizeof text, "%s: %s%s%s%s", outcome->complaint, peer_last_words,
                   peer_warning[0] == '\0' ? "" : " (", peer_warning, peer_warning[0] == '\0' ? "" : ")");
    class_t *class = find_class(score, kind, text);
    if (class->count++ == 0) {
        class->kind = kind;
        memcpy(class->text, text, sizeof text);
        (void)snprintf(class->path, sizeof class->path, "%s", outcome->path);
    }
}

static void print_classes(const score_t *score, const char *name)
{
    for (size_t index = 0; index < score->class_count; index++) {
        const class_t *class = &score->classes[index];
        printf("{\"failure\": \"%s\", \"case\": \"%s\", \"kind\": \"%s\", \"count\": %lu, \"path\": \"%s\"}\n",
               class->text, name, kind_names[class->kind], class->count, class->path);
    }
}

/* ---- what an undisturbed life costs ------------------------------------------------------------------------------------ */

typedef struct {
    unsigned long operations;
    unsigned long written_bytes;
    uint32_t erases; /* of the sector that is erased most */
    uint32_t erases_in_all;
} cost_t;

static void weigh(void *context, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    cost_t *cost = context;
    (void)area;
    (void)offset;
    cost->operations++;
    cost->written_bytes += data == NULL ? 0 : size;
}

static void count_erases(const ud_port_t *board, const ud_port_t *origin, cost_t *cost)
{
    for (int area = 0; area < UD_AREA_COUNT; area++) {
        const ud_area_geometry_t *geometry = ud_port_area(board, (ud_area_t)area);
        for (uint32_t at = 0; at < geometry->size_bytes; at += geometry->sector_size_bytes) {
            uint32_t erases =
                ud_board_erase_count(board, (ud_area_t)area, at) - ud_board_erase_count(origin, (ud_area_t)area, at);
            cost->erases = erases > cost->erases ? erases : cost->erases;
            cost->erases_in_all += erases;
        }
    }
}

static bool measure(const peer_case_t *of, ud_port_t *origin, cost_t *cost)
{
    ud_port_t *board = ud_board_clone(origin);
    explore_life_t life = {.context = of};
    *cost = (cost_t){.operations = 0};
    ud_board_watch_set(board, weigh, cost);
    for (int starts = 0; starts < STARTS_MAX && !life.done && life.complaint == NULL; starts++) {
        (void)ud_board_run(board, peer_start, &life);
    }
    count_erases(board, origin, cost);
    ud_board_destroy(board);
    return life.done;
}

/* ---- cases ------------------------------------------------------------------------------------------------------------- */

static void print_score(const score_t *score, const cost_t *cost, const char *name)
{
    print_classes(score, name);
    printf("{\"peer\": \"%s\", \"case\": \"%s\", \"operations\": %lu, \"written\": %lu, \"erases\": %u, "
           "\"erases_in_all\": %u",
           peer.name, name, cost->operations, cost->written_bytes, cost->erases, cost->erases_in_all);
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        printf(", \"%s\": [%lu, %lu, %lu, %lu]", kind_names[kind], score->lives[kind], score->failures[kind],
               score->deaths[kind], score->places[kind]);
    }
    printf("}\n");
    (void)fflush(stdout);
}

static bool run_case(size_t geometry, size_t story, const char *name, const explore_options_t *options)
{
    static score_t score;
    char program[128];
    cost_t cost;
    peer_case_t of = {.is_revert = story == 1, .seed = options->seed};
    explore_options_t own = *options;
    (void)snprintf(program, sizeof program, "peer_%s --case %s", peer.name, name);
    memset(&score, 0, sizeof score);
    own.program = program;
    own.starts_max = STARTS_MAX;
    own.every = true;
    own.hear = hear;
    own.hear_context = &score;
    make_geometry(geometry, &of.geometry);
    ud_port_t *board = peer_case_make(&of);
    bool good = measure(&of, board, &cost);
    if (!good) {
        printf("%s: undisturbed, the story does not come to its end: %s\n", program, peer_last_words);
    } else {
        good = explore(board, peer_start, &of, &own);
    }
    if (options->replay == NULL) {
        print_score(&score, &cost, name);
    }
    ud_board_destroy(board);
    powercut_images_free(&of.images);
    return good;
}

int main(int argc, char **argv)
{
    explore_options_t options;
    if (!explore_options_read(&options, argc, argv)) {
        return 2;
    }
    powercut_be_repeatable();
    peer_is_loud = options.replay != NULL;
    bool good = true;
    for (size_t index = 0; index < GEOMETRY_COUNT * 2; index++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s/%s", geometries[index / 2].name, stories[index % 2]);
        if (options.list) {
            printf("%s\n", name);
        } else if (options.name == NULL || strcmp(options.name, name) == 0) {
            good = run_case(index / 2, index % 2, name, &options) && good;
        }
    }
    return good ? 0 : 1;
}
