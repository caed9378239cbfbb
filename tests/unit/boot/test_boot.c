/* What boot does for a device over several starts, on a simulated board with signed images. */
#include "core/slot/slot.h"
#include "tests/powercut/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static powercut_images_t images;

/* One start, and what came of it. */
typedef struct {
    ud_board_end_t end;
    ud_boot_result_t result;
    powercut_image_name_t name;
    ud_slot_status_t status;
} start_t;

static void run_boot(ud_port_t *board, void *arg)
{
    start_t *start = arg;
    ud_journal_t journal;
    ud_boot_run(board, &images.boot, &start->result);
    start->name = powercut_running(board, &images);
    ud_err_t err = ud_journal_open(&journal, board);
    (void)err;
    ud_slot_status(&journal, &start->status);
}

static start_t start(ud_port_t *board, ud_reset_cause_t cause)
{
    start_t result = {.name = POWERCUT_IMAGE_COUNT};
    ud_board_reset_cause_set(board, cause);
    result.end = ud_board_run(board, run_boot, &result);
    if (result.end == UD_BOARD_RETURNED) {
        assert_int_equal(result.result.verdict, UD_VERDICT_VALID);
    }
    return result;
}

typedef ud_err_t (*agent_act_t)(ud_journal_t *journal);

typedef struct {
    agent_act_t act;
    ud_err_t err;
} agent_t;

static void run_agent(ud_port_t *board, void *arg)
{
    agent_t *agent = arg;
    ud_journal_t journal;
    agent->err = ud_journal_open(&journal, board);
    agent->err = agent->err == UD_OK ? agent->act(&journal) : agent->err;
}

static void act(ud_port_t *board, agent_act_t what)
{
    agent_t agent = {what, UD_OK};
    assert_int_equal(ud_board_run(board, run_agent, &agent), UD_BOARD_RETURNED);
    assert_int_equal(agent.err, UD_OK);
}

static uint8_t staged_hash[UD_SHA256_SIZE];

static ud_err_t act_stage(ud_journal_t *journal)
{
    return ud_slot_stage(journal, staged_hash);
}

static ud_err_t act_confirm(ud_journal_t *journal)
{
    return ud_slot_confirm(journal);
}

static ud_err_t act_reject(ud_journal_t *journal)
{
    return ud_slot_reject(journal, UD_ERR_SELF_TEST_FAILED);
}

static ud_err_t act_give_up_contact(ud_journal_t *journal)
{
    return ud_slot_reject(journal, UD_ERR_NO_CONTACT);
}

static ud_err_t act_announce(ud_journal_t *journal)
{
    return ud_slot_announce_reset(journal);
}

static ud_err_t act_contact(ud_journal_t *journal)
{
    return ud_slot_contact(journal);
}

static void check_is_bad(ud_port_t *board, void *arg)
{
    ud_journal_t journal;
    assert_int_equal(ud_journal_open(&journal, board), UD_OK);
    *(bool *)arg = ud_slot_is_bad(&journal, images.images[POWERCUT_NEW].hash);
}

static bool new_is_bad(ud_port_t *board)
{
    bool bad = false;
    (void)ud_board_run(board, check_is_bad, &bad);
    return bad;
}

static const powercut_geometry_t *geometry(void)
{
    return &powercut_geometries[2];
}

static ud_port_t *make_board(powercut_image_name_t staged)
{
    ud_port_t *board = powercut_board(geometry(), &images, staged);
    memcpy(staged_hash, images.images[staged].hash, sizeof staged_hash);
    return board;
}

/* A board on which the new image was installed and is in its first start. */
static ud_port_t *make_trial(void)
{
    ud_port_t *board = make_board(POWERCUT_NEW);
    act(board, act_stage);
    start_t first = start(board, UD_RESET_ORDERLY);
    assert_int_equal(first.name, POWERCUT_NEW);
    assert_int_equal(first.status.state, UD_SLOT_TRIAL);
    return board;
}

