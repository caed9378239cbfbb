/* The server's operator API as the verbs use it: one call, JSON in, JSON out (api/openapi.yaml), over libcurl.
 *
 * Every function that can fail has told the user: what happened, with which value, and what to do. Problems of the server
 * come with their own detail and code; a server that cannot be reached with its address and what to check.
 * Redirects are not followed, and the token goes to the server of the session alone.
 */
#ifndef UD_CLI_CLIENT_H
#define UD_CLI_CLIENT_H

#include "cli/session.h"
#include "core/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct ud_client ud_client_t;

/* ---- paths ------------------------------------------------------------------------------------------------------- */

/* A path with its query; what does not fit makes it empty, which no server knows. */
typedef struct {
    char text[2048];
    bool has_query;
} ud_client_path_t;

/* "/devices" and, unless `id` is NULL, "/" and the id, escaped, and then `rest`, or NULL. */
void ud_client_path(ud_client_path_t *path, const char *collection, const char *id, const char *rest);

/* Appends a parameter, escaped; nothing when `value` is NULL. */
void ud_client_path_query(ud_client_path_t *path, const char *name, const char *value);

/* ---- calls ------------------------------------------------------------------------------------------------------- */

/* Opens a client for the session in force. Errors: those of ud_cli_session_load(), UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_client_open(ud_client_t **client);

/* Opens one for `session`, whose token may be empty. Errors: UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_client_open_session(const ud_cli_session_t *session, ud_client_t **client);

/* NULL is allowed. */
void ud_client_close(ud_client_t *client);

/* What the next call sends beside the usual; "Idempotency-Key: abc". Forgotten after it. */
void ud_client_header(ud_client_t *client, const char *line);

/* Whether failures are told to the user (they are, at first); one that tries again wants to tell only the last. */
void ud_client_set_quiet(ud_client_t *client, bool quiet);

/* Asks `method` `path` (behind /api/v1) with a JSON body, whose reference it takes, or NULL. `*answer` is the caller's to
 * json_decref(); NULL for an answer without content. `answer` may be NULL.
 * Errors: the code of the server's problem; UD_ERR_NETWORK, UD_ERR_PROTOCOL (an answer that no updraftd gives).
 */
UD_MUST_USE ud_err_t ud_client_call(ud_client_t *client, const char *method, const char *path, json_t *body,
                                    json_t **answer);

/* Opens a client for one call of this kind and closes it again. Errors: those of both. */
UD_MUST_USE ud_err_t ud_client_ask(const char *method, const char *path, json_t *body, json_t **answer);

/* As ud_client_call(), with a file of `size` bytes as the body, read as it is sent, and a bar on standard error. */
UD_MUST_USE ud_err_t ud_client_upload(ud_client_t *client, const char *path, FILE *file, uint64_t size,
                                      json_t **answer);

/* Status of the last answer; 0 before any. */
int ud_client_status(const ud_client_t *client);

#endif
