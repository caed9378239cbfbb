#include "agent/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BASE_MS 2000
#define MAX_MS 60000

static void the_bound_doubles_with_each_failure(void **state)
{
    (void)state;
    static const uint64_t bounds[] = {2000, 4000, 8000, 16000, 32000, 60000, 60000};
    for (uint8_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        assert_int_equal(ud_backoff_ms(BASE_MS, MAX_MS, (uint8_t)(i + 1), 0, UINT32_MAX), bounds[i]);
        assert_int_equal(ud_backoff_ms(BASE_MS, MAX_MS, (uint8_t)(i + 1), 0, 0), 0);
    }
}

static void any_number_of_failures_stays_within_the_bound(void **state)
{
    (void)state;
    for (unsigned failures = 0; failures <= UINT8_MAX; failures++) {
        assert_true(ud_backoff_ms(UINT32_MAX, MAX_MS, (uint8_t)failures, 0, UINT32_MAX) <= MAX_MS);
        assert_true(ud_backoff_ms(1, UINT32_MAX, (uint8_t)failures, 0, UINT32_MAX) <= UINT32_MAX);
    }
}

static void the_wait_is_spread_evenly(void **state)
{
    (void)state;
    uint32_t lower = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        lower += ud_backoff_ms(BASE_MS, MAX_MS, 3, 0, i * (UINT32_MAX / 1000)) < 4000 ? 1 : 0;
    }
    assert_in_range(lower, 490, 510);
}

static void retry_after_is_waited_at_least_and_spread_on_top(void **state)
{
    (void)state;
    assert_int_equal(ud_backoff_ms(BASE_MS, MAX_MS, 1, 120, 0), 120000);
    assert_int_equal(ud_backoff_ms(BASE_MS, MAX_MS, 1, 120, UINT32_MAX), 122000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bound_doubles_with_each_failure),
        cmocka_unit_test(any_number_of_failures_stays_within_the_bound),
        cmocka_unit_test(the_wait_is_spread_evenly),
        cmocka_unit_test(retry_after_is_waited_at_least_and_spread_on_top),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
