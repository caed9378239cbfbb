#include "server/door/device.h"

#include "core/base/hex.h"
#include "core/proto/http1.h"
#include "server/door/message_json.h"
#include "server/door/problem.h"
#include "server/door/route.h"
#include "server/io/loop.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* One request under way; in its arena. */
typedef struct {
    const struct post *post; /* NULL: an artifact */
    bool json;
    ud_token_claims_t claims; /* of the token, when one is needed */
    ud_command_t command;
    uint8_t artifact[UD_SHA256_SIZE];
    union {
        ud_register_t enrol;
        ud_token_request_t credential;
        ud_checkin_t checkin;
    } message;
} ask_t;

/* What the addresses that take a message differ in. */
typedef struct post {
    ud_message_type_t message;
    ud_command_type_t command;
    bool needs_token;
    void (*fill)(ask_t *ask);
    void (*answer)(ud_exchange_t *exchange, ask_t *ask);
} post_t;

/* ---- who is asking --------------------------------------------------------------------------------------------------- */

/* Checks the device token's signature and time; answers and returns false when it is not good. */
static bool check_token(ud_exchange_t *exchange, ud_token_claims_t *claims)
{
    const ud_device_door_t *door = ud_exchange_door(exchange);
    const char *token = ud_exchange_bearer(exchange);
    if (token == NULL) {
        ud_problem_reply(exchange, UD_ERR_UNAUTHENTICATED, NULL,
                         "Authorization: Bearer with a device token is missing.");
        return false;
    }
    ud_err_t err = ud_token_verify(door->tokens, token, ud_wall_ms() / 1000, claims);
    if (err == UD_ERR_TOKEN_EXPIRED) {
        ud_problem_reply(exchange, err, NULL, "The token of device %s is over.", claims->device_id);
    } else if (err != UD_OK) {
        ud_problem_reply(exchange, err, NULL, "The token was not issued by this server.");
    }
    return err == UD_OK;
}

static ask_t *make_ask(ud_exchange_t *exchange, ud_command_type_t type)
{
    ud_arena_t *arena = ud_exchange_arena(exchange);
    ask_t *ask = ud_arena_alloc(arena, sizeof *ask);
    if (ask == NULL) {
        ud_problem_reply(exchange, UD_ERR_OVERLOADED, NULL, NULL);
        return NULL;
    }
    ask->command.type = type;
    ask->command.arena = arena;
    ask->command.source_address = ud_exchange_peer(exchange);
    ud_exchange_set_context(exchange, ask);
    return ask;
}

/* ---- messages -------------------------------------------------------------------------------------------------------- */

static void reply_message(ud_exchange_t *exchange, bool json, ud_message_type_t type, const void *message)
{
    uint8_t data[UD_MESSAGE_SIZE_MAX];
    ud_span_t text = ud_span(data, 0);
    ud_err_t err = json ? ud_message_to_json(type, message, ud_exchange_arena(exchange), &text)
                        : ud_message_encode(type, message, data, sizeof data, &text.size);
    if (err != UD_OK) {
        ud_problem_reply(exchange, UD_ERR_INTERNAL, NULL, "The answer cannot be written: %s.", ud_err_code(err));
        return;
    }
    ud_exchange_reply_header(exchange, "Cache-Control", "no-store");
    ud_exchange_reply(exchange, 200, json ? "application/json" : "application/cbor", text.data, text.size);
}

static void fill_register(ask_t *ask)
{
    ask->command.in.enrol.message = &ask->message.enrol;
}

static void fill_credential(ask_t *ask)
{
    ask->command.in.credential = &ask->message.credential;
}

static void fill_checkin(ask_t *ask)
{
    ask->command.in.checkin.message = &ask->message.checkin;
    ask->command.in.checkin.generation = ask->claims.generation;
}

/* Status, and a token when the device is active. */
static void answer_enrolment(ud_exchange_t *exchange, ask_t *ask)
{
    const ud_device_door_t *door = ud_exchange_door(exchange);
    const ud_register_out_t *out = &ask->command.out.enrol;
    const char *device_id =
        ask->post->command == UD_COMMAND_REGISTER ? ask->message.enrol.device_id : ask->message.credential.device_id;
    ud_register_answer_t answer = {.present = UD_FIELD(UD_REGISTER_ANSWER_STATUS) | UD_FIELD(UD_REGISTER_ANSWER_NEXT),
                                   .status = (uint8_t)out->status,
                                   .next_s = out->next_s};
    if (out->status == UD_STATUS_ACTIVE) {
        ud_err_t err = ud_token_issue(door->tokens, device_id, out->generation, ud_wall_ms() / 1000,
                                      door->token_lifetime_s, answer.token);
        if (err != UD_OK) {
            ud_problem_reply(exchange, err, NULL, "No token could be signed.");
            return;
        }
        answer.token_lifetime_s = door->token_lifetime_s;
        answer.present |= UD_FIELD(UD_REGISTER_ANSWER_TOKEN) | UD_FIELD(UD_REGISTER_ANSWER_TOKEN_LIFETIME);
    }
    reply_message(exchange, ask->json, UD_MESSAGE_REGISTER_ANSWER, &answer);
}

