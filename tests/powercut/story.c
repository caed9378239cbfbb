#include "tests/powercut/story.h"

#include "core/slot/slot.h"

#include <stdlib.h>
#include <string.h>

#define OLD POWERCUT_OLD
#define NEW POWERCUT_NEW
#define CHUNK UD_CHUNK_SIZE_DEFAULT
#define SMALL_CHUNK UD_CHUNK_SIZE_MIN

/* Phases of a life: cuts of different phases are those in the upgrade and in what undoes it. */
enum { PHASE_UPGRADE, PHASE_TRIAL };

#define INSTALLED(name) {name, UD_BOOT_INSTALLED, UD_OK, false}
#define REVERTED(why) {OLD, UD_BOOT_REVERTED, why, true}
#define RETURNED(why) {NEW, UD_BOOT_REVERTED, why, true}
#define STAYS(why, bad) {NEW, UD_BOOT_SAFE_MODE, why, bad}
#define STAYS_OLD(why) {OLD, UD_BOOT_SAFE_MODE, why, true}
#define REFUSED {OLD, UD_BOOT_STAGED_REFUSED, UD_ERR_IMAGE_KEY_UNKNOWN, false}
#define RESCUED {NEW, UD_BOOT_RESCUED, UD_OK, false}
#define NO_RETURN(why) {NEW, UD_BOOT_STAGED_REFUSED, why, false}
#define SAME {OLD, UD_BOOT_NORMAL, UD_OK, false}

/* clang-format off */
const powercut_story_t powercut_stories[] = {
    /* name, teller, first, offered, trial, setting, counter, revokes, chunk, the end, the end without a way back */
    {"upgrade", TELLER_SLOT, OLD, NEW, TRIAL_CONFIRM, SETTING_PLAIN, 1, false, 0,
     INSTALLED(NEW), INSTALLED(NEW)},
    {"revert", TELLER_SLOT, OLD, NEW, TRIAL_REJECT, SETTING_PLAIN, 1, false, 0,
     REVERTED(UD_ERR_SELF_TEST_FAILED), STAYS(UD_ERR_SELF_TEST_FAILED, true)},
    {"crash", TELLER_SLOT, OLD, NEW, TRIAL_CRASH, SETTING_PLAIN, 1, false, 0,
     REVERTED(UD_ERR_CRASHED), STAYS(UD_ERR_CRASHED, true)},
    {"crash-loop", TELLER_SLOT, OLD, NEW, TRIAL_LOOP, SETTING_PLAIN, 0, false, 0,
     REVERTED(UD_ERR_CRASH_LOOP), STAYS(UD_ERR_CRASH_LOOP, false)},
    {"crash-loop-low", TELLER_SLOT, OLD, NEW, TRIAL_LOOP, SETTING_BARE, 1, false, 0,
     STAYS(UD_ERR_CRASH_LOOP, false), STAYS(UD_ERR_CRASH_LOOP, false)},
    {"forged", TELLER_SLOT, OLD, POWERCUT_FORGED, TRIAL_CONFIRM, SETTING_PLAIN, 1, false, 0,
     REFUSED, REFUSED},
    {"rescue", TELLER_SLOT, OLD, NEW, TRIAL_CONFIRM, SETTING_DAMAGED, 1, false, 0,
     RESCUED, RESCUED},
    {"return", TELLER_SLOT, OLD, NEW, TRIAL_RETURN, SETTING_BARE, 0, false, 0,
     INSTALLED(OLD), INSTALLED(OLD)},
    {"return-low", TELLER_SLOT, OLD, NEW, TRIAL_RETURN, SETTING_BARE, 1, false, 0,
     NO_RETURN(UD_ERR_LOW_COUNTER), NO_RETURN(UD_ERR_LOW_COUNTER)},
    {"return-revoked", TELLER_SLOT, OLD, NEW, TRIAL_RETURN, SETTING_BARE, 0, true, 0,
     NO_RETURN(UD_ERR_KEY_REVOKED), NO_RETURN(UD_ERR_KEY_REVOKED)},
    {"revert-revoking", TELLER_SLOT, OLD, NEW, TRIAL_REJECT, SETTING_BARE, 1, true, 0,
     REVERTED(UD_ERR_SELF_TEST_FAILED), STAYS(UD_ERR_SELF_TEST_FAILED, true)},
    {"encrypted", TELLER_SLOT, OLD, NEW, TRIAL_REJECT, SETTING_ENCRYPTED, 1, false, 0,
     REVERTED(UD_ERR_SELF_TEST_FAILED), STAYS(UD_ERR_SELF_TEST_FAILED, true)},
    {"register", TELLER_AGENT, OLD, NEW, TRIAL_CONFIRM, SETTING_BLANK, 0, false, CHUNK,
     SAME, SAME},
    {"renew", TELLER_AGENT, OLD, NEW, TRIAL_CONFIRM, SETTING_STALE, 0, false, CHUNK,
     SAME, SAME},
    {"download", TELLER_AGENT, OLD, NEW, TRIAL_CONFIRM, SETTING_PLAIN, 1, false, CHUNK,
     INSTALLED(NEW), INSTALLED(NEW)},
    {"download-512", TELLER_AGENT, OLD, NEW, TRIAL_CONFIRM, SETTING_PLAIN, 1, false, SMALL_CHUNK,
     INSTALLED(NEW), INSTALLED(NEW)},
    {"download-revoking", TELLER_AGENT, OLD, NEW, TRIAL_CONFIRM, SETTING_PLAIN, 1, true, CHUNK,
     INSTALLED(NEW), INSTALLED(NEW)},
    {"download-encrypted", TELLER_AGENT, OLD, NEW, TRIAL_CONFIRM, SETTING_ENCRYPTED, 1, false, CHUNK,
     INSTALLED(NEW), INSTALLED(NEW)},
    {"reject", TELLER_AGENT, OLD, NEW, TRIAL_REJECT, SETTING_PLAIN, 0, false, CHUNK,
     REVERTED(UD_ERR_SELF_TEST_FAILED), STAYS(UD_ERR_SELF_TEST_FAILED, true)},
    {"reject-encrypted", TELLER_AGENT, OLD, NEW, TRIAL_REJECT, SETTING_ENCRYPTED, 0, false, CHUNK,
     REVERTED(UD_ERR_SELF_TEST_FAILED), STAYS(UD_ERR_SELF_TEST_FAILED, true)},
    {"rollback", TELLER_AGENT, NEW, OLD, TRIAL_CONFIRM, SETTING_PLAIN, 0, false, CHUNK,
     INSTALLED(OLD), INSTALLED(OLD)},
    {"rollback-kept", TELLER_AGENT, NEW, OLD, TRIAL_CONFIRM, SETTING_KEPT, 0, false, CHUNK,
     INSTALLED(OLD), INSTALLED(OLD)},
    {"rollback-reject", TELLER_AGENT, NEW, OLD, TRIAL_REJECT, SETTING_KEPT, 0, false, CHUNK,
     RETURNED(UD_ERR_SELF_TEST_FAILED), STAYS_OLD(UD_ERR_SELF_TEST_FAILED)},
};
/* clang-format on */
const size_t powercut_story_count = sizeof powercut_stories / sizeof powercut_stories[0];

