#include "server/io/engine.h"

#include "core/base/assert.h"
#include "server/io/completion.h"
#include "server/io/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

typedef struct entry {
    ud_completion_t completion; /* first: it comes home as this */
    struct entry *next;
    ud_command_t *command;
    ud_engine_done_fn done;
    bool *called; /* of ud_engine_call(): set under the mutex instead of a completion */
} entry_t;

typedef struct {
    entry_t *first;
    entry_t **last;
    unsigned count;
} entry_list_t;

struct ud_engine {
    ud_fleet_t *fleet;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wanted;
    pthread_cond_t returned; /* to ud_engine_call() */
    entry_list_t queue;      /* guarded by mutex, as is ending */
    bool ending;
    entry_list_t batch; /* applied, waiting for the commit */
    atomic_bool ready;
};

static void list_clear(entry_list_t *list)
{
    list->first = NULL;
    list->last = &list->first;
    list->count = 0;
}

static void list_add(entry_list_t *list, entry_t *entry)
{
    entry->next = NULL;
    *list->last = entry;
    list->last = &entry->next;
    list->count++;
}

static ud_time_t now(void)
{
    return (ud_time_t){.wall_ms = ud_wall_ms(), .monotonic_ms = ud_monotonic_ms()};
}

/* Gives a command back to whoever asked. */
static void complete(ud_engine_t *engine, entry_t *entry)
{
    if (entry->called == NULL) {
        ud_completion_send(&entry->completion);
        return;
    }
    pthread_mutex_lock(&engine->mutex);
    *entry->called = true;
    pthread_cond_broadcast(&engine->returned);
    pthread_mutex_unlock(&engine->mutex);
}

static void complete_all(ud_engine_t *engine, ud_err_t commit_err)
{
    entry_t *entry = engine->batch.first;
    list_clear(&engine->batch);
    while (entry != NULL) {
        entry_t *next = entry->next; /* complete() gives the entry away */
        if (commit_err != UD_OK) {
            entry->command->err = commit_err;
            entry->command->detail = "Nothing was changed: the database cannot be written.";
            entry->command->field = NULL;
        }
        complete(engine, entry);
        entry = next;
    }
}

/* Takes commands from the queue, waiting for the first until `until_ms` (monotonic). */
static entry_t *take(ud_engine_t *engine, uint64_t until_ms, bool *ending)
{
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
    pthread_mutex_lock(&engine->mutex);
    while (engine->queue.first == NULL && !engine->ending) {
        if (pthread_cond_timedwait(&engine->wanted, &engine->mutex, &until) == ETIMEDOUT) {
            break;
        }
    }
    entry_t *first = engine->queue.first;
    list_clear(&engine->queue);
    *ending = engine->ending;
    pthread_mutex_unlock(&engine->mutex);
    return first;
}

/* Applies commands; those that wrote wait in the batch, the others are answered. */
static void apply(ud_engine_t *engine, entry_t *entry)
{
    ud_time_t at = now();
    while (entry != NULL) {
        entry_t *next = entry->next;
        ud_fleet_apply(engine->fleet, at, entry->command);
        if (entry->command->wrote) {
            list_add(&engine->batch, entry);
        } else {
            complete(engine, entry);
        }
        entry = next;
    }
}

static void note_readiness(ud_engine_t *engine)
{
    bool ready = ud_fleet_ready(engine->fleet);
    if (ready != atomic_exchange(&engine->ready, ready)) {
        ud_log(UD_LOG_ERROR, ready ? "store_writable_again" : "store_not_writable");
    }
}

static void commit(ud_engine_t *engine)
{
    ud_err_t err = ud_fleet_dirty(engine->fleet) ? ud_fleet_commit(engine->fleet, now()) : UD_OK;
    complete_all(engine, err);
    if (err != UD_OK) {
        ud_log(UD_LOG_ERROR, "commit_failed", "code", ud_err_code(err), "detail", ud_err_text(err));
    }
}

