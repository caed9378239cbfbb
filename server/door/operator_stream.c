/* Live changes as server-sent events (WHATWG HTML, "Server-sent events").
 *
 * Every UD_STREAM_PERIOD_MS a stream asks the engine what changed since the last answer; when nothing did, nothing is sent
 * but a comment every 15 s. Each question is asked in the name of the session, so that a session that ends takes its
 * streams with it. Answers live in an arena of their own: a stream may last for days.
 */
#include "core/base/limits.h"
#include "server/door/operator_handlers.h"
#include "server/door/operator_input.h"
#include "server/door/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD_MS 500
#define HEARTBEAT_PERIODS 30

/* Bytes of arena of one answer. */
#define ANSWER_SIZE_MAX (4u * 1024u * 1024u)

typedef struct {
    ud_command_t command; /* first: the engine gives it back */
    ud_arena_t *arena;    /* of the present question */
    uint8_t session[UD_SHA256_SIZE];
    uint64_t since;
    const char *ids[UD_WATCH_COUNT_MAX];
    size_t id_count;
    unsigned quiet_periods;
    unsigned slow_periods;
    bool begun;
} stream_t;

static void ask(ud_exchange_t *exchange);

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static ud_err_t write_event(ud_exchange_t *exchange, const char *event, uint64_t id, json_t *data)
{
    char *text = json_dumps(data, JSON_COMPACT);
    json_decref(data);
    size_t capacity = text != NULL ? strlen(text) + 96 : 0;
    char *message = text != NULL ? malloc(capacity) : NULL;
    ud_err_t err = UD_ERR_WOULD_BLOCK;
    if (message != NULL) {
        int size =
            snprintf(message, capacity, "id: %llu\nevent: %s\ndata: %s\n\n", (unsigned long long)id, event, text);
        err = ud_exchange_stream_write(exchange, message, (size_t)size);
    }
    free(message);
    free(text);
    return err;
}

