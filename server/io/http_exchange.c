/* Exchanges: the request as handlers see it. */
#include "core/base/assert.h"
#include "core/base/utf8.h"
#include "server/io/http_internal.h"
#include "server/io/log.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- begin and end -------------------------------------------------------------------------------------------------- */

/* "/path?query", or "http://authority/path?query" (RFC 9112 section 3.2). */
static void read_target(ud_exchange_t *exchange, const char *target)
{
    if (target[0] == 'h') {
        size_t size = strcspn(target + 7, "/?");
        exchange->authority = ud_arena_text(exchange->arena, target + 7, size);
        target += 7 + size;
    }
    size_t size = strcspn(target, "?");
    exchange->path = size == 0 ? "/" : ud_arena_text(exchange->arena, target, size);
    exchange->query = target[size] == '?' ? target + size + 1 : NULL;
}

ud_exchange_t *exchange_begin(connection_t *connection, ud_span_t method, ud_span_t target)
{
    ud_arena_t *arena = ud_arena_create(UD_EXCHANGE_ARENA_SIZE_MAX);
    ud_exchange_t *exchange = arena == NULL ? NULL : ud_arena_alloc(arena, sizeof *exchange);
    const char *text = exchange == NULL ? NULL : ud_arena_text(arena, (const char *)target.data, target.size);
    if (text == NULL) {
        ud_arena_destroy(arena);
        return NULL;
    }
    *exchange = (ud_exchange_t){.connection = connection,
                                .arena = arena,
                                .door = connection->endpoint->door,
                                .last_header = &exchange->headers};
    exchange->method = ud_arena_text(arena, (const char *)method.data, method.size);
    read_target(exchange, text);
    exchange->began_ms = ud_monotonic_ms();
    exchange->number = ++connection->thread->exchange_count;
    exchange->head_only = strcmp(exchange->method, "HEAD") == 0;
    connection->exchange = exchange;
    connection->vouched = false;
    return exchange;
}

ud_err_t exchange_add_header(ud_exchange_t *exchange, ud_span_t name, ud_span_t value)
{
    header_t *header = ud_arena_alloc(exchange->arena, sizeof *header);
    char *key = ud_arena_text(exchange->arena, (const char *)name.data, name.size);
    char *text = ud_arena_text(exchange->arena, (const char *)value.data, value.size);
    UD_REQUIRE(header != NULL && key != NULL && text != NULL, UD_ERR_TOO_LARGE);
    for (char *at = key; *at != '\0'; at++) {
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at | 0x20 : *at);
    }
    *header = (header_t){.name = key, .value = text};
    *exchange->last_header = header;
    exchange->last_header = &header->next;
    return UD_OK;
}

static void log_end(ud_exchange_t *exchange)
{
    bool failed = exchange->noted != UD_OK;
    ud_log_level_t level = exchange->status >= 500 ? UD_LOG_ERROR : failed ? UD_LOG_INFO : UD_LOG_DEBUG;
    if (!ud_log_enabled(level)) {
        return;
    }
    char status[16], sent[24], took[24];
    snprintf(status, sizeof status, "%d", exchange->status);
    snprintf(sent, sizeof sent, "%llu", (unsigned long long)exchange->sent);
    snprintf(took, sizeof took, "%llu", (unsigned long long)(ud_monotonic_ms() - exchange->began_ms));
    ud_log(level, "request", "id", ud_exchange_id(exchange), "peer", exchange->connection->peer, "method",
           exchange->method, "path", exchange->path, "status", exchange->status == 0 ? "gone" : status, "bytes", sent,
           "ms", took, "code", failed ? ud_err_code(exchange->noted) : NULL, "detail", exchange->detail);
}

void exchange_end(ud_exchange_t *exchange)
{
    connection_t *connection = exchange->connection;
    log_end(exchange);
    if (exchange->end != NULL) {
        exchange->end(exchange);
    }
    if (exchange->timer != NULL) {
        event_free(exchange->timer);
    }
    connection->exchange = NULL;
    connection->renew = true;
    ud_arena_destroy(exchange->arena);
}

/* ---- head and body, from the connection ------------------------------------------------------------------------------ */

void exchange_head_done(ud_exchange_t *exchange)
{
    const ud_http1_t *parser = &exchange->connection->parser;
    exchange->intake = INTAKE_HELD;
    exchange->body_size = parser->body == UD_HTTP1_BODY_CHUNKED ? UINT64_MAX : parser->body_left;
    const char *host = ud_exchange_header(exchange, "host");
    if (exchange->authority != NULL && (host == NULL || strcasecmp(exchange->authority, host) != 0)) {
        exchange->connection->broken = true; /* whoever sent this may disagree with us about more */
        exchange_fail(exchange, 400, UD_ERR_MALFORMED, "The target names another host than Host does.");
        return;
    }
    exchange->connection->endpoint->on_head(exchange);
}

