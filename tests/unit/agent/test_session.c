/* Registration, tokens, backing off, and reports that arrive exactly once. */
#include "agent/machine.h"
#include "tests/unit/agent/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT_MS 3000000

static void fail_next(fixture_t *fixture, ud_request_kind_t kind, uint16_t status, uint32_t count)
{
    fixture->server.fail_status[kind] = status;
    fixture->server.fail_count[kind] = count;
}

static bool is_pending(const fixture_t *fixture)
{
    return fixture->agent.state == UD_AGENT_PENDING;
}

static bool is_retired(const fixture_t *fixture)
{
    return fixture->agent.state == UD_AGENT_RETIRED;
}

static uint32_t wanted_checkins;

static bool has_checked_in(const fixture_t *fixture)
{
    return fixture->server.checkin_count >= wanted_checkins && fixture->agent.state == UD_AGENT_IDLE;
}

static void check_in_again(fixture_t *fixture)
{
    wanted_checkins = fixture->server.checkin_count + 1;
    assert_true(fixture_run_until(fixture, has_checked_in, fixture->now_ms + LIMIT_MS, NULL));
}

/* ---- registration ------------------------------------------------------------ */

static void a_new_device_registers_and_checks_in(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    const ud_checkin_t *checkin = fixture_last(fixture);
    assert_string_equal(fixture->server.enrol.device_id, "test-1");
    assert_string_equal(fixture->server.enrol.claim_key, "claim-me");
    assert_string_equal(checkin->version, "1.0.0");
    assert_string_equal(checkin->hardware, FIXTURE_HARDWARE);
    assert_memory_equal(checkin->image_digest, fixture->first.info.hash, UD_SHA256_SIZE);
    assert_int_equal(checkin->state, UD_DEVICE_IDLE);
    assert_int_equal(checkin->security_counter, 1);
    assert_int_equal(checkin->capabilities.chunk_size_max, UD_CHUNK_SIZE_DEFAULT);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 1);
}

static ud_err_t init(fixture_t *fixture)
{
    return ud_agent_init(&fixture->agent, fixture->board, &fixture->config, &fixture->journal, fixture->buffer,
                         sizeof fixture->buffer, 0);
}

static void texts_that_would_be_cut_short_are_refused(void **state)
{
    fixture_t *fixture = *state;
    char text[UD_CLAIM_KEY_SIZE_MAX + 2];
    _Static_assert(UD_DEVICE_ID_SIZE_MAX == UD_CLAIM_KEY_SIZE_MAX, "one text for both");
    for (size_t i = 0; i < 6; i++) {
        ud_agent_config_t config = fixture->config;
        const char **texts[] = {&config.device_id, &config.claim_key, &config.one_time_code};
        memset(text, 'x', sizeof text);
        text[UD_CLAIM_KEY_SIZE_MAX + i / 3] = '\0';
        *texts[i % 3] = text;
        ud_err_t err = ud_agent_init(&fixture->agent, fixture->board, &config, &fixture->journal, fixture->buffer,
                                     sizeof fixture->buffer, 0);
        assert_int_equal(err, i < 3 ? UD_OK : UD_ERR_INVALID_ARGUMENT);
    }
}

static void constant_defaults_are_those_of_run_time(void **state)
{
    (void)state;
    static const ud_agent_config_t constant = {
        .slots = &ud_slot_swap,
        .running = UD_AREA_SLOT_A,
        .chunk_size_max = UD_CHUNK_SIZE_DEFAULT,
        UD_AGENT_CONFIG_DEFAULTS,
    };
    ud_agent_config_t completed;
    memset(&completed, 0, sizeof completed);
    ud_agent_config_complete(&completed);
    assert_memory_equal(&constant, &completed, sizeof constant);
}

