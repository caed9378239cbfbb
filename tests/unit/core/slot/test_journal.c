#include "core/slot/journal.h"
#include "ports/posix/board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECTOR 512
#define LANE (2 * SECTOR)

static uint8_t erased_value = 0xFF;

static ud_port_t *make_board(void)
{
    ud_board_config_t config;
    ud_port_t *board = NULL;
    ud_board_config_default(&config);
    config.areas[UD_AREA_JOURNAL] = (ud_area_geometry_t){2 * LANE, SECTOR, 8, erased_value};
    assert_int_equal(ud_board_create(&config, &board), UD_OK);
    return board;
}

static ud_err_t append(ud_journal_t *journal, ud_row_kind_t kind, uint32_t value)
{
    uint8_t payload[UD_JOURNAL_PAYLOAD_SIZE];
    memset(payload, 0x33, sizeof payload);
    memcpy(payload, &value, sizeof value);
    return ud_journal_append(journal, kind, payload);
}

static uint32_t value_of(const ud_journal_t *journal, ud_row_kind_t kind)
{
    uint32_t value;
    memcpy(&value, ud_journal_get(journal, kind), sizeof value);
    return value;
}

static ud_journal_t open_journal(ud_port_t *board)
{
    ud_journal_t journal;
    assert_int_equal(ud_journal_open(&journal, board), UD_OK);
    return journal;
}

static ud_journal_t open_with_values(ud_port_t *board)
{
    ud_journal_t journal = open_journal(board);
    for (int kind = 0; kind < UD_ROW_COUNT; kind++) {
        assert_int_equal(append(&journal, (ud_row_kind_t)kind, 100 + (uint32_t)kind), UD_OK);
    }
    return journal;
}

static void check_values(ud_port_t *board)
{
    ud_journal_t journal = open_journal(board);
    assert_int_equal(journal.condition, UD_JOURNAL_PRESENT);
    for (int kind = 0; kind < UD_ROW_COUNT; kind++) {
        assert_int_equal(value_of(&journal, (ud_row_kind_t)kind), 100 + kind);
    }
}

static void it_stays_below_512_bytes_of_ram(void **state)
{
    (void)state;
    assert_true(sizeof(ud_journal_t) < 512);
}

static void erased_flash_is_a_new_journal(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    ud_journal_t journal = open_journal(board);
    assert_int_equal(journal.condition, UD_JOURNAL_NEW);
    assert_int_equal(value_of(&journal, UD_ROW_SLOT), 0);
    assert_int_equal(ud_board_operations(board), 2 * LANE / SECTOR);
    ud_board_destroy(board);
}

static void junk_is_a_lost_journal_that_takes_rows_again(void **state)
{
    (void)state;
    uint8_t junk[2 * LANE];
    memset(junk, 0x77, sizeof junk);
    ud_port_t *board = make_board();
    ud_board_load(board, UD_AREA_JOURNAL, 0, junk, sizeof junk);
    assert_int_equal(open_journal(board).condition, UD_JOURNAL_LOST);
    (void)open_with_values(board);
    check_values(board);
    ud_board_destroy(board);
}

static void rows_numbered_as_no_device_counts_are_no_journal(void **state)
{
    (void)state;
    static const uint32_t sequences[] = {0xFFFE0000, 0xFFFEFFFF, 0xFFFF0000};
    for (size_t index = 0; index < sizeof sequences / sizeof sequences[0]; index++) {
        ud_port_t *board = make_board();
        ud_journal_t journal = open_journal(board);
        journal.next_sequence = sequences[index];
        assert_int_equal(append(&journal, UD_ROW_SLOT, 1), UD_OK);
        journal = open_journal(board);
        assert_int_equal(journal.condition, UD_JOURNAL_LOST);
        assert_int_equal(value_of(&journal, UD_ROW_SLOT), 0);
        assert_int_equal(append(&journal, UD_ROW_REPORT, 2), UD_OK);
        journal = open_journal(board);
        assert_int_equal(value_of(&journal, UD_ROW_REPORT), 2);
        ud_board_destroy(board);
    }
}

static void the_last_row_of_a_kind_wins(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    ud_journal_t journal = open_journal(board);
    assert_int_equal(append(&journal, UD_ROW_SLOT, 1), UD_OK);
    assert_int_equal(append(&journal, UD_ROW_REPORT, 7), UD_OK);
    assert_int_equal(append(&journal, UD_ROW_SLOT, 2), UD_OK);
    journal = open_journal(board);
    assert_int_equal(value_of(&journal, UD_ROW_SLOT), 2);
    assert_int_equal(value_of(&journal, UD_ROW_REPORT), 7);
    ud_board_destroy(board);
}

static void rows_outlive_any_number_of_rotations(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    ud_journal_t journal = open_with_values(board);
    for (uint32_t value = 0; value < 1000; value++) {
        assert_int_equal(append(&journal, UD_ROW_DOWNLOAD, value), UD_OK);
    }
    assert_int_equal(append(&journal, UD_ROW_DOWNLOAD, 100 + UD_ROW_DOWNLOAD), UD_OK);
    check_values(board);
    assert_int_equal(ud_board_refused_programs(board), 0);
    ud_board_destroy(board);
}

