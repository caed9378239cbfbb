#include "tests/unit/server/domain/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static world_t world;
static actor_t actor;

static int set_up(void **state)
{
    (void)state;
    world_begin(&world, NULL);
    actor_join(&world, &actor, 1, "1.0.0");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

static unsigned count_events(const char *kind)
{
    unsigned count = 0;
    ud_command_t *command = world_ask(&world, UD_COMMAND_QUERY_DEVICE_EVENTS);
    command->in.lookup = (ud_lookup_in_t){.id = actor.id};
    assert_int_equal(world_do(&world), UD_OK);
    for (size_t i = 0; i < command->out.events.count; i++) {
        count += strcmp(command->out.events.items[i].kind, kind) == 0 ? 1 : 0;
    }
    return count;
}

static bool has_event(const char *kind)
{
    return count_events(kind) > 0;
}

static uint64_t commits(void)
{
    ud_fleet_stats_t stats;
    ud_fleet_stats(world.fleet, &stats);
    return stats.commits;
}

static void an_idle_checkin_is_answered_from_ram(void **state)
{
    (void)state;
    actor_checkin(&world, &actor);
    uint64_t before = commits();
    assert_int_equal(actor_checkin(&world, &actor), UD_OK);
    assert_false(world.command.wrote);
    assert_int_equal(commits(), before);
}

static void last_seen_is_written_within_half_a_minute(void **state)
{
    (void)state;
    actor_checkin(&world, &actor);
    world_sleep(&world, 5);
    actor_checkin(&world, &actor);
    int64_t seen = world.now.wall_ms;
    world_sleep(&world, 31);
    world_restart(&world);
    assert_int_equal(world_device_view(&world, actor.id)->last_seen_ms, seen);
}

static void the_next_checkin_is_told_with_a_little_spread(void **state)
{
    (void)state;
    bool differ = false;
    uint32_t first = 0;
    for (unsigned i = 0; i < 50; i++) {
        actor_checkin(&world, &actor);
        assert_in_range(actor.offer.next_s, WORLD_INTERVAL_S - 1, WORLD_INTERVAL_S + 1);
        differ = differ || (first != 0 && actor.offer.next_s != first);
        first = actor.offer.next_s;
    }
    assert_true(differ);
}

static void a_repeated_report_is_answered_again_and_counted_once(void **state)
{
    (void)state;
    world_release(&world, "2.0.0");
    char rollout[16];
    strcpy(rollout, world_rollout(&world, "2.0.0", NULL)->id);
    actor_checkin(&world, &actor);
    ud_offer_t first = actor.offer;
    assert_int_equal(first.action, UD_ACTION_INSTALL);
    actor.sequence--;
    actor.update_id = 0;
    actor_checkin(&world, &actor);
    assert_memory_equal(&first, &actor.offer, sizeof(first));
    assert_int_equal(world_rollout_view(&world, rollout)->batches[0].offered, 1);
}

static void a_repeated_report_is_noted_once(void **state)
{
    (void)state;
    actor.update_id = 99;
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(actor_report(&world, &actor, UD_DEVICE_DOWNLOADING, UD_OK), UD_ERR_UPDATE_UNKNOWN);
        actor.sequence--;
    }
    assert_int_equal(count_events("update_unknown"), 1);
}

static void an_older_report_that_comes_late_changes_nothing(void **state)
{
    (void)state;
    world_release(&world, "2.0.0");
    world_rollout(&world, "2.0.0", NULL);
    actor_checkin(&world, &actor);
    actor_report(&world, &actor, UD_DEVICE_DOWNLOADING, UD_OK);
    actor_report(&world, &actor, UD_DEVICE_STAGED, UD_OK);
    actor.sequence -= 2;
    actor_report(&world, &actor, UD_DEVICE_DOWNLOADING, UD_OK);
    assert_int_equal(world_device_view(&world, actor.id)->state, UD_VIEW_UPDATING);
}

static void a_repeat_in_the_window_of_the_first_waits_for_its_commit(void **state)
{
    (void)state;
    world_release(&world, "2.0.0");
    world_rollout(&world, "2.0.0", NULL);
    ud_checkin_t message = {.state = UD_DEVICE_IDLE, .epoch = 7, .sequence = 1};
    strcpy(message.device_id, actor.id);
    strcpy(message.hardware, WORLD_HARDWARE);
    strcpy(message.version, "1.0.0");
    for (unsigned n = 0; n < 2; n++) {
        ud_command_t *command = world_ask(&world, UD_COMMAND_CHECKIN);
        command->in.checkin.message = &message;
        command->in.checkin.generation = 1;
        ud_fleet_apply(world.fleet, world.now, command);
        assert_int_equal(command->err, UD_OK);
        assert_true(command->wrote);
    }
}

