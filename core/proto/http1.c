#include "core/proto/http1.h"

#include "core/base/assert.h"

#include <string.h>

enum { STATE_LINE, STATE_HEADER, STATE_SKIP, STATE_BODY, STATE_CHUNK_SIZE, STATE_CHUNK_END, STATE_TRAILER, STATE_END };

enum {
    SEEN_HOST = 1,
    SEEN_LENGTH = 2,
    SEEN_CHUNKED = 4,
    SEEN_CLOSE = 8,
    SEEN_KEEP_ALIVE = 16,
    SEEN_EMPTY_LINE = 32,
};

/* Longest chunk-size: 15 hexadecimal digits stay below 2^60. */
#define CHUNK_DIGITS_MAX 15

_Static_assert(sizeof(ud_http1_t) <= 32, "a parser per connection stays small");
_Static_assert(UD_HTTP1_HEAD_SIZE_MAX <= UINT16_MAX && UD_HTTP1_HEADER_COUNT_MAX < UINT8_MAX,
               "counters are wide enough");

typedef struct ud_http1_side {
    ud_err_t (*read_first_line)(ud_http1_t *parser, ud_span_t line, ud_http1_event_t *event);

    /* Looks at a header that does not decide where the message ends. */
    ud_err_t (*note_other)(ud_http1_t *parser, const ud_http1_event_t *header);
} side_t;

static bool is_token(uint8_t c)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != 0 && strchr(marks, c) != NULL);
}

static bool is_value(uint8_t c)
{
    return (c >= ' ' && c != 0x7F) || c == '\t';
}

static bool all(ud_span_t span, bool (*is)(uint8_t))
{
    for (size_t i = 0; i < span.size; i++) {
        if (!is(span.data[i])) {
            return false;
        }
    }
    return true;
}

static uint8_t lower(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') ? (uint8_t)(c | 0x20) : c;
}

static ud_span_t trim(ud_span_t span)
{
    while (span.size > 0 && (span.data[0] == ' ' || span.data[0] == '\t')) {
        span = ud_span(span.data + 1, span.size - 1);
    }
    while (span.size > 0 && (span.data[span.size - 1] == ' ' || span.data[span.size - 1] == '\t')) {
        span.size--;
    }
    return span;
}

/* Cuts `*rest` at the first `mark`: what is before it is returned, what is behind it stays. Without one, all is taken. */
static ud_span_t cut(ud_span_t *rest, uint8_t mark)
{
    const uint8_t *at = rest->size > 0 ? memchr(rest->data, mark, rest->size) : NULL;
    ud_span_t head = *rest;
    if (at == NULL) {
        *rest = ud_span(rest->data + rest->size, 0);
        return head;
    }
    head.size = (size_t)(at - rest->data);
    *rest = ud_span(at + 1, rest->size - head.size - 1);
    return head;
}

static void take(ud_span_t *input, size_t size)
{
    input->data += size;
    input->size -= size;
}

static void begin_message(ud_http1_t *parser)
{
    parser->state = STATE_LINE;
    parser->seen = 0;
    parser->header_count = 0;
    parser->line_size = 0;
    parser->head_size = 0;
    parser->body_left = 0;
    parser->body = UD_HTTP1_BODY_NONE;
    parser->expect_continue = false;
}

/* "HTTP/1.<digit>" */
static ud_err_t parse_version(ud_http1_t *parser, ud_span_t text)
{
    UD_REQUIRE(text.size == 8 && memcmp(text.data, "HTTP/", 5) == 0 && text.data[6] == '.', UD_ERR_MALFORMED);
    UD_REQUIRE(text.data[5] >= '0' && text.data[5] <= '9' && text.data[7] >= '0' && text.data[7] <= '9',
               UD_ERR_MALFORMED);
    UD_REQUIRE(text.data[5] == '1', UD_ERR_UNSUPPORTED);
    parser->minor = text.data[7] > '0' ? 1 : 0;
    return UD_OK;
}

/* Content-Length: digits alone, once (RFC 9112 section 6.3). */
static ud_err_t note_length(ud_http1_t *parser, ud_span_t value)
{
    UD_REQUIRE((parser->seen & SEEN_LENGTH) == 0, UD_ERR_MALFORMED);
    parser->seen |= SEEN_LENGTH;
    return ud_http1_parse_number(value, &parser->body_left);
}

