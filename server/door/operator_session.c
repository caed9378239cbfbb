/* Signing in and out. A password is checked in a worker; a wrong user takes as long, and is told the same, as a wrong
 * password.
 */
#include "core/crypto/crypto.h"
#include "server/door/operator_handlers.h"
#include "server/door/operator_input.h"
#include "server/door/problem.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A browser's session lasts a working day, a program's token a month. */
#define COOKIE_LIFETIME_S (12 * 3600)
#define BEARER_LIFETIME_S (30 * 24 * 3600)

/* argon2id: 32 MB and three passes, about a tenth of a second; the worker pool bounds how many run at a time. */
#define HASH_PASSES 3
#define HASH_MEMORY_SIZE (32u * 1024u * 1024u)

_Static_assert(UD_OPERATOR_HASH_SIZE >= crypto_pwhash_STRBYTES, "an argon2id string fits");

typedef struct {
    ud_command_t command;
    const char *user;
    const char *password;
    bool bearer;
    bool good;
    size_t place; /* among the checks under way */
    char hash[UD_OPERATOR_HASH_SIZE];
    char token[UD_OPERATOR_TOKEN_SIZE];
} sign_in_t;

static const ud_input_field_t sign_in_fields[] = {
    {"user", UD_INPUT_TEXT, true, offsetof(sign_in_t, user), 1, UD_NAME_SIZE_MAX, NULL},
    {"password", UD_INPUT_TEXT, true, offsetof(sign_in_t, password), 1, UD_PASSWORD_SIZE_MAX, NULL},
    {"bearer", UD_INPUT_BOOL, false, offsetof(sign_in_t, bearer), 0, 0, NULL},
    {.kind = UD_INPUT_END},
};

static uint64_t clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

ud_err_t ud_operator_hash_password(const char *password, char hash[UD_OPERATOR_HASH_SIZE])
{
    char made[crypto_pwhash_STRBYTES];
    if (sodium_init() < 0 || crypto_pwhash_str(made, password, strlen(password), HASH_PASSES, HASH_MEMORY_SIZE) != 0) {
        return UD_ERR_INTERNAL;
    }
    memcpy(hash, made, sizeof made);
    return UD_OK;
}

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
    ud_operator_t *door = ud_exchange_door(exchange);
    if (ud_operator_refused(exchange, command)) {
        return;
    }
    ud_operator_limit_clear(door->limit, sign_in->user, ud_exchange_peer(exchange));
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

static ud_err_t submit(ud_exchange_t *exchange, ud_command_t *command, ud_command_type_t type, ud_engine_done_fn done)
{
    ud_operator_t *door = ud_exchange_door(exchange);
    *command = (ud_command_t){.type = type,
                              .arena = ud_exchange_arena(exchange),
                              .source_address = ud_exchange_peer(exchange),
                              .in = command->in};
    ud_err_t err = ud_engine_submit(door->engine, exchange, command, done);
    if (err != UD_OK) {
        ud_problem_reply(exchange, err, NULL, NULL);
    }
    return err;
}

static void verify_password(void *job)
{
    sign_in_t *sign_in = job;
    sign_in->good = crypto_pwhash_str_verify(sign_in->hash, sign_in->password, strlen(sign_in->password)) == 0;
}

static void leave(ud_exchange_t *exchange)
{
    const sign_in_t *sign_in = ud_exchange_context(exchange);
    ud_operator_t *door = ud_exchange_door(exchange);
    ud_operator_limit_leave(door->limit, sign_in->place);
}

static void password_verified(ud_exchange_t *exchange, void *job)
{
    sign_in_t *sign_in = job;
    leave(exchange);
    if (!sign_in->good) {
        ud_problem_reply(exchange, UD_ERR_UNAUTHENTICATED, NULL, "the user name or the password is wrong");
        return;
    }
    uint8_t secret[32];
    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(sign_in->token, sizeof sign_in->token, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    int64_t lifetime_s = sign_in->bearer ? BEARER_LIFETIME_S : COOKIE_LIFETIME_S;
    ud_session_in_t *session = &sign_in->command.in.session;
    *session = (ud_session_in_t){.account = sign_in->user,
                                 .expires_ms = (int64_t)clock_ms(CLOCK_REALTIME) + lifetime_s * 1000};
    ud_sha256(sign_in->token, strlen(sign_in->token), session->session);
    (void)submit(exchange, &sign_in->command, UD_COMMAND_SESSION_CREATE, session_made);
}

static void account_found(ud_exchange_t *exchange, ud_command_t *command)
{
    sign_in_t *sign_in = ud_exchange_context(exchange);
    ud_operator_t *door = ud_exchange_door(exchange);
    bool known = command->err == UD_OK && command->out.account.password_hash != NULL;
    if (!known && command->err != UD_OK && command->err != UD_ERR_NOT_FOUND) {
        leave(exchange);
        ud_problem_command(exchange, command);
        return;
    }
    snprintf(sign_in->hash, sizeof sign_in->hash, "%s", known ? command->out.account.password_hash : door->nobody_hash);
    ud_err_t err = ud_worker_submit(door->passwords, exchange, verify_password, password_verified, sign_in);
    if (err != UD_OK) {
        leave(exchange);
        ud_problem_reply(exchange, err, NULL, NULL);
    }
}

/* True: a check may begin, its place is taken. Otherwise the request was answered. */
static bool may_check(ud_exchange_t *exchange, sign_in_t *sign_in)
{
    ud_operator_t *door = ud_exchange_door(exchange);
    const char *peer = ud_exchange_peer(exchange);
    ud_err_t err = ud_operator_limit_enter(door->limit, sign_in->user, peer, &sign_in->place);
    if (err != UD_OK) {
        ud_problem_retry(exchange, err, 1, "too many sign-ins of this address or account are under way");
        return false;
    }
    uint32_t wait_ms = ud_operator_limit_begin(door->limit, sign_in->user, peer, clock_ms(CLOCK_MONOTONIC));
    if (wait_ms > 0) {
        uint32_t wait_s = (wait_ms + 999) / 1000;
        leave(exchange);
        ud_problem_retry(exchange, UD_ERR_TOO_MANY, wait_s, "too many sign-ins failed; try again in %u s", wait_s);
        return false;
    }
    return true;
}

static void sign_in_body(ud_exchange_t *exchange)
{
    sign_in_t *sign_in = ud_arena_alloc(ud_exchange_arena(exchange), sizeof *sign_in);
    if (sign_in == NULL || !ud_input_body(exchange, sign_in_fields, sign_in)) {
        return;
    }
    ud_exchange_set_context(exchange, sign_in);
    if (!may_check(exchange, sign_in)) {
        return;
    }
    sign_in->command.in.account_name = sign_in->user;
    if (submit(exchange, &sign_in->command, UD_COMMAND_ACCOUNT_GET, account_found) != UD_OK) {
        leave(exchange);
    }
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

ud_err_t ud_operator_first_admin(ud_engine_t *engine, char password[UD_OPERATOR_PASSWORD_SIZE])
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
    ud_command_t command = {.type = UD_COMMAND_ACCOUNT_CREATE, .arena = arena};
    command.in.account =
        (ud_account_in_t){.name = "admin", .password_hash = hash, .role = UD_ROLE_ADMIN, .only_if_none = true};
    ud_err_t err = ud_engine_call(engine, &command);
    err = err == UD_OK ? command.err : err;
    ud_arena_destroy(arena);
    snprintf(password, UD_OPERATOR_PASSWORD_SIZE, "%s", err == UD_OK ? made : "");
    return err == UD_ERR_EXISTS ? UD_OK : err;
}
