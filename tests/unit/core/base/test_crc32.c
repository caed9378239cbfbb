#include "core/base/crc32.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_check_value_of_the_standard_comes_out(void **state)
{
    (void)state;
    assert_int_equal(ud_crc32(0, "123456789", 9), 0xCBF43926);
}

static void no_bytes_have_crc_zero(void **state)
{
    (void)state;
    assert_int_equal(ud_crc32(0, "", 0), 0);
}

static void a_crc_in_pieces_is_the_crc_of_the_whole(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= 9; cut++) {
        assert_int_equal(ud_crc32(ud_crc32(0, "123456789", cut), &"123456789"[cut], 9 - cut), 0xCBF43926);
    }
}

static void each_flipped_bit_changes_the_crc(void **state)
{
    uint8_t data[64];
    (void)state;
    memset(data, 0x5A, sizeof data);
    uint32_t crc = ud_crc32(0, data, sizeof data);
    for (size_t bit = 0; bit < 8 * sizeof data; bit++) {
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(ud_crc32(0, data, sizeof data), crc);
        data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_check_value_of_the_standard_comes_out),
        cmocka_unit_test(no_bytes_have_crc_zero),
        cmocka_unit_test(a_crc_in_pieces_is_the_crc_of_the_whole),
        cmocka_unit_test(each_flipped_bit_changes_the_crc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
