/* The way of an update through the agent: download, resume, waiting, cancelling, staging. */
#include "agent/machine.h"
#include "core/slot/record.h"
#include "tests/unit/agent/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT_MS 3000000

static bool install_is_pending(const fixture_t *fixture)
{
    ud_slot_status_t status;
    ud_slot_status(&fixture->journal, &status);
    return status.install_pending;
}

static void offer_nothing(fixture_t *fixture, ud_action_t action)
{
    fixture->server.offer = (ud_offer_t){
        .present = UD_FIELD(UD_OFFER_NEXT) | UD_FIELD(UD_OFFER_ACTION),
        .next_s = 60,
        .action = (uint8_t)action,
    };
}

/* ---- the straight way ------------------------------------------------------------ */

static void an_offer_is_downloaded_verified_and_staged(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    assert_true(fixture_slot_b_holds(fixture, &fixture->second));
    assert_true(install_is_pending(fixture));
    assert_int_equal(fixture->server.artifact_bytes, fixture->second.artifact_size);
    assert_int_equal(fixture_last(fixture)->state, UD_DEVICE_STAGED);
    assert_int_equal(fixture_last(fixture)->update_id, FIXTURE_UPDATE_ID);
}

static void a_staged_update_resets_into_boot(void **state)
{
    fixture_t *fixture = *state;
    ud_board_end_t end;
    fixture_offer(fixture, &fixture->second);
    assert_false(fixture_run_until(fixture, fixture_never, LIMIT_MS, &end));
    assert_int_equal(end, UD_BOARD_RESET);
    assert_int_equal(ud_port_reset_cause(fixture->board), UD_RESET_ORDERLY);
}

static void every_chunk_size_arrives_whole(void **state)
{
    static const uint16_t sizes[] = {512, 1024, 4096};
    fixture_t *fixture = *state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        void *fresh;
        fixture_teardown(state);
        fixture_setup(&fresh);
        fixture = *state = fresh;
        fixture_release(fixture, "2.0.0", 2, 20001 + i, sizes[i], &fixture->second);
        fixture_offer(fixture, &fixture->second);
        assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
        assert_true(fixture_slot_b_holds(fixture, &fixture->second));
        assert_int_equal(ud_board_refused_programs(fixture->board), 0);
    }
}

static void progress_is_reported_in_steps(void **state)
{
    fixture_t *fixture = *state;
    uint8_t before = 0;
    uint32_t reports = 0;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    for (uint32_t i = 0; i < fixture->server.checkin_count; i++) {
        const ud_checkin_t *checkin = &fixture->server.checkins[i];
        if (checkin->state == UD_DEVICE_DOWNLOADING) {
            assert_int_equal(checkin->update_id, FIXTURE_UPDATE_ID);
            assert_true(checkin->progress >= before + fixture->config.report_step_percent);
            before = checkin->progress;
            reports++;
        }
    }
    assert_in_range(reports, 4, 9);
}

static void only_sectors_that_must_be_are_erased(void **state)
{
    fixture_t *fixture = *state;
    ud_board_load(fixture->board, UD_AREA_SLOT_B, ud_slot_staging_offset(&ud_slot_swap, fixture->board),
                  fixture->second.image, fixture->second.size);
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    assert_int_equal(fixture->erases[UD_AREA_SLOT_B], 0);
    assert_true(fixture_slot_b_holds(fixture, &fixture->second));
}

/* ---- what comes in between ------------------------------------------------------------ */

static void a_broken_stream_repeats_less_than_a_record(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    fixture->server.break_after = 15000;
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    assert_true(fixture_slot_b_holds(fixture, &fixture->second));
    assert_true(fixture->server.break_after == 0);
    assert_in_range(fixture->server.artifact_bytes, fixture->second.artifact_size,
                    fixture->second.artifact_size + 4096 + UD_SHA256_SIZE);
}

static void a_reset_repeats_at_most_one_unit(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    for (int resets = 0; resets < 5; resets++) {
        assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
        uint32_t reached = fixture->agent.chain.offset - fixture->agent.chunk_size;
        fixture_restart(fixture);
        fixture->server.artifact_first = UINT32_MAX;
        assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
        uint32_t first = fixture->server.artifact_first;
        assert_true(first >= ud_chain_record_offset(reached - reached % 4096, 4096));
    }
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    assert_true(fixture_slot_b_holds(fixture, &fixture->second));
}

