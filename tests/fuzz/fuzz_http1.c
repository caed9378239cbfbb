/* The HTTP/1.1 codec: a stream of bytes gives the same events whether it comes whole or in pieces, and what a header says of
 * ranges lies inside the thing. The first byte chooses the side and the size of the pieces.
 */
#include "core/base/assert.h"
#include "core/proto/http1.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a stream gave, as a running hash (FNV-1a): the body's bytes apart, since their cutting may differ. */
typedef struct {
    uint64_t events;
    uint64_t body;
    ud_err_t err;
    ud_err_t finish;
} reading_t;

static void mix(uint64_t *hash, const void *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        *hash = (*hash ^ ((const uint8_t *)data)[i]) * UINT64_C(1099511628211);
    }
}

static void check_ranges(ud_span_t value)
{
    static const uint64_t sizes[] = {0, 1, 10, UINT64_C(0x100000000), UINT64_MAX};
    ud_http1_range_t range;
    uint64_t first;
    uint64_t last;
    if (ud_http1_parse_content_range(value, &range) == UD_OK) {
        UD_ASSERT(range.first <= range.last && range.last < range.total);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (ud_http1_parse_range(value, sizes[i], &first, &last) == UD_OK) {
            UD_ASSERT(first <= last && last < sizes[i]);
        }
    }
}

static void note(reading_t *reading, const ud_http1_event_t *event)
{
    if (event->type == UD_HTTP1_HEADER) {
        check_ranges(event->value);
    }
    if (event->type == UD_HTTP1_BODY) {
        UD_ASSERT(event->value.size > 0);
        mix(&reading->body, event->value.data, event->value.size);
        return;
    }
    mix(&reading->events, &event->type, sizeof event->type);
    mix(&reading->events, event->name.data, event->name.size);
    mix(&reading->events, ":", 1);
    mix(&reading->events, event->value.data, event->value.size);
}

/* Feeds one piece; false when the stream is over. */
static bool feed(ud_http1_t *parser, uint8_t *line, const uint8_t *data, size_t size, reading_t *reading)
{
    ud_span_t input = ud_span(data, size);
    ud_http1_event_t event;
    for (;;) {
        size_t before = input.size;
        reading->err = ud_http1_next(parser, line, UD_HTTP1_DEVICE_LINE_SIZE, &input, &event);
        if (reading->err != UD_OK) {
            int status = ud_http1_error_status(parser, reading->err);
            UD_ASSERT(status >= 400 && status <= 505);
            return false;
        }
        UD_ASSERT(input.size <= before);
        if (event.type == UD_HTTP1_NEED_MORE) {
            UD_ASSERT(input.size == 0);
            return true;
        }
        note(reading, &event);
        if (event.type == UD_HTTP1_END && !parser->server) {
            return false;
        }
    }
}

static reading_t read_all(const uint8_t *data, size_t size, size_t step, uint8_t kind)
{
    reading_t reading = {0};
    uint8_t line[UD_HTTP1_DEVICE_LINE_SIZE];
    ud_http1_t parser;
    if (kind == 0) {
        ud_http1_init_server(&parser);
    } else {
        ud_http1_init_client(&parser);
    }
    bool more = true;
    for (size_t at = 0; more && at < size; at += step) {
        size_t part = size - at < step ? size - at : step;
        uint8_t *copy = malloc(part);
        UD_ASSERT(copy != NULL);
        memcpy(copy, data + at, part);
        more = feed(&parser, line, copy, part, &reading);
        free(copy);
    }
    mix(&reading.events, &parser.status, sizeof parser.status);
    reading.finish = reading.err == UD_OK ? ud_http1_finish(&parser) : reading.err;
    return reading;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    uint8_t kind = data[0] % 3; /* 0: requests, else responses */
    size_t step = 1 + data[0] / 3 % 8;
    reading_t whole = read_all(data + 1, size - 1, size, kind);
    reading_t pieces = read_all(data + 1, size - 1, step, kind);
    UD_ASSERT(whole.err == pieces.err && whole.finish == pieces.finish);
    UD_ASSERT(whole.events == pieces.events && whole.body == pieces.body);
    return 0;
}