static void a_report_about_an_unknown_update_is_an_error_and_noted(void **state)
{
    (void)state;
    actor.update_id = 99;
    assert_int_equal(actor_report(&world, &actor, UD_DEVICE_DOWNLOADING, UD_OK), UD_ERR_UPDATE_UNKNOWN);
    assert_true(world.command.wrote);
    assert_true(has_event("update_unknown"));
    assert_int_equal(world_device_view(&world, actor.id)->state, UD_VIEW_IDLE);
}

/* The device cannot take an offer from an error: it gets it with its next check-in, which is without the id. */
static void the_offer_waits_for_the_check_in_after_the_error(void **state)
{
    (void)state;
    world_release(&world, "2.0.0");
    char rollout[16];
    strcpy(rollout, world_rollout(&world, "2.0.0", NULL)->id);
    actor.update_id = 99;
    assert_int_equal(actor_report(&world, &actor, UD_DEVICE_DOWNLOADING, UD_OK), UD_ERR_UPDATE_UNKNOWN);
    assert_int_equal(world_rollout_view(&world, rollout)->batches[0].offered, 0);
    actor.update_id = 0;
    assert_int_equal(actor_checkin(&world, &actor), UD_OK);
    assert_int_equal(actor.offer.action, UD_ACTION_INSTALL);
}

static void what_a_device_runs_counts_whatever_update_it_reports(void **state)
{
    (void)state;
    world_release(&world, "2.0.0");
    world_rollout(&world, "2.0.0", NULL);
    actor_checkin(&world, &actor);
    strcpy(actor.version, actor.offer.version);
    memcpy(actor.image_digest, actor.offer.image_digest, sizeof(actor.image_digest));
    actor.update_id = 99;
    assert_int_equal(actor_report(&world, &actor, UD_DEVICE_CONFIRMED, UD_OK), UD_ERR_UPDATE_UNKNOWN);
    assert_string_equal(world_device_view(&world, actor.id)->version, "2.0.0");
    actor.update_id = 0;
    assert_int_equal(actor_checkin(&world, &actor), UD_OK);
    assert_int_equal(world_device_view(&world, actor.id)->state, UD_VIEW_SUCCESS);
}

/* The backup is of before the rollout: nothing in it says which numbers were given away since. */
static void a_server_from_an_older_backup_gives_no_number_of_an_update_twice(void **state)
{
    (void)state;
    world_release(&world, "2.0.0");
    world_rollout(&world, "2.0.0", NULL);
    actor_checkin(&world, &actor);
    uint32_t before = actor.update_id;
    assert_int_not_equal(before, 0);
    world_end(&world);
    world_begin(&world, NULL);
    world.now.wall_ms += 60000;
    world_restart(&world);
    actor_join(&world, &actor, 1, "1.0.0");
    world_release(&world, "2.0.0");
    world_rollout(&world, "2.0.0", NULL);
    actor_checkin(&world, &actor);
    assert_true(actor.update_id > before);
}

static void only_epochs_that_alternate_suggest_a_clone(void **state)
{
    (void)state;
    actor_checkin(&world, &actor);
    uint32_t first = actor.epoch;
    actor.epoch = 5; /* it lost its journal */
    actor_checkin(&world, &actor);
    assert_false(has_event("clone_suspected"));
    actor.epoch = 6;
    actor_checkin(&world, &actor);
    assert_false(has_event("clone_suspected"));
    actor.epoch = 5;
    actor_checkin(&world, &actor);
    assert_true(has_event("clone_suspected"));
    assert_int_not_equal(first, 5);
}

static void a_device_that_lost_its_journal_is_offered_the_same_again(void **state)
{
    (void)state;
    world_release(&world, "2.0.0");
    world_rollout(&world, "2.0.0", NULL);
    actor_checkin(&world, &actor);
    uint32_t update = actor.update_id;
    actor_report(&world, &actor, UD_DEVICE_DOWNLOADING, UD_OK);
    actor.update_id = 0;
    actor.epoch++;
    actor_checkin(&world, &actor);
    assert_int_equal(actor.offer.action, UD_ACTION_INSTALL);
    assert_int_equal(actor.offer.update_id, update);
}

