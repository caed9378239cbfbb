/* After boot installed or took back an image: the trial, its ends, and what is reported of them. Boot's part is played
 * by the rows it writes.
 */
#include "agent/machine.h"
#include "core/image/descriptor_block.h"
#include "core/slot/record.h"
#include "tests/unit/agent/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT_MS 3000000
#define UPDATE_ID 9

/* What the journal says when boot gives over: the update of UPDATE_ID was staged before. */
static void write_journal(ud_port_t *board, void *arg)
{
    const ud_slot_record_t *record = arg;
    ud_journal_t journal;
    ud_slot_report_t report = {.update_id = UPDATE_ID, .epoch = 77, .sequence = 10, .state = UD_DEVICE_STAGED};
    assert_int_equal(ud_journal_open(&journal, board), UD_OK);
    assert_int_equal(ud_slot_report_put(&journal, &report), UD_OK);
    assert_int_equal(ud_slot_record_put(&journal, record), UD_OK);
}

static void start_trial(fixture_t *fixture)
{
    ud_slot_record_t record = {.state = UD_SLOT_TRIAL, .attempts = 1};
    memcpy(record.digest, fixture->first.info.hash, UD_SHA256_SIZE);
    assert_int_equal(ud_board_run(fixture->board, write_journal, &record), UD_BOARD_RETURNED);
    fixture_restart(fixture);
}

static ud_slot_status_t status(const fixture_t *fixture)
{
    ud_slot_status_t found;
    ud_slot_status(&fixture->journal, &found);
    return found;
}

static bool has_checked_in(const fixture_t *fixture)
{
    return fixture->server.checkin_count > 0;
}

static bool is_confirmed(const fixture_t *fixture)
{
    return !fixture->agent.on_trial;
}

/* ---- the trial ------------------------------------------------------------ */

static void self_test_and_contact_confirm(void **state)
{
    fixture_t *fixture = *state;
    start_trial(fixture);
    assert_true(fixture_run_until(fixture, is_confirmed, LIMIT_MS, NULL));
    assert_int_equal(status(fixture).state, UD_SLOT_CONFIRMED);
    assert_true(fixture_run_until(fixture, fixture_is_idle, LIMIT_MS, NULL));
    assert_int_equal(fixture_last(fixture)->state, UD_DEVICE_CONFIRMED);
    assert_int_equal(fixture_last(fixture)->update_id, UPDATE_ID);
    assert_int_equal(fixture_last(fixture)->epoch, 77);
    assert_true(fixture_last(fixture)->sequence >= 10);
}

static void keys_that_the_image_revokes_are_believed_until_it_is_confirmed(void **state)
{
    static const uint8_t payload[1000];
    static uint8_t image[UD_DESCRIPTOR_BLOCK_SIZE_MAX + 4096];
    fixture_t *fixture = *state;
    ud_key_t *other = NULL;
    uint8_t other_public[UD_KEY_RAW_SIZE_MAX];
    ud_trusted_key_t keys[2] = {fixture->trusted};
    ud_image_info_t info;
    size_t size = 0;
    assert_int_equal(ud_key_generate(&other), UD_OK);
    (void)ud_key_public_raw(other, other_public);
    ud_key_destroy(other);
    ud_trusted_key_init(&keys[1], &ud_scheme_ecdsa_p256, other_public);
    fixture->config.keys = keys;
    fixture->config.key_count = 2;
    const ud_sign_options_t options = {.version = {.major = 1},
                                       .hardware = FIXTURE_HARDWARE,
                                       .header_size = UD_IMAGE_HEADER_SIZE,
                                       .pad_header = true,
                                       .revoked = (const uint8_t(*)[UD_SHA256_SIZE]) & keys[1].key_hash,
                                       .revoked_count = 1};
    assert_int_equal(ud_sign_image(&options, fixture->key, payload, sizeof payload, image, sizeof image, &size, &info),
                     UD_OK);
    ud_board_load(fixture->board, UD_AREA_SLOT_A, 0, image, size);
    start_trial(fixture);
    assert_int_equal(fixture->agent.trust.revoked, 0);
    assert_null(ud_slot_revoked(&fixture->journal, 0));
    assert_true(fixture_run_until(fixture, is_confirmed, LIMIT_MS, NULL));
    assert_int_equal(fixture->agent.trust.revoked, 1u << 1);
    assert_memory_equal(ud_slot_revoked(&fixture->journal, 0), keys[1].key_hash, UD_SLOT_REVOKED_SIZE);
    assert_null(ud_slot_revoked(&fixture->journal, 1));
}