static ud_port_t *make_confirmed(void)
{
    ud_port_t *board = make_trial();
    act(board, act_confirm);
    return board;
}

/* ---- calm ----------------------------------------------------------------------------------------------------------- */

static void a_new_device_boots_a_valid_slot_a_as_confirmed(void **state)
{
    (void)state;
    ud_port_t *board = make_board(POWERCUT_NEW);
    start_t first = start(board, UD_RESET_POWER_ON);
    assert_int_equal(first.name, POWERCUT_OLD);
    assert_int_equal(first.status.state, UD_SLOT_CONFIRMED);
    assert_int_equal(first.status.boot_reason, UD_BOOT_NORMAL);
    ud_board_destroy(board);
}

static void a_calm_start_writes_nothing(void **state)
{
    (void)state;
    ud_port_t *board = make_board(POWERCUT_NEW);
    (void)start(board, UD_RESET_POWER_ON);
    uint64_t before = ud_board_operations(board);
    (void)start(board, UD_RESET_POWER_ON);
    assert_int_equal(ud_board_operations(board), before);
    ud_board_destroy(board);
}

static void a_lost_journal_takes_a_valid_slot_a_as_confirmed(void **state)
{
    (void)state;
    uint8_t junk[2048];
    memset(junk, 0x5A, sizeof junk);
    ud_port_t *board = make_confirmed();
    ud_board_load(board, UD_AREA_JOURNAL, 0, junk, sizeof junk);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.name, POWERCUT_NEW);
    assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
    assert_int_equal(next.status.boot_reason, UD_BOOT_JOURNAL_LOST);
    ud_board_destroy(board);
}

/* ---- trial ---------------------------------------------------------------------------------------------------------- */

static void a_confirmed_trial_stays(void **state)
{
    (void)state;
    ud_port_t *board = make_confirmed();
    for (int starts = 0; starts < 2 * UD_BOOT_ATTEMPTS; starts++) {
        start_t next = start(board, UD_RESET_POWER_ON);
        assert_int_equal(next.name, POWERCUT_NEW);
        assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
    }
    ud_board_destroy(board);
}

static void a_trial_that_never_confirms_reverts_when_its_attempts_are_used_up(void **state)
{
    (void)state;
    const ud_reset_cause_t causes[] = {UD_RESET_WATCHDOG, UD_RESET_POWER_ON, UD_RESET_FAULT};
    ud_port_t *board = make_trial();
    for (int attempt = 2; attempt <= UD_BOOT_ATTEMPTS; attempt++) {
        start_t next = start(board, causes[attempt % 3]);
        assert_int_equal(next.name, POWERCUT_NEW);
        assert_int_equal(next.status.attempts, attempt);
    }
    start_t last = start(board, UD_RESET_WATCHDOG);
    assert_int_equal(last.name, POWERCUT_OLD);
    assert_int_equal(last.status.state, UD_SLOT_CONFIRMED);
    assert_int_equal(last.status.boot_reason, UD_BOOT_REVERTED);
    assert_int_equal(last.status.revert_reason, UD_ERR_CRASHED);
    assert_memory_equal(last.status.revert_digest, images.images[POWERCUT_NEW].hash, UD_SHA256_SIZE);
    assert_true(new_is_bad(board));
    ud_board_destroy(board);
}

static void an_announced_reset_uses_up_no_attempt(void **state)
{
    (void)state;
    ud_port_t *board = make_trial();
    for (int resets = 0; resets < 2 * UD_BOOT_ATTEMPTS; resets++) {
        act(board, act_announce);
        start_t next = start(board, UD_RESET_ORDERLY);
        assert_int_equal(next.name, POWERCUT_NEW);
        assert_int_equal(next.status.attempts, 1);
    }
    ud_board_destroy(board);
}

