/* What stops a rollout, and what goes on over stops, failures and restarts. */
#include "tests/unit/server/domain/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_bad_release_is_halted_after_its_first_batch(void **state)
{
    (void)state;
    roll_out(demo_plan);
    poll_all();
    finish_all(false);
    const ud_rollout_t *rollout = view();
    assert_int_equal(rollout->status, UD_ROLLOUT_HALTED);
    assert_int_equal(rollout->stop, UD_STOP_FAILURE_LIMIT);
    assert_int_equal(rollout->batches[0].rolled_back, 2);
    assert_int_equal(rollout->failure_count, 1);
    assert_string_equal(rollout->failures[0].label, "self_test_failed");
    assert_int_equal(poll_all(), 0);
}

static void a_breach_stops_offers_in_the_commit_of_the_outcome(void **state)
{
    (void)state;
    static const double half[] = {50, 0};
    roll_out(half);
    unsigned done = 0;
    for (unsigned i = 0; i < FLEET; i++) {
        actor_checkin(&story.world, &story.actors[i]);
        if (story.actors[i].update_id != 0 && done < 9) {
            actor_roll_back(&story.world, &story.actors[i], UD_ERR_CRASHED);
            done++;
        }
    }
    assert_int_equal(view()->status, UD_ROLLOUT_RUNNING);
    actor_roll_back(&story.world, first_offered(), UD_ERR_CRASHED);
    assert_int_equal(view()->status, UD_ROLLOUT_HALTED);
}

static void a_batch_that_ends_below_its_share_of_successes_halts(void **state)
{
    (void)state;
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
    command->in.rollout = (ud_rollout_in_t){
        .release_id = story.release, .failure_limit_percent = 60, .plans = {{10, 0}, {40, 0}}, .plan_count = 2};
    assert_int_equal(world_do(&story.world), UD_OK);
    strcpy(story.rollout, command->out.rollout.id);
    poll_all();
    actor_roll_back(&story.world, first_offered(), UD_ERR_CRASHED);
    finish_all(true);
    assert_int_equal(view()->status, UD_ROLLOUT_HALTED);
    assert_int_equal(view()->stop, UD_STOP_GATE);
    assert_int_equal(world_act(&story.world, story.rollout, UD_ROLLOUT_RESUME)->current, 1); /* a person accepts it */
}

static void a_device_that_had_its_outcome_is_not_told_to_wait_for_a_batch(void **state)
{
    (void)state;
    roll_out(demo_plan);
    poll_all();
    const char *id = first_offered()->id;
    finish_all(false);
    assert_int_equal(view()->status, UD_ROLLOUT_HALTED);
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_QUERY_DEVICE);
    command->in.lookup.id = id;
    assert_int_equal(world_do(&story.world), UD_OK);
    for (size_t i = 0; i < command->out.device.check_count; i++) {
        const ud_check_t *check = &command->out.device.checks[i];
        bool in_the_way = strcmp(check->check, "no_outcome") == 0 || strcmp(check->check, "status") == 0;
        assert_int_equal(check->passed, !in_the_way);
    }
}

static void a_halt_by_a_person_cancels_downloads_and_lets_installs_finish(void **state)
{
    (void)state;
    roll_out(NULL);
    poll_all();
    actor_t *downloads = &story.actors[0];
    actor_t *installs = &story.actors[1];
    actor_t *unaware = &story.actors[2];
    actor_report(&story.world, downloads, UD_DEVICE_DOWNLOADING, UD_OK);
    actor_report(&story.world, installs, UD_DEVICE_STAGED, UD_OK);
    world_act(&story.world, story.rollout, UD_ROLLOUT_HALT);
    actor_report(&story.world, downloads, UD_DEVICE_DOWNLOADING, UD_OK);
    assert_int_equal(downloads->offer.action, UD_ACTION_CANCEL);
    actor_report(&story.world, installs, UD_DEVICE_TRIAL, UD_OK);
    assert_int_equal(installs->offer.action, UD_ACTION_NONE);
    unaware->update_id = 0;
    actor_checkin(&story.world, unaware);
    assert_int_equal(unaware->offer.action, UD_ACTION_CANCEL);
    memcpy(installs->image_digest, story.actors[3].offer.image_digest, UD_SHA256_SIZE);
    actor_report(&story.world, installs, UD_DEVICE_CONFIRMED, UD_OK);
    actor_report(&story.world, downloads, UD_DEVICE_CANCELLED, UD_OK);
    assert_int_equal(view()->batches[0].succeeded, 1);
    assert_int_equal(view()->batches[0].failed, 0);
    assert_int_equal(world_device_view(&story.world, downloads->id)->state, UD_VIEW_IDLE);
}

