#include "tests/unit/server/domain/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define FLEET 20

typedef struct {
    world_t world;
    actor_t actors[FLEET];
    char release[16];
    char rollout[16];
} story_t;

static story_t story;

static const double demo_plan[] = {10, 40, 0};

static int set_up(void **state)
{
    (void)state;
    memset(&story, 0, sizeof(story));
    world_begin(&story.world, NULL);
    for (unsigned i = 0; i < FLEET; i++) {
        actor_join(&story.world, &story.actors[i], i, "1.0.0");
    }
    strcpy(story.release, world_release(&story.world, "2.0.0"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_end(&story.world);
    return 0;
}

static void roll_out(const double *plan)
{
    strcpy(story.rollout, world_rollout(&story.world, story.release, plan)->id);
}

static const ud_rollout_t *view(void)
{
    return world_rollout_view(&story.world, story.rollout);
}

/* All check in once; how many have been offered something? */
static unsigned poll_all(void)
{
    unsigned offered = 0;
    for (unsigned i = 0; i < FLEET; i++) {
        assert_int_equal(actor_checkin(&story.world, &story.actors[i]), UD_OK);
        offered += actor_is_offered(&story.actors[i]) ? 1 : 0;
    }
    return offered;
}

static unsigned updating(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < FLEET; i++) {
        count += story.actors[i].update_id != 0 ? 1 : 0;
    }
    return count;
}

static void finish_all(bool good)
{
    for (unsigned i = 0; i < FLEET; i++) {
        if (story.actors[i].update_id != 0 && good) {
            actor_succeed(&story.world, &story.actors[i]);
        } else if (story.actors[i].update_id != 0) {
            actor_roll_back(&story.world, &story.actors[i], UD_ERR_SELF_TEST_FAILED);
        }
    }
}

static actor_t *first_offered(void)
{
    for (unsigned i = 0; i < FLEET; i++) {
        if (story.actors[i].update_id != 0) {
            return &story.actors[i];
        }
    }
    fail_msg("nobody was offered anything");
    return NULL;
}

static void batches_are_frozen_at_the_start(void **state)
{
    (void)state;
    roll_out(demo_plan);
    const ud_rollout_t *rollout = view();
    assert_int_equal(rollout->batch_count, 3);
    assert_int_equal(rollout->batches[0].planned, 2);
    assert_int_equal(rollout->batches[1].planned, 8);
    assert_int_equal(rollout->batches[2].planned, 10);
    assert_string_equal(rollout->from, "1.0.0");
    assert_int_equal(rollout->batches[0].state, UD_BATCH_RUNNING);
}

static void only_the_open_batch_is_offered(void **state)
{
    (void)state;
    roll_out(demo_plan);
    assert_int_equal(poll_all(), 2);
    assert_int_equal(poll_all(), 2);
    assert_int_equal(view()->batches[0].offered, 2);
}

static void a_good_release_reaches_everyone_batch_by_batch(void **state)
{
    (void)state;
    roll_out(demo_plan);
    poll_all();
    finish_all(true);
    assert_int_equal(view()->current, 1);
    assert_int_equal(poll_all(), 8);
    finish_all(true);
    assert_int_equal(poll_all(), 10);
    finish_all(true);
    const ud_rollout_t *rollout = view();
    assert_int_equal(rollout->status, UD_ROLLOUT_COMPLETED);
    assert_int_equal(rollout->batches[2].succeeded, 10);
    assert_int_equal(poll_all(), 0);
    assert_string_equal(world_device_view(&story.world, story.actors[0].id)->version, "2.0.0");
    assert_int_equal(world_device_view(&story.world, story.actors[0].id)->state, UD_VIEW_SUCCESS);
}

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

static void success_needs_the_image_of_the_release(void **state)
{
    (void)state;
    roll_out(NULL);
    actor_t *actor = &story.actors[0];
    actor_checkin(&story.world, actor);
    assert_true(actor_is_offered(actor));
    actor_report(&story.world, actor, UD_DEVICE_CONFIRMED, UD_OK); /* still runs 1.0.0 */
    assert_int_equal(view()->batches[0].succeeded, 0);
    actor_succeed(&story.world, actor);
    assert_int_equal(view()->batches[0].succeeded, 1);
}

static void an_installed_image_on_trial_is_not_a_success(void **state)
{
    (void)state;
    roll_out(NULL);
    actor_t *actor = &story.actors[0];
    actor_checkin(&story.world, actor);
    memcpy(actor->image_digest, actor->offer.image_digest, UD_SHA256_SIZE);
    actor_report(&story.world, actor, UD_DEVICE_TRIAL, UD_OK);
    assert_int_equal(view()->batches[0].succeeded, 0);
    assert_int_equal(world_device_view(&story.world, actor->id)->state, UD_VIEW_UPDATING);
}

static void a_device_that_runs_the_release_is_not_planned(void **state)
{
    (void)state;
    world_digest("2.0.0", story.actors[3].image_digest);
    strcpy(story.actors[3].version, "2.0.0");
    actor_checkin(&story.world, &story.actors[3]);
    for (unsigned i = 0; i < FLEET; i++) {
        actor_checkin(&story.world, &story.actors[i]);
    }
    roll_out(NULL);
    assert_int_equal(view()->batches[0].planned, FLEET - 1);
}

static void a_newer_device_is_left_alone_unless_it_is_a_rollback(void **state)
{
    (void)state;
    poll_all();
    strcpy(story.actors[0].version, "3.0.0");
    world_digest("3.0.0", story.actors[0].image_digest);
    actor_checkin(&story.world, &story.actors[0]);
    roll_out(NULL);
    assert_int_equal(view()->batches[0].planned, FLEET - 1);
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
    command->in.rollout = (ud_rollout_in_t){.release_id = story.release, .failure_limit_percent = -1, .rollback = true};
    assert_int_equal(world_do(&story.world), UD_OK);
    assert_int_equal(command->out.rollout.batches[0].planned, FLEET);
    actor_checkin(&story.world, &story.actors[0]);
    assert_int_equal(story.actors[0].offer.action, UD_ACTION_ROLLBACK);
}

static void nobody_to_update_is_an_error_and_not_a_finished_rollout(void **state)
{
    (void)state;
    char other[16];
    strcpy(other, world_release(&story.world, "0.9.0"));
    for (unsigned i = 0; i < FLEET; i++) {
        actor_checkin(&story.world, &story.actors[i]);
    }
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
    command->in.rollout = (ud_rollout_in_t){.release_id = other, .failure_limit_percent = -1};
    assert_int_equal(world_do(&story.world), UD_ERR_CONFLICT);
    assert_non_null(command->detail);
    roll_out(demo_plan); /* and leaves nothing behind */
    assert_string_equal(story.rollout, "R-1");
}

static void a_silent_device_neither_blocks_nor_fails_a_batch(void **state)
{
    (void)state;
    roll_out(demo_plan);
    poll_all();
    actor_t *silent = first_offered();
    silent->update_id = 0;
    finish_all(true);
    assert_int_equal(view()->current, 0);
    for (unsigned n = 0; n < 6; n++) {
        world_sleep(&story.world, WORLD_INTERVAL_S);
        for (unsigned i = 0; i < FLEET; i++) {
            if (&story.actors[i] != silent && view()->current == 0) {
                actor_checkin(&story.world, &story.actors[i]);
            }
        }
    }
    const ud_rollout_t *rollout = view();
    assert_int_equal(rollout->current, 1);
    assert_int_equal(rollout->batches[0].unreachable, 1);
    assert_int_equal(rollout->batches[0].failed, 0);
}

static void a_batch_of_which_nobody_was_reached_waits(void **state)
{
    (void)state;
    roll_out(demo_plan);
    world_sleep(&story.world, 10 * WORLD_INTERVAL_S);
    assert_int_equal(view()->current, 0);
    assert_int_equal(view()->batches[0].unreachable, 2);
    assert_int_equal(view()->status, UD_ROLLOUT_RUNNING);
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

static void late_joiners_take_only_free_places_of_the_open_batch(void **state)
{
    (void)state;
    roll_out(demo_plan);
    actor_t late[FLEET];
    unsigned offered = poll_all();
    for (unsigned i = 0; i < FLEET; i++) {
        actor_join(&story.world, &late[i], 100 + i, "1.0.0");
        actor_checkin(&story.world, &late[i]);
        offered += actor_is_offered(&late[i]) ? 1 : 0;
    }
    assert_int_equal(offered, 2);
    finish_all(true);
    for (unsigned i = 0; i < FLEET; i++) { /* those of the passed batch follow at once */
        if (view()->current == 1) {
            actor_checkin(&story.world, &late[i]);
        }
    }
    assert_true(view()->batches[0].offered >= 2);
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

static void concurrency_bounds_the_devices_under_way(void **state)
{
    (void)state;
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
    command->in.rollout =
        (ud_rollout_in_t){.release_id = story.release, .failure_limit_percent = -1, .concurrency_max = 3};
    assert_int_equal(world_do(&story.world), UD_OK);
    strcpy(story.rollout, command->out.rollout.id);
    assert_int_equal(poll_all(), 3);
    actor_succeed(&story.world, first_offered());
    poll_all();
    assert_int_equal(updating(), 3);
}

static void a_batch_soaks_before_the_next_opens(void **state)
{
    (void)state;
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
    command->in.rollout = (ud_rollout_in_t){
        .release_id = story.release, .failure_limit_percent = -1, .plans = {{10, 0}}, .plan_count = 1, .soak_s = 20};
    assert_int_equal(world_do(&story.world), UD_OK);
    strcpy(story.rollout, command->out.rollout.id);
    poll_all();
    finish_all(true);
    assert_int_equal(view()->batches[0].state, UD_BATCH_SOAKING);
    world_sleep(&story.world, 18);
    assert_int_equal(view()->current, 0);
    world_sleep(&story.world, 3);
    assert_int_equal(view()->current, 1);
}

static void a_held_device_gets_nothing_and_holds_up_nobody(void **state)
{
    (void)state;
    roll_out(NULL);
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_DEVICE_UPDATE);
    command->in.device = (ud_device_update_in_t){.device_id = story.actors[0].id, .hold = 1};
    assert_int_equal(world_do(&story.world), UD_OK);
    assert_string_equal(command->out.device.device.reason, "Held by a person");
    assert_int_equal(poll_all(), FLEET - 1);
    finish_all(true);
    assert_int_equal(view()->status, UD_ROLLOUT_COMPLETED);
}

static void a_rollout_to_a_group_leaves_the_others_alone(void **state)
{
    (void)state;
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_GROUP_CREATE);
    command->in.group.name = "beta";
    assert_int_equal(world_do(&story.world), UD_OK);
    command = world_ask(&story.world, UD_COMMAND_DEVICE_UPDATE);
    command->in.device = (ud_device_update_in_t){.device_id = story.actors[4].id, .group = "beta", .hold = -1};
    assert_int_equal(world_do(&story.world), UD_OK);
    command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
    command->in.rollout = (ud_rollout_in_t){.release_id = story.release, .group = "beta", .failure_limit_percent = -1};
    assert_int_equal(world_do(&story.world), UD_OK);
    assert_int_equal(poll_all(), 1);
    assert_true(actor_is_offered(&story.actors[4]));
}

static void the_same_idempotency_key_gives_the_same_rollout(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 2; n++) {
        ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
        command->in.rollout =
            (ud_rollout_in_t){.release_id = "2.0.0", .failure_limit_percent = -1, .idempotency_key = "once"};
        assert_int_equal(world_do(&story.world), UD_OK);
        assert_string_equal(command->out.rollout.id, "R-1");
    }
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
    story.world.now.wall_ms += 3600 * 1000;
    world_sleep(&story.world, 1);
    actor_checkin(&story.world, &story.actors[0]);
    assert_true(actor_is_offered(&story.actors[0]));
}

