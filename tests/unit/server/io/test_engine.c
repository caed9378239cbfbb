/* The engine thread: one commit for many commands, answers only behind it, a bounded queue, and a store that fails. */
#include "server/io/engine.h"
#include "server/io/loop.h"
#include "tests/unit/server/io/client.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* ---- a store in the test's hands ------------------------------------------------------------------------------------- */

static atomic_int commits;
static atomic_int at_gate;                               /* commits that wait there; one that passed no longer counts */
static atomic_int commit_result;                         /* ud_err_t */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* a commit passes through */

static ud_err_t load(ud_store_t *store, ud_row_fn fn, void *context)
{
    (void)store;
    (void)fn;
    (void)context;
    return UD_OK;
}

static ud_err_t begin(ud_store_t *store)
{
    (void)store;
    return UD_OK;
}

static ud_err_t keep_row(ud_store_t *store, ud_row_type_t type, const void *row)
{
    (void)store;
    (void)type;
    (void)row;
    return UD_OK;
}

static ud_err_t commit(ud_store_t *store)
{
    (void)store;
    atomic_fetch_add(&at_gate, 1);
    pthread_mutex_lock(&gate);
    atomic_fetch_sub(&at_gate, 1);
    pthread_mutex_unlock(&gate);
    if (atomic_load(&commit_result) == UD_OK) {
        atomic_fetch_add(&commits, 1);
    }
    return (ud_err_t)atomic_load(&commit_result);
}

static void rollback(ud_store_t *store)
{
    (void)store;
}

static ud_err_t events(ud_store_t *store, const ud_event_query_t *query, ud_arena_t *arena, ud_event_rows_t *page)
{
    (void)store;
    (void)query;
    (void)arena;
    *page = (ud_event_rows_t){0};
    return UD_OK;
}

static const ud_store_ops_t ops = {.load = load,
                                   .begin = begin,
                                   .put = keep_row,
                                   .remove = keep_row,
                                   .commit = commit,
                                   .rollback = rollback,
                                   .events = events,
                                   .destroy = rollback};

static ud_store_t store = {.ops = &ops};
static ud_fleet_t *fleet;
static ud_engine_t *engine;

static int start(void **state)
{
    (void)state;
    ud_fleet_config_t config = {.seed = {1}};
    ud_time_t now = {.wall_ms = ud_wall_ms(), .monotonic_ms = ud_monotonic_ms()};
    atomic_store(&commits, 0);
    atomic_store(&commit_result, UD_OK);
    assert_int_equal(ud_fleet_create(&config, &store, now, &fleet), UD_OK);
    assert_int_equal(ud_engine_create(fleet, &engine), UD_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ud_engine_destroy(engine);
    ud_fleet_destroy(fleet);
    return 0;
}

/* The first account; false with the error in `*err` when it was not made. */
static bool make_account(ud_err_t *err)
{
    ud_arena_t *arena = ud_arena_create(65536);
    ud_command_t command = {.type = UD_COMMAND_ACCOUNT_CREATE, .arena = arena};
    command.in.account =
        (ud_account_in_t){.name = "ada", .password_hash = "hash", .role = UD_ROLE_ADMIN, .only_if_none = true};
    *err = ud_engine_call(engine, &command);
    if (*err == UD_OK) {
        *err = command.err;
    }
    ud_arena_destroy(arena);
    return *err == UD_OK;
}

/* A session of that account; each number is another one. */
static bool make_session(uint8_t high, uint8_t low)
{
    ud_arena_t *arena = ud_arena_create(65536);
    ud_command_t command = {.type = UD_COMMAND_SESSION_CREATE, .arena = arena};
    command.in.session = (ud_session_in_t){.session = {high, low}, .account = "ada", .expires_ms = INT64_MAX};
    ud_err_t err = ud_engine_call(engine, &command);
    bool made = err == UD_OK && command.err == UD_OK;
    ud_arena_destroy(arena);
    return made;
}

static void wait_until(bool (*condition)(void))
{
    struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < PATIENCE_MS && !condition(); i++) {
        nanosleep(&pause, NULL);
    }
    assert_true(condition());
}

/* ---- tests ----------------------------------------------------------------------------------------------------------- */

static void a_command_that_wrote_is_answered_behind_its_commit(void **state)
{
    (void)state;
    ud_err_t err;
    assert_true(make_account(&err));
    assert_int_equal(atomic_load(&commits), 1);
    assert_false(make_account(&err));
    assert_int_equal(err, UD_ERR_EXISTS);
    assert_int_equal(atomic_load(&commits), 1);
}

enum { THREAD_COUNT = 40, EACH = 50 };

static void *make_many(void *context)
{
    int thread = *(int *)context;
    for (int i = 0; i < EACH; i++) {
        if (!make_session((uint8_t)thread, (uint8_t)i)) {
            return "refused";
        }
    }
    return NULL;
}

