#include "core/proto/http1.h"

#include "core/base/assert.h"

#include <string.h>

enum { STATE_LINE, STATE_HEADER, STATE_SKIP, STATE_BODY, STATE_CHUNK_SIZE, STATE_CHUNK_END, STATE_TRAILER, STATE_END };

#define VERSION_SIZE 8

enum { SEEN_HOST = 1, SEEN_CLOSE = 2, SEEN_EMPTY_LINE = 4 };

_Static_assert(sizeof(ud_http1_t) <= 32, "a parser per connection stays small");
_Static_assert(UD_HTTP1_HEAD_SIZE_MAX <= UINT16_MAX && UD_HTTP1_HEADER_COUNT_MAX < UINT8_MAX,
               "counters are wide enough");
_Static_assert(UD_HTTP1_DEVICE_LINE_SIZE > 0 && UD_HTTP1_DEVICE_LINE_SIZE <= UD_HTTP1_SERVER_LINE_SIZE &&
                   UD_HTTP1_SERVER_LINE_SIZE < UD_HTTP1_HEAD_SIZE_MAX,
               "a line is a part of a head");

typedef struct ud_http1_side {
    bool (*is_name)(const uint8_t *name, size_t size); /* of a header */
    ud_err_t (*read_first_line)(ud_http1_t *parser, ud_span_t line, ud_http1_event_t *event);
    ud_err_t (*note_header)(ud_http1_t *parser, ud_http1_event_t *header);

    /* The head is complete, and `body` what its headers say. */
    ud_err_t (*judge_head)(ud_http1_t *parser, ud_http1_event_t *event);
} side_t;

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* No control characters but tabs. */
static bool is_text(ud_span_t line)
{
    const uint8_t *end = line.data + line.size;
    for (const uint8_t *c = line.data; c < end; c++) {
        if (*c < ' ' ? *c != '\t' : *c == 0x7F) {
            return false;
        }
    }
    return true;
}

static void take(ud_span_t *input, size_t size)
{
    input->data += size;
    input->size -= size;
}

static void trim(ud_span_t *span)
{
    while (span->size > 0 && is_blank(span->data[0])) {
        take(span, 1);
    }
    while (span->size > 0 && is_blank(span->data[span->size - 1])) {
        span->size--;
    }
}

/* Cuts `*rest` at the first `mark`: what is before it is returned, what is behind it stays. Without one, all is taken. */
static ud_span_t cut(ud_span_t *rest, uint8_t mark)
{
    const uint8_t *at = rest->size > 0 ? memchr(rest->data, mark, rest->size) : NULL;
    ud_span_t head = *rest;
    if (at == NULL) {
        take(rest, rest->size);
        return head;
    }
    head.size = (size_t)(at - rest->data);
    take(rest, head.size + 1);
    return head;
}

