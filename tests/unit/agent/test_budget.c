/* What a server can have a device write: the buckets, and a simulated day with servers that try. */
#include "agent/budget.h"
#include "tests/unit/agent/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HOUR_MS UINT64_C(3600000)
#define HOURS 24

/* Of one kind in a day, by the table in agent/budget.h. */
#define SAVES_A_DAY (UD_AGENT_SAVES_MAX + HOURS)
#define OFFERS_A_DAY (UD_AGENT_OFFERS_MAX + HOURS)

/* ---- the bucket ------------------------------------------------------------ */

static void as_many_as_it_holds_can_be_taken_at_once(void **state)
{
    (void)state;
    ud_timers_t timers = {0};
    for (int i = 0; i < UD_AGENT_SAVES_MAX; i++) {
        assert_true(ud_budget_take(&timers, UD_TIMER_SAVES));
    }
    assert_false(ud_budget_take(&timers, UD_TIMER_SAVES));
    assert_true(ud_budget_take(&timers, UD_TIMER_OFFERS));
}

static void an_empty_one_has_the_next_a_period_later(void **state)
{
    (void)state;
    ud_timers_t timers = {0};
    for (int i = 0; i < UD_AGENT_SAVES_MAX; i++) {
        assert_true(ud_budget_take(&timers, UD_TIMER_SAVES));
    }
    ud_timers_pass(&timers, 0);
    assert_false(ud_budget_take(&timers, UD_TIMER_SAVES));
    assert_int_equal(timers.wait_ms, UD_AGENT_SAVE_PERIOD_MS);
    ud_timers_pass(&timers, UD_AGENT_SAVE_PERIOD_MS - 1);
    assert_false(ud_budget_take(&timers, UD_TIMER_SAVES));
    ud_timers_pass(&timers, 1);
    assert_true(ud_budget_take(&timers, UD_TIMER_SAVES));
    assert_false(ud_budget_take(&timers, UD_TIMER_SAVES));
}

static void a_long_rest_fills_it_no_further_than_full(void **state)
{
    (void)state;
    ud_timers_t timers = {0};
    uint32_t taken = 0;
    assert_true(ud_budget_take(&timers, UD_TIMER_CHECKINS));
    ud_timers_pass(&timers, UINT64_C(2000) * HOUR_MS);
    for (int i = 0; i < 2 * UD_AGENT_CHECKINS_MAX; i++) {
        taken += ud_budget_take(&timers, UD_TIMER_CHECKINS) ? 1 : 0;
    }
    assert_int_equal(taken, UD_AGENT_CHECKINS_MAX);
}

/* ---- servers that wear flash ------------------------------------------------------------ */

/* Hour by hour, for a run is bounded by its steps. */
static void live(fixture_t *fixture, int hours)
{
    for (int i = 0; i < hours; i++) {
        assert_false(fixture_run_until(fixture, fixture_never, fixture->now_ms + HOUR_MS, NULL));
    }
}

/* Each token is good for one check-in. */
static void change_the_token(fixture_server_t *server)
{
    static uint32_t turn;
    if (turn++ % 2 == 0) {
        server->token = strcmp(server->token, "token-one") == 0 ? "token-two" : "token-one";
    }
}

static void tokens_that_never_last_cost_a_bounded_number_of_saves(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture->server.offer.next_s = 1;
    fixture->server.whim = change_the_token;
    uint32_t before = fixture->erases[UD_AREA_IDENTITY];
    live(fixture, HOURS);
    assert_in_range(fixture->erases[UD_AREA_IDENTITY] - before, 2 * UD_AGENT_SAVES_MAX, 2 * SAVES_A_DAY);
    fixture->server.whim = NULL;
    uint32_t checkins = fixture->server.checkin_count;
    live(fixture, 3);
    assert_true(fixture->server.checkin_count > checkins + 1000);
}

static void order_to_register(fixture_server_t *server)
{
    server->offer.action = UD_ACTION_REGISTER - server->offer.action; /* every other time: none */
}

static void orders_to_register_cost_a_bounded_number_of_saves(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture->server.offer.next_s = 1;
    fixture->server.whim = order_to_register;
    uint32_t before = fixture->erases[UD_AREA_IDENTITY];
    live(fixture, HOURS);
    assert_in_range(fixture->erases[UD_AREA_IDENTITY] - before, 2 * UD_AGENT_SAVES_MAX, 2 * SAVES_A_DAY);
}

