/* Problems: every error a door answers with, as application/problem+json (RFC 9457) with a stable code.
 *
 *     {"type":"urn:updraft:error:claim_key_unknown","title":"The claim key is not known; ...","status":401,
 *      "code":"claim_key_unknown","detail":"...","field":"claim_key","request":"7f3a-12c9"}
 *
 * The same for people and devices, whatever content type they asked for: a device needs the status alone, and one form of
 * errors is one less to get wrong. Each is logged with its request.
 */
#ifndef UD_DOOR_PROBLEM_H
#define UD_DOOR_PROBLEM_H

#include "server/domain/command.h"
#include "server/io/http.h"

/* Answers with `err`: status and title from api/errors.def; `field` names the offending field or is NULL; `format` is a
 * detail for people with values, printf-like, or NULL. Adds WWW-Authenticate to 401, and to 429 and 503 a Retry-After of
 * 1 to UD_PROBLEM_RETRY_S_MAX seconds, drawn evenly so that a fleet does not come back all at once.
 */
void ud_problem_reply(ud_exchange_t *exchange, ud_err_t err, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same, but Retry-After is `retry_s`: when the caller knows how long the wait is. */
void ud_problem_retry(ud_exchange_t *exchange, ud_err_t err, uint32_t retry_s, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same with err, field and detail of a command that failed. */
void ud_problem_command(ud_exchange_t *exchange, const ud_command_t *command);

/* The same with a status of its own, for errors below the doors (408, 414, 431, ...). */
void ud_problem_status(ud_exchange_t *exchange, int status, ud_err_t err, const char *detail);

#endif
