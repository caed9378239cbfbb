#include "server/io/worker.h"

#include "core/base/assert.h"
#include "server/io/completion.h"

#include <pthread.h>
#include <stdlib.h>

#define THREAD_COUNT_MAX 16

typedef struct task {
    ud_completion_t completion; /* first: it comes home as this */
    struct task *next;
    ud_worker_fn work;
    ud_worker_done_fn done;
    void *job;
} task_t;

struct ud_worker {
    pthread_mutex_t mutex;
    pthread_cond_t wanted;
    task_t *first; /* guarded by mutex, as all below */
    task_t **last;
    unsigned waiting;
    bool ending;
    unsigned thread_count;
    pthread_t threads[THREAD_COUNT_MAX];
};

static task_t *take(ud_worker_t *worker)
{
    pthread_mutex_lock(&worker->mutex);
    while (worker->first == NULL && !worker->ending) {
        pthread_cond_wait(&worker->wanted, &worker->mutex);
    }
    task_t *task = worker->first;
    if (task != NULL) {
        worker->first = task->next;
        worker->last = worker->first == NULL ? &worker->first : worker->last;
        worker->waiting--;
    }
    pthread_mutex_unlock(&worker->mutex);
    return task;
}

static void *run(void *context)
{
    ud_worker_t *worker = context;
    for (task_t *task = take(worker); task != NULL; task = take(worker)) {
        task->work(task->job);
        ud_completion_send(&task->completion);
    }
    return NULL;
}

ud_err_t ud_worker_create(unsigned thread_count, ud_worker_t **result)
{
    UD_REQUIRE(thread_count >= 1 && thread_count <= THREAD_COUNT_MAX, UD_ERR_INVALID_ARGUMENT);
    ud_worker_t *worker = calloc(1, sizeof *worker);
    UD_REQUIRE(worker != NULL, UD_ERR_INTERNAL);
    worker->last = &worker->first;
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->wanted, NULL);
    while (worker->thread_count < thread_count) {
        if (pthread_create(&worker->threads[worker->thread_count], NULL, run, worker) != 0) {
            ud_worker_destroy(worker);
            return UD_ERR_INTERNAL;
        }
        worker->thread_count++;
    }
    *result = worker;
    return UD_OK;
}

void ud_worker_destroy(ud_worker_t *worker)
{
    if (worker == NULL) {
        return;
    }
    pthread_mutex_lock(&worker->mutex);
    worker->ending = true;
    pthread_cond_broadcast(&worker->wanted);
    pthread_mutex_unlock(&worker->mutex);
    for (unsigned i = 0; i < worker->thread_count; i++) {
        pthread_join(worker->threads[i], NULL);
    }
    pthread_cond_destroy(&worker->wanted);
    pthread_mutex_destroy(&worker->mutex);
    free(worker);
}

static void come_home(ud_exchange_t *exchange, ud_completion_t *completion)
{
    task_t *task = (task_t *)completion;
    task->done(exchange, task->job);
    free(task);
}

ud_err_t ud_worker_submit(ud_worker_t *worker, ud_exchange_t *exchange, ud_worker_fn work, ud_worker_done_fn done,
                          void *job)
{
    task_t *task = calloc(1, sizeof *task);
    UD_REQUIRE(task != NULL, UD_ERR_OVERLOADED);
    ud_exchange_hold(exchange, &task->completion, come_home);
    task->work = work;
    task->done = done;
    task->job = job;
    pthread_mutex_lock(&worker->mutex);
    bool room = worker->waiting < UD_WORKER_QUEUE_COUNT_MAX && !worker->ending;
    if (room) {
        *worker->last = task;
        worker->last = &task->next;
        worker->waiting++;
        pthread_cond_signal(&worker->wanted);
    }
    pthread_mutex_unlock(&worker->mutex);
    if (!room) {
        ud_exchange_release(exchange);
        free(task);
        return UD_ERR_OVERLOADED;
    }
    return UD_OK;
}