static void an_announcement_excuses_no_crash(void **state)
{
    (void)state;
    ud_port_t *board = make_trial();
    act(board, act_announce);
    assert_int_equal(start(board, UD_RESET_WATCHDOG).status.attempts, 2);
    assert_int_equal(start(board, UD_RESET_ORDERLY).status.attempts, 3);
    assert_int_equal(start(board, UD_RESET_ORDERLY).name, POWERCUT_OLD);
    ud_board_destroy(board);
}

static void announced_resets_are_not_free_for_ever(void **state)
{
    (void)state;
    ud_port_t *board = make_trial();
    powercut_image_name_t name = POWERCUT_NEW;
    int resets = 0;
    for (; resets < 1000 && name == POWERCUT_NEW; resets++) {
        act(board, act_announce);
        name = start(board, UD_RESET_ORDERLY).name;
    }
    assert_int_equal(name, POWERCUT_OLD);
    ud_board_destroy(board);
}

static void a_rejected_trial_reverts_at_once(void **state)
{
    (void)state;
    ud_port_t *board = make_trial();
    act(board, act_reject);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.name, POWERCUT_OLD);
    assert_int_equal(next.status.revert_reason, UD_ERR_SELF_TEST_FAILED);
    assert_true(new_is_bad(board));
    ud_board_destroy(board);
}

static void a_trial_without_contact_reverts_and_is_not_marked_bad(void **state)
{
    (void)state;
    ud_port_t *board = make_trial();
    act(board, act_give_up_contact);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.name, POWERCUT_OLD);
    assert_int_equal(next.status.revert_reason, UD_ERR_NO_CONTACT);
    assert_false(new_is_bad(board));
    ud_board_destroy(board);
}

static void a_damaged_trial_is_replaced_by_the_image_before(void **state)
{
    (void)state;
    ud_port_t *board = make_trial();
    ud_board_patch(board, UD_AREA_SLOT_A, 3000, "damage", 6);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.name, POWERCUT_OLD);
    assert_int_equal(next.status.boot_reason, UD_BOOT_RESCUED);
    ud_board_destroy(board);
}

static void a_failed_trial_without_a_way_back_runs_in_safe_mode(void **state)
{
    (void)state;
    ud_port_t *board = make_trial();
    ud_board_load(board, UD_AREA_SLOT_B, 0, "gone", 4);
    act(board, act_reject);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.name, POWERCUT_NEW);
    assert_true(next.result.safe_mode);
    assert_int_equal(next.status.boot_reason, UD_BOOT_SAFE_MODE);
    ud_board_destroy(board);
}

/* Nobody waits for a self-test any more: the device has to be free to take the next update. */
static void a_failed_trial_without_a_way_back_is_no_trial_any_more(void **state)
{
    (void)state;
    ud_port_t *board = make_trial();
    ud_board_load(board, UD_AREA_SLOT_B, 0, "gone", 4);
    act(board, act_reject);
    for (int starts = 0; starts < 3; starts++) {
        start_t next = start(board, UD_RESET_ORDERLY);
        assert_true(next.result.safe_mode);
        assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
        assert_int_equal(next.status.revert_reason, UD_ERR_SELF_TEST_FAILED);
    }
    assert_true(new_is_bad(board));
    act(board, act_contact);
    act(board, act_stage);
    ud_board_destroy(board);
}

/* ---- what is staged -------------------------------------------------------------------------------------------------- */

static void check_refused(ud_port_t *board, ud_err_t reason)
{
    act(board, act_stage);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.name, POWERCUT_OLD);
    assert_int_equal(next.status.boot_reason, UD_BOOT_STAGED_REFUSED);
    assert_int_equal(next.status.revert_reason, reason);
    assert_false(next.status.install_pending);
    ud_board_destroy(board);
}

static void a_forged_image_is_not_installed(void **state)
{
    (void)state;
    check_refused(make_board(POWERCUT_FORGED), UD_ERR_IMAGE_KEY_UNKNOWN);
}

