#include "core/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void every_error_is_found_by_its_code(void **state)
{
    (void)state;
    for (unsigned index = 0; index < UD_ERR_COUNT; index++) {
        ud_err_t found = UD_ERR_COUNT;
        assert_int_equal(ud_err_from_code(ud_err_code((ud_err_t)index), &found), UD_OK);
        assert_int_equal(found, index);
    }
}

static void an_unknown_code_is_not_found(void **state)
{
    ud_err_t found = UD_ERR_INTERNAL;
    (void)state;
    assert_int_equal(ud_err_from_code("no_such_code", &found), UD_ERR_NOT_FOUND);
    assert_int_equal(found, UD_ERR_INTERNAL);
}

static void every_error_has_a_sentence_a_status_and_an_exit_code(void **state)
{
    (void)state;
    for (unsigned index = 1; index < UD_ERR_COUNT; index++) {
        const char *text = ud_err_text((ud_err_t)index);
        int status = ud_err_http_status((ud_err_t)index);
        int exit_code = ud_err_exit_code((ud_err_t)index);
        assert_true(strlen(text) > 10);
        assert_true(text[strlen(text) - 1] == '.');
        assert_true(status >= 200 && status <= 599);
        assert_true(exit_code >= 1 && exit_code <= 125);
    }
}

static void a_number_outside_the_list_is_internal(void **state)
{
    (void)state;
    assert_string_equal(ud_err_code((ud_err_t)(UD_ERR_COUNT + 5)), "internal");
    assert_string_equal(ud_err_code((ud_err_t)-1), "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_is_found_by_its_code),
        cmocka_unit_test(an_unknown_code_is_not_found),
        cmocka_unit_test(every_error_has_a_sentence_a_status_and_an_exit_code),
        cmocka_unit_test(a_number_outside_the_list_is_internal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
