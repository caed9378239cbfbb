/* Worker threads for what takes long: password hashes, image verification, chain building, exports. */
#ifndef UD_IO_WORKER_H
#define UD_IO_WORKER_H

#include "server/io/http.h"

typedef struct ud_worker ud_worker_t;

/* Runs on a worker thread: touches only `job` and what it owns, never the exchange. */
typedef void (*ud_worker_fn)(void *job);

/* Back on the exchange's I/O thread. */
typedef void (*ud_worker_done_fn)(ud_exchange_t *exchange, void *job);

/* Starts `thread_count` threads (1 to 16). Errors: UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_worker_create(unsigned thread_count, ud_worker_t **worker);

/* Finishes what is queued, ends the threads. NULL is allowed. */
void ud_worker_destroy(ud_worker_t *worker);

/* Queues `work`, then `done`: always, exactly once, also when the client has gone. `job` lives at least until then (the
 * exchange's arena does); while it is out, only `work` may use that arena. Errors: UD_ERR_OVERLOADED (queue full,
 * neither is called).
 */
UD_MUST_USE ud_err_t ud_worker_submit(ud_worker_t *worker, ud_exchange_t *exchange, ud_worker_fn work,
                                      ud_worker_done_fn done, void *job);

#endif
