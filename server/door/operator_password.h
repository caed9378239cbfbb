/* Passwords: hashed and checked in a worker, bounded for each source and account (operator_limit.h).
 *
 * A wrong user takes as long, and is told the same, as a wrong password.
 */
#ifndef UD_DOOR_OPERATOR_PASSWORD_H
#define UD_DOOR_OPERATOR_PASSWORD_H

#include "server/door/operator_ask.h"

/* One check. The exchange's context must be a structure that begins with it, in the exchange's arena. */
typedef struct {
    ud_command_t command; /* first: the engine gives it back */
    const char *user;
    const char *password;
    const char *new_password; /* to be hashed when `password` is right; or NULL */
    ud_exchange_fn good;      /* what then */
    ud_exchange_fn wrong;     /* answers otherwise */
    bool is_right;
    size_t place; /* among the checks under way */
    char hash[UD_OPERATOR_HASH_SIZE];
    char new_hash[UD_OPERATOR_HASH_SIZE];
} ud_password_check_t;

/* Checks the password of the exchange's context, whose user, password, good and wrong are set. Calls one of them, or has
 * answered that too many guess, or why not.
 */
void ud_operator_check_password(ud_exchange_t *exchange);

/* As libsodium's argon2id string; takes a tenth of a second. Errors: UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_operator_hash_password(const char *password, char hash[UD_OPERATOR_HASH_SIZE]);

#endif
