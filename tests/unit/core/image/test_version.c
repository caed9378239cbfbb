#include "core/image/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static ud_err_t parse(const char *text, ud_version_t *version)
{
    return ud_version_parse(text, strlen(text), version);
}

static ud_version_t version_of(const char *text)
{
    ud_version_t version;
    assert_int_equal(parse(text, &version), UD_OK);
    return version;
}

static void versions_are_read_with_and_without_a_build(void **state)
{
    (void)state;
    ud_version_t version = version_of("1.2.3+4");
    assert_int_equal(version.major, 1);
    assert_int_equal(version.minor, 2);
    assert_int_equal(version.revision, 3);
    assert_int_equal(version.build, 4);
    assert_int_equal(version_of("0.0.0").build, 0);
}

static void the_largest_numbers_are_taken_and_one_more_is_not(void **state)
{
    ud_version_t version = version_of("255.255.65535+4294967295");
    (void)state;
    assert_int_equal(version.build, UINT32_MAX);
    assert_int_equal(version.revision, UINT16_MAX);
    assert_int_equal(parse("256.0.0", &version), UD_ERR_MALFORMED);
    assert_int_equal(parse("0.256.0", &version), UD_ERR_MALFORMED);
    assert_int_equal(parse("0.0.65536", &version), UD_ERR_MALFORMED);
    assert_int_equal(parse("0.0.0+4294967296", &version), UD_ERR_MALFORMED);
    assert_int_equal(parse("18446744073709551617.0.0", &version), UD_ERR_MALFORMED);
}

static void other_forms_are_refused_and_write_nothing(void **state)
{
    static const char *const texts[] = {
        "",       "1",      "1.2",    "1.2.",      "1.2.3.4", "1.2.3+",   "1.2.3-4", "v1.2.3",
        " 1.2.3", "1.2.3 ", "01.2.3", "1.02.3",    "1.2.03",  "1.2.3+04", "-1.2.3",  "+1.2.3",
        "1..3",   ".2.3",   "1,2,3",  "1.2.3+4+5", "0x1.2.3", "1.2.3+a",  "1.2.3\n", "a.b.c",
    };
    (void)state;
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        ud_version_t version = {9, 9, 9, 9};
        if (parse(texts[index], &version) != UD_ERR_MALFORMED || version.major != 9) {
            fail_msg("'%s' was taken", texts[index]);
        }
    }
}

static void nothing_is_read_behind_the_given_size(void **state)
{
    ud_version_t version;
    (void)state;
    assert_int_equal(ud_version_parse("1.2.34", 5, &version), UD_OK);
    assert_int_equal(version.revision, 3);
}

static void a_formatted_version_parses_to_itself(void **state)
{
    static const char *const texts[] = {"0.0.0", "1.2.3", "1.2.3+4", "10.20.30", "255.255.65535+4294967295"};
    (void)state;
    for (size_t index = 0; index < sizeof texts / sizeof texts[0]; index++) {
        char text[UD_VERSION_TEXT_SIZE_MAX + 1];
        ud_version_t version = version_of(texts[index]);
        ud_version_format(&version, text);
        assert_string_equal(text, texts[index]);
    }
}

static void each_version_of_a_rising_list_is_newer_than_all_before(void **state)
{
    static const char *const texts[] = {"0.0.1", "0.0.65535", "0.1.0",   "0.128.0", "0.255.65535",
                                        "1.0.0", "127.0.0",   "128.0.0", "255.0.0"};
    (void)state;
    for (size_t left = 0; left < sizeof texts / sizeof texts[0]; left++) {
        for (size_t right = 0; right < sizeof texts / sizeof texts[0]; right++) {
            ud_version_t a = version_of(texts[left]);
            ud_version_t b = version_of(texts[right]);
            int expected = (left > right) - (left < right);
            assert_int_equal(ud_version_compare(&a, &b), expected);
            assert_int_equal(ud_version_compare_full(&a, &b), expected);
        }
    }
}

static void only_the_full_order_looks_at_the_build(void **state)
{
    ud_version_t a = version_of("1.2.3+1");
    ud_version_t b = version_of("1.2.3+2147483648");
    (void)state;
    assert_int_equal(ud_version_compare(&a, &b), 0);
    assert_int_equal(ud_version_compare_full(&a, &b), -1);
    assert_int_equal(ud_version_compare_full(&b, &a), 1);
    assert_int_equal(ud_version_compare_full(&a, &a), 0);
}

static void the_bytes_are_those_of_an_image_header(void **state)
{
    const uint8_t expected[UD_VERSION_SIZE] = {1, 2, 0x34, 0x12, 0xEF, 0xBE, 0xAD, 0xDE};
    ud_version_t version = {1, 2, 0x1234, 0xDEADBEEF};
    (void)state;
    assert_memory_equal(&version, expected, sizeof expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_read_with_and_without_a_build),
        cmocka_unit_test(the_largest_numbers_are_taken_and_one_more_is_not),
        cmocka_unit_test(other_forms_are_refused_and_write_nothing),
        cmocka_unit_test(nothing_is_read_behind_the_given_size),
        cmocka_unit_test(a_formatted_version_parses_to_itself),
        cmocka_unit_test(each_version_of_a_rising_list_is_newer_than_all_before),
        cmocka_unit_test(only_the_full_order_looks_at_the_build),
        cmocka_unit_test(the_bytes_are_those_of_an_image_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