static void a_pause_offers_nothing_new_and_disturbs_nobody(void **state)
{
    (void)state;
    roll_out(NULL);
    actor_checkin(&story.world, &story.actors[0]);
    world_act(&story.world, story.rollout, UD_ROLLOUT_PAUSE);
    actor_report(&story.world, &story.actors[0], UD_DEVICE_DOWNLOADING, UD_OK);
    assert_int_equal(story.actors[0].offer.action, UD_ACTION_NONE);
    actor_checkin(&story.world, &story.actors[1]);
    assert_false(actor_is_offered(&story.actors[1]));
    world_act(&story.world, story.rollout, UD_ROLLOUT_RESUME);
    actor_checkin(&story.world, &story.actors[1]);
    assert_true(actor_is_offered(&story.actors[1]));
}

static void what_the_status_does_not_allow_is_refused(void **state)
{
    (void)state;
    roll_out(NULL);
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_ACT);
    command->in.rollout_act = (ud_rollout_act_in_t){story.rollout, UD_ROLLOUT_RESUME, NULL};
    assert_int_equal(world_do(&story.world), UD_ERR_CONFLICT);
}

static void no_progress_is_a_failure_and_a_late_success_still_counts(void **state)
{
    (void)state;
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
    command->in.rollout =
        (ud_rollout_in_t){.release_id = story.release, .failure_limit_percent = 100, .progress_timeout_s = 60};
    assert_int_equal(world_do(&story.world), UD_OK);
    strcpy(story.rollout, command->out.rollout.id);
    actor_t *actor = &story.actors[0];
    actor_checkin(&story.world, actor);
    world_sleep(&story.world, 61);
    assert_int_equal(view()->batches[0].failed, 1);
    assert_int_equal(world_device_view(&story.world, actor->id)->err, UD_ERR_TIMED_OUT);
    actor_succeed(&story.world, actor);
    assert_int_equal(view()->batches[0].failed, 0);
    assert_int_equal(view()->batches[0].succeeded, 1);
}

static void progress_keeps_a_slow_download_alive(void **state)
{
    (void)state;
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
    command->in.rollout =
        (ud_rollout_in_t){.release_id = story.release, .failure_limit_percent = 100, .progress_timeout_s = 60};
    assert_int_equal(world_do(&story.world), UD_OK);
    strcpy(story.rollout, command->out.rollout.id);
    actor_t *actor = &story.actors[0];
    actor_checkin(&story.world, actor);
    for (unsigned n = 0; n < 5; n++) {
        world_sleep(&story.world, 50);
        actor_report(&story.world, actor, n % 2 == 0 ? UD_DEVICE_DOWNLOADING : UD_DEVICE_VERIFYING, UD_OK);
    }
    assert_int_equal(view()->batches[0].failed, 0);
}

static void a_passing_failure_is_tried_again_after_a_while_as_another_update(void **state)
{
    (void)state;
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
    command->in.rollout = (ud_rollout_in_t){.release_id = story.release, .failure_limit_percent = 0, .retries_max = 1};
    assert_int_equal(world_do(&story.world), UD_OK);
    strcpy(story.rollout, command->out.rollout.id);
    actor_t *actor = &story.actors[0];
    actor_checkin(&story.world, actor);
    uint32_t first = actor->update_id;
    actor_report(&story.world, actor, UD_DEVICE_FAILED, UD_ERR_DOWNLOAD_FAILED);
    actor->update_id = 0;
    assert_int_equal(view()->batches[0].failed, 0);
    actor_checkin(&story.world, actor);
    assert_false(actor_is_offered(actor));
    world_sleep(&story.world, WORLD_INTERVAL_S + 2);
    actor_checkin(&story.world, actor);
    assert_true(actor_is_offered(actor));
    assert_int_not_equal(actor->update_id, first);
    actor_report(&story.world, actor, UD_DEVICE_FAILED, UD_ERR_DOWNLOAD_FAILED);
    assert_int_equal(view()->batches[0].failed, 1);
    assert_int_equal(view()->batches[0].offered, 1 + view()->batches[0].updating);
}

/* Answers each offer with `state` at once, `requests` times, a second apart; gives the number of offers it was made. */
static unsigned refuse_offers(actor_t *actor, ud_device_state_t state, ud_err_t error, unsigned requests)
{
    unsigned offers = 0;
    uint32_t newest = 0;
    actor->update_id = 0;
    for (unsigned i = 0; i < requests; i++) {
        actor_report(&story.world, actor, actor->update_id != 0 ? state : UD_DEVICE_IDLE, error);
        offers += actor_is_offered(actor) && actor->offer.update_id > newest ? 1 : 0;
        newest = actor_is_offered(actor) ? actor->offer.update_id : newest;
        actor->update_id = actor_is_offered(actor) ? newest : 0;
        world_sleep(&story.world, i % 2 == 0 ? 1 : 60);
    }
    return offers;
}

