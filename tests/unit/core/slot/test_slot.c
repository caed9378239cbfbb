#include "core/slot/record.h"
#include "ports/posix/board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t digest[UD_SHA256_SIZE] = {1, 2, 3};
static ud_port_t *board;
static ud_journal_t journal;

static int set_up(void **state)
{
    (void)state;
    ud_board_config_t config;
    ud_board_config_default(&config);
    return ud_board_create(&config, &board) == UD_OK && ud_journal_open(&journal, board) == UD_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ud_board_destroy(board);
    return 0;
}

static void reopen(void)
{
    assert_int_equal(ud_journal_open(&journal, board), UD_OK);
}

static ud_slot_status_t status(void)
{
    ud_slot_status_t result;
    reopen();
    ud_slot_status(&journal, &result);
    return result;
}

/* As boot leaves it after an install. */
static void begin_trial(void)
{
    ud_slot_record_t record = {.state = UD_SLOT_TRIAL, .attempts = 2, .security_counter = 4};
    assert_int_equal(ud_slot_record_put(&journal, &record), UD_OK);
}

static void a_new_device_knows_nothing(void **state)
{
    (void)state;
    ud_slot_status_t now = status();
    assert_int_equal(now.state, UD_SLOT_EMPTY);
    assert_int_equal(now.boot_reason, UD_BOOT_NORMAL);
    assert_int_equal(now.revert_reason, UD_OK);
    assert_false(now.install_pending);
}

static void the_record_survives_as_it_was_written(void **state)
{
    (void)state;
    ud_slot_record_t written = {.state = UD_SLOT_TRIAL,
                                .install = UD_INSTALL_REVERT,
                                .attempts = 2,
                                .abnormal_resets = 7,
                                .announced = true,
                                .announced_count = 9,
                                .runs_b = true,
                                .crossed = true,
                                .turned = true,
                                .reason = UD_ERR_NO_CONTACT,
                                .hole = 11,
                                .units = 6,
                                .security_counter = 77,
                                .digest = {5}};
    ud_slot_record_t read;
    assert_int_equal(ud_slot_record_put(&journal, &written), UD_OK);
    reopen();
    ud_slot_record_get(&journal, &read);
    assert_int_equal(read.state, written.state);
    assert_int_equal(read.install, written.install);
    assert_int_equal(read.attempts, written.attempts);
    assert_int_equal(read.abnormal_resets, written.abnormal_resets);
    assert_true(read.announced && read.turned && read.runs_b && read.crossed);
    assert_int_equal(read.announced_count, written.announced_count);
    assert_int_equal(read.reason, written.reason);
    assert_int_equal(read.hole, written.hole);
    assert_int_equal(read.units, written.units);
    assert_int_equal(read.security_counter, written.security_counter);
    assert_memory_equal(read.digest, written.digest, sizeof read.digest);
}

static void the_rows_lie_on_flash_as_they_always_did(void **state)
{
    (void)state;
    ud_slot_record_t record = {.state = 1,
                               .install = 2,
                               .attempts = 3,
                               .abnormal_resets = 4,
                               .announced_count = 5,
                               .reason = 0x0706,
                               .hole = 0x0908,
                               .units = 0x0B0A,
                               .security_counter = 0x0F0E0D0C,
                               .digest = {20}};
    const uint8_t record_row[21] = {1, 2, 3, 4, 0, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0, 20};
    const uint8_t flags[] = {1, 2, 4, 8};
    for (size_t flag = 0; flag < sizeof flags; flag++) {
        record.announced = flag == 0;
        record.turned = flag == 1;
        record.runs_b = flag == 2;
        record.crossed = flag == 3;
        assert_int_equal(ud_slot_record_put(&journal, &record), UD_OK);
        const uint8_t *row = ud_journal_get(&journal, UD_ROW_SLOT);
        assert_int_equal(row[4], flags[flag]);
        assert_memory_equal(row, record_row, 4);
        assert_memory_equal(row + 5, record_row + 5, sizeof record_row - 5);
    }
    ud_slot_download_t download = {
        .update_id = 0x07060504, .offset = 0x0B0A0908, .expected = {12}, .artifact_tag = {44, 0, 0, 0, 0, 0, 0, 51}};
    const uint8_t download_row[UD_JOURNAL_PAYLOAD_SIZE] = {1, 0, 0,  0,  4,  5,         6,        7,
                                                           8, 9, 10, 11, 12, [44] = 44, [51] = 51};
    assert_int_equal(ud_slot_download_put(&journal, &download), UD_OK);
    assert_memory_equal(ud_journal_get(&journal, UD_ROW_DOWNLOAD), download_row, sizeof download_row);
    ud_slot_report_t report = {.state = 2,
                               .error = 0x0403,
                               .update_id = 0x08070605,
                               .epoch = 0x0C0B0A09,
                               .sequence = 0x100F0E0D,
                               .image_tag = {17, 0, 0, 0, 0, 0, 0, 24}};
    const uint8_t report_row[UD_JOURNAL_PAYLOAD_SIZE] = {1,  2,  3,  4,  5,  6,  7,  8,  9,
                                                         10, 11, 12, 13, 14, 15, 16, 17, [23] = 24};
    assert_int_equal(ud_slot_report_put(&journal, &report), UD_OK);
    assert_memory_equal(ud_journal_get(&journal, UD_ROW_REPORT), report_row, sizeof report_row);
}