static void opening_a_whole_journal_writes_nothing(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    ud_journal_t journal = open_with_values(board);
    for (uint32_t value = 0; value < 40; value++) {
        assert_int_equal(append(&journal, UD_ROW_BAD, value), UD_OK);
        uint64_t before = ud_board_operations(board);
        (void)open_journal(board);
        assert_int_equal(ud_board_operations(board), before);
    }
    ud_board_destroy(board);
}

static void either_lane_alone_restores_the_other(void **state)
{
    (void)state;
    uint8_t erased[LANE];
    memset(erased, erased_value, sizeof erased);
    ud_port_t *board = make_board();
    (void)open_with_values(board);
    for (int turn = 0; turn < 4; turn++) {
        ud_board_patch(board, UD_AREA_JOURNAL, turn % 2 ? LANE : 0, erased, sizeof erased);
        check_values(board);
    }
    ud_board_destroy(board);
}

static void any_unreadable_word_is_survived(void **state)
{
    (void)state;
    for (uint32_t offset = 0; offset < 2 * LANE; offset += 8) {
        ud_port_t *board = make_board();
        ud_journal_t journal = open_with_values(board);
        ud_board_fault_words(board, UD_AREA_JOURNAL, offset, 8, UD_WORD_UNREADABLE);
        check_values(board);
        for (uint32_t value = 0; value < 30; value++) {
            assert_int_equal(append(&journal, UD_ROW_SLOT, 100), UD_OK);
        }
        check_values(board);
        ud_board_destroy(board);
    }
}

static void a_lane_that_refuses_is_reported_and_the_other_goes_on(void **state)
{
    (void)state;
    for (uint32_t lane = 0; lane < 2; lane++) {
        ud_port_t *board = make_board();
        ud_board_refuse_writes(board, UD_AREA_JOURNAL, lane * LANE, LANE, true);
        ud_journal_t journal = open_with_values(board);
        assert_true(ud_journal_is_worn(&journal));
        check_values(board);
        journal = open_journal(board);
        assert_true(ud_journal_is_worn(&journal));
        ud_board_destroy(board);
    }
}

static void when_both_lanes_refuse_the_old_row_stays(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    ud_journal_t journal = open_with_values(board);
    ud_board_refuse_writes(board, UD_AREA_JOURNAL, 0, 2 * LANE, true);
    assert_int_equal(append(&journal, UD_ROW_SLOT, 5), UD_ERR_JOURNAL_WORN);
    assert_int_equal(value_of(&journal, UD_ROW_SLOT), 100);
    ud_board_refuse_writes(board, UD_AREA_JOURNAL, 0, 2 * LANE, false);
    check_values(board);
    ud_board_destroy(board);
}

typedef struct {
    ud_journal_t journal;
    uint32_t value;
} write_t;

static void write_one(ud_port_t *board, void *arg)
{
    write_t *write = arg;
    (void)board;
    ud_err_t err = append(&write->journal, UD_ROW_SLOT, write->value);
    (void)err;
}

/* What a torn row reads as at the first start is what it stays: whatever its words do later. */
static void what_the_first_open_says_stays_so(void **state)
{
    (void)state;
    const ud_word_fault_t faults[] = {UD_WORD_OLD_FIRST, UD_WORD_NEW_FIRST, UD_WORD_UNSTABLE};
    for (unsigned variant = 0; variant < 3 * 4; variant++) {
        ud_port_t *board = make_board();
        write_t write = {open_with_values(board), 500};
        ud_board_fuse_t fuse = {.operation = 1 + variant / 3, .cut = UD_CUT_INSIDE, .words_done = 3};
        fuse.fault = faults[variant % 3];
        ud_board_fuse_set(board, &fuse);
        assert_int_equal(ud_board_run(board, write_one, &write), UD_BOARD_POWER_CUT);
        ud_journal_t journal = open_journal(board);
        uint32_t said = value_of(&journal, UD_ROW_SLOT);
        assert_true(said == 100 || said == 500);
        for (int starts = 0; starts < 3; starts++) {
            ud_board_fuse_set(board, &(ud_board_fuse_t){.operation = 1, .cut = UD_CUT_BEFORE});
            assert_int_equal(ud_board_run(board, write_one, &write), UD_BOARD_POWER_CUT);
            journal = open_journal(board);
            assert_int_equal(value_of(&journal, UD_ROW_SLOT), said);
        }
        ud_board_destroy(board);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stays_below_512_bytes_of_ram),
        cmocka_unit_test(erased_flash_is_a_new_journal),
        cmocka_unit_test(junk_is_a_lost_journal_that_takes_rows_again),
        cmocka_unit_test(rows_numbered_as_no_device_counts_are_no_journal),
        cmocka_unit_test(the_last_row_of_a_kind_wins),
        cmocka_unit_test(rows_outlive_any_number_of_rotations),
        cmocka_unit_test(opening_a_whole_journal_writes_nothing),
        cmocka_unit_test(either_lane_alone_restores_the_other),
        cmocka_unit_test(any_unreadable_word_is_survived),
        cmocka_unit_test(a_lane_that_refuses_is_reported_and_the_other_goes_on),
        cmocka_unit_test(when_both_lanes_refuse_the_old_row_stays),
        cmocka_unit_test(what_the_first_open_says_stays_so),
    };
    int failed = cmocka_run_group_tests_name("erased to 0xFF", tests, NULL, NULL);
    erased_value = 0x00;
    return failed + cmocka_run_group_tests_name("erased to 0x00", tests, NULL, NULL);
}
