/* Signing in and out, another password, and the first account. */
#include "core/crypto/crypto.h"
#include "server/door/operator_handlers.h"
#include "server/door/operator_input.h"
#include "server/door/operator_password.h"
#include "server/door/problem.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A browser's session lasts a working day, a program's token a month. */
#define COOKIE_LIFETIME_S (12 * 3600)
#define BEARER_LIFETIME_S (30 * 24 * 3600)

typedef struct {
    ud_password_check_t check; /* first */
    ud_operator_ask_t ask;     /* SESSION_CREATE */
    bool bearer;
    char token[UD_OPERATOR_TOKEN_SIZE];
} sign_in_t;

static const ud_input_field_t sign_in_fields[] = {
    {"user", UD_INPUT_TEXT, true, offsetof(sign_in_t, check.user), 1, UD_NAME_SIZE_MAX, NULL},
    {"password", UD_INPUT_TEXT, true, offsetof(sign_in_t, check.password), 1, UD_PASSWORD_SIZE_MAX, NULL},
    {"bearer", UD_INPUT_BOOL, false, offsetof(sign_in_t, bearer), 0, 0, NULL},
    {.kind = UD_INPUT_END},
};

/* ---- the answer -------------------------------------------------------------------------------------------------- */

static void set_cookie(ud_exchange_t *exchange, const char *token, int lifetime_s)
{
    char cookie[160];
    snprintf(cookie, sizeof cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d", UD_OPERATOR_COOKIE, token,
             lifetime_s);
    ud_exchange_reply_header(exchange, "Set-Cookie", cookie);
}

static void set_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_string(text));
}

static void session_made(ud_exchange_t *exchange, ud_command_t *command)
{
    sign_in_t *sign_in = ud_exchange_context(exchange);
    if (ud_operator_refused(exchange, command)) {
        return;
    }
    json_t *answer = ud_operator_json(ud_json_session, &command->out.session);
    if (sign_in->bearer) {
        set_text(answer, "token", sign_in->token);
    } else {
        char csrf[UD_OPERATOR_TOKEN_SIZE];
        ud_operator_csrf(sign_in->token, csrf);
        set_text(answer, "csrf", csrf);
        set_cookie(exchange, sign_in->token, COOKIE_LIFETIME_S);
    }
    ud_operator_reply(exchange, 200, answer);
}

/* ---- the password ------------------------------------------------------------------------------------------------ */

static void refuse(ud_exchange_t *exchange)
{
    ud_problem_reply(exchange, UD_ERR_UNAUTHENTICATED, NULL, "the user name or the password is wrong");
}

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + (int64_t)now.tv_nsec / 1000000;
}