/* Each of them at 0 would make a device that never waits, never reports, or can never be updated. */
static void a_start_with_a_number_of_the_configuration_left_at_0_is_refused(void **state)
{
    fixture_t *fixture = *state;
    ud_agent_config_t *config = &fixture->config;
    const struct {
        void *at;
        size_t size;
    } fields[] = {
        {&config->retry_base_ms, sizeof config->retry_base_ms},
        {&config->retry_max_ms, sizeof config->retry_max_ms},
        {&config->answer_timeout_ms, sizeof config->answer_timeout_ms},
        {&config->contact_timeout_s, sizeof config->contact_timeout_s},
        {&config->report_interval_ms, sizeof config->report_interval_ms},
        {&config->report_step_percent, sizeof config->report_step_percent},
        {&config->download_retries, sizeof config->download_retries},
        {&config->chunk_size_max, sizeof config->chunk_size_max},
        {&config->key_count, sizeof config->key_count},
        {&config->slots, sizeof config->slots},
    };
    ud_agent_config_t sound = *config;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        memset(fields[i].at, 0, fields[i].size);
        assert_int_equal(init(fixture), UD_ERR_INVALID_ARGUMENT);
        *config = sound;
        assert_int_equal(init(fixture), UD_OK);
    }
}

static void more_keys_than_can_be_revoked_are_refused(void **state)
{
    fixture_t *fixture = *state;
    ud_trusted_key_t keys[UD_TRUSTED_KEYS_MAX + 1];
    for (size_t i = 0; i < UD_TRUSTED_KEYS_MAX + 1; i++) {
        keys[i] = fixture->config.keys[0];
    }
    fixture->config.keys = keys;
    fixture->config.key_count = UD_TRUSTED_KEYS_MAX;
    assert_int_equal(init(fixture), UD_OK);
    fixture->config.key_count++;
    assert_int_equal(init(fixture), UD_ERR_INVALID_ARGUMENT);
}

static void a_reset_needs_no_new_registration(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture_restart(fixture);
    check_in_again(fixture);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 1);
}

static void losing_both_copies_of_the_identity_registers_afresh(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    ud_register_t first = fixture->server.enrol;
    ud_board_fault_words(fixture->board, UD_AREA_IDENTITY, 0, 64, UD_WORD_UNREADABLE);
    ud_board_fault_words(fixture->board, UD_AREA_IDENTITY, 4096, 64, UD_WORD_UNREADABLE);
    fixture_restart(fixture);
    check_in_again(fixture);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 2);
    assert_memory_not_equal(fixture->server.enrol.nonce, first.nonce, sizeof first.nonce);
    assert_memory_not_equal(fixture->server.enrol.secret, first.secret, sizeof first.secret);
}

static void an_identity_lost_under_way_is_made_anew(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    ud_board_fault_words(fixture->board, UD_AREA_IDENTITY, 0, 64, UD_WORD_UNREADABLE);
    check_in_again(fixture);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 1);
    ud_board_fault_words(fixture->board, UD_AREA_IDENTITY, 4096, 64, UD_WORD_UNREADABLE);
    check_in_again(fixture);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 2);
}

static void a_pending_device_asks_again_until_it_is_approved(void **state)
{
    fixture_t *fixture = *state;
    fixture->server.register_status = UD_STATUS_PENDING;
    assert_true(fixture_run_until(fixture, is_pending, LIMIT_MS, NULL));
    uint64_t asked_ms = fixture->now_ms;
    fixture->server.register_status = UD_STATUS_ACTIVE;
    fixture_register(fixture);
    assert_true(fixture->now_ms >= asked_ms + 5000);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 2);
}

static void a_wrong_claim_key_is_tried_ever_less_often(void **state)
{
    fixture_t *fixture = *state;
    fail_next(fixture, UD_REQUEST_REGISTER, 401, UINT32_MAX);
    assert_false(fixture_run_until(fixture, fixture_never, 86400000, NULL));
    assert_in_range(fixture->server.requests[UD_REQUEST_REGISTER], 20, 120);
}

static void an_unknown_device_registers_again_with_the_same_nonce(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    ud_register_t first = fixture->server.enrol;
    fail_next(fixture, UD_REQUEST_CHECKIN, 404, 1);
    check_in_again(fixture);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 2);
    assert_memory_equal(fixture->server.enrol.nonce, first.nonce, sizeof first.nonce);
    assert_memory_equal(fixture->server.enrol.secret, first.secret, sizeof first.secret);
}

