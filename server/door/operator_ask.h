/* What handlers of the operator door share: one command to the engine, one view as the answer. */
#ifndef UD_DOOR_OPERATOR_ASK_H
#define UD_DOOR_OPERATOR_ASK_H

#include "server/door/operator.h"
#include "server/door/operator_identity.h"
#include "server/door/operator_json.h"
#include "server/door/operator_limit.h"

#include <jansson.h>
#include <stdatomic.h>

/* An argon2id string of libsodium with its NUL. */
#define UD_OPERATOR_HASH_SIZE 128

struct ud_operator {
    ud_engine_t *engine;
    ud_worker_t *passwords;
    ud_worker_t *images;
    ud_artifact_store_t *artifacts;
    ud_operator_limit_t *limit;              /* of sign-in attempts */
    atomic_uint stream_count;                /* open live streams */
    char nobody_hash[UD_OPERATOR_HASH_SIZE]; /* of a password nobody has: unknown users take as long as known ones */
};

/* A command under way and how it will be answered. */
typedef struct {
    ud_command_t command; /* first: the engine gives it back */
    int status;           /* of a good answer */
    const ud_json_field_t *fields;
    const char *secret;  /* shown once, with the answer: a claim key */
    ud_exchange_fn then; /* when the body is there */
} ud_operator_ask_t;

/* Begins a command of the one who asks, to be answered with `status` and the view `fields` of its result; in the arena.
 * NULL: the request was answered (unauthenticated, csrf, or memory is short).
 */
ud_operator_ask_t *ud_operator_ask(ud_exchange_t *exchange, ud_command_type_t type, int status,
                                   const ud_json_field_t *fields);

/* The same; when the session is good and its role allows the command, collects the body and calls `then`, with the ask as
 * the exchange's context. So nobody else is told what is wrong with a body, nor has one read.
 */
void ud_operator_collect(ud_exchange_t *exchange, ud_command_type_t type, int status, const ud_json_field_t *fields,
                         ud_exchange_fn then);

/* Hands it to the engine; `done` NULL: the answer is the view of command.out. */
void ud_operator_send(ud_exchange_t *exchange, ud_operator_ask_t *ask, ud_engine_done_fn done);

/* True if the command was refused and the request has been answered so; for `done` functions. */
bool ud_operator_refused(ud_exchange_t *exchange, const ud_command_t *command);

/* Replies with a JSON value and drops the reference; with NULL, that memory is short. */
void ud_operator_reply(ud_exchange_t *exchange, int status, json_t *value);

#endif
