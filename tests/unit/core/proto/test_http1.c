/* The HTTP/1.1 codec: what it reads, what it refuses, and that it reads the same however the bytes arrive. */
#include "core/proto/http1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a stream of bytes gave: events as text, one per line, and how it ended. */
typedef struct {
    char events[4096];
    char body[1024];
    ud_err_t err;
    ud_http1_t parser;
} reading_t;

static void note(reading_t *reading, const char *kind, ud_span_t name, ud_span_t value)
{
    size_t used = strlen(reading->events);
    int size = snprintf(reading->events + used, sizeof reading->events - used, "%s %.*s|%.*s\n", kind, (int)name.size,
                        (const char *)name.data, (int)value.size, (const char *)value.data);
    assert_true(size > 0 && (size_t)size < sizeof reading->events - used);
}

static void note_event(reading_t *reading, const ud_http1_event_t *event)
{
    static const char *const kinds[] = {"", "line", "header", "head-end", "", "end"};
    if (event->type == UD_HTTP1_BODY) { /* parts depend on how bytes arrive: only the whole is compared */
        assert_true(event->value.size > 0);
        strncat(reading->body, (const char *)event->value.data, event->value.size);
        return;
    }
    note(reading, kinds[event->type], event->name, event->value);
}

/* Feeds `text` in pieces of `step` bytes. */
static void feed(reading_t *reading, const char *text, size_t step, size_t line_capacity)
{
    uint8_t line[UD_HTTP1_HEAD_SIZE_MAX];
    size_t left = strlen(text);
    while (left > 0 && reading->err == UD_OK) {
        size_t size = left < step ? left : step;
        uint8_t *piece = malloc(size); /* so that a read beyond it is seen */
        memcpy(piece, text, size);
        ud_span_t input = ud_span(piece, size);
        ud_http1_event_t event = {.type = UD_HTTP1_BODY};
        while (event.type != UD_HTTP1_NEED_MORE && reading->err == UD_OK) {
            reading->err = ud_http1_next(&reading->parser, line, line_capacity, &input, &event);
            if (reading->err == UD_OK && event.type != UD_HTTP1_NEED_MORE) {
                note_event(reading, &event);
            }
            if (!reading->parser.server && event.type == UD_HTTP1_END) {
                break;
            }
        }
        free(piece);
        text += size;
        left -= size;
    }
}

static reading_t read_request(const char *text)
{
    reading_t whole = {0};
    ud_http1_init_server(&whole.parser);
    feed(&whole, text, SIZE_MAX, UD_HTTP1_SERVER_LINE_SIZE);
    for (size_t step = 1; step < 4; step++) {
        reading_t pieces = {0};
        ud_http1_init_server(&pieces.parser);
        feed(&pieces, text, step, UD_HTTP1_SERVER_LINE_SIZE);
        assert_int_equal(pieces.err, whole.err);
        assert_string_equal(pieces.events, whole.events);
        assert_string_equal(pieces.body, whole.body);
    }
    return whole;
}

static reading_t read_response(const char *text)
{
    reading_t whole = {0};
    ud_http1_init_client(&whole.parser);
    feed(&whole, text, SIZE_MAX, UD_HTTP1_DEVICE_LINE_SIZE);
    for (size_t step = 1; step < 4; step++) {
        reading_t pieces = {0};
        ud_http1_init_client(&pieces.parser);
        feed(&pieces, text, step, UD_HTTP1_DEVICE_LINE_SIZE);
        assert_int_equal(pieces.err, whole.err);
        assert_string_equal(pieces.events, whole.events);
        assert_string_equal(pieces.body, whole.body);
    }
    return whole;
}

static void a_request_gives_its_events_in_order(void **state)
{
    (void)state;
    reading_t got =
        read_request("POST /v1/checkin?a=b HTTP/1.1\r\nHost: fleet:8480\r\nContent-Length:  5 \r\n\r\nhello");
    assert_int_equal(got.err, UD_OK);
    assert_string_equal(got.events, "line POST|/v1/checkin?a=b\nheader Host|fleet:8480\nheader Content-Length|5\n"
                                    "head-end |\nend |\n");
    assert_string_equal(got.body, "hello");
    assert_true(got.parser.keep_alive);
    assert_true(ud_http1_idle(&got.parser));
}

