#include "server/door/route.h"

#include "core/base/assert.h"
#include "core/base/utf8.h"
#include "server/door/problem.h"

#include <stdio.h>
#include <string.h>

/* Segments of a path that are looked at; patterns have fewer. */
#define SEGMENT_COUNT_MAX 8

typedef struct {
    const char *text;
    size_t size;
} segment_t;

typedef struct {
    segment_t segments[SEGMENT_COUNT_MAX];
    size_t count; /* SEGMENT_COUNT_MAX + 1: too many to match anything */
} path_t;

/* "/a/b" into "a" and "b"; "/a/" has an empty second one. */
static path_t split(const char *path)
{
    path_t result = {.count = 0};
    while (*path == '/') {
        size_t size = strcspn(path + 1, "/");
        if (result.count == SEGMENT_COUNT_MAX) {
            result.count++;
            return result;
        }
        result.segments[result.count++] = (segment_t){path + 1, size};
        path += 1 + size;
    }
    return result;
}

static bool is_param(segment_t segment)
{
    return segment.size > 2 && segment.text[0] == '{';
}

static bool matches(const path_t *path, const char *pattern)
{
    path_t wanted = split(pattern);
    if (path->count != wanted.count) {
        return false;
    }
    for (size_t i = 0; i < wanted.count; i++) {
        segment_t want = wanted.segments[i], got = path->segments[i];
        bool equal = want.size == got.size && memcmp(want.text, got.text, got.size) == 0;
        if (is_param(want) ? got.size == 0 : !equal) {
            return false;
        }
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

ud_err_t ud_route_decode(const char *text, size_t size, char *decoded, size_t capacity)
{
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '%') {
            int high = size - i > 2 ? hex_digit(text[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
            UD_REQUIRE(low >= 0, UD_ERR_MALFORMED);
            c = (char)(high << 4 | low);
            i += 2;
        }
        UD_REQUIRE(used + 1 < capacity, UD_ERR_TOO_LARGE);
        decoded[used++] = c;
    }
    decoded[used] = '\0';
    return strlen(decoded) == used && ud_utf8_is_text(decoded, used) ? UD_OK : UD_ERR_MALFORMED;
}

/* Decodes the parameters into the arena. */
static ud_err_t set_params(ud_exchange_t *exchange, const path_t *path, const char *pattern)
{
    path_t wanted = split(pattern);
    unsigned index = 0;
    for (size_t i = 0; i < wanted.count; i++) {
        char text[UD_ROUTE_PARAM_SIZE_MAX + 1];
        if (!is_param(wanted.segments[i])) {
            continue;
        }
        UD_TRY(ud_route_decode(path->segments[i].text, path->segments[i].size, text, sizeof text));
        char *copy = ud_arena_text(ud_exchange_arena(exchange), text, strlen(text));
        UD_REQUIRE(copy != NULL, UD_ERR_TOO_LARGE);
        ud_exchange_set_param(exchange, index++, copy);
    }
    return UD_OK;
}

static bool takes_method(const ud_route_t *route, const char *method)
{
    return strcmp(route->method, method) == 0 || (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

/* Appends a method to the list of those allowed. */
static void allow(char list[64], const char *method)
{
    size_t used = strlen(list);
    const char *name = strcmp(method, "GET") == 0 ? "GET, HEAD" : method;
    snprintf(list + used, 64 - used, "%s%s", used > 0 ? ", " : "", name);
}

void ud_route(ud_exchange_t *exchange, const ud_route_t *routes, size_t count)
{
    path_t path = split(ud_exchange_path(exchange));
    char allowed[64] = "";
    for (size_t i = 0; i < count; i++) {
        if (!matches(&path, routes[i].pattern)) {
            continue;
        }
        if (!takes_method(&routes[i], ud_exchange_method(exchange))) {
            allow(allowed, routes[i].method);
            continue;
        }
        if (set_params(exchange, &path, routes[i].pattern) != UD_OK) {
            ud_problem_reply(exchange, UD_ERR_MALFORMED, NULL, "The path is not text: check its percent-encoding.");
            return;
        }
        routes[i].handle(exchange);
        return;
    }
    if (allowed[0] != '\0') {
        ud_exchange_reply_header(exchange, "Allow", allowed);
        ud_problem_reply(exchange, UD_ERR_METHOD_NOT_ALLOWED, NULL, "%s takes %s.", ud_exchange_path(exchange),
                         allowed);
        return;
    }
    ud_problem_reply(exchange, UD_ERR_NOT_FOUND, NULL, "There is nothing at %s.", ud_exchange_path(exchange));
}

bool ud_route_known(const ud_exchange_t *exchange, const ud_route_t *routes, size_t count)
{
    path_t path = split(ud_exchange_path(exchange));
    for (size_t i = 0; i < count; i++) {
        if (matches(&path, routes[i].pattern)) {
            return true;
        }
    }
    return false;
}
