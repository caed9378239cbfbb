/* updraft claim-key new, claim-key list: what new devices show at their first contact. */
#include "cli/client.h"
#include "cli/list.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/verbs.h"

static ud_err_t run_new(const ud_cli_call_t *call)
{
    json_t *answer = NULL;
    json_t *body = json_pack("{s:s, s:s*, s:b}", "name", call->arguments[0], "group", ud_cli_text(call, "group"),
                             "approve", ud_cli_flag(call, "approve") ? 1 : 0);
    if (body == NULL) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "the name or group is not UTF-8");
    }
    UD_TRY(ud_client_ask("POST", "/claim-keys", body, &answer));
    if (ud_output_is_json()) {
        ud_output_json(answer);
        return UD_OK;
    }
    ud_output_field("Claim key", "%s", ud_cli_field_text(answer, "key"));
    ud_output_field("Devices join", "group %s%s", ud_cli_field_text(answer, "group"),
                    json_is_true(json_object_get(answer, "approve")) ? ", after a person approves them" : "");
    ud_output_line(UD_STYLE_WARN, "The key is shown this once; the server keeps only its hash. Store it now.");
    json_decref(answer);
    return UD_OK;
}

static const ud_cli_option_t new_options[] = {
    {"group", 'g', "NAME", "devices join this group; default if not given"},
    {"approve", 0, NULL, "devices wait until a person approves them"},
    {0},
};

const ud_cli_verb_t ud_verb_claim_key_new = {
    .noun = "claim-key",
    .verb = "new",
    .arguments = "NAME",
    .argument_min = 1,
    .argument_max = 1,
    .options = new_options,
    .summary = "make a claim key for a product line",
    .description = "Makes a claim key. Devices of the product line carry it and show it at their first contact; each\n"
                   "then gets an identity of its own. The key is printed once.",
    .examples = "  updraft claim-key new gateways --group field\n"
                "  updraft claim-key new prototypes --approve --json\n",
    .run = run_new,
};

static void cell_created(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    ud_cli_format_time(ud_cli_field_number(row, "created_ms"), cell, UD_CLI_CELL_SIZE);
}

static ud_err_t run_list(const ud_cli_call_t *call)
{
    static const ud_cli_column_t columns[] = {
        {.title = "NAME", .field = "name"},        {.title = "GROUP", .field = "group"},
        {.title = "APPROVAL", .field = "approve"}, {.title = "DEVICES", .field = "used", .right = true},
        {.title = "MADE", .cell = cell_created},
    };
    ud_client_path_t path;
    ud_client_path(&path, "/claim-keys", NULL, NULL);
    return ud_cli_list(call, &path, UD_CLI_LIST_ALL, columns, sizeof columns / sizeof columns[0],
                       "There is no claim key yet: updraft claim-key new NAME");
}

static const ud_cli_option_t list_options[] = {
    UD_CLI_LIST_LIMIT("all"),
    {0},
};

const ud_cli_verb_t ud_verb_claim_key_list = {
    .noun = "claim-key",
    .verb = "list",
    .arguments = "",
    .options = list_options,
    .summary = "list claim keys and how many devices used them",
    .description = "Lists the claim keys, without the keys themselves: those are shown only when they are made.",
    .examples = "  updraft claim-key list\n",
    .run = run_list,
};