static void a_damaged_image_is_not_installed(void **state)
{
    (void)state;
    ud_port_t *board = make_board(POWERCUT_NEW);
    ud_board_patch(board, UD_AREA_SLOT_B, UD_SLOT_UNIT_SIZE_MIN + 5000, "damage", 6);
    check_refused(board, UD_ERR_IMAGE_HASH);
}

/* A board on which an image of the project's own key, but otherwise as told, is staged. */
static ud_port_t *make_other(uint8_t major, uint32_t counter, const char *hardware)
{
    powercut_image_t other;
    ud_port_t *board = make_board(POWERCUT_NEW);
    powercut_image_make(&images, major, counter, hardware, &other);
    ud_board_load(board, UD_AREA_SLOT_B, ud_slot_staging_offset(board), other.bytes, other.size);
    memcpy(staged_hash, other.hash, sizeof staged_hash);
    free(other.bytes);
    return board;
}

static void an_image_for_other_hardware_is_not_installed(void **state)
{
    (void)state;
    check_refused(make_other(3, 0, "board-r2"), UD_ERR_WRONG_HARDWARE);
}

static ud_err_t act_raise_counter(ud_journal_t *journal)
{
    return ud_slot_raise_counter(journal, 5);
}

static void an_image_below_the_security_counter_is_not_installed(void **state)
{
    (void)state;
    ud_port_t *board = make_other(3, 4, POWERCUT_HARDWARE);
    /* slot A must itself be permitted, or it would have to go */
    powercut_image_t running;
    powercut_image_make(&images, 1, 5, POWERCUT_HARDWARE, &running);
    ud_board_load(board, UD_AREA_SLOT_A, 0, running.bytes, running.size);
    act(board, act_raise_counter);
    act(board, act_stage);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.end, UD_BOARD_RETURNED);
    assert_int_equal(next.status.boot_reason, UD_BOOT_STAGED_REFUSED);
    assert_int_equal(next.status.revert_reason, UD_ERR_LOW_COUNTER);
    free(running.bytes);
    ud_board_destroy(board);
}

static void a_known_bad_image_is_not_installed_again(void **state)
{
    (void)state;
    ud_port_t *board = make_trial();
    act(board, act_reject);
    (void)start(board, UD_RESET_ORDERLY);
    act(board, act_stage);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.name, POWERCUT_OLD);
    assert_int_equal(next.status.revert_reason, UD_ERR_KNOWN_BAD);
    ud_board_destroy(board);
}

/* ---- after confirm ---------------------------------------------------------------------------------------------------- */

static void eight_crashes_without_contact_bring_the_image_before(void **state)
{
    (void)state;
    ud_port_t *board = make_confirmed();
    for (int crash = 1; crash < UD_BOOT_CRASH_LOOP; crash++) {
        start_t next = start(board, crash % 2 ? UD_RESET_WATCHDOG : UD_RESET_FAULT);
        assert_int_equal(next.name, POWERCUT_NEW);
        assert_int_equal(next.status.abnormal_resets, crash);
    }
    start_t last = start(board, UD_RESET_WATCHDOG);
    assert_int_equal(last.name, POWERCUT_OLD);
    assert_int_equal(last.status.revert_reason, UD_ERR_CRASH_LOOP);
    assert_int_equal(last.status.abnormal_resets, 0);
    assert_true(new_is_bad(board));
    ud_board_destroy(board);
}

static void contact_forgives_crashes(void **state)
{
    (void)state;
    ud_port_t *board = make_confirmed();
    for (int crash = 0; crash < 3 * UD_BOOT_CRASH_LOOP; crash++) {
        assert_int_equal(start(board, UD_RESET_WATCHDOG).name, POWERCUT_NEW);
        act(board, act_contact);
    }
    ud_board_destroy(board);
}

static void power_cuts_and_orderly_resets_are_no_crashes(void **state)
{
    (void)state;
    ud_port_t *board = make_confirmed();
    for (int resets = 0; resets < 3 * UD_BOOT_CRASH_LOOP; resets++) {
        assert_int_equal(start(board, resets % 2 ? UD_RESET_POWER_ON : UD_RESET_ORDERLY).name, POWERCUT_NEW);
    }
    ud_board_destroy(board);
}

