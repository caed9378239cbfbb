/* The life of a device that runs images where they were written: direct XIP, a build for each slot. */
#include "core/image/encrypted.h"
#include "core/image/sign.h"
#include "tests/unit/boot/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAYLOAD 5000
#define ADDRESS_A 0x08020000u
#define ADDRESS_B 0x08060000u
#define ANYWHERE 0

static uint8_t staged[UD_SHA256_SIZE];

static uint8_t image[2 * PAYLOAD];

/* Writes a build of that version and counter, linked for `address`, to the start of `area`, and stages that next. It is
 * encrypted if there is a `reader`.
 */
static void load_for(ud_port_t *board, ud_area_t area, uint8_t major, uint32_t counter, uint32_t address,
                     const ud_key_t *reader)
{
    static uint8_t payload[PAYLOAD];
    ud_sign_options_t options = {.version = {.major = major},
                                 .hardware = POWERCUT_HARDWARE,
                                 .has_security_counter = true,
                                 .security_counter = counter,
                                 .header_size = 512,
                                 .pad_header = true,
                                 .has_rom_address = address != ANYWHERE,
                                 .rom_address = address,
                                 .encrypt_for = reader,
                                 .encrypt_key_size = reader != NULL ? 16 : 0};
    ud_image_info_t info;
    size_t size;
    memset(payload, major, sizeof payload);
    assert_int_equal(
        ud_sign_image(&options, life_images.secret, payload, sizeof payload, image, sizeof image, &size, &info), UD_OK);
    ud_board_load(board, area, 0, image, size);
    memcpy(staged, info.hash, sizeof staged);
}

static void load(ud_port_t *board, ud_area_t area, uint8_t major, uint32_t counter, uint32_t address)
{
    load_for(board, area, major, counter, address, NULL);
}

static ud_err_t act_stage_loaded(ud_journal_t *journal)
{
    return ud_slot_stage(journal, staged);
}

/* A board that runs version 1 in slot A, which its journal knows; version 2 lies in slot B. */
static ud_port_t *make(void)
{
    ud_port_t *board = make_board(POWERCUT_NEW);
    load(board, UD_AREA_SLOT_A, 1, 0, ADDRESS_A);
    ud_board_load(board, UD_AREA_SLOT_B, 0, "nothing", 7);
    assert_int_equal(start(board, UD_RESET_POWER_ON).result.area, UD_AREA_SLOT_A);
    load(board, UD_AREA_SLOT_B, 2, 0, ADDRESS_B);
    return board;
}

static ud_port_t *make_in_b(void)
{
    ud_port_t *board = make();
    act(board, act_stage_loaded);
    start_t first = start(board, UD_RESET_ORDERLY);
    assert_int_equal(first.result.area, UD_AREA_SLOT_B);
    assert_int_equal(first.result.code_offset, 512);
    assert_int_equal(first.status.state, UD_SLOT_TRIAL);
    assert_int_equal(first.status.boot_reason, UD_BOOT_INSTALLED);
    return board;
}

static void check_runs(ud_port_t *board, ud_reset_cause_t cause, ud_area_t area, ud_boot_reason_t reason)
{
    start_t next = start(board, cause);
    assert_int_equal(next.end, UD_BOARD_RETURNED);
    assert_int_equal(next.result.area, area);
    assert_int_equal(next.status.boot_reason, reason);
}

/* ---- updates -------------------------------------------------------------------------------------------------------- */

static void updates_go_from_slot_to_slot_and_nothing_is_erased(void **state)
{
    (void)state;
    ud_port_t *board = make_in_b();
    act(board, act_confirm);
    check_runs(board, UD_RESET_POWER_ON, UD_AREA_SLOT_B, UD_BOOT_INSTALLED);
    load(board, UD_AREA_SLOT_A, 3, 0, ADDRESS_A);
    act(board, act_stage_loaded);
    check_runs(board, UD_RESET_ORDERLY, UD_AREA_SLOT_A, UD_BOOT_INSTALLED);
    for (ud_area_t area = UD_AREA_SLOT_A; area <= UD_AREA_SLOT_B; area++) {
        const ud_area_geometry_t *geometry = ud_port_area(board, area);
        for (uint32_t offset = 0; offset < geometry->size_bytes; offset += geometry->sector_size_bytes) {
            assert_int_equal(ud_board_erase_count(board, area, offset), 0);
        }
    }
    ud_board_destroy(board);
}

