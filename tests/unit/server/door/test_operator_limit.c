#include "server/door/operator_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define BEGIN_MS 1000000u

static int setup(void **state)
{
    *state = ud_operator_limit_create();
    return *state == NULL;
}

static int teardown(void **state)
{
    ud_operator_limit_destroy(*state);
    return 0;
}

static void use_up(ud_operator_limit_t *limit, const char *account, const char *address)
{
    for (unsigned attempt = 0; attempt < UD_SIGN_IN_FREE_COUNT; attempt++) {
        assert_int_equal(ud_operator_limit_begin(limit, account, address, BEGIN_MS), 0);
    }
}

static void the_first_guesses_cost_nothing(void **state)
{
    use_up(*state, "admin", "192.0.2.1");
}

static void the_next_guess_waits_a_second(void **state)
{
    use_up(*state, "admin", "192.0.2.1");
    assert_int_equal(ud_operator_limit_begin(*state, "admin", "192.0.2.1", BEGIN_MS), 1000);
    assert_int_equal(ud_operator_limit_begin(*state, "admin", "192.0.2.1", BEGIN_MS + 999), 1);
    assert_int_equal(ud_operator_limit_begin(*state, "admin", "192.0.2.1", BEGIN_MS + 1000), 0);
}

static void a_refused_attempt_does_not_lengthen_the_wait(void **state)
{
    use_up(*state, "admin", "192.0.2.1");
    for (int attempt = 0; attempt < 100; attempt++) {
        assert_int_equal(ud_operator_limit_begin(*state, "admin", "192.0.2.1", BEGIN_MS + 1), 999);
    }
}

static void each_further_guess_doubles_the_wait_up_to_the_limit(void **state)
{
    uint64_t now_ms = BEGIN_MS;
    uint32_t last_ms = 0;
    use_up(*state, "admin", "192.0.2.1");
    for (int attempt = 0; attempt < 40; attempt++) {
        uint32_t wait_ms = ud_operator_limit_begin(*state, "admin", "192.0.2.1", now_ms);
        uint32_t doubled_ms = last_ms == 0 ? 1000 : 2 * last_ms;
        assert_int_equal(wait_ms, doubled_ms < UD_SIGN_IN_WAIT_MS_MAX ? doubled_ms : UD_SIGN_IN_WAIT_MS_MAX);
        now_ms += wait_ms;
        assert_int_equal(ud_operator_limit_begin(*state, "admin", "192.0.2.1", now_ms), 0);
        last_ms = wait_ms;
    }
}

static void a_right_password_forgets_the_wrong_ones(void **state)
{
    use_up(*state, "admin", "192.0.2.1");
    ud_operator_limit_clear(*state, "admin", "192.0.2.1");
    use_up(*state, "admin", "192.0.2.1");
}

static void another_account_or_address_is_not_held_up(void **state)
{
    use_up(*state, "admin", "192.0.2.1");
    assert_int_equal(ud_operator_limit_begin(*state, "admin", "192.0.2.2", BEGIN_MS), 0);
    assert_int_equal(ud_operator_limit_begin(*state, "eve", "192.0.2.1", BEGIN_MS), 0);
    assert_int_equal(ud_operator_limit_begin(*state, "admin192.0.2.", "1", BEGIN_MS), 0);
    assert_true(ud_operator_limit_begin(*state, "admin", "192.0.2.1", BEGIN_MS) > 0);
}

static void an_hour_of_peace_forgets(void **state)
{
    use_up(*state, "admin", "192.0.2.1");
    uint64_t later_ms = BEGIN_MS + UD_SIGN_IN_FORGET_MS + 1;
    for (unsigned attempt = 0; attempt < UD_SIGN_IN_FREE_COUNT; attempt++) {
        assert_int_equal(ud_operator_limit_begin(*state, "admin", "192.0.2.1", later_ms), 0);
    }
}

static void a_flood_of_addresses_keeps_the_newest(void **state)
{
    char address[32];
    for (unsigned number = 0; number < 100000; number++) {
        snprintf(address, sizeof address, "2001:db8::%x", number);
        (void)ud_operator_limit_begin(*state, "admin", address, BEGIN_MS + number);
    }
    use_up(*state, "admin", "192.0.2.1");
    assert_true(ud_operator_limit_begin(*state, "admin", "192.0.2.1", BEGIN_MS) > 0);
}