static void begin_message(ud_http1_t *parser)
{
    parser->state = STATE_LINE;
    parser->seen = 0;
    parser->header_count = 0;
    parser->line_size = 0;
    parser->head_size = 0;
    parser->body_left = 0;
    parser->body = UD_HTTP1_BODY_UNTIL_CLOSE;
    parser->expect_continue = false;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.<digit>" */
static ud_err_t parse_version(ud_http1_t *parser, const uint8_t text[VERSION_SIZE])
{
    UD_REQUIRE(memcmp(text, "HTTP/", 5) == 0 && text[6] == '.', UD_ERR_MALFORMED);
    UD_REQUIRE(is_digit(text[5]) && is_digit(text[7]), UD_ERR_MALFORMED);
    UD_REQUIRE(text[5] == '1', UD_ERR_UNSUPPORTED);
    parser->minor = text[7] > '0' ? 1 : 0;
    parser->keep_alive = parser->minor > 0;
    return UD_OK;
}

/* Content-Length: digits alone, once, and not with Transfer-Encoding (RFC 9112 section 6.3). */
static ud_err_t note_length(ud_http1_t *parser, const ud_span_t *value)
{
    UD_REQUIRE(parser->body == UD_HTTP1_BODY_UNTIL_CLOSE, UD_ERR_MALFORMED);
    parser->body = UD_HTTP1_BODY_LENGTH;
    return ud_http1_parse_number(*value, &parser->body_left);
}

static ud_err_t note_coding(ud_http1_t *parser, const ud_span_t *value)
{
    UD_REQUIRE(parser->body == UD_HTTP1_BODY_UNTIL_CLOSE && parser->minor > 0, UD_ERR_MALFORMED);
    parser->body = UD_HTTP1_BODY_CHUNKED;
    return ud_http1_name_is(*value, "chunked") ? UD_OK : UD_ERR_UNSUPPORTED;
}

static ud_err_t note_connection(ud_http1_t *parser, const ud_span_t *value)
{
    ud_span_t rest = *value;
    while (rest.size > 0) {
        ud_span_t option = cut(&rest, ',');
        trim(&option);
        if (ud_http1_name_is(option, "close")) {
            parser->seen |= SEEN_CLOSE;
        } else if (ud_http1_name_is(option, "keep-alive")) {
            parser->keep_alive = true;
        }
    }
    return UD_OK;
}

typedef ud_err_t (*note_t)(ud_http1_t *parser, const ud_span_t *value);

/* What to do with a header that decides where the message ends, on either side; NULL of others. */
static note_t find_note(const ud_http1_event_t *header)
{
    static const struct {
        const char *name;
        note_t note;
    } noted[] = {
        {"content-length", note_length},
        {"transfer-encoding", note_coding},
        {"connection", note_connection},
    };
    for (size_t i = 0; i < sizeof noted / sizeof noted[0]; i++) {
        if (ud_http1_name_is(header->name, noted[i].name)) {
            return noted[i].note;
        }
    }
    return NULL;
}

/* Splits "Name: value" (RFC 9112 section 5.1: no blank before the colon; a leading blank would be a folded header). */
static ud_err_t split_header(const ud_http1_t *parser, ud_span_t line, ud_http1_event_t *event)
{
    const uint8_t *colon = memchr(line.data, ':', line.size);
    UD_REQUIRE(colon != NULL && colon != line.data, UD_ERR_MALFORMED);
    size_t size = (size_t)(colon - line.data);
    UD_REQUIRE(parser->side->is_name(line.data, size), UD_ERR_MALFORMED);
    event->name = ud_span(line.data, size);
    event->value = line;
    take(&event->value, size + 1);
    trim(&event->value);
    return UD_OK;
}

static ud_err_t parse_header(ud_http1_t *parser, ud_span_t line, ud_http1_event_t *event)
{
    UD_TRY(split_header(parser, line, event));
    note_t note = find_note(event);
    if (note != NULL) {
        UD_TRY(note(parser, &event->value));
    }
    event->type = UD_HTTP1_HEADER;
    return parser->side->note_header(parser, event);
}

static ud_err_t end_head(ud_http1_t *parser, ud_http1_event_t *event)
{
    event->type = UD_HTTP1_HEAD_END;
    UD_TRY(parser->side->judge_head(parser, event));
    bool until_close = parser->body == UD_HTTP1_BODY_UNTIL_CLOSE;
    if (until_close || (parser->seen & SEEN_CLOSE) != 0) {
        parser->keep_alive = false;
    }
    parser->head_size = 0; /* counts each chunk's line now, then the trailers */
    parser->state = until_close || parser->body_left > 0 ? STATE_BODY : STATE_END;
    if (parser->body == UD_HTTP1_BODY_CHUNKED) {
        parser->state = STATE_CHUNK_SIZE;
    }
    return UD_OK;
}

/* "1000" or "1000;extension" in hexadecimal (RFC 9112 section 7.1); extensions are ignored. */
static ud_err_t parse_chunk_size(ud_http1_t *parser, ud_span_t line)
{
    size_t size = 0, digit_count = 0;
    for (; line.size > 0; digit_count++) {
        uint8_t digit = line.data[0], letter = digit | 0x20;
        if (letter >= 'a' && letter <= 'f') {
            digit = (uint8_t)(letter - 'a' + '9' + 1);
        } else if (!is_digit(digit)) {
            break;
        }
        UD_REQUIRE(size <= SIZE_MAX >> 8, UD_ERR_MALFORMED);
        size = size << 4 | (uint8_t)(digit - '0');
        take(&line, 1);
    }
    trim(&line);
    UD_REQUIRE(digit_count > 0 && (line.size == 0 || line.data[0] == ';'), UD_ERR_MALFORMED);
    parser->body_left = size;
    parser->state = size > 0 ? STATE_BODY : STATE_TRAILER;
    parser->head_size = 0;
    return UD_OK;
}

/* A header longer than a device's buffer: unless it decides where the message ends, it can be done without. */
static ud_err_t skip_long_line(ud_http1_t *parser, ud_span_t begin)
{
    ud_http1_event_t header;
    UD_REQUIRE(!parser->server && parser->state == STATE_HEADER, UD_ERR_TOO_LARGE);
    UD_TRY(split_header(parser, begin, &header));
    UD_REQUIRE(find_note(&header) == NULL, UD_ERR_TOO_LARGE);
    parser->state = STATE_SKIP;
    return UD_OK;
}

static ud_err_t parse_line(ud_http1_t *parser, ud_span_t text, ud_http1_event_t *event)
{
    UD_REQUIRE(is_text(text), UD_ERR_MALFORMED);
    switch (parser->state) {
    case STATE_LINE:
        return parser->side->read_first_line(parser, text, event);
    case STATE_HEADER:
        return text.size == 0 ? end_head(parser, event) : parse_header(parser, text, event);
    case STATE_CHUNK_SIZE:
        return parse_chunk_size(parser, text);
    case STATE_CHUNK_END:
        parser->state = STATE_CHUNK_SIZE;
        return text.size == 0 ? UD_OK : UD_ERR_MALFORMED;
    default: /* STATE_TRAILER */
        if (text.size > 0) {
            return split_header(parser, text, event);
        }
        parser->state = STATE_END;
        return UD_OK;
    }
}

/* One line, or what there is of it. A line that is whole in the input is judged there, any other in `line`. */
static ud_err_t take_line(ud_http1_t *parser, uint8_t *line, size_t capacity, ud_span_t *input, ud_http1_event_t *event)
{
    const uint8_t *lf = memchr(input->data, '\n', input->size);
    size_t size = lf == NULL ? input->size : (size_t)(lf - input->data) + 1;
    size_t room = capacity - parser->line_size;
    ud_span_t text = ud_span(input->data, size);
    bool skips = parser->state == STATE_SKIP, fits = skips || size <= room;
    size = fits ? size : room;
    if (!skips && (lf == NULL || !fits || parser->line_size > 0)) {
        memcpy(line + parser->line_size, input->data, size);
        parser->line_size = (uint16_t)(parser->line_size + size);
        text = ud_span(line, parser->line_size);
    }
    take(input, size);
    UD_REQUIRE(parser->head_size + size <= UD_HTTP1_HEAD_SIZE_MAX, UD_ERR_TOO_LARGE);
    parser->head_size = (uint16_t)(parser->head_size + size);
    if (!fits) {
        return skip_long_line(parser, text);
    }
    if (lf == NULL) {
        return UD_OK;
    }
    parser->line_size = 0;
    if (skips) {
        parser->state = STATE_HEADER;
        return UD_OK;
    }
    UD_REQUIRE(text.size >= 2 && text.data[text.size - 2] == '\r', UD_ERR_MALFORMED);
    text.size -= 2;
    return parse_line(parser, text, event);
}

static void take_body(ud_http1_t *parser, ud_span_t *input, ud_http1_event_t *event)
{
    size_t size = input->size;
    if (parser->body != UD_HTTP1_BODY_UNTIL_CLOSE) {
        size = size < parser->body_left ? size : parser->body_left;
        parser->body_left -= size;
        if (parser->body_left == 0) {
            parser->state = parser->body == UD_HTTP1_BODY_CHUNKED ? STATE_CHUNK_END : STATE_END;
        }
    }
    event->type = UD_HTTP1_BODY;
    event->value = ud_span(input->data, size);
    take(input, size);
}

/* Behind a request comes the next one, behind an interim response, which nobody sees, the final one. */
static void end_message(ud_http1_t *parser, ud_http1_event_t *event)
{
    if (parser->server || parser->status >= 200) {
        event->type = UD_HTTP1_END;
    }
    if (parser->status < 200) {
        begin_message(parser);
    }
}

ud_err_t ud_http1_next(ud_http1_t *parser, uint8_t *line, size_t line_capacity, ud_span_t *input,
                       ud_http1_event_t *event)
{
    do {
        *event = (ud_http1_event_t){.type = UD_HTTP1_NEED_MORE};
        if (parser->state == STATE_END) {
            end_message(parser, event);
        } else if (input->size == 0) {
            return UD_OK;
        } else if (parser->state == STATE_BODY) {
            take_body(parser, input, event);
        } else {
            UD_TRY(take_line(parser, line, line_capacity, input, event));
        }
    } while (event->type == UD_HTTP1_NEED_MORE);
    return UD_OK;
}

/* ---- requests: what a server reads ------------------------------------------------------------ */

static bool is_token(uint8_t c)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || (c != 0 && strchr(marks, c) != NULL);
}

