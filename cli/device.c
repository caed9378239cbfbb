/* updraft device list, device show: the fleet, and why a device does not update. */
#include "cli/client.h"
#include "cli/list.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

#define LIMIT_DEFAULT 100

/* ---- words and colours ------------------------------------------------------------------------------------------- */

static const struct {
    const char *state;
    const char *word;
    ud_style_t style;
} states[] = {
    {"idle", "Idle", UD_STYLE_DIM},          {"downloading", "Downloading", UD_STYLE_BOLD},
    {"updating", "Updating", UD_STYLE_BOLD}, {"success", "Success", UD_STYLE_GOOD},
    {"failed", "Failed", UD_STYLE_BAD},      {"rolled_back", "Rolled back", UD_STYLE_WARN},
};

#define STATE_COUNT (sizeof states / sizeof states[0])

static const char *state_word(const char *state)
{
    for (size_t index = 0; index < STATE_COUNT; index++) {
        if (strcmp(states[index].state, state) == 0) {
            return states[index].word;
        }
    }
    return state;
}

static ud_style_t state_style(const char *word)
{
    for (size_t index = 0; index < STATE_COUNT; index++) {
        if (strcmp(states[index].word, word) == 0) {
            return states[index].style;
        }
    }
    return UD_STYLE_OFF;
}

/* ---- list -------------------------------------------------------------------------------------------------------- */

static void cell_state(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    snprintf(cell, UD_CLI_CELL_SIZE, "%s", state_word(ud_cli_field_text(row, "state")));
}

static void cell_version(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    const char *target = ud_cli_field_text(row, "target");
    snprintf(cell, UD_CLI_CELL_SIZE, "%s%s%s", ud_cli_field_text(row, "version"), target[0] != '\0' ? " -> " : "",
             target);
}

static void cell_link(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    snprintf(cell, UD_CLI_CELL_SIZE, "%s", json_is_true(json_object_get(row, "online")) ? "online" : "offline");
}

/* How far it is, or why it waits or failed. */
static void cell_progress(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    const char *state = ud_cli_field_text(row, "state");
    const char *reason = ud_cli_field_text(row, "reason");
    const char *error = ud_cli_field_text(row, "error");
    if (reason[0] == '\0' && strcmp(state, "downloading") == 0) {
        snprintf(cell, UD_CLI_CELL_SIZE, "%lld %%", ud_cli_field_number(row, "progress"));
    } else {
        snprintf(cell, UD_CLI_CELL_SIZE, "%s", reason[0] != '\0' ? reason : error);
    }
}

static void cell_seen(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    ud_cli_format_age(ud_cli_field_number(row, "last_seen_ms"), cell, UD_CLI_CELL_SIZE);
}

static const char *online_filter(const ud_cli_call_t *call)
{
    if (ud_cli_flag(call, "online")) {
        return "true";
    }
    return ud_cli_flag(call, "offline") ? "false" : NULL;
}

static void list_path(const ud_cli_call_t *call, ud_client_path_t *path)
{
    static const char *const filters[][2] = {{"state", "state"},     {"group", "group"},     {"hardware", "hardware"},
                                             {"running", "version"}, {"rollout", "rollout"}, {"search", "q"}};
    ud_client_path(path, "/devices", NULL, NULL);
    for (size_t index = 0; index < sizeof filters / sizeof filters[0]; index++) {
        ud_client_path_query(path, filters[index][1], ud_cli_text(call, filters[index][0]));
    }
    ud_client_path_query(path, "online", online_filter(call));
}

static ud_err_t run_list(const ud_cli_call_t *call)
{
    static const ud_cli_column_t columns[] = {
        {.title = "ID", .field = "id"},
        {.title = "LINK", .cell = cell_link},
        {.title = "GROUP", .field = "group"},
        {.title = "HARDWARE", .field = "hardware"},
        {.title = "VERSION", .cell = cell_version},
        {.title = "STATE", .cell = cell_state, .style = state_style},
        {.title = "SEEN", .cell = cell_seen, .right = true},
        {.title = "PROGRESS OR REASON", .cell = cell_progress},
    };
    ud_client_path_t path;
    list_path(call, &path);
    return ud_cli_list(call, &path, LIMIT_DEFAULT, columns, sizeof columns / sizeof columns[0], "No device matches.");
}

