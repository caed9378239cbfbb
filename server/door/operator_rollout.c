/* Rollouts: started by release id or version, listed, and stopped or resumed by a person. */
#include "core/base/utf8.h"
#include "server/door/operator_handlers.h"
#include "server/door/operator_input.h"
#include "server/door/problem.h"

#include <stdio.h>
#include <string.h>

#define PROGRESS_TIMEOUT_S_MIN 10

/* ---- start ------------------------------------------------------------------------------------------------------- */

static const ud_input_field_t plan_fields[] = {
    {"release", UD_INPUT_TEXT, true, offsetof(ud_rollout_in_t, release_id), 1, UD_VERSION_TEXT_SIZE_MAX, NULL},
    {"group", UD_INPUT_NAME, false, offsetof(ud_rollout_in_t, group), 1, UD_NAME_SIZE_MAX, NULL},
    {"batches", UD_INPUT_BATCHES, false, 0, 0, 0, NULL},
    {"failure_limit_percent", UD_INPUT_NUMBER, false, offsetof(ud_rollout_in_t, failure_limit_percent), 0, 100, NULL},
    {"min_sample", UD_INPUT_U32, false, offsetof(ud_rollout_in_t, min_sample), 0, UINT32_MAX, NULL},
    {"success_percent", UD_INPUT_NUMBER, false, offsetof(ud_rollout_in_t, success_percent), 0, 100, NULL},
    {"soak_s", UD_INPUT_U32, false, offsetof(ud_rollout_in_t, soak_s), 0, UD_PLAN_SECONDS_MAX, NULL},
    {"concurrency_max", UD_INPUT_U32, false, offsetof(ud_rollout_in_t, concurrency_max), 0, UINT32_MAX, NULL},
    {"retries_max", UD_INPUT_U32, false, offsetof(ud_rollout_in_t, retries_max), 0, UD_RETRIES_MAX, NULL},
    {"progress_timeout_s", UD_INPUT_U32, false, offsetof(ud_rollout_in_t, progress_timeout_s), PROGRESS_TIMEOUT_S_MIN,
     UD_PLAN_SECONDS_MAX, NULL},
    {"forced", UD_INPUT_BOOL, false, offsetof(ud_rollout_in_t, forced), 0, 0, NULL},
    {"rollback", UD_INPUT_BOOL, false, offsetof(ud_rollout_in_t, rollback), 0, 0, NULL},
    {.kind = UD_INPUT_END},
};

/* api/openapi.yaml: a canary first, each batch larger than the one before, the rest last. */
static const ud_rollout_in_t default_plan = {
    .plans = {{.percent = 1}, {.percent = 5}, {.percent = 20}, {.percent = 30}},
    .plan_count = 4,
    .failure_limit_percent = 2,
    .success_percent = 95,
    .retries_max = 2,
    .progress_timeout_s = 3600,
};

/* When several hardware ids have a release of that version, the person must say which. */
static void releases_listed(ud_exchange_t *exchange, ud_command_t *command)
{
    ud_operator_ask_t *ask = ud_exchange_context(exchange);
    ud_rollout_in_t *plan = &ask->command.in.rollout;
    const ud_release_page_t *page = &command->out.releases;
    if (ud_operator_refused(exchange, command)) {
        return;
    }
    if (page->total > 1) {
        ud_problem_reply(exchange, UD_ERR_CONFLICT, "release", "several releases have version %s; name one by its id",
                         plan->release_id);
    } else if (page->total == 0) {
        ud_problem_reply(exchange, UD_ERR_NOT_FOUND, "release", "no release has the id or version %s",
                         plan->release_id);
    } else {
        plan->release_id = page->items[0].id;
        ud_operator_send(exchange, ask, NULL);
    }
}

static bool is_release_id(const char *text)
{
    size_t digits = strncmp(text, "F-", 2) == 0 ? strspn(text + 2, "0123456789") : 0;
    return digits > 0 && text[2 + digits] == '\0';
}

static void start_body(ud_exchange_t *exchange)
{
    ud_operator_ask_t *ask = ud_exchange_context(exchange);
    ud_rollout_in_t *plan = &ask->command.in.rollout;
    *plan = default_plan;
    plan->idempotency_key = ud_exchange_header(exchange, "idempotency-key");
    size_t key_size = plan->idempotency_key != NULL ? strlen(plan->idempotency_key) : 0;
    if (key_size > UD_IDEMPOTENCY_KEY_SIZE_MAX || (key_size > 0 && !ud_utf8_is_text(plan->idempotency_key, key_size))) {
        ud_problem_reply(exchange, UD_ERR_INVALID_ARGUMENT, "Idempotency-Key", "it may be text of at most %d bytes",
                         UD_IDEMPOTENCY_KEY_SIZE_MAX);
        return;
    }
    if (!ud_input_body(exchange, plan_fields, plan)) {
        return;
    }
    if (is_release_id(plan->release_id)) {
        ud_operator_send(exchange, ask, NULL);
        return;
    }
    ud_operator_ask_t *list = ud_operator_ask(exchange, UD_COMMAND_QUERY_RELEASES, 200, ud_json_release_page);
    if (list != NULL) {
        list->command.in.list = (ud_list_in_t){.limit = 1, .version = plan->release_id};
        ud_operator_send(exchange, list, releases_listed);
    }
}

void ud_operator_start_rollout(ud_exchange_t *exchange)
{
    ud_operator_collect(exchange, UD_COMMAND_ROLLOUT_CREATE, 201, ud_json_rollout, start_body);
}

/* ---- pause, resume, halt ----------------------------------------------------------------------------------------- */

static const ud_input_field_t act_fields[] = {
    {"reason", UD_INPUT_TEXT, false, offsetof(ud_rollout_act_in_t, reason), 0, UD_TEXT_SIZE_MAX, NULL},
    {.kind = UD_INPUT_END},
};

static void act(ud_exchange_t *exchange, ud_rollout_act_t what)
{
    ud_operator_ask_t *ask = ud_exchange_context(exchange);
    ud_rollout_act_in_t *in = &ask->command.in.rollout_act;
    *in = (ud_rollout_act_in_t){.rollout_id = ud_exchange_param(exchange, 0), .act = what};
    if (ud_input_body(exchange, act_fields, in)) {
        ud_operator_send(exchange, ask, NULL);
    }
}

static void pause_body(ud_exchange_t *exchange)
{
    act(exchange, UD_ROLLOUT_PAUSE);
}

static void resume_body(ud_exchange_t *exchange)
{
    act(exchange, UD_ROLLOUT_RESUME);
}

static void halt_body(ud_exchange_t *exchange)
{
    act(exchange, UD_ROLLOUT_HALT);
}

void ud_operator_pause_rollout(ud_exchange_t *exchange)
{
    ud_operator_collect(exchange, UD_COMMAND_ROLLOUT_ACT, 200, ud_json_rollout, pause_body);
}

void ud_operator_resume_rollout(ud_exchange_t *exchange)
{
    ud_operator_collect(exchange, UD_COMMAND_ROLLOUT_ACT, 200, ud_json_rollout, resume_body);
}

void ud_operator_halt_rollout(ud_exchange_t *exchange)
{
    ud_operator_collect(exchange, UD_COMMAND_ROLLOUT_ACT, 200, ud_json_rollout, halt_body);
}
