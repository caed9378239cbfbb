/* Listening addresses: what is one, and whether it is free. */
#include "server/io/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void nobody_comes(ud_exchange_t *exchange)
{
    (void)exchange;
    fail();
}

static ud_http_server_t *make_server(void)
{
    ud_http_config_t config;
    ud_http_server_t *server;
    ud_http_config_default(&config);
    config.thread_count = 3;
    assert_int_equal(ud_http_server_create(&config, &server), UD_OK);
    return server;
}

static void port_0_takes_a_free_one_and_tells(void **state)
{
    (void)state;
    char bound[64];
    ud_http_server_t *server = make_server();
    assert_int_equal(ud_http_listen(server, "127.0.0.1:0", nobody_comes, NULL, bound), UD_OK);
    assert_int_equal(strncmp(bound, "127.0.0.1:", 10), 0);
    assert_true(atoi(bound + 10) > 0);
    ud_http_server_destroy(server);
}

static void a_port_that_another_server_has_is_told(void **state)
{
    (void)state;
    char bound[64];
    ud_http_server_t *first = make_server(), *second = make_server();
    assert_int_equal(ud_http_listen(first, "127.0.0.1:0", nobody_comes, NULL, bound), UD_OK);
    assert_int_equal(ud_http_listen(second, bound, nobody_comes, NULL, NULL), UD_ERR_ADDRESS_IN_USE);
    ud_http_server_destroy(first);
    assert_int_equal(ud_http_listen(second, bound, nobody_comes, NULL, NULL), UD_OK);
    ud_http_server_destroy(second);
}

static void an_address_of_another_machine_is_told(void **state)
{
    (void)state;
    ud_http_server_t *server = make_server();
    assert_int_equal(ud_http_listen(server, "192.0.2.1:0", nobody_comes, NULL, NULL), UD_ERR_INVALID_ARGUMENT);
    ud_http_server_destroy(server);
}

static void what_is_no_address_is_told(void **state)
{
    (void)state;
    ud_http_server_t *server = make_server();
    static const char *const bad[] = {
        "",       ":",     "8480",  "localhost:1", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3:1",
        "[::1:1", "[::1]", "::1:1", "1.2.3.4:1x",  "[]:1",     " 1.2.3.4:1",    "1.2.3.4 :1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(ud_http_listen(server, bad[i], nobody_comes, NULL, NULL), UD_ERR_INVALID_ARGUMENT);
    }
    ud_http_server_destroy(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_0_takes_a_free_one_and_tells),
        cmocka_unit_test(a_port_that_another_server_has_is_told),
        cmocka_unit_test(an_address_of_another_machine_is_told),
        cmocka_unit_test(what_is_no_address_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
