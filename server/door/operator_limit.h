/* How often a password may be guessed, and how many are checked at a time: per account and address, in RAM.
 *
 * A check takes a tenth of a second of a processor, and anybody may ask for one. So each source and each account has only
 * few under way (server/domain/limits.h): whoever floods the door from one address waits for himself, others pass.
 *
 * The first UD_SIGN_IN_FREE_COUNT wrong guesses cost nothing; from then on each doubles the wait, from a second up to
 * UD_SIGN_IN_WAIT_MS_MAX. A right password forgets them, as does an hour of peace. An attempt counts from its
 * beginning, so that many at once do not slip through. The table is small and of fixed size: when it is full, the oldest
 * entry makes room, which costs an attacker more addresses than it gains guesses.
 */
#ifndef UD_DOOR_OPERATOR_LIMIT_H
#define UD_DOOR_OPERATOR_LIMIT_H

#include "server/domain/limits.h"

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

typedef struct ud_operator_limit ud_operator_limit_t;

/* Makes an empty table; NULL when memory is short. All functions may be called from any thread. */
ud_operator_limit_t *ud_operator_limit_create(void);
void ud_operator_limit_destroy(ud_operator_limit_t *limit);

/* Takes a place for one check; `*place` names it. Errors: UD_ERR_TOO_MANY (this source or account has all of its own),
 * UD_ERR_OVERLOADED (all are taken).
 */
UD_MUST_USE ud_err_t ud_operator_limit_enter(ud_operator_limit_t *limit, const char *account, const char *address,
                                             size_t *place);

/* Gives the place back. */
void ud_operator_limit_leave(ud_operator_limit_t *limit, size_t place);

/* Begins an attempt at `now_ms` (monotonic). 0: go on; otherwise milliseconds to wait, and nothing was counted. */
uint32_t ud_operator_limit_begin(ud_operator_limit_t *limit, const char *account, const char *address, uint64_t now_ms);

/* The attempt was good: all of this pair's are forgotten. */
void ud_operator_limit_clear(ud_operator_limit_t *limit, const char *account, const char *address);

#endif