static void answer_offer(ud_exchange_t *exchange, ask_t *ask)
{
    reply_message(exchange, ask->json, UD_MESSAGE_OFFER, &ask->command.out.offer);
}

static void answer_nothing(ud_exchange_t *exchange, ask_t *ask)
{
    const char *empty = ask->json ? "{}" : "\xA0"; /* an empty map in either form */
    ud_exchange_reply(exchange, 200, ask->json ? "application/json" : "application/cbor", empty, strlen(empty));
}

static void applied(ud_exchange_t *exchange, ud_command_t *command)
{
    ask_t *ask = ud_exchange_context(exchange);
    if (command->err != UD_OK) {
        ud_problem_command(exchange, command);
        return;
    }
    ask->post->answer(exchange, ask);
}

static void submit(ud_exchange_t *exchange, ask_t *ask, ud_engine_done_fn done)
{
    const ud_device_door_t *door = ud_exchange_door(exchange);
    ud_err_t err = ud_engine_submit(door->engine, exchange, &ask->command, done);
    if (err != UD_OK) {
        ud_problem_reply(exchange, err, NULL, NULL);
    }
}

static void body_read(ud_exchange_t *exchange)
{
    ask_t *ask = ud_exchange_context(exchange);
    const ud_field_t *field = NULL;
    ud_span_t body = ud_exchange_body(exchange);
    ud_err_t err = ask->json ? ud_message_from_json(ask->post->message, body, &ask->message, &field)
                             : ud_message_decode(ask->post->message, body, &ask->message, &field);
    if (err != UD_OK) {
        ud_problem_reply(exchange, err, ud_field_name(field), "The body of %zu bytes is not a good %s message in %s.",
                         body.size, strrchr(ud_exchange_path(exchange), '/') + 1, ask->json ? "JSON" : "CBOR");
        return;
    }
    if (ask->post->needs_token && strcmp(ask->claims.device_id, ask->message.checkin.device_id) != 0) {
        ud_problem_reply(exchange, UD_ERR_UNAUTHENTICATED, "device_id", "The token is of device %s.",
                         ask->claims.device_id);
        return;
    }
    ask->post->fill(ask);
    submit(exchange, ask, applied);
}

/* True for `type`, whatever parameters follow it. */
static bool is_type(const char *value, const char *type)
{
    size_t size = strlen(type);
    return value != NULL && strncasecmp(value, type, size) == 0 && (value[size] == '\0' || strchr("; \t", value[size]));
}

static void take_message(ud_exchange_t *exchange, const post_t *post)
{
    const char *type = ud_exchange_header(exchange, "content-type");
    bool json = is_type(type, "application/json");
    if (!json && !is_type(type, "application/cbor")) {
        ud_problem_reply(exchange, UD_ERR_UNSUPPORTED, NULL,
                         "Content-Type must be application/cbor or application/json.");
        return;
    }
    ask_t *ask = make_ask(exchange, post->command);
    if (ask == NULL || (post->needs_token && !check_token(exchange, &ask->claims))) {
        return;
    }
    ask->post = post;
    ask->json = json;
    ud_exchange_collect(exchange, json ? UD_MESSAGE_JSON_SIZE_MAX : UD_MESSAGE_SIZE_MAX, body_read);
}

static void post_register(ud_exchange_t *exchange)
{
    static const post_t post = {UD_MESSAGE_REGISTER, UD_COMMAND_REGISTER, false, fill_register, answer_enrolment};
    take_message(exchange, &post);
}

static void post_token(ud_exchange_t *exchange)
{
    static const post_t post = {UD_MESSAGE_TOKEN_REQUEST, UD_COMMAND_TOKEN, false, fill_credential, answer_enrolment};
    take_message(exchange, &post);
}

static void post_retire(ud_exchange_t *exchange)
{
    static const post_t post = {UD_MESSAGE_TOKEN_REQUEST, UD_COMMAND_RETIRE, false, fill_credential, answer_nothing};
    take_message(exchange, &post);
}

static void post_checkin(ud_exchange_t *exchange)
{
    static const post_t post = {UD_MESSAGE_CHECKIN, UD_COMMAND_CHECKIN, true, fill_checkin, answer_offer};
    take_message(exchange, &post);
}

/* ---- artifacts ------------------------------------------------------------------------------------------------------- */

/* True if the list of entity tags in `value` ("*" or "a", W/"b") has `tag`, which is with its quotes. */
static bool names_tag(const char *value, const char *tag)
{
    return value != NULL && (strcmp(value, "*") == 0 || strstr(value, tag) != NULL);
}

