/* Uploads: judged by their head before a byte of the body is read, written to disk as they come, verified in a worker. */
#include "core/image/trusted.h"
#include "server/door/operator_handlers.h"
#include "server/door/operator_input.h"
#include "server/door/operator_intake.h"
#include "server/door/problem.h"
#include "server/io/log.h"

#include <string.h>
#include <strings.h>

typedef struct {
    ud_intake_t intake;
    const char *notes;
    const char *hardware;
    uint64_t size; /* bytes received */
} upload_t;

static const ud_input_field_t query_fields[] = {
    {"notes", UD_INPUT_TEXT, false, offsetof(upload_t, notes), 0, UD_NOTES_SIZE_MAX, NULL},
    {"hardware", UD_INPUT_TEXT, false, offsetof(upload_t, hardware), 1, UD_HARDWARE_SIZE_MAX, NULL},
    {.kind = UD_INPUT_END},
};

/* ---- last: the release ------------------------------------------------------------------------------------------- */

/* UD_ERR_EXISTS: the same image was released before, which is as good. */
static void release_made(ud_exchange_t *exchange, ud_command_t *command)
{
    if (command->err != UD_ERR_EXISTS && ud_operator_refused(exchange, command)) {
        return;
    }
    int status = command->err == UD_ERR_EXISTS ? 200 : 201;
    ud_log(UD_LOG_INFO, "release", "id", command->out.release.id, "version", command->out.release.version, "request",
           ud_exchange_id(exchange), "known", status == 200 ? "yes" : "no", NULL);
    ud_operator_reply(exchange, status, ud_operator_json(ud_json_release, &command->out.release));
}

static void intake_done(ud_exchange_t *exchange, void *job)
{
    upload_t *upload = job;
    ud_intake_t *intake = &upload->intake;
    if (intake->err != UD_OK) {
        ud_problem_reply(exchange, intake->err, intake->field, "%s", intake->detail);
        return;
    }
    ud_operator_ask_t *ask = ud_operator_ask(exchange, UD_COMMAND_RELEASE_CREATE, 201, ud_json_release);
    if (ask != NULL) {
        intake->release.notes = upload->notes;
        ask->command.in.release.release = &intake->release;
        ud_operator_send(exchange, ask, release_made);
    }
}

/* ---- the image is here: whose key? ------------------------------------------------------------------------------- */

static void run_intake(void *job)
{
    upload_t *upload = job;
    ud_intake_run(&upload->intake);
}

/* The engine stores only names of schemes that there are. */
static const ud_image_scheme_t *scheme_named(const char *name)
{
    size_t index = 0;
    while (index < UD_SCHEME_DEVICE_COUNT - 1 && strcmp(ud_scheme_name(ud_schemes[index]), name) != 0) {
        index++;
    }
    return ud_schemes[index];
}

static void keys_listed(ud_exchange_t *exchange, ud_command_t *command)
{
    upload_t *upload = ud_exchange_context(exchange);
    ud_operator_t *door = ud_exchange_door(exchange);
    if (ud_operator_refused(exchange, command)) {
        return;
    }
    const ud_key_page_t *page = &command->out.keys;
    ud_trusted_key_t *keys = ud_arena_alloc(ud_exchange_arena(exchange), (page->count + 1) * sizeof *keys);
    ud_err_t err = keys != NULL ? UD_OK : UD_ERR_OVERLOADED;
    for (size_t index = 0; err == UD_OK && index < page->count; index++) {
        /* the page lives as long as the request, as its keys must */
        ud_trusted_key_init(&keys[index], scheme_named(page->items[index].type), page->items[index].public_key.data);
    }
    upload->intake.store = door->artifacts;
    upload->intake.keys = keys;
    upload->intake.key_count = page->count;
    upload->intake.hardware = upload->hardware;
    err = err == UD_OK ? ud_worker_submit(door->images, exchange, run_intake, intake_done, upload) : err;
    if (err != UD_OK) {
        ud_problem_reply(exchange, err, NULL, NULL);
    }
}

static void body_complete(ud_exchange_t *exchange)
{
    ud_operator_ask_t *ask = ud_operator_ask(exchange, UD_COMMAND_QUERY_KEYS, 200, NULL);
    if (ask != NULL) {
        ud_operator_send(exchange, ask, keys_listed);
    }
}

/* ---- the body, as it comes --------------------------------------------------------------------------------------- */

static void drop_draft(ud_exchange_t *exchange)
{
    upload_t *upload = ud_exchange_context(exchange);
    ud_artifact_drop(&upload->intake.draft);
}

static void body_part(ud_exchange_t *exchange, ud_span_t part)
{
    upload_t *upload = ud_exchange_context(exchange);
    ud_err_t err = ud_artifact_write(&upload->intake.draft, upload->size, part.data, part.size);
    upload->size += part.size;
    if (err != UD_OK) {
        ud_artifact_drop(&upload->intake.draft);
        ud_problem_reply(exchange, err, NULL, "the upload could not be written after %llu bytes",
                         (unsigned long long)upload->size);
    }
}

static bool is_form(const char *type)
{
    return type != NULL && strncasecmp(type, "multipart/", 10) == 0;
}

/* False: the request was answered. */
static bool check_head(ud_exchange_t *exchange, upload_t *upload)
{
    if (is_form(ud_exchange_header(exchange, "content-type"))) {
        ud_problem_reply(exchange, UD_ERR_UNSUPPORTED, NULL, "send the image itself as the body, not a form");
        return false;
    }
    return ud_input_query(exchange, query_fields, upload);
}

static void upload_allowed(ud_exchange_t *exchange, ud_command_t *command)
{
    ud_operator_t *door = ud_exchange_door(exchange);
    upload_t *upload = ud_exchange_context(exchange);
    if (ud_operator_refused(exchange, command) || !check_head(exchange, upload)) {
        return;
    }
    uint64_t size = ud_exchange_body_size(exchange);
    if (size != UINT64_MAX && size > UD_UPLOAD_SIZE_MAX) {
        ud_problem_reply(exchange, UD_ERR_TOO_LARGE, NULL, "the upload has %llu bytes; at most %u are taken",
                         (unsigned long long)size, UD_UPLOAD_SIZE_MAX);
        return;
    }
    ud_err_t err = ud_artifact_begin(door->artifacts, &upload->intake.draft);
    if (err != UD_OK) {
        ud_problem_reply(exchange, err, NULL, "no file could be made for the upload");
        return;
    }
    ud_exchange_stream_body(exchange, UD_UPLOAD_SIZE_MAX, body_part, body_complete);
}

/* ---- first: may this account upload? ----------------------------------------------------------------------------- */

void ud_operator_upload_release(ud_exchange_t *exchange)
{
    upload_t *upload = ud_arena_alloc(ud_exchange_arena(exchange), sizeof *upload);
    ud_operator_ask_t *ask = ud_operator_ask(exchange, UD_COMMAND_SESSION_CHECK, 200, NULL);
    if (ask == NULL) {
        return;
    }
    if (upload == NULL) {
        ud_problem_reply(exchange, UD_ERR_OVERLOADED, NULL, NULL);
        return;
    }
    ud_exchange_set_context(exchange, upload);
    ud_exchange_on_end(exchange, drop_draft);
    ask->command.in.session.may = UD_COMMAND_RELEASE_CREATE;
    ud_operator_send(exchange, ask, upload_allowed);
}