static void what_no_version_wrote_reads_as_zero(void **state)
{
    (void)state;
    ud_slot_record_t record = {.state = 3, .install = UD_INSTALL_COUNT, .reason = UD_ERR_COUNT};
    assert_int_equal(ud_slot_record_put(&journal, &record), UD_OK);
    ud_slot_record_get(&journal, &record);
    assert_int_equal(record.state, UD_SLOT_EMPTY);
    assert_int_equal(record.install, UD_INSTALL_NONE);
    assert_int_equal(record.reason, UD_ERR_INTERNAL);
}

static void what_is_staged_is_pending_until_withdrawn(void **state)
{
    (void)state;
    assert_int_equal(ud_slot_stage(&journal, digest), UD_OK);
    assert_true(status().install_pending);
    assert_int_equal(ud_slot_unstage(&journal), UD_OK);
    assert_false(status().install_pending);
}

static void nothing_is_staged_during_a_trial(void **state)
{
    (void)state;
    begin_trial();
    assert_int_equal(ud_slot_stage(&journal, digest), UD_ERR_NOT_CONFIRMED);
    assert_false(status().install_pending);
}

static void confirming_ends_the_trial_and_writes_once(void **state)
{
    (void)state;
    begin_trial();
    assert_int_equal(ud_slot_confirm(&journal), UD_OK);
    ud_slot_status_t now = status();
    assert_int_equal(now.state, UD_SLOT_CONFIRMED);
    assert_int_equal(now.attempts, 0);
    uint64_t before = ud_board_operations(board);
    assert_int_equal(ud_slot_confirm(&journal), UD_OK);
    assert_int_equal(ud_board_operations(board), before);
}

static void only_a_trial_can_be_rejected(void **state)
{
    (void)state;
    assert_int_equal(ud_slot_reject(&journal, UD_ERR_SELF_TEST_FAILED), UD_ERR_CONFLICT);
    begin_trial();
    assert_int_equal(ud_slot_reject(&journal, UD_ERR_SELF_TEST_FAILED), UD_OK);
    ud_slot_record_t record;
    reopen();
    ud_slot_record_get(&journal, &record);
    assert_int_equal(record.reason, UD_ERR_SELF_TEST_FAILED);
}

static void a_reset_is_announced_only_during_a_trial(void **state)
{
    (void)state;
    uint64_t before = ud_board_operations(board);
    assert_int_equal(ud_slot_announce_reset(&journal), UD_OK);
    assert_int_equal(ud_board_operations(board), before);
    begin_trial();
    assert_int_equal(ud_slot_announce_reset(&journal), UD_OK);
    ud_slot_record_t record;
    reopen();
    ud_slot_record_get(&journal, &record);
    assert_true(record.announced);
}

static void contact_writes_only_when_there_is_something_to_forgive(void **state)
{
    (void)state;
    ud_slot_record_t record = {.state = UD_SLOT_CONFIRMED, .abnormal_resets = 3};
    assert_int_equal(ud_slot_record_put(&journal, &record), UD_OK);
    assert_int_equal(ud_slot_contact(&journal), UD_OK);
    assert_int_equal(status().abnormal_resets, 0);
    uint64_t before = ud_board_operations(board);
    assert_int_equal(ud_slot_contact(&journal), UD_OK);
    assert_int_equal(ud_board_operations(board), before);
}

static void the_security_counter_never_falls(void **state)
{
    (void)state;
    assert_int_equal(ud_slot_raise_counter(&journal, 9), UD_OK);
    assert_int_equal(ud_slot_raise_counter(&journal, 8), UD_OK);
    assert_int_equal(status().security_counter, 9);
}

