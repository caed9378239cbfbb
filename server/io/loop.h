/* A thread with an event loop (libevent), and a way for other threads to have something run on it. */
#ifndef UD_IO_LOOP_H
#define UD_IO_LOOP_H

#include "core/base/err.h"

#include <event2/event.h>
#include <stdint.h>

typedef struct ud_loop ud_loop_t;

/* Something to run on the loop's thread; the first member of whatever carries it. */
typedef struct ud_post {
    struct ud_post *next;
    void (*run)(struct ud_post *post);
} ud_post_t;

/* Makes a loop without its thread. Errors: UD_ERR_INTERNAL (memory, descriptors). */
UD_MUST_USE ud_err_t ud_loop_create(ud_loop_t **loop);

/* Starts the thread. Errors: UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_loop_start(ud_loop_t *loop);

/* For events of one's own; used on the loop's thread, or before it starts. */
struct event_base *ud_loop_base(ud_loop_t *loop);

/* Has `post` run on the loop's thread, after those posted before. From any thread; `post` belongs to the loop until then. */
void ud_loop_post(ud_loop_t *loop, ud_post_t *post);

/* Lets the loop end after the events of this turn; on its thread. */
void ud_loop_break(ud_loop_t *loop);

/* Waits for the thread to end. */
void ud_loop_join(ud_loop_t *loop);

/* After join, or without a start. NULL is allowed. */
void ud_loop_destroy(ud_loop_t *loop);

/* Milliseconds of the monotonic clock, and since 1970. */
uint64_t ud_monotonic_ms(void);
int64_t ud_wall_ms(void);

#endif
