/* Who asks: a browser by cookie, a program by bearer token; and whether a page elsewhere made the browser ask.
 *
 * A cookie goes with every request of its browser, wanted or not. So a request that changes something must carry the CSRF
 * value, which only a page of this server can know, and must not name another origin (SameSite=Strict is the third lock).
 */
#ifndef UD_DOOR_OPERATOR_IDENTITY_H
#define UD_DOOR_OPERATOR_IDENTITY_H

#include "core/base/limits.h"
#include "server/io/http.h"

/* Characters of a session token with its NUL: 256 bits in base64url. */
#define UD_OPERATOR_TOKEN_SIZE 44

#define UD_OPERATOR_COOKIE "updraft_session"

/* The token that the request carries and the session it names: SHA-256 of the token. Nothing is asked of the engine yet.
 * With a cookie, a request that changes something must carry the session's CSRF value and no foreign Origin.
 * Errors: UD_ERR_UNAUTHENTICATED (none), UD_ERR_CSRF.
 */
UD_MUST_USE ud_err_t ud_operator_identify(ud_exchange_t *exchange, uint8_t session[UD_SHA256_SIZE]);

/* The CSRF value that goes with a session token: derived from it, so it is stored nowhere and says nothing of it. */
void ud_operator_csrf(const char *token, char csrf[UD_OPERATOR_TOKEN_SIZE]);

/* UD_ERR_CSRF if the request says that it comes from a page of another origin. */
UD_MUST_USE ud_err_t ud_operator_check_origin(ud_exchange_t *exchange);

#endif
