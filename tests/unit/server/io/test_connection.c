/* One connection of the HTTP server, over a pair of sockets that hold little. */
#include "server/io/http_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define BODY_SIZE 60000u

static void reply_at_length(ud_exchange_t *exchange)
{
    static const char body[BODY_SIZE];
    ud_exchange_reply(exchange, 200, "text/plain", body, sizeof body);
}

/* ---- output ---------------------------------------------------------------------------------------------------------- */

static void what_was_written_makes_room_for_more(void **state)
{
    (void)state;
    static const char piece[1000];
    connection_t connection = {.fd = -1, .file = -1};
    connection_put(&connection, piece, sizeof piece);
    for (int i = 0; i < 1000; i++) {
        connection_put(&connection, piece, sizeof piece);
        connection.out.begin += sizeof piece; /* written; the reader is always one piece behind */
    }
    assert_int_equal(connection_waiting(&connection), sizeof piece);
    assert_true(connection.out.capacity <= 4096);
    free(connection.out.data);
}

/* ---- the end of a client's words ------------------------------------------------------------------------------------- */

static void who_asks_and_says_no_more_still_gets_the_whole_answer(void **state)
{
    (void)state;
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    int ends[2], little = 4096;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little), 0);
    assert_int_equal(write(ends[1], request, sizeof request - 1), sizeof request - 1);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    ud_http_config_t config;
    ud_http_server_t *server;
    ud_http_config_default(&config);
    config.thread_count = 1;
    assert_int_equal(ud_http_server_create(&config, &server), UD_OK);
    server->endpoints[server->endpoint_count++] = (endpoint_t){.on_head = reply_at_length};
    assert_int_equal(evutil_make_socket_nonblocking(ends[0]), 0);
    connection_accept(&server->threads[0], 0, ends[0], "pair");
    assert_int_equal(ud_http_server_start(server), UD_OK);
    size_t size = 0;
    char data[1024];
    for (ssize_t got = read(ends[1], data, sizeof data); got > 0; got = read(ends[1], data, sizeof data)) {
        size += (size_t)got;
    }
    assert_true(size > BODY_SIZE);
    close(ends[1]);
    ud_http_server_stop(server, 100);
    ud_http_server_destroy(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_makes_room_for_more),
        cmocka_unit_test(who_asks_and_says_no_more_still_gets_the_whole_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
