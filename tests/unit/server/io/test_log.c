/* The log's lines: quoting, escaping, cutting. */
#include "server/io/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void plain_values_stand_bare_and_others_in_quotes(void **state)
{
    (void)state;
    char line[UD_LOG_LINE_SIZE_MAX];
    ud_log_format(line, "request", "path", "/v1/checkin", "detail", "two words", "empty", "");
    assert_string_equal(line, "event=request path=/v1/checkin detail=\"two words\" empty=\"\"");
}

static void a_null_value_leaves_its_pair_out(void **state)
{
    (void)state;
    char line[UD_LOG_LINE_SIZE_MAX];
    ud_log_format(line, "e", "a", NULL, "b", "2");
    assert_string_equal(line, "event=e b=2");
}

static void no_value_can_begin_a_line_or_move_a_cursor(void **state)
{
    (void)state;
    char line[UD_LOG_LINE_SIZE_MAX];
    ud_log_format(line, "e", "a", "x\nevent=forged", "b", "\x1b[2J", "c", "q\" d=\"1", "d", "\xC2\x9B", "e", "\\n");
    assert_string_equal(
        line, "event=e a=\"x\\x0aevent=forged\" b=\"\\x1b[2J\" c=\"q\\\" d=\\\"1\" d=\"\\xc2\\x9b\" e=\"\\\\n\"");
}

static void a_value_at_the_limit_is_whole_and_one_above_is_cut(void **state)
{
    (void)state;
    char line[UD_LOG_LINE_SIZE_MAX], value[UD_LOG_VALUE_SIZE_MAX + 2] = "";
    memset(value, 'x', UD_LOG_VALUE_SIZE_MAX);
    ud_log_format(line, "e", "a", value, "b", "2");
    assert_int_equal(strlen(line), strlen("event=e a= b=2") + UD_LOG_VALUE_SIZE_MAX);
    value[UD_LOG_VALUE_SIZE_MAX] = 'y';
    ud_log_format(line, "e", "a", value, "b", "2");
    assert_null(strchr(line, 'y'));
    assert_non_null(strstr(line, "x\" b=2"));
}

static void a_line_never_exceeds_its_buffer(void **state)
{
    (void)state;
    char line[UD_LOG_LINE_SIZE_MAX + 1], value[300];
    memset(value, '\n', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    line[UD_LOG_LINE_SIZE_MAX] = '!';
    ud_log_format(line, "e", "a", value, "b", value, "c", value, "d", value);
    assert_true(strlen(line) < UD_LOG_LINE_SIZE_MAX);
    assert_int_equal(line[UD_LOG_LINE_SIZE_MAX], '!');
}

static void levels_have_names(void **state)
{
    (void)state;
    ud_log_level_t level = UD_LOG_INFO;
    assert_int_equal(ud_log_parse_level("warn", &level), UD_OK);
    assert_int_equal(level, UD_LOG_WARN);
    assert_int_equal(ud_log_parse_level("loud", &level), UD_ERR_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_values_stand_bare_and_others_in_quotes),
        cmocka_unit_test(a_null_value_leaves_its_pair_out),
        cmocka_unit_test(no_value_can_begin_a_line_or_move_a_cursor),
        cmocka_unit_test(a_value_at_the_limit_is_whole_and_one_above_is_cut),
        cmocka_unit_test(a_line_never_exceeds_its_buffer),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
