/* The agent on a device whose bootloader is MCUboot: whole updates, and whatever ends them. */
#include "tests/unit/agent/on_mcuboot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- to the end ----------------------------------------------------------------------------------------------------- */

static void an_update_is_tested_confirmed_and_reported(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    on_mcuboot_update(fixture, &fixture->second);
    assert_true(fixture->agent.on_trial);
    assert_int_equal(on_mcuboot_status(fixture).boot_reason, UD_BOOT_INSTALLED);
    assert_int_equal(model_type(&ud_mcuboot, fixture->board), MODEL_REVERT);
    on_mcuboot_expect_report(fixture, UD_DEVICE_CONFIRMED, UD_OK);
    assert_int_equal(model_type(&ud_mcuboot, fixture->board), MODEL_NONE);
    assert_int_equal(on_mcuboot_status(fixture).security_counter, 1);
    assert_int_equal(on_mcuboot_reset(fixture, UD_RESET_POWER_ON), MODEL_NONE);
    assert_true(on_mcuboot_runs(fixture, &fixture->second));
    assert_int_equal(on_mcuboot_status(fixture).state, UD_SLOT_CONFIRMED);
    assert_int_equal(on_mcuboot_status(fixture).security_counter, 2);
    assert_false(fixture->agent.result_pending);
}

static void updates_follow_one_another(void **state)
{
    static fixture_release_t next;
    fixture_t *fixture = *state;
    fixture_register(fixture);
    for (uint32_t round = 3; round < 8; round++) {
        char version[] = "3.0.0";
        version[0] = (char)('0' + round);
        fixture_release(fixture, version, round, round % 2 == 0 ? 5000 : 45000, 4096, &next);
        on_mcuboot_update(fixture, &next);
        on_mcuboot_expect_report(fixture, UD_DEVICE_CONFIRMED, UD_OK);
    }
    assert_int_equal(ud_board_refused_programs(fixture->board), 0);
}

static void a_new_device_is_left_alone(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    assert_int_equal(on_mcuboot_status(fixture).state, UD_SLOT_CONFIRMED);
    assert_int_equal(fixture->erases[UD_AREA_SLOT_A], 0);
    assert_int_equal(model_type(&ud_mcuboot, fixture->board), MODEL_NONE);
    uint64_t before = ud_board_operations(fixture->board);
    fixture_restart(fixture);
    assert_int_equal(ud_board_operations(fixture->board), before);
}

static void slots_that_mcuboot_does_not_swap_are_refused(void **state)
{
    static const struct {
        uint32_t size_a, sector_a, size_b, sector_b;
        uint16_t write_size;
        bool scratch, move, offset;
    } geometries[] = {
        {64 * SECTOR, SECTOR, 64 * SECTOR, SECTOR, 8, true, true, true},
        {65 * SECTOR, SECTOR, 64 * SECTOR, SECTOR, 8, false, true, false},
        {64 * SECTOR, SECTOR, 65 * SECTOR, SECTOR, 8, false, false, true},
        {66 * SECTOR, SECTOR, 64 * SECTOR, SECTOR, 8, false, false, false},
        {64 * SECTOR, SECTOR, 64 * SECTOR, 2 * SECTOR, 8, true, false, false},
        {64 * SECTOR, SECTOR, 64 * SECTOR, SECTOR, 32, false, false, false}, /* more than max_align */
        {128 * SECTOR, SECTOR, 128 * SECTOR, SECTOR, 8, true, true, true},
        {129 * SECTOR, SECTOR, 129 * SECTOR, SECTOR, 8, false, false, false}, /* more than sectors_max */
        {128 * SECTOR, SECTOR, 129 * SECTOR, SECTOR, 8, false, false, false},
        {SECTOR, SECTOR, SECTOR, SECTOR, 8, false, false, false}, /* all of it is trailer */
    };
    (void)state;
    for (size_t i = 0; i < sizeof geometries / sizeof geometries[0]; i++) {
        ud_board_config_t config;
        ud_port_t *board;
        ud_board_config_default(&config);
        config.areas[UD_AREA_SLOT_A] = (ud_area_geometry_t){geometries[i].size_a, geometries[i].sector_a, 8, 0xFF};
        config.areas[UD_AREA_SLOT_B] =
            (ud_area_geometry_t){geometries[i].size_b, geometries[i].sector_b, geometries[i].write_size, 0xFF};
        assert_int_equal(ud_board_create(&config, &board), UD_OK);
        bool fits = ud_mcuboot.swap == &ud_mcuboot_scratch ? geometries[i].scratch
                    : ud_mcuboot.swap == &ud_mcuboot_move  ? geometries[i].move
                                                           : geometries[i].offset;
        assert_int_equal(ud_slot_check_geometry(&ud_slot_mcuboot, board), fits ? UD_OK : UD_ERR_INVALID_ARGUMENT);
        assert_int_equal(ud_slot_check_geometry(&ud_slot_swap, board), UD_ERR_INVALID_ARGUMENT);
        ud_board_destroy(board);
    }
}