bool powercut_is_told(const powercut_mode_t *mode, const powercut_story_t *story)
{
    bool decrypts = story->setting == SETTING_ENCRYPTED;
    bool returns = story->trial == TRIAL_RETURN;
    return !(decrypts && mode->slots->runs_both) && !(returns && !mode->slots->has_way_back);
}

void powercut_case_make(powercut_case_t *made)
{
    powercut_images_for_t what = {.geometry = made->geometry,
                                  .mode = made->mode,
                                  .counter = made->story->counter,
                                  .first = made->story->first,
                                  .encrypted = made->story->setting == SETTING_ENCRYPTED,
                                  .revokes = made->story->revokes};
    powercut_images_make(&made->images, &what);
    if (made->story->teller == TELLER_AGENT) {
        powercut_agent_make(made);
    }
}

void powercut_case_free(powercut_case_t *made)
{
    powercut_images_free(&made->images);
    for (int name = 0; name < POWERCUT_IMAGE_COUNT; name++) {
        free(made->artifacts[name]);
    }
}

ud_port_t *powercut_case_board(powercut_case_t *of)
{
    static const char damage[] = "damage";
    const powercut_story_t *story = of->story;
    bool counts = story->setting != SETTING_BARE;
    ud_port_t *board = powercut_board(of->geometry, &of->images, story->first, story->offered, counts);
    if (story->setting == SETTING_DAMAGED) {
        ud_board_patch(board, UD_AREA_SLOT_A, 1000, damage, strlen(damage));
    }
    if (story->teller == TELLER_AGENT) {
        powercut_agent_register(of, board);
    }
    return board;
}

/* ---- the oracle ------------------------------------------------------------------------------------------------------ */

static const uint8_t *offered_hash(const powercut_case_t *of)
{
    return of->images.images[of->story->offered].hash;
}

const powercut_end_t *powercut_end(const powercut_case_t *of)
{
    return of->mode->slots->has_way_back ? &of->story->end : &of->story->end_without_way_back;
}

/* What was told of safe mode is taken back at the first start after a contact. */
static bool is_told(const powercut_end_t *end, const ud_slot_status_t *status)
{
    bool over = end->boot_reason == UD_BOOT_SAFE_MODE && status->boot_reason == UD_BOOT_NORMAL;
    return over || (status->boot_reason == end->boot_reason && status->revert_reason == end->revert_reason);
}

