/* The life of a device that overwrites: one image, no way back. */
#include "tests/unit/boot/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A board that runs the old image; the one called `staged` lies at the start of slot B. */
static ud_port_t *make(powercut_image_name_t staged)
{
    ud_port_t *board = make_board(staged);
    const powercut_image_t *image = &life_images.images[staged];
    ud_board_load(board, UD_AREA_SLOT_B, 0, image->bytes, image->size);
    return board;
}

static ud_port_t *make_new_on_trial(void)
{
    ud_port_t *board = make(POWERCUT_NEW);
    act(board, act_stage);
    start_t first = start(board, UD_RESET_ORDERLY);
    assert_int_equal(first.name, POWERCUT_NEW);
    assert_int_equal(first.status.state, UD_SLOT_TRIAL);
    assert_int_equal(first.status.boot_reason, UD_BOOT_INSTALLED);
    return board;
}

static void an_update_is_copied_over_slot_a_and_stays_in_slot_b(void **state)
{
    (void)state;
    ud_port_t *board = make_new_on_trial();
    const powercut_image_t *image = &life_images.images[POWERCUT_NEW];
    uint8_t *content = malloc(image->size);
    assert_non_null(content);
    ud_board_peek(board, UD_AREA_SLOT_B, 0, content, image->size);
    assert_memory_equal(content, image->bytes, image->size);
    free(content);
    act(board, act_confirm);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.name, POWERCUT_NEW);
    assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
    ud_board_destroy(board);
}

/* Starts a board on which the new image is staged, with a power cut inside that operation; false if it was not reached. */
static bool start_cut(uint32_t operation)
{
    ud_port_t *board = make(POWERCUT_NEW);
    ud_board_fuse_t fuse = {.operation = operation, .cut = UD_CUT_INSIDE, .words_done = operation % 5};
    act(board, act_stage);
    ud_board_fuse_set(board, &fuse);
    start_t next = start(board, UD_RESET_ORDERLY);
    bool cut = next.end == UD_BOARD_POWER_CUT;
    ud_board_fuse_set(board, &(ud_board_fuse_t){0});
    next = cut ? start(board, UD_RESET_POWER_ON) : next;
    assert_int_equal(next.name, POWERCUT_NEW);
    assert_int_equal(next.status.state, UD_SLOT_TRIAL);
    ud_board_destroy(board);
    return cut;
}

static void a_copy_that_loses_power_is_completed(void **state)
{
    (void)state;
    uint32_t operation = 1;
    while (start_cut(operation)) {
        operation += 3;
    }
    assert_true(operation > 50);
}

/* What is left of a trial where nothing can come back. */
static void check_stays(ud_port_t *board, ud_err_t reason, bool bad)
{
    start_t next = {.name = POWERCUT_IMAGE_COUNT};
    for (int starts = 0; starts < 2; starts++) {
        next = start(board, UD_RESET_ORDERLY);
        assert_int_equal(next.name, POWERCUT_NEW);
        assert_true(next.result.safe_mode);
        assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
        assert_int_equal(next.status.boot_reason, UD_BOOT_SAFE_MODE);
        assert_int_equal(next.status.revert_reason, reason);
        assert_memory_equal(next.status.revert_digest, life_images.images[POWERCUT_NEW].hash, UD_SHA256_SIZE);
    }
    assert_int_equal(new_is_bad(board), bad);
    act(board, act_contact);
    assert_false(start(board, UD_RESET_ORDERLY).result.safe_mode);
    act(board, act_stage);
    ud_board_destroy(board);
}

static void a_failed_self_test_is_reported_and_the_image_stays_in_safe_mode(void **state)
{
    (void)state;
    ud_port_t *board = make_new_on_trial();
    act(board, act_reject);
    check_stays(board, UD_ERR_SELF_TEST_FAILED, true);
}

static void a_trial_without_contact_stays_and_is_not_marked_bad(void **state)
{
    (void)state;
    ud_port_t *board = make_new_on_trial();
    act(board, act_give_up_contact);
    check_stays(board, UD_ERR_NO_CONTACT, false);
}

