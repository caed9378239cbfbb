/* Lists in pages: as many rollouts and releases as a server keeps in years. */
#include "tests/unit/server/domain/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MANY 5000u

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

static void make_many_releases(void)
{
    for (unsigned i = 0; i < MANY; i++) {
        char version[24];
        snprintf(version, sizeof(version), "2.%u.%u", i / 1000, i % 1000);
        world_release(&world, version);
    }
}

static void make_many_rollouts(void)
{
    world_release(&world, "2.0.0");
    for (unsigned i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof(id), "%s", world_rollout(&world, "F-1", NULL)->id);
        world_act(&world, id, UD_ROLLOUT_HALT);
    }
}

/* The answer to `type`, in an arena like a door's; its error. */
static ud_err_t ask(ud_command_type_t type, ud_list_in_t in)
{
    static ud_arena_t *arena;
    ud_arena_destroy(arena);
    arena = ud_arena_create(UD_EXCHANGE_ARENA_SIZE_MAX);
    ud_command_t *command = world_ask(&world, type);
    command->arena = arena;
    command->in.list = in;
    return world_do(&world);
}

static void every_rollout_is_on_one_page(void **state)
{
    (void)state;
    make_many_rollouts();
    const ud_rollout_page_t *page = &world.command.out.rollouts;
    unsigned next = MANY;
    for (size_t offset = 0; offset < MANY; offset += UD_PAGE_SIZE_MAX) {
        assert_int_equal(ask(UD_COMMAND_QUERY_ROLLOUTS, (ud_list_in_t){.offset = offset, .limit = UD_PAGE_SIZE_MAX}),
                         UD_OK);
        assert_int_equal(page->total, MANY);
        assert_int_equal(page->offset, offset);
        for (size_t i = 0; i < page->count; i++) {
            char id[16];
            snprintf(id, sizeof(id), "R-%u", next--);
            assert_string_equal(page->items[i].id, id);
        }
    }
    assert_int_equal(next, 0);
    assert_int_equal(ask(UD_COMMAND_QUERY_ROLLOUTS, (ud_list_in_t){.offset = MANY, .limit = 1}), UD_OK);
    assert_int_equal(page->count, 0);
    assert_int_equal(ask(UD_COMMAND_QUERY_ROLLOUTS, (ud_list_in_t){.limit = UD_PAGE_SIZE_MAX, .active = 1}), UD_OK);
    assert_int_equal(page->total, UD_ROLLOUT_ACTIVE_MAX);
}

static void a_stream_begins_with_the_active_rollouts_however_many_there_were(void **state)
{
    (void)state;
    make_many_rollouts();
    assert_int_equal(ask(UD_COMMAND_QUERY_CHANGES, (ud_list_in_t){0}), UD_OK);
    const ud_changes_t *changes = &world.command.out.changes;
    assert_int_equal(changes->rollout_count, UD_ROLLOUT_ACTIVE_MAX);
    assert_string_equal(changes->rollouts[0].id, "R-5000");
}

static void a_reader_who_missed_more_than_a_page_begins_anew(void **state)
{
    (void)state;
    world_ask(&world, UD_COMMAND_QUERY_CHANGES);
    assert_int_equal(world_do(&world), UD_OK);
    uint64_t since = world.command.out.changes.revision;
    make_many_rollouts();
    world_ask(&world, UD_COMMAND_QUERY_CHANGES)->in.changes.since = since;
    assert_int_equal(world_do(&world), UD_OK);
    assert_true(world.command.out.changes.reset);
}

static void every_release_is_on_one_page_and_found_by_its_version(void **state)
{
    (void)state;
    make_many_releases();
    const ud_release_page_t *page = &world.command.out.releases;
    assert_int_equal(ask(UD_COMMAND_QUERY_RELEASES, (ud_list_in_t){.offset = MANY - 2, .limit = UD_PAGE_SIZE_MAX}),
                     UD_OK);
    assert_int_equal(page->total, MANY);
    assert_int_equal(page->count, 2);
    assert_string_equal(page->items[1].id, "F-1");
    assert_int_equal(ask(UD_COMMAND_QUERY_RELEASES, (ud_list_in_t){.limit = 1, .version = "2.0.7"}), UD_OK);
    assert_int_equal(page->total, 1);
    assert_string_equal(page->items[0].id, "F-8");
}

static void groups_and_keys_are_paged_in_the_order_they_were_made(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 250; i++) {
        char name[16];
        snprintf(name, sizeof(name), "group-%u", i);
        world_ask(&world, UD_COMMAND_GROUP_CREATE)->in.group = (ud_group_in_t){name, NULL};
        assert_int_equal(world_do(&world), UD_OK);
        assert_string_equal(world.command.out.groups.items[0].name, name);
        snprintf(name, sizeof(name), "key-%u", i);
        ud_command_t *command = world_ask(&world, UD_COMMAND_KEY_ADD);
        command->in.key.name = name;
        command->in.key.type = "ecdsa-p256";
        memcpy(command->in.key.key_hash, name, sizeof(name));
        assert_int_equal(world_do(&world), UD_OK);
        assert_string_equal(world.command.out.keys.items[0].name, name);
    }
    assert_int_equal(ask(UD_COMMAND_QUERY_GROUPS, (ud_list_in_t){.offset = 200, .limit = 100}), UD_OK);
    assert_int_equal(world.command.out.groups.total, 251);
    assert_int_equal(world.command.out.groups.count, 51);
    assert_string_equal(world.command.out.groups.items[0].name, "group-199"); /* "default" is the first */
    assert_int_equal(ask(UD_COMMAND_QUERY_KEYS, (ud_list_in_t){0}), UD_OK);
    assert_int_equal(world.command.out.keys.count, 250); /* the judge of uploads knows them all */
    assert_int_equal(ask(UD_COMMAND_QUERY_CLAIM_KEYS, (ud_list_in_t){.offset = 1, .limit = 10}), UD_OK);
    assert_int_equal(world.command.out.claim_keys.total, 1);
    assert_int_equal(world.command.out.claim_keys.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_rollout_is_on_one_page),
        TEST(a_stream_begins_with_the_active_rollouts_however_many_there_were),
        TEST(a_reader_who_missed_more_than_a_page_begins_anew),
        TEST(every_release_is_on_one_page_and_found_by_its_version),
        TEST(groups_and_keys_are_paged_in_the_order_they_were_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
