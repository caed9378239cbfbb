/* updraft group new, group list: devices that are rolled out to together. */
#include "cli/client.h"
#include "cli/list.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/verbs.h"

static ud_err_t run_new(const ud_cli_call_t *call)
{
    json_t *answer = NULL;
    json_t *body =
        json_pack("{s:s, s:s*}", "name", call->arguments[0], "description", ud_cli_text(call, "description"));
    if (body == NULL) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "the name or the description is not UTF-8");
    }
    UD_TRY(ud_client_ask("POST", "/groups", body, &answer));
    if (ud_output_is_json()) {
        ud_output_json(answer);
        return UD_OK;
    }
    ud_output_line(UD_STYLE_GOOD, "Group %s is there.", ud_cli_field_text(answer, "name"));
    ud_output_line(UD_STYLE_DIM, "Devices join it by their claim key, or by updraft device set ID --group %s",
                   ud_cli_field_text(answer, "name"));
    json_decref(answer);
    return UD_OK;
}

static const ud_cli_option_t new_options[] = {
    {"description", 'd', "TEXT", "what belongs in it, for people"},
    {0},
};

const ud_cli_verb_t ud_verb_group_new = {
    .noun = "group",
    .verb = "new",
    .arguments = "NAME",
    .argument_min = 1,
    .argument_max = 1,
    .options = new_options,
    .summary = "make a group of devices",
    .description = "Makes a group. A rollout may go to one group alone; each device is in exactly one.",
    .examples = "  updraft group new field --description \"With customers\"\n",
    .run = run_new,
};

static ud_err_t run_list(const ud_cli_call_t *call)
{
    static const ud_cli_column_t columns[] = {
        {.title = "NAME", .field = "name"},
        {.title = "DEVICES", .field = "devices", .right = true},
        {.title = "DESCRIPTION", .field = "description"},
    };
    ud_client_path_t path;
    ud_client_path(&path, "/groups", NULL, NULL);
    return ud_cli_list(call, &path, UD_CLI_LIST_ALL, columns, sizeof columns / sizeof columns[0], "There is no group.");
}

static const ud_cli_option_t list_options[] = {
    UD_CLI_LIST_LIMIT("all"),
    {0},
};

const ud_cli_verb_t ud_verb_group_list = {
    .noun = "group",
    .verb = "list",
    .arguments = "",
    .options = list_options,
    .summary = "list groups and how many devices are in them",
    .description = "Lists the groups.",
    .examples = "  updraft group list\n",
    .run = run_list,
};