static void the_last_two_bad_images_are_remembered(void **state)
{
    (void)state;
    uint8_t bad[UD_SHA256_SIZE];
    for (uint8_t which = 1; which <= 3; which++) {
        memset(bad, which, sizeof bad);
        assert_false(ud_slot_is_bad(&journal, bad));
        assert_int_equal(ud_slot_bad_put(&journal, bad), UD_OK);
        reopen();
        assert_true(ud_slot_is_bad(&journal, bad));
    }
    memset(bad, 2, sizeof bad);
    assert_true(ud_slot_is_bad(&journal, bad));
    memset(bad, 1, sizeof bad);
    assert_false(ud_slot_is_bad(&journal, bad));
}

static void a_bad_image_is_listed_once(void **state)
{
    (void)state;
    uint8_t other[UD_SHA256_SIZE] = {7};
    assert_int_equal(ud_slot_bad_put(&journal, other), UD_OK);
    assert_int_equal(ud_slot_bad_put(&journal, digest), UD_OK);
    assert_int_equal(ud_slot_bad_put(&journal, digest), UD_OK);
    assert_true(ud_slot_is_bad(&journal, other));
}

static void a_download_is_found_again_until_cleared(void **state)
{
    (void)state;
    ud_slot_download_t put = {
        .update_id = 5, .offset = 8192, .expected = {9}, .artifact_tag = {1, 2, 3, 4, 5, 6, 7, 8}};
    ud_slot_download_t got;
    assert_int_equal(ud_slot_download_get(&journal, &got), UD_ERR_NOT_FOUND);
    assert_int_equal(ud_slot_download_put(&journal, &put), UD_OK);
    reopen();
    assert_int_equal(ud_slot_download_get(&journal, &got), UD_OK);
    put.present = 1;
    assert_memory_equal(&got, &put, sizeof put);
    assert_int_equal(ud_slot_download_clear(&journal), UD_OK);
    reopen();
    assert_int_equal(ud_slot_download_get(&journal, &got), UD_ERR_NOT_FOUND);
}

static void a_report_is_found_again(void **state)
{
    (void)state;
    ud_slot_report_t put = {.update_id = 5, .epoch = 6, .sequence = 7, .state = 8, .error = UD_ERR_CRASHED};
    ud_slot_report_t got;
    assert_int_equal(ud_slot_report_get(&journal, &got), UD_ERR_NOT_FOUND);
    assert_int_equal(ud_slot_report_put(&journal, &put), UD_OK);
    reopen();
    assert_int_equal(ud_slot_report_get(&journal, &got), UD_OK);
    assert_int_equal(got.update_id, 5);
    assert_int_equal(got.epoch, 6);
    assert_int_equal(got.sequence, 7);
    assert_int_equal(got.state, 8);
    assert_int_equal(got.error, UD_ERR_CRASHED);
}

static void three_revoked_keys_are_kept_once_each(void **state)
{
    (void)state;
    uint8_t key_hash[UD_SHA256_SIZE] = {0};
    assert_null(ud_slot_revoked(&journal, 0));
    for (uint8_t key = 1; key <= UD_SLOT_REVOKED_COUNT + 1; key++) {
        memset(key_hash, key, sizeof key_hash);
        assert_int_equal(ud_slot_revoke(&journal, key_hash), UD_OK);
        assert_int_equal(ud_slot_revoke(&journal, key_hash), UD_OK);
    }
    reopen();
    for (size_t index = 0; index < UD_SLOT_REVOKED_COUNT; index++) {
        memset(key_hash, (int)index + 1, sizeof key_hash);
        assert_memory_equal(ud_slot_revoked(&journal, index), key_hash, UD_SLOT_REVOKED_SIZE);
    }
    assert_null(ud_slot_revoked(&journal, UD_SLOT_REVOKED_COUNT));
}

/* ---- geometry -------------------------------------------------------------------------------------------------------- */

static ud_err_t check(ud_area_t area, ud_area_geometry_t geometry)
{
    ud_board_config_t config;
    ud_port_t *other = NULL;
    ud_board_config_default(&config);
    config.areas[area] = geometry;
    ud_err_t err = ud_board_create(&config, &other);
    err = err == UD_OK ? ud_slot_check_geometry(&ud_slot_swap, other) : err;
    ud_board_destroy(other);
    return err;
}

static void a_journal_needs_four_sectors(void **state)
{
    (void)state;
    assert_int_equal(check(UD_AREA_JOURNAL, (ud_area_geometry_t){4 * 1024, 1024, 8, 0xFF}), UD_OK);
    assert_int_equal(check(UD_AREA_JOURNAL, (ud_area_geometry_t){3 * 1024, 1024, 8, 0xFF}), UD_ERR_INVALID_ARGUMENT);
}