/* The bytes that the request wants. Errors: UD_ERR_UNSUPPORTED (all of them), UD_ERR_RANGE_NOT_SATISFIABLE. */
static ud_err_t choose_range(ud_exchange_t *exchange, const char *tag, uint64_t size, uint64_t *first, uint64_t *last)
{
    const char *range = ud_exchange_header(exchange, "range");
    const char *condition = ud_exchange_header(exchange, "if-range");
    bool whole = range == NULL || strcmp(ud_exchange_method(exchange), "GET") != 0;
    if (whole || (condition != NULL && strcmp(condition, tag) != 0)) {
        return UD_ERR_UNSUPPORTED;
    }
    return ud_http1_parse_range(ud_span(range, strlen(range)), size, first, last);
}

static void send_open_file(ud_exchange_t *exchange, const char *tag, int fd, uint64_t size)
{
    uint64_t first = 0, last = 0;
    char text[80];
    ud_err_t err = choose_range(exchange, tag, size, &first, &last);
    ud_exchange_reply_header(exchange, "Accept-Ranges", "bytes");
    if (err == UD_ERR_RANGE_NOT_SATISFIABLE) {
        close(fd);
        snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)size);
        ud_exchange_reply_header(exchange, "Content-Range", text);
        ud_problem_reply(exchange, err, "Range", "The artifact has %llu bytes.", (unsigned long long)size);
        return;
    }
    const ud_device_door_t *door = ud_exchange_door(exchange);
    ud_exchange_reply_header(exchange, "ETag", tag);
    ud_exchange_reply_header(exchange, "Cache-Control",
                             door->public_artifacts ? "public, max-age=31536000, immutable"
                                                    : "private, max-age=31536000, immutable");
    if (names_tag(ud_exchange_header(exchange, "if-none-match"), tag)) {
        close(fd);
        ud_exchange_reply(exchange, 304, NULL, NULL, 0);
        return;
    }
    bool part = err == UD_OK;
    if (part) {
        snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)first, (unsigned long long)last,
                 (unsigned long long)size);
        ud_exchange_reply_header(exchange, "Content-Range", text);
    }
    ud_exchange_reply_file(exchange, part ? 206 : 200, "application/octet-stream", fd, first,
                           part ? last - first + 1 : size);
}

static void send_artifact(ud_exchange_t *exchange, ask_t *ask)
{
    const ud_device_door_t *door = ud_exchange_door(exchange);
    char hex[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)], tag[sizeof hex + 2];
    int fd = -1;
    uint64_t size = 0;
    ud_hex_encode(ask->artifact, sizeof ask->artifact, hex);
    snprintf(tag, sizeof tag, "\"%s\"", hex);
    ud_err_t err = ud_artifact_open(door->artifacts, ask->artifact, &fd, &size);
    if (err != UD_OK) {
        ud_problem_reply(exchange, err, NULL, "There is no artifact %s.", hex);
        return;
    }
    send_open_file(exchange, tag, fd, size);
}

static void device_authorised(ud_exchange_t *exchange, ud_command_t *command)
{
    if (command->err != UD_OK) {
        ud_problem_command(exchange, command);
        return;
    }
    ud_exchange_vouch(exchange);
    send_artifact(exchange, ud_exchange_context(exchange));
}

static void get_artifact(ud_exchange_t *exchange)
{
    const ud_device_door_t *door = ud_exchange_door(exchange);
    const char *name = ud_exchange_param(exchange, 0);
    ask_t *ask = make_ask(exchange, UD_COMMAND_DEVICE_AUTH);
    if (ask == NULL) {
        return;
    }
    if (ud_hex_decode(name, strlen(name), ask->artifact, sizeof ask->artifact) != UD_OK) {
        ud_problem_reply(exchange, UD_ERR_NOT_FOUND, NULL,
                         "An artifact's name is its SHA-256 in 64 hexadecimal digits.");
        return;
    }
    if (door->public_artifacts) {
        send_artifact(exchange, ask);
        return;
    }
    if (!check_token(exchange, &ask->claims)) {
        return;
    }
    ask->command.in.device_auth =
        (ud_device_auth_in_t){.device_id = ask->claims.device_id, .generation = ask->claims.generation};
    submit(exchange, ask, device_authorised);
}

/* ---- routes ---------------------------------------------------------------------------------------------------------- */

void ud_device_on_head(ud_exchange_t *exchange)
{
    static const ud_route_t routes[] = {
        {"POST", "/v1/checkin", post_checkin},   {"GET", "/v1/artifacts/{sha256}", get_artifact},
        {"POST", "/v1/register", post_register}, {"POST", "/v1/token", post_token},
        {"POST", "/v1/retire", post_retire},
    };
    ud_route(exchange, routes, UD_ROUTE_COUNT(routes));
}