static void a_crash_loop_does_not_end_below_the_security_counter(void **state)
{
    (void)state;
    ud_port_t *board = make_other(2, 7, POWERCUT_HARDWARE);
    act(board, act_stage);
    (void)start(board, UD_RESET_ORDERLY);
    act(board, act_confirm);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.status.security_counter, 7);
    for (int crash = 0; crash < UD_BOOT_CRASH_LOOP; crash++) {
        next = start(board, UD_RESET_WATCHDOG);
    }
    assert_int_equal(next.end, UD_BOARD_RETURNED);
    assert_true(next.result.safe_mode);
    assert_int_equal(next.status.boot_reason, UD_BOOT_SAFE_MODE);
    assert_int_not_equal(powercut_running(board, &images), POWERCUT_OLD);
    ud_board_destroy(board);
}

static void safe_mode_ends_with_contact(void **state)
{
    (void)state;
    ud_port_t *board = make_confirmed();
    ud_board_load(board, UD_AREA_SLOT_B, 0, "gone", 4);
    start_t next = start(board, UD_RESET_POWER_ON);
    for (int crash = 0; crash < UD_BOOT_CRASH_LOOP + 2; crash++) {
        next = start(board, UD_RESET_WATCHDOG);
    }
    assert_true(next.result.safe_mode);
    act(board, act_contact);
    next = start(board, UD_RESET_ORDERLY);
    assert_false(next.result.safe_mode);
    assert_int_equal(next.status.boot_reason, UD_BOOT_NORMAL);
    ud_board_destroy(board);
}

static void an_image_on_trial_does_not_raise_the_security_counter(void **state)
{
    (void)state;
    ud_port_t *board = make_other(2, 7, POWERCUT_HARDWARE);
    act(board, act_stage);
    assert_int_equal(start(board, UD_RESET_ORDERLY).status.security_counter, 0);
    act(board, act_reject);
    assert_int_equal(start(board, UD_RESET_ORDERLY).name, POWERCUT_OLD);
    ud_board_destroy(board);
}

/* ---- slots lost -------------------------------------------------------------------------------------------------------- */

static void a_damaged_slot_a_is_never_booted(void **state)
{
    (void)state;
    ud_port_t *board = make_board(POWERCUT_FORGED);
    ud_board_patch(board, UD_AREA_SLOT_A, 3000, "damage", 6);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.end, UD_BOARD_RECOVER);
    assert_int_equal(next.result.verdict, UD_VERDICT_INVALID);
    ud_board_destroy(board);
}

static void a_damaged_slot_a_is_rescued_from_slot_b(void **state)
{
    (void)state;
    ud_port_t *board = make_board(POWERCUT_NEW);
    ud_board_patch(board, UD_AREA_SLOT_A, 3000, "damage", 6);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.name, POWERCUT_NEW);
    assert_int_equal(next.status.boot_reason, UD_BOOT_RESCUED);
    assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
    ud_board_destroy(board);
}

static void an_unreadable_slot_a_is_rescued_too(void **state)
{
    (void)state;
    ud_port_t *board = make_confirmed();
    ud_board_fault_words(board, UD_AREA_SLOT_A, 0, 8, UD_WORD_UNREADABLE);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.name, POWERCUT_OLD);
    assert_int_equal(next.status.boot_reason, UD_BOOT_RESCUED);
    ud_board_destroy(board);
}

/* ---- worn journals ----------------------------------------------------------------------------------------------------- */

static void refuse_lane(ud_port_t *board, unsigned lane)
{
    uint32_t half = ud_port_area(board, UD_AREA_JOURNAL)->size_bytes / 2;
    ud_board_refuse_writes(board, UD_AREA_JOURNAL, lane * half, half, true);
}