static void a_failed_self_test_brings_back_the_other_slot(void **state)
{
    (void)state;
    ud_port_t *board = make_in_b();
    act(board, act_reject);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.result.area, UD_AREA_SLOT_A);
    assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
    assert_int_equal(next.status.boot_reason, UD_BOOT_REVERTED);
    assert_int_equal(next.status.revert_reason, UD_ERR_SELF_TEST_FAILED);
    assert_memory_equal(next.status.revert_digest, staged, UD_SHA256_SIZE);
    act(board, act_stage_loaded);
    next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.result.area, UD_AREA_SLOT_A);
    assert_int_equal(next.status.revert_reason, UD_ERR_KNOWN_BAD);
    ud_board_destroy(board);
}

static void a_trial_that_crashes_goes_back_when_its_attempts_are_used_up(void **state)
{
    (void)state;
    ud_port_t *board = make_in_b();
    for (int attempt = 2; attempt <= UD_BOOT_ATTEMPTS; attempt++) {
        check_runs(board, UD_RESET_WATCHDOG, UD_AREA_SLOT_B, UD_BOOT_INSTALLED);
    }
    check_runs(board, UD_RESET_WATCHDOG, UD_AREA_SLOT_A, UD_BOOT_REVERTED);
    ud_board_destroy(board);
}

static void eight_crashes_of_a_confirmed_image_bring_back_the_other_slot(void **state)
{
    (void)state;
    ud_port_t *board = make_in_b();
    act(board, act_confirm);
    for (int crash = 1; crash < UD_BOOT_CRASH_LOOP; crash++) {
        check_runs(board, UD_RESET_WATCHDOG, UD_AREA_SLOT_B, UD_BOOT_INSTALLED);
    }
    check_runs(board, UD_RESET_WATCHDOG, UD_AREA_SLOT_A, UD_BOOT_REVERTED);
    ud_board_destroy(board);
}

/* ---- addresses ------------------------------------------------------------------------------------------------------ */

static void check_wrong_slot(uint32_t address)
{
    ud_port_t *board = make();
    load(board, UD_AREA_SLOT_B, 2, 0, address);
    act(board, act_stage_loaded);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.result.area, UD_AREA_SLOT_A);
    assert_int_equal(next.status.boot_reason, UD_BOOT_STAGED_REFUSED);
    assert_int_equal(next.status.revert_reason, UD_ERR_WRONG_SLOT);
    ud_board_destroy(board);
}

static void a_build_for_the_other_slot_is_refused(void **state)
{
    (void)state;
    check_wrong_slot(ADDRESS_A);
}

static void a_build_that_names_no_address_is_refused(void **state)
{
    (void)state;
    check_wrong_slot(ANYWHERE);
}

static void a_build_for_the_other_slot_is_never_jumped_into(void **state)
{
    (void)state;
    ud_port_t *board = make();
    load(board, UD_AREA_SLOT_A, 1, 0, ADDRESS_B);
    load(board, UD_AREA_SLOT_B, 1, 0, ADDRESS_A);
    assert_int_equal(start(board, UD_RESET_POWER_ON).end, UD_BOARD_RECOVER);
    ud_board_destroy(board);
}

/* ---- encrypted images ----------------------------------------------------------------------------------------------- */

/* Loads an encrypted build into slot B as a port that decrypts would read it. */
static void load_decrypted(ud_port_t *board, const ud_key_t *reader, const uint8_t *private_key)
{
    load_for(board, UD_AREA_SLOT_B, 2, 0, ADDRESS_B, reader);
    ud_image_memory_t memory = {image, sizeof image};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    ud_image_info_t info;
    ud_aes_t aes;
    assert_int_equal(ud_image_parse(&source, sizeof image, &info), UD_OK);
    assert_int_equal(ud_image_unwrap_key(&source, &info, private_key, &aes), UD_OK);
    ud_image_crypt(&aes, &info, 0, image, info.total_size);
    ud_board_load(board, UD_AREA_SLOT_B, 0, image, info.total_size);
}

static void encrypted_images_run_only_where_the_port_decrypts(void **state)
{
    (void)state;
    uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE];
    ud_key_t *reader = NULL;
    assert_int_equal(ud_key_generate(&reader), UD_OK);
    assert_int_equal(ud_key_private(reader, private_key), UD_OK);
    for (int decrypts = 0; decrypts < 2; decrypts++) {
        ud_port_t *board = make();
        load_decrypted(board, reader, private_key);
        life_images.boot.cipher = decrypts ? &ud_boot_ecies_p256 : NULL;
        life_images.boot.decryption_key = private_key;
        act(board, act_stage_loaded);
        start_t next = start(board, UD_RESET_ORDERLY);
        assert_int_equal(next.result.area, decrypts ? UD_AREA_SLOT_B : UD_AREA_SLOT_A);
        assert_int_equal(next.status.revert_reason, decrypts ? UD_OK : UD_ERR_IMAGE_ENCRYPTED);
        ud_board_destroy(board);
    }
    life_images.boot.cipher = NULL;
    ud_key_destroy(reader);
}