/* Room for `size` further bytes of the collected body and a NUL. */
static bool grow_body(ud_exchange_t *exchange, size_t size)
{
    size_t needed = (size_t)exchange->taken + size + 1;
    if (needed <= exchange->body_capacity) {
        return true;
    }
    size_t announced = exchange->body_size == UINT64_MAX ? 2 * needed : (size_t)exchange->body_size + 1;
    size_t capacity = announced > exchange->taken_max + 1 ? (size_t)exchange->taken_max + 1 : announced;
    uint8_t *body = ud_arena_alloc(exchange->arena, capacity);
    if (body == NULL || capacity < needed) {
        return false;
    }
    if (exchange->taken > 0) {
        memcpy(body, exchange->body, (size_t)exchange->taken);
    }
    exchange->body = body;
    exchange->body_capacity = capacity;
    return true;
}

void exchange_take_body(ud_exchange_t *exchange, ud_span_t part)
{
    if (exchange->reply != REPLY_NONE) {
        return;
    }
    bool fits = part.size <= exchange->taken_max - exchange->taken;
    if (!fits || (exchange->part == NULL && !grow_body(exchange, part.size))) {
        exchange_fail(exchange, 413, UD_ERR_TOO_LARGE, "The body is larger than this address takes.");
        return;
    }
    if (exchange->part == NULL) {
        memcpy(exchange->body + exchange->taken, part.data, part.size);
    }
    exchange->taken += part.size;
    if (exchange->part != NULL) {
        exchange->part(exchange, part);
    }
}

void exchange_body_done(ud_exchange_t *exchange)
{
    bool asked = exchange->intake == INTAKE_BODY;
    exchange->intake = INTAKE_DONE;
    if (asked && exchange->reply == REPLY_NONE) {
        exchange->then(exchange);
    }
}