static void make_session(ud_exchange_t *exchange)
{
    sign_in_t *sign_in = ud_exchange_context(exchange);
    uint8_t secret[32];
    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(sign_in->token, sizeof sign_in->token, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    int64_t lifetime_s = sign_in->bearer ? BEARER_LIFETIME_S : COOKIE_LIFETIME_S;
    ud_command_t *command = &sign_in->ask.command;
    *command = (ud_command_t){.type = UD_COMMAND_SESSION_CREATE,
                              .arena = ud_exchange_arena(exchange),
                              .source_address = ud_exchange_peer(exchange)};
    command->in.session =
        (ud_session_in_t){.account = sign_in->check.user, .expires_ms = wall_ms() + lifetime_s * 1000};
    ud_sha256(sign_in->token, strlen(sign_in->token), command->in.session.session);
    ud_operator_send(exchange, &sign_in->ask, session_made);
}

static void sign_in_body(ud_exchange_t *exchange)
{
    sign_in_t *sign_in = ud_arena_alloc(ud_exchange_arena(exchange), sizeof *sign_in);
    if (sign_in == NULL || !ud_input_body(exchange, sign_in_fields, sign_in)) {
        return;
    }
    ud_exchange_set_context(exchange, sign_in);
    sign_in->check.good = make_session;
    sign_in->check.wrong = refuse;
    ud_operator_check_password(exchange);
}

/* ---- another password -------------------------------------------------------------------------------------------- */

typedef struct {
    ud_password_check_t check; /* first */
    ud_operator_ask_t *ask;    /* PASSWORD_SET */
} change_t;

static const ud_input_field_t change_fields[] = {
    {"password", UD_INPUT_TEXT, true, offsetof(change_t, check.password), 1, UD_PASSWORD_SIZE_MAX, NULL},
    {"new_password", UD_INPUT_TEXT, true, offsetof(change_t, check.new_password), UD_PASSWORD_SIZE_MIN,
     UD_PASSWORD_SIZE_MAX, NULL},
    {.kind = UD_INPUT_END},
};

static void password_set(ud_exchange_t *exchange, ud_command_t *command)
{
    if (!ud_operator_refused(exchange, command)) {
        ud_exchange_reply(exchange, 204, NULL, NULL, 0);
    }
}

static void set_password(ud_exchange_t *exchange)
{
    change_t *change = ud_exchange_context(exchange);
    change->ask->command.in.password_hash = change->check.new_hash;
    ud_operator_send(exchange, change->ask, password_set);
}

/* The session is good, so that this is no 401: whoever asks need not sign in again. */
static void refuse_change(ud_exchange_t *exchange)
{
    ud_problem_reply(exchange, UD_ERR_INVALID_ARGUMENT, "password", "the present password is wrong; nothing changed");
}

static void changer_found(ud_exchange_t *exchange, ud_command_t *command)
{
    change_t *change = ud_exchange_context(exchange);
    if (!ud_operator_refused(exchange, command)) {
        change->check.user = command->out.session.account;
        ud_operator_check_password(exchange);
    }
}

static void change_body(ud_exchange_t *exchange)
{
    ud_operator_ask_t *ask = ud_exchange_context(exchange);
    change_t *change = ud_arena_alloc(ud_exchange_arena(exchange), sizeof *change);
    if (change == NULL || !ud_input_body(exchange, change_fields, change)) {
        return;
    }
    change->ask = ask;
    change->check.good = set_password;
    change->check.wrong = refuse_change;
    ud_exchange_set_context(exchange, change);
    ud_operator_ask_t *who = ud_operator_ask(exchange, UD_COMMAND_SESSION_CHECK, 200, NULL);
    if (who != NULL) {
        ud_operator_send(exchange, who, changer_found);
    }
}

void ud_operator_change_password(ud_exchange_t *exchange)
{
    ud_operator_collect(exchange, UD_COMMAND_PASSWORD_SET, 204, NULL, change_body);
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

void ud_operator_sign_in(ud_exchange_t *exchange)
{
    ud_err_t err = ud_operator_check_origin(exchange);
    if (err != UD_OK) {
        ud_problem_reply(exchange, err, NULL, "the page that asks is of another origin");
        return;
    }
    if (ud_input_query_names(exchange, NULL)) {
        ud_exchange_collect(exchange, UD_OPERATOR_BODY_SIZE_MAX, sign_in_body);
    }
}

static void signed_out(ud_exchange_t *exchange, ud_command_t *command)
{
    if (!ud_operator_refused(exchange, command)) {
        set_cookie(exchange, "", 0);
        ud_exchange_reply(exchange, 204, NULL, NULL, 0);
    }
}

void ud_operator_sign_out(ud_exchange_t *exchange)
{
    ud_operator_ask_t *ask = ud_operator_ask(exchange, UD_COMMAND_SESSION_END, 204, NULL);
    if (ask != NULL && ud_input_query_names(exchange, NULL)) {
        ud_operator_send(exchange, ask, signed_out);
    }
}

static void session_found(ud_exchange_t *exchange, ud_command_t *command)
{
    if (ud_operator_refused(exchange, command)) {
        return;
    }
    json_t *answer = ud_operator_json(ud_json_session, &command->out.session);
    const char *token = ud_exchange_cookie(exchange, UD_OPERATOR_COOKIE);
    if (token != NULL && ud_exchange_bearer(exchange) == NULL) {
        char csrf[UD_OPERATOR_TOKEN_SIZE];
        ud_operator_csrf(token, csrf);
        set_text(answer, "csrf", csrf);
    }
    ud_operator_reply(exchange, 200, answer);
}

void ud_operator_get_me(ud_exchange_t *exchange)
{
    ud_operator_ask_t *ask = ud_operator_ask(exchange, UD_COMMAND_SESSION_CHECK, 200, ud_json_session);
    if (ask != NULL && ud_input_query_names(exchange, NULL)) {
        ud_operator_send(exchange, ask, session_found);
    }
}

/* ---- the first account ------------------------------------------------------------------------------------------- */

/* Letters and digits that are not mistaken for each other: 32 of them, so each stands for 5 random bits. */
static void make_password(char password[UD_OPERATOR_PASSWORD_SIZE])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789A";
    uint8_t random[UD_OPERATOR_PASSWORD_SIZE];
    randombytes_buf(random, sizeof random);
    for (size_t index = 0; index < UD_OPERATOR_PASSWORD_SIZE - 1; index++) {
        password[index] = index % 6 == 5 ? '-' : letters[random[index] % 32];
    }
    password[UD_OPERATOR_PASSWORD_SIZE - 1] = '\0';
}

/* Makes a password and has `type` give it to "admin"; `password` is written when that was done. */
static ud_err_t give_password(ud_engine_t *engine, ud_command_type_t type, char password[UD_OPERATOR_PASSWORD_SIZE])
{
    char made[UD_OPERATOR_PASSWORD_SIZE];
    char hash[UD_OPERATOR_HASH_SIZE];
    if (sodium_init() < 0) {
        return UD_ERR_INTERNAL;
    }
    make_password(made);
    UD_TRY(ud_operator_hash_password(made, hash));
    ud_arena_t *arena = ud_arena_create(65536);
    if (arena == NULL) {
        return UD_ERR_INTERNAL;
    }
    ud_command_t command = {.type = type, .arena = arena};
    command.in.account = (ud_account_in_t){.name = "admin",
                                           .password_hash = hash,
                                           .role = UD_ROLE_ADMIN,
                                           .only_if_none = type == UD_COMMAND_ACCOUNT_CREATE};
    ud_err_t err = ud_engine_call(engine, &command);
    err = err == UD_OK ? command.err : err;
    ud_arena_destroy(arena);
    snprintf(password, UD_OPERATOR_PASSWORD_SIZE, "%s", err == UD_OK ? made : "");
    return err;
}

ud_err_t ud_operator_first_admin(ud_engine_t *engine, char password[UD_OPERATOR_PASSWORD_SIZE])
{
    ud_err_t err = give_password(engine, UD_COMMAND_ACCOUNT_CREATE, password);
    return err == UD_ERR_EXISTS ? UD_OK : err;
}

ud_err_t ud_operator_reset_admin(ud_engine_t *engine, char password[UD_OPERATOR_PASSWORD_SIZE])
{
    return give_password(engine, UD_COMMAND_ACCOUNT_RESET, password);
}
