#include "server/door/operator_ask.h"

#include "core/crypto/crypto.h"
#include "server/door/problem.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CSRF_PREFIX "updraft csrf "

_Static_assert(UD_OPERATOR_TOKEN_SIZE == sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
               "a token is 32 bytes in base64url");

/* ---- who asks --------------------------------------------------------------------------------------------------- */

void ud_operator_csrf(const char *token, char csrf[UD_OPERATOR_TOKEN_SIZE])
{
    uint8_t digest[UD_SHA256_SIZE];
    ud_sha256_t hash;
    ud_sha256_init(&hash);
    ud_sha256_update(&hash, CSRF_PREFIX, sizeof CSRF_PREFIX - 1);
    ud_sha256_update(&hash, token, strlen(token));
    ud_sha256_final(&hash, digest);
    sodium_bin2base64(csrf, UD_OPERATOR_TOKEN_SIZE, digest, sizeof digest, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool changes_something(const ud_exchange_t *exchange)
{
    const char *method = ud_exchange_method(exchange);
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

ud_err_t ud_operator_check_origin(ud_exchange_t *exchange)
{
    const char *origin = ud_exchange_header(exchange, "origin");
    const char *host = ud_exchange_header(exchange, "host");
    if (origin == NULL) {
        return UD_OK;
    }
    const char *authority = strstr(origin, "://");
    return authority != NULL && host != NULL && strcmp(authority + 3, host) == 0 ? UD_OK : UD_ERR_CSRF;
}

static ud_err_t check_csrf(ud_exchange_t *exchange, const char *token)
{
    char wanted[UD_OPERATOR_TOKEN_SIZE];
    const char *given = ud_exchange_header(exchange, "x-csrf-token");
    ud_operator_csrf(token, wanted);
    if (given == NULL || strlen(given) != sizeof wanted - 1 ||
        ud_crypto_equal(given, wanted, sizeof wanted - 1) != UD_VERDICT_VALID) {
        return UD_ERR_CSRF;
    }
    return ud_operator_check_origin(exchange);
}

ud_err_t ud_operator_identify(ud_exchange_t *exchange, uint8_t session[UD_SHA256_SIZE])
{
    const char *bearer = ud_exchange_bearer(exchange);
    const char *token = bearer != NULL ? bearer : ud_exchange_cookie(exchange, UD_OPERATOR_COOKIE);
    if (token == NULL) {
        return UD_ERR_UNAUTHENTICATED;
    }
    if (bearer == NULL && changes_something(exchange)) {
        UD_TRY(check_csrf(exchange, token));
    }
    ud_sha256(token, strlen(token), session);
    return UD_OK;
}

/* ---- one command ------------------------------------------------------------------------------------------------ */

ud_operator_ask_t *ud_operator_ask(ud_exchange_t *exchange, ud_command_type_t type, int status,
                                   const ud_json_field_t *fields)
{
    ud_arena_t *arena = ud_exchange_arena(exchange);
    ud_operator_ask_t *ask = ud_arena_alloc(arena, sizeof *ask);
    if (ask == NULL) {
        ud_problem_reply(exchange, UD_ERR_OVERLOADED, NULL, NULL);
        return NULL;
    }
    ud_err_t err = ud_operator_identify(exchange, ask->command.session);
    if (err != UD_OK) {
        ud_problem_reply(exchange, err, NULL, NULL);
        return NULL;
    }
    ask->command.type = type;
    ask->command.arena = arena;
    ask->command.source_address = ud_exchange_peer(exchange);
    ask->status = status;
    ask->fields = fields;
    return ask;
}

void ud_operator_collect(ud_exchange_t *exchange, ud_command_type_t type, int status, const ud_json_field_t *fields,
                         ud_exchange_fn then)
{
    ud_operator_ask_t *ask = ud_operator_ask(exchange, type, status, fields);
    if (ask != NULL) {
        ud_exchange_set_context(exchange, ask);
        ud_exchange_collect(exchange, UD_OPERATOR_BODY_SIZE_MAX, then);
    }
}

bool ud_operator_refused(ud_exchange_t *exchange, const ud_command_t *command)
{
    if (command->err != UD_OK) {
        ud_problem_command(exchange, command);
        return true;
    }
    return false;
}

void ud_operator_reply(ud_exchange_t *exchange, int status, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    if (text == NULL) {
        ud_problem_reply(exchange, UD_ERR_OVERLOADED, NULL, NULL);
        return;
    }
    ud_exchange_reply_header(exchange, "Cache-Control", "no-store");
    ud_exchange_reply(exchange, status, "application/json", text, strlen(text));
    free(text);
}

static void answer_view(ud_exchange_t *exchange, ud_command_t *command)
{
    const ud_operator_ask_t *ask = (const ud_operator_ask_t *)(const void *)command;
    if (!ud_operator_refused(exchange, command)) {
        ud_operator_reply(exchange, ask->status, ud_operator_json(ask->fields, &command->out));
    }
}

void ud_operator_send(ud_exchange_t *exchange, ud_operator_ask_t *ask, ud_engine_done_fn done)
{
    ud_operator_t *door = ud_exchange_door(exchange);
    ud_err_t err = ud_engine_submit(door->engine, exchange, &ask->command, done != NULL ? done : answer_view);
    if (err != UD_OK) {
        ud_problem_reply(exchange, err, NULL, NULL);
    }
}
