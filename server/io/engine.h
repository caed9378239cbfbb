/* The engine thread: owns the fleet and applies commands to it, many per commit.
 *
 *     I/O threads --submit--> queue (bounded) --> apply, apply, ... --> one commit --> completions to their I/O threads
 *
 * A window opens with the first command that wrote something and closes UD_ENGINE_WINDOW_MS later or when the batch is full;
 * then comes one commit, and only then are the commands that wrote completed: what was answered is on disk. Commands that
 * only read are completed at the end of their turn, without waiting for the disk. Nobody waits for a lock longer than it
 * takes to append to the queue.
 */
#ifndef UD_IO_ENGINE_H
#define UD_IO_ENGINE_H

#include "server/domain/command.h"
#include "server/domain/fleet.h"
#include "server/io/http.h"

typedef struct ud_engine ud_engine_t;

typedef void (*ud_engine_done_fn)(ud_exchange_t *exchange, ud_command_t *command);

/* Starts the thread on `fleet`, which belongs to it from here to ud_engine_destroy(). Errors: UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_engine_create(ud_fleet_t *fleet, ud_engine_t **engine);

/* Applies what is queued, commits, ends the thread. Later submissions get UD_ERR_OVERLOADED. NULL is allowed. */
void ud_engine_destroy(ud_engine_t *engine);

/* Queues `command`, which the caller leaves alone until `done` is called with it on the exchange's I/O thread: always, exactly
 * once, also when the client has gone (ud_exchange_gone()). `command` and its arena must live until then; the exchange's own
 * arena does. Not called when submission fails. Errors: UD_ERR_OVERLOADED (queue full: ud_problem_reply() adds a
 * jittered Retry-After).
 */
UD_MUST_USE ud_err_t ud_engine_submit(ud_engine_t *engine, ud_exchange_t *exchange, ud_command_t *command,
                                      ud_engine_done_fn done);

/* Runs `command` and waits for it; for start-up and tests, never on an I/O thread. The result is in the command.
 * Errors: UD_ERR_OVERLOADED (not run).
 */
UD_MUST_USE ud_err_t ud_engine_call(ud_engine_t *engine, ud_command_t *command);

/* False while the store cannot be written (/readyz); from any thread. */
bool ud_engine_ready(const ud_engine_t *engine);

#endif