static ud_err_t note_coding(ud_http1_t *parser, ud_span_t value)
{
    UD_REQUIRE((parser->seen & SEEN_CHUNKED) == 0 && parser->minor >= 1, UD_ERR_MALFORMED);
    UD_REQUIRE(ud_http1_name_is(value, "chunked"), UD_ERR_UNSUPPORTED);
    parser->seen |= SEEN_CHUNKED;
    return UD_OK;
}

static ud_err_t note_connection(ud_http1_t *parser, ud_span_t value)
{
    while (value.size > 0) {
        ud_span_t option = trim(cut(&value, ','));
        if (ud_http1_name_is(option, "close")) {
            parser->seen |= SEEN_CLOSE;
        } else if (ud_http1_name_is(option, "keep-alive")) {
            parser->seen |= SEEN_KEEP_ALIVE;
        }
    }
    return UD_OK;
}

/* The headers that decide where the message ends, on either side: they may not be skipped. */
static const struct {
    const char *name;
    ud_err_t (*note)(ud_http1_t *parser, ud_span_t value);
} noted[] = {
    {"content-length", note_length},
    {"transfer-encoding", note_coding},
    {"connection", note_connection},
};

/* Splits "Name: value" (RFC 9112 section 5.1: no blank before the colon; a leading blank would be a folded header). */
static ud_err_t split_header(ud_span_t line, ud_span_t *name, ud_span_t *value)
{
    UD_REQUIRE(memchr(line.data, ':', line.size) != NULL, UD_ERR_MALFORMED);
    ud_span_t key = cut(&line, ':');
    UD_REQUIRE(key.size > 0 && all(key, is_token) && all(line, is_value), UD_ERR_MALFORMED);
    *name = key;
    *value = trim(line);
    return UD_OK;
}

static ud_err_t parse_header(ud_http1_t *parser, ud_span_t line, ud_http1_event_t *event)
{
    UD_REQUIRE(++parser->header_count <= UD_HTTP1_HEADER_COUNT_MAX, UD_ERR_TOO_LARGE);
    *event = (ud_http1_event_t){.type = UD_HTTP1_HEADER, .status = parser->status};
    UD_TRY(split_header(line, &event->name, &event->value));
    for (size_t i = 0; i < sizeof noted / sizeof noted[0]; i++) {
        if (ud_http1_name_is(event->name, noted[i].name)) {
            return noted[i].note(parser, event->value);
        }
    }
    return parser->side->note_other(parser, event);
}

/* Where the body ends (RFC 9112 section 6.3). */
static ud_err_t decide_body(ud_http1_t *parser)
{
    bool length = (parser->seen & SEEN_LENGTH) != 0, chunked = (parser->seen & SEEN_CHUNKED) != 0;
    UD_REQUIRE(!(length && chunked), UD_ERR_MALFORMED);
    bool bodiless = !parser->server && (parser->head_request || parser->status == 204 || parser->status == 304);
    if (bodiless || (parser->server && !length && !chunked)) {
        parser->body = UD_HTTP1_BODY_NONE;
        parser->body_left = 0;
    } else if (chunked) {
        parser->body = UD_HTTP1_BODY_CHUNKED;
    } else {
        parser->body = length ? UD_HTTP1_BODY_LENGTH : UD_HTTP1_BODY_UNTIL_CLOSE;
    }
    return UD_OK;
}

static ud_err_t end_head(ud_http1_t *parser, ud_http1_event_t *event)
{
    UD_REQUIRE(!parser->server || parser->minor == 0 || (parser->seen & SEEN_HOST) != 0, UD_ERR_MALFORMED);
    UD_TRY(decide_body(parser));
    bool asked = parser->minor >= 1 || (parser->seen & SEEN_KEEP_ALIVE) != 0;
    parser->keep_alive = asked && (parser->seen & SEEN_CLOSE) == 0 && parser->body != UD_HTTP1_BODY_UNTIL_CLOSE;
    if (parser->body == UD_HTTP1_BODY_CHUNKED) {
        parser->state = STATE_CHUNK_SIZE;
    } else if (parser->body == UD_HTTP1_BODY_UNTIL_CLOSE || parser->body_left > 0) {
        parser->state = STATE_BODY;
    } else {
        parser->state = STATE_END;
    }
    *event = (ud_http1_event_t){.type = UD_HTTP1_HEAD_END, .status = parser->status};
    return UD_OK;
}