static void a_trial_that_crashes_stays_when_its_attempts_are_used_up(void **state)
{
    (void)state;
    ud_port_t *board = make_new_on_trial();
    for (int attempt = 2; attempt <= UD_BOOT_ATTEMPTS; attempt++) {
        assert_int_equal(start(board, UD_RESET_WATCHDOG).status.attempts, attempt);
    }
    assert_true(start(board, UD_RESET_FAULT).result.safe_mode);
    check_stays(board, UD_ERR_CRASHED, true);
}

static void a_confirmed_image_that_crashes_again_and_again_stays_in_safe_mode(void **state)
{
    (void)state;
    ud_port_t *board = make_new_on_trial();
    act(board, act_confirm);
    start_t next = {.name = POWERCUT_IMAGE_COUNT};
    for (int crash = 0; crash < UD_BOOT_CRASH_LOOP; crash++) {
        next = start(board, UD_RESET_WATCHDOG);
    }
    assert_int_equal(next.name, POWERCUT_NEW);
    assert_true(next.result.safe_mode);
    assert_int_equal(next.status.revert_reason, UD_ERR_CRASH_LOOP);
    ud_board_destroy(board);
}

static void a_lost_slot_a_is_copied_once_more_while_slot_b_holds_the_image(void **state)
{
    (void)state;
    ud_port_t *board = make_new_on_trial();
    act(board, act_confirm);
    ud_board_patch(board, UD_AREA_SLOT_A, 3000, "damage", 6);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.name, POWERCUT_NEW);
    assert_int_equal(next.status.boot_reason, UD_BOOT_RESCUED);
    assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
    ud_board_destroy(board);
}

static void a_lost_slot_a_beside_half_a_download_is_left_to_recovery(void **state)
{
    (void)state;
    ud_port_t *board = make_new_on_trial();
    act(board, act_confirm);
    ud_board_patch(board, UD_AREA_SLOT_A, 3000, "damage", 6);
    ud_board_patch(board, UD_AREA_SLOT_B, 3000, "others", 6);
    assert_int_equal(start(board, UD_RESET_POWER_ON).end, UD_BOARD_RECOVER);
    ud_board_destroy(board);
}

static void a_forged_image_is_not_copied(void **state)
{
    (void)state;
    ud_port_t *board = make(POWERCUT_FORGED);
    act(board, act_stage);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.name, POWERCUT_OLD);
    assert_int_equal(next.status.boot_reason, UD_BOOT_STAGED_REFUSED);
    assert_int_equal(next.status.revert_reason, UD_ERR_IMAGE_KEY_UNKNOWN);
    ud_board_destroy(board);
}

static void with_both_lanes_worn_nothing_is_overwritten(void **state)
{
    (void)state;
    ud_port_t *board = make(POWERCUT_NEW);
    uint32_t size = ud_port_area(board, UD_AREA_JOURNAL)->size_bytes;
    act(board, act_stage);
    ud_board_refuse_writes(board, UD_AREA_JOURNAL, 0, size, true);
    assert_int_equal(start(board, UD_RESET_ORDERLY).name, POWERCUT_OLD);
    ud_board_destroy(board);
}

static int set_up_overwrite(void **state)
{
    int failed = set_up(state);
    life_images.boot.mode = &ud_boot_overwrite;
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_is_copied_over_slot_a_and_stays_in_slot_b),
        cmocka_unit_test(a_copy_that_loses_power_is_completed),
        cmocka_unit_test(a_failed_self_test_is_reported_and_the_image_stays_in_safe_mode),
        cmocka_unit_test(a_trial_without_contact_stays_and_is_not_marked_bad),
        cmocka_unit_test(a_trial_that_crashes_stays_when_its_attempts_are_used_up),
        cmocka_unit_test(a_confirmed_image_that_crashes_again_and_again_stays_in_safe_mode),
        cmocka_unit_test(a_lost_slot_a_is_copied_once_more_while_slot_b_holds_the_image),
        cmocka_unit_test(a_lost_slot_a_beside_half_a_download_is_left_to_recovery),
        cmocka_unit_test(a_forged_image_is_not_copied),
        cmocka_unit_test(with_both_lanes_worn_nothing_is_overwritten),
    };
    return cmocka_run_group_tests(tests, set_up_overwrite, tear_down);
}
