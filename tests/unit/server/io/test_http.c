/* The HTTP server over loopback: a door of the test's own, and clients that behave and misbehave. */
#include "core/base/assert.h"
#include "core/proto/http1.h"
#include "server/io/http.h"
#include "server/io/loop.h"
#include "server/io/worker.h"
#include "tests/unit/server/io/client.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_SIZE (3u * 1024u * 1024u + 17u)

static ud_http_server_t *server;
static ud_worker_t *worker;
static uint16_t port;
static atomic_int ended;                                 /* exchanges that ended with on_end */
static atomic_int parts_bytes;                           /* bytes that a streaming handler took */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* held by a test to keep a worker busy */

/* ---- the door -------------------------------------------------------------------------------------------------------- */

static void count_end(ud_exchange_t *exchange)
{
    (void)exchange;
    atomic_fetch_add(&ended, 1);
}

static void echo_body(ud_exchange_t *exchange)
{
    ud_span_t body = ud_exchange_body(exchange);
    ud_exchange_reply(exchange, 200, "text/plain", body.data, body.size);
}

static void say(ud_exchange_t *exchange, const char *text)
{
    ud_exchange_reply(exchange, 200, "text/plain", text, strlen(text));
}

static void wait_at_gate(void *job)
{
    (void)job;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

static void work_done(ud_exchange_t *exchange, void *job)
{
    say(exchange, ud_exchange_gone(exchange) ? "to nobody" : job);
}

static void take_part(ud_exchange_t *exchange, ud_span_t part)
{
    atomic_fetch_add(&parts_bytes, (int)part.size);
    if (memchr(part.data, '!', part.size) != NULL) {
        ud_exchange_reply(exchange, 422, NULL, NULL, 0);
    }
}

static void parts_done(ud_exchange_t *exchange)
{
    say(exchange, "taken");
}

static void work_ignored(ud_exchange_t *exchange, void *job)
{
    (void)exchange;
    (void)job;
}

static void send_file(ud_exchange_t *exchange)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    for (unsigned i = 0; i < FILE_SIZE; i++) {
        fputc((int)(i * 7u >> 3 & 0xFF), file);
    }
    fflush(file);
    int fd = dup(fileno(file));
    fclose(file);
    ud_exchange_reply_file(exchange, 206, "application/octet-stream", fd, 1, FILE_SIZE - 1);
}

static void tick(ud_exchange_t *exchange)
{
    ud_err_t err = ud_exchange_stream_write(exchange, "data: tick\n\n", 12);
    assert_true(err == UD_OK || err == UD_ERR_WOULD_BLOCK);
    ud_exchange_after(exchange, 1, tick);
}

static void flood(ud_exchange_t *exchange)
{
    static char data[65536];
    ud_exchange_stream_begin(exchange, 200, "text/plain");
    int taken = 0;
    while (ud_exchange_stream_write(exchange, data, sizeof data) == UD_OK) {
        taken++;
        assert_true(taken < 1000);
    }
    ud_exchange_stream_end(exchange);
}

static void on_head(ud_exchange_t *exchange)
{
    const char *path = ud_exchange_path(exchange);
    ud_exchange_on_end(exchange, count_end);
    if (strcmp(path, "/echo") == 0) {
        ud_exchange_collect(exchange, 100000, echo_body);
    } else if (strcmp(path, "/parts") == 0) {
        ud_exchange_stream_body(exchange, 1u << 30, take_part, parts_done);
    } else if (strcmp(path, "/few") == 0) {
        ud_exchange_stream_body(exchange, 10, take_part, parts_done);
    } else if (strcmp(path, "/early") == 0) {
        assert_int_equal(ud_worker_submit(worker, exchange, wait_at_gate, work_ignored, NULL), UD_OK);
        say(exchange, "early");
    } else if (strcmp(path, "/work") == 0) {
        assert_int_equal(ud_worker_submit(worker, exchange, wait_at_gate, work_done, "worked"), UD_OK);
    } else if (strcmp(path, "/file") == 0) {
        send_file(exchange);
    } else if (strcmp(path, "/stream") == 0) {
        ud_exchange_stream_begin(exchange, 200, "text/event-stream");
        tick(exchange);
    } else if (strcmp(path, "/flood") == 0) {
        flood(exchange);
    } else if (strcmp(path, "/refuse") == 0) {
        ud_exchange_reply(exchange, 401, NULL, NULL, 0);
    } else {
        say(exchange, path);
    }
}