static void sectors_have_512_bytes_to_256_kb(void **state)
{
    (void)state;
    assert_int_equal(check(UD_AREA_JOURNAL, (ud_area_geometry_t){4 * 512, 512, 8, 0xFF}), UD_OK);
    assert_int_equal(check(UD_AREA_JOURNAL, (ud_area_geometry_t){8 * 256, 256, 8, 0xFF}), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(check(UD_AREA_JOURNAL, (ud_area_geometry_t){4 << 18, 1 << 18, 8, 0xFF}), UD_OK);
    assert_int_equal(check(UD_AREA_JOURNAL, (ud_area_geometry_t){4 << 19, 1 << 19, 8, 0xFF}), UD_ERR_INVALID_ARGUMENT);
}

static void flash_is_erased_to_all_ones_or_all_zeros(void **state)
{
    (void)state;
    for (int area = 0; area < UD_AREA_COUNT; area++) {
        ud_area_geometry_t geometry = *ud_port_area(board, (ud_area_t)area);
        geometry.erased_value = 0x00;
        assert_int_equal(check((ud_area_t)area, geometry), UD_OK);
        geometry.erased_value = 0x55;
        assert_int_equal(check((ud_area_t)area, geometry), UD_ERR_INVALID_ARGUMENT);
    }
}

static void slot_b_is_one_unit_larger_than_slot_a(void **state)
{
    (void)state;
    assert_int_equal(check(UD_AREA_SLOT_B, (ud_area_geometry_t){260 * 1024, 4096, 8, 0xFF}), UD_OK);
    assert_int_equal(check(UD_AREA_SLOT_B, (ud_area_geometry_t){256 * 1024, 4096, 8, 0xFF}), UD_ERR_INVALID_ARGUMENT);
}

static void the_unit_is_the_largest_sector_and_at_least_4_kb(void **state)
{
    (void)state;
    ud_board_config_t config;
    ud_port_t *other = NULL;
    assert_int_equal(ud_slot_unit_size(board), 4096);
    ud_board_config_default(&config);
    config.areas[UD_AREA_SLOT_A].sector_size_bytes = 512;
    config.areas[UD_AREA_SLOT_B] = (ud_area_geometry_t){320 * 1024, 64 * 1024, 1, 0xFF};
    assert_int_equal(ud_board_create(&config, &other), UD_OK);
    assert_int_equal(ud_slot_check_geometry(&ud_slot_swap, other), UD_OK);
    assert_int_equal(ud_slot_unit_size(other), 64 * 1024);
    assert_int_equal(ud_slot_staging_offset(&ud_slot_swap, other), 64 * 1024);
    assert_int_equal(ud_slot_image_size_max(&ud_slot_swap, other), 256 * 1024);
    ud_board_destroy(other);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void half_of_the_identity_area_holds_the_longest_record(void **state)
{
    (void)state;
    assert_int_equal(check(UD_AREA_IDENTITY, (ud_area_geometry_t){4 * 512, 512, 8, 0xFF}), UD_OK);
    assert_int_equal(check(UD_AREA_IDENTITY, (ud_area_geometry_t){3 * 512, 512, 8, 0xFF}), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(check(UD_AREA_IDENTITY, (ud_area_geometry_t){2 * 1024, 1024, 8, 0xFF}), UD_OK);
    assert_int_equal(check(UD_AREA_IDENTITY, (ud_area_geometry_t){1 * 4096, 4096, 8, 0xFF}), UD_ERR_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(three_revoked_keys_are_kept_once_each),
        CASE(a_new_device_knows_nothing),
        CASE(the_record_survives_as_it_was_written),
        CASE(the_rows_lie_on_flash_as_they_always_did),
        CASE(what_no_version_wrote_reads_as_zero),
        CASE(what_is_staged_is_pending_until_withdrawn),
        CASE(nothing_is_staged_during_a_trial),
        CASE(confirming_ends_the_trial_and_writes_once),
        CASE(only_a_trial_can_be_rejected),
        CASE(a_reset_is_announced_only_during_a_trial),
        CASE(contact_writes_only_when_there_is_something_to_forgive),
        CASE(the_security_counter_never_falls),
        CASE(the_last_two_bad_images_are_remembered),
        CASE(a_bad_image_is_listed_once),
        CASE(a_download_is_found_again_until_cleared),
        CASE(a_report_is_found_again),
        CASE(a_journal_needs_four_sectors),
        CASE(sectors_have_512_bytes_to_256_kb),
        CASE(flash_is_erased_to_all_ones_or_all_zeros),
        CASE(slot_b_is_one_unit_larger_than_slot_a),
        CASE(the_unit_is_the_largest_sector_and_at_least_4_kb),
        CASE(half_of_the_identity_area_holds_the_longest_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