static void commands_of_many_threads_share_commits(void **state)
{
    (void)state;
    pthread_t threads[THREAD_COUNT];
    int numbers[THREAD_COUNT];
    ud_err_t err;
    assert_true(make_account(&err));
    for (int i = 0; i < THREAD_COUNT; i++) {
        numbers[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, make_many, &numbers[i]), 0);
    }
    for (int i = 0; i < THREAD_COUNT; i++) {
        void *refused;
        pthread_join(threads[i], &refused);
        assert_null(refused);
    }
    print_message("%d commands in %d commits\n", THREAD_COUNT * EACH, atomic_load(&commits));
    assert_true(atomic_load(&commits) * 2 < THREAD_COUNT * EACH);
}

static bool is_ready(void)
{
    return ud_engine_ready(engine);
}

static void a_store_that_fails_acknowledges_nothing_until_it_recovers(void **state)
{
    (void)state;
    ud_err_t err;
    atomic_store(&commit_result, UD_ERR_STORAGE_FULL);
    assert_false(make_account(&err));
    assert_int_equal(err, UD_ERR_STORAGE_FULL);
    assert_false(make_account(&err)); /* behind it no answer may come either */
    assert_int_equal(err, UD_ERR_STORAGE_FULL);
    assert_int_equal(atomic_load(&commits), 0);
    atomic_store(&commit_result, UD_OK);
    wait_until(is_ready);
    assert_true(make_account(&err));
}

/* ---- a full queue, by way of a real exchange -------------------------------------------------------------------------- */

static atomic_int accepted;
static atomic_int returned;

static bool is_committing(void)
{
    return atomic_load(&at_gate) > 0;
}

static void came_back(ud_exchange_t *exchange, ud_command_t *command)
{
    (void)command;
    if (atomic_fetch_add(&returned, 1) + 1 == atomic_load(&accepted)) {
        ud_exchange_reply(exchange, 200, "text/plain", "all", 3);
    }
}

/* While the engine is in a commit, fills the queue until it is full; then lets the commit end. */
static void flood(ud_exchange_t *exchange)
{
    ud_arena_t *arena = ud_exchange_arena(exchange);
    ud_command_t *write = ud_arena_alloc(arena, sizeof *write), *read = ud_arena_alloc(arena, sizeof *read);
    *write = (ud_command_t){.type = UD_COMMAND_ACCOUNT_CREATE, .arena = arena};
    write->in.account =
        (ud_account_in_t){.name = "ada", .password_hash = "hash", .role = UD_ROLE_ADMIN, .only_if_none = true};
    *read = (ud_command_t){.type = UD_COMMAND_ACCOUNT_GET, .arena = arena, .in.account_name = "none"};
    atomic_store(&accepted, 1 << 30);
    pthread_mutex_lock(&gate);
    assert_int_equal(ud_engine_submit(engine, exchange, write, came_back), UD_OK);
    wait_until(is_committing);
    int count = 1;
    while (ud_engine_submit(engine, exchange, read, came_back) == UD_OK) {
        count++;
    }
    /* the commit may be that of `write`, or one of the fleet's own with `write` still in the queue */
    assert_in_range(count, UD_ENGINE_QUEUE_COUNT_MAX, UD_ENGINE_QUEUE_COUNT_MAX + 1);
    atomic_store(&accepted, count);
    pthread_mutex_unlock(&gate);
}

static void a_full_queue_is_told_and_what_was_taken_comes_back(void **state)
{
    (void)state;
    ud_http_config_t config;
    ud_http_server_t *server;
    char bound[64];
    ud_http_config_default(&config);
    assert_int_equal(ud_http_server_create(&config, &server), UD_OK);
    assert_int_equal(ud_http_listen(server, "127.0.0.1:0", flood, NULL, bound), UD_OK);
    assert_int_equal(ud_http_server_start(server), UD_OK);
    client_t client = client_ask((uint16_t)atoi(strrchr(bound, ':') + 1), "GET / HTTP/1.0\r\n\r\n");
    assert_non_null(strstr(client.text, "\r\n\r\nall"));
    client_close(&client);
    assert_int_equal(atomic_load(&returned), atomic_load(&accepted));
    ud_http_server_stop(server, 100);
    ud_http_server_destroy(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_command_that_wrote_is_answered_behind_its_commit, start, stop),
        cmocka_unit_test_setup_teardown(commands_of_many_threads_share_commits, start, stop),
        cmocka_unit_test_setup_teardown(a_store_that_fails_acknowledges_nothing_until_it_recovers, start, stop),
        cmocka_unit_test_setup_teardown(a_full_queue_is_told_and_what_was_taken_comes_back, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