/* ---- losses --------------------------------------------------------------------------------------------------------- */

static void lose_journal(ud_port_t *board)
{
    uint8_t junk[4096];
    uint32_t size = ud_port_area(board, UD_AREA_JOURNAL)->size_bytes;
    memset(junk, 0x5A, sizeof junk);
    for (uint32_t offset = 0; offset < size; offset += sizeof junk) {
        ud_board_load(board, UD_AREA_JOURNAL, offset, junk, size - offset < sizeof junk ? size - offset : sizeof junk);
    }
}

static void without_a_journal_the_higher_version_is_tried_and_the_other_is_its_way_back(void **state)
{
    (void)state;
    ud_port_t *board = make();
    lose_journal(board);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.result.area, UD_AREA_SLOT_B);
    assert_int_equal(next.status.state, UD_SLOT_TRIAL);
    act(board, act_reject);
    check_runs(board, UD_RESET_ORDERLY, UD_AREA_SLOT_A, UD_BOOT_REVERTED);
    check_runs(board, UD_RESET_POWER_ON, UD_AREA_SLOT_A, UD_BOOT_REVERTED);
    ud_board_destroy(board);
}

/* Version 1, counter 1, runs confirmed in slot B; version 2, counter 2, lies downloaded and never started in slot A. Then the
 * journal is lost.
 */
static ud_port_t *make_lost_with_a_download_in_a(void)
{
    ud_port_t *board = make_in_b();
    act(board, act_confirm);
    load(board, UD_AREA_SLOT_B, 1, 1, ADDRESS_B);
    check_runs(board, UD_RESET_POWER_ON, UD_AREA_SLOT_B, UD_BOOT_INSTALLED);
    load(board, UD_AREA_SLOT_A, 2, 2, ADDRESS_A);
    lose_journal(board);
    return board;
}

static void without_a_journal_a_download_that_never_started_is_tried_where_it_is(void **state)
{
    (void)state;
    ud_port_t *board = make_lost_with_a_download_in_a();
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.result.area, UD_AREA_SLOT_A);
    assert_int_equal(next.status.state, UD_SLOT_TRIAL);
    assert_int_equal(next.status.boot_reason, UD_BOOT_JOURNAL_LOST);
    assert_int_equal(next.status.attempts, 1);
    assert_int_equal(next.status.security_counter, 1);
    act(board, act_confirm);
    next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.result.area, UD_AREA_SLOT_A);
    assert_int_equal(next.status.security_counter, 2);
    ud_board_destroy(board);
}

static void without_a_journal_a_download_that_crashes_gives_way_to_the_image_before(void **state)
{
    (void)state;
    ud_port_t *board = make_lost_with_a_download_in_a();
    for (int starts = 0; starts < UD_BOOT_ATTEMPTS; starts++) {
        assert_int_equal(start(board, UD_RESET_WATCHDOG).result.area, UD_AREA_SLOT_A);
    }
    check_runs(board, UD_RESET_WATCHDOG, UD_AREA_SLOT_B, UD_BOOT_REVERTED);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.result.area, UD_AREA_SLOT_B);
    assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
    assert_int_equal(next.status.security_counter, 1);
    ud_board_destroy(board);
}

static void without_a_journal_a_higher_counter_goes_before_a_higher_version(void **state)
{
    (void)state;
    ud_port_t *board = make();
    load(board, UD_AREA_SLOT_A, 1, 5, ADDRESS_A);
    lose_journal(board);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.result.area, UD_AREA_SLOT_A);
    assert_int_equal(next.status.state, UD_SLOT_TRIAL);
    ud_board_destroy(board);
}

static void a_journal_that_is_lost_and_takes_no_row_changes_nothing_of_what_runs(void **state)
{
    (void)state;
    ud_port_t *board = make();
    load(board, UD_AREA_SLOT_A, 5, 0, ADDRESS_A);
    lose_journal(board);
    ud_board_refuse_writes(board, UD_AREA_JOURNAL, 0, ud_port_area(board, UD_AREA_JOURNAL)->size_bytes, true);
    for (int starts = 0; starts < 3; starts++) {
        assert_int_equal(start(board, UD_RESET_POWER_ON).result.area, UD_AREA_SLOT_A);
    }
    ud_board_destroy(board);
}

static void on_a_new_board_the_higher_image_in_slot_a_runs_for_good(void **state)
{
    (void)state;
    ud_port_t *board = make_board(POWERCUT_NEW);
    load(board, UD_AREA_SLOT_A, 2, 0, ADDRESS_A);
    load(board, UD_AREA_SLOT_B, 1, 0, ADDRESS_B);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.result.area, UD_AREA_SLOT_A);
    assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
    ud_board_destroy(board);
}