static void a_busy_server_is_contact_too(void **state)
{
    fixture_t *fixture = *state;
    start_trial(fixture);
    fixture->server.fail_status[UD_REQUEST_REGISTER] = 503;
    fixture->server.fail_count[UD_REQUEST_REGISTER] = UINT32_MAX;
    assert_true(fixture_run_until(fixture, is_confirmed, LIMIT_MS, NULL));
    assert_int_equal(fixture->server.checkin_count, 0);
}

static void contact_alone_does_not_confirm(void **state)
{
    fixture_t *fixture = *state;
    fixture->self_test = UD_SELF_TEST_RUNNING;
    fixture->server.offer.next_s = 3600;
    start_trial(fixture);
    assert_false(fixture_run_until(fixture, is_confirmed, 80000000, NULL));
    assert_true(fixture->server.checkin_count > 0);
    assert_int_equal(fixture_last(fixture)->state, UD_DEVICE_TRIAL);
    assert_int_equal(fixture_last(fixture)->update_id, UPDATE_ID);
    fixture->self_test = UD_SELF_TEST_PASSED;
    assert_true(fixture_run_until(fixture, is_confirmed, 90000000, NULL));
}

static void a_failed_self_test_asks_for_the_revert_and_resets(void **state)
{
    fixture_t *fixture = *state;
    ud_board_end_t end;
    fixture->self_test = UD_SELF_TEST_FAILED;
    start_trial(fixture);
    assert_false(fixture_run_until(fixture, is_confirmed, LIMIT_MS, &end));
    assert_int_equal(end, UD_BOARD_RESET);
    ud_slot_record_t record;
    ud_slot_record_get(&fixture->journal, &record);
    assert_int_equal(record.reason, UD_ERR_SELF_TEST_FAILED);
    assert_true(record.announced);
    assert_int_equal(fixture->server.checkin_count, 0);
}

static void no_contact_within_a_day_asks_for_the_revert(void **state)
{
    fixture_t *fixture = *state;
    ud_board_end_t end;
    fixture->server.unreachable = true;
    start_trial(fixture);
    assert_false(fixture_run_until(fixture, is_confirmed, 86390000, &end));
    assert_int_equal(end, UD_BOARD_RETURNED);
    assert_false(fixture_run_until(fixture, is_confirmed, 86500000, &end));
    assert_int_equal(end, UD_BOARD_RESET);
    ud_slot_record_t record;
    ud_slot_record_get(&fixture->journal, &record);
    assert_int_equal(record.reason, UD_ERR_NO_CONTACT);
}

static void a_clock_that_goes_back_does_not_end_a_trial(void **state)
{
    fixture_t *fixture = *state;
    ud_board_end_t end;
    fixture->server.unreachable = true;
    start_trial(fixture);
    assert_false(fixture_run_until(fixture, is_confirmed, 40000000, &end));
    fixture->now_ms -= 100;
    assert_false(fixture_run_until(fixture, is_confirmed, 80000000, &end));
    assert_int_equal(end, UD_BOARD_RETURNED);
}