static int start(void **state)
{
    (void)state;
    ud_http_config_t config;
    char bound[64];
    ud_http_config_default(&config);
    config.thread_count = 2;
    config.head_ms = 300;
    config.stall_ms = 300;
    config.idle_ms = 1000;
    config.connection_count_max = 64;
    assert_int_equal(ud_http_server_create(&config, &server), UD_OK);
    assert_int_equal(ud_worker_create(1, &worker), UD_OK);
    assert_int_equal(ud_http_listen(server, "127.0.0.1:0", on_head, NULL, bound), UD_OK);
    port = (uint16_t)atoi(strrchr(bound, ':') + 1);
    assert_int_equal(ud_http_server_start(server), UD_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ud_http_server_stop(server, 100);
    ud_worker_destroy(worker);
    ud_http_server_destroy(server);
    return 0;
}

/* ---- helpers --------------------------------------------------------------------------------------------------------- */

static void assert_answer(const char *request, const char *status_line, const char *body)
{
    client_t client = client_ask(port, request);
    const char *end = strstr(client.text, "\r\n\r\n");
    if (strncmp(client.text, status_line, strlen(status_line)) != 0 || end == NULL) {
        fail_msg("expected %s, got: %s", status_line, client.text);
    }
    if (body != NULL) {
        assert_string_equal(end + 4, body);
    }
    client_close(&client);
}

static void wait_for(atomic_int *counter, int least)
{
    struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < PATIENCE_MS && atomic_load(counter) < least; i++) {
        nanosleep(&pause, NULL);
    }
    assert_true(atomic_load(counter) >= least);
}

#define CLOSE "Host: h\r\nConnection: close\r\n"

/* ---- tests ----------------------------------------------------------------------------------------------------------- */

static void a_request_is_answered(void **state)
{
    (void)state;
    assert_answer("GET /a/b HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 OK\r\n", "/a/b");
    assert_answer("GET /a HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "/a");
}

static void a_connection_is_kept_for_further_requests(void **state)
{
    (void)state;
    client_t client = client_open(port);
    for (int i = 0; i < 50; i++) {
        char request[64], path[16];
        snprintf(path, sizeof path, "/n%03d.", i);
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
        client_send(&client, request);
        client_expect(&client, path);
    }
    client_close(&client);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    client_t client = client_open(port);
    client_send(&client,
                "GET /one HTTP/1.1\r\nHost: h\r\n\r\n"
                "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\ntwo"
                "GET /work HTTP/1.1\r\nHost: h\r\n\r\n"
                "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfo\r\n2\r\nur\r\n0\r\n\r\n"
                "GET /five HTTP/1.1\r\n" CLOSE "\r\n");
    client_expect_closed(&client);
    const char *at = client.text;
    static const char *const bodies[] = {"\r\n\r\n/one", "\r\n\r\ntwo", "\r\n\r\nworked", "\r\n\r\nfour",
                                         "\r\n\r\n/five"};
    for (size_t i = 0; i < 5; i++) {
        at = strstr(at, bodies[i]);
        assert_non_null(at);
        at += strlen(bodies[i]);
    }
    client_close(&client);
}

static void a_request_may_come_byte_by_byte(void **state)
{
    (void)state;
    static const char text[] = "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\n\r\nhello";
    client_t client = client_open(port);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        client_send(&client, (const char[]){text[i], '\0'});
    }
    client_expect_closed(&client);
    assert_non_null(strstr(client.text, "\r\n\r\nhello"));
    client_close(&client);
}