static void an_order_to_register_is_followed(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture->server.offer.action = UD_ACTION_REGISTER;
    check_in_again(fixture);
    fixture->server.offer.action = UD_ACTION_NONE;
    check_in_again(fixture);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 2);
}

static void a_retired_device_sleeps_for_a_day(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture->server.offer.action = UD_ACTION_DECOMMISSION;
    assert_true(fixture_run_until(fixture, is_retired, LIMIT_MS, NULL));
    uint64_t retired_ms = fixture->now_ms;
    fixture->server.offer.action = UD_ACTION_NONE;
    assert_false(fixture_run_until(fixture, fixture_never, retired_ms + 86300000, NULL));
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 1);
    fixture->now_ms = retired_ms + 86400000;
    check_in_again(fixture);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 2);
}

/* ---- tokens ------------------------------------------------------------ */

static void an_expired_token_is_renewed_with_the_secret(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture->server.token = "token-two";
    check_in_again(fixture);
    assert_int_equal(fixture->server.requests[UD_REQUEST_TOKEN], 1);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 1);
    fixture_restart(fixture);
    check_in_again(fixture);
    assert_int_equal(fixture->server.requests[UD_REQUEST_TOKEN], 1);
}

static void a_refused_secret_leads_to_registration(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture->server.token = "token-two";
    fail_next(fixture, UD_REQUEST_TOKEN, 401, 1);
    check_in_again(fixture);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 2);
}

static void a_server_that_takes_no_token_of_its_own_is_not_hammered(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fail_next(fixture, UD_REQUEST_CHECKIN, 401, UINT32_MAX);
    assert_false(fixture_run_until(fixture, fixture_never, fixture->now_ms + 86400000, NULL));
    assert_in_range(fixture->server.requests[UD_REQUEST_TOKEN], 10, 200);
}

/* ---- backing off ------------------------------------------------------------ */

static void retry_after_is_honoured(void **state)
{
    fixture_t *fixture = *state;
    static const uint16_t statuses[] = {429, 503};
    fixture_register(fixture);
    for (size_t i = 0; i < 2; i++) {
        wanted_checkins = fixture->server.checkin_count + 1;
        uint32_t requests = fixture->server.requests[UD_REQUEST_CHECKIN];
        fail_next(fixture, UD_REQUEST_CHECKIN, statuses[i], 1);
        fixture->server.retry_after_s = 500;
        uint64_t before_ms = fixture->now_ms;
        assert_true(fixture_run_until(fixture, has_checked_in, fixture->now_ms + LIMIT_MS, NULL));
        assert_int_equal(fixture->server.requests[UD_REQUEST_CHECKIN], requests + 2);
        assert_true(fixture->now_ms >= before_ms + 60000 + 500000);
    }
}

static void the_next_check_in_is_when_the_server_says(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture->server.offer.next_s = 1234;
    check_in_again(fixture);
    uint64_t before_ms = fixture->now_ms;
    check_in_again(fixture);
    assert_in_range(fixture->now_ms - before_ms, 1234000, 1234000 + 10);
}

static void a_server_that_names_no_time_is_not_hammered(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture->server.offer.next_s = 0;
    check_in_again(fixture);
    uint64_t before_ms = fixture->now_ms;
    check_in_again(fixture);
    assert_true(fixture->now_ms - before_ms >= UD_AGENT_CHECKIN_INTERVAL_S * UINT64_C(1000));
}

/* A wrong number of the server, or of somebody in between, must not silence a device for good. */
static void no_server_sends_a_device_to_sleep_for_years(void **state)
{
    fixture_t *fixture = *state;
    const uint64_t longest_ms = UD_AGENT_SLEEP_MAX_S * UINT64_C(1000);
    fixture_register(fixture);
    fixture->server.offer.next_s = UINT32_MAX;
    check_in_again(fixture);
    wanted_checkins = fixture->server.checkin_count + 1;
    assert_true(fixture_run_until(fixture, has_checked_in, fixture->now_ms + longest_ms, NULL));
    fixture->server.offer.next_s = 60;
    fixture->server.retry_after_s = UINT32_MAX;
    fail_next(fixture, UD_REQUEST_CHECKIN, 503, 1);
    wanted_checkins++;
    assert_true(fixture_run_until(fixture, has_checked_in, fixture->now_ms + 3 * longest_ms, NULL));
}