static void a_device_says_what_fits_beside_the_trailer(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    /* 128 records of 16 bytes, three times or twice, and the fields: more than one sector, less than two */
    assert_int_equal(fixture_last(fixture)->capabilities.slot_size, (64 - 2) * SECTOR);
    assert_int_equal(fixture_last(fixture)->capabilities.install, 0);
}

/* ---- other ends ----------------------------------------------------------------------------------------------------- */

static void a_failed_self_test_reverts_and_is_remembered(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    on_mcuboot_update(fixture, &fixture->second);
    fixture->self_test = UD_SELF_TEST_FAILED;
    on_mcuboot_run_to_reset(fixture);
    assert_int_equal(on_mcuboot_reset(fixture, UD_RESET_ORDERLY), MODEL_REVERT);
    assert_true(on_mcuboot_runs(fixture, &fixture->first));
    on_mcuboot_expect_report(fixture, UD_DEVICE_REVERTED, UD_ERR_SELF_TEST_FAILED);
    fixture->server.offer.action = UD_ACTION_INSTALL;
    assert_true(fixture_run_until(fixture, fixture_has_result, fixture->now_ms + LIMIT_MS, NULL));
    assert_int_equal(fixture->agent.result_error, UD_ERR_KNOWN_BAD);
}

static void an_image_that_reached_no_server_reverts_and_may_come_again(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    on_mcuboot_update(fixture, &fixture->second);
    fixture->server.unreachable = true;
    ud_board_end_t end;
    assert_false(fixture_run_until(fixture, fixture_never, fixture->now_ms + 90000000, &end));
    assert_int_equal(end, UD_BOARD_RESET);
    fixture->server.unreachable = false;
    assert_int_equal(on_mcuboot_reset(fixture, UD_RESET_ORDERLY), MODEL_REVERT);
    on_mcuboot_expect_report(fixture, UD_DEVICE_REVERTED, UD_ERR_NO_CONTACT);
    on_mcuboot_update(fixture, &fixture->second);
    on_mcuboot_expect_report(fixture, UD_DEVICE_CONFIRMED, UD_OK);
}

/* Even before its agent could say a word. */
static void an_image_that_crashes_reverts_and_is_remembered(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture_offer(fixture, &fixture->second);
    on_mcuboot_run_to_reset(fixture);
    assert_int_equal(model_boot(&ud_mcuboot, fixture->board, true), MODEL_TEST);
    assert_int_equal(on_mcuboot_reset(fixture, UD_RESET_WATCHDOG), MODEL_REVERT);
    assert_true(on_mcuboot_runs(fixture, &fixture->first));
    fixture->server.offer.action = UD_ACTION_NONE;
    on_mcuboot_expect_report(fixture, UD_DEVICE_REVERTED, UD_ERR_CRASHED);
    assert_true(ud_slot_is_bad(&fixture->journal, fixture->second.info.hash));
}

static void power_lost_on_trial_reverts_and_blames_nobody(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    on_mcuboot_update(fixture, &fixture->second);
    assert_int_equal(on_mcuboot_reset(fixture, UD_RESET_POWER_ON), MODEL_REVERT);
    on_mcuboot_expect_report(fixture, UD_DEVICE_REVERTED, UD_ERR_CRASHED);
    assert_false(ud_slot_is_bad(&fixture->journal, fixture->second.info.hash));
    on_mcuboot_update(fixture, &fixture->second);
    on_mcuboot_expect_report(fixture, UD_DEVICE_CONFIRMED, UD_OK);
}

