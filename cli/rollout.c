/* updraft rollout start, list, show, pause, resume, halt. */
#include "cli/rollout.h"

#include "cli/list.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BATCHES_MAX 20

/* ---- start: from options to a plan ------------------------------------------------------------------------------- */

static ud_err_t refuse_batches(const char *text)
{
    return ud_cli_fail(
        UD_ERR_INVALID_ARGUMENT,
        "'%s' is no list of batches; write shares or counts with an optional rest: 10%%,40%%,rest or 5,50,rest", text);
}

/* "10%" or "25" into {"percent": 10} or {"count": 25}; NULL for anything else. */
static json_t *read_batch(const char *text, size_t size)
{
    char *end = NULL;
    double number = size > 0 && strchr("0123456789", text[0]) != NULL ? strtod(text, &end) : 0;
    if (end == text + size - 1 && *end == '%') {
        return number > 0 && number <= 100 ? json_pack("{s:f}", "percent", number) : NULL;
    }
    bool whole = end == text + size && number >= 1 && number <= UINT32_MAX && floor(number) == number;
    return whole ? json_pack("{s:I}", "count", (json_int_t)number) : NULL;
}

/* The server makes a last batch of whoever is left, so "rest" adds nothing; it may only stand last. */
static ud_err_t read_batches(const char *text, json_t *batches)
{
    const char *rest = text;
    while (rest != NULL) {
        size_t size = strcspn(rest, ",");
        bool last = rest[size] == '\0';
        if (last && strcmp(rest, "rest") == 0 && json_array_size(batches) > 0) {
            return UD_OK;
        }
        json_t *batch = read_batch(rest, size);
        if (batch == NULL || json_array_size(batches) == BATCHES_MAX) {
            json_decref(batch);
            return refuse_batches(text);
        }
        json_array_append_new(batches, batch);
        rest = last ? NULL : rest + size + 1;
    }
    return UD_OK;
}

static ud_err_t read_percent(const ud_cli_call_t *call, const char *option, const char *field, json_t *plan)
{
    const char *text = ud_cli_text(call, option);
    char *end = NULL;
    if (text == NULL) {
        return UD_OK;
    }
    double percent = text[0] >= '0' && text[0] <= '9' ? strtod(text, &end) : -1;
    if (percent < 0 || percent > 100 || (*end != '\0' && strcmp(end, "%") != 0)) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--%s '%s' is no percentage from 0 to 100", option, text);
    }
    json_object_set_new(plan, field, json_real(percent));
    return UD_OK;
}

static ud_err_t read_whole(const ud_cli_call_t *call, const char *option, const char *field, uint64_t max, json_t *plan)
{
    uint64_t number = 0;
    if (ud_cli_text(call, option) == NULL) {
        return UD_OK;
    }
    UD_TRY(ud_cli_number(call, option, 0, max, &number));
    json_object_set_new(plan, field, json_integer((json_int_t)number));
    return UD_OK;
}

static ud_err_t read_plan(const ud_cli_call_t *call, json_t *plan)
{
    const char *batches = ud_cli_text(call, "batches");
    json_object_set_new(plan, "release", json_string(call->arguments[0]));
    if (ud_cli_text(call, "group") != NULL) {
        json_object_set_new(plan, "group", json_string(ud_cli_text(call, "group")));
    }
    if (batches != NULL) {
        json_t *list = json_array();
        json_object_set_new(plan, "batches", list);
        UD_TRY(read_batches(batches, list));
    }
    if (ud_cli_flag(call, "forced")) {
        json_object_set_new(plan, "forced", json_true());
    }
    if (ud_cli_flag(call, "rollback")) {
        json_object_set_new(plan, "rollback", json_true());
    }
    UD_TRY(read_percent(call, "failure-limit", "failure_limit_percent", plan));
    UD_TRY(read_percent(call, "success", "success_percent", plan));
    UD_TRY(read_whole(call, "min-sample", "min_sample", UINT32_MAX, plan));
    UD_TRY(read_whole(call, "soak", "soak_s", UINT32_MAX, plan));
    UD_TRY(read_whole(call, "concurrency", "concurrency_max", UINT32_MAX, plan));
    UD_TRY(read_whole(call, "retries", "retries_max", UINT32_MAX, plan));
    return read_whole(call, "progress-timeout", "progress_timeout_s", UINT32_MAX, plan);
}

/* One key for one start: a repeated request, after an answer that got lost, starts nothing twice. */
static void add_idempotency_key(const ud_cli_call_t *call, ud_client_t *client)
{
    char line[128];
    uint64_t random = 0;
    const char *given = ud_cli_text(call, "idempotency-key");
    if (given != NULL) {
        snprintf(line, sizeof line, "Idempotency-Key: %.64s", given);
        ud_client_header(client, line);
    } else if (getrandom(&random, sizeof random, 0) == sizeof random) {
        snprintf(line, sizeof line, "Idempotency-Key: cli-%016llx", (unsigned long long)random);
        ud_client_header(client, line);
    }
}

