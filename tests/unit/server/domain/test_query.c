#include "tests/unit/server/domain/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FLEET 12

static world_t world;
static actor_t actors[FLEET];

static int set_up(void **state)
{
    (void)state;
    world_begin(&world, NULL);
    for (unsigned i = 0; i < FLEET; i++) {
        actor_join(&world, &actors[i], i, i < 4 ? "1.0.0" : "1.1.0");
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

static const ud_device_filter_t any = {.state = -1, .online = -1, .limit = 50};

static const ud_device_page_t *list(ud_device_filter_t filter)
{
    world_ask(&world, UD_COMMAND_QUERY_DEVICES)->in.filter = filter;
    assert_int_equal(world_do(&world), UD_OK);
    return &world.command.out.devices;
}

static const ud_changes_t *changes(uint64_t since, const char *watched)
{
    const char *const ids[] = {watched};
    ud_command_t *command = world_ask(&world, UD_COMMAND_QUERY_CHANGES);
    command->in.changes = (ud_changes_in_t){since, ids, watched == NULL ? 0 : 1};
    assert_int_equal(world_do(&world), UD_OK);
    return &command->out.changes;
}

static void a_list_is_paged(void **state)
{
    (void)state;
    ud_device_filter_t filter = any;
    filter.limit = 5;
    filter.offset = 10;
    const ud_device_page_t *page = list(filter);
    assert_int_equal(page->total, FLEET);
    assert_int_equal(page->count, 2);
    assert_string_equal(page->items[0].id, "device-00010");
    filter.offset = FLEET;
    assert_int_equal(list(filter)->count, 0);
}

static void each_filter_narrows_the_list(void **state)
{
    (void)state;
    ud_device_filter_t filter = any;
    filter.version = "1.0.0";
    assert_int_equal(list(filter)->total, 4);
    filter.text = "0003";
    assert_int_equal(list(filter)->total, 1);
    filter = any;
    filter.group = "default";
    assert_int_equal(list(filter)->total, FLEET);
    filter.group = "nobody";
    assert_int_equal(list(filter)->total, 0);
    filter = any;
    filter.hardware = "other";
    assert_int_equal(list(filter)->total, 0);
    filter = any;
    filter.online = 0;
    assert_int_equal(list(filter)->total, 0);
    filter = any;
    filter.rollout_id = "R-1";
    assert_int_equal(list(filter)->total, 0);
}

static void what_needs_a_person_comes_first(void **state)
{
    (void)state;
    world_release(&world, "2.0.0");
    world_rollout(&world, "2.0.0", NULL);
    for (unsigned i = 0; i < FLEET; i++) {
        actor_checkin(&world, &actors[i]);
    }
    actor_report(&world, &actors[8], UD_DEVICE_DOWNLOADING, UD_OK);
    actor_report(&world, &actors[9], UD_DEVICE_REFUSED, UD_ERR_KNOWN_BAD);
    const ud_device_page_t *page = list(any);
    assert_string_equal(page->items[0].id, actors[9].id);
    assert_int_equal(page->items[0].state, UD_VIEW_FAILED);
    assert_string_equal(page->items[1].id, actors[8].id);
    assert_string_equal(page->items[2].id, actors[0].id);
    assert_int_equal(page->states[UD_VIEW_FAILED], 1);
    ud_device_filter_t filter = any;
    filter.state = UD_VIEW_DOWNLOADING;
    page = list(filter);
    assert_int_equal(page->total, 1);
    assert_int_equal(page->states[UD_VIEW_FAILED], 1); /* facets: whatever state was asked for */
    filter = any;
    filter.rollout_id = "R-1";
    assert_int_equal(list(filter)->total, FLEET);
}

static void the_summary_counts_versions(void **state)
{
    (void)state;
    world_ask(&world, UD_COMMAND_QUERY_SUMMARY);
    assert_int_equal(world_do(&world), UD_OK);
    const ud_summary_t *summary = &world.command.out.summary;
    assert_int_equal(summary->devices, FLEET);
    assert_int_equal(summary->online, FLEET);
    assert_int_equal(summary->version_count, 2);
    assert_string_equal(summary->versions[0].label, "1.1.0");
    assert_int_equal(summary->versions[0].count, 8);
    assert_int_equal(summary->hardware_count, 1);
}

static void many_versions_show_the_most_common(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        actor_t actor;
        char version[16];
        snprintf(version, sizeof(version), "3.0.%u", i % 30);
        actor_join(&world, &actor, 100 + i, version);
    }
    world_ask(&world, UD_COMMAND_QUERY_SUMMARY);
    assert_int_equal(world_do(&world), UD_OK);
    const ud_summary_t *summary = &world.command.out.summary;
    assert_int_equal(summary->version_count, UD_TOP_COUNT_MAX);
    assert_string_equal(summary->versions[0].label, "1.1.0");
    assert_string_equal(summary->versions[1].label, "1.0.0");
    assert_int_equal(summary->versions[2].count, 2);
}

static void a_version_of_several_images_is_counted_whole(void **state)
{
    (void)state;
    actor_t actor;
    actor_make(&actor, 90, "9.9.9");
    memset(actor.image_digest, 9, sizeof(actor.image_digest)); /* alone with its image, and rarer than the others */
    assert_int_equal(actor_register(&world, &actor, WORLD_CLAIM_KEY), UD_OK);
    assert_int_equal(actor_checkin(&world, &actor), UD_OK);
    for (unsigned i = 0; i < 60; i++) {
        char version[16];
        snprintf(version, sizeof(version), "3.0.%u", i % 30);
        actor_join(&world, &actor, 100 + i, version);
    }
    for (unsigned i = 0; i < 9; i++) {
        actor_join(&world, &actor, 200 + i, "9.9.9");
    }
    world_ask(&world, UD_COMMAND_QUERY_SUMMARY);
    assert_int_equal(world_do(&world), UD_OK);
    assert_string_equal(world.command.out.summary.versions[0].label, "9.9.9");
    assert_int_equal(world.command.out.summary.versions[0].count, 10);
}

static const ud_summary_t *summarise(void)
{
    world_ask(&world, UD_COMMAND_QUERY_SUMMARY);
    assert_int_equal(world_do(&world), UD_OK);
    return &world.command.out.summary;
}

static void a_summary_counts_versions_once_a_second_and_shows_a_change_in_the_next(void **state)
{
    (void)state;
    assert_int_equal(summarise()->versions[0].count, 8);
    actor_t late;
    actor_join(&world, &late, 90, "1.1.0");
    world.now.monotonic_ms += 999;
    const ud_summary_t *summary = summarise();
    assert_int_equal(summary->devices, FLEET + 1); /* counters are of now */
    assert_int_equal(summary->states[UD_VIEW_IDLE], FLEET + 1);
    assert_int_equal(summary->versions[0].count, 8);
    world.now.monotonic_ms += 1;
    assert_int_equal(summarise()->versions[0].count, 9);
    assert_int_equal(summarise()->hardware[0].count, FLEET + 1);
}

static void a_stream_is_told_of_the_change_though_nothing_else_happens(void **state)
{
    (void)state;
    world_sleep(&world, 1);
    changes(0, NULL);
    snprintf(actors[0].version, sizeof(actors[0].version), "1.1.0");
    actor_checkin(&world, &actors[0]);
    uint64_t since = changes(0, NULL)->revision; /* in the same second: its versions are older than its revision */
    assert_int_equal(changes(since, NULL)->revision, since);
    world_sleep(&world, 1);
    const ud_changes_t *told = changes(since, NULL);
    assert_true(told->revision > since);
    assert_int_equal(told->summary.version_count, 2);
    assert_string_equal(told->summary.versions[0].label, "1.1.0");
    assert_int_equal(told->summary.versions[0].count, 9);
    since = told->revision;
    world_sleep(&world, 2);
    assert_int_equal(changes(since, NULL)->revision, since); /* and then there is silence */
}

static void only_what_changed_is_told(void **state)
{
    (void)state;
    uint64_t since = changes(0, NULL)->revision;
    assert_int_equal(changes(since, actors[1].id)->device_count, 0);
    actor_checkin(&world, &actors[1]);
    const ud_changes_t *told = changes(since, actors[1].id);
    assert_int_equal(told->device_count, 1);
    assert_false(told->reset);
    assert_true(told->revision > since);
    assert_int_equal(changes(told->revision, actors[1].id)->device_count, 0);
}

static void a_rollout_is_told_when_it_changes(void **state)
{
    (void)state;
    world_release(&world, "2.0.0");
    uint64_t since = changes(0, NULL)->revision;
    world_rollout(&world, "2.0.0", NULL);
    assert_int_equal(changes(since, NULL)->rollout_count, 1);
    since = changes(since, NULL)->revision;
    assert_int_equal(changes(since, NULL)->rollout_count, 0);
    actor_checkin(&world, &actors[0]);
    assert_int_equal(changes(since, NULL)->rollout_count, 1);
}

static void a_restarted_server_says_begin_anew(void **state)
{
    (void)state;
    uint64_t since = changes(0, NULL)->revision;
    world_sleep(&world, 2);
    world_restart(&world);
    assert_true(changes(since, NULL)->reset);
    assert_true(changes(0, NULL)->revision > since);
    assert_false(changes(changes(0, NULL)->revision, NULL)->reset);
}

static void events_of_a_device_are_paged_without_a_gap(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        snprintf(actors[0].version, sizeof(actors[0].version), "4.0.%u", i);
        actor_checkin(&world, &actors[0]);
        actor_checkin(&world, &actors[1]);
    }
    uint64_t before = 0;
    unsigned seen = 0;
    do {
        ud_command_t *command = world_ask(&world, UD_COMMAND_QUERY_DEVICE_EVENTS);
        command->in.lookup = (ud_lookup_in_t){actors[0].id, before, 3};
        assert_int_equal(world_do(&world), UD_OK);
        for (size_t i = 0; i < command->out.events.count; i++) {
            assert_string_equal(command->out.events.items[i].device, actors[0].id);
            assert_true(before == 0 || command->out.events.items[i].number < before);
            seen++;
        }
        before = command->out.events.next;
    } while (before != 0);
    assert_int_equal(seen, 8); /* registered, then seven versions */
}