static void another_release_starts_anew(void **state)
{
    static fixture_release_t third;
    fixture_t *fixture = *state;
    fixture_release(fixture, "3.0.0", 3, 26000, 4096, &third);
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
    third.offer.update_id = FIXTURE_UPDATE_ID + 1;
    fixture_offer(fixture, &third);
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    assert_true(fixture_slot_b_holds(fixture, &third));
    assert_int_equal(fixture_last(fixture)->update_id, FIXTURE_UPDATE_ID + 1);
}

static void another_chain_of_the_same_image_is_judged_anew(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
    fixture->server.offer.chain_root[7] ^= 1; /* of which the descriptor does not speak */
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    assert_int_equal(fixture->agent.result_error, UD_ERR_IMAGE_DESCRIPTOR);
    assert_false(fixture->agent.has_update);
}

static void a_download_that_stays_wrong_is_given_up_and_reported(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    fixture->server.release = NULL;
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    assert_int_equal(fixture->server.requests[UD_REQUEST_ARTIFACT], UD_AGENT_DOWNLOAD_RETRIES + 1);
    assert_true(fixture_run_until(fixture, fixture_is_idle, LIMIT_MS, NULL));
    assert_int_equal(fixture_last(fixture)->state, UD_DEVICE_FAILED);
    assert_int_equal(fixture_last(fixture)->error, UD_ERR_DOWNLOAD_FAILED);
}

static void a_server_out_of_reach_is_no_reason_to_give_up(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
    fixture->server.unreachable = true;
    assert_false(fixture_run_until(fixture, fixture_has_result, fixture->now_ms + 86400000, NULL));
    fixture->server.unreachable = false;
    assert_true(fixture_run_until(fixture, fixture_is_staged, fixture->now_ms + 7200000, NULL));
    assert_true(fixture_slot_b_holds(fixture, &fixture->second));
}

/* Check-ins succeed in between, and must not make it try ever again at once. */
static void an_artifact_out_of_reach_is_tried_ever_less_often(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
    fixture->server.fail_status[UD_REQUEST_ARTIFACT] = 503;
    fixture->server.fail_count[UD_REQUEST_ARTIFACT] = UINT32_MAX;
    uint32_t before = fixture->server.requests[UD_REQUEST_ARTIFACT];
    assert_false(fixture_run_until(fixture, fixture_has_result, fixture->now_ms + 86400000, NULL));
    assert_in_range(fixture->server.requests[UD_REQUEST_ARTIFACT] - before, 10, 120);
    fixture->server.fail_count[UD_REQUEST_ARTIFACT] = 0;
    assert_true(fixture_run_until(fixture, fixture_is_staged, fixture->now_ms + 7200000, NULL));
}

/* Each renewal costs two erases of the identity's sectors. */
static void an_artifact_that_takes_no_token_is_given_up(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
    fixture->server.fail_status[UD_REQUEST_ARTIFACT] = 401;
    fixture->server.fail_count[UD_REQUEST_ARTIFACT] = UINT32_MAX;
    assert_true(fixture_run_until(fixture, fixture_has_result, fixture->now_ms + 86400000, NULL));
    assert_int_equal(fixture->agent.result_error, UD_ERR_DOWNLOAD_FAILED);
    assert_in_range(fixture->server.requests[UD_REQUEST_TOKEN], 1, UD_AGENT_DOWNLOAD_RETRIES);
}

/* A byte now and then is no progress. */
static void a_record_without_end_does_not_hold_the_device(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
    uint32_t before = fixture->server.requests[UD_REQUEST_ARTIFACT];
    fixture->server.piece = 1;
    fixture->server.drip_ms = fixture->config.answer_timeout_ms - 1000;
    assert_false(fixture_run_until(fixture, fixture_is_staged, fixture->now_ms + LIMIT_MS, NULL));
    assert_true(fixture->server.requests[UD_REQUEST_ARTIFACT] > before + 1);
}