static void an_offer_on_trial_is_not_taken(void **state)
{
    fixture_t *fixture = *state;
    fixture->self_test = UD_SELF_TEST_RUNNING;
    start_trial(fixture);
    fixture_offer(fixture, &fixture->second);
    assert_false(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    assert_int_equal(fixture->erases[UD_AREA_SLOT_B], 0);
    assert_int_equal(fixture->server.requests[UD_REQUEST_ARTIFACT], 0);
}

static void the_offer_of_the_confirmed_update_is_not_refused(void **state)
{
    fixture_t *fixture = *state;
    start_trial(fixture);
    fixture_offer(fixture, &fixture->first);
    fixture->server.offer.update_id = UPDATE_ID;
    assert_true(fixture_run_until(fixture, fixture_is_idle, LIMIT_MS, NULL));
    assert_int_equal(fixture_last(fixture)->state, UD_DEVICE_CONFIRMED);
}

static void a_pending_device_confirms_its_trial(void **state)
{
    fixture_t *fixture = *state;
    fixture->server.register_status = UD_STATUS_PENDING;
    start_trial(fixture);
    assert_true(fixture_run_until(fixture, is_confirmed, LIMIT_MS, NULL));
}

/* Boot ends such a trial; until then the device must not spin. */
static void a_confirmation_that_the_journal_refuses_does_not_stop_the_device(void **state)
{
    fixture_t *fixture = *state;
    fixture->server.register_status = UD_STATUS_PENDING;
    start_trial(fixture);
    ud_board_refuse_writes(fixture->board, UD_AREA_JOURNAL, 0, 16 * 1024, true);
    assert_false(fixture_run_until(fixture, fixture_never, fixture->now_ms + 100000, NULL));
    assert_in_range(fixture->server.requests[UD_REQUEST_REGISTER], 10, 30);
}

/* ---- what became of it ------------------------------------------------------------ */

/* What boot left behind, and whose hash the journal has for the update: 'R' of the running image, 'B' of the one in
 * boot's reason, 'N' of neither.
 */
typedef struct {
    ud_boot_reason_t boot_reason;
    ud_err_t reason;
    char update_is;
    const fixture_t *fixture;
} outcome_t;

static void write_outcome(ud_port_t *board, void *arg)
{
    outcome_t *outcome = arg;
    ud_journal_t journal;
    ud_slot_record_t record = {.state = UD_SLOT_CONFIRMED, .abnormal_resets = 3};
    ud_slot_report_t report = {.update_id = UPDATE_ID, .epoch = 77, .sequence = 10, .state = UD_DEVICE_STAGED};
    uint8_t digest[UD_SHA256_SIZE];
    memset(digest, 0xD1, sizeof digest);
    if (outcome->boot_reason == UD_BOOT_SAFE_MODE) {
        memcpy(digest, outcome->fixture->first.info.hash, sizeof digest);
    }
    memset(report.image_tag, outcome->update_is == 'B' ? 0xD1 : 0xD2, sizeof report.image_tag);
    if (outcome->update_is == 'R') {
        memcpy(report.image_tag, outcome->fixture->first.info.hash, sizeof report.image_tag);
    }
    assert_int_equal(ud_journal_open(&journal, board), UD_OK);
    assert_int_equal(ud_slot_record_put(&journal, &record), UD_OK);
    assert_int_equal(ud_slot_report_put(&journal, &report), UD_OK);
    assert_int_equal(ud_slot_reason_put(&journal, outcome->boot_reason, outcome->reason, digest), UD_OK);
}

static const ud_checkin_t *first_report(fixture_t *fixture, outcome_t outcome)
{
    outcome.fixture = fixture;
    assert_int_equal(ud_board_run(fixture->board, write_outcome, &outcome), UD_BOARD_RETURNED);
    fixture_restart(fixture);
    assert_true(fixture_run_until(fixture, fixture_is_idle, LIMIT_MS, NULL));
    return &fixture->server.checkins[0];
}

static void a_revert_is_reported_with_its_reason(void **state)
{
    const ud_checkin_t *report =
        first_report(*state, (outcome_t){UD_BOOT_REVERTED, UD_ERR_SELF_TEST_FAILED, 'B', NULL});
    assert_int_equal(report->state, UD_DEVICE_REVERTED);
    assert_int_equal(report->update_id, UPDATE_ID);
    assert_int_equal(report->error, UD_ERR_SELF_TEST_FAILED);
    assert_int_equal(report->revert_reason, UD_ERR_SELF_TEST_FAILED);
    assert_int_equal(report->boot_reason, UD_BOOT_REVERTED);
    assert_int_equal(report->revert_digest[0], 0xD1);
    assert_int_equal(report->failed_starts[0], 0);
    assert_int_equal(report->failed_starts[1], 3);
}

static void a_trial_tells_how_many_of_its_starts_are_used_up(void **state)
{
    fixture_t *fixture = *state;
    fixture->self_test = UD_SELF_TEST_RUNNING;
    start_trial(fixture);
    assert_true(fixture_run_until(fixture, has_checked_in, LIMIT_MS, NULL));
    assert_int_equal(fixture_last(fixture)->state, UD_DEVICE_TRIAL);
    assert_int_equal(fixture_last(fixture)->failed_starts[0], 1);
    fixture->self_test = UD_SELF_TEST_PASSED;
    assert_true(fixture_run_until(fixture, fixture_is_idle, LIMIT_MS, NULL));
    assert_int_equal(fixture_last(fixture)->state, UD_DEVICE_CONFIRMED);
    assert_int_equal(fixture_last(fixture)->failed_starts[0], 0);
}

static void a_revert_is_reported_after_further_resets_too(void **state)
{
    const ud_checkin_t *report = first_report(*state, (outcome_t){UD_BOOT_NORMAL, UD_ERR_CRASHED, 'B', NULL});
    assert_int_equal(report->state, UD_DEVICE_REVERTED);
    assert_int_equal(report->error, UD_ERR_CRASHED);
}

static void a_confirmation_that_was_not_reported_is_made_up_for(void **state)
{
    assert_int_equal(first_report(*state, (outcome_t){UD_BOOT_INSTALLED, UD_OK, 'R', NULL})->state,
                     UD_DEVICE_CONFIRMED);
}

static void a_revert_of_an_earlier_update_is_not_taken_for_this_one(void **state)
{
    fixture_t *fixture = *state;
    assert_int_equal(first_report(fixture, (outcome_t){UD_BOOT_REVERTED, UD_ERR_CRASHED, 'N', NULL})->state,
                     UD_DEVICE_IDLE);
    assert_int_equal(fixture->agent.report.update_id, 0);
}

static void a_staged_image_that_boot_refused_is_a_failure(void **state)
{
    const ud_checkin_t *report =
        first_report(*state, (outcome_t){UD_BOOT_STAGED_REFUSED, UD_ERR_IMAGE_HASH, 'B', NULL});
    assert_int_equal(report->state, UD_DEVICE_FAILED);
    assert_int_equal(report->error, UD_ERR_IMAGE_HASH);
}

static void an_update_that_failed_without_a_way_back_is_a_failure(void **state)
{
    const ud_checkin_t *report =
        first_report(*state, (outcome_t){UD_BOOT_SAFE_MODE, UD_ERR_SELF_TEST_FAILED, 'R', NULL});
    assert_int_equal(report->state, UD_DEVICE_FAILED);
    assert_int_equal(report->error, UD_ERR_SELF_TEST_FAILED);
    assert_int_equal(report->boot_reason, UD_BOOT_SAFE_MODE);
}

static void an_outcome_is_reported_once(void **state)
{
    fixture_t *fixture = *state;
    (void)first_report(fixture, (outcome_t){UD_BOOT_REVERTED, UD_ERR_CRASHED, 'B', NULL});
    fixture_restart(fixture);
    uint32_t before = fixture->server.checkin_count;
    assert_false(fixture_run_until(fixture, fixture_never, fixture->now_ms + 200000, NULL));
    for (uint32_t i = before; i < fixture->server.checkin_count; i++) {
        assert_int_equal(fixture->server.checkins[i].state, UD_DEVICE_IDLE);
    }
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(self_test_and_contact_confirm),
        WITH_FIXTURE(keys_that_the_image_revokes_are_believed_until_it_is_confirmed),
        WITH_FIXTURE(a_busy_server_is_contact_too),
        WITH_FIXTURE(contact_alone_does_not_confirm),
        WITH_FIXTURE(a_failed_self_test_asks_for_the_revert_and_resets),
        WITH_FIXTURE(no_contact_within_a_day_asks_for_the_revert),
        WITH_FIXTURE(a_clock_that_goes_back_does_not_end_a_trial),
        WITH_FIXTURE(an_offer_on_trial_is_not_taken),
        WITH_FIXTURE(the_offer_of_the_confirmed_update_is_not_refused),
        WITH_FIXTURE(a_pending_device_confirms_its_trial),
        WITH_FIXTURE(a_confirmation_that_the_journal_refuses_does_not_stop_the_device),
        WITH_FIXTURE(a_revert_is_reported_with_its_reason),
        WITH_FIXTURE(a_trial_tells_how_many_of_its_starts_are_used_up),
        WITH_FIXTURE(a_revert_is_reported_after_further_resets_too),
        WITH_FIXTURE(a_confirmation_that_was_not_reported_is_made_up_for),
        WITH_FIXTURE(a_revert_of_an_earlier_update_is_not_taken_for_this_one),
        WITH_FIXTURE(a_staged_image_that_boot_refused_is_a_failure),
        WITH_FIXTURE(an_update_that_failed_without_a_way_back_is_a_failure),
        WITH_FIXTURE(an_outcome_is_reported_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