static void requests_may_follow_each_other(void **state)
{
    (void)state;
    reading_t got = read_request("GET /a HTTP/1.1\r\nHost: h\r\n\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(got.err, UD_OK);
    assert_string_equal(got.events, "line GET|/a\nheader Host|h\nhead-end |\nend |\n"
                                    "line GET|/b\nheader Host|h\nhead-end |\nend |\n");
}

static void a_chunked_body_is_put_together(void **state)
{
    (void)state;
    reading_t got = read_request("POST /u HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
                                 "5\r\nhello\r\nA;name=value\r\n, chunked!\r\n0\r\nTrailer: x\r\n\r\n");
    assert_int_equal(got.err, UD_OK);
    assert_string_equal(got.body, "hello, chunked!");
    assert_string_equal(got.events,
                        "line POST|/u\nheader Host|h\nheader Transfer-Encoding|Chunked\nhead-end |\nend |\n");
}

static void a_client_may_wait_for_100_continue(void **state)
{
    (void)state;
    ud_http1_t parser;
    ud_http1_event_t event = {0};
    uint8_t line[256];
    ud_http1_init_server(&parser);
    const char *text = "PUT /u HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 9\r\n\r\n";
    ud_span_t input = ud_span(text, strlen(text));
    for (int i = 0; i < 8 && event.type != UD_HTTP1_HEAD_END; i++) {
        assert_int_equal(ud_http1_next(&parser, line, sizeof line, &input, &event), UD_OK);
    }
    assert_true(parser.expect_continue);
    assert_int_equal(parser.body, UD_HTTP1_BODY_LENGTH);
    assert_int_equal(parser.body_left, 9);
}

static void keep_alive_follows_version_and_connection(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool keep;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close, keep-alive\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading_t got = read_request(cases[i].text);
        assert_int_equal(got.err, UD_OK);
        assert_int_equal(got.parser.keep_alive, cases[i].keep);
    }
}

typedef struct {
    const char *what;
    const char *text;
    ud_err_t err;
    int status;
} refusal_t;

#define HEAD "POST / HTTP/1.1\r\nHost: h\r\n"

