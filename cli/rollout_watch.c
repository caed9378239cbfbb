/* updraft rollout watch: a rollout as it goes. */
#include "cli/options.h"
#include "cli/print.h"
#include "cli/rollout.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 24
#define PERIOD_MS 500

/* A server that restarts is waited for; one that is gone for this many periods (a minute) is not. */
#define FAILURES_MAX 120

/* Long lines are cut at the edge of the terminal instead of wrapped, so that a picture has as many lines as were printed. */
#define WRAP_OFF "\033[?7l"
#define WRAP_ON "\033[?7h"

/* ---- one picture ------------------------------------------------------------------------------------------------- */

/* Devices of a batch: those planned, or more when others joined late. */
static long long batch_size(const json_t *batch)
{
    long long planned = ud_cli_field_number(batch, "planned");
    long long offered = ud_cli_field_number(batch, "offered");
    return offered > planned ? offered : planned;
}

/* '#' succeeded, 'x' failed or rolled back, '>' updating, '.' waiting; any that is not zero is seen. */
static void draw_bar(const json_t *batch, char bar[BAR_WIDTH + 1])
{
    static const char letters[] = "#x>";
    long long size = batch_size(batch);
    long long parts[] = {ud_cli_field_number(batch, "succeeded"),
                         ud_cli_field_number(batch, "failed") + ud_cli_field_number(batch, "rolled_back"),
                         ud_cli_field_number(batch, "updating")};
    size_t at = 0;
    memset(bar, '.', BAR_WIDTH);
    bar[BAR_WIDTH] = '\0';
    for (size_t part = 0; part < 3 && size > 0; part++) {
        size_t width = (size_t)(parts[part] * BAR_WIDTH / size);
        width = width == 0 && parts[part] > 0 ? 1 : width;
        width = at + width > BAR_WIDTH ? BAR_WIDTH - at : width;
        memset(bar + at, letters[part], width);
        at += width;
    }
}

static ud_style_t batch_style(const char *state)
{
    if (strcmp(state, "halted") == 0) {
        return UD_STYLE_BAD;
    }
    if (strcmp(state, "passed") == 0) {
        return UD_STYLE_GOOD;
    }
    return strcmp(state, "waiting") == 0 ? UD_STYLE_DIM : UD_STYLE_OFF;
}

static unsigned print_failures(const json_t *counts)
{
    size_t index;
    json_t *count;
    json_array_foreach(counts, index, count)
    {
        const char *label = ud_cli_field_text(count, "label");
        ud_err_t err = UD_ERR_INTERNAL;
        bool known = ud_err_from_code(label, &err) == UD_OK;
        ud_output_line(UD_STYLE_OFF, "  %lld failed: %s", ud_cli_field_number(count, "count"),
                       known ? ud_err_text(err) : label);
    }
    return (unsigned)json_array_size(counts);
}

/* What devices wait for, by the label of the API. */
static const struct {
    const char *label;
    const char *words;
} waits_known[] = {
    {"batch", "for their batch"},       {"checkin", "for their next check-in"},  {"busy", "for others to finish"},
    {"retry", "to be tried once more"}, {"held", "because a person holds them"}, {"offline", "to be online again"},
};

static unsigned print_waits(const json_t *counts)
{
    size_t index;
    json_t *count;
    json_array_foreach(counts, index, count)
    {
        const char *words = ud_cli_field_text(count, "label");
        for (size_t i = 0; i < sizeof waits_known / sizeof waits_known[0]; i++) {
            words = strcmp(words, waits_known[i].label) == 0 ? waits_known[i].words : words;
        }
        ud_output_line(UD_STYLE_OFF, "  %lld waiting %s", ud_cli_field_number(count, "count"), words);
    }
    return (unsigned)json_array_size(counts);
}

/* Counts of a batch beside "updated", shown when they are not zero: a line that fits a terminal of 80 columns. */
static const struct {
    const char *field;
    const char *words;
} counts_shown[] = {
    {"failed", "failed"}, {"rolled_back", "rolled back"}, {"updating", "busy"}, {"unreachable", "not reachable"}};

static unsigned print_batch(const json_t *batch, size_t index)
{
    char bar[BAR_WIDTH + 1];
    char counts[128] = "";
    size_t used = 0;
    const char *state = ud_cli_field_text(batch, "state");
    draw_bar(batch, bar);
    for (size_t i = 0; i < sizeof counts_shown / sizeof counts_shown[0] && used < sizeof counts; i++) {
        long long count = ud_cli_field_number(batch, counts_shown[i].field);
        if (count != 0) {
            used += (size_t)snprintf(counts + used, sizeof counts - used, ", %lld %s", count, counts_shown[i].words);
        }
    }
    ud_output_line(batch_style(state), "  batch %-2zu [%s] %-7s %lld of %lld updated%s", index + 1, bar, state,
                   ud_cli_field_number(batch, "succeeded"), batch_size(batch), counts);
    return 1;
}

unsigned ud_cli_rollout_print(const json_t *rollout)
{
    unsigned lines = 1;
    size_t index;
    json_t *batch;
    const char *status = ud_cli_field_text(rollout, "status");
    const char *from = ud_cli_field_text(rollout, "from");
    const char *reason = ud_cli_field_text(rollout, "stop_reason");
    if (ud_output_is_json()) {
        return 0;
    }
    ud_output_line(UD_STYLE_BOLD, "%s  %s%s%s for %s: %s", ud_cli_field_text(rollout, "id"), from,
                   from[0] != '\0' ? " -> " : "", ud_cli_field_text(rollout, "version"),
                   ud_cli_field_text(rollout, "hardware"), status);
    json_array_foreach(json_object_get(rollout, "batches"), index, batch)
    {
        lines += print_batch(batch, index);
    }
    lines += print_failures(json_object_get(rollout, "failures"));
    lines += print_waits(json_object_get(rollout, "waits"));
    if (reason[0] != '\0') {
        ud_output_line(UD_STYLE_WARN, "  %s", reason);
        lines++;
    }
    return lines;
}

