/* What a handler reads of a request: queries, cookies, credentials; and the headers it adds. */
#include "server/io/http.h"
#include "tests/unit/server/io/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static ud_http_server_t *server;
static uint16_t port;

static void say(ud_exchange_t *exchange, const char *text)
{
    const char *said = text == NULL ? "absent" : text;
    ud_exchange_reply(exchange, 200, "text/plain", said, strlen(said));
}

static void on_head(ud_exchange_t *exchange)
{
    const char *path = ud_exchange_path(exchange);
    if (strcmp(path, "/query") == 0 || strcmp(path, "/") == 0) {
        const char *value = NULL;
        bool readable = ud_exchange_query(exchange, "a", &value) == UD_OK;
        say(exchange, readable ? value : "unreadable");
        return;
    }
    ud_exchange_reply_header(exchange, "X-Bad", "a\r\nX-Evil: b");
    ud_exchange_reply_header(exchange, "X-Cookie", ud_exchange_cookie(exchange, "b"));
    say(exchange, ud_exchange_bearer(exchange));
}

static int start(void **state)
{
    (void)state;
    ud_http_config_t config;
    char bound[64];
    ud_http_config_default(&config);
    assert_int_equal(ud_http_server_create(&config, &server), UD_OK);
    assert_int_equal(ud_http_listen(server, "127.0.0.1:0", on_head, NULL, bound), UD_OK);
    port = (uint16_t)atoi(strrchr(bound, ':') + 1);
    assert_int_equal(ud_http_server_start(server), UD_OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ud_http_server_stop(server, 100);
    ud_http_server_destroy(server);
    return 0;
}

#define CLOSE "Host: h\r\nConnection: close\r\n"

static void queries_are_decoded_and_nonsense_is_told(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"a=b", "b"},
                                           {"x=1&a=b%20c+d&a=2", "b c d"},
                                           {"a", ""},
                                           {"ab=1", "absent"},
                                           {"a=%", "unreadable"},
                                           {"a=%4", "unreadable"},
                                           {"a=%zz", "unreadable"},
                                           {"a=%00", "unreadable"},
                                           {"a=%0a", "unreadable"},
                                           {"a=%ff", "unreadable"},
                                           {"a=%41", "A"},
                                           {"", "absent"},
                                           {"a=%c3%a4", "\xC3\xA4"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char request[128];
        snprintf(request, sizeof request, "GET /query?%s HTTP/1.1\r\n" CLOSE "\r\n", cases[i][0]);
        client_t client = client_ask(port, request);
        assert_string_equal(strstr(client.text, "\r\n\r\n") + 4, cases[i][1]);
        client_close(&client);
    }
}

static void credentials_are_found_and_bad_headers_dropped(void **state)
{
    (void)state;
    client_t client = client_ask(port, "GET /header HTTP/1.1\r\n" CLOSE
                                       "Cookie: a=1; b=2; bb=3\r\naUthorization: bearer tok\r\n\r\n");
    assert_non_null(strstr(client.text, "X-Cookie: 2\r\n"));
    assert_null(strstr(client.text, "X-Evil"));
    assert_non_null(strstr(client.text, "\r\n\r\ntok"));
    client_close(&client);
}

static void an_absolute_target_is_taken_when_it_names_the_host(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"http://h/query?a=b", "200 OK", "b"},   {"http://H?a=b", "200 OK", "b"},
        {"http://h", "200 OK", "absent"},        {"http://other/", "400 Bad Request", ""},
        {"http://h:80/", "400 Bad Request", ""}, {"http://x@h/", "400 Bad Request", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char request[128];
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n" CLOSE "\r\n", cases[i][0]);
        client_t client = client_ask(port, request);
        assert_memory_equal(client.text + strlen("HTTP/1.1 "), cases[i][1], strlen(cases[i][1]));
        assert_string_equal(strstr(client.text, "\r\n\r\n") + 4, cases[i][2]);
        client_close(&client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_are_decoded_and_nonsense_is_told),
        cmocka_unit_test(an_absolute_target_is_taken_when_it_names_the_host),
        cmocka_unit_test(credentials_are_found_and_bad_headers_dropped),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