static void the_offer_says_all_that_the_device_must_check(void **state)
{
    (void)state;
    world_release(&world, "2.0.0");
    world_rollout(&world, "2.0.0", NULL);
    actor_checkin(&world, &actor);
    const ud_offer_t *offer = &actor.offer;
    assert_string_equal(offer->version, "2.0.0");
    assert_string_equal(offer->hardware, WORLD_HARDWARE);
    assert_int_equal(offer->image_size, 40000);
    assert_int_equal(offer->artifact_size, 40320);
    assert_true(offer->present & UD_FIELD(UD_OFFER_SECURITY_COUNTER));
    uint8_t digest[UD_SHA256_SIZE];
    world_digest("2.0.0", digest);
    assert_memory_equal(offer->image_digest, digest, sizeof(digest));
}

static void a_silent_device_is_offline_and_comes_back(void **state)
{
    (void)state;
    assert_true(world_device_view(&world, actor.id)->online);
    world_sleep(&world, 3 * WORLD_INTERVAL_S + 7);
    assert_false(world_device_view(&world, actor.id)->online);
    assert_string_equal(world_device_view(&world, actor.id)->reason, "Offline");
    actor_checkin(&world, &actor);
    assert_true(world_device_view(&world, actor.id)->online);
}

static void a_version_that_changes_by_other_ways_is_noted(void **state)
{
    (void)state;
    strcpy(actor.version, "1.5.0");
    actor_checkin(&world, &actor);
    assert_string_equal(world_device_view(&world, actor.id)->version, "1.5.0");
    assert_true(has_event("firmware"));
}

/* The device says at every check-in that it runs something else. */
static void report_changes(unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        snprintf(actor.version, sizeof(actor.version), "1.0.%u", actor.sequence + 1);
        assert_int_equal(actor_checkin(&world, &actor), UD_OK);
    }
}

static const char *newest_event(void)
{
    ud_command_t *command = world_ask(&world, UD_COMMAND_QUERY_DEVICE_EVENTS);
    command->in.lookup = (ud_lookup_in_t){.id = actor.id};
    assert_int_equal(world_do(&world), UD_OK);
    return command->out.events.items[0].text;
}

static void a_device_that_reports_changes_without_end_fills_no_log(void **state)
{
    (void)state;
    report_changes(UD_DEVICE_EVENT_COUNT_MAX);
    assert_int_equal(count_events("firmware"), UD_DEVICE_EVENT_COUNT_MAX);
    assert_string_equal(newest_event(), "Runs 1.0.64, before 1.0.63.");
    report_changes(200);
    assert_int_equal(count_events("firmware"), UD_DEVICE_EVENT_COUNT_MAX);
    assert_string_equal(world_device_view(&world, actor.id)->version, "1.0.264"); /* what it runs is exact */
    world_restart(&world);
    assert_string_equal(world_device_view(&world, actor.id)->version, "1.0.264");
}

static void what_was_not_logged_is_said_once_there_is_room(void **state)
{
    (void)state;
    report_changes(UD_DEVICE_EVENT_COUNT_MAX + 200);
    world_sleep(&world, 2 * UD_DEVICE_EVENT_PERIOD_S - 1);
    assert_int_equal(count_events("unlogged"), 0);
    world_sleep(&world, 2);
    assert_int_equal(count_events("unlogged"), 1);
    assert_string_equal(newest_event(), "200 further reports were not logged: the device reports changes faster than "
                                        "the log takes them.");
    report_changes(2); /* one of them has room */
    assert_string_equal(newest_event(), "Runs 1.0.265, before 1.0.264.");
    world_sleep(&world, 10 * UD_DEVICE_EVENT_PERIOD_S);
    assert_int_equal(count_events("unlogged"), 2);
}

static void a_device_in_a_flood_leaves_one_event_a_minute(void **state)
{
    (void)state;
    report_changes(UD_DEVICE_EVENT_COUNT_MAX);
    unsigned before = count_events("firmware");
    for (unsigned s = 0; s < 20 * UD_DEVICE_EVENT_PERIOD_S; s++) {
        report_changes(1);
        world_sleep(&world, 1);
    }
    assert_in_range(count_events("firmware") + count_events("unlogged") - before, 19, 21);
}