static void start_lenient(uint32_t retries_max)
{
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
    command->in.rollout = (ud_rollout_in_t){
        .release_id = story.release, .failure_limit_percent = 100, .retries_max = retries_max, .min_sample = 20};
    assert_int_equal(world_do(&story.world), UD_OK);
    strcpy(story.rollout, command->out.rollout.id);
}

static void a_device_that_takes_no_offer_runs_out_of_attempts(void **state)
{
    (void)state;
    static const struct {
        uint32_t retries_max;
        ud_device_state_t answer;
        ud_err_t error;
        unsigned offers;
    } cases[] = {
        {UD_RETRIES_MAX, UD_DEVICE_CANCELLED, UD_OK, UD_RETRIES_MAX + 1},
        {0, UD_DEVICE_CANCELLED, UD_OK, UD_CANCEL_RETRIES_MIN + 1},
        {0, UD_DEVICE_REFUSED, UD_ERR_CANCELLED, UD_CANCEL_RETRIES_MIN + 1},
        {0, UD_DEVICE_FAILED, UD_ERR_DOWNLOAD_FAILED, 1},
        {UD_RETRIES_MAX, UD_DEVICE_FAILED, UD_ERR_DOWNLOAD_FAILED, UD_RETRIES_MAX + 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        start_lenient(cases[i].retries_max);
        assert_int_equal(refuse_offers(&story.actors[i], cases[i].answer, cases[i].error, 1000), cases[i].offers);
        assert_int_equal(view()->batches[0].failed, 1);
    }
}

static void between_two_rollouts_a_device_that_cancels_has_no_more_attempts(void **state)
{
    (void)state;
    start_lenient(2);
    start_lenient(2);
    unsigned offers = refuse_offers(&story.actors[0], UD_DEVICE_CANCELLED, UD_OK, 1000);
    assert_in_range(offers, 2, 6);
}

static void a_halt_that_is_taken_back_costs_nobody_the_update(void **state)
{
    (void)state;
    start_lenient(0);
    actor_t *actor = &story.actors[0];
    actor_checkin(&story.world, actor);
    world_act(&story.world, story.rollout, UD_ROLLOUT_HALT);
    actor_report(&story.world, actor, UD_DEVICE_DOWNLOADING, UD_OK);
    assert_int_equal(actor->offer.action, UD_ACTION_CANCEL);
    world_act(&story.world, story.rollout, UD_ROLLOUT_RESUME);
    actor_report(&story.world, actor, UD_DEVICE_CANCELLED, UD_OK);
    assert_int_equal(view()->batches[0].failed, 0);
    world_sleep(&story.world, WORLD_INTERVAL_S + 2);
    actor->update_id = 0;
    actor_checkin(&story.world, actor);
    assert_true(actor_is_offered(actor));
}

static void a_device_that_retires_in_an_update_leaves_no_attempt_open(void **state)
{
    (void)state;
    start_lenient(2);
    actor_checkin(&story.world, &story.actors[0]);
    world_ask(&story.world, UD_COMMAND_DEVICE_UPDATE)->in.device =
        (ud_device_update_in_t){.device_id = story.actors[0].id, .hold = -1, .retire = true};
    assert_int_equal(world_do(&story.world), UD_OK);
    assert_int_equal(view()->batches[0].offered, 0);
}

static void a_restart_loses_nothing_and_gives_time_again(void **state)
{
    (void)state;
    roll_out(demo_plan);
    poll_all();
    actor_t *actor = first_offered();
    actor_report(&story.world, actor, UD_DEVICE_DOWNLOADING, UD_OK);
    uint32_t update = actor->update_id;
    world_sleep(&story.world, 3000);
    world_restart(&story.world);
    world_sleep(&story.world, 3000); /* each below the hour that is allowed, together above */
    assert_int_equal(view()->batches[0].failed, 0);
    assert_int_equal(view()->batches[0].offered, 2);
    actor_checkin(&story.world, actor);
    assert_int_equal(actor->offer.update_id, update);
    finish_all(true);
    assert_int_equal(view()->batches[0].succeeded, 2);
    world_restart(&story.world);
    assert_int_equal(view()->batches[0].succeeded, 2);
    assert_int_equal(view()->current, 1);
}

static void a_completed_rollout_keeps_its_numbers_over_a_restart(void **state)
{
    (void)state;
    roll_out(NULL);
    poll_all();
    finish_all(true);
    assert_int_equal(view()->status, UD_ROLLOUT_COMPLETED);
    world_restart(&story.world);
    assert_int_equal(view()->status, UD_ROLLOUT_COMPLETED);
    assert_int_equal(view()->batches[0].succeeded, FLEET);
}

static void silent_members_hold_completion_up_for_the_tail_only(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FLEET; i++) {
        actor_checkin(&story.world, &story.actors[i]);
    }
    roll_out(NULL);
    for (unsigned i = 1; i < FLEET; i++) {
        actor_checkin(&story.world, &story.actors[i]);
    }
    finish_all(true);
    world_sleep(&story.world, 3600);
    assert_int_equal(view()->status, UD_ROLLOUT_RUNNING);
    assert_int_equal(view()->batches[0].unreachable, 1);
    world_sleep(&story.world, 86400);
    assert_int_equal(view()->status, UD_ROLLOUT_COMPLETED);
}