static void ambiguous_or_broken_requests_are_refused(void **state)
{
    (void)state;
    static const refusal_t cases[] = {
        {"length and transfer-encoding", HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         UD_ERR_MALFORMED, 400},
        {"the same in the other order", HEAD "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
         UD_ERR_MALFORMED, 400},
        {"two lengths", HEAD "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a list of lengths", HEAD "Content-Length: 1, 1\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a sign before the length", HEAD "Content-Length: +1\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a hexadecimal length", HEAD "Content-Length: 0x1\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"an empty length", HEAD "Content-Length:\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a length beyond 64 bits", HEAD "Content-Length: 18446744073709551617\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"two transfer codings", HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", UD_ERR_UNSUPPORTED, 501},
        {"chunked twice", HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", UD_ERR_MALFORMED,
         400},
        {"identity", HEAD "Transfer-Encoding: identity\r\n\r\n", UD_ERR_UNSUPPORTED, 501},
        {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"two Hosts", HEAD "Host: h\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a bare LF after the line", "GET / HTTP/1.1\nHost: h\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a bare LF after a header", HEAD "A: bc\n\r\n", UD_ERR_MALFORMED, 400},
        {"a bare LF at the end", HEAD "\n", UD_ERR_MALFORMED, 400},
        {"a bare CR in a value", HEAD "A: b\rc\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a folded header", HEAD "A: b\r\n c\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a blank before the colon", HEAD "Content-Length : 1\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"no colon", HEAD "Nonsense\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"an empty name", HEAD ": x\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a control character", HEAD "A: b\x01\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"absolute-form without a host", "GET http:// HTTP/1.1\r\nHost: h\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"absolute-form with an empty host", "GET http:///a HTTP/1.1\r\nHost:\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"absolute-form of another scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a blank in absolute-form", "GET http://h /a HTTP/1.1\r\nHost: h\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"authority-form", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a byte above 126 in the target", "GET /\xC3\xA4 HTTP/1.1\r\nHost: h\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"two blanks", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"words behind the version", "GET / HTTP/1.1 x\r\nHost: h\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"no version", "GET /\r\n", UD_ERR_MALFORMED, 400},
        {"HTTP/2 by its preface", "PRI * HTTP/2.0\r\n\r\n", UD_ERR_UNSUPPORTED, 505},
        {"a method that is no token", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n", UD_ERR_MALFORMED, 400},
        {"a second empty line in front", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", UD_ERR_MALFORMED, 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading_t got = read_request(cases[i].text);
        if (got.err != cases[i].err || ud_http1_error_status(&got.parser, got.err) != cases[i].status) {
            fail_msg("%s: got %s, status %d", cases[i].what, ud_err_code(got.err),
                     ud_http1_error_status(&got.parser, got.err));
        }
    }
}

#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

static void broken_chunks_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        CHUNKED "\r\n",
        CHUNKED "g\r\n",
        CHUNKED "-1\r\n",
        CHUNKED "0x1\r\n",
        CHUNKED "1\n",
        CHUNKED "1\r\nab\r\n",
        CHUNKED "1\r\na0\r\n",
        CHUNKED "1111111111111111\r\n",
        CHUNKED "1 1\r\na\r\n",
        CHUNKED " 1\r\na\r\n",
        CHUNKED "\x11\r\na\r\n",
        CHUNKED "0\r\nA(b: c\r\n\r\n",
        CHUNKED "0\r\n folded\r\n\r\n",
        CHUNKED "1;\x01\r\na\r\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading_t got = read_request(cases[i]);
        if (got.err != UD_ERR_MALFORMED) {
            fail_msg("case %zu was taken: %s", i, ud_err_code(got.err));
        }
    }
}

/* "GET /aaa... HTTP/1.1" of exactly `size` bytes with its CR LF. */
static void fill_line(char *text, size_t size)
{
    memset(text, 'a', size);
    memcpy(text, "GET /", 5);
    memcpy(text + size - 11, " HTTP/1.1\r\n", 12);
}

static void a_line_at_the_limit_is_taken_and_one_above_refused(void **state)
{
    (void)state;
    char text[UD_HTTP1_SERVER_LINE_SIZE + 64];
    for (int over = -1; over <= 1; over++) {
        fill_line(text, (size_t)(UD_HTTP1_SERVER_LINE_SIZE + over));
        strcat(text, "Host: h\r\n\r\n");
        reading_t got = {0};
        ud_http1_init_server(&got.parser);
        uint8_t line[UD_HTTP1_SERVER_LINE_SIZE];
        ud_span_t input = ud_span(text, strlen(text));
        ud_http1_event_t event;
        got.err = ud_http1_next(&got.parser, line, sizeof line, &input, &event);
        assert_int_equal(got.err, over > 0 ? UD_ERR_TOO_LARGE : UD_OK);
        assert_true(over <= 0 || ud_http1_error_status(&got.parser, got.err) == 414);
    }
}

/* A request with `count` headers of `size` bytes each beside Host. */
static ud_err_t read_headers(int count, int size, int *status)
{
    char text[UD_HTTP1_HEAD_SIZE_MAX * 2] = HEAD;
    uint8_t line[UD_HTTP1_SERVER_LINE_SIZE];
    for (int i = 0; i < count; i++) {
        char header[UD_HTTP1_SERVER_LINE_SIZE + 2];
        snprintf(header, sizeof header, "%-*s", size, "X: ");
        memcpy(header + size - 2, "\r\n", 3);
        memset(header + 3, 'v', (size_t)size - 5);
        strcat(text, header);
    }
    strcat(text, "\r\n");
    ud_http1_t parser;
    ud_http1_init_server(&parser);
    ud_span_t input = ud_span(text, strlen(text));
    ud_http1_event_t event = {0};
    ud_err_t err = UD_OK;
    while (err == UD_OK && event.type != UD_HTTP1_END) {
        err = ud_http1_next(&parser, line, sizeof line, &input, &event);
    }
    *status = ud_http1_error_status(&parser, err);
    return err;
}

static void a_head_above_its_limits_is_refused(void **state)
{
    (void)state;
    int status;
    assert_int_equal(read_headers(UD_HTTP1_HEADER_COUNT_MAX - 1, 10, &status), UD_OK);
    assert_int_equal(read_headers(UD_HTTP1_HEADER_COUNT_MAX, 10, &status), UD_ERR_TOO_LARGE);
    assert_int_equal(status, 431);
    int begin = (int)strlen(HEAD) + 2;
    assert_int_equal(read_headers(4, (UD_HTTP1_HEAD_SIZE_MAX - begin) / 4, &status), UD_OK);
    assert_int_equal(read_headers(4, (UD_HTTP1_HEAD_SIZE_MAX - begin) / 4 + 1, &status), UD_ERR_TOO_LARGE);
    assert_int_equal(status, 431);
}

static void a_header_longer_than_a_servers_line_is_refused(void **state)
{
    (void)state;
    int status;
    assert_int_equal(read_headers(1, UD_HTTP1_SERVER_LINE_SIZE, &status), UD_OK);
    assert_int_equal(read_headers(1, UD_HTTP1_SERVER_LINE_SIZE + 1, &status), UD_ERR_TOO_LARGE);
    assert_int_equal(status, 431);
}

/* A response whose head is as large as it may be, with two chunks and `trailer_size` bytes behind the last one. */
static ud_err_t read_trailers(int trailer_size)
{
    static char text[3 * UD_HTTP1_HEAD_SIZE_MAX];
    int size = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n");
    size += snprintf(text + size, sizeof text - (size_t)size, "X:%*s\r\n\r\n", UD_HTTP1_HEAD_SIZE_MAX - size - 6, "x");
    assert_int_equal(size, UD_HTTP1_HEAD_SIZE_MAX);
    size += snprintf(text + size, sizeof text - (size_t)size, "1\r\na\r\n1\r\nb\r\n0\r\n");
    for (; trailer_size > 12; trailer_size -= 10) {
        size += snprintf(text + size, sizeof text - (size_t)size, "X: 45678\r\n");
    }
    (void)snprintf(text + size, sizeof text - (size_t)size, "X:%*s\r\n\r\n", trailer_size - 6, "x");
    return read_response(text).err;
}

static void trailers_have_the_limit_of_a_head_after_a_head_of_any_size(void **state)
{
    (void)state;
    assert_int_equal(read_trailers(12), UD_OK);
    assert_int_equal(read_trailers(UD_HTTP1_HEAD_SIZE_MAX), UD_OK);
    assert_int_equal(read_trailers(UD_HTTP1_HEAD_SIZE_MAX + 1), UD_ERR_TOO_LARGE);
}

static void a_response_with_a_length_ends_there(void **state)
{
    (void)state;
    reading_t got = read_response("HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\n\r\nabc");
    assert_int_equal(got.err, UD_OK);
    assert_string_equal(got.events, "line |\nheader Content-Length|3\nhead-end |\nend |\n");
    assert_string_equal(got.body, "abc");
    assert_int_equal(got.parser.status, 206);
    assert_int_equal(ud_http1_finish(&got.parser), UD_OK);
}

static void a_response_without_length_ends_with_the_connection(void **state)
{
    (void)state;
    reading_t got = read_response("HTTP/1.1 200 OK\r\n\r\nabc");
    assert_int_equal(got.err, UD_OK);
    assert_string_equal(got.body, "abc");
    assert_false(got.parser.keep_alive);
    assert_int_equal(ud_http1_finish(&got.parser), UD_OK);
}

static void a_response_cut_off_is_told(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reading_t got = read_response(cases[i]);
        assert_int_equal(got.err, UD_OK);
        assert_int_equal(ud_http1_finish(&got.parser), UD_ERR_MALFORMED);
    }
}

static void responses_that_have_no_body_end_at_the_head(void **state)
{
    (void)state;
    reading_t empty = read_response("HTTP/1.1 204 No Content\r\n\r\n");
    assert_int_equal(ud_http1_finish(&empty.parser), UD_OK);
    reading_t same = read_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 300\r\n\r\n");
    assert_int_equal(ud_http1_finish(&same.parser), UD_OK);
}

static void interim_responses_are_passed_over(void **state)
{
    (void)state;
    reading_t got = read_response("HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"
                                  "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n"
                                  "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(got.err, UD_OK);
    assert_string_equal(got.events, "line |\nheader Content-Length|0\nhead-end |\nend |\n");
    reading_t endless = read_response("HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n"
                                      "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 100 C\r\n\r\n");
    assert_int_equal(endless.err, UD_ERR_MALFORMED);
}

static void a_chunked_response_is_put_together_without_its_trailers(void **state)
{
    (void)state;
    reading_t got = read_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "0000000000000000001 \r\na\r\n2;x\r\nbc\r\n0\r\nContent-Length: 9\r\n\r\n");
    assert_int_equal(got.err, UD_OK);
    assert_string_equal(got.body, "abc");
    assert_int_equal(ud_http1_finish(&got.parser), UD_OK);
}

static void a_device_passes_over_headers_longer_than_its_buffer(void **state)
{
    (void)state;
    for (size_t size = UD_HTTP1_DEVICE_LINE_SIZE - 2; size < UD_HTTP1_DEVICE_LINE_SIZE + 5; size++) {
        char text[2048] = "HTTP/1.1 200 OK\r\n", *end = text + strlen(text);
        memset(end, 'p', size);
        memcpy(end, "Policy: ", 8);
        strcpy(end + size - 2, "\r\nContent-Length: 2\r\n\r\nok");
        reading_t got = read_response(text);
        assert_int_equal(got.err, UD_OK);
        assert_string_equal(got.body, "ok");
        assert_int_equal(strstr(got.events, "Policy") != NULL, size <= UD_HTTP1_DEVICE_LINE_SIZE);
    }
}

static void a_long_header_that_frames_the_message_is_refused(void **state)
{
    (void)state;
    char text[2048] = "HTTP/1.1 200 OK\r\nContent-Length:", *end = text + strlen(text);
    memset(end, ' ', 600);
    strcpy(end + 600, "2\r\n\r\nok");
    assert_int_equal(read_response(text).err, UD_ERR_TOO_LARGE);
}

static void nonsense_instead_of_a_response_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"\r\n",
                                        "HTTP/1.1 20 OK\r\n",
                                        "HTTP/1.1 2000 OK\r\n",
                                        "HTTP/1.1 099 OK\r\n",
                                        "HTTP/1.1 600 OK\r\n",
                                        "HTTP/1.1 101 Switching Protocols\r\n",
                                        "http/1.1 200 OK\r\n",
                                        "ICY 200 OK\r\n",
                                        "HTTP/1.1 200OK\r\n",
                                        "HTTP/1.1 200 O\x01K\r\n",
                                        "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n",
                                        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n",
                                        "HTTP/1.1 200 OK\r\nA: b\rc\r\n",
                                        "HTTP/1.1 200 OK\r\nA\xC3: b\r\n",
                                        "HTTP/1.1 200 OK\r\n: b\r\n",
                                        "HTTP/1.1 200 OK\r\nNonsense\r\n",
                                        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
                                        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
                                        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (read_response(cases[i]).err != UD_ERR_MALFORMED) {
            fail_msg("case %zu was taken", i);
        }
    }
}

