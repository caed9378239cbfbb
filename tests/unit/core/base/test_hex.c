#include "core/base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void bytes_become_lower_case_digits(void **state)
{
    const uint8_t data[] = {0x00, 0x1F, 0xA5, 0xFF};
    char text[UD_HEX_TEXT_SIZE(sizeof data)];
    (void)state;
    ud_hex_encode(data, sizeof data, text);
    assert_string_equal(text, "001fa5ff");
}

static void digits_of_either_case_become_bytes(void **state)
{
    uint8_t data[4];
    const uint8_t expected[] = {0x00, 0x1F, 0xA5, 0xFF};
    (void)state;
    assert_int_equal(ud_hex_decode("001Fa5fF", 8, data, sizeof data), UD_OK);
    assert_memory_equal(data, expected, sizeof data);
}

static void another_length_is_refused(void **state)
{
    uint8_t data[2] = {7, 7};
    const uint8_t untouched[2] = {7, 7};
    (void)state;
    assert_int_equal(ud_hex_decode("001", 3, data, sizeof data), UD_ERR_MALFORMED);
    assert_int_equal(ud_hex_decode("001", 3, data, 1), UD_ERR_MALFORMED);
    assert_int_equal(ud_hex_decode("00", 2, data, sizeof data), UD_ERR_MALFORMED);
    assert_int_equal(ud_hex_decode("001122", 6, data, sizeof data), UD_ERR_MALFORMED);
    assert_int_equal(ud_hex_decode("", 0, data, sizeof data), UD_ERR_MALFORMED);
    assert_memory_equal(data, untouched, sizeof data);
}

static void every_character_that_is_no_digit_is_refused(void **state)
{
    (void)state;
    for (int character = 0; character < 256; character++) {
        uint8_t data[1];
        const char text[2] = {'0', (char)character};
        int is_digit = character != 0 && strchr("0123456789abcdefABCDEF", character) != NULL;
        assert_int_equal(ud_hex_decode(text, 2, data, sizeof data), is_digit ? UD_OK : UD_ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_become_lower_case_digits),
        cmocka_unit_test(digits_of_either_case_become_bytes),
        cmocka_unit_test(another_length_is_refused),
        cmocka_unit_test(every_character_that_is_no_digit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