/* What the answer says, or nothing. An event that is not taken is asked for again: `since` stays. */
static ud_err_t write_changes(ud_exchange_t *exchange, stream_t *stream, const ud_changes_t *changes)
{
    if (changes->reset) {
        UD_TRY(write_event(exchange, "reset", changes->revision, json_object()));
    } else if (changes->revision != stream->since || !stream->begun) {
        UD_TRY(write_event(exchange, "change", changes->revision, ud_operator_json(ud_json_changes, changes)));
    } else if (++stream->quiet_periods >= HEARTBEAT_PERIODS) {
        UD_TRY(ud_exchange_stream_write(exchange, ":\n\n", 3));
        stream->quiet_periods = 0;
        return UD_OK;
    } else {
        return UD_OK;
    }
    stream->since = changes->revision;
    stream->quiet_periods = 0;
    return UD_OK;
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static void begin(ud_exchange_t *exchange, stream_t *stream, const ud_changes_t *changes)
{
    ud_exchange_reply_header(exchange, "Cache-Control", "no-store");
    ud_exchange_stream_begin(exchange, 200, "text/event-stream");
    stream->slow_periods += write_changes(exchange, stream, changes) != UD_OK;
    stream->begun = true;
}

static void changes_told(ud_exchange_t *exchange, ud_command_t *command)
{
    stream_t *stream = (stream_t *)(void *)command;
    if (!stream->begun && ud_operator_refused(exchange, command)) {
        return;
    }
    bool over = command->err != UD_OK && command->err != UD_ERR_OVERLOADED;
    if (!over && !stream->begun) {
        begin(exchange, stream, &command->out.changes);
    } else if (!over && command->err == UD_OK) {
        ud_err_t err = write_changes(exchange, stream, &command->out.changes);
        stream->slow_periods = err == UD_OK ? 0 : stream->slow_periods + 1;
    }
    ud_arena_destroy(stream->arena);
    stream->arena = NULL;
    bool head_only = strcmp(ud_exchange_method(exchange), "HEAD") == 0;
    if (over || head_only || stream->slow_periods > UD_STREAM_SLOW_PERIODS_MAX) {
        ud_exchange_stream_end(exchange);
        return;
    }
    ud_exchange_after(exchange, PERIOD_MS, ask);
}

static void ask(ud_exchange_t *exchange)
{
    ud_operator_t *door = ud_exchange_door(exchange);
    stream_t *stream = ud_exchange_context(exchange);
    ud_command_t *command = &stream->command;
    stream->arena = ud_arena_create(ANSWER_SIZE_MAX);
    *command = (ud_command_t){
        .type = UD_COMMAND_QUERY_CHANGES, .arena = stream->arena, .source_address = ud_exchange_peer(exchange)};
    command->in.changes = (ud_changes_in_t){stream->since, stream->ids, stream->id_count};
    memcpy(command->session, stream->session, sizeof command->session);
    ud_err_t err = stream->arena == NULL ? UD_ERR_OVERLOADED : UD_OK;
    err = err == UD_OK ? ud_engine_submit(door->engine, exchange, command, changes_told) : err;
    if (err != UD_OK) {
        command->err = err;
        changes_told(exchange, command);
    }
}

/* ---- beginning and end ------------------------------------------------------------------------------------------- */

static void ended(ud_exchange_t *exchange)
{
    ud_operator_t *door = ud_exchange_door(exchange);
    stream_t *stream = ud_exchange_context(exchange);
    ud_arena_destroy(stream->arena);
    atomic_fetch_sub(&door->stream_count, 1);
}

static const ud_input_field_t query_fields[] = {
    {.name = "devices", .kind = UD_INPUT_TEXT},
    {.kind = UD_INPUT_END},
};

/* "a,b,c" into ids; false if there are too many, or it is no text. */
static bool read_ids(ud_exchange_t *exchange, stream_t *stream)
{
    const char *rest = NULL;
    if (ud_exchange_query(exchange, "devices", &rest) != UD_OK) {
        return false;
    }
    while (rest != NULL && *rest != '\0') {
        size_t size = strcspn(rest, ",");
        if (size > UD_DEVICE_ID_SIZE_MAX || (size > 0 && stream->id_count == UD_WATCH_COUNT_MAX)) {
            return false;
        }
        const char *id = size > 0 ? ud_arena_text(ud_exchange_arena(exchange), rest, size) : NULL;
        if (id != NULL) {
            stream->ids[stream->id_count++] = id;
        }
        rest += rest[size] == ',' ? size + 1 : size;
    }
    return true;
}

/* Where a reconnecting reader left off; 0 begins anew, as does what is not a number. */
static uint64_t last_event_id(ud_exchange_t *exchange)
{
    const char *text = ud_exchange_header(exchange, "last-event-id");
    size_t digits = text != NULL ? strspn(text, "0123456789") : 0;
    return digits > 0 && digits <= 18 && text[digits] == '\0' ? strtoull(text, NULL, 10) : 0;
}

void ud_operator_stream(ud_exchange_t *exchange)
{
    ud_operator_t *door = ud_exchange_door(exchange);
    stream_t *stream = ud_arena_alloc(ud_exchange_arena(exchange), sizeof *stream);
    if (stream == NULL || atomic_fetch_add(&door->stream_count, 1) >= UD_STREAM_COUNT_MAX) {
        atomic_fetch_sub(&door->stream_count, stream != NULL);
        ud_problem_reply(exchange, UD_ERR_TOO_MANY, NULL, "at most %u streams are served at a time",
                         UD_STREAM_COUNT_MAX);
        return;
    }
    ud_exchange_set_context(exchange, stream);
    ud_exchange_on_end(exchange, ended);
    stream->since = last_event_id(exchange);
    ud_err_t err = ud_operator_identify(exchange, stream->session);
    if (err != UD_OK) {
        ud_problem_reply(exchange, err, NULL, NULL);
        return;
    }
    if (!ud_input_query_names(exchange, query_fields)) {
        return;
    }
    if (!read_ids(exchange, stream)) {
        ud_problem_reply(exchange, UD_ERR_INVALID_ARGUMENT, "devices", "at most %d ids of at most %d bytes are watched",
                         UD_WATCH_COUNT_MAX, UD_DEVICE_ID_SIZE_MAX);
        return;
    }
    ask(exchange);
}
