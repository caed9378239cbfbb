#include "core/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int is_text(const char *text)
{
    return ud_utf8_is_text(text, strlen(text));
}

static void text_of_one_to_four_bytes_a_character_is_taken(void **state)
{
    (void)state;
    assert_true(is_text(""));
    assert_true(is_text("acme-gw-r2 ~"));
    assert_true(is_text("\xC2\xA0\xC3\xBC\xDF\xBF"));
    assert_true(is_text("\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"));
    assert_true(is_text("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"));
}

static void control_characters_are_refused(void **state)
{
    (void)state;
    assert_false(ud_utf8_is_text("a\0b", 3));
    assert_false(is_text("\x1B[2J"));
    assert_false(is_text("a\nb"));
    assert_false(is_text("\x7F"));
    assert_false(is_text("\xC2\x80"));
    assert_false(is_text("\xC2\x9F"));
}

static void long_forms_surrogates_and_too_large_values_are_refused(void **state)
{
    (void)state;
    assert_false(is_text("\xC0\xAF"));
    assert_false(is_text("\xC1\xBF"));
    assert_false(is_text("\xE0\x9F\xBF"));
    assert_false(is_text("\xF0\x8F\xBF\xBF"));
    assert_false(is_text("\xED\xA0\x80"));
    assert_false(is_text("\xF4\x90\x80\x80"));
    assert_false(is_text("\xF5\x80\x80\x80"));
    assert_false(is_text("\xFF"));
}

static void a_character_cut_short_is_refused(void **state)
{
    const char text[] = "\xF0\x90\x80\x80";
    (void)state;
    for (size_t size = 1; size < 4; size++) {
        assert_false(ud_utf8_is_text(text, size));
    }
    assert_false(is_text("\x80"));
    assert_false(is_text("\xC3 "));
    assert_false(is_text("\xE1\x80 "));
    assert_false(is_text("\xF1\x80\x80 "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_one_to_four_bytes_a_character_is_taken),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(long_forms_surrogates_and_too_large_values_are_refused),
        cmocka_unit_test(a_character_cut_short_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