static bool is_asking(const fixture_t *fixture)
{
    return fixture->agent.state == UD_AGENT_CHECKING;
}

static bool is_not_asking(const fixture_t *fixture)
{
    return fixture->agent.state != UD_AGENT_CHECKING;
}

static void an_answer_without_end_does_not_hold_the_device(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fail_next(fixture, UD_REQUEST_CHECKIN, 503, UINT32_MAX);
    fixture->server.drip_ms = fixture->config.answer_timeout_ms - 1000;
    assert_true(fixture_run_until(fixture, is_asking, LIMIT_MS, NULL));
    uint64_t asked_ms = fixture->now_ms;
    assert_true(fixture_run_until(fixture, is_not_asking, LIMIT_MS, NULL));
    assert_in_range(fixture->now_ms - asked_ms, 1, 11 * fixture->config.answer_timeout_ms);
    fail_next(fixture, UD_REQUEST_CHECKIN, 0, 0);
    fixture->server.drip_ms = 0;
    check_in_again(fixture);
}

static void a_wake_up_ends_a_backoff(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture->server.unreachable = true;
    assert_false(fixture_run_until(fixture, fixture_never, fixture->now_ms + 86400000, NULL));
    fixture->server.unreachable = false;
    uint64_t before_ms = fixture->now_ms;
    ud_agent_wake(&fixture->agent);
    check_in_again(fixture);
    assert_int_equal(fixture->now_ms, before_ms);
}

/* ---- what the application says ------------------------------------------------------------ */

static void what_a_modem_claims_never_keeps_a_device_from_checking_in(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture->link = (ud_agent_link_t){.type = 200, .signal = -999};
    check_in_again(fixture);
    assert_int_equal(fixture_last(fixture)->present & (UD_FIELD(UD_CHECKIN_LINK) | UD_FIELD(UD_CHECKIN_SIGNAL)), 0);
    fixture->link = (ud_agent_link_t){.type = 3, .signal = -85};
    check_in_again(fixture);
    assert_int_equal(fixture_last(fixture)->link, 3);
    assert_int_equal(fixture_last(fixture)->signal, -85);
}

/* ---- reports ------------------------------------------------------------ */

static void numbers_of_reports_grow_and_never_come_twice(void **state)
{
    fixture_t *fixture = *state;
    uint32_t before = 0;
    fixture_register(fixture);
    uint32_t epoch = fixture_last(fixture)->epoch;
    for (int i = 0; i < 150; i++) {
        if (i % 7 == 0) {
            fixture_restart(fixture);
        }
        check_in_again(fixture);
        assert_true(fixture_last(fixture)->sequence > before);
        assert_int_equal(fixture_last(fixture)->epoch, epoch);
        before = fixture_last(fixture)->sequence;
    }
}

/* The server drops what comes under a number it knows. */
static void numbers_never_come_twice_when_the_journal_is_worn(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    ud_board_refuse_writes(fixture->board, UD_AREA_JOURNAL, 0, 16 * 1024, true);
    for (int i = 0; i < 2 * UD_AGENT_SEQUENCE_BLOCK; i++) {
        if (i % UD_AGENT_SEQUENCE_BLOCK == 0) {
            fixture_restart(fixture);
        }
        check_in_again(fixture);
        const ud_checkin_t *last = fixture_last(fixture);
        for (const ud_checkin_t *before = fixture->server.checkins; before < last; before++) {
            assert_false(before->epoch == last->epoch && before->sequence >= last->sequence);
        }
    }
}