/* "1000" or "1000;extension" in hexadecimal (RFC 9112 section 7.1); extensions are ignored. */
static ud_err_t parse_chunk_size(ud_http1_t *parser, ud_span_t line)
{
    UD_REQUIRE(all(line, is_value), UD_ERR_MALFORMED);
    ud_span_t digits = trim(cut(&line, ';'));
    UD_REQUIRE(digits.size > 0 && digits.size <= CHUNK_DIGITS_MAX, UD_ERR_MALFORMED);
    uint64_t size = 0;
    for (size_t i = 0; i < digits.size; i++) {
        uint8_t c = lower(digits.data[i]);
        bool decimal = c >= '0' && c <= '9';
        UD_REQUIRE(decimal || (c >= 'a' && c <= 'f'), UD_ERR_MALFORMED);
        size = size << 4 | (uint64_t)(decimal ? c - '0' : c - 'a' + 10);
    }
    parser->body_left = size;
    parser->state = size > 0 ? STATE_BODY : STATE_TRAILER;
    parser->head_size = 0; /* counts the trailers now */
    return UD_OK;
}

/* A header longer than a device's buffer: unless it decides where the message ends, it can be done without. */
static ud_err_t skip_long_line(ud_http1_t *parser, ud_span_t begin)
{
    UD_REQUIRE(!parser->server && parser->state == STATE_HEADER, UD_ERR_TOO_LARGE);
    UD_REQUIRE(++parser->header_count <= UD_HTTP1_HEADER_COUNT_MAX, UD_ERR_TOO_LARGE);
    begin.size -= begin.data[begin.size - 1] == '\r' ? 1 : 0;
    ud_span_t name, value;
    UD_TRY(split_header(begin, &name, &value));
    for (size_t i = 0; i < sizeof noted / sizeof noted[0]; i++) {
        UD_REQUIRE(!ud_http1_name_is(name, noted[i].name), UD_ERR_TOO_LARGE);
    }
    parser->line_size = 0;
    parser->state = STATE_SKIP;
    return UD_OK;
}

/* Drops the rest of a skipped line. */
static void skip(ud_http1_t *parser, ud_span_t *input)
{
    const uint8_t *lf = memchr(input->data, '\n', input->size);
    take(input, lf == NULL ? input->size : (size_t)(lf - input->data) + 1);
    if (lf != NULL) {
        parser->state = STATE_HEADER;
    }
}

/* Takes a line from the input, or what there is of it. `*whole` tells which; a whole one is in `*text`, without CR LF. */
static ud_err_t take_line(ud_http1_t *parser, uint8_t *line, size_t capacity, ud_span_t *input, ud_span_t *text,
                          bool *whole)
{
    const uint8_t *lf = memchr(input->data, '\n', input->size);
    size_t size = lf == NULL ? input->size : (size_t)(lf - input->data) + 1;
    *whole = false;
    if (parser->line_size + size > capacity) {
        size_t kept = capacity - parser->line_size;
        memcpy(line + parser->line_size, input->data, kept);
        take(input, kept);
        return skip_long_line(parser, ud_span(line, capacity));
    }
    if (parser->line_size == 0 && lf != NULL) {
        *text = ud_span(input->data, size);
    } else {
        memcpy(line + parser->line_size, input->data, size);
        parser->line_size = (uint16_t)(parser->line_size + size);
        *text = ud_span(line, parser->line_size);
    }
    take(input, size);
    if (lf == NULL) {
        return UD_OK;
    }
    parser->line_size = 0;
    UD_REQUIRE(text->size >= 2 && text->data[text->size - 2] == '\r', UD_ERR_MALFORMED);
    text->size -= 2;
    *whole = true;
    return UD_OK;
}

/* Drops an interim response: its line, headers and end are no events. */
static ud_err_t hide_interim(ud_http1_t *parser, ud_http1_event_t *event)
{
    if (parser->server || parser->status >= 200) {
        return UD_OK;
    }
    if (event->type == UD_HTTP1_HEAD_END) {
        UD_REQUIRE(++parser->interim_count <= UD_HTTP1_INTERIM_COUNT_MAX, UD_ERR_MALFORMED);
        begin_message(parser);
    }
    event->type = UD_HTTP1_NEED_MORE;
    return UD_OK;
}