static void what_mcuboot_refuses_is_reported(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture_offer(fixture, &fixture->second);
    on_mcuboot_run_to_reset(fixture);
    assert_int_equal(model_boot(&ud_mcuboot, fixture->board, false), MODEL_NONE);
    fixture->server.offer.action = UD_ACTION_NONE;
    fixture_restart(fixture);
    on_mcuboot_expect_report(fixture, UD_DEVICE_FAILED, UD_ERR_BOOT_REFUSED);
    on_mcuboot_update(fixture, &fixture->second);
    on_mcuboot_expect_report(fixture, UD_DEVICE_CONFIRMED, UD_OK);
}

/* MCUboot finds slots or space not to its liking and starts slot A, the request untouched. */
static void what_mcuboot_leaves_undone_is_withdrawn_and_reported(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture_offer(fixture, &fixture->second);
    on_mcuboot_run_to_reset(fixture);
    fixture->server.offer.action = UD_ACTION_NONE;
    fixture_restart(fixture);
    on_mcuboot_expect_report(fixture, UD_DEVICE_FAILED, UD_ERR_BOOT_REFUSED);
    assert_int_equal(model_type(&ud_mcuboot, fixture->board), MODEL_NONE);
}

static void a_cancelled_update_is_not_installed(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture->deny_reboot = true;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_staged, fixture->now_ms + LIMIT_MS, NULL));
    assert_int_equal(model_type(&ud_mcuboot, fixture->board), MODEL_TEST);
    fixture->server.offer.action = UD_ACTION_CANCEL;
    fixture->server.offer.next_s = 60;
    ud_agent_wake(&fixture->agent);
    on_mcuboot_settle(fixture);
    assert_int_equal(model_type(&ud_mcuboot, fixture->board), MODEL_NONE);
    assert_int_equal(on_mcuboot_reset(fixture, UD_RESET_POWER_ON), MODEL_NONE);
    assert_true(on_mcuboot_runs(fixture, &fixture->first));
}

/* A trial that another tool began (mcumgr, a probe): the agent confirms it all the same, and reports no update. */
static void the_trial_of_another_is_confirmed_too(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    ud_board_load(fixture->board, UD_AREA_SLOT_B, ud_slot_staging_offset(&ud_slot_mcuboot, fixture->board),
                  fixture->second.image, fixture->second.size);
    model_poke_magic(fixture->board, UD_AREA_SLOT_B, 16);
    assert_int_equal(on_mcuboot_reset(fixture, UD_RESET_ORDERLY), MODEL_TEST);
    assert_true(fixture->agent.on_trial);
    on_mcuboot_settle(fixture);
    assert_int_equal(model_type(&ud_mcuboot, fixture->board), MODEL_NONE);
    assert_int_equal(on_mcuboot_status(fixture).state, UD_SLOT_CONFIRMED);
}

static void a_lost_journal_loses_no_trial(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture_offer(fixture, &fixture->second);
    on_mcuboot_run_to_reset(fixture);
    ud_board_load(fixture->board, UD_AREA_JOURNAL, 0, NULL, 0);
    assert_int_equal(on_mcuboot_reset(fixture, UD_RESET_ORDERLY), MODEL_TEST);
    assert_true(fixture->agent.on_trial);
    fixture->server.offer.action = UD_ACTION_NONE;
    on_mcuboot_settle(fixture);
    assert_int_equal(on_mcuboot_reset(fixture, UD_RESET_POWER_ON), MODEL_NONE);
    assert_true(on_mcuboot_runs(fixture, &fixture->second));
}

/* MCUboot reads beyond the new image where the image before is longer, and gives up on what it cannot read. */
static void what_is_moved_beside_the_image_is_made_readable(void **state)
{
    fixture_t *fixture = *state;
    uint8_t word[16];
    fixture_register(fixture);
    ud_board_fault_words(fixture->board, UD_AREA_SLOT_B, 40 * SECTOR + 64, 16, UD_WORD_UNREADABLE);
    fixture_offer(fixture, &fixture->second);
    on_mcuboot_run_to_reset(fixture);
    assert_int_equal(ud_port_flash_read(fixture->board, UD_AREA_SLOT_B, 40 * SECTOR + 64, word, sizeof word), UD_OK);
}