static void heads_are_written_as_they_are_read(void **state)
{
    (void)state;
    uint8_t data[256];
    ud_http1_writer_t writer;
    ud_http1_writer_init(&writer, data, sizeof data);
    ud_http1_write_request(&writer, "GET", "/v1/artifacts/ab", "fleet:8480");
    ud_http1_write_bearer(&writer, "abc");
    ud_http1_write_range(&writer, 0, 9);
    ud_http1_write_header_number(&writer, "Content-Length", 0);
    assert_int_equal(ud_http1_write_end(&writer), UD_OK);
    data[writer.size] = '\0';
    assert_string_equal(data, "GET /v1/artifacts/ab HTTP/1.1\r\nHost: fleet:8480\r\nAuthorization: Bearer abc\r\n"
                              "Range: bytes=0-9\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(read_request((const char *)data).err, UD_OK);

    ud_http1_writer_init(&writer, data, sizeof data);
    ud_http1_write_response(&writer, 404);
    assert_int_equal(ud_http1_write_end(&writer), UD_OK);
    assert_memory_equal(data, "HTTP/1.1 404 Not Found\r\n\r\n", writer.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_gives_its_events_in_order),
        cmocka_unit_test(requests_may_follow_each_other),
        cmocka_unit_test(a_chunked_body_is_put_together),
        cmocka_unit_test(a_client_may_wait_for_100_continue),
        cmocka_unit_test(keep_alive_follows_version_and_connection),
        cmocka_unit_test(ambiguous_or_broken_requests_are_refused),
        cmocka_unit_test(broken_chunks_are_refused),
        cmocka_unit_test(a_line_at_the_limit_is_taken_and_one_above_refused),
        cmocka_unit_test(a_head_above_its_limits_is_refused),
        cmocka_unit_test(a_header_longer_than_a_servers_line_is_refused),
        cmocka_unit_test(trailers_have_the_limit_of_a_head_after_a_head_of_any_size),
        cmocka_unit_test(a_response_with_a_length_ends_there),
        cmocka_unit_test(a_response_without_length_ends_with_the_connection),
        cmocka_unit_test(a_response_cut_off_is_told),
        cmocka_unit_test(responses_that_have_no_body_end_at_the_head),
        cmocka_unit_test(interim_responses_are_passed_over),
        cmocka_unit_test(a_chunked_response_is_put_together_without_its_trailers),
        cmocka_unit_test(a_device_passes_over_headers_longer_than_its_buffer),
        cmocka_unit_test(a_long_header_that_frames_the_message_is_refused),
        cmocka_unit_test(nonsense_instead_of_a_response_is_refused),
        cmocka_unit_test(heads_are_written_as_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