static void a_clock_behind_stops_offers_until_it_caught_up(void **state)
{
    (void)state;
    roll_out(NULL);
    world_sleep(&story.world, 2);
    story.world.now.wall_ms -= 3600 * 1000;
    world_sleep(&story.world, 1);
    actor_checkin(&story.world, &story.actors[0]);
    assert_false(actor_is_offered(&story.actors[0]));
    assert_int_equal(view()->stop, UD_STOP_CLOCK);
    world_restart(&story.world); /* from the first command on */
    actor_checkin(&story.world, &story.actors[0]);
    assert_false(actor_is_offered(&story.actors[0]));
    story.world.now.wall_ms += 3600 * 1000;
    world_sleep(&story.world, 1);
    actor_checkin(&story.world, &story.actors[0]);
    assert_true(actor_is_offered(&story.actors[0]));
}

static void turn_clock(int64_t hours)
{
    story.world.now.wall_ms += hours * 3600 * 1000;
    world_sleep(&story.world, 1);
}

static bool offers(unsigned actor)
{
    actor_checkin(&story.world, &story.actors[actor]);
    return actor_is_offered(&story.actors[actor]);
}

static bool stopped_by_clock(void)
{
    return view()->stop == UD_STOP_CLOCK;
}

#define EIGHTY_YEARS_H (80 * 8766)

static void a_clock_that_drifts_a_little_stops_nothing(void **state)
{
    (void)state;
    roll_out(NULL);
    world_sleep(&story.world, 2);
    story.world.now.wall_ms += 30000;
    world_sleep(&story.world, 2);
    story.world.now.wall_ms -= 59000;
    world_sleep(&story.world, 1);
    assert_true(offers(0));
}

static void a_suspend_of_hours_is_believed_at_once(void **state)
{
    (void)state;
    roll_out(NULL);
    world_sleep(&story.world, 2);
    turn_clock(5); /* the monotonic clock stood still meanwhile */
    assert_true(offers(0));
    turn_clock(-1);
    assert_false(offers(1));
}

static void a_clock_that_shows_another_century_for_a_while_stops_nothing(void **state)
{
    (void)state;
    roll_out(NULL);
    world_sleep(&story.world, 2);
    turn_clock(EIGHTY_YEARS_H);
    world_sleep(&story.world, UD_CLOCK_STAND_MS / 1000 - 3);
    world_restart(&story.world); /* which has to see it for as long again */
    world_sleep(&story.world, 60);
    turn_clock(-EIGHTY_YEARS_H);
    assert_false(stopped_by_clock());
    turn_clock(EIGHTY_YEARS_H); /* two glitches do not add up */
    world_sleep(&story.world, UD_CLOCK_STAND_MS / 1000 - 3);
    turn_clock(-EIGHTY_YEARS_H);
    assert_false(stopped_by_clock());
    assert_true(offers(0));
    turn_clock(-1); /* what was believed before is still the mark */
    assert_true(stopped_by_clock());
    assert_false(offers(1));
}

static void a_correction_forwards_is_believed_once_it_stood(void **state)
{
    (void)state;
    roll_out(NULL);
    world_sleep(&story.world, 2);
    turn_clock(24 * 300);
    world_sleep(&story.world, UD_CLOCK_STAND_MS / 1000);
    assert_false(stopped_by_clock());
    turn_clock(-1);
    assert_true(stopped_by_clock());
    assert_false(offers(0));
    world_restart(&story.world);
    assert_true(stopped_by_clock());
    turn_clock(1);
    assert_true(offers(0));
}