/* Offers of two images in turns, and their ends, each time long enough for the whole download: what is there already is not
 * downloaded again.
 */
static const fixture_release_t *offered[2];

static void offer_and_cancel(fixture_server_t *server)
{
    static uint32_t turn;
    uint32_t phase = turn++ / 8;
    server->release = offered[phase / 2 % 2];
    server->offer = server->release->offer;
    server->offer.action = phase % 2 == 0 ? UD_ACTION_INSTALL : UD_ACTION_CANCEL;
    server->offer.next_s = 15;
}

static void offers_that_are_taken_back_cost_a_bounded_number_of_downloads(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    static fixture_release_t third;
    fixture_release(fixture, "2.1.0", 2, 30000, 4096, &third);
    offered[0] = &fixture->second;
    offered[1] = &third;
    fixture->deny_reboot = true;
    fixture_offer(fixture, &fixture->second);
    fixture->server.whim = offer_and_cancel;
    live(fixture, HOURS);
    uint32_t sectors = (uint32_t)(fixture->second.size + 4095) / 4096;
    assert_in_range(fixture->erases[UD_AREA_SLOT_B], sectors, OFFERS_A_DAY * sectors);
    assert_in_range(fixture->server.artifact_bytes, UD_AGENT_OFFERS_MAX * fixture->second.size,
                    OFFERS_A_DAY * third.artifact_size);
    assert_in_range(fixture->erases[UD_AREA_JOURNAL], 0, OFFERS_A_DAY);
    fixture->server.whim = NULL;
    fixture->server.offer.action = UD_ACTION_INSTALL;
    assert_true(fixture_run_until(fixture, fixture_is_staged, fixture->now_ms + 2 * HOUR_MS, NULL));
}

/* What is refused is reported at once, and the answer to that is the next one. */
static void offer_another(fixture_server_t *server)
{
    server->offer.update_id++;
}

static void offers_to_refuse_are_no_reason_to_hurry(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    fixture_offer(fixture, &fixture->first);
    fixture->server.whim = offer_another;
    uint32_t before = fixture->server.checkin_count;
    uint32_t erases = fixture->erases[UD_AREA_JOURNAL];
    live(fixture, 1);
    assert_in_range(fixture->server.checkin_count - before, 1000, UD_AGENT_CHECKINS_MAX + 3600 + 1);
    assert_in_range(fixture->erases[UD_AREA_JOURNAL] - erases, 0, 2);
}

/* ---- and one that does not ------------------------------------------------------------ */

static void as_many_updates_in_a_row_as_a_day_brings_are_taken_at_once(void **state)
{
    fixture_t *fixture = *state;
    fixture->deny_reboot = true;
    fixture_register(fixture);
    uint64_t before_ms = fixture->now_ms;
    for (uint32_t i = 0; i < UD_AGENT_OFFERS_MAX; i++) {
        fixture_offer(fixture, &fixture->second);
        fixture->server.offer.update_id += i;
        fixture->agent.timers.left_ms[UD_TIMER_FRESH] = 0;
        ud_agent_wake(&fixture->agent);
        assert_true(fixture_run_until(fixture, fixture_is_staged, fixture->now_ms + HOUR_MS, NULL));
    }
    assert_true(fixture->now_ms - before_ms < HOUR_MS);
    assert_int_equal(fixture->agent.update.update_id, FIXTURE_UPDATE_ID + UD_AGENT_OFFERS_MAX - 1);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_it_holds_can_be_taken_at_once),
        cmocka_unit_test(an_empty_one_has_the_next_a_period_later),
        cmocka_unit_test(a_long_rest_fills_it_no_further_than_full),
        WITH_FIXTURE(tokens_that_never_last_cost_a_bounded_number_of_saves),
        WITH_FIXTURE(orders_to_register_cost_a_bounded_number_of_saves),
        WITH_FIXTURE(offers_that_are_taken_back_cost_a_bounded_number_of_downloads),
        WITH_FIXTURE(offers_to_refuse_are_no_reason_to_hurry),
        WITH_FIXTURE(as_many_updates_in_a_row_as_a_day_brings_are_taken_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
