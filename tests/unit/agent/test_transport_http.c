/* HTTP for the agent, over a network that is an array of bytes. */
#include "agent/transport.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BUFFER_SIZE 4128
#define POLLS_MAX 20000

/* The other side: what it got, and what it will say. */
static struct {
    char got[8192];
    size_t got_size;
    const char *says;
    size_t says_size;
    size_t said;
    size_t piece; /* bytes at a time, both ways */
    bool blocks;  /* every second call */
    bool waiting;
    bool closes; /* after all was said; else it stays silent */
    unsigned opened;
    char host[128]; /* of the last open; "" for our own server */
    bool open;
} net;

static bool must_wait(void)
{
    net.waiting = net.blocks && !net.waiting;
    return net.waiting;
}

ud_err_t ud_port_net_open(ud_port_t *port, const char *host)
{
    (void)port;
    net.opened++;
    net.open = true;
    (void)snprintf(net.host, sizeof net.host, "%s", host == NULL ? "" : host);
    return UD_OK;
}

ud_err_t ud_port_net_send(ud_port_t *port, const void *data, size_t size, size_t *sent)
{
    (void)port;
    if (must_wait()) {
        return UD_ERR_WOULD_BLOCK;
    }
    *sent = size < net.piece ? size : net.piece;
    assert_true(net.got_size + *sent < sizeof net.got);
    memcpy(net.got + net.got_size, data, *sent);
    net.got_size += *sent;
    net.got[net.got_size] = '\0';
    return UD_OK;
}

ud_err_t ud_port_net_receive(ud_port_t *port, void *data, size_t size, size_t *received)
{
    (void)port;
    if (must_wait() || (net.said == net.says_size && !net.closes)) {
        return UD_ERR_WOULD_BLOCK;
    }
    size_t left = net.says_size - net.said;
    *received = left < size ? left : size;
    *received = *received < net.piece ? *received : net.piece;
    memcpy(data, net.says + net.said, *received);
    net.said += *received;
    return UD_OK;
}

void ud_port_net_close(ud_port_t *port)
{
    (void)port;
    net.open = false;
}

/* ---- running an exchange ------------------------------------------------------------ */

static uint64_t state[UD_TRANSPORT_STATE_SIZE / sizeof(uint64_t)];
static uint8_t buffer[BUFFER_SIZE];
static size_t fill;
static ud_answer_t answer;

static int reset(void **ignored)
{
    (void)ignored;
    memset(&net, 0, sizeof net);
    memset(state, 0, sizeof state);
    net.piece = 4096;
    return 0;
}

static void server_says(const char *text)
{
    net.says = text;
    net.says_size = strlen(text);
    net.said = 0;
}

static ud_request_t checkin(void)
{
    return (ud_request_t){
        .kind = UD_REQUEST_CHECKIN, .server = "updates.example:8480", .token = "abc", .body = ud_span("hello", 5)};
}

static ud_request_t artifact(const char *url, uint32_t first, uint32_t last)
{
    return (ud_request_t){.kind = UD_REQUEST_ARTIFACT,
                          .server = "updates.example:8480",
                          .token = "abc",
                          .url = url,
                          .first = first,
                          .last = last,
                          .total = 1000};
}

/* Polls to the end of the answer, to `want` bytes, or to an error; WOULD_BLOCK if the server says nothing more. */
static ud_err_t exchange(const ud_request_t *request, size_t want)
{
    fill = 0;
    answer = (ud_answer_t){0};
    ud_err_t err = ud_transport_http.begin(state, NULL, request, buffer, sizeof buffer);
    for (int i = 0; i < POLLS_MAX && (err == UD_OK || err == UD_ERR_WOULD_BLOCK); i++) {
        err = ud_transport_http.poll(state, NULL, buffer, sizeof buffer, want, &fill, &answer);
        if (err == UD_OK && (answer.complete || (answer.status != 0 && fill == want))) {
            return UD_OK;
        }
    }
    return err;
}

/* ---- requests ------------------------------------------------------------ */