/* Where the image before fills its slot to the trailer's first bytes, it is the way back. */
static void slot_b_is_left_alone_while_an_image_is_on_trial(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    on_mcuboot_update(fixture, &fixture->second);
    model_poke(fixture->board, UD_AREA_SLOT_B, 70, 0x42);
    uint32_t erases = fixture->erases[UD_AREA_SLOT_B];
    fixture_restart(fixture);
    assert_int_equal(ud_slot_stage(&fixture->journal, fixture->first.info.hash), UD_ERR_NOT_CONFIRMED);
    assert_int_equal(fixture->erases[UD_AREA_SLOT_B], erases);
    assert_int_equal(model_type(&ud_mcuboot, fixture->board), MODEL_REVERT);
}

/* A probe wrote the image together with a trailer: MCUboot would not revert it. */
static void an_image_that_came_with_its_trailer_is_no_trial(void **state)
{
    fixture_t *fixture = *state;
    model_poke_magic(fixture->board, UD_AREA_SLOT_A, 16);
    fixture_restart(fixture);
    assert_false(fixture->agent.on_trial);
    assert_int_equal(model_type(&ud_mcuboot, fixture->board), MODEL_NONE);
}

/* Any mixture of fields: the agent takes it as MCUboot does, and what is left asks for nothing. */
static void every_mixture_of_trailers_is_taken_as_mcuboot_does(void **state)
{
    static const uint8_t bytes[] = {0x01, 0xFF, 0x37};
    const model_layout_t *layout = model_layout(16);
    const uint32_t fields[] = {layout->image_ok, layout->copy_done, layout->swap_info};
    fixture_t *fixture = *state;
    fixture_register(fixture);
    for (uint32_t mixture = 0; mixture < 81 * 81; mixture++) {
        uint32_t rest = mixture;
        for (ud_area_t area = UD_AREA_SLOT_A; area <= UD_AREA_SLOT_B; area++) {
            ud_board_load(fixture->board, area, 0, fixture->first.image, fixture->first.size);
            for (size_t field = 0; field < 3; field++, rest /= 3) {
                model_poke(fixture->board, area, fields[field], bytes[rest % 3]);
            }
            if (rest % 3 != 1) {
                model_poke_magic(fixture->board, area, rest % 3 == 0 ? 16 : 32);
            }
            rest /= 3;
        }
        bool trial = model_type(&ud_mcuboot, fixture->board) == MODEL_REVERT;
        fixture_restart(fixture);
        model_type_t after = model_type(&ud_mcuboot, fixture->board);
        assert_true(fixture->agent.on_trial ? after != MODEL_NONE : after == MODEL_NONE);
        assert_true(!trial || fixture->agent.on_trial || SWAP.has_tlv_sizes);
    }
}

#define ON_MCUBOOT(test) cmocka_unit_test_setup_teardown(test, on_mcuboot_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MCUBOOT(an_update_is_tested_confirmed_and_reported),
        ON_MCUBOOT(updates_follow_one_another),
        ON_MCUBOOT(a_new_device_is_left_alone),
        cmocka_unit_test(slots_that_mcuboot_does_not_swap_are_refused),
        ON_MCUBOOT(a_device_says_what_fits_beside_the_trailer),
        ON_MCUBOOT(a_failed_self_test_reverts_and_is_remembered),
        ON_MCUBOOT(an_image_that_reached_no_server_reverts_and_may_come_again),
        ON_MCUBOOT(an_image_that_crashes_reverts_and_is_remembered),
        ON_MCUBOOT(power_lost_on_trial_reverts_and_blames_nobody),
        ON_MCUBOOT(what_mcuboot_refuses_is_reported),
        ON_MCUBOOT(what_mcuboot_leaves_undone_is_withdrawn_and_reported),
        ON_MCUBOOT(a_cancelled_update_is_not_installed),
        ON_MCUBOOT(the_trial_of_another_is_confirmed_too),
        ON_MCUBOOT(a_lost_journal_loses_no_trial),
        ON_MCUBOOT(what_is_moved_beside_the_image_is_made_readable),
        ON_MCUBOOT(every_mixture_of_trailers_is_taken_as_mcuboot_does),
        ON_MCUBOOT(slot_b_is_left_alone_while_an_image_is_on_trial),
        ON_MCUBOOT(an_image_that_came_with_its_trailer_is_no_trial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