/* ---- one after the other ----------------------------------------------------------------------------------------- */

typedef struct {
    bool live;      /* redraw on a terminal */
    unsigned lines; /* of the last picture */
    long long revision;
    char last[160]; /* line of a plain log, so that nothing is said twice */
} watch_t;

static void print_plain(watch_t *watch, const json_t *rollout)
{
    size_t current = (size_t)ud_cli_field_number(rollout, "current");
    const json_t *batches = json_object_get(rollout, "batches");
    const json_t *batch = json_array_get(batches, current);
    char line[sizeof watch->last];
    snprintf(line, sizeof line,
             "%s %s: batch %zu of %zu %s, %lld of %lld updated, %lld failed, %lld rolled back, %lld busy",
             ud_cli_field_text(rollout, "id"), ud_cli_field_text(rollout, "status"), current + 1,
             json_array_size(batches), ud_cli_field_text(batch, "state"), ud_cli_field_number(batch, "succeeded"),
             batch_size(batch), ud_cli_field_number(batch, "failed"), ud_cli_field_number(batch, "rolled_back"),
             ud_cli_field_number(batch, "updating"));
    if (strcmp(line, watch->last) != 0) {
        ud_output_line(UD_STYLE_OFF, "%s", line);
        memcpy(watch->last, line, sizeof line);
    }
}

static void show(watch_t *watch, const json_t *rollout)
{
    long long revision = ud_cli_field_number(rollout, "revision");
    if (revision == watch->revision) {
        return;
    }
    watch->revision = revision;
    if (ud_output_is_json()) {
        json_dumpf(rollout, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
        putchar('\n');
    } else if (watch->live) {
        printf(WRAP_OFF);
        if (watch->lines > 0) {
            printf("\033[%uA\033[J", watch->lines);
        }
        watch->lines = ud_cli_rollout_print(rollout);
        printf(WRAP_ON);
    } else {
        print_plain(watch, rollout);
    }
    fflush(stdout);
}

static void pause_ms(long milliseconds)
{
    struct timespec delay = {.tv_nsec = milliseconds * 1000000};
    nanosleep(&delay, NULL);
}

/* Tries again while the server is away, which a restart of it is. */
static ud_err_t ask(ud_client_t *client, const char *path, json_t **rollout)
{
    ud_err_t err = UD_OK;
    for (int failures = 0; failures < FAILURES_MAX; failures++) {
        ud_client_set_quiet(client, true);
        err = ud_client_call(client, "GET", path, NULL, rollout);
        ud_client_set_quiet(client, false);
        if (err != UD_ERR_NETWORK && err != UD_ERR_OVERLOADED) {
            break;
        }
        pause_ms(PERIOD_MS);
    }
    return err == UD_OK ? UD_OK : ud_client_call(client, "GET", path, NULL, rollout);
}

/* Its end, if it has one. */
static bool is_over(const json_t *rollout, ud_err_t *err)
{
    const char *status = ud_cli_field_text(rollout, "status");
    if (strcmp(status, "completed") == 0) {
        *err = UD_OK;
        return true;
    }
    if (strcmp(status, "halted") != 0) {
        return false;
    }
    const char *reason = ud_cli_field_text(rollout, "stop_reason");
    *err = UD_ERR_ROLLOUT_HALTED;
    if (!ud_output_is_json()) {
        *err = ud_cli_fail(*err, "rollout %s of %s was halted%s%s", ud_cli_field_text(rollout, "id"),
                           ud_cli_field_text(rollout, "version"), reason[0] != '\0' ? ": " : "", reason);
    }
    return true;
}

ud_err_t ud_cli_rollout_watch(ud_client_t *client, const char *id)
{
    ud_client_path_t path;
    const char *term = getenv("TERM");
    watch_t watch = {.live = isatty(STDOUT_FILENO) == 1 && term != NULL && strcmp(term, "dumb") != 0, .revision = -1};
    ud_client_path(&path, "/rollouts", id, NULL);
    for (;;) {
        json_t *rollout = NULL;
        ud_err_t err = UD_OK;
        UD_TRY(ask(client, path.text, &rollout));
        show(&watch, rollout);
        bool over = is_over(rollout, &err);
        json_decref(rollout);
        if (over) {
            return err;
        }
        pause_ms(PERIOD_MS);
    }
}

static ud_err_t run_watch(const ud_cli_call_t *call)
{
    ud_client_t *client = NULL;
    UD_TRY(ud_client_open(&client));
    ud_err_t err = ud_cli_rollout_watch(client, call->arguments[0]);
    ud_client_close(client);
    return err;
}

const ud_cli_verb_t ud_verb_rollout_watch = {
    .noun = "rollout",
    .verb = "watch",
    .arguments = "ID",
    .argument_min = 1,
    .argument_max = 1,
    .summary = "follow a rollout to its end",
    .description = "Shows the batches as they fill: '#' updated, 'x' failed or rolled back, '>' under way. Ends with\n"
                   "exit code 0 when the rollout is completed, and 14 when it was halted. Where the output is no\n"
                   "terminal it prints a line, with --json an object on a line, for each change.",
    .examples = "  updraft rollout watch R-3\n"
                "  updraft rollout watch R-3 --json | jq .status\n",
    .run = run_watch,
};
