/* The agent on a device whose bootloader is MCUboot: power cuts in whatever it writes. */
#include "tests/unit/agent/on_mcuboot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const ud_board_fuse_t fuses[] = {
    {.cut = UD_CUT_BEFORE},
    {.cut = UD_CUT_AFTER},
    {.cut = UD_CUT_INSIDE, .fault = UD_WORD_MIXED},
    {.cut = UD_CUT_INSIDE, .fault = UD_WORD_OLD_FIRST, .all_torn = true},
    {.cut = UD_CUT_INSIDE, .fault = UD_WORD_NEW_FIRST, .all_torn = true},
    {.cut = UD_CUT_INSIDE, .fault = UD_WORD_UNSTABLE, .words_done = 1},
    {.cut = UD_CUT_INSIDE, .fault = UD_WORD_UNREADABLE},
};

static ud_board_fuse_t fuse_at(uint32_t operation, size_t way)
{
    ud_board_fuse_t fuse = fuses[way];
    fuse.operation = operation;
    return fuse;
}

/* Restarts without assertions on the way; a cut may come again only if a fuse is set. */
static void restart_after_cut(fixture_t *fixture, model_type_t *type)
{
    ud_board_reset_cause_set(fixture->board, UD_RESET_POWER_ON);
    *type = model_boot(&ud_mcuboot, fixture->board, true);
    fixture_restart(fixture);
}

typedef struct {
    fixture_t *fixture;
    ud_err_t err;
    const uint8_t *digest;
} call_t;

static void call_stage(ud_port_t *board, void *arg)
{
    call_t *call = arg;
    (void)board;
    call->err = ud_slot_stage(&call->fixture->journal, call->digest);
}

static void call_confirm(ud_port_t *board, void *arg)
{
    call_t *call = arg;
    (void)board;
    call->err = ud_slot_confirm(&call->fixture->journal);
}

static void call_open(ud_port_t *board, void *arg)
{
    call_t *call = arg;
    call->err = ud_slot_open(&call->fixture->journal, board);
}

/* Calls `call` on copies of the device with each cut; after each, `judge` sees what MCUboot and the agent make of it. */
static uint32_t each_cut(fixture_t *fixture, void (*call)(ud_port_t *, void *),
                         void (*judge)(fixture_t *, model_type_t type))
{
    ud_port_t *whole = fixture->board;
    ud_journal_t journal = fixture->journal;
    uint32_t count = 0;
    for (uint32_t operation = 1, before = 1; before != 0; operation++) {
        before = 0;
        for (size_t way = 0; way < sizeof fuses / sizeof fuses[0]; way++) {
            ud_board_fuse_t fuse = fuse_at(operation, way);
            call_t made = {.fixture = fixture, .digest = fixture->second.info.hash};
            fixture->board = ud_board_clone(whole);
            fixture->journal = journal;
            fixture->journal.port = fixture->board;
            ud_board_fuse_set(fixture->board, &fuse);
            if (ud_board_run(fixture->board, call, &made) == UD_BOARD_POWER_CUT) {
                model_type_t type;
                before++;
                restart_after_cut(fixture, &type);
                judge(fixture, type);
            }
            ud_board_destroy(fixture->board);
        }
        count += before;
    }
    fixture->board = whole;
    fixture->journal = journal;
    return count;
}

typedef struct {
    ud_area_t area;
    uint32_t offset;
    uint32_t journal_rows;
} seen_t;

static void see(void *context, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    seen_t *seen = context;
    (void)data;
    (void)size;
    seen->area = area;
    seen->offset = offset;
    seen->journal_rows += area == UD_AREA_JOURNAL;
}

static void the_magic_is_written_last(void **state)
{
    fixture_t *fixture = *state;
    seen_t seen = {.journal_rows = 0};
    call_t call = {.fixture = fixture, .digest = fixture->second.info.hash};
    fixture_register(fixture);
    ud_board_watch_set(fixture->board, see, &seen);
    assert_int_equal(ud_board_run(fixture->board, call_stage, &call), UD_BOARD_RETURNED);
    assert_int_equal(seen.area, UD_AREA_SLOT_B);
    assert_int_equal(seen.offset, ud_port_area(fixture->board, UD_AREA_SLOT_B)->size_bytes - 16);
    assert_true(seen.journal_rows > 0);
    ud_board_watch_set(fixture->board, NULL, NULL);
}