static const ud_cli_option_t list_options[] = {
    {"state", 's', "STATE", "idle, downloading, updating, success, failed or rolled_back"},
    {"group", 'g', "NAME", "of this group"},
    {"hardware", 'H', "ID", "of this hardware"},
    {"running", 'r', "VERSION", "running this version"},
    {"rollout", 0, "ID", "in this rollout"},
    {"search", 'q', "TEXT", "with this text in the id"},
    {"online", 0, NULL, "in touch with the server"},
    {"offline", 0, NULL, "not in touch"},
    UD_CLI_LIST_LIMIT("100"),
    {0},
};

const ud_cli_verb_t ud_verb_device_list = {
    .noun = "device",
    .verb = "list",
    .arguments = "",
    .options = list_options,
    .summary = "list devices, those that need attention first",
    .description = "Lists devices with what they run, what they are updating to, and how far they are or why they\n"
                   "wait. Several filters must all match.",
    .examples = "  updraft device list\n"
                "  updraft device list --state failed --group field\n"
                "  updraft device list --running 1.0.0 --json --limit 100000\n",
    .run = run_list,
};

/* ---- show -------------------------------------------------------------------------------------------------------- */

static void print_checks(const json_t *checks)
{
    size_t index;
    json_t *check;
    ud_output_line(UD_STYLE_BOLD, "Why is it not updating?");
    json_array_foreach(checks, index, check)
    {
        bool passed = json_is_true(json_object_get(check, "passed"));
        ud_output_line(passed ? UD_STYLE_GOOD : UD_STYLE_WARN, "  %-4s %-17s %s", passed ? "yes" : "NO",
                       ud_cli_field_text(check, "check"), ud_cli_field_text(check, "detail"));
    }
}

static void print_events(const json_t *events)
{
    size_t index;
    json_t *event;
    ud_output_line(UD_STYLE_BOLD, "What happened, newest first");
    json_array_foreach(events, index, event)
    {
        char at[40];
        ud_cli_format_time(ud_cli_field_number(event, "at_ms"), at, sizeof at);
        ud_output_line(UD_STYLE_OFF, "  %s  %s", at, ud_cli_field_text(event, "text"));
    }
}

/* What is only worth a line when it happened. */
static void print_count(const char *name, const json_t *detail, const char *field)
{
    long long count = ud_cli_field_number(detail, field);
    if (count > 0) {
        ud_output_field(name, "%lld", count);
    }
}

static void print_device(const json_t *detail)
{
    const json_t *device = json_object_get(detail, "device");
    char text[UD_CLI_CELL_SIZE];
    ud_output_field("Device", "%s", ud_cli_field_text(device, "id"));
    cell_state(device, text);
    ud_output_line(state_style(text), "%-20s%s", "State", text);
    cell_version(device, text);
    ud_output_field("Version", "%s", text);
    ud_output_field("Hardware", "%s", ud_cli_field_text(device, "hardware"));
    ud_output_field("Group", "%s", ud_cli_field_text(device, "group"));
    cell_seen(device, text);
    ud_output_field("Last seen", "%s, %s", text,
                    json_is_true(json_object_get(device, "online")) ? "online" : "offline");
    cell_progress(device, text);
    ud_output_field("Progress or reason", "%s", text[0] != '\0' ? text : "-");
    ud_output_field("Last boot", "%s", ud_cli_field_text(detail, "boot_reason"));
    if (json_is_string(json_object_get(detail, "revert_reason"))) {
        ud_output_field("Went back because", "%s", ud_cli_field_text(detail, "revert_reason"));
    }
    print_count("Trial starts used", detail, "trial_attempts");
    print_count("Abnormal resets", detail, "abnormal_resets");
    ud_output_field("Security counter", "%lld", ud_cli_field_number(detail, "security_counter"));
    ud_output_field("Image hash", "%s", ud_cli_field_text(detail, "image_digest"));
    print_checks(json_object_get(detail, "checks"));
    print_events(json_object_get(detail, "events"));
}

static ud_err_t run_show(const ud_cli_call_t *call)
{
    ud_client_path_t path;
    json_t *answer = NULL;
    ud_client_path(&path, "/devices", call->arguments[0], NULL);
    UD_TRY(ud_client_ask("GET", path.text, NULL, &answer));
    if (ud_output_is_json()) {
        ud_output_json(answer);
        return UD_OK;
    }
    print_device(answer);
    json_decref(answer);
    return UD_OK;
}

const ud_cli_verb_t ud_verb_device_show = {
    .noun = "device",
    .verb = "show",
    .arguments = "ID",
    .argument_min = 1,
    .argument_max = 1,
    .summary = "show one device, and why it is not updating",
    .description =
        "Shows what a device runs and how it is, a list of checks that answers \"why is it not updating?\",\n"
        "and its latest events.",
    .examples = "  updraft device show sim-0003\n",
    .run = run_show,
};
