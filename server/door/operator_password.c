#include "server/door/operator_password.h"

#include "server/door/problem.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* argon2id: 32 MB and three passes, about a tenth of a second; the worker pool bounds how many run at a time. */
#define HASH_PASSES 3
#define HASH_MEMORY_SIZE (32u * 1024u * 1024u)

_Static_assert(UD_OPERATOR_HASH_SIZE >= crypto_pwhash_STRBYTES, "an argon2id string fits");

ud_err_t ud_operator_hash_password(const char *password, char hash[UD_OPERATOR_HASH_SIZE])
{
    char made[crypto_pwhash_STRBYTES];
    if (sodium_init() < 0 || crypto_pwhash_str(made, password, strlen(password), HASH_PASSES, HASH_MEMORY_SIZE) != 0) {
        return UD_ERR_INTERNAL;
    }
    memcpy(hash, made, sizeof made);
    return UD_OK;
}

static void leave(ud_exchange_t *exchange)
{
    const ud_password_check_t *check = ud_exchange_context(exchange);
    ud_operator_t *door = ud_exchange_door(exchange);
    ud_operator_limit_leave(door->limit, check->place);
}

static void verify(void *job)
{
    ud_password_check_t *check = job;
    check->is_right = crypto_pwhash_str_verify(check->hash, check->password, strlen(check->password)) == 0;
    if (check->is_right && check->new_password != NULL &&
        ud_operator_hash_password(check->new_password, check->new_hash) != UD_OK) {
        check->new_hash[0] = '\0';
    }
}

static void verified(ud_exchange_t *exchange, void *job)
{
    const ud_password_check_t *check = job;
    ud_operator_t *door = ud_exchange_door(exchange);
    leave(exchange);
    if (!check->is_right) {
        check->wrong(exchange);
    } else if (check->new_password != NULL && check->new_hash[0] == '\0') {
        ud_problem_reply(exchange, UD_ERR_OVERLOADED, NULL, NULL); /* no memory for the hash */
    } else {
        ud_operator_limit_clear(door->limit, check->user, ud_exchange_peer(exchange));
        check->good(exchange);
    }
}

static void account_found(ud_exchange_t *exchange, ud_command_t *command)
{
    ud_password_check_t *check = ud_exchange_context(exchange);
    ud_operator_t *door = ud_exchange_door(exchange);
    bool known = command->err == UD_OK && command->out.account.password_hash != NULL;
    if (!known && command->err != UD_OK && command->err != UD_ERR_NOT_FOUND) {
        leave(exchange);
        ud_problem_command(exchange, command);
        return;
    }
    snprintf(check->hash, sizeof check->hash, "%s", known ? command->out.account.password_hash : door->nobody_hash);
    ud_err_t err = ud_worker_submit(door->passwords, exchange, verify, verified, check);
    if (err != UD_OK) {
        leave(exchange);
        ud_problem_reply(exchange, err, NULL, NULL);
    }
}

static uint64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* True: a check may begin, its place is taken. Otherwise the request was answered. */
static bool may_check(ud_exchange_t *exchange, ud_password_check_t *check)
{
    ud_operator_t *door = ud_exchange_door(exchange);
    const char *peer = ud_exchange_peer(exchange);
    ud_err_t err = ud_operator_limit_enter(door->limit, check->user, peer, &check->place);
    if (err != UD_OK) {
        ud_problem_retry(exchange, err, 1, "too many sign-ins of this address or account are under way");
        return false;
    }
    uint32_t wait_ms = ud_operator_limit_begin(door->limit, check->user, peer, monotonic_ms());
    if (wait_ms > 0) {
        uint32_t wait_s = (wait_ms + 999) / 1000;
        leave(exchange);
        ud_problem_retry(exchange, UD_ERR_TOO_MANY, wait_s, "too many sign-ins failed; try again in %u s", wait_s);
        return false;
    }
    return true;
}

void ud_operator_check_password(ud_exchange_t *exchange)
{
    ud_password_check_t *check = ud_exchange_context(exchange);
    ud_operator_t *door = ud_exchange_door(exchange);
    if (!may_check(exchange, check)) {
        return;
    }
    check->command = (ud_command_t){.type = UD_COMMAND_ACCOUNT_GET,
                                    .arena = ud_exchange_arena(exchange),
                                    .source_address = ud_exchange_peer(exchange),
                                    .in.account_name = check->user};
    ud_err_t err = ud_engine_submit(door->engine, exchange, &check->command, account_found);
    if (err != UD_OK) {
        leave(exchange);
        ud_problem_reply(exchange, err, NULL, NULL);
    }
}
