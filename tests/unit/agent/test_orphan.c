/* The server knows nothing of the update that the device reports: it was restored from a backup, or answers for another
 * device of the same name. The device recovers by itself.
 */
#include "core/slot/record.h"
#include "tests/unit/agent/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT_MS 3000000
#define OTHER_ID 4711

static bool is_on_trial(const fixture_t *fixture)
{
    return fixture->agent.on_trial && fixture->server.checkin_count > 0 && fixture->agent.state == UD_AGENT_TRIAL;
}

/* An answer that the device took well: idle, nothing owed, and no backoff. */
static bool is_settled(const fixture_t *fixture)
{
    return fixture_is_idle(fixture) && fixture->agent.failures == 0;
}

static ud_slot_status_t status(const fixture_t *fixture)
{
    ud_slot_status_t found;
    ud_slot_status(&fixture->journal, &found);
    return found;
}

static bool names_update(const ud_checkin_t *checkin)
{
    return (checkin->present & UD_FIELD(UD_CHECKIN_UPDATE_ID)) != 0;
}

/* The server of a backup: nothing is offered, no update is known. */
static void forget(fixture_t *fixture)
{
    fixture->server.knows_last_only = true;
    fixture->server.offer = (ud_offer_t){.present = UD_FIELD(UD_OFFER_NEXT) | UD_FIELD(UD_OFFER_ACTION), .next_s = 60};
}

/* The device is idle, told the server so without a word of the lost update, and boot has no order. */
static void assert_recovered(fixture_t *fixture)
{
    assert_true(fixture_run_until(fixture, is_settled, fixture->now_ms + LIMIT_MS, NULL));
    assert_int_equal(fixture_last(fixture)->state, UD_DEVICE_IDLE);
    assert_false(names_update(fixture_last(fixture)));
    assert_false(status(fixture).install_pending);
    assert_int_equal(fixture->agent.report.update_id, 0);
    for (uint32_t i = 0; i < fixture->server.checkin_count; i++) {
        assert_int_not_equal(fixture->server.checkins[i].state, UD_DEVICE_CANCELLED);
    }
}

/* It takes its next offer as if nothing had been. */
static void assert_takes_an_offer(fixture_t *fixture, uint32_t update_id)
{
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.update_id = update_id;
    fixture->deny_reboot = true;
    assert_true(fixture_run_until(fixture, fixture_is_staged, fixture->now_ms + LIMIT_MS, NULL));
    assert_true(fixture_slot_b_holds(fixture, &fixture->second));
    assert_int_equal(fixture_last(fixture)->update_id, update_id);
}

static void an_update_under_way_is_dropped_and_the_next_one_goes_on_with_its_bytes(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
    forget(fixture);
    assert_recovered(fixture);
    uint32_t erases = fixture->erases[UD_AREA_SLOT_B];
    fixture->server.artifact_first = UINT32_MAX;
    assert_takes_an_offer(fixture, OTHER_ID);
    assert_true(fixture->server.artifact_first > 0);
    assert_in_range(fixture->erases[UD_AREA_SLOT_B] - erases, 0, 7); /* 30000 bytes, 4096 each: less than all */
}

static void an_update_that_waits_is_dropped(void **state)
{
    fixture_t *fixture = *state;
    fixture->deny_download = true;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_waiting, LIMIT_MS, NULL));
    forget(fixture);
    assert_recovered(fixture);
    assert_int_equal(fixture->erases[UD_AREA_SLOT_B], 0);
    fixture->deny_download = false;
    assert_takes_an_offer(fixture, OTHER_ID);
}

static void a_staged_update_is_taken_back_and_erases_nothing(void **state)
{
    fixture_t *fixture = *state;
    fixture->deny_reboot = true;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    uint32_t erases = fixture->erases[UD_AREA_SLOT_B];
    assert_true(status(fixture).install_pending);
    forget(fixture);
    assert_recovered(fixture);
    assert_int_equal(fixture->erases[UD_AREA_SLOT_B], erases);
    assert_takes_an_offer(fixture, OTHER_ID);
}

/* What boot leaves: the update FIXTURE_UPDATE_ID runs, on trial or confirmed before it was reported. */
static void write_journal(ud_port_t *board, void *arg)
{
    const ud_slot_record_t *record = arg;
    ud_journal_t journal;
    ud_slot_report_t report = {.update_id = FIXTURE_UPDATE_ID, .epoch = 77, .sequence = 10, .state = UD_DEVICE_STAGED};
    memcpy(report.image_tag, record->digest, sizeof report.image_tag);
    assert_int_equal(ud_journal_open(&journal, board), UD_OK);
    assert_int_equal(ud_slot_report_put(&journal, &report), UD_OK);
    assert_int_equal(ud_slot_record_put(&journal, record), UD_OK);
}