static bool is_method_or_name(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!is_token(text[i])) {
            return false;
        }
    }
    return size > 0;
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
    UD_REQUIRE(is_method_or_name(method.data, method.size), UD_ERR_MALFORMED);
    UD_REQUIRE(line.size == VERSION_SIZE, UD_ERR_MALFORMED);
    UD_TRY(parse_version(parser, line.data));
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

static ud_err_t note_request_header(ud_http1_t *parser, ud_http1_event_t *header)
{
    UD_REQUIRE(++parser->header_count <= UD_HTTP1_HEADER_COUNT_MAX, UD_ERR_TOO_LARGE);
    if (ud_http1_name_is(header->name, "expect")) {
        parser->expect_continue = parser->minor > 0 && ud_http1_name_is(header->value, "100-continue");
    }
    return ud_http1_name_is(header->name, "host") ? note_host(parser, header->value) : UD_OK;
}

/* A request whose length nobody says has no body. */
static ud_err_t judge_request_head(ud_http1_t *parser, ud_http1_event_t *event)
{
    (void)event;
    UD_REQUIRE(parser->minor == 0 || (parser->seen & SEEN_HOST) != 0, UD_ERR_MALFORMED);
    if (parser->body == UD_HTTP1_BODY_UNTIL_CLOSE) {
        parser->body = UD_HTTP1_BODY_NONE;
    }
    return UD_OK;
}

