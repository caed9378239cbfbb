/* Who asks: cookie, bearer token, CSRF value, origin. */
#include "server/door/operator_identity.h"

#include "core/crypto/crypto.h"
#include "tests/unit/server/door/exchange_double.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TOKEN "8mTqsXcVd0Q2b1m4oWkq7m0mGm2yq3o9cYJZ0w5c3rE"

static ud_err_t identify(const ud_exchange_t *exchange)
{
    ud_exchange_t copy = *exchange;
    uint8_t session[UD_SHA256_SIZE];
    return ud_operator_identify(&copy, session);
}

static void nobody_is_unauthenticated(void **state)
{
    (void)state;
    ud_exchange_t exchange = {.method = "GET"};
    assert_int_equal(identify(&exchange), UD_ERR_UNAUTHENTICATED);
}

static void a_session_is_named_by_the_digest_of_its_token(void **state)
{
    (void)state;
    ud_exchange_t exchange = {.method = "GET", .cookie = TOKEN};
    uint8_t session[UD_SHA256_SIZE];
    uint8_t expected[UD_SHA256_SIZE];
    ud_sha256(TOKEN, strlen(TOKEN), expected);
    assert_int_equal(ud_operator_identify(&exchange, session), UD_OK);
    assert_memory_equal(session, expected, sizeof session);
}

static void a_bearer_token_needs_no_csrf_value(void **state)
{
    (void)state;
    ud_exchange_t exchange = {.method = "POST", .bearer = TOKEN};
    assert_int_equal(identify(&exchange), UD_OK);
}

static void a_cookie_changes_nothing_without_the_csrf_value(void **state)
{
    (void)state;
    ud_exchange_t exchange = {.method = "POST", .cookie = TOKEN};
    assert_int_equal(identify(&exchange), UD_ERR_CSRF);
    exchange.method = "DELETE";
    assert_int_equal(identify(&exchange), UD_ERR_CSRF);
    exchange.method = "PATCH";
    assert_int_equal(identify(&exchange), UD_ERR_CSRF);
}

static void a_cookie_with_its_csrf_value_may_change_things(void **state)
{
    (void)state;
    char csrf[UD_OPERATOR_TOKEN_SIZE];
    ud_operator_csrf(TOKEN, csrf);
    ud_exchange_t exchange = {.method = "POST", .cookie = TOKEN, .csrf = csrf};
    assert_int_equal(identify(&exchange), UD_OK);
}

static void the_csrf_value_of_another_session_is_refused(void **state)
{
    (void)state;
    char csrf[UD_OPERATOR_TOKEN_SIZE];
    ud_operator_csrf("another", csrf);
    ud_exchange_t exchange = {.method = "POST", .cookie = TOKEN, .csrf = csrf};
    assert_int_equal(identify(&exchange), UD_ERR_CSRF);
    exchange.csrf = "";
    assert_int_equal(identify(&exchange), UD_ERR_CSRF);
    exchange.csrf = TOKEN;
    assert_int_equal(identify(&exchange), UD_ERR_CSRF);
}

static void a_page_of_another_origin_is_refused(void **state)
{
    (void)state;
    char csrf[UD_OPERATOR_TOKEN_SIZE];
    ud_operator_csrf(TOKEN, csrf);
    ud_exchange_t exchange = {.method = "POST", .cookie = TOKEN, .csrf = csrf, .host = "updraft.example:8481"};
    exchange.origin = "https://updraft.example:8481";
    assert_int_equal(identify(&exchange), UD_OK);
    exchange.origin = "https://evil.example";
    assert_int_equal(identify(&exchange), UD_ERR_CSRF);
    exchange.origin = "https://updraft.example:8481.evil.example";
    assert_int_equal(identify(&exchange), UD_ERR_CSRF);
    exchange.origin = "null";
    assert_int_equal(identify(&exchange), UD_ERR_CSRF);
}

static void an_authorization_header_counts_before_a_cookie(void **state)
{
    (void)state;
    ud_exchange_t exchange = {.method = "GET", .bearer = "a", .cookie = "b"};
    uint8_t session[UD_SHA256_SIZE];
    uint8_t expected[UD_SHA256_SIZE];
    ud_sha256("a", 1, expected);
    assert_int_equal(ud_operator_identify(&exchange, session), UD_OK);
    assert_memory_equal(session, expected, sizeof session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_unauthenticated),
        cmocka_unit_test(a_session_is_named_by_the_digest_of_its_token),
        cmocka_unit_test(a_bearer_token_needs_no_csrf_value),
        cmocka_unit_test(a_cookie_changes_nothing_without_the_csrf_value),
        cmocka_unit_test(a_cookie_with_its_csrf_value_may_change_things),
        cmocka_unit_test(the_csrf_value_of_another_session_is_refused),
        cmocka_unit_test(a_page_of_another_origin_is_refused),
        cmocka_unit_test(an_authorization_header_counts_before_a_cookie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