static void start_after_install(fixture_t *fixture, ud_slot_state_t slot_state)
{
    ud_slot_record_t record = {.state = (uint8_t)slot_state, .attempts = slot_state == UD_SLOT_TRIAL ? 1 : 0};
    memcpy(record.digest, fixture->first.info.hash, UD_SHA256_SIZE);
    assert_int_equal(ud_board_run(fixture->board, write_journal, &record), UD_BOARD_RETURNED);
    fixture_restart(fixture);
}

static void a_trial_goes_on_and_is_confirmed(void **state)
{
    fixture_t *fixture = *state;
    fixture->self_test = UD_SELF_TEST_RUNNING;
    start_after_install(fixture, UD_SLOT_TRIAL);
    forget(fixture);
    assert_true(fixture_run_until(fixture, is_on_trial, LIMIT_MS, NULL));
    assert_true(names_update(fixture_last(fixture)));
    fixture->self_test = UD_SELF_TEST_PASSED;
    assert_recovered(fixture);
    assert_int_equal(status(fixture).state, UD_SLOT_CONFIRMED);
    assert_takes_an_offer(fixture, OTHER_ID);
}

static void a_result_after_a_reset_is_reported_once_and_not_after_the_next(void **state)
{
    fixture_t *fixture = *state;
    start_after_install(fixture, UD_SLOT_CONFIRMED);
    forget(fixture);
    assert_recovered(fixture);
    assert_int_equal(fixture->server.checkins[0].state, UD_DEVICE_CONFIRMED);
    uint32_t before = fixture->server.checkin_count;
    fixture_restart(fixture);
    assert_false(fixture_run_until(fixture, fixture_never, fixture->now_ms + 200000, NULL));
    for (uint32_t i = before; i < fixture->server.checkin_count; i++) {
        assert_false(names_update(&fixture->server.checkins[i]));
    }
    assert_takes_an_offer(fixture, OTHER_ID);
}

static void a_failure_is_reported_once(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture_offer(fixture, &fixture->first); /* already running: refused */
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    forget(fixture);
    uint32_t before = fixture->server.checkin_count;
    assert_recovered(fixture);
    assert_int_equal(fixture->server.checkins[before].state, UD_DEVICE_REFUSED);
    assert_int_equal(fixture->server.checkin_count, before + 2);
    assert_takes_an_offer(fixture, OTHER_ID);
}

static void the_server_is_asked_again_soon(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
    forget(fixture);
    uint64_t before_ms = fixture->now_ms;
    assert_recovered(fixture);
    assert_in_range(fixture->now_ms - before_ms, 0, UD_AGENT_RETRY_BASE_MS);
}

static void a_server_that_knows_no_update_at_all_is_asked_ever_less_often(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture->server.fail_status[UD_REQUEST_CHECKIN] = 409;
    fixture->server.fail_count[UD_REQUEST_CHECKIN] = UINT32_MAX;
    uint32_t before = fixture->server.requests[UD_REQUEST_CHECKIN];
    assert_false(fixture_run_until(fixture, fixture_never, fixture->now_ms + 86400000, NULL));
    assert_in_range(fixture->server.requests[UD_REQUEST_CHECKIN] - before, 20, 120);
    assert_int_equal(fixture->agent.state, UD_AGENT_IDLE);
}

static void no_other_request_fails_for_good_by_this_status(void **state)
{
    fixture_t *fixture = *state;
    fixture->server.fail_status[UD_REQUEST_REGISTER] = 409;
    fixture->server.fail_count[UD_REQUEST_REGISTER] = 2;
    fixture_register(fixture);
    fixture->server.token = "token-two";
    fixture->server.fail_status[UD_REQUEST_TOKEN] = 409;
    fixture->server.fail_count[UD_REQUEST_TOKEN] = 2;
    uint32_t before = fixture->server.checkin_count;
    assert_false(fixture_run_until(fixture, fixture_never, fixture->now_ms + 200000, NULL));
    assert_true(fixture->server.checkin_count > before);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(an_update_under_way_is_dropped_and_the_next_one_goes_on_with_its_bytes),
        WITH_FIXTURE(an_update_that_waits_is_dropped),
        WITH_FIXTURE(a_staged_update_is_taken_back_and_erases_nothing),
        WITH_FIXTURE(a_trial_goes_on_and_is_confirmed),
        WITH_FIXTURE(a_result_after_a_reset_is_reported_once_and_not_after_the_next),
        WITH_FIXTURE(a_failure_is_reported_once),
        WITH_FIXTURE(the_server_is_asked_again_soon),
        WITH_FIXTURE(a_server_that_knows_no_update_at_all_is_asked_ever_less_often),
        WITH_FIXTURE(no_other_request_fails_for_good_by_this_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