static void a_device_takes_chunks_no_larger_than_it_can(void **state)
{
    (void)state;
    roll_out(NULL);
    actor_checkin(&story.world, &story.actors[0]);
    assert_int_equal(story.actors[0].offer.chunk_size, 4096);
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

static void plans_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    static const ud_batch_plan_t bad[][2] = {
        {{60, 0}, {60, 0}}, {{0, 0}, {10, 0}}, {{10, 5}, {10, 0}}, {{-1, 0}, {10, 0}}, {{101, 0}, {1, 0}}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
        command->in.rollout = (ud_rollout_in_t){
            .release_id = story.release, .failure_limit_percent = -1, .plans = {bad[i][0], bad[i][1]}, .plan_count = 2};
        assert_int_equal(world_do(&story.world), UD_ERR_INVALID_ARGUMENT);
        assert_string_equal(command->field, "batches");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(batches_are_frozen_at_the_start),
        TEST(only_the_open_batch_is_offered),
        TEST(a_good_release_reaches_everyone_batch_by_batch),
        TEST(a_bad_release_is_halted_after_its_first_batch),
        TEST(a_breach_stops_offers_in_the_commit_of_the_outcome),
        TEST(success_needs_the_image_of_the_release),
        TEST(an_installed_image_on_trial_is_not_a_success),
        TEST(a_device_that_runs_the_release_is_not_planned),
        TEST(a_newer_device_is_left_alone_unless_it_is_a_rollback),
        TEST(nobody_to_update_is_an_error_and_not_a_finished_rollout),
        TEST(a_silent_device_neither_blocks_nor_fails_a_batch),
        TEST(a_batch_of_which_nobody_was_reached_waits),
        TEST(a_batch_that_ends_below_its_share_of_successes_halts),
        TEST(late_joiners_take_only_free_places_of_the_open_batch),
        TEST(a_halt_by_a_person_cancels_downloads_and_lets_installs_finish),
        TEST(a_pause_offers_nothing_new_and_disturbs_nobody),
        TEST(what_the_status_does_not_allow_is_refused),
        TEST(no_progress_is_a_failure_and_a_late_success_still_counts),
        TEST(progress_keeps_a_slow_download_alive),
        TEST(a_passing_failure_is_tried_again_after_a_while_as_another_update),
        TEST(concurrency_bounds_the_devices_under_way),
        TEST(a_batch_soaks_before_the_next_opens),
        TEST(a_held_device_gets_nothing_and_holds_up_nobody),
        TEST(a_rollout_to_a_group_leaves_the_others_alone),
        TEST(the_same_idempotency_key_gives_the_same_rollout),
        TEST(a_restart_loses_nothing_and_gives_time_again),
        TEST(a_completed_rollout_keeps_its_numbers_over_a_restart),
        TEST(silent_members_hold_completion_up_for_the_tail_only),
        TEST(a_clock_behind_stops_offers_until_it_caught_up),
        TEST(a_device_takes_chunks_no_larger_than_it_can),
        TEST(a_crash_loop_after_the_confirmation_takes_the_success_back),
        TEST(halted_rollouts_make_place_for_new_ones_the_oldest_first),
        TEST(plans_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
