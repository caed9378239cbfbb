/* How an answer from another thread finds its exchange again.
 *
 * While work for an exchange is out, the exchange is held: it stays in memory though its client may go. The completion names
 * it by (thread, slot, generation): a slot is used again only after all its completions came home, and the generation
 * proves it.
 */
#ifndef UD_IO_COMPLETION_H
#define UD_IO_COMPLETION_H

#include "server/io/http.h"
#include "server/io/loop.h"

typedef struct ud_completion ud_completion_t;

typedef void (*ud_completion_fn)(ud_exchange_t *exchange, ud_completion_t *completion);

/* The first member of whatever is under way. */
struct ud_completion {
    ud_post_t post;
    ud_http_server_t *server;
    uint32_t slot;
    uint32_t generation;
    uint16_t thread;
    ud_completion_fn run;
};

/* Holds `exchange` until `completion` has run; on the exchange's thread. */
void ud_exchange_hold(ud_exchange_t *exchange, ud_completion_t *completion, ud_completion_fn run);

/* Has the completion run on the exchange's thread, once; from any thread. `run` may free the completion. */
void ud_completion_send(ud_completion_t *completion);

/* Undoes the hold of a completion that will not be sent; on the exchange's thread. */
void ud_exchange_release(ud_exchange_t *exchange);

#endif