static void a_slow_link_is_not_taken_for_a_record_without_end(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    fixture->server.drip_ms = fixture->config.answer_timeout_ms - 1000;
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    assert_int_equal(fixture->server.artifact_bytes, fixture->second.artifact_size);
}

static void a_token_that_expires_in_a_download_is_renewed(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
    fixture->server.token = "token-two";
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    assert_true(fixture_slot_b_holds(fixture, &fixture->second));
    assert_int_equal(fixture->server.requests[UD_REQUEST_TOKEN], 1);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 1);
}

static void content_that_is_not_what_was_signed_is_never_staged(void **state)
{
    static fixture_release_t other;
    fixture_t *fixture = *state;
    fixture->config.allow_unsigned_chain = true;
    fixture_release(fixture, "2.0.0", 9, 30000, 4096, &other);
    fixture_offer(fixture, &other);
    ud_offer_t *offer = &fixture->server.offer;
    offer->present &= ~UD_FIELD(UD_OFFER_DESCRIPTOR);
    memcpy(offer->image_digest, fixture->second.info.hash, UD_SHA256_SIZE);
    offer->signature = fixture->second.offer.signature;
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    assert_int_equal(fixture->agent.result, UD_DEVICE_FAILED);
    assert_int_equal(fixture->agent.result_error, UD_ERR_OFFER_INVALID);
    assert_false(install_is_pending(fixture));
}

/* ---- waiting ------------------------------------------------------------ */

static void expect_waiting(fixture_t *fixture, ud_err_t reason)
{
    assert_true(fixture_run_until(fixture, fixture_is_waiting, LIMIT_MS, NULL));
    assert_int_equal(fixture_last(fixture)->error, reason);
    assert_int_equal(fixture->server.requests[UD_REQUEST_ARTIFACT], 0);
}

static void the_application_may_put_off_the_download(void **state)
{
    fixture_t *fixture = *state;
    fixture->deny_download = true;
    fixture_offer(fixture, &fixture->second);
    expect_waiting(fixture, UD_ERR_WAITING_APPLICATION);
    fixture->deny_download = false;
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
}

static void a_forced_update_does_not_ask_the_application(void **state)
{
    fixture_t *fixture = *state;
    fixture->deny_download = fixture->deny_reboot = true;
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.present |= UD_FIELD(UD_OFFER_POLICY);
    fixture->server.offer.policy = (ud_policy_t){.present = UD_FIELD(UD_POLICY_FORCED), .forced = true};
    ud_board_end_t end;
    assert_false(fixture_run_until(fixture, fixture_never, LIMIT_MS, &end));
    assert_int_equal(end, UD_BOARD_RESET);
}

static void a_low_battery_puts_off_the_download(void **state)
{
    fixture_t *fixture = *state;
    fixture->config.battery_min = 30;
    fixture->battery = 29;
    fixture_offer(fixture, &fixture->second);
    expect_waiting(fixture, UD_ERR_WAITING_BATTERY);
    assert_int_equal(fixture_last(fixture)->battery, 29);
    fixture->battery = 30;
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
}

static void the_window_opens_and_closes(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.next_s = 100000;
    fixture->server.offer.present |= UD_FIELD(UD_OFFER_POLICY);
    fixture->server.offer.policy = (ud_policy_t){
        .present = UD_FIELD(UD_POLICY_WINDOW_OPENS) | UD_FIELD(UD_POLICY_WINDOW_CLOSES),
        .window_opens_s = 600,
        .window_closes_s = 1200,
    };
    expect_waiting(fixture, UD_ERR_WAITING_WINDOW);
    uint64_t told_ms = fixture->now_ms;
    offer_nothing(fixture, UD_ACTION_NONE);
    assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
    assert_in_range(fixture->now_ms - told_ms, 590000, 1200000);
}

static void a_denied_reboot_waits_staged(void **state)
{
    fixture_t *fixture = *state;
    ud_board_end_t end;
    fixture->deny_reboot = true;
    fixture_offer(fixture, &fixture->second);
    assert_false(fixture_run_until(fixture, fixture_never, 2000000, &end));
    assert_int_equal(end, UD_BOARD_RETURNED);
    assert_int_equal(fixture->agent.state, UD_AGENT_STAGED);
    fixture->deny_reboot = false;
    assert_false(fixture_run_until(fixture, fixture_never, 2100000, &end));
    assert_int_equal(end, UD_BOARD_RESET);
}