/* What the new image revokes and the counter it has hold from the first start that finds it confirmed, and not before. */
static const char *check_kept(const powercut_case_t *of, const ud_journal_t *journal, const ud_slot_status_t *status,
                              powercut_image_name_t name)
{
    uint32_t counter = name == NEW ? of->story->counter : 0;
    if (status->security_counter > counter) {
        return "the counter is above what was confirmed";
    }
    const uint8_t *revoked = ud_slot_revoked(journal, 0);
    if (revoked != NULL && (!of->story->revokes || name != NEW)) {
        return "a key is revoked by what was not confirmed";
    }
    bool started_again = of->story->trial == TRIAL_RETURN;
    if (name == NEW && started_again && status->security_counter < counter) {
        return "the counter was not raised";
    }
    bool due = started_again || of->story->trial == TRIAL_CONFIRM;
    if (name == NEW && of->story->revokes && due &&
        (revoked == NULL || memcmp(revoked, of->images.keys[1].key_hash, UD_SLOT_REVOKED_SIZE) != 0)) {
        return "the journal does not know the revoked key";
    }
    return NULL;
}

const char *powercut_check_end(const powercut_case_t *of, const ud_journal_t *journal, powercut_image_name_t name)
{
    const powercut_end_t *end = powercut_end(of);
    ud_slot_status_t status;
    ud_slot_status(journal, &status);
    if (status.state != UD_SLOT_CONFIRMED || status.install_pending) {
        return "the end is not confirmed";
    }
    if (name != end->last) {
        return "the wrong image runs in the end";
    }
    if (!is_told(end, &status)) {
        return "the reason is wrong";
    }
    if (ud_slot_is_bad(journal, offered_hash(of)) != end->bad) {
        return "the list of bad images is wrong";
    }
    return check_kept(of, journal, &status, name);
}

/* ---- the short teller ------------------------------------------------------------------------------------------------ */

static bool is_worn_out(ud_err_t err, explore_life_t *life)
{
    if (err != UD_OK) {
        life->complaint = "the journal refused the agent";
    }
    return err != UD_OK;
}

static void run_trial(ud_port_t *board, const powercut_story_t *story, ud_journal_t *journal, explore_life_t *life)
{
    life->phase = PHASE_TRIAL;
    switch (story->trial) {
    case TRIAL_REJECT:
        if (!is_worn_out(ud_slot_reject(journal, UD_ERR_SELF_TEST_FAILED), life) &&
            !is_worn_out(ud_slot_announce_reset(journal), life)) {
            ud_port_reset(board);
        }
        return;
    case TRIAL_CRASH:
        ud_board_crash(board, UD_RESET_WATCHDOG);
    case TRIAL_RETURN:
        if (!is_worn_out(ud_slot_confirm(journal), life)) {
            ud_port_reset(board);
        }
        return;
    case TRIAL_CONFIRM:
    case TRIAL_LOOP:
        (void)is_worn_out(ud_slot_confirm(journal), life);
        return;
    }
}

/* True if the story has not begun. A cut in the very first erase of a new journal looks like a journal lost. */
static bool is_fresh(const powercut_case_t *of, const ud_slot_status_t *status, powercut_image_name_t name)
{
    bool untold = status->boot_reason == UD_BOOT_NORMAL || status->boot_reason == UD_BOOT_JOURNAL_LOST;
    return name == of->story->first && untold;
}

/* Asks boot for the next image. */
static void stage(ud_port_t *board, const powercut_case_t *of, ud_journal_t *journal, bool before, explore_life_t *life)
{
    const uint8_t *hash = of->images.images[before ? of->story->first : of->story->offered].hash;
    bool lies_before = before && of->mode->slots->has_hole;
    if (!is_worn_out(lies_before ? ud_slot_stage_before(journal, hash) : ud_slot_stage(journal, hash), life)) {
        ud_port_reset(board);
    }
}

static void tell(ud_port_t *board, const powercut_case_t *of, powercut_image_name_t name, explore_life_t *life)
{
    ud_journal_t journal;
    ud_slot_status_t status;
    if (is_worn_out(ud_journal_open(&journal, board), life)) {
        return;
    }
    ud_slot_status(&journal, &status);
    if (status.state == UD_SLOT_TRIAL) {
        run_trial(board, of->story, &journal, life);
        ud_slot_status(&journal, &status);
    }
    if (life->complaint != NULL) {
        return;
    }
    bool safe = status.boot_reason == UD_BOOT_SAFE_MODE;
    if (of->story->trial == TRIAL_LOOP && name == of->story->offered && !safe) {
        ud_board_crash(board, UD_RESET_WATCHDOG);
    }
    bool returns =
        of->story->trial == TRIAL_RETURN && name == of->story->offered && status.boot_reason == UD_BOOT_INSTALLED;
    if (returns || is_fresh(of, &status, name)) {
        stage(board, of, &journal, returns, life);
    } else {
        life->done = true;
        life->complaint = powercut_check_end(of, &journal, name);
    }
}

/* ---- a start --------------------------------------------------------------------------------------------------------- */

void powercut_start(ud_port_t *board, void *arg)
{
    explore_life_t *life = arg;
    const powercut_case_t *of = life->context;
    powercut_start_t start;
    life->complaint = powercut_boot(board, &of->images, &start);
    if (life->complaint != NULL) {
        return;
    }
    if (of->story->teller == TELLER_SLOT) {
        tell(board, of, start.name, life);
        return;
    }
    life->phase = start.name == of->story->offered ? PHASE_TRIAL : life->phase;
    life->complaint = powercut_agent_run(board, life, &start);
    life->done = life->complaint == NULL;
}
