#include "server/door/operator_ask.h"

#include "server/door/operator_input.h"
#include "server/door/problem.h"

#include <stdlib.h>
#include <string.h>

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

static void allowed(ud_exchange_t *exchange, ud_command_t *command)
{
    const ud_operator_ask_t *ask = ud_exchange_context(exchange);
    if (!ud_operator_refused(exchange, command)) {
        ud_exchange_collect(exchange, UD_OPERATOR_BODY_SIZE_MAX, ask->then);
    }
}

void ud_operator_collect(ud_exchange_t *exchange, ud_command_type_t type, int status, const ud_json_field_t *fields,
                         ud_exchange_fn then)
{
    ud_operator_ask_t *ask = ud_operator_ask(exchange, type, status, fields);
    if (ask == NULL || !ud_input_query_names(exchange, NULL)) {
        return;
    }
    ud_operator_ask_t *check = ud_operator_ask(exchange, UD_COMMAND_SESSION_CHECK, 200, NULL);
    if (check != NULL) {
        ask->then = then;
        ud_exchange_set_context(exchange, ask);
        check->command.in.session.may = type;
        ud_operator_send(exchange, check, allowed);
    }
}

/* "there is no rollout 99": every path with a parameter is /api/v1/<kind>s/<name>... */
static void refuse_unknown(ud_exchange_t *exchange, const char *name)
{
    const char *kind = ud_exchange_path(exchange) + strlen("/api/v1/");
    ud_problem_reply(exchange, UD_ERR_NOT_FOUND, NULL, "there is no %.*s %s", (int)strcspn(kind, "/") - 1, kind, name);
}

bool ud_operator_refused(ud_exchange_t *exchange, const ud_command_t *command)
{
    const char *name = ud_exchange_param(exchange, 0);
    if (command->err == UD_ERR_NOT_FOUND && command->detail == NULL && name[0] != '\0') {
        refuse_unknown(exchange, name);
    } else if (command->err != UD_OK) {
        ud_problem_command(exchange, command);
    } else {
        ud_exchange_vouch(exchange);
    }
    return command->err != UD_OK;
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