static void a_step_in_between_delays_no_question_about_the_reboot(void **state)
{
    fixture_t *fixture = *state;
    uint64_t wake_ms;
    fixture->deny_reboot = true;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    ud_agent_step(&fixture->agent, fixture->now_ms, &wake_ms);
    ud_agent_step(&fixture->agent, fixture->now_ms + 1, &wake_ms);
    assert_in_range(wake_ms, fixture->now_ms + 1, fixture->now_ms + UD_AGENT_ASK_INTERVAL_MS);
}

static void a_download_only_update_is_not_staged(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.present |= UD_FIELD(UD_OFFER_POLICY);
    fixture->server.offer.policy = (ud_policy_t){.present = UD_FIELD(UD_POLICY_DOWNLOAD_ONLY), .download_only = true};
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    assert_false(install_is_pending(fixture));
    fixture->server.offer.policy = (ud_policy_t){.present = UD_FIELD(UD_POLICY_DOWNLOAD_ONLY)};
    ud_board_end_t end;
    assert_false(fixture_run_until(fixture, fixture_never, LIMIT_MS, &end));
    assert_int_equal(end, UD_BOARD_RESET);
    assert_true(install_is_pending(fixture));
}

/* ---- cancelling ------------------------------------------------------------ */

static void a_cancelled_download_is_forgotten_and_reported(void **state)
{
    fixture_t *fixture = *state;
    ud_slot_download_t row;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_downloading, LIMIT_MS, NULL));
    offer_nothing(fixture, UD_ACTION_CANCEL);
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    assert_true(fixture_run_until(fixture, fixture_is_idle, LIMIT_MS, NULL));
    assert_int_equal(fixture_last(fixture)->state, UD_DEVICE_CANCELLED);
    assert_int_equal(fixture_last(fixture)->update_id, FIXTURE_UPDATE_ID);
    assert_int_equal(ud_slot_download_get(&fixture->journal, &row), UD_ERR_NOT_FOUND);
}

static void a_cancelled_staged_update_is_not_installed(void **state)
{
    fixture_t *fixture = *state;
    fixture->deny_reboot = true;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    assert_true(install_is_pending(fixture));
    offer_nothing(fixture, UD_ACTION_CANCEL);
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    assert_false(install_is_pending(fixture));
    fixture_restart(fixture);
    assert_false(fixture->agent.result_pending);
}

static void another_offer_takes_back_what_was_staged_before_it_erases(void **state)
{
    static fixture_release_t third;
    fixture_t *fixture = *state;
    fixture->deny_reboot = true;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    fixture_release(fixture, "3.0.0", 3, 26000, 4096, &third);
    third.offer.update_id = FIXTURE_UPDATE_ID + 1;
    fixture_offer(fixture, &third);
    assert_true(fixture_run_until(fixture, fixture_is_downloading, fixture->now_ms + LIMIT_MS, NULL));
    assert_false(install_is_pending(fixture));
    assert_true(fixture_run_until(fixture, fixture_is_staged, fixture->now_ms + LIMIT_MS, NULL));
    assert_true(install_is_pending(fixture));
    assert_true(fixture_slot_b_holds(fixture, &third));
}

static void a_worn_journal_starts_no_download(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture_offer(fixture, &fixture->second);
    ud_board_refuse_writes(fixture->board, UD_AREA_JOURNAL, 0, 16 * 1024, true);
    assert_true(fixture_run_until(fixture, fixture_has_result, fixture->now_ms + LIMIT_MS, NULL));
    assert_int_equal(fixture->agent.result, UD_DEVICE_FAILED);
    assert_int_equal(fixture->agent.result_error, UD_ERR_JOURNAL_WORN);
    assert_int_equal(fixture->erases[UD_AREA_SLOT_B], 0);
    assert_true(fixture_run_until(fixture, fixture_is_idle, fixture->now_ms + LIMIT_MS, NULL));
    assert_true(fixture_last(fixture)->journal_worn);
}

