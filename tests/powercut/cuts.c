/* The real boot and the real agent under every power cut: each story (story.c) on each layout (layouts.c) in each install
 * mode. After each cut an authentic image starts each time, and the story comes to its end (oracle: powercut_boot(),
 * powercut_check_end() and explore()'s count of starts and erases).
 *
 *   cuts --list                              names of all cases: MODE/LAYOUT@WORD/STORY
 *   cuts [--case NAME] [--depth CUTS] [--sample N] [--faults N] [--detail 1] [--apart 1] [--lane 1|2] [--seed S]
 *   cuts --case NAME ... --replay PATH       one failure again, step by step
 */
#include "tests/powercut/memo.h"
#include "tests/powercut/story.h"

#include <stdio.h>
#include <string.h>

/* Erases of one sector in one update: 1 000 updates on flash of 10 000 cycles. */
#define ERASES_MAX 10

/* Power-ups: a crash loop takes nine alone. */
#define STARTS_MAX 24

static void name_case(const powercut_case_t *of, char *name, size_t size)
{
    (void)snprintf(name, size, "%s/%s/%s", of->mode->name, of->geometry->name, of->story->name);
}

static void refuse_lane(ud_port_t *board, unsigned long lane)
{
    uint32_t half = ud_port_area(board, UD_AREA_JOURNAL)->size_bytes / 2;
    if (lane == 1 || lane == 2) {
        ud_board_refuse_writes(board, UD_AREA_JOURNAL, (uint32_t)(lane - 1) * half, half, true);
    }
}

static bool explore_case(powercut_case_t *of, const char *name, const explore_options_t *options)
{
    char program[192];
    explore_options_t own = *options;
    (void)snprintf(program, sizeof program, "cuts --case %s%s%s%s", name, options->detail != 0 ? " --detail 1" : "",
                   options->lane == 1 ? " --lane 1" : "", options->lane == 2 ? " --lane 2" : "");
    own.program = program;
    own.starts_max = STARTS_MAX;
    own.erases_max = ERASES_MAX;
    powercut_case_make(of);
    ud_port_t *board = powercut_case_board(of);
    refuse_lane(board, options->lane);
    bool good = explore(board, powercut_start, of, &own);
    ud_board_destroy(board);
    powercut_case_free(of);
    return good;
}

/* A name is wanted by its first parts: all of it, or as far as a sign between two parts. */
static bool is_wanted(const char *name, const char *wanted)
{
    size_t length = strlen(wanted);
    bool ends = length == 0 || strchr("/@", wanted[length - 1]) != NULL;
    return strncmp(name, wanted, length) == 0 && (ends || strchr("/@", name[length]) != NULL);
}

static bool run_case(const powercut_mode_t *mode, const powercut_geometry_t *geometry, const powercut_story_t *story,
                     const explore_options_t *options)
{
    char name[128];
    powercut_case_t of = {.mode = mode, .geometry = geometry, .story = story};
    name_case(&of, name, sizeof name);
    if (!powercut_is_told(mode, story) || !is_wanted(name, options->name == NULL ? "" : options->name)) {
        return true;
    }
    if (options->list) {
        printf("%s\n", name);
        return true;
    }
    return explore_case(&of, name, options);
}

static bool run_mode(const powercut_mode_t *mode, const explore_options_t *options)
{
    bool good = true;
    for (size_t index = 0; index < powercut_geometry_count; index++) {
        powercut_geometry_t geometry;
        powercut_geometry_make(index, &geometry);
        for (size_t story = 0; story < powercut_story_count; story++) {
            good = run_case(mode, &geometry, &powercut_stories[story], options) && good;
        }
    }
    return good;
}

int main(int argc, char **argv)
{
    explore_options_t options;
    if (!explore_options_read(&options, argc, argv)) {
        return 2;
    }
    powercut_be_repeatable();
    bool good = true;
    for (size_t mode = 0; mode < powercut_mode_count; mode++) {
        good = run_mode(&powercut_modes[mode], &options) && good;
    }
    return good ? 0 : 1;
}