static void *run(void *context)
{
    ud_engine_t *engine = context;
    uint64_t window_ends_ms = 0; /* 0: no window is open */
    bool ending = false;
    while (!ending) {
        uint64_t deadline_ms = ud_fleet_next_deadline(engine->fleet);
        uint64_t until_ms = window_ends_ms != 0 && window_ends_ms < deadline_ms ? window_ends_ms : deadline_ms;
        apply(engine, take(engine, until_ms, &ending));
        ud_time_t at = now();
        if (at.monotonic_ms >= deadline_ms) {
            ud_fleet_tick(engine->fleet, at);
        }
        if (window_ends_ms == 0 && (ud_fleet_dirty(engine->fleet) || engine->batch.count > 0)) {
            window_ends_ms = at.monotonic_ms + UD_ENGINE_WINDOW_MS;
        }
        bool full = engine->batch.count >= UD_ENGINE_BATCH_COUNT_MAX;
        if (window_ends_ms != 0 && (full || ending || at.monotonic_ms >= window_ends_ms)) {
            commit(engine);
            window_ends_ms = 0;
        }
        note_readiness(engine);
    }
    return NULL;
}

ud_err_t ud_engine_create(ud_fleet_t *fleet, ud_engine_t **result)
{
    ud_engine_t *engine = calloc(1, sizeof *engine);
    UD_REQUIRE(engine != NULL, UD_ERR_INTERNAL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&engine->mutex, NULL);
    pthread_cond_init(&engine->wanted, &monotonic);
    pthread_cond_init(&engine->returned, NULL);
    pthread_condattr_destroy(&monotonic);
    engine->fleet = fleet;
    atomic_init(&engine->ready, ud_fleet_ready(fleet));
    list_clear(&engine->queue);
    list_clear(&engine->batch);
    if (pthread_create(&engine->thread, NULL, run, engine) != 0) {
        free(engine);
        return UD_ERR_INTERNAL;
    }
    *result = engine;
    return UD_OK;
}

void ud_engine_destroy(ud_engine_t *engine)
{
    if (engine == NULL) {
        return;
    }
    pthread_mutex_lock(&engine->mutex);
    engine->ending = true;
    pthread_cond_signal(&engine->wanted);
    pthread_mutex_unlock(&engine->mutex);
    pthread_join(engine->thread, NULL);
    pthread_cond_destroy(&engine->wanted);
    pthread_cond_destroy(&engine->returned);
    pthread_mutex_destroy(&engine->mutex);
    free(engine);
}

static ud_err_t enqueue(ud_engine_t *engine, entry_t *entry)
{
    pthread_mutex_lock(&engine->mutex);
    bool room = engine->queue.count < UD_ENGINE_QUEUE_COUNT_MAX && !engine->ending;
    if (room) {
        bool asleep = engine->queue.first == NULL;
        list_add(&engine->queue, entry);
        if (asleep) {
            pthread_cond_signal(&engine->wanted);
        }
    }
    pthread_mutex_unlock(&engine->mutex);
    return room ? UD_OK : UD_ERR_OVERLOADED;
}

static void come_home(ud_exchange_t *exchange, ud_completion_t *completion)
{
    entry_t *entry = (entry_t *)completion;
    entry->done(exchange, entry->command);
    free(entry);
}

ud_err_t ud_engine_submit(ud_engine_t *engine, ud_exchange_t *exchange, ud_command_t *command, ud_engine_done_fn done)
{
    entry_t *entry = calloc(1, sizeof *entry);
    UD_REQUIRE(entry != NULL, UD_ERR_OVERLOADED);
    ud_exchange_hold(exchange, &entry->completion, come_home);
    entry->command = command;
    entry->done = done;
    ud_err_t err = enqueue(engine, entry);
    if (err != UD_OK) {
        ud_exchange_release(exchange);
        free(entry);
    }
    return err;
}

ud_err_t ud_engine_call(ud_engine_t *engine, ud_command_t *command)
{
    bool called = false;
    entry_t entry = {.command = command, .called = &called};
    UD_TRY(enqueue(engine, &entry));
    pthread_mutex_lock(&engine->mutex);
    while (!called) {
        pthread_cond_wait(&engine->returned, &engine->mutex);
    }
    pthread_mutex_unlock(&engine->mutex);
    return UD_OK;
}

bool ud_engine_ready(const ud_engine_t *engine)
{
    return atomic_load(&engine->ready);
}