static void a_head_request_gets_no_body(void **state)
{
    (void)state;
    client_t client = client_ask(port, "HEAD /abc HTTP/1.1\r\n" CLOSE "\r\n");
    assert_non_null(strstr(client.text, "Content-Length: 4\r\n"));
    assert_string_equal(strstr(client.text, "\r\n\r\n"), "\r\n\r\n");
    client_close(&client);
}

static void a_body_is_asked_for_before_it_is_sent(void **state)
{
    (void)state;
    client_t client = client_open(port);
    client_send(&client, "POST /echo HTTP/1.1\r\n" CLOSE "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    client_expect(&client, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(&client, "hello");
    client_expect(&client, "\r\n\r\nhello");
    client_close(&client);
}

static void a_refused_upload_is_never_asked_for(void **state)
{
    (void)state;
    client_t client = client_ask(
        port, "POST /refuse HTTP/1.1\r\nHost: h\r\nContent-Length: 300000000\r\nExpect: 100-continue\r\n\r\n");
    assert_null(strstr(client.text, "100 Continue"));
    assert_int_equal(strncmp(client.text, "HTTP/1.1 401", 12), 0);
    client_close(&client);
}

static void a_body_above_its_limit_is_refused_by_its_head(void **state)
{
    (void)state;
    assert_answer("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\n\r\n", "HTTP/1.1 413", NULL);
}

static void a_chunked_body_above_its_limit_is_refused_underway(void **state)
{
    (void)state;
    client_t client = client_open(port);
    client_send(&client, "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n");
    char *data = calloc(1, 100001 + 1);
    memset(data, 'a', 100001);
    client_send(&client, data);
    free(data);
    client_expect_closed(&client);
    assert_int_equal(strncmp(client.text, "HTTP/1.1 413", 12), 0);
    client_close(&client);
}

static void a_reply_in_mid_upload_still_arrives(void **state)
{
    (void)state;
    client_t client = client_open(port);
    client_send(&client, "POST /parts HTTP/1.1\r\nHost: h\r\nContent-Length: 300000000\r\n\r\nabc!");
    char data[65536];
    memset(data, 'a', sizeof data);
    for (int i = 0; i < 100; i++) { /* 6.5 MB that nobody wants: closing at once would reset the reply away */
        assert_true(send(client.fd, data, sizeof data, MSG_NOSIGNAL) > 0);
    }
    assert_int_equal(shutdown(client.fd, SHUT_WR), 0);
    client_expect_closed(&client);
    assert_int_equal(strncmp(client.text, "HTTP/1.1 422", 12), 0);
    client_close(&client);
}

static void a_body_can_be_taken_in_parts(void **state)
{
    (void)state;
    atomic_store(&parts_bytes, 0);
    client_t client = client_open(port);
    client_send(&client, "POST /parts HTTP/1.1\r\n" CLOSE "Content-Length: 655360\r\n\r\n");
    char data[65537];
    memset(data, 'a', sizeof data);
    data[65536] = '\0';
    for (int i = 0; i < 10; i++) {
        client_send(&client, data);
    }
    client_expect(&client, "\r\n\r\ntaken");
    assert_int_equal(atomic_load(&parts_bytes), 655360);
    client_close(&client);
}

static void a_body_taken_in_parts_has_a_limit_too(void **state)
{
    (void)state;
    static const char head[] = "POST /few HTTP/1.1\r\n" CLOSE "Transfer-Encoding: chunked\r\n\r\n";
    char request[256];
    snprintf(request, sizeof request, "%s5\r\naaaaa\r\n5\r\nbbbbb\r\n0\r\n\r\n", head);
    assert_answer(request, "HTTP/1.1 200", "taken");
    snprintf(request, sizeof request, "%s5\r\naaaaa\r\n6\r\nbbbbbb\r\n0\r\n\r\n", head);
    assert_answer(request, "HTTP/1.1 413", NULL);
}

static void nonsense_is_answered_and_the_connection_closed(void **state)
{
    (void)state;
    assert_answer("nonsense\r\n", "HTTP/1.1 400 Bad Request\r\n", NULL);
    assert_answer("\x16\x03\x01\x02\n", "HTTP/1.1 400 Bad Request\r\n", NULL);
    assert_answer("GET / HTTP/2.0\r\n", "HTTP/1.1 505", NULL);
    assert_answer("GET /a HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n", NULL);
    assert_answer("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                  "HTTP/1.1 400 Bad Request\r\n", NULL);
    assert_answer("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 400", NULL);
}

static void a_line_too_long_is_refused_before_it_ends(void **state)
{
    (void)state;
    char text[UD_HTTP1_SERVER_LINE_SIZE + 2];
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    text[sizeof text - 1] = '\0';
    assert_answer(text, "HTTP/1.1 414", NULL);
}

static void a_slow_head_is_given_up(void **state)
{
    (void)state;
    client_t client = client_open(port);
    client_send(&client, "GET / HTTP/1.1\r\nHos");
    client_expect_closed(&client);
    assert_int_equal(strncmp(client.text, "HTTP/1.1 408", 12), 0);
    client_close(&client);
}

static void a_slow_body_is_given_up(void **state)
{
    (void)state;
    client_t client = client_open(port);
    client_send(&client, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 500\r\n\r\n");
    client_expect_closed(&client);
    assert_int_equal(strncmp(client.text, "HTTP/1.1 408", 12), 0); /* and no 100 Continue that was not asked for */
    client_close(&client);
}

static void an_idle_connection_is_closed_without_a_word(void **state)
{
    (void)state;
    client_t client = client_open(port);
    client_expect_closed(&client);
    assert_int_equal(client.size, 0);
    client_close(&client);
}

static void an_answer_from_a_worker_finds_its_connection(void **state)
{
    (void)state;
    assert_answer("GET /work HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 OK\r\n", "worked");
}

static void an_answer_to_a_client_that_went_ends_its_exchange(void **state)
{
    (void)state;
    int before = atomic_load(&ended);
    pthread_mutex_lock(&gate);
    client_t client = client_open(port);
    client_send(&client, "GET /work HTTP/1.1\r\nHost: h\r\n\r\n");
    client_close(&client);
    pthread_mutex_unlock(&gate);
    wait_for(&ended, before + 1);
}

static void an_exchange_answered_early_waits_for_its_work(void **state)
{
    (void)state;
    int before = atomic_load(&ended);
    pthread_mutex_lock(&gate);
    client_t client = client_open(port);
    client_send(&client, "GET /early HTTP/1.1\r\nHost: h\r\n\r\n");
    client_expect(&client, "\r\n\r\nearly");
    assert_int_equal(atomic_load(&ended), before);
    pthread_mutex_unlock(&gate);
    wait_for(&ended, before + 1);
    client_close(&client);
}

static void a_file_arrives_whole_at_a_slow_reader(void **state)
{
    (void)state;
    client_t client = client_open(port);
    client_send(&client, "GET /file HTTP/1.1\r\nHost: h\r\n\r\nGET /after HTTP/1.1\r\n" CLOSE "\r\n");
    client_expect_closed(&client);
    const char *body = strstr(client.text, "\r\n\r\n") + 4;
    for (unsigned i = 1; i < FILE_SIZE; i++) {
        if ((unsigned char)body[i - 1] != (i * 7u >> 3 & 0xFF)) {
            fail_msg("byte %u differs", i);
        }
    }
    assert_int_equal(strncmp(body + FILE_SIZE - 1, "HTTP/1.1 200 OK", 15), 0);
    client_close(&client);
}

static void a_stream_goes_on_until_its_client_goes(void **state)
{
    (void)state;
    int before = atomic_load(&ended);
    client_t client = client_open(port);
    client_send(&client, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    client_expect(&client, "Transfer-Encoding: chunked");
    client_expect(&client, "c\r\ndata: tick\n\n\r\nc\r\ndata: tick\n\n\r\n");
    assert_int_equal(atomic_load(&ended), before);
    client_close(&client);
    wait_for(&ended, before + 1);
}

static void a_stream_nobody_reads_takes_no_more(void **state)
{
    (void)state;
    client_t client = client_ask(port, "GET /flood HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(client.size >= 65536 && client.size <= UD_EXCHANGE_PENDING_SIZE_MAX + 65536 + 1024);
    client_close(&client);
}

static void connections_above_the_limit_are_closed_unanswered(void **state)
{
    (void)state;
    client_t clients[80];
    int answered = 0;
    for (size_t i = 0; i < 80; i++) {
        clients[i] = client_open(port);
    }
    for (size_t i = 0; i < 80; i++) {
        send(clients[i].fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", 28, MSG_NOSIGNAL);
    }
    for (size_t i = 0; i < 80; i++) {
        client_expect_closed(&clients[i]); /* those answered when they have idled */
        answered += strstr(clients[i].text, "200 OK") != NULL;
        client_close(&clients[i]);
    }
    assert_in_range(answered, 1, 64);
    assert_answer("GET /a HTTP/1.1\r\n" CLOSE "\r\n", "HTTP/1.1 200 OK\r\n", "/a");
}

static void *stop_elsewhere(void *context)
{
    (void)context;
    stop(NULL);
    return NULL;
}

static void a_request_under_way_is_finished_before_the_end(void **state)
{
    (void)state;
    pthread_mutex_lock(&gate);
    client_t client = client_open(port), idle = client_open(port), stream = client_open(port);
    client_send(&stream, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    client_expect(&stream, "tick");
    client_send(&idle, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    client_expect(&idle, "\r\n\r\n/a");
    client_send(&client, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab");
    client_t busy = client_open(port);
    client_send(&busy, "GET /work HTTP/1.1\r\nHost: h\r\n\r\n");
    client_send(&busy, "GET /never HTTP/1.1\r\nHost: h\r\n\r\n");
    pthread_mutex_unlock(&gate);
    client_expect(&busy, "worked");
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop_elsewhere, NULL), 0);
    client_expect_closed(&idle);
    client_expect_closed(&stream);
    client_expect_closed(&busy);
    client_expect_closed(&client);
    pthread_join(stopper, NULL);
    client_close(&client);
    client_close(&idle);
    client_close(&stream);
    client_close(&busy);
    start(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(a_connection_is_kept_for_further_requests),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_request_may_come_byte_by_byte),
        cmocka_unit_test(a_head_request_gets_no_body),
        cmocka_unit_test(a_body_is_asked_for_before_it_is_sent),
        cmocka_unit_test(a_refused_upload_is_never_asked_for),
        cmocka_unit_test(a_body_above_its_limit_is_refused_by_its_head),
        cmocka_unit_test(a_chunked_body_above_its_limit_is_refused_underway),
        cmocka_unit_test(a_reply_in_mid_upload_still_arrives),
        cmocka_unit_test(a_body_can_be_taken_in_parts),
        cmocka_unit_test(a_body_taken_in_parts_has_a_limit_too),
        cmocka_unit_test(nonsense_is_answered_and_the_connection_closed),
        cmocka_unit_test(a_line_too_long_is_refused_before_it_ends),
        cmocka_unit_test(a_slow_head_is_given_up),
        cmocka_unit_test(a_slow_body_is_given_up),
        cmocka_unit_test(an_idle_connection_is_closed_without_a_word),
        cmocka_unit_test(an_answer_from_a_worker_finds_its_connection),
        cmocka_unit_test(an_answer_to_a_client_that_went_ends_its_exchange),
        cmocka_unit_test(an_exchange_answered_early_waits_for_its_work),
        cmocka_unit_test(a_file_arrives_whole_at_a_slow_reader),
        cmocka_unit_test(a_stream_goes_on_until_its_client_goes),
        cmocka_unit_test(a_stream_nobody_reads_takes_no_more),
        cmocka_unit_test(connections_above_the_limit_are_closed_unanswered),
        cmocka_unit_test(a_request_under_way_is_finished_before_the_end),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