/* Asks again and sees the update through. */
static void see_it_through(fixture_t *fixture)
{
    call_t again = {.fixture = fixture, .digest = fixture->second.info.hash};
    assert_int_equal(ud_board_run(fixture->board, call_stage, &again), UD_BOARD_RETURNED);
    assert_int_equal(again.err, UD_OK);
    assert_int_equal(on_mcuboot_reset(fixture, UD_RESET_ORDERLY), MODEL_TEST);
    assert_true(fixture->agent.on_trial && on_mcuboot_runs(fixture, &fixture->second));
}

static void judge_stage(fixture_t *fixture, model_type_t type)
{
    ud_slot_status_t now = on_mcuboot_status(fixture);
    assert_true(type == MODEL_NONE || type == MODEL_TEST);
    assert_true(on_mcuboot_runs(fixture, type == MODEL_TEST ? &fixture->second : &fixture->first));
    assert_int_equal(now.state, type == MODEL_TEST ? UD_SLOT_TRIAL : UD_SLOT_CONFIRMED);
    assert_int_equal(now.revert_reason, UD_OK);
    assert_false(now.install_pending);
    assert_false(ud_slot_is_bad(&fixture->journal, fixture->second.info.hash));
    if (type == MODEL_NONE) {
        assert_int_equal(model_type(&ud_mcuboot, fixture->board), MODEL_NONE);
        see_it_through(fixture);
    }
}

static void every_cut_of_staging_leaves_old_or_new(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    ud_board_load(fixture->board, UD_AREA_SLOT_B, ud_slot_staging_offset(&ud_slot_mcuboot, fixture->board),
                  fixture->second.image, fixture->second.size);
    model_poke(fixture->board, UD_AREA_SLOT_B, 40, 0x12); /* something to erase, there and in the first sector */
    model_poke(fixture->board, UD_AREA_SLOT_B, ud_port_area(fixture->board, UD_AREA_SLOT_B)->size_bytes,
               SWAP.spare_sectors_b ? 0x3D : fixture->second.image[0]);
    uint32_t cuts = each_cut(fixture, call_stage, judge_stage);
    printf("cuts of staging: %u\n", cuts);
    assert_in_range(cuts, 40, 1000);
}

static void judge_confirm(fixture_t *fixture, model_type_t type)
{
    ud_slot_status_t now = on_mcuboot_status(fixture);
    if (type == MODEL_PANIC) {
        return; /* MCUboot cannot read its own trailer */
    }
    assert_true(type == MODEL_NONE || type == MODEL_REVERT);
    assert_true(on_mcuboot_runs(fixture, type == MODEL_NONE ? &fixture->second : &fixture->first));
    assert_int_equal(now.state, UD_SLOT_CONFIRMED);
    assert_int_equal(now.revert_reason, type == MODEL_NONE ? UD_OK : UD_ERR_CRASHED);
    assert_false(ud_slot_is_bad(&fixture->journal, fixture->second.info.hash));
}

static void every_cut_of_confirming_leaves_old_or_new(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    on_mcuboot_update(fixture, &fixture->second);
    uint32_t cuts = each_cut(fixture, call_confirm, judge_confirm);
    printf("cuts of confirming: %u\n", cuts);
    assert_in_range(cuts, 20, 1000);
}

static ud_err_t expected_reason;
static bool expected_bad;

static void judge_open(fixture_t *fixture, model_type_t type)
{
    ud_slot_status_t now = on_mcuboot_status(fixture);
    assert_int_equal(type, MODEL_NONE);
    assert_int_equal(now.state, UD_SLOT_CONFIRMED);
    assert_int_equal(now.revert_reason, expected_reason);
    assert_int_equal(ud_slot_is_bad(&fixture->journal, fixture->second.info.hash), expected_bad);
    assert_true(fixture->agent.result_pending);
}

/* The start that finds out about a revert may itself be cut, as often as it likes. */
static void every_cut_of_finding_out_finds_the_same(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    on_mcuboot_update(fixture, &fixture->second);
    fixture->self_test = UD_SELF_TEST_FAILED;
    on_mcuboot_run_to_reset(fixture);
    assert_int_equal(model_boot(&ud_mcuboot, fixture->board, true), MODEL_REVERT);
    expected_reason = UD_ERR_SELF_TEST_FAILED;
    expected_bad = true;
    uint32_t cuts = each_cut(fixture, call_open, judge_open);
    printf("cuts of finding out: %u\n", cuts);
    assert_in_range(cuts, 20, 1000);
}

#define ON_MCUBOOT(test) cmocka_unit_test_setup_teardown(test, on_mcuboot_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_MCUBOOT(the_magic_is_written_last),
        ON_MCUBOOT(every_cut_of_staging_leaves_old_or_new),
        ON_MCUBOOT(every_cut_of_confirming_leaves_old_or_new),
        ON_MCUBOOT(every_cut_of_finding_out_finds_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
