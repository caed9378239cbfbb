/* Who is signed in where: $XDG_CONFIG_HOME/updraft/session.json (or ~/.config/...), readable by its owner alone.
 *
 * UPDRAFT_SERVER and UPDRAFT_TOKEN, when set, come first: programs need no file. A token in the file is only ever sent to
 * the server it was made for.
 */
#ifndef UD_CLI_SESSION_H
#define UD_CLI_SESSION_H

#include "core/base/err.h"

#define UD_CLI_SERVER_SIZE_MAX 256
#define UD_CLI_TOKEN_SIZE_MAX 256

typedef struct {
    char server[UD_CLI_SERVER_SIZE_MAX]; /* "http://127.0.0.1:8481", without a slash at the end */
    char token[UD_CLI_TOKEN_SIZE_MAX];   /* empty before the sign-in */
} ud_cli_session_t;

/* Checks an address and takes it over without slashes at its end. The user has been told about an error.
 * Errors: UD_ERR_INVALID_ARGUMENT.
 */
UD_MUST_USE ud_err_t ud_cli_session_set_server(ud_cli_session_t *session, const char *address);

/* Reads the session in force. The user has been told about an error.
 * Errors: UD_ERR_UNAUTHENTICATED (nobody signed in), UD_ERR_FILE_READ, UD_ERR_MALFORMED (the file), UD_ERR_INVALID_ARGUMENT
 * (UPDRAFT_SERVER).
 */
UD_MUST_USE ud_err_t ud_cli_session_load(ud_cli_session_t *session);

/* Keeps a session for the next calls. The user has been told about an error. Errors: UD_ERR_FILE_WRITE. */
UD_MUST_USE ud_err_t ud_cli_session_save(const ud_cli_session_t *session);

/* Forgets it; one that is not there is forgotten already. Errors: UD_ERR_FILE_WRITE, told to the user. */
UD_MUST_USE ud_err_t ud_cli_session_remove(void);

#endif