static void with_one_lane_worn_an_install_finishes_and_says_so(void **state)
{
    (void)state;
    for (unsigned lane = 0; lane < 2; lane++) {
        ud_port_t *board = make_board(POWERCUT_NEW);
        refuse_lane(board, lane);
        act(board, act_stage);
        start_t next = start(board, UD_RESET_ORDERLY);
        assert_int_equal(next.name, POWERCUT_NEW);
        assert_int_equal(next.status.state, UD_SLOT_TRIAL);
        assert_true(next.status.journal_worn);
        ud_board_destroy(board);
    }
}

static void with_both_lanes_worn_no_install_starts(void **state)
{
    (void)state;
    ud_port_t *board = make_board(POWERCUT_NEW);
    act(board, act_stage);
    refuse_lane(board, 0);
    refuse_lane(board, 1);
    assert_int_equal(start(board, UD_RESET_ORDERLY).name, POWERCUT_OLD);
    ud_board_destroy(board);
}

static void without_a_journal_there_is_no_trial(void **state)
{
    (void)state;
    ud_port_t *board = make_trial();
    refuse_lane(board, 0);
    refuse_lane(board, 1);
    assert_int_equal(start(board, UD_RESET_POWER_ON).name, POWERCUT_OLD);
    assert_int_equal(start(board, UD_RESET_POWER_ON).name, POWERCUT_OLD);
    ud_board_destroy(board);
}

static int set_up(void **state)
{
    (void)state;
    powercut_images_make(&images);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    powercut_images_free(&images);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_device_boots_a_valid_slot_a_as_confirmed),
        cmocka_unit_test(a_calm_start_writes_nothing),
        cmocka_unit_test(a_lost_journal_takes_a_valid_slot_a_as_confirmed),
        cmocka_unit_test(a_confirmed_trial_stays),
        cmocka_unit_test(a_trial_that_never_confirms_reverts_when_its_attempts_are_used_up),
        cmocka_unit_test(an_announced_reset_uses_up_no_attempt),
        cmocka_unit_test(an_announcement_excuses_no_crash),
        cmocka_unit_test(announced_resets_are_not_free_for_ever),
        cmocka_unit_test(a_rejected_trial_reverts_at_once),
        cmocka_unit_test(a_trial_without_contact_reverts_and_is_not_marked_bad),
        cmocka_unit_test(a_damaged_trial_is_replaced_by_the_image_before),
        cmocka_unit_test(a_failed_trial_without_a_way_back_runs_in_safe_mode),
        cmocka_unit_test(a_failed_trial_without_a_way_back_is_no_trial_any_more),
        cmocka_unit_test(a_forged_image_is_not_installed),
        cmocka_unit_test(a_damaged_image_is_not_installed),
        cmocka_unit_test(an_image_for_other_hardware_is_not_installed),
        cmocka_unit_test(an_image_below_the_security_counter_is_not_installed),
        cmocka_unit_test(a_known_bad_image_is_not_installed_again),
        cmocka_unit_test(eight_crashes_without_contact_bring_the_image_before),
        cmocka_unit_test(contact_forgives_crashes),
        cmocka_unit_test(power_cuts_and_orderly_resets_are_no_crashes),
        cmocka_unit_test(a_crash_loop_does_not_end_below_the_security_counter),
        cmocka_unit_test(safe_mode_ends_with_contact),
        cmocka_unit_test(an_image_on_trial_does_not_raise_the_security_counter),
        cmocka_unit_test(a_damaged_slot_a_is_never_booted),
        cmocka_unit_test(a_damaged_slot_a_is_rescued_from_slot_b),
        cmocka_unit_test(an_unreadable_slot_a_is_rescued_too),
        cmocka_unit_test(with_one_lane_worn_an_install_finishes_and_says_so),
        cmocka_unit_test(with_both_lanes_worn_no_install_starts),
        cmocka_unit_test(without_a_journal_there_is_no_trial),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
