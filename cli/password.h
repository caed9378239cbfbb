/* Passwords at the terminal. */
#ifndef UD_CLI_PASSWORD_H
#define UD_CLI_PASSWORD_H

#include "core/base/err.h"

#include <stdbool.h>

/* Characters of a password with its NUL. */
#define UD_CLI_PASSWORD_SIZE 257

/* Reads a password: from the terminal itself, so that a redirected standard input or output does not matter, showing
 * `prompt` and nothing else; or with `from_stdin` the next line of standard input. The user has been told about an error.
 * Errors: UD_ERR_INVALID_ARGUMENT.
 */
UD_MUST_USE ud_err_t ud_cli_read_password(bool from_stdin, const char *prompt, char password[UD_CLI_PASSWORD_SIZE]);

/* The terminal's part of it, for any secret: `what` it is, and what to do `otherwise` where there is no terminal, complete
 * the message about that. Errors: UD_ERR_INVALID_ARGUMENT.
 */
UD_MUST_USE ud_err_t ud_cli_ask_terminal(const char *prompt, const char *what, const char *otherwise,
                                         char password[UD_CLI_PASSWORD_SIZE]);

#endif