static void sleeping_and_checking_in_hardly_wears_the_flash(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    uint64_t before = ud_board_operations(fixture->board);
    for (int i = 0; i < 2 * UD_AGENT_SEQUENCE_BLOCK; i++) {
        check_in_again(fixture);
    }
    assert_in_range(ud_board_operations(fixture->board) - before, 1, 2 * 4 + 4);
}

static void a_lost_journal_begins_a_new_epoch(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    uint32_t epoch = fixture_last(fixture)->epoch;
    ud_board_load(fixture->board, UD_AREA_JOURNAL, 0, NULL, 0);
    fixture_restart(fixture);
    check_in_again(fixture);
    assert_int_not_equal(fixture_last(fixture)->epoch, epoch);
}

static void a_report_that_was_not_answered_keeps_its_number(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    uint32_t before = fixture_last(fixture)->sequence;
    fail_next(fixture, UD_REQUEST_CHECKIN, 503, 3);
    check_in_again(fixture);
    assert_int_equal(fixture_last(fixture)->sequence, before + 1);
}

static void a_result_is_repeated_until_it_is_answered(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->first); /* already running: refused */
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    fail_next(fixture, UD_REQUEST_CHECKIN, 503, 5);
    assert_true(fixture_run_until(fixture, fixture_is_idle, LIMIT_MS, NULL));
    assert_int_equal(fixture_last(fixture)->state, UD_DEVICE_REFUSED);
    assert_int_equal(fixture_last(fixture)->error, UD_ERR_ALREADY_RUNNING);
}

static void an_offer_that_is_refused_again_and_again_is_no_storm(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->first);
    assert_false(fixture_run_until(fixture, fixture_never, 600000, NULL));
    assert_in_range(fixture->server.checkin_count, 10, 24);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(a_new_device_registers_and_checks_in),
        WITH_FIXTURE(texts_that_would_be_cut_short_are_refused),
        cmocka_unit_test(constant_defaults_are_those_of_run_time),
        WITH_FIXTURE(a_start_with_a_number_of_the_configuration_left_at_0_is_refused),
        WITH_FIXTURE(more_keys_than_can_be_revoked_are_refused),
        WITH_FIXTURE(a_reset_needs_no_new_registration),
        WITH_FIXTURE(losing_both_copies_of_the_identity_registers_afresh),
        WITH_FIXTURE(an_identity_lost_under_way_is_made_anew),
        WITH_FIXTURE(a_pending_device_asks_again_until_it_is_approved),
        WITH_FIXTURE(a_wrong_claim_key_is_tried_ever_less_often),
        WITH_FIXTURE(an_unknown_device_registers_again_with_the_same_nonce),
        WITH_FIXTURE(an_order_to_register_is_followed),
        WITH_FIXTURE(a_retired_device_sleeps_for_a_day),
        WITH_FIXTURE(an_expired_token_is_renewed_with_the_secret),
        WITH_FIXTURE(a_refused_secret_leads_to_registration),
        WITH_FIXTURE(a_server_that_takes_no_token_of_its_own_is_not_hammered),
        WITH_FIXTURE(retry_after_is_honoured),
        WITH_FIXTURE(the_next_check_in_is_when_the_server_says),
        WITH_FIXTURE(a_server_that_names_no_time_is_not_hammered),
        WITH_FIXTURE(no_server_sends_a_device_to_sleep_for_years),
        WITH_FIXTURE(an_answer_without_end_does_not_hold_the_device),
        WITH_FIXTURE(a_wake_up_ends_a_backoff),
        WITH_FIXTURE(what_a_modem_claims_never_keeps_a_device_from_checking_in),
        WITH_FIXTURE(numbers_of_reports_grow_and_never_come_twice),
        WITH_FIXTURE(numbers_never_come_twice_when_the_journal_is_worn),
        WITH_FIXTURE(sleeping_and_checking_in_hardly_wears_the_flash),
        WITH_FIXTURE(a_lost_journal_begins_a_new_epoch),
        WITH_FIXTURE(a_report_that_was_not_answered_keeps_its_number),
        WITH_FIXTURE(a_result_is_repeated_until_it_is_answered),
        WITH_FIXTURE(an_offer_that_is_refused_again_and_again_is_no_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