static ud_err_t start(const ud_cli_call_t *call, ud_client_t *client, json_t *plan)
{
    json_t *rollout = NULL;
    add_idempotency_key(call, client);
    UD_TRY(ud_client_call(client, "POST", "/rollouts", json_incref(plan), &rollout));
    ud_err_t err = UD_OK;
    if (ud_cli_flag(call, "watch")) {
        err = ud_cli_rollout_watch(client, ud_cli_field_text(rollout, "id"));
    } else if (ud_output_is_json()) {
        ud_output_json(json_incref(rollout));
    } else {
        ud_cli_rollout_print(rollout);
        ud_output_line(UD_STYLE_DIM, "Next: updraft rollout watch %s", ud_cli_field_text(rollout, "id"));
    }
    json_decref(rollout);
    return err;
}

static ud_err_t run_start(const ud_cli_call_t *call)
{
    ud_client_t *client = NULL;
    json_t *plan = json_object();
    ud_err_t err = read_plan(call, plan);
    err = err == UD_OK ? ud_client_open(&client) : err;
    err = err == UD_OK ? start(call, client, plan) : err;
    ud_client_close(client);
    json_decref(plan);
    return err;
}

static const ud_cli_option_t start_options[] = {
    {"group", 'g', "NAME", "only devices of this group; all of the release's hardware if not given"},
    {"batches", 'b', "LIST",
     "shares or counts of the devices, one batch after the other: 10%,40%,rest\n"
     "if not given: 1%,5%,20%,30%,rest"},
    {"failure-limit", 'f', "PERCENT", "halt when more than this share failed or rolled back; 2 if not given"},
    {"min-sample", 0, "N", "results before the limit counts; the batch or 10 if not given"},
    {"success", 0, "PERCENT", "share of reachable devices that opens the next batch; 95 if not given"},
    {"soak", 0, "SECONDS", "wait between a passed batch and the next"},
    {"concurrency", 0, "N", "at most N devices update at a time"},
    {"retries", 0, "N", "further tries of a device that failed; 2 if not given"},
    {"progress-timeout", 0, "SECONDS", "no progress for so long counts as failed; 3600 if not given"},
    {"forced", 0, NULL, "devices need not wait for their user's consent"},
    {"rollback", 0, NULL, "allow a version older than the running one"},
    {"watch", 'w', NULL, "follow it to its end, as 'updraft rollout watch'"},
    {"idempotency-key", 0, "KEY", "the same key within a day starts nothing twice; random if not given"},
    {0},
};

const ud_cli_verb_t ud_verb_rollout_start = {
    .noun = "rollout",
    .verb = "start",
    .arguments = "RELEASE|VERSION",
    .argument_min = 1,
    .argument_max = 1,
    .options = start_options,
    .summary = "give a release to devices, batch after batch",
    .description = "Starts a rollout. Each batch opens when the one before has passed its gate; when too many devices\n"
                   "fail or roll back, it halts by itself and no further device is touched.",
    .examples = "  updraft rollout start 2.0.0\n"
                "  updraft rollout start F-2 --group field --batches 10%,40%,rest --failure-limit 2 --watch\n",
    .run = run_start,
};

/* ---- list, show -------------------------------------------------------------------------------------------------- */

static ud_style_t status_style(const char *status)
{
    if (strcmp(status, "halted") == 0) {
        return UD_STYLE_BAD;
    }
    if (strcmp(status, "paused") == 0) {
        return UD_STYLE_WARN;
    }
    return strcmp(status, "completed") == 0 ? UD_STYLE_GOOD : UD_STYLE_BOLD;
}

static void cell_batch(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    snprintf(cell, UD_CLI_CELL_SIZE, "%lld of %zu", ud_cli_field_number(row, "current") + 1,
             json_array_size(json_object_get(row, "batches")));
}

static void cell_sum(const json_t *row, const char *field, char cell[UD_CLI_CELL_SIZE])
{
    long long sum = 0;
    size_t index;
    json_t *batch;
    json_array_foreach(json_object_get(row, "batches"), index, batch)
    {
        sum += ud_cli_field_number(batch, field);
    }
    snprintf(cell, UD_CLI_CELL_SIZE, "%lld", sum);
}

static void cell_planned(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    cell_sum(row, "planned", cell);
}

static void cell_succeeded(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    cell_sum(row, "succeeded", cell);
}

static void cell_failed(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    char rolled_back[UD_CLI_CELL_SIZE];
    cell_sum(row, "failed", cell);
    cell_sum(row, "rolled_back", rolled_back);
    snprintf(cell, UD_CLI_CELL_SIZE, "%lld", strtoll(cell, NULL, 10) + strtoll(rolled_back, NULL, 10));
}

static void cell_created(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    ud_cli_format_time(ud_cli_field_number(row, "created_ms"), cell, UD_CLI_CELL_SIZE);
}

