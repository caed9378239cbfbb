/* The store fails: nothing is acknowledged that is not kept, and RAM is what the store has. */
#include "tests/unit/server/domain/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A store that hands on to another, and fails when told. */
typedef struct {
    ud_store_t base;
    ud_store_t *inner;
    ud_err_t commit_err;
    ud_err_t put_err;
    ud_err_t load_err;
} faulty_t;

static faulty_t faulty;
static world_t world;
static actor_t actor;

static ud_err_t faulty_load(ud_store_t *base, ud_row_fn fn, void *context)
{
    faulty_t *store = (faulty_t *)base;
    return store->load_err != UD_OK ? store->load_err : store->inner->ops->load(store->inner, fn, context);
}

static ud_err_t faulty_begin(ud_store_t *base)
{
    faulty_t *store = (faulty_t *)base;
    return store->inner->ops->begin(store->inner);
}

static ud_err_t faulty_put(ud_store_t *base, ud_row_type_t type, const void *row)
{
    faulty_t *store = (faulty_t *)base;
    return store->put_err != UD_OK ? store->put_err : store->inner->ops->put(store->inner, type, row);
}

static ud_err_t faulty_remove(ud_store_t *base, ud_row_type_t type, const void *row)
{
    faulty_t *store = (faulty_t *)base;
    return store->inner->ops->remove(store->inner, type, row);
}

static ud_err_t faulty_commit(ud_store_t *base)
{
    faulty_t *store = (faulty_t *)base;
    return store->commit_err != UD_OK ? store->commit_err : store->inner->ops->commit(store->inner);
}

static void faulty_rollback(ud_store_t *base)
{
    faulty_t *store = (faulty_t *)base;
    store->inner->ops->rollback(store->inner);
}

static ud_err_t faulty_events(ud_store_t *base, const ud_event_query_t *query, ud_arena_t *arena, ud_event_rows_t *page)
{
    faulty_t *store = (faulty_t *)base;
    return store->inner->ops->events(store->inner, query, arena, page);
}

static void faulty_destroy(ud_store_t *base)
{
    faulty_t *store = (faulty_t *)base;
    store->inner->ops->destroy(store->inner);
}

static const ud_store_ops_t faulty_ops = {
    .load = faulty_load,
    .begin = faulty_begin,
    .put = faulty_put,
    .remove = faulty_remove,
    .commit = faulty_commit,
    .rollback = faulty_rollback,
    .events = faulty_events,
    .destroy = faulty_destroy,
};

