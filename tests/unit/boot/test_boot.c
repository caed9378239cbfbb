/* What boot starts over a device's life: calm, on trial, after confirm, with slots lost. */
#include "tests/unit/boot/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
    assert_memory_equal(last.status.revert_digest, life_images.images[POWERCUT_NEW].hash, UD_SHA256_SIZE);
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
    assert_int_equal(next.status.revert_reason, UD_ERR_IMAGE_HASH);
    assert_memory_equal(next.status.revert_digest, life_images.images[POWERCUT_NEW].hash, UD_SHA256_SIZE);
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
    assert_int_not_equal(powercut_standing(board, UD_AREA_SLOT_A, &life_images), POWERCUT_OLD);
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

/* ---- rollback without a download ------------------------------------------------------------------------------------ */

static ud_err_t act_stage_before(ud_journal_t *journal)
{
    return ud_slot_stage_before(journal, life_images.images[POWERCUT_OLD].hash);
}

static ud_port_t *make_rolled_back(void)
{
    ud_port_t *board = make_confirmed();
    act(board, act_stage_before);
    start_t first = start(board, UD_RESET_ORDERLY);
    assert_int_equal(first.name, POWERCUT_OLD);
    assert_int_equal(first.status.state, UD_SLOT_TRIAL);
    assert_int_equal(first.status.boot_reason, UD_BOOT_INSTALLED);
    return board;
}

static void the_image_before_is_installed_from_where_it_lies_on_trial(void **state)
{
    (void)state;
    ud_port_t *board = make_rolled_back();
    act(board, act_confirm);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.name, POWERCUT_OLD);
    assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
    ud_board_destroy(board);
}

static void a_rollback_that_fails_its_trial_is_taken_back_and_may_be_ordered_again(void **state)
{
    (void)state;
    ud_port_t *board = make_rolled_back();
    for (int orders = 0; orders < 2; orders++) {
        act(board, act_give_up_contact);
        start_t next = start(board, UD_RESET_ORDERLY);
        assert_int_equal(next.name, POWERCUT_NEW);
        assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
        assert_int_equal(next.status.boot_reason, UD_BOOT_REVERTED);
        assert_int_equal(next.status.revert_reason, UD_ERR_NO_CONTACT);
        act(board, act_stage_before);
        assert_int_equal(start(board, UD_RESET_ORDERLY).name, POWERCUT_OLD);
    }
    ud_board_destroy(board);
}

static void a_rollback_that_crashes_again_and_again_gives_way_to_the_newer_image(void **state)
{
    (void)state;
    ud_port_t *board = make_rolled_back();
    act(board, act_confirm);
    start_t next = {.name = POWERCUT_IMAGE_COUNT};
    for (int crash = 0; crash < UD_BOOT_CRASH_LOOP; crash++) {
        next = start(board, UD_RESET_WATCHDOG);
    }
    assert_int_equal(next.name, POWERCUT_NEW);
    assert_int_equal(next.status.revert_reason, UD_ERR_CRASH_LOOP);
    ud_board_destroy(board);
}

/* A start, cut inside that operation and begun again; false if there were not as many. */
static bool start_cut(ud_port_t *board, uint32_t operation, powercut_image_name_t name)
{
    ud_board_fuse_set(board, &(ud_board_fuse_t){.operation = operation, .cut = UD_CUT_INSIDE, .words_done = 2});
    start_t next = start(board, UD_RESET_ORDERLY);
    bool cut = next.end == UD_BOARD_POWER_CUT;
    ud_board_fuse_set(board, &(ud_board_fuse_t){0});
    assert_int_equal((cut ? start(board, UD_RESET_POWER_ON) : next).name, name);
    return cut;
}

static void a_rollback_and_its_end_survive_power_cuts(void **state)
{
    (void)state;
    bool more = true;
    for (uint32_t operation = 1; more; operation += 4) {
        ud_port_t *board = make_confirmed();
        act(board, act_stage_before);
        more = start_cut(board, operation, POWERCUT_OLD);
        act(board, act_reject);
        more = start_cut(board, operation, POWERCUT_NEW) || more;
        ud_board_destroy(board);
    }
}

static void the_image_before_that_is_damaged_is_not_installed(void **state)
{
    (void)state;
    ud_port_t *board = make_confirmed();
    ud_board_patch(board, UD_AREA_SLOT_B, 3000, "damage", 6);
    act(board, act_stage_before);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.name, POWERCUT_NEW);
    assert_int_equal(next.status.boot_reason, UD_BOOT_STAGED_REFUSED);
    assert_int_equal(next.status.revert_reason, UD_ERR_IMAGE_HASH);
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
        cmocka_unit_test(eight_crashes_without_contact_bring_the_image_before),
        cmocka_unit_test(contact_forgives_crashes),
        cmocka_unit_test(power_cuts_and_orderly_resets_are_no_crashes),
        cmocka_unit_test(a_crash_loop_does_not_end_below_the_security_counter),
        cmocka_unit_test(safe_mode_ends_with_contact),
        cmocka_unit_test(an_image_on_trial_does_not_raise_the_security_counter),
        cmocka_unit_test(the_image_before_is_installed_from_where_it_lies_on_trial),
        cmocka_unit_test(a_rollback_that_fails_its_trial_is_taken_back_and_may_be_ordered_again),
        cmocka_unit_test(a_rollback_that_crashes_again_and_again_gives_way_to_the_newer_image),
        cmocka_unit_test(a_rollback_and_its_end_survive_power_cuts),
        cmocka_unit_test(the_image_before_that_is_damaged_is_not_installed),
        cmocka_unit_test(a_damaged_slot_a_is_never_booted),
        cmocka_unit_test(a_damaged_slot_a_is_rescued_from_slot_b),
        cmocka_unit_test(an_unreadable_slot_a_is_rescued_too),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
