/* Devices and events: pages, one device, and what a person may change of it. */
#include "core/base/limits.h"
#include "server/door/operator_handlers.h"
#include "server/door/operator_input.h"
#include "server/door/problem.h"

#include <stddef.h>

/* Rows before a page, and event numbers: whole numbers of JSON are exact up to here. */
#define NUMBER_MAX 9007199254740991.0

static const ud_input_field_t filter_fields[] = {
    {"offset", UD_INPUT_SIZE, false, offsetof(ud_device_filter_t, offset), 0, UINT32_MAX, NULL},
    {"limit", UD_INPUT_SIZE, false, offsetof(ud_device_filter_t, limit), 1, UD_PAGE_SIZE_MAX, NULL},
    {"q", UD_INPUT_TEXT, false, offsetof(ud_device_filter_t, text), 0, UD_DEVICE_ID_SIZE_MAX, NULL},
    {"state", UD_INPUT_CHOICE, false, offsetof(ud_device_filter_t, state), 0, 0, ud_json_state_names},
    {"online", UD_INPUT_FLAG, false, offsetof(ud_device_filter_t, online), 0, 0, NULL},
    {"group", UD_INPUT_TEXT, false, offsetof(ud_device_filter_t, group), 0, UD_NAME_SIZE_MAX, NULL},
    {"hardware", UD_INPUT_TEXT, false, offsetof(ud_device_filter_t, hardware), 0, UD_HARDWARE_SIZE_MAX, NULL},
    {"version", UD_INPUT_TEXT, false, offsetof(ud_device_filter_t, version), 0, UD_VERSION_TEXT_SIZE_MAX, NULL},
    {"rollout", UD_INPUT_TEXT, false, offsetof(ud_device_filter_t, rollout_id), 0, UD_SHORT_ID_SIZE_MAX, NULL},
    {.kind = UD_INPUT_END},
};

/* An empty text in a query ("?group=") filters nothing. */
static const char *or_any(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

void ud_operator_list_devices(ud_exchange_t *exchange)
{
    ud_operator_ask_t *ask = ud_operator_ask(exchange, UD_COMMAND_QUERY_DEVICES, 200, ud_json_device_page);
    if (ask == NULL) {
        return;
    }
    ud_device_filter_t *filter = &ask->command.in.filter;
    *filter = (ud_device_filter_t){.state = -1, .online = -1, .limit = UD_PAGE_SIZE_DEFAULT};
    if (!ud_input_query(exchange, filter_fields, filter)) {
        return;
    }
    filter->text = or_any(filter->text);
    filter->group = or_any(filter->group);
    filter->hardware = or_any(filter->hardware);
    filter->version = or_any(filter->version);
    filter->rollout_id = or_any(filter->rollout_id);
    ud_operator_send(exchange, ask, NULL);
}

void ud_operator_get_device(ud_exchange_t *exchange)
{
    ud_operator_ask_t *ask = ud_operator_ask(exchange, UD_COMMAND_QUERY_DEVICE, 200, ud_json_device_detail);
    if (ask != NULL && ud_input_query_names(exchange, NULL)) {
        ask->command.in.lookup.id = ud_exchange_param(exchange, 0);
        ud_operator_send(exchange, ask, NULL);
    }
}

/* ---- changes ----------------------------------------------------------------------------------------------------- */

static const ud_input_field_t update_fields[] = {
    {"group", UD_INPUT_NAME, false, offsetof(ud_device_update_in_t, group), 1, UD_NAME_SIZE_MAX, NULL},
    {"hold", UD_INPUT_FLAG, false, offsetof(ud_device_update_in_t, hold), 0, 0, NULL},
    {"approved", UD_INPUT_TRUE, false, offsetof(ud_device_update_in_t, approve), 0, 0, NULL},
    {"retired", UD_INPUT_TRUE, false, offsetof(ud_device_update_in_t, retire), 0, 0, NULL},
    {.kind = UD_INPUT_END},
};

static void patch_body(ud_exchange_t *exchange)
{
    ud_operator_ask_t *ask = ud_exchange_context(exchange);
    ud_device_update_in_t *update = &ask->command.in.device;
    *update = (ud_device_update_in_t){.device_id = ud_exchange_param(exchange, 0), .hold = -1};
    if (!ud_input_body(exchange, update_fields, update)) {
        return;
    }
    if (update->group == NULL && update->hold < 0 && !update->approve && !update->retire) {
        ud_problem_reply(exchange, UD_ERR_INVALID_ARGUMENT, NULL,
                         "nothing to change; give group, hold, approved or retired");
        return;
    }
    ud_operator_send(exchange, ask, NULL);
}

void ud_operator_patch_device(ud_exchange_t *exchange)
{
    ud_operator_collect(exchange, UD_COMMAND_DEVICE_UPDATE, 200, ud_json_device_detail, patch_body);
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

static const ud_input_field_t event_fields[] = {
    {"before", UD_INPUT_U64, false, offsetof(ud_lookup_in_t, before), 1, NUMBER_MAX, NULL},
    {"limit", UD_INPUT_SIZE, false, offsetof(ud_lookup_in_t, limit), 1, UD_PAGE_SIZE_MAX, NULL},
    {.kind = UD_INPUT_END},
};

static void list(ud_exchange_t *exchange, ud_command_type_t type, const char *device_id)
{
    ud_operator_ask_t *ask = ud_operator_ask(exchange, type, 200, ud_json_event_page);
    if (ask == NULL) {
        return;
    }
    ask->command.in.lookup = (ud_lookup_in_t){.id = device_id, .limit = UD_PAGE_SIZE_DEFAULT};
    if (ud_input_query(exchange, event_fields, &ask->command.in.lookup)) {
        ud_operator_send(exchange, ask, NULL);
    }
}

void ud_operator_list_device_events(ud_exchange_t *exchange)
{
    list(exchange, UD_COMMAND_QUERY_DEVICE_EVENTS, ud_exchange_param(exchange, 0));
}

void ud_operator_list_events(ud_exchange_t *exchange)
{
    list(exchange, UD_COMMAND_QUERY_EVENTS, NULL);
}