static ud_err_t keep_meta(void *context, ud_row_type_t type, const void *row)
{
    if (type == UD_ROW_META) {
        memcpy(context, row, sizeof(ud_row_meta_t));
    }
    return UD_OK;
}

/* docs/rollouts.md: UPDATE meta SET wall_high_ms = 0 */
static void a_mark_taken_out_by_hand_lets_offers_go_on(void **state)
{
    (void)state;
    roll_out(NULL);
    turn_clock(20);
    turn_clock(-20);
    assert_true(stopped_by_clock());
    ud_store_t *store = story.world.store;
    ud_row_meta_t meta;
    assert_int_equal(store->ops->load(store, keep_meta, &meta), UD_OK);
    assert_true(meta.wall_high_ms > story.world.now.wall_ms);
    meta.wall_high_ms = 0;
    assert_int_equal(store->ops->begin(store), UD_OK);
    assert_int_equal(store->ops->put(store, UD_ROW_META, &meta), UD_OK);
    assert_int_equal(store->ops->commit(store), UD_OK);
    world_restart(&story.world);
    assert_true(offers(0));
    turn_clock(-1);
    assert_true(stopped_by_clock());
}

static void a_crash_loop_after_the_confirmation_takes_the_success_back(void **state)
{
    (void)state;
    roll_out(NULL);
    actor_t *actor = &story.actors[0];
    actor_checkin(&story.world, actor);
    uint32_t update = actor->update_id;
    actor_succeed(&story.world, actor);
    actor->update_id = update;
    actor_report(&story.world, actor, UD_DEVICE_REVERTED, UD_ERR_CRASH_LOOP);
    assert_int_equal(view()->batches[0].succeeded, 0);
    assert_int_equal(view()->batches[0].rolled_back, 1);
}

static void halted_rollouts_make_place_for_new_ones_the_oldest_first(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++) { /* as many as may be open */
        roll_out(NULL);
        if (i != 0) {
            world_act(&story.world, story.rollout, UD_ROLLOUT_HALT);
        }
    }
    roll_out(NULL);
    assert_int_equal(view()->status, UD_ROLLOUT_RUNNING);
    assert_int_equal(world_rollout_view(&story.world, "R-1")->status, UD_ROLLOUT_RUNNING);
    assert_int_equal(world_rollout_view(&story.world, "R-2")->status, UD_ROLLOUT_COMPLETED);
    assert_int_equal(world_rollout_view(&story.world, "R-3")->status, UD_ROLLOUT_HALTED);
    world_restart(&story.world);
    assert_int_equal(view()->status, UD_ROLLOUT_RUNNING);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, story_begin, story_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_bad_release_is_halted_after_its_first_batch),
        TEST(a_breach_stops_offers_in_the_commit_of_the_outcome),
        TEST(a_batch_that_ends_below_its_share_of_successes_halts),
        TEST(a_device_that_had_its_outcome_is_not_told_to_wait_for_a_batch),
        TEST(a_halt_by_a_person_cancels_downloads_and_lets_installs_finish),
        TEST(a_pause_offers_nothing_new_and_disturbs_nobody),
        TEST(what_the_status_does_not_allow_is_refused),
        TEST(no_progress_is_a_failure_and_a_late_success_still_counts),
        TEST(progress_keeps_a_slow_download_alive),
        TEST(a_passing_failure_is_tried_again_after_a_while_as_another_update),
        TEST(a_device_that_takes_no_offer_runs_out_of_attempts),
        TEST(between_two_rollouts_a_device_that_cancels_has_no_more_attempts),
        TEST(a_halt_that_is_taken_back_costs_nobody_the_update),
        TEST(a_device_that_retires_in_an_update_leaves_no_attempt_open),
        TEST(a_restart_loses_nothing_and_gives_time_again),
        TEST(a_completed_rollout_keeps_its_numbers_over_a_restart),
        TEST(silent_members_hold_completion_up_for_the_tail_only),
        TEST(a_clock_behind_stops_offers_until_it_caught_up),
        TEST(a_clock_that_drifts_a_little_stops_nothing),
        TEST(a_suspend_of_hours_is_believed_at_once),
        TEST(a_clock_that_shows_another_century_for_a_while_stops_nothing),
        TEST(a_correction_forwards_is_believed_once_it_stood),
        TEST(a_mark_taken_out_by_hand_lets_offers_go_on),
        TEST(a_crash_loop_after_the_confirmation_takes_the_success_back),
        TEST(halted_rollouts_make_place_for_new_ones_the_oldest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