static void outcomes_are_exact_when_their_events_are_not_logged(void **state)
{
    (void)state;
    report_changes(UD_DEVICE_EVENT_COUNT_MAX + 1);
    world_release(&world, "2.0.0");
    char rollout[16];
    strcpy(rollout, world_rollout(&world, "2.0.0", NULL)->id);
    actor_checkin(&world, &actor);
    actor_succeed(&world, &actor);
    assert_int_equal(count_events("succeeded"), 0);
    world_restart(&world);
    assert_int_equal(world_rollout_view(&world, rollout)->batches[0].succeeded, 1);
    assert_int_equal(world_device_view(&world, actor.id)->state, UD_VIEW_SUCCESS);
}

static void what_people_do_to_a_device_is_logged_whatever_it_reports(void **state)
{
    (void)state;
    report_changes(UD_DEVICE_EVENT_COUNT_MAX + 1);
    ud_command_t *command = world_ask(&world, UD_COMMAND_DEVICE_UPDATE);
    command->in.device = (ud_device_update_in_t){.device_id = actor.id, .hold = 1};
    assert_int_equal(world_do(&world), UD_OK);
    assert_string_equal(newest_event(), "Held: gets no offers.");
}

static void a_report_survives_a_restart(void **state)
{
    (void)state;
    world_release(&world, "2.0.0");
    world_rollout(&world, "2.0.0", NULL);
    actor_checkin(&world, &actor);
    actor_roll_back(&world, &actor, UD_ERR_SELF_TEST_FAILED);
    world_restart(&world);
    const ud_device_t *view = world_device_view(&world, actor.id);
    assert_int_equal(view->state, UD_VIEW_ROLLED_BACK);
    assert_int_equal(view->err, UD_ERR_SELF_TEST_FAILED);
    assert_string_equal(view->rollout_id, "R-1");
    assert_int_equal(view->batch, 1);
}

static void the_checklist_says_what_is_in_the_way(void **state)
{
    (void)state;
    ud_command_t *command = world_ask(&world, UD_COMMAND_QUERY_DEVICE);
    command->in.lookup.id = actor.id;
    assert_int_equal(world_do(&world), UD_OK);
    const ud_device_detail_t *detail = &command->out.device;
    assert_string_equal(detail->checks[detail->check_count - 1].check, "rollout");
    assert_false(detail->checks[detail->check_count - 1].passed);
    assert_string_equal(detail->checks[detail->check_count - 1].detail,
                        "No rollout is for hardware board-r2 in group default");
    world_release(&world, "2.0.0");
    world_rollout(&world, "2.0.0", NULL);
    command = world_ask(&world, UD_COMMAND_QUERY_DEVICE);
    command->in.lookup.id = actor.id;
    assert_int_equal(world_do(&world), UD_OK);
    for (size_t i = 0; i < command->out.device.check_count; i++) {
        assert_true(command->out.device.checks[i].passed);
    }
    assert_string_equal(command->out.device.device.reason, "Begins at its next check-in");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_idle_checkin_is_answered_from_ram),
        TEST(last_seen_is_written_within_half_a_minute),
        TEST(the_next_checkin_is_told_with_a_little_spread),
        TEST(a_repeated_report_is_answered_again_and_counted_once),
        TEST(a_repeated_report_is_noted_once),
        TEST(an_older_report_that_comes_late_changes_nothing),
        TEST(a_repeat_in_the_window_of_the_first_waits_for_its_commit),
        TEST(a_report_about_an_unknown_update_is_an_error_and_noted),
        TEST(the_offer_waits_for_the_check_in_after_the_error),
        TEST(what_a_device_runs_counts_whatever_update_it_reports),
        TEST(a_server_from_an_older_backup_gives_no_number_of_an_update_twice),
        TEST(only_epochs_that_alternate_suggest_a_clone),
        TEST(a_device_that_lost_its_journal_is_offered_the_same_again),
        TEST(the_offer_says_all_that_the_device_must_check),
        TEST(a_silent_device_is_offline_and_comes_back),
        TEST(a_version_that_changes_by_other_ways_is_noted),
        TEST(a_device_that_reports_changes_without_end_fills_no_log),
        TEST(what_was_not_logged_is_said_once_there_is_room),
        TEST(a_device_in_a_flood_leaves_one_event_a_minute),
        TEST(outcomes_are_exact_when_their_events_are_not_logged),
        TEST(what_people_do_to_a_device_is_logged_whatever_it_reports),
        TEST(a_report_survives_a_restart),
        TEST(the_checklist_says_what_is_in_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