static ud_err_t parse_line(ud_http1_t *parser, ud_span_t text, ud_http1_event_t *event)
{
    switch (parser->state) {
    case STATE_LINE:
        UD_TRY(parser->side->read_first_line(parser, text, event));
        return hide_interim(parser, event);
    case STATE_HEADER:
        UD_TRY(text.size == 0 ? end_head(parser, event) : parse_header(parser, text, event));
        return hide_interim(parser, event);
    case STATE_CHUNK_SIZE:
        return parse_chunk_size(parser, text);
    case STATE_CHUNK_END:
        UD_REQUIRE(text.size == 0, UD_ERR_MALFORMED);
        parser->state = STATE_CHUNK_SIZE;
        return UD_OK;
    default: /* STATE_TRAILER */
        if (text.size == 0) {
            parser->state = STATE_END;
            return UD_OK;
        }
        ud_span_t name, value;
        return split_header(text, &name, &value);
    }
}

static void take_body(ud_http1_t *parser, ud_span_t *input, ud_http1_event_t *event)
{
    size_t size = input->size;
    if (parser->body != UD_HTTP1_BODY_UNTIL_CLOSE) {
        size = size < parser->body_left ? size : (size_t)parser->body_left;
        parser->body_left -= size;
        if (parser->body_left == 0) {
            parser->state = parser->body == UD_HTTP1_BODY_CHUNKED ? STATE_CHUNK_END : STATE_END;
        }
    }
    *event = (ud_http1_event_t){.type = UD_HTTP1_BODY, .status = parser->status, .value = ud_span(input->data, size)};
    take(input, size);
}

static ud_err_t count_head(ud_http1_t *parser, size_t size)
{
    bool head = parser->state != STATE_CHUNK_SIZE && parser->state != STATE_CHUNK_END;
    UD_REQUIRE(!head || parser->head_size + size <= UD_HTTP1_HEAD_SIZE_MAX, UD_ERR_TOO_LARGE);
    parser->head_size = (uint16_t)(parser->head_size + (head ? size : 0));
    return UD_OK;
}

/* One line, or the part of it that has come. */
static ud_err_t step_line(ud_http1_t *parser, uint8_t *line, size_t capacity, ud_span_t *input, ud_http1_event_t *event)
{
    size_t before = input->size;
    ud_span_t text = ud_span(NULL, 0);
    bool whole = false;
    if (parser->state == STATE_SKIP) {
        skip(parser, input);
    } else {
        UD_TRY(take_line(parser, line, capacity, input, &text, &whole));
    }
    UD_TRY(count_head(parser, before - input->size));
    return whole ? parse_line(parser, text, event) : UD_OK;
}

ud_err_t ud_http1_next(ud_http1_t *parser, uint8_t *line, size_t line_capacity, ud_span_t *input,
                       ud_http1_event_t *event)
{
    UD_ASSERT(line_capacity > 0 && line_capacity <= UD_HTTP1_HEAD_SIZE_MAX);
    *event = (ud_http1_event_t){.type = UD_HTTP1_NEED_MORE};
    while (event->type == UD_HTTP1_NEED_MORE) {
        if (parser->state == STATE_END) {
            *event = (ud_http1_event_t){.type = UD_HTTP1_END, .status = parser->status};
            if (parser->server) {
                begin_message(parser);
            }
            return UD_OK;
        }
        if (input->size == 0) {
            return UD_OK;
        }
        if (parser->state == STATE_BODY) {
            take_body(parser, input, event);
        } else {
            UD_TRY(step_line(parser, line, line_capacity, input, event));
        }
    }
    return UD_OK;
}

/* ---- requests: what a server reads ------------------------------------------------------------ */

/* What RFC 3986 allows in a path and query, and the brackets and bars that browsers leave unescaped in queries. */
static bool is_target(uint8_t c)
{
    return c > ' ' && c < 0x7F && strchr("\"#<>\\^`{}", c) == NULL;
}

static bool is_host(uint8_t c)
{
    return is_target(c) && strchr("/?@|", c) == NULL;
}