static void ask_for_body(ud_exchange_t *exchange, uint64_t size_max, ud_exchange_part_fn part, ud_exchange_fn then)
{
    connection_t *connection = exchange->connection;
    if (exchange->body_size != UINT64_MAX && exchange->body_size > size_max) {
        char detail[96];
        snprintf(detail, sizeof detail, "The body has %llu bytes; at most %llu are taken here.",
                 (unsigned long long)exchange->body_size, (unsigned long long)size_max);
        exchange_fail(exchange, 413, UD_ERR_TOO_LARGE, detail);
        return;
    }
    exchange->intake = INTAKE_BODY;
    exchange->taken_max = size_max;
    exchange->part = part;
    exchange->then = then;
    if (connection->parser.expect_continue && exchange->body_size > 0 && connection->input.size == 0) {
        connection_put(connection, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    }
}

void ud_exchange_collect(ud_exchange_t *exchange, size_t size_max, ud_exchange_fn then)
{
    ask_for_body(exchange, size_max, NULL, then);
}

void ud_exchange_stream_body(ud_exchange_t *exchange, uint64_t size_max, ud_exchange_part_fn part, ud_exchange_fn then)
{
    ask_for_body(exchange, size_max, part, then);
}

/* ---- what handlers ask ----------------------------------------------------------------------------------------------- */

ud_arena_t *ud_exchange_arena(const ud_exchange_t *exchange)
{
    return exchange->arena;
}

void *ud_exchange_door(const ud_exchange_t *exchange)
{
    return exchange->door;
}

void ud_exchange_set_door(ud_exchange_t *exchange, void *door)
{
    exchange->door = door;
}

const char *ud_exchange_id(ud_exchange_t *exchange)
{
    if (exchange->id[0] == '\0') {
        const thread_t *thread = exchange->connection->thread;
        snprintf(exchange->id, sizeof exchange->id, "%04x-%x-%llx", thread->server->mark, thread->index,
                 (unsigned long long)exchange->number);
    }
    return exchange->id;
}

const char *ud_exchange_method(const ud_exchange_t *exchange)
{
    return exchange->method;
}

const char *ud_exchange_path(const ud_exchange_t *exchange)
{
    return exchange->path;
}

const char *ud_exchange_header(const ud_exchange_t *exchange, const char *lower_case)
{
    for (const header_t *header = exchange->headers; header != NULL; header = header->next) {
        if (strcmp(header->name, lower_case) == 0) {
            return header->value;
        }
    }
    return NULL;
}

const char *ud_exchange_bearer(const ud_exchange_t *exchange)
{
    const char *value = ud_exchange_header(exchange, "authorization");
    return value != NULL && strncasecmp(value, "Bearer ", 7) == 0 && value[7] != '\0' ? value + 7 : NULL;
}

const char *ud_exchange_cookie(ud_exchange_t *exchange, const char *name)
{
    const char *at = ud_exchange_header(exchange, "cookie");
    size_t name_size = strlen(name);
    while (at != NULL) {
        at += strspn(at, " ");
        size_t size = strcspn(at, ";");
        if (size > name_size && strncmp(at, name, name_size) == 0 && at[name_size] == '=') {
            return ud_arena_text(exchange->arena, at + name_size + 1, size - name_size - 1);
        }
        at = at[size] == ';' ? at + size + 1 : NULL;
    }
    return NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes a query's text of `size` bytes in place; false if it is not text. */
static bool decode_query(char *text, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%') {
            int high = size - i > 2 ? hex_digit(text[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
            if (low < 0) {
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        text[used++] = c;
    }
    text[used] = '\0';
    return strlen(text) == used && ud_utf8_is_text(text, used);
}

ud_err_t ud_exchange_query(ud_exchange_t *exchange, const char *name, const char **value)
{
    size_t name_size = strlen(name);
    for (const char *at = exchange->query; at != NULL;) {
        size_t size = strcspn(at, "&");
        if (size >= name_size && strncmp(at, name, name_size) == 0 && (at[name_size] == '=' || size == name_size)) {
            size_t skip = size == name_size ? size : name_size + 1;
            char *text = ud_arena_text(exchange->arena, at + skip, size - skip);
            UD_REQUIRE(text != NULL, UD_ERR_OVERLOADED);
            UD_REQUIRE(decode_query(text, size - skip), UD_ERR_MALFORMED);
            *value = text;
            return UD_OK;
        }
        at = at[size] == '&' ? at + size + 1 : NULL;
    }
    *value = NULL;
    return UD_OK;
}

bool ud_exchange_query_next(const ud_exchange_t *exchange, size_t *offset, ud_span_t *name)
{
    const char *at = exchange->query == NULL ? "" : exchange->query + *offset;
    size_t empty = strspn(at, "&");
    size_t size = strcspn(at + empty, "&");
    *offset += empty + size;
    *name = ud_span(at + empty, strcspn(at + empty, "=&"));
    return size > 0;
}

const char *ud_exchange_param(const ud_exchange_t *exchange, unsigned index)
{
    return index < UD_ROUTE_PARAM_COUNT_MAX && exchange->params[index] != NULL ? exchange->params[index] : "";
}

void ud_exchange_set_param(ud_exchange_t *exchange, unsigned index, const char *text)
{
    if (index < UD_ROUTE_PARAM_COUNT_MAX) {
        exchange->params[index] = text;
    }
}

const char *ud_exchange_peer(const ud_exchange_t *exchange)
{
    return exchange->connection->peer;
}

ud_span_t ud_exchange_body(const ud_exchange_t *exchange)
{
    return exchange->body == NULL ? ud_span("", 0) : ud_span(exchange->body, (size_t)exchange->taken);
}

uint64_t ud_exchange_body_size(const ud_exchange_t *exchange)
{
    return exchange->body_size;
}

void ud_exchange_set_context(ud_exchange_t *exchange, void *context)
{
    exchange->context = context;
}

void *ud_exchange_context(const ud_exchange_t *exchange)
{
    return exchange->context;
}

void ud_exchange_on_end(ud_exchange_t *exchange, ud_exchange_fn end)
{
    exchange->end = end;
}

void ud_exchange_vouch(ud_exchange_t *exchange)
{
    exchange->connection->vouched = true;
}

bool ud_exchange_gone(const ud_exchange_t *exchange)
{
    return exchange->connection->dead;
}

void ud_exchange_note(ud_exchange_t *exchange, ud_err_t err, const char *detail)
{
    exchange->noted = err;
    exchange->detail = detail == NULL ? NULL : ud_arena_text(exchange->arena, detail, strlen(detail));
}

/* ---- timer ----------------------------------------------------------------------------------------------------------- */

static void timer_fired(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    ud_exchange_t *exchange = context;
    connection_t *connection = exchange->connection;
    if (connection->dead) {
        return;
    }
    connection_enter(connection);
    exchange->timer_then(exchange);
    connection_leave(connection);
}

void ud_exchange_after(ud_exchange_t *exchange, uint32_t delay_ms, ud_exchange_fn then)
{
    struct event_base *base = ud_loop_base(exchange->connection->thread->loop);
    struct timeval delay = {.tv_sec = delay_ms / 1000, .tv_usec = (suseconds_t)(delay_ms % 1000) * 1000};
    exchange->timer_then = then;
    if (exchange->timer == NULL) {
        exchange->timer = event_new(base, -1, 0, timer_fired, exchange);
    }
    if (exchange->timer == NULL || event_add(exchange->timer, &delay) != 0) {
        exchange->noted = UD_ERR_INTERNAL;
        connection_kill(exchange->connection);
    }
}