static void an_unknown_name_is_not_found(void **state)
{
    (void)state;
    static const ud_command_type_t types[] = {UD_COMMAND_QUERY_DEVICE, UD_COMMAND_QUERY_RELEASE,
                                              UD_COMMAND_QUERY_ROLLOUT, UD_COMMAND_QUERY_DEVICE_EVENTS};
    static const char *const names[] = {"", "R-", "R-0", "R-1", "F-99999999999", "R-1x", "none"};
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
            world_ask(&world, types[t])->in.lookup.id = names[n];
            assert_int_equal(world_do(&world), UD_ERR_NOT_FOUND);
        }
    }
}

static void the_same_image_is_one_release(void **state)
{
    (void)state;
    world_release(&world, "2.0.0");
    ud_release_t release = {.version = "2.0.0", .hardware = WORLD_HARDWARE, .artifact_count = 1};
    world_digest("2.0.0", release.image_digest);
    world_ask(&world, UD_COMMAND_RELEASE_CREATE)->in.release.release = &release;
    assert_int_equal(world_do(&world), UD_ERR_EXISTS);
    assert_string_equal(world.command.out.release.id, "F-1");
}

static void an_answer_that_outgrows_its_arena_is_an_error(void **state)
{
    (void)state;
    ud_command_t *command = world_ask(&world, UD_COMMAND_QUERY_DEVICES);
    ud_arena_t *small = ud_arena_create(600);
    command->arena = small;
    command->in.filter = any;
    assert_int_equal(world_do(&world), UD_ERR_TOO_LARGE);
    ud_arena_destroy(small);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_list_is_paged),
        TEST(each_filter_narrows_the_list),
        TEST(what_needs_a_person_comes_first),
        TEST(the_summary_counts_versions),
        TEST(many_versions_show_the_most_common),
        TEST(a_version_of_several_images_is_counted_whole),
        TEST(a_summary_counts_versions_once_a_second_and_shows_a_change_in_the_next),
        TEST(a_stream_is_told_of_the_change_though_nothing_else_happens),
        TEST(only_what_changed_is_told),
        TEST(a_rollout_is_told_when_it_changes),
        TEST(a_restarted_server_says_begin_anew),
        TEST(events_of_a_device_are_paged_without_a_gap),
        TEST(an_unknown_name_is_not_found),
        TEST(the_same_image_is_one_release),
        TEST(an_answer_that_outgrows_its_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
