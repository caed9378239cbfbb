#include "tests/unit/agent/on_mcuboot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

const ud_mcuboot_t ud_mcuboot = {.swap = &SWAP, .max_align = 16, .sectors_max = 128};

int on_mcuboot_setup(void **state)
{
    ud_board_config_t board;
    ud_board_config_default(&board);
    board.areas[UD_AREA_SLOT_A].size_bytes = (64 + SWAP.spare_sectors_a) * SECTOR;
    board.areas[UD_AREA_SLOT_B].size_bytes = (64 + SWAP.spare_sectors_b) * SECTOR;
    board.areas[UD_AREA_SLOT_B].write_size_bytes = 16;
    return fixture_setup_on(state, &board, &ud_slot_mcuboot);
}

ud_slot_status_t on_mcuboot_status(const fixture_t *fixture)
{
    ud_slot_status_t found;
    ud_slot_status(&fixture->journal, &found);
    return found;
}

bool on_mcuboot_runs(const fixture_t *fixture, const fixture_release_t *release)
{
    static uint8_t found[FIXTURE_IMAGE_SIZE_MAX];
    ud_board_peek(fixture->board, UD_AREA_SLOT_A, 0, found, release->size);
    return memcmp(found, release->image, release->size) == 0;
}

model_type_t on_mcuboot_reset(fixture_t *fixture, ud_reset_cause_t cause)
{
    ud_board_reset_cause_set(fixture->board, cause);
    model_type_t type = model_boot(&ud_mcuboot, fixture->board, true);
    fixture_restart(fixture);
    return type;
}

void on_mcuboot_run_to_reset(fixture_t *fixture)
{
    ud_board_end_t end;
    assert_false(fixture_run_until(fixture, fixture_never, fixture->now_ms + LIMIT_MS, &end));
    assert_int_equal(end, UD_BOARD_RESET);
}

void on_mcuboot_update(fixture_t *fixture, const fixture_release_t *release)
{
    fixture_offer(fixture, release);
    on_mcuboot_run_to_reset(fixture);
    assert_true(fixture_slot_b_holds(fixture, release));
    assert_int_equal(model_type(&ud_mcuboot, fixture->board), MODEL_TEST);
    assert_int_equal(on_mcuboot_reset(fixture, UD_RESET_ORDERLY), MODEL_TEST);
    assert_true(on_mcuboot_runs(fixture, release));
    fixture->server.offer.action = UD_ACTION_NONE;
}

void on_mcuboot_settle(fixture_t *fixture)
{
    assert_true(fixture_run_until(fixture, fixture_is_idle, fixture->now_ms + LIMIT_MS, NULL));
}

void on_mcuboot_expect_report(fixture_t *fixture, ud_device_state_t state, ud_err_t err)
{
    on_mcuboot_settle(fixture);
    assert_int_equal(fixture_last(fixture)->state, state);
    assert_int_equal(fixture_last(fixture)->update_id, FIXTURE_UPDATE_ID);
    assert_int_equal(fixture_last(fixture)->error, err);
}