static void check_staged_without_a_download(fixture_t *fixture, uint32_t base)
{
    ud_slot_record_t record;
    ud_board_load(fixture->board, UD_AREA_SLOT_B, base, fixture->second.image, fixture->second.size);
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    assert_int_equal(fixture->server.artifact_bytes, 0);
    assert_int_equal(fixture->erases[UD_AREA_SLOT_B], 0);
    ud_slot_record_get(&fixture->journal, &record);
    assert_int_equal(record.install, UD_INSTALL_STAGED);
    assert_int_equal(record.crossed, base == 0);
    assert_memory_equal(record.digest, fixture->second.info.hash, UD_SHA256_SIZE);
}

static void an_image_that_lies_in_the_spare_slot_is_not_downloaded(void **state)
{
    fixture_t *fixture = *state;
    check_staged_without_a_download(fixture, ud_slot_staging_offset(&ud_slot_swap, fixture->board));
}

static void the_image_before_is_staged_where_it_lies(void **state)
{
    check_staged_without_a_download(*state, 0);
}

static void an_image_before_that_is_damaged_is_downloaded(void **state)
{
    fixture_t *fixture = *state;
    ud_board_load(fixture->board, UD_AREA_SLOT_B, 0, fixture->second.image, fixture->second.size);
    ud_board_patch(fixture->board, UD_AREA_SLOT_B, 5000, "damage", 6);
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    assert_true(fixture_slot_b_holds(fixture, &fixture->second));
}

/* What boot could not take back: the journal refused it. */
static void an_install_that_boot_left_pending_has_the_journal_tried(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
    ud_board_refuse_writes(fixture->board, UD_AREA_JOURNAL, 0, 16 * 1024, true);
    fixture_restart(fixture);
    assert_true(ud_journal_is_worn(&fixture->journal));
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(an_offer_is_downloaded_verified_and_staged),
        WITH_FIXTURE(a_staged_update_resets_into_boot),
        WITH_FIXTURE(every_chunk_size_arrives_whole),
        WITH_FIXTURE(progress_is_reported_in_steps),
        WITH_FIXTURE(only_sectors_that_must_be_are_erased),
        WITH_FIXTURE(a_broken_stream_repeats_less_than_a_record),
        WITH_FIXTURE(a_reset_repeats_at_most_one_unit),
        WITH_FIXTURE(another_release_starts_anew),
        WITH_FIXTURE(another_chain_of_the_same_image_is_judged_anew),
        WITH_FIXTURE(a_download_that_stays_wrong_is_given_up_and_reported),
        WITH_FIXTURE(a_server_out_of_reach_is_no_reason_to_give_up),
        WITH_FIXTURE(an_artifact_out_of_reach_is_tried_ever_less_often),
        WITH_FIXTURE(an_artifact_that_takes_no_token_is_given_up),
        WITH_FIXTURE(a_record_without_end_does_not_hold_the_device),
        WITH_FIXTURE(a_slow_link_is_not_taken_for_a_record_without_end),
        WITH_FIXTURE(a_token_that_expires_in_a_download_is_renewed),
        WITH_FIXTURE(content_that_is_not_what_was_signed_is_never_staged),
        WITH_FIXTURE(the_application_may_put_off_the_download),
        WITH_FIXTURE(a_forced_update_does_not_ask_the_application),
        WITH_FIXTURE(a_low_battery_puts_off_the_download),
        WITH_FIXTURE(the_window_opens_and_closes),
        WITH_FIXTURE(a_denied_reboot_waits_staged),
        WITH_FIXTURE(a_step_in_between_delays_no_question_about_the_reboot),
        WITH_FIXTURE(a_download_only_update_is_not_staged),
        WITH_FIXTURE(a_cancelled_download_is_forgotten_and_reported),
        WITH_FIXTURE(a_cancelled_staged_update_is_not_installed),
        WITH_FIXTURE(another_offer_takes_back_what_was_staged_before_it_erases),
        WITH_FIXTURE(a_worn_journal_starts_no_download),
        WITH_FIXTURE(an_image_that_lies_in_the_spare_slot_is_not_downloaded),
        WITH_FIXTURE(the_image_before_is_staged_where_it_lies),
        WITH_FIXTURE(an_image_before_that_is_damaged_is_downloaded),
        WITH_FIXTURE(an_install_that_boot_left_pending_has_the_journal_tried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