static ud_err_t run_list(const ud_cli_call_t *call)
{
    static const ud_cli_column_t columns[] = {
        {.title = "ID", .field = "id"},
        {.title = "VERSION", .field = "version"},
        {.title = "HARDWARE", .field = "hardware"},
        {.title = "GROUP", .field = "group"},
        {.title = "STATUS", .field = "status", .style = status_style},
        {.title = "BATCH", .cell = cell_batch},
        {.title = "DEVICES", .cell = cell_planned, .right = true},
        {.title = "UPDATED", .cell = cell_succeeded, .right = true},
        {.title = "FAILED", .cell = cell_failed, .right = true},
        {.title = "STARTED", .cell = cell_created},
    };
    ud_client_path_t path;
    ud_client_path(&path, "/rollouts", NULL, NULL);
    ud_client_path_query(&path, "active", ud_cli_flag(call, "active") ? "true" : NULL);
    return ud_cli_list(call, &path, UD_CLI_LIST_ALL, columns, sizeof columns / sizeof columns[0],
                       "There is no rollout: updraft rollout start RELEASE");
}

static const ud_cli_option_t list_options[] = {
    {"active", 'a', NULL, "only those not completed"},
    UD_CLI_LIST_LIMIT("all"),
    {0},
};

const ud_cli_verb_t ud_verb_rollout_list = {
    .noun = "rollout",
    .verb = "list",
    .arguments = "",
    .options = list_options,
    .summary = "list rollouts, newest first",
    .description = "Lists rollouts with their status and results; FAILED counts failed and rolled back devices.",
    .examples = "  updraft rollout list --active\n",
    .run = run_list,
};

static ud_err_t show(json_t *rollout)
{
    if (ud_output_is_json()) {
        ud_output_json(rollout);
        return UD_OK;
    }
    ud_cli_rollout_print(rollout);
    json_decref(rollout);
    return UD_OK;
}

static ud_err_t run_show(const ud_cli_call_t *call)
{
    ud_client_path_t path;
    json_t *answer = NULL;
    ud_client_path(&path, "/rollouts", call->arguments[0], NULL);
    UD_TRY(ud_client_ask("GET", path.text, NULL, &answer));
    return show(answer);
}

const ud_cli_verb_t ud_verb_rollout_show = {
    .noun = "rollout",
    .verb = "show",
    .arguments = "ID",
    .argument_min = 1,
    .argument_max = 1,
    .summary = "show one rollout, its batches, and why devices fail or wait",
    .description = "Shows a rollout as it is now. 'updraft rollout watch' follows it.",
    .examples = "  updraft rollout show R-3\n",
    .run = run_show,
};

/* ---- pause, resume, halt ----------------------------------------------------------------------------------------- */

/* The verb's name is the last part of the path. */
static ud_err_t run_act(const ud_cli_call_t *call)
{
    ud_client_path_t path;
    char rest[16];
    json_t *answer = NULL;
    snprintf(rest, sizeof rest, "/%s", call->verb->verb);
    ud_client_path(&path, "/rollouts", call->arguments[0], rest);
    UD_TRY(ud_client_ask("POST", path.text, json_pack("{s:s*}", "reason", ud_cli_text(call, "reason")), &answer));
    return show(answer);
}

static const ud_cli_option_t act_options[] = {
    {"reason", 'r', "TEXT", "why; shown to everybody who looks at the rollout"},
    {0},
};

const ud_cli_verb_t ud_verb_rollout_pause = {
    .noun = "rollout",
    .verb = "pause",
    .arguments = "ID",
    .argument_min = 1,
    .argument_max = 1,
    .options = act_options,
    .summary = "stop offering for a while",
    .description = "Pauses a rollout: no further device begins, those that have begun go on.",
    .examples = "  updraft rollout pause R-3 --reason \"Trade fair until Friday\"\n",
    .run = run_act,
};

const ud_cli_verb_t ud_verb_rollout_resume = {
    .noun = "rollout",
    .verb = "resume",
    .arguments = "ID",
    .argument_min = 1,
    .argument_max = 1,
    .options = act_options,
    .summary = "go on after a pause or a halt",
    .description = "Resumes a rollout. After a halt by the failure limit the results so far still count: it halts\n"
                   "again at the next failure above the limit.",
    .examples = "  updraft rollout resume R-3\n",
    .run = run_act,
};

const ud_cli_verb_t ud_verb_rollout_halt = {
    .noun = "rollout",
    .verb = "halt",
    .arguments = "ID",
    .argument_min = 1,
    .argument_max = 1,
    .options = act_options,
    .summary = "stop a rollout at once",
    .description = "Halts a rollout: no further device begins. Devices past the download finish or roll back, and\n"
                   "still report.",
    .examples = "  updraft rollout halt R-3 --reason \"Modem firmware crashes\"\n",
    .run = run_act,
};