static void a_source_takes_few_places_and_leaves_the_others(void **state)
{
    size_t place = 0;
    char account[16];
    for (unsigned number = 0; number < 100; number++) {
        snprintf(account, sizeof account, "user-%u", number);
        ud_err_t err = ud_operator_limit_enter(*state, account, "192.0.2.1", &place);
        assert_int_equal(err, number < UD_SIGN_IN_SOURCE_COUNT_MAX ? UD_OK : UD_ERR_TOO_MANY);
    }
    assert_int_equal(ud_operator_limit_enter(*state, "admin", "192.0.2.2", &place), UD_OK);
    ud_operator_limit_leave(*state, place);
}

static void a_place_given_back_is_free_again(void **state)
{
    size_t place = 0;
    for (unsigned number = 0; number < 1000; number++) {
        assert_int_equal(ud_operator_limit_enter(*state, "admin", "192.0.2.1", &place), UD_OK);
        ud_operator_limit_leave(*state, place);
    }
}

static void an_account_takes_few_places_and_leaves_the_others(void **state)
{
    size_t place = 0;
    char address[32];
    for (unsigned number = 0; number < 200; number++) {
        snprintf(address, sizeof address, "198.51.100.%u", number);
        ud_err_t err = ud_operator_limit_enter(*state, "eve", address, &place);
        assert_int_equal(err, number < UD_SIGN_IN_ACCOUNT_COUNT_MAX ? UD_OK : UD_ERR_TOO_MANY);
    }
    assert_int_equal(ud_operator_limit_enter(*state, "admin", "192.0.2.2", &place), UD_OK);
}

static void the_addresses_of_an_ipv6_network_are_one_source(void **state)
{
    size_t place = 0;
    assert_int_equal(ud_operator_limit_enter(*state, "a", "2001:db8::1", &place), UD_OK);
    assert_int_equal(ud_operator_limit_enter(*state, "b", "2001:db8::2:1", &place), UD_OK);
    assert_int_equal(ud_operator_limit_enter(*state, "c", "2001:db8::3", &place), UD_ERR_TOO_MANY);
    assert_int_equal(ud_operator_limit_enter(*state, "c", "2001:db8:0:1::3", &place), UD_OK);
    assert_int_equal(ud_operator_limit_enter(*state, "d", "::ffff:192.0.2.1", &place), UD_OK);
    assert_int_equal(ud_operator_limit_enter(*state, "e", "::ffff:192.0.2.1", &place), UD_OK);
    assert_int_equal(ud_operator_limit_enter(*state, "f", "::ffff:192.0.2.2", &place), UD_OK);
}

static void all_places_taken_is_an_overload(void **state)
{
    size_t place = 0;
    char name[32];
    for (unsigned number = 0; number <= UD_SIGN_IN_COUNT_MAX; number++) {
        snprintf(name, sizeof name, "198.51.100.%u", number);
        ud_err_t err = ud_operator_limit_enter(*state, name, name, &place);
        assert_int_equal(err, number < UD_SIGN_IN_COUNT_MAX ? UD_OK : UD_ERR_OVERLOADED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_first_guesses_cost_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(the_next_guess_waits_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_attempt_does_not_lengthen_the_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(each_further_guess_doubles_the_wait_up_to_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(a_right_password_forgets_the_wrong_ones, setup, teardown),
        cmocka_unit_test_setup_teardown(another_account_or_address_is_not_held_up, setup, teardown),
        cmocka_unit_test_setup_teardown(an_hour_of_peace_forgets, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_addresses_keeps_the_newest, setup, teardown),
        cmocka_unit_test_setup_teardown(a_source_takes_few_places_and_leaves_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown(a_place_given_back_is_free_again, setup, teardown),
        cmocka_unit_test_setup_teardown(an_account_takes_few_places_and_leaves_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown(the_addresses_of_an_ipv6_network_are_one_source, setup, teardown),
        cmocka_unit_test_setup_teardown(all_places_taken_is_an_overload, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
