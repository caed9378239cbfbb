#include "server/door/operator.h"

#include "server/door/operator_handlers.h"
#include "server/door/operator_input.h"
#include "server/door/operator_password.h"
#include "server/door/route.h"

#include <sodium.h>
#include <stddef.h>
#include <stdlib.h>

/* ---- questions that need nothing but an answer ------------------------------------------------------------------- */

static void ask(ud_exchange_t *exchange, ud_command_type_t type, const ud_json_field_t *fields)
{
    ud_operator_ask_t *question = ud_operator_ask(exchange, type, 200, fields);
    if (question != NULL && ud_input_query_names(exchange, NULL)) {
        question->command.in.lookup.id = ud_exchange_param(exchange, 0);
        ud_operator_send(exchange, question, NULL);
    }
}

static void get_summary(ud_exchange_t *exchange)
{
    ask(exchange, UD_COMMAND_QUERY_SUMMARY, ud_json_summary);
}

static void get_release(ud_exchange_t *exchange)
{
    ask(exchange, UD_COMMAND_QUERY_RELEASE, ud_json_release);
}

static void get_rollout(ud_exchange_t *exchange)
{
    ask(exchange, UD_COMMAND_QUERY_ROLLOUT, ud_json_rollout);
}

/* ---- lists, page by page ----------------------------------------------------------------------------------------- */

static const ud_input_field_t page_fields[] = {
    {"offset", UD_INPUT_SIZE, false, offsetof(ud_list_in_t, offset), 0, UINT32_MAX, NULL},
    {"limit", UD_INPUT_SIZE, false, offsetof(ud_list_in_t, limit), 1, UD_PAGE_SIZE_MAX, NULL},
    {.kind = UD_INPUT_END},
};

static const ud_input_field_t rollout_fields[] = {
    {"offset", UD_INPUT_SIZE, false, offsetof(ud_list_in_t, offset), 0, UINT32_MAX, NULL},
    {"limit", UD_INPUT_SIZE, false, offsetof(ud_list_in_t, limit), 1, UD_PAGE_SIZE_MAX, NULL},
    {"active", UD_INPUT_FLAG, false, offsetof(ud_list_in_t, active), 0, 0, NULL},
    {.kind = UD_INPUT_END},
};

static void list(ud_exchange_t *exchange, ud_command_type_t type, const ud_json_field_t *view,
                 const ud_input_field_t *fields)
{
    ud_operator_ask_t *question = ud_operator_ask(exchange, type, 200, view);
    if (question == NULL) {
        return;
    }
    question->command.in.list = (ud_list_in_t){.limit = UD_PAGE_SIZE_DEFAULT};
    if (ud_input_query(exchange, fields, &question->command.in.list)) {
        ud_operator_send(exchange, question, NULL);
    }
}

static void list_groups(ud_exchange_t *exchange)
{
    list(exchange, UD_COMMAND_QUERY_GROUPS, ud_json_group_page, page_fields);
}

static void list_keys(ud_exchange_t *exchange)
{
    list(exchange, UD_COMMAND_QUERY_KEYS, ud_json_key_page, page_fields);
}

static void list_claim_keys(ud_exchange_t *exchange)
{
    list(exchange, UD_COMMAND_QUERY_CLAIM_KEYS, ud_json_claim_key_page, page_fields);
}

static void list_releases(ud_exchange_t *exchange)
{
    list(exchange, UD_COMMAND_QUERY_RELEASES, ud_json_release_page, page_fields);
}

static void list_rollouts(ud_exchange_t *exchange)
{
    list(exchange, UD_COMMAND_QUERY_ROLLOUTS, ud_json_rollout_page, rollout_fields);
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

static const ud_route_t routes[] = {
    {"POST", "/api/v1/session", ud_operator_sign_in},
    {"DELETE", "/api/v1/session", ud_operator_sign_out},
    {"POST", "/api/v1/session/password", ud_operator_change_password},
    {"GET", "/api/v1/me", ud_operator_get_me},
    {"GET", "/api/v1/fleet/summary", get_summary},
    {"GET", "/api/v1/devices", ud_operator_list_devices},
    {"GET", "/api/v1/devices/{id}", ud_operator_get_device},
    {"PATCH", "/api/v1/devices/{id}", ud_operator_patch_device},
    {"GET", "/api/v1/devices/{id}/events", ud_operator_list_device_events},
    {"GET", "/api/v1/groups", list_groups},
    {"POST", "/api/v1/groups", ud_operator_create_group},
    {"GET", "/api/v1/keys", list_keys},
    {"POST", "/api/v1/keys", ud_operator_add_key},
    {"GET", "/api/v1/claim-keys", list_claim_keys},
    {"POST", "/api/v1/claim-keys", ud_operator_create_claim_key},
    {"GET", "/api/v1/releases", list_releases},
    {"POST", "/api/v1/releases", ud_operator_upload_release},
    {"GET", "/api/v1/releases/{id}", get_release},
    {"GET", "/api/v1/rollouts", list_rollouts},
    {"POST", "/api/v1/rollouts", ud_operator_start_rollout},
    {"GET", "/api/v1/rollouts/{id}", get_rollout},
    {"POST", "/api/v1/rollouts/{id}/pause", ud_operator_pause_rollout},
    {"POST", "/api/v1/rollouts/{id}/resume", ud_operator_resume_rollout},
    {"POST", "/api/v1/rollouts/{id}/halt", ud_operator_halt_rollout},
    {"GET", "/api/v1/events", ud_operator_list_events},
    {"GET", "/api/v1/stream", ud_operator_stream},
};

void ud_operator_on_head(ud_exchange_t *exchange)
{
    ud_exchange_reply_header(exchange, "X-Content-Type-Options", "nosniff");
    ud_route(exchange, routes, UD_ROUTE_COUNT(routes));
}

/* ---- the door ---------------------------------------------------------------------------------------------------- */

ud_err_t ud_operator_create(const ud_operator_config_t *config, ud_operator_t **door)
{
    ud_operator_t *made = calloc(1, sizeof *made);
    ud_operator_limit_t *limit = ud_operator_limit_create();
    if (made == NULL || limit == NULL ||
        ud_operator_hash_password("nobody has this password", made->nobody_hash) != UD_OK) {
        ud_operator_limit_destroy(limit);
        free(made);
        return UD_ERR_INTERNAL;
    }
    made->engine = config->engine;
    made->passwords = config->passwords;
    made->images = config->images;
    made->artifacts = config->artifacts;
    made->limit = limit;
    *door = made;
    return UD_OK;
}

void ud_operator_destroy(ud_operator_t *door)
{
    if (door != NULL) {
        ud_operator_limit_destroy(door->limit);
        free(door);
    }
}
