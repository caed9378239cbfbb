/* The real boot, installing and reverting, with a power cut at every flash operation: on each geometry and in each
 * story an authentic image starts each time, and the story comes to its end.
 *
 *   boot_cuts [--case GEOMETRY/STORY] [--depth CUTS] [--sample N] [--faults N] [--seed S] [--replay PATH]
 */
#include "core/slot/slot.h"
#include "tests/powercut/harness.h"

#include <stdio.h>
#include <string.h>

typedef enum {
    STORY_INSTALL, /* the new image is staged and confirms itself */
    STORY_REVERT,  /* the new image finds its self-test failed */
    STORY_CRASH,   /* the new image crashes until its attempts are used up */
    STORY_FORGED,  /* what is staged was signed by a stranger */
    STORY_RESCUE,  /* slot A is damaged, slot B holds a good image */
    STORY_COUNT
} story_t;

static const struct {
    const char *name;
    powercut_image_name_t staged;
    powercut_image_name_t last; /* what runs in the end */
    ud_boot_reason_t boot_reason;
    ud_err_t revert_reason;
    bool bad; /* the new image is remembered as bad */
} stories[STORY_COUNT] = {
    [STORY_INSTALL] = {"install", POWERCUT_NEW, POWERCUT_NEW, UD_BOOT_INSTALLED, UD_OK, false},
    [STORY_REVERT] = {"revert", POWERCUT_NEW, POWERCUT_OLD, UD_BOOT_REVERTED, UD_ERR_SELF_TEST_FAILED, true},
    [STORY_CRASH] = {"crash", POWERCUT_NEW, POWERCUT_OLD, UD_BOOT_REVERTED, UD_ERR_CRASHED, true},
    [STORY_FORGED] = {"forged", POWERCUT_FORGED, POWERCUT_OLD, UD_BOOT_STAGED_REFUSED, UD_ERR_IMAGE_KEY_UNKNOWN, false},
    [STORY_RESCUE] = {"rescue", POWERCUT_NEW, POWERCUT_NEW, UD_BOOT_RESCUED, UD_OK, false},
};

typedef struct {
    const powercut_images_t *images;
    story_t story;
} context_t;

static bool is_worn_out(ud_err_t err, explore_life_t *life)
{
    if (err != UD_OK) {
        life->complaint = "the journal refused the agent";
    }
    return err != UD_OK;
}

static void check_end(const context_t *context, const ud_journal_t *journal, powercut_image_name_t name,
                      explore_life_t *life)
{
    ud_slot_status_t status;
    ud_slot_status(journal, &status);
    const uint8_t *hash = context->images->images[POWERCUT_NEW].hash;
    life->done = true;
    if (status.state != UD_SLOT_CONFIRMED || status.install_pending) {
        life->complaint = "the end is not confirmed";
    } else if (name != stories[context->story].last) {
        life->complaint = "the wrong image runs in the end";
    } else if (status.boot_reason != stories[context->story].boot_reason ||
               status.revert_reason != stories[context->story].revert_reason) {
        life->complaint = "the reason is wrong";
    } else if (ud_slot_is_bad(journal, hash) != stories[context->story].bad) {
        life->complaint = "the list of bad images is wrong";
    }
}

/* What the new image does while it is on trial. */
static void run_trial(ud_port_t *board, const context_t *context, ud_journal_t *journal, explore_life_t *life)
{
    switch (context->story) {
    case STORY_REVERT:
        if (!is_worn_out(ud_slot_reject(journal, UD_ERR_SELF_TEST_FAILED), life) &&
            !is_worn_out(ud_slot_announce_reset(journal), life)) {
            ud_port_reset(board);
        }
        return;
    case STORY_CRASH:
        ud_board_crash(board, UD_RESET_WATCHDOG);
    case STORY_INSTALL:
    case STORY_FORGED:
    case STORY_RESCUE:
    case STORY_COUNT:
        (void)is_worn_out(ud_slot_confirm(journal), life);
        return;
    }
}

/* Boot, then what the image that it chose would do. */
static void start(ud_port_t *board, void *arg)
{
    explore_life_t *life = arg;
    const context_t *context = life->context;
    powercut_image_name_t name;
    ud_journal_t journal;
    ud_slot_status_t status;
    life->complaint = powercut_boot(board, context->images, &name);
    if (life->complaint != NULL || is_worn_out(ud_journal_open(&journal, board), life)) {
        return;
    }
    ud_slot_status(&journal, &status);
    if (status.state == UD_SLOT_TRIAL) {
        run_trial(board, context, &journal, life);
        ud_slot_status(&journal, &status);
    }
    /* a cut in the very first erase of a new journal looks like a journal lost */
    bool untold = status.boot_reason == UD_BOOT_NORMAL || status.boot_reason == UD_BOOT_JOURNAL_LOST;
    bool fresh = name == POWERCUT_OLD && untold;
    if (life->complaint == NULL && !fresh) {
        check_end(context, &journal, name, life);
    } else if (life->complaint == NULL) {
        ud_err_t err = ud_slot_stage(&journal, context->images->images[stories[context->story].staged].hash);
        if (!is_worn_out(err, life)) {
            ud_port_reset(board);
        }
    }
}

static bool explore_story(const powercut_geometry_t *geometry, const context_t *context,
                          const explore_options_t *options)
{
    char program[128];
    explore_options_t own = *options;
    (void)snprintf(program, sizeof program, "boot_cuts --case %s/%s", geometry->name, stories[context->story].name);
    own.program = program;
    size_t length = options->name == NULL ? 0 : strlen(options->name);
    if (strncmp(strrchr(program, ' ') + 1, options->name == NULL ? "" : options->name, length) != 0) {
        return true;
    }
    ud_port_t *board = powercut_board(geometry, context->images, stories[context->story].staged);
    if (context->story == STORY_RESCUE) {
        ud_board_patch(board, UD_AREA_SLOT_A, 1000, "damage", 6);
    }
    bool good = explore(board, start, context, &own);
    ud_board_destroy(board);
    return good;
}

int main(int argc, char **argv)
{
    explore_options_t options = {.depth = 1, .sample = 1, .seed = 1};
    if (!explore_options_read(&options, argc, argv)) {
        return 2;
    }
    powercut_images_t images;
    powercut_images_make(&images);
    bool good = true;
    for (size_t index = 0; index < powercut_geometry_count; index++) {
        for (int story = 0; story < STORY_COUNT; story++) {
            context_t context = {&images, (story_t)story};
            good = explore_story(&powercut_geometries[index], &context, &options) && good;
        }
    }
    powercut_images_free(&images);
    return good ? 0 : 1;
}