static int set_up(void **state)
{
    (void)state;
    memset(&faulty, 0, sizeof(faulty));
    faulty.base.ops = &faulty_ops;
    assert_int_equal(ud_sqlite_open(&(ud_sqlite_config_t){.folder = NULL}, &faulty.inner, NULL), UD_OK);
    world_begin(&world, &faulty.base);
    actor_join(&world, &actor, 1, "1.0.0");
    world_release(&world, "2.0.0");
    world_rollout(&world, "2.0.0", NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

static void pass_a_second(void)
{
    world.now.monotonic_ms += 1000;
    world.now.wall_ms += 1000;
    ud_fleet_tick(world.fleet, world.now);
    (void)!ud_fleet_commit(world.fleet, world.now);
}

static void a_summary_after_a_failed_commit_forgets_what_was_not_kept(void **state)
{
    (void)state;
    ud_checkin_t message = {.state = UD_DEVICE_IDLE, .epoch = actor.epoch, .sequence = 1};
    strcpy(message.device_id, actor.id);
    strcpy(message.hardware, WORLD_HARDWARE);
    strcpy(message.version, "1.0.7");
    ud_command_t *command = world_ask(&world, UD_COMMAND_CHECKIN);
    command->in.checkin = (ud_checkin_in_t){&message, actor.generation};
    ud_fleet_apply(world.fleet, world.now, command);
    assert_int_equal(command->err, UD_OK);
    command = world_ask(&world, UD_COMMAND_QUERY_SUMMARY);
    ud_fleet_apply(world.fleet, world.now, command);
    assert_string_equal(command->out.summary.versions[0].label, "1.0.7");
    faulty.commit_err = UD_ERR_STORAGE_FULL;
    assert_int_equal(ud_fleet_commit(world.fleet, world.now), UD_ERR_STORAGE_FULL);
    ud_fleet_apply(world.fleet, world.now, command);
    assert_string_equal(command->out.summary.versions[0].label, "1.0.0");
}

static void a_full_disk_acknowledges_nothing_and_is_told(void **state)
{
    (void)state;
    faulty.commit_err = UD_ERR_STORAGE_FULL;
    assert_int_equal(actor_checkin(&world, &actor), UD_ERR_STORAGE_FULL);
    assert_false(ud_fleet_ready(world.fleet));
    assert_int_equal(actor_checkin(&world, &actor), UD_ERR_STORAGE_FULL);
    assert_string_equal(world_device_view(&world, actor.id)->id, actor.id); /* people still see the fleet */
}

static void no_offer_that_was_not_kept_is_remembered(void **state)
{
    (void)state;
    faulty.commit_err = UD_ERR_STORAGE_FULL;
    actor_checkin(&world, &actor);
    assert_int_equal(world_rollout_view(&world, "R-1")->batches[0].offered, 0);
    faulty.commit_err = UD_OK;
    pass_a_second();
    assert_true(ud_fleet_ready(world.fleet));
    actor.sequence = 0; /* it repeats the report that nobody acknowledged */
    assert_int_equal(actor_checkin(&world, &actor), UD_OK);
    assert_true(actor_is_offered(&actor));
    assert_int_equal(world_rollout_view(&world, "R-1")->batches[0].offered, 1);
}

static void a_registration_that_was_not_kept_never_was(void **state)
{
    (void)state;
    actor_t other;
    actor_make(&other, 2, "1.0.0");
    faulty.put_err = UD_ERR_STORAGE;
    assert_int_equal(actor_register(&world, &other, WORLD_CLAIM_KEY), UD_ERR_STORAGE);
    faulty.put_err = UD_OK;
    pass_a_second();
    other.generation = 1;
    assert_int_equal(actor_checkin(&world, &other), UD_ERR_DEVICE_UNKNOWN);
    assert_int_equal(actor_register(&world, &other, WORLD_CLAIM_KEY), UD_OK);
    assert_int_equal(actor_checkin(&world, &other), UD_OK);
}

static void what_was_just_changed_is_not_said_to_be_so_before_it_is_kept(void **state)
{
    (void)state;
    for (int turn = 0; turn < 2; turn++) { /* the second finds it done, by the same batch */
        world_ask(&world, UD_COMMAND_DEVICE_UPDATE)->in.device =
            (ud_device_update_in_t){.device_id = actor.id, .hold = true};
        ud_fleet_apply(world.fleet, world.now, &world.command);
        assert_int_equal(world.command.err, UD_OK);
        assert_true(world.command.wrote);
    }
}

static void without_a_readable_store_nobody_is_told_that_they_are_unknown(void **state)
{
    (void)state;
    faulty.commit_err = UD_ERR_STORAGE;
    faulty.load_err = UD_ERR_STORAGE;
    assert_int_equal(actor_checkin(&world, &actor), UD_ERR_STORAGE);
    assert_int_equal(actor_checkin(&world, &actor), UD_ERR_STORAGE);
    world_ask(&world, UD_COMMAND_QUERY_SUMMARY);
    assert_int_equal(world_do(&world), UD_ERR_STORAGE);
    pass_a_second();
    assert_false(ud_fleet_ready(world.fleet));
    faulty.commit_err = UD_OK;
    faulty.load_err = UD_OK;
    pass_a_second();
    assert_true(ud_fleet_ready(world.fleet));
    assert_int_equal(actor_checkin(&world, &actor), UD_OK);
}

static void live_streams_begin_anew_after_a_failed_commit(void **state)
{
    (void)state;
    world_ask(&world, UD_COMMAND_QUERY_CHANGES);
    assert_int_equal(world_do(&world), UD_OK);
    uint64_t since = world.command.out.changes.revision;
    faulty.commit_err = UD_ERR_STORAGE_FULL;
    actor_checkin(&world, &actor);
    world_ask(&world, UD_COMMAND_QUERY_CHANGES)->in.changes.since = since;
    assert_int_equal(world_do(&world), UD_OK);
    assert_true(world.command.out.changes.reset);
}

static void a_fleet_that_cannot_be_read_does_not_start(void **state)
{
    (void)state;
    ud_fleet_t *none = NULL;
    faulty.load_err = UD_ERR_STORAGE;
    assert_int_equal(ud_fleet_create(&world.config, &faulty.base, world.now, &none), UD_ERR_STORAGE);
    assert_null(none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_summary_after_a_failed_commit_forgets_what_was_not_kept),
        TEST(a_full_disk_acknowledges_nothing_and_is_told),
        TEST(no_offer_that_was_not_kept_is_remembered),
        TEST(a_registration_that_was_not_kept_never_was),
        TEST(what_was_just_changed_is_not_said_to_be_so_before_it_is_kept),
        TEST(without_a_readable_store_nobody_is_told_that_they_are_unknown),
        TEST(live_streams_begin_anew_after_a_failed_commit),
        TEST(a_fleet_that_cannot_be_read_does_not_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
