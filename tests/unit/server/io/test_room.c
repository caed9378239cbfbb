/* Who makes room when an address has all the connections it may have. */
#include "server/io/http.h"
#include "tests/unit/server/io/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a door that knows who asks for /known ----------------------------------------------------------------------------- */

static void echo_body(ud_exchange_t *exchange)
{
    ud_span_t body = ud_exchange_body(exchange);
    ud_exchange_reply(exchange, 200, "text/plain", body.data, body.size);
}

static void on_head(ud_exchange_t *exchange)
{
    const char *path = ud_exchange_path(exchange);
    if (strcmp(path, "/known") == 0) {
        ud_exchange_vouch(exchange);
    }
    if (strcmp(ud_exchange_method(exchange), "POST") == 0) {
        ud_exchange_collect(exchange, 100, echo_body);
    } else {
        ud_exchange_reply(exchange, 200, "text/plain", path, strlen(path));
    }
}

/* A server of one thread that takes two connections at each of its two addresses. */
static ud_http_server_t *start_small(uint16_t ports[2])
{
    ud_http_config_t config;
    ud_http_server_t *small;
    char bound[64];
    ud_http_config_default(&config);
    config.connection_count_max = 4;
    assert_int_equal(ud_http_server_create(&config, &small), UD_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ud_http_listen(small, "127.0.0.1:0", on_head, NULL, bound), UD_OK);
        ports[i] = (uint16_t)atoi(strrchr(bound, ':') + 1);
    }
    assert_int_equal(ud_http_server_start(small), UD_OK);
    return small;
}

static void stop_small(ud_http_server_t *small, client_t *clients, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        client_close(&clients[i]);
    }
    ud_http_server_stop(small, 100);
    ud_http_server_destroy(small);
}

static client_t open_and_ask(uint16_t to)
{
    client_t client = client_open(to);
    client_send(&client, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    client_expect(&client, "\r\n\r\n/a");
    return client;
}

/* A request whose body is awaited and begins with one byte. */
static client_t open_and_stall(uint16_t to, const char *request_line)
{
    client_t client = client_open(to);
    client_send(&client, request_line);
    client_send(&client, "Host: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    client_expect(&client, "100 Continue\r\n\r\n");
    client_send(&client, "a");
    return client;
}

/* ---- tests ----------------------------------------------------------------------------------------------------------- */

#define STRANGER "POST /echo HTTP/1.1\r\n"
#define KNOWN "POST /known HTTP/1.1\r\n"

static void the_connection_that_idled_longest_makes_room(void **state)
{
    (void)state;
    uint16_t ports[2];
    client_t clients[3];
    ud_http_server_t *small = start_small(ports);
    for (size_t i = 0; i < 3; i++) {
        clients[i] = open_and_ask(ports[0]);
    }
    client_expect_closed(&clients[0]);
    client_send(&clients[1], "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    client_expect(&clients[1], "\r\n\r\n/b");
    stop_small(small, clients, 3);
}

static void a_stranger_who_never_ends_a_request_makes_room(void **state)
{
    (void)state;
    uint16_t ports[2];
    ud_http_server_t *small = start_small(ports);
    client_t clients[4] = {open_and_stall(ports[0], STRANGER), open_and_stall(ports[0], STRANGER)};
    clients[2] = open_and_ask(ports[0]);
    client_expect_closed(&clients[0]);
    clients[3] = open_and_ask(ports[0]);
    client_expect_closed(&clients[1]);
    stop_small(small, clients, 4);
}

static void a_request_vouched_for_is_not_cut_to_make_room(void **state)
{
    (void)state;
    uint16_t ports[2];
    ud_http_server_t *small = start_small(ports);
    client_t clients[4] = {open_and_stall(ports[0], KNOWN), open_and_stall(ports[0], STRANGER)};
    clients[2] = open_and_ask(ports[0]);
    client_expect_closed(&clients[1]);
    clients[3] = open_and_ask(ports[0]);
    client_expect_closed(&clients[2]);
    client_send(&clients[0], "bc");
    client_expect(&clients[0], "\r\n\r\nabc");
    stop_small(small, clients, 4);
}

static void a_full_address_leaves_the_other_its_share(void **state)
{
    (void)state;
    uint16_t ports[2];
    ud_http_server_t *small = start_small(ports);
    client_t clients[5] = {open_and_stall(ports[0], KNOWN), open_and_stall(ports[0], KNOWN), client_open(ports[0])};
    client_expect_closed(&clients[2]);
    clients[3] = open_and_stall(ports[1], KNOWN);
    clients[4] = open_and_ask(ports[1]);
    stop_small(small, clients, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_connection_that_idled_longest_makes_room),
        cmocka_unit_test(a_stranger_who_never_ends_a_request_makes_room),
        cmocka_unit_test(a_request_vouched_for_is_not_cut_to_make_room),
        cmocka_unit_test(a_full_address_leaves_the_other_its_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