static void without_a_journal_the_only_image_runs_for_good(void **state)
{
    (void)state;
    ud_port_t *board = make();
    load(board, UD_AREA_SLOT_A, 1, 5, ADDRESS_A);
    ud_board_load(board, UD_AREA_SLOT_B, 0, "nothing", 7);
    lose_journal(board);
    start_t next = start(board, UD_RESET_POWER_ON);
    assert_int_equal(next.result.area, UD_AREA_SLOT_A);
    assert_int_equal(next.status.state, UD_SLOT_CONFIRMED);
    assert_int_equal(next.status.security_counter, 5);
    ud_board_destroy(board);
}

static void without_a_journal_that_can_be_written_the_first_slot_runs(void **state)
{
    (void)state;
    ud_port_t *board = make();
    uint32_t size = ud_port_area(board, UD_AREA_JOURNAL)->size_bytes;
    lose_journal(board);
    ud_board_refuse_writes(board, UD_AREA_JOURNAL, 0, size, true);
    assert_int_equal(start(board, UD_RESET_POWER_ON).result.area, UD_AREA_SLOT_A);
    ud_board_destroy(board);
}

static void a_damaged_image_is_replaced_by_the_other_slot(void **state)
{
    (void)state;
    ud_port_t *board = make_in_b();
    act(board, act_confirm);
    ud_board_patch(board, UD_AREA_SLOT_B, 3000, "damage", 6);
    check_runs(board, UD_RESET_POWER_ON, UD_AREA_SLOT_A, UD_BOOT_RESCUED);
    check_runs(board, UD_RESET_POWER_ON, UD_AREA_SLOT_A, UD_BOOT_RESCUED);
    ud_board_patch(board, UD_AREA_SLOT_A, 3000, "damage", 6);
    assert_int_equal(start(board, UD_RESET_POWER_ON).end, UD_BOARD_RECOVER);
    ud_board_destroy(board);
}

static void with_both_lanes_worn_there_is_no_trial(void **state)
{
    (void)state;
    ud_port_t *board = make_in_b();
    uint32_t size = ud_port_area(board, UD_AREA_JOURNAL)->size_bytes;
    ud_board_refuse_writes(board, UD_AREA_JOURNAL, 0, size, true);
    for (int starts = 0; starts < 3; starts++) {
        assert_int_equal(start(board, UD_RESET_POWER_ON).result.area, UD_AREA_SLOT_A);
    }
    ud_board_destroy(board);
}

static int set_up_xip(void **state)
{
    int failed = set_up(state);
    life_images.boot.mode = &ud_boot_xip;
    life_images.boot.slot_address[0] = ADDRESS_A;
    life_images.boot.slot_address[1] = ADDRESS_B;
    return failed;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(updates_go_from_slot_to_slot_and_nothing_is_erased),
        cmocka_unit_test(a_failed_self_test_brings_back_the_other_slot),
        cmocka_unit_test(a_trial_that_crashes_goes_back_when_its_attempts_are_used_up),
        cmocka_unit_test(eight_crashes_of_a_confirmed_image_bring_back_the_other_slot),
        cmocka_unit_test(a_build_for_the_other_slot_is_refused),
        cmocka_unit_test(a_build_that_names_no_address_is_refused),
        cmocka_unit_test(a_build_for_the_other_slot_is_never_jumped_into),
        cmocka_unit_test(encrypted_images_run_only_where_the_port_decrypts),
        cmocka_unit_test(without_a_journal_the_higher_version_is_tried_and_the_other_is_its_way_back),
        cmocka_unit_test(without_a_journal_a_download_that_never_started_is_tried_where_it_is),
        cmocka_unit_test(without_a_journal_a_download_that_crashes_gives_way_to_the_image_before),
        cmocka_unit_test(without_a_journal_a_higher_counter_goes_before_a_higher_version),
        cmocka_unit_test(a_journal_that_is_lost_and_takes_no_row_changes_nothing_of_what_runs),
        cmocka_unit_test(on_a_new_board_the_higher_image_in_slot_a_runs_for_good),
        cmocka_unit_test(without_a_journal_the_only_image_runs_for_good),
        cmocka_unit_test(without_a_journal_that_can_be_written_the_first_slot_runs),
        cmocka_unit_test(a_damaged_image_is_replaced_by_the_other_slot),
        cmocka_unit_test(with_both_lanes_worn_there_is_no_trial),
    };
    return cmocka_run_group_tests(tests, set_up_xip, tear_down);
}