static void a_check_in_is_a_post_with_token_and_body(void **ignored)
{
    (void)ignored;
    ud_request_t request = checkin();
    server_says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_int_equal(exchange(&request, 100), UD_OK);
    assert_string_equal(net.got, "POST /v1/checkin HTTP/1.1\r\nHost: updates.example:8480\r\n"
                                 "Authorization: Bearer abc\r\nContent-Type: application/cbor\r\n"
                                 "Accept: application/cbor\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(answer.status, 200);
    assert_memory_equal(buffer, "ok", 2);
    assert_int_equal(fill, 2);
}

/* It may be in flash already: held back, it would never be renewed. */
static void a_token_that_is_none_goes_out_to_be_refused(void **ignored)
{
    (void)ignored;
    ud_request_t request = checkin();
    request.token = "a b";
    server_says("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(exchange(&request, 100), UD_OK);
    assert_non_null(strstr(net.got, "\r\nAuthorization: Bearer a b\r\n"));
    assert_int_equal(answer.status, 401);
}

static void an_artifact_is_asked_for_by_range(void **ignored)
{
    (void)ignored;
    ud_request_t request = artifact("/v1/artifacts/x", 100, 103);
    server_says("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-103/1000\r\nContent-Length: 4\r\n\r\nabcd");
    assert_int_equal(exchange(&request, 4), UD_OK);
    assert_non_null(strstr(net.got, "GET /v1/artifacts/x HTTP/1.1\r\n"));
    assert_non_null(strstr(net.got, "\r\nRange: bytes=100-103\r\n"));
    assert_memory_equal(buffer, "abcd", 4);
}

static void the_largest_range_is_written_in_full(void **ignored)
{
    (void)ignored;
    ud_request_t request = artifact("/a", UINT32_MAX - 1, UINT32_MAX);
    server_says("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(exchange(&request, 4), UD_OK);
    assert_non_null(strstr(net.got, "Range: bytes=4294967294-4294967295\r\n"));
}

static void another_host_never_gets_the_token(void **ignored)
{
    (void)ignored;
    ud_request_t request = artifact("http://cache.example:80/a/b", 0, 3);
    server_says("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/1000\r\nContent-Length: 4\r\n\r\nabcd");
    assert_int_equal(exchange(&request, 4), UD_OK);
    assert_string_equal(net.host, "cache.example:80");
    assert_non_null(strstr(net.got, "GET /a/b HTTP/1.1\r\nHost: cache.example:80\r\n"));
    assert_null(strstr(net.got, "abc\r\n"));
}

static void the_own_server_by_its_full_name_gets_the_token(void **ignored)
{
    (void)ignored;
    ud_request_t request = artifact("http://updates.example:8480/a", 0, 3);
    server_says("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/1000\r\nContent-Length: 4\r\n\r\nabcd");
    assert_int_equal(exchange(&request, 4), UD_OK);
    assert_string_equal(net.host, "");
    assert_non_null(strstr(net.got, "Bearer abc"));
}

static void addresses_that_cannot_be_reached_are_refused(void **ignored)
{
    static const char *const urls[] = {"https://x.example:443/a", "ftp://x/a", "x", "", "http:///a",
                                       "http://x.example"};
    (void)ignored;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        ud_request_t request = artifact(urls[i], 0, 3);
        assert_int_equal(ud_transport_http.begin(state, NULL, &request, buffer, sizeof buffer), UD_ERR_UNSUPPORTED);
    }
    assert_int_equal(net.opened, 0);
}

static void a_url_cannot_smuggle_a_header(void **ignored)
{
    (void)ignored;
    ud_request_t request = artifact("/a HTTP/1.1\r\nX: y", 0, 3);
    assert_int_equal(ud_transport_http.begin(state, NULL, &request, buffer, sizeof buffer), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(net.opened, 0);
}

static void the_longest_token_and_message_fit_the_smallest_buffer(void **ignored)
{
    static uint8_t small[UD_TRANSPORT_TAIL_SIZE + 1151];
    static char token[UD_TOKEN_SIZE_MAX + 1];
    (void)ignored;
    memset(token, 't', UD_TOKEN_SIZE_MAX);
    memset(small, 'm', sizeof small);
    ud_request_t request = {.kind = UD_REQUEST_CHECKIN,
                            .server = "updates.example",
                            .token = token,
                            .body = ud_span(small + sizeof small - UD_TRANSPORT_TAIL_SIZE, UD_REQUEST_SIZE_MAX)};
    assert_int_equal(ud_transport_http.begin(state, NULL, &request, small, sizeof small), UD_OK);
}

/* ---- answers ------------------------------------------------------------ */

static void any_cutting_of_the_stream_gives_the_same_answer(void **ignored)
{
    (void)ignored;
    for (size_t piece = 1; piece < 90; piece++) {
        reset(NULL);
        net.piece = piece;
        net.blocks = piece % 2 == 0;
        ud_request_t request = checkin();
        server_says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
        assert_int_equal(exchange(&request, 100), UD_OK);
        assert_true(answer.complete);
        assert_int_equal(fill, 7);
        assert_memory_equal(buffer, "abcdefg", 7);
    }
}

/* The buffer is no larger than a message, a line and a piece of the stream need. */
static void a_chunked_message_that_just_fits_is_taken_in_any_cutting(void **ignored)
{
    enum { WANT = 300 };
    static uint8_t small[WANT + 256 + UD_HTTP1_DEVICE_LINE_SIZE + UD_TRANSPORT_TAIL_SIZE];
    static char text[1200], body[WANT + 1];
    (void)ignored;
    memset(body, 'm', WANT);
    (void)snprintf(text, sizeof text,
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n%s\r\n\r\n", WANT, body,
                   "Trailer: of some length, so that it comes in pieces");
    for (size_t piece = 1; piece < 400; piece++) {
        reset(NULL);
        net.piece = piece;
        ud_request_t request = checkin();
        server_says(text);
        fill = 0;
        answer = (ud_answer_t){0};
        assert_int_equal(ud_transport_http.begin(state, NULL, &request, small, sizeof small), UD_OK);
        uint8_t *exact = small + UD_TRANSPORT_TAIL_SIZE; /* begin() wants more room than poll() */
        memcpy(exact, small, sizeof small - UD_TRANSPORT_TAIL_SIZE);
        for (int i = 0; i < POLLS_MAX && !answer.complete; i++) {
            assert_int_equal(
                ud_transport_http.poll(state, NULL, exact, sizeof small - UD_TRANSPORT_TAIL_SIZE, WANT, &fill, &answer),
                UD_OK);
        }
        assert_int_equal(fill, WANT);
        assert_memory_equal(exact, body, WANT);
    }
}

static void retry_after_is_handed_on(void **ignored)
{
    (void)ignored;
    ud_request_t request = checkin();
    server_says("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 120\r\nContent-Length: 4\r\n\r\nbusy");
    assert_int_equal(exchange(&request, 100), UD_OK);
    assert_int_equal(answer.status, 503);
    assert_int_equal(answer.retry_after_s, 120);
    assert_int_equal(fill, 0);
}

static void a_retry_after_that_is_no_number_counts_as_none(void **ignored)
{
    (void)ignored;
    ud_request_t request = checkin();
    server_says("HTTP/1.1 503 Service Unavailable\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"
                "Content-Length: 0\r\n\r\n");
    assert_int_equal(exchange(&request, 100), UD_OK);
    assert_int_equal(answer.retry_after_s, 0);
}

static void the_wrong_bytes_are_never_taken_for_the_range(void **ignored)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/1000\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-103/999\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-103/*\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-103/1000\r\n\r\nabcd",
        ("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-103/1000\r\nTransfer-Encoding: chunked\r\n\r\n"
         "4\r\nabcd\r\n0\r\n\r\n"),
        "HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n",
    };
    (void)ignored;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        reset(NULL);
        ud_request_t request = artifact("/a", 100, 103);
        server_says(answers[i]);
        assert_int_equal(exchange(&request, 4), UD_ERR_PROTOCOL);
        assert_int_equal(fill, 0);
    }
}

static void a_message_that_never_ends_is_refused(void **ignored)
{
    static char endless[6000];
    (void)ignored;
    static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
    memset(endless, 'x', sizeof endless - 1);
    memcpy(endless, head, sizeof head - 1);
    ud_request_t request = checkin();
    server_says(endless);
    net.closes = true;
    assert_int_equal(exchange(&request, UD_MESSAGE_SIZE_MAX), UD_ERR_TOO_LARGE);
}

static void a_message_longer_than_its_room_is_refused_when_that_is_full(void **ignored)
{
    (void)ignored;
    ud_request_t request = checkin();
    server_says("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef");
    net.piece = 1;
    assert_int_equal(exchange(&request, 5), UD_OK);
    assert_int_equal(fill, 5);
    assert_false(answer.complete);
    assert_int_equal(ud_transport_http.poll(state, NULL, buffer, sizeof buffer, 5, &fill, &answer), UD_ERR_TOO_LARGE);
}

static void what_is_not_http_is_refused(void **ignored)
{
    static const char *const answers[] = {"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc"};
    (void)ignored;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        reset(NULL);
        ud_request_t request = checkin();
        server_says(answers[i]);
        assert_int_equal(exchange(&request, 100), UD_ERR_PROTOCOL);
    }
}

static void bytes_behind_a_body_are_refused_wherever_it_lies(void **ignored)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
    (void)ignored;
    ud_request_t request = checkin();
    server_says("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc");
    net.piece = sizeof head - 1;
    assert_int_equal(exchange(&request, 100), UD_ERR_PROTOCOL);
}

static void an_answer_cut_off_is_a_broken_stream(void **ignored)
{
    (void)ignored;
    ud_request_t request = checkin();
    server_says("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    net.closes = true;
    assert_int_equal(exchange(&request, 100), UD_ERR_NETWORK);
}

/* ---- the stream ------------------------------------------------------------ */

static void the_stream_is_kept_for_the_next_request(void **ignored)
{
    (void)ignored;
    ud_request_t request = checkin();
    for (int i = 0; i < 3; i++) {
        server_says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        assert_int_equal(exchange(&request, 100), UD_OK);
    }
    assert_int_equal(net.opened, 1);
    assert_true(net.open);
}

static void a_server_that_closes_gets_a_new_stream(void **ignored)
{
    (void)ignored;
    ud_request_t request = checkin();
    for (unsigned i = 1; i <= 3; i++) {
        server_says("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        assert_int_equal(exchange(&request, 100), UD_OK);
        assert_false(net.open);
        assert_int_equal(net.opened, i);
    }
}

static void a_kept_stream_that_died_is_told_from_a_failure(void **ignored)
{
    (void)ignored;
    ud_request_t request = checkin();
    server_says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_int_equal(exchange(&request, 100), UD_OK);
    server_says("");
    net.closes = true;
    assert_int_equal(exchange(&request, 100), UD_ERR_NETWORK);
    assert_true(ud_transport_http.was_stale(state));
    ud_transport_http.close(state, NULL);
    assert_int_equal(exchange(&request, 100), UD_ERR_NETWORK);
    assert_false(ud_transport_http.was_stale(state));
}

static void a_kept_stream_that_breaks_in_an_answer_is_a_failure(void **ignored)
{
    (void)ignored;
    ud_request_t request = checkin();
    server_says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_int_equal(exchange(&request, 100), UD_OK);
    server_says("H");
    net.closes = true;
    assert_int_equal(exchange(&request, 100), UD_ERR_NETWORK);
    assert_false(ud_transport_http.was_stale(state));
}

static void the_stream_to_another_host_is_kept_for_nobody(void **ignored)
{
    (void)ignored;
    const char *part = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/1000\r\nContent-Length: 4\r\n\r\nabcd";
    ud_request_t request = artifact("http://cache.example:80/a", 0, 3);
    for (unsigned i = 1; i <= 2; i++) {
        server_says(part);
        assert_int_equal(exchange(&request, 4), UD_OK);
        assert_int_equal(net.opened, i);
    }
    request = checkin();
    server_says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_int_equal(exchange(&request, 100), UD_OK);
    assert_int_equal(net.opened, 3);
    assert_string_equal(net.host, "");
}

#define FRESH(test) cmocka_unit_test_setup(test, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_check_in_is_a_post_with_token_and_body),
        FRESH(a_token_that_is_none_goes_out_to_be_refused),
        FRESH(an_artifact_is_asked_for_by_range),
        FRESH(the_largest_range_is_written_in_full),
        FRESH(another_host_never_gets_the_token),
        FRESH(the_own_server_by_its_full_name_gets_the_token),
        FRESH(addresses_that_cannot_be_reached_are_refused),
        FRESH(a_url_cannot_smuggle_a_header),
        FRESH(the_longest_token_and_message_fit_the_smallest_buffer),
        FRESH(any_cutting_of_the_stream_gives_the_same_answer),
        FRESH(a_chunked_message_that_just_fits_is_taken_in_any_cutting),
        FRESH(retry_after_is_handed_on),
        FRESH(a_retry_after_that_is_no_number_counts_as_none),
        FRESH(the_wrong_bytes_are_never_taken_for_the_range),
        FRESH(a_message_that_never_ends_is_refused),
        FRESH(a_message_longer_than_its_room_is_refused_when_that_is_full),
        FRESH(what_is_not_http_is_refused),
        FRESH(bytes_behind_a_body_are_refused_wherever_it_lies),
        FRESH(an_answer_cut_off_is_a_broken_stream),
        FRESH(the_stream_is_kept_for_the_next_request),
        FRESH(a_server_that_closes_gets_a_new_stream),
        FRESH(a_kept_stream_that_died_is_told_from_a_failure),
        FRESH(a_kept_stream_that_breaks_in_an_answer_is_a_failure),
        FRESH(the_stream_to_another_host_is_kept_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
