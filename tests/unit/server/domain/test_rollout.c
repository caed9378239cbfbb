/* Who is offered what, and when. */
#include "tests/unit/server/domain/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

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

static void a_device_takes_chunks_no_larger_than_it_can(void **state)
{
    (void)state;
    roll_out(NULL);
    actor_checkin(&story.world, &story.actors[0]);
    assert_int_equal(story.actors[0].offer.chunk_size, 4096);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, story_begin, story_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(batches_are_frozen_at_the_start),
        TEST(only_the_open_batch_is_offered),
        TEST(a_good_release_reaches_everyone_batch_by_batch),
        TEST(success_needs_the_image_of_the_release),
        TEST(an_installed_image_on_trial_is_not_a_success),
        TEST(a_device_that_runs_the_release_is_not_planned),
        TEST(a_newer_device_is_left_alone_unless_it_is_a_rollback),
        TEST(nobody_to_update_is_an_error_and_not_a_finished_rollout),
        TEST(a_silent_device_neither_blocks_nor_fails_a_batch),
        TEST(a_batch_of_which_nobody_was_reached_waits),
        TEST(late_joiners_take_only_free_places_of_the_open_batch),
        TEST(concurrency_bounds_the_devices_under_way),
        TEST(a_batch_soaks_before_the_next_opens),
        TEST(a_held_device_gets_nothing_and_holds_up_nobody),
        TEST(a_rollout_to_a_group_leaves_the_others_alone),
        TEST(the_same_idempotency_key_gives_the_same_rollout),
        TEST(a_device_takes_chunks_no_larger_than_it_can),
        TEST(plans_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
