#include "server/io/loop.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct ud_loop {
    struct event_base *base;
    struct event *wake_event;
    int wake_fd;
    bool started;
    pthread_t thread;
    pthread_mutex_t mutex;
    ud_post_t *first; /* guarded by mutex */
    ud_post_t **last;
};

uint64_t ud_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int64_t ud_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void run_posts(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    ud_loop_t *loop = context;
    uint64_t count;
    ssize_t size = read(fd, &count, sizeof count);
    (void)size; /* only resets the counter */
    pthread_mutex_lock(&loop->mutex);
    ud_post_t *post = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    pthread_mutex_unlock(&loop->mutex);
    while (post != NULL) {
        ud_post_t *next = post->next; /* run() may free its post */
        post->run(post);
        post = next;
    }
}

ud_err_t ud_loop_create(ud_loop_t **result)
{
    ud_loop_t *loop = calloc(1, sizeof *loop);
    UD_TRY(loop == NULL ? UD_ERR_INTERNAL : UD_OK);
    pthread_mutex_init(&loop->mutex, NULL);
    loop->last = &loop->first;
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct event_config *config = event_config_new();
    if (config != NULL) {
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK); /* one thread; others come by the eventfd */
        loop->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (loop->base != NULL && loop->wake_fd >= 0) {
        loop->wake_event = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, run_posts, loop);
    }
    if (loop->wake_event == NULL || event_add(loop->wake_event, NULL) != 0) {
        ud_loop_destroy(loop);
        return UD_ERR_INTERNAL;
    }
    *result = loop;
    return UD_OK;
}

static void *run_loop(void *context)
{
    ud_loop_t *loop = context;
    event_base_dispatch(loop->base);
    return NULL;
}

ud_err_t ud_loop_start(ud_loop_t *loop)
{
    loop->started = pthread_create(&loop->thread, NULL, run_loop, loop) == 0;
    return loop->started ? UD_OK : UD_ERR_INTERNAL;
}

struct event_base *ud_loop_base(ud_loop_t *loop)
{
    return loop->base;
}

void ud_loop_post(ud_loop_t *loop, ud_post_t *post)
{
    post->next = NULL;
    pthread_mutex_lock(&loop->mutex);
    bool asleep = loop->first == NULL;
    *loop->last = post;
    loop->last = &post->next;
    pthread_mutex_unlock(&loop->mutex);
    if (asleep) {
        uint64_t one = 1;
        ssize_t size = write(loop->wake_fd, &one, sizeof one);
        (void)size; /* fails only when the counter is full, and then the loop is awake anyway */
    }
}

void ud_loop_break(ud_loop_t *loop)
{
    event_base_loopbreak(loop->base);
}

void ud_loop_join(ud_loop_t *loop)
{
    if (loop->started) {
        pthread_join(loop->thread, NULL);
        loop->started = false;
    }
}

void ud_loop_destroy(ud_loop_t *loop)
{
    if (loop == NULL) {
        return;
    }
    if (loop->wake_event != NULL) {
        event_free(loop->wake_event);
    }
    if (loop->base != NULL) {
        event_base_free(loop->base);
    }
    if (loop->wake_fd >= 0) {
        close(loop->wake_fd);
    }
    pthread_mutex_destroy(&loop->mutex);
    free(loop);
}
