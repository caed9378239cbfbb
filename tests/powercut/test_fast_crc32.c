/* The CRC with tables is the CRC that devices have (fast_crc32.c). */
#include "core/base/crc32.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

uint32_t __real_ud_crc32(uint32_t crc, const void *data, size_t size);

static void each_size_at_each_place_has_the_crc_of_the_real_one(void **state)
{
    uint8_t data[96];
    uint32_t random = 1;
    (void)state;
    for (size_t index = 0; index < sizeof data; index++) {
        random = random * 1664525u + 1013904223u;
        data[index] = (uint8_t)(random >> 24);
    }
    for (size_t from = 0; from < 16; from++) {
        for (size_t size = 0; size <= sizeof data - from; size++) {
            uint32_t before = random * (uint32_t)size;
            assert_int_equal(ud_crc32(before, data + from, size), __real_ud_crc32(before, data + from, size));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_size_at_each_place_has_the_crc_of_the_real_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
