/* The operator door: the REST API under /api/v1 that the command line and the portal use (api/openapi.yaml).
 *
 *     operator.c           the table of routes; questions that need nothing but an answer
 *     operator_identity.{h,c} who asks               operator_ask.{h,c} one command to the engine, its view as JSON
 *     operator_input.{h,c} what people send, checked against tables      operator_json.{h,c} views as JSON
 *     operator_session.c   sign in and out, the first account             operator_password.{h,c} checks of passwords
 *     operator_limit.{h,c} guesses per minute, checks at a time
 *     operator_release.c   uploads                                        operator_intake.{h,c} is the image good?
 *     operator_rollout.c   rollouts, by release id or version             operator_stream.c    live changes
 *
 * Secrets: passwords are kept as argon2id strings, session tokens and claim keys only as SHA-256.
 */
#ifndef UD_DOOR_OPERATOR_H
#define UD_DOOR_OPERATOR_H

#include "server/io/artifact.h"
#include "server/io/engine.h"
#include "server/io/http.h"
#include "server/io/worker.h"

typedef struct ud_operator ud_operator_t;

/* What the door works with; all of it outlives the door. */
typedef struct {
    ud_engine_t *engine;
    ud_worker_t *passwords; /* checks them; another than `images`, which must not wait for whoever tries passwords */
    ud_worker_t *images;    /* verifies uploads */
    ud_artifact_store_t *artifacts;
} ud_operator_config_t;

/* Makes the door's state. Takes about 100 ms: one password hash is computed. Errors: UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_operator_create(const ud_operator_config_t *config, ud_operator_t **door);

/* After the last request. NULL is allowed. */
void ud_operator_destroy(ud_operator_t *door);

/* Serves one request whose path begins with "/api/"; ud_exchange_door() must be the ud_operator_t. */
void ud_operator_on_head(ud_exchange_t *exchange);

/* Characters of a generated password with its NUL: four groups of five, 100 bits. */
#define UD_OPERATOR_PASSWORD_SIZE 24

/* Makes account "admin" with a random password if there is no account at all; for start-up, with the engine running. The
 * password is written nowhere else: show it once. `password` is empty when there are accounts already.
 * Errors: UD_ERR_STORAGE, UD_ERR_STORAGE_FULL, UD_ERR_OVERLOADED, UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_operator_first_admin(ud_engine_t *engine, char password[UD_OPERATOR_PASSWORD_SIZE]);

/* Gives account "admin" a new random password and the role of an admin, and ends its sessions; makes it if it is not there.
 * For who has lost the password but has the server's files. Errors: as above.
 */
UD_MUST_USE ud_err_t ud_operator_reset_admin(ud_engine_t *engine, char password[UD_OPERATOR_PASSWORD_SIZE]);

#endif
