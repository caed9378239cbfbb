/* updraft device set: what a person decides about one device. */
#include "cli/client.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/verbs.h"

static ud_err_t read_changes(const ud_cli_call_t *call, json_t *changes)
{
    const char *group = ud_cli_text(call, "group");
    bool hold = ud_cli_flag(call, "hold");
    if (hold && ud_cli_flag(call, "release")) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--hold and --release contradict each other; give one of them");
    }
    if (group != NULL) {
        json_object_set_new(changes, "group", json_string(group));
    }
    if (hold || ud_cli_flag(call, "release")) {
        json_object_set_new(changes, "hold", json_boolean(hold));
    }
    if (ud_cli_flag(call, "approve")) {
        json_object_set_new(changes, "approved", json_true());
    }
    if (ud_cli_flag(call, "retire")) {
        json_object_set_new(changes, "retired", json_true());
    }
    if (json_object_size(changes) == 0) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT,
                           "nothing to change; give --group, --hold, --release, --approve or --retire");
    }
    return UD_OK;
}

static void print_device(const json_t *device)
{
    ud_output_field("Device", "%s", ud_cli_field_text(device, "id"));
    ud_output_field("Group", "%s", ud_cli_field_text(device, "group"));
    ud_output_field("Held", "%s", json_is_true(json_object_get(device, "hold")) ? "yes, it gets no offers" : "no");
    ud_output_field("Approved", "%s", json_is_true(json_object_get(device, "pending")) ? "not yet" : "yes");
}

static ud_err_t run_set(const ud_cli_call_t *call)
{
    ud_client_path_t path;
    json_t *answer = NULL;
    json_t *changes = json_object();
    ud_err_t err = read_changes(call, changes);
    if (err != UD_OK) {
        json_decref(changes);
        return err;
    }
    ud_client_path(&path, "/devices", call->arguments[0], NULL);
    UD_TRY(ud_client_ask("PATCH", path.text, changes, &answer));
    if (ud_output_is_json()) {
        ud_output_json(answer);
        return UD_OK;
    }
    print_device(json_object_get(answer, "device"));
    json_decref(answer);
    return UD_OK;
}

static const ud_cli_option_t set_options[] = {
    {"group", 'g', "NAME", "move it to this group"},
    {"hold", 0, NULL, "give it no offers until it is released"},
    {"release", 0, NULL, "end the hold"},
    {"approve", 0, NULL, "let a waiting device in; one that lost its identity gets its new one"},
    {"retire", 0, NULL, "end its credentials for good"},
    {0},
};

const ud_cli_verb_t ud_verb_device_set = {
    .noun = "device",
    .verb = "set",
    .arguments = "ID",
    .argument_min = 1,
    .argument_max = 1,
    .options = set_options,
    .summary = "move, hold, approve or retire a device",
    .description = "Changes what the server does with one device. What it runs is changed by a rollout alone.",
    .examples = "  updraft device set gw-0042 --group lab\n"
                "  updraft device set gw-0042 --hold\n"
                "  updraft device set gw-0042 --approve\n",
    .run = run_set,
};