void ud_http1_init_server(ud_http1_t *parser)
{
    static const side_t requests = {is_method_or_name, parse_request_line, note_request_header, judge_request_head};
    *parser = (ud_http1_t){.server = true, .side = &requests, .body = UD_HTTP1_BODY_UNTIL_CLOSE};
}

/* ---- responses: what a client reads ------------------------------------------------------------ */

/* Names that are no tokens name no header that a client knows: enough that they cannot hide a blank. */
static bool is_word(const uint8_t *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (name[i] <= ' ' || name[i] >= 0x7F) {
            return false;
        }
    }
    return true;
}

/* "HTTP/1.1 200 and words" */
static ud_err_t parse_status_line(ud_http1_t *parser, ud_span_t line, ud_http1_event_t *event)
{
    size_t status;
    UD_REQUIRE(line.size >= 12 && line.data[8] == ' ' && (line.size == 12 || line.data[12] == ' '), UD_ERR_MALFORMED);
    UD_TRY(parse_version(parser, line.data));
    UD_TRY(ud_http1_parse_number(ud_span(line.data + 9, 3), &status));
    UD_REQUIRE(status >= 100 && status < 600 && status != 101, UD_ERR_MALFORMED);
    UD_REQUIRE(status >= 200 || ++parser->interim_count <= UD_HTTP1_INTERIM_COUNT_MAX, UD_ERR_MALFORMED);
    parser->status = (uint16_t)status;
    parser->state = STATE_HEADER;
    event->type = status < 200 ? UD_HTTP1_NEED_MORE : UD_HTTP1_LINE;
    return UD_OK;
}

static ud_err_t note_response_header(ud_http1_t *parser, ud_http1_event_t *header)
{
    if (parser->status < 200) {
        header->type = UD_HTTP1_NEED_MORE;
    }
    return UD_OK;
}

/* Responses of these statuses have no body, whatever their headers say (RFC 9112 section 6.3). */
static ud_err_t judge_response_head(ud_http1_t *parser, ud_http1_event_t *event)
{
    if (parser->status < 200 || parser->status == 204 || parser->status == 304) {
        parser->body = UD_HTTP1_BODY_NONE;
        parser->body_left = 0;
    }
    return note_response_header(parser, event);
}

void ud_http1_init_client(ud_http1_t *parser)
{
    static const side_t responses = {is_word, parse_status_line, note_response_header, judge_response_head};
    *parser = (ud_http1_t){.side = &responses, .body = UD_HTTP1_BODY_UNTIL_CLOSE};
}

/* ---- either ------------------------------------------------------------ */

bool ud_http1_idle(const ud_http1_t *parser)
{
    return parser->state == STATE_LINE && parser->line_size == 0 && parser->seen == 0;
}

ud_err_t ud_http1_finish(const ud_http1_t *parser)
{
    bool by_close = parser->state == STATE_BODY && parser->body == UD_HTTP1_BODY_UNTIL_CLOSE;
    return by_close || parser->state == STATE_END ? UD_OK : UD_ERR_MALFORMED;
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