static ud_err_t parse_request_line(ud_http1_t *parser, ud_span_t line, ud_http1_event_t *event)
{
    if (line.size == 0 && (parser->seen & SEEN_EMPTY_LINE) == 0) {
        parser->seen |= SEEN_EMPTY_LINE; /* RFC 9112 section 2.2 asks to forgive one before a request */
        return UD_OK;
    }
    ud_span_t method = cut(&line, ' ');
    ud_span_t target = cut(&line, ' ');
    UD_REQUIRE(method.size > 0 && all(method, is_token), UD_ERR_MALFORMED);
    UD_TRY(parse_version(parser, line));
    bool path = target.size > 0 && target.data[0] == '/';
    bool absolute = target.size > 7 && memcmp(target.data, "http://", 7) == 0 && is_host(target.data[7]);
    UD_REQUIRE((path || absolute) && all(target, is_target), UD_ERR_MALFORMED);
    parser->state = STATE_HEADER;
    *event = (ud_http1_event_t){.type = UD_HTTP1_LINE, .name = method, .value = target};
    return UD_OK;
}

static ud_err_t note_host(ud_http1_t *parser, ud_span_t value)
{
    UD_REQUIRE((parser->seen & SEEN_HOST) == 0 && all(value, is_host), UD_ERR_MALFORMED);
    parser->seen |= SEEN_HOST;
    return UD_OK;
}

static ud_err_t note_request_header(ud_http1_t *parser, const ud_http1_event_t *header)
{
    if (ud_http1_name_is(header->name, "expect")) {
        parser->expect_continue = parser->minor >= 1 && ud_http1_name_is(header->value, "100-continue");
    }
    return ud_http1_name_is(header->name, "host") ? note_host(parser, header->value) : UD_OK;
}

void ud_http1_init_server(ud_http1_t *parser)
{
    static const side_t requests = {parse_request_line, note_request_header};
    *parser = (ud_http1_t){.server = true, .side = &requests};
}

/* ---- responses: what a client reads ------------------------------------------------------------ */

static ud_err_t parse_status_line(ud_http1_t *parser, ud_span_t line, ud_http1_event_t *event)
{
    UD_TRY(parse_version(parser, cut(&line, ' ')));
    ud_span_t digits = cut(&line, ' ');
    uint64_t status = 0;
    UD_REQUIRE(digits.size == 3 && ud_http1_parse_number(digits, &status) == UD_OK, UD_ERR_MALFORMED);
    UD_REQUIRE(status >= 100 && status < 600 && status != 101 && all(line, is_value), UD_ERR_MALFORMED);
    parser->status = (uint16_t)status;
    parser->state = STATE_HEADER;
    *event = (ud_http1_event_t){.type = UD_HTTP1_LINE, .status = parser->status, .value = line};
    return UD_OK;
}

static ud_err_t note_response_header(ud_http1_t *parser, const ud_http1_event_t *header)
{
    (void)parser;
    (void)header;
    return UD_OK;
}

void ud_http1_init_client(ud_http1_t *parser, bool head_request)
{
    static const side_t responses = {parse_status_line, note_response_header};
    *parser = (ud_http1_t){.head_request = head_request, .side = &responses};
}

/* ---- either ------------------------------------------------------------ */

bool ud_http1_idle(const ud_http1_t *parser)
{
    if (!parser->server) {
        return parser->state == STATE_END;
    }
    return parser->state == STATE_LINE && parser->line_size == 0 && parser->seen == 0;
}

ud_err_t ud_http1_finish(const ud_http1_t *parser)
{
    bool by_close = parser->state == STATE_BODY && parser->body == UD_HTTP1_BODY_UNTIL_CLOSE;
    return by_close || ud_http1_idle(parser) ? UD_OK : UD_ERR_MALFORMED;
}

int ud_http1_error_status(const ud_http1_t *parser, ud_err_t err)
{
    bool line = parser->state == STATE_LINE, head = line || parser->state == STATE_HEADER;
    if (err == UD_ERR_UNSUPPORTED) {
        return line ? 505 : 501;
    }
    if (err == UD_ERR_TOO_LARGE && head) {
        return line ? 414 : 431;
    }
    return err == UD_ERR_TOO_LARGE ? 413 : 400;
}
