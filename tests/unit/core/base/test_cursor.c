#include "core/base/cursor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static void integers_are_read_in_either_order(void **state)
{
    (void)state;
    ud_reader_t reader = ud_reader(bytes, sizeof bytes);
    assert_int_equal(ud_reader_get_u8(&reader), 0x01);
    assert_int_equal(ud_reader_get_u16le(&reader), 0x0302);
    assert_int_equal(ud_reader_get_u32le(&reader), 0x07060504);
    assert_int_equal(ud_reader_get_u8(&reader), 0x08);
    assert_int_equal(ud_reader_get_u64le(&reader), 0x100F0E0D0C0B0A09);
    assert_int_equal(ud_reader_end(&reader), UD_OK);
    reader = ud_reader(bytes, sizeof bytes);
    assert_int_equal(ud_reader_get_u16be(&reader), 0x0102);
    assert_int_equal(ud_reader_get_u32be(&reader), 0x03040506);
    assert_int_equal(ud_reader_get_u64be(&reader), 0x0708090A0B0C0D0E);
    assert_int_equal(ud_reader_end(&reader), UD_ERR_MALFORMED);
    assert_int_equal(ud_reader_status(&reader), UD_OK);
    assert_int_equal(ud_reader_left(&reader), 2);
}

static void a_read_past_the_end_fails_for_ever_and_gives_zero(void **state)
{
    uint8_t copy[4] = {9, 9, 9, 9};
    const uint8_t zeros[4] = {0};
    (void)state;
    ud_reader_t reader = ud_reader(bytes, 3);
    assert_int_equal(ud_reader_get_u32le(&reader), 0);
    assert_int_equal(ud_reader_get_u8(&reader), 0);
    ud_reader_get_bytes(&reader, copy, sizeof copy);
    assert_memory_equal(copy, zeros, sizeof copy);
    assert_null(ud_reader_get_span(&reader, 0).data);
    assert_int_equal(ud_reader_left(&reader), 0);
    assert_int_equal(ud_reader_status(&reader), UD_ERR_MALFORMED);
    assert_int_equal(ud_reader_end(&reader), UD_ERR_MALFORMED);
}

static void a_size_near_the_largest_does_not_wrap(void **state)
{
    (void)state;
    ud_reader_t reader = ud_reader(bytes, sizeof bytes);
    ud_reader_skip(&reader, 4);
    assert_int_equal(ud_reader_get_span(&reader, SIZE_MAX).size, 0);
    assert_int_equal(ud_reader_status(&reader), UD_ERR_MALFORMED);
    uint8_t room[4];
    ud_writer_t writer = ud_writer(room, sizeof room);
    ud_writer_put_u8(&writer, 1);
    ud_writer_fill(&writer, 0, SIZE_MAX);
    assert_int_equal(ud_writer_status(&writer), UD_ERR_BUFFER_TOO_SMALL);
    assert_int_equal(writer.size, 1);
}

static void spans_and_copies_are_the_bytes_read(void **state)
{
    uint8_t copy[4];
    (void)state;
    ud_reader_t reader = ud_reader(bytes, sizeof bytes);
    ud_span_t span = ud_reader_get_span(&reader, 3);
    assert_ptr_equal(span.data, bytes);
    assert_int_equal(span.size, 3);
    ud_reader_skip(&reader, 1);
    ud_reader_get_bytes(&reader, copy, sizeof copy);
    assert_memory_equal(copy, bytes + 4, sizeof copy);
    assert_int_equal(ud_reader_left(&reader), 8);
}

static void what_is_written_is_read_back(void **state)
{
    uint8_t data[34];
    (void)state;
    ud_writer_t writer = ud_writer(data, sizeof data);
    ud_writer_put_u8(&writer, 0xA1);
    ud_writer_put_u16le(&writer, 0xB1B2);
    ud_writer_put_u32le(&writer, 0xC1C2C3C4);
    ud_writer_put_u64le(&writer, 0xD1D2D3D4D5D6D7D8);
    ud_writer_put_u16be(&writer, 0xB1B2);
    ud_writer_put_u32be(&writer, 0xC1C2C3C4);
    ud_writer_put_u64be(&writer, 0xD1D2D3D4D5D6D7D8);
    ud_writer_put_bytes(&writer, bytes, 3);
    ud_writer_fill(&writer, 0xEE, 2);
    assert_int_equal(ud_writer_status(&writer), UD_OK);
    assert_int_equal(writer.size, sizeof data);
    ud_reader_t reader = ud_reader(data, sizeof data);
    assert_int_equal(ud_reader_get_u8(&reader), 0xA1);
    assert_int_equal(ud_reader_get_u16le(&reader), 0xB1B2);
    assert_int_equal(ud_reader_get_u32le(&reader), 0xC1C2C3C4);
    assert_int_equal(ud_reader_get_u64le(&reader), 0xD1D2D3D4D5D6D7D8);
    assert_int_equal(ud_reader_get_u16be(&reader), 0xB1B2);
    assert_int_equal(ud_reader_get_u32be(&reader), 0xC1C2C3C4);
    assert_int_equal(ud_reader_get_u64be(&reader), 0xD1D2D3D4D5D6D7D8);
    assert_memory_equal(ud_reader_get_span(&reader, 3).data, bytes, 3);
    assert_int_equal(ud_reader_get_u16le(&reader), 0xEEEE);
    assert_int_equal(ud_reader_end(&reader), UD_OK);
}

static void a_write_that_does_not_fit_writes_nothing_and_fails_for_ever(void **state)
{
    uint8_t data[6] = {7, 7, 7, 7, 7, 7};
    const uint8_t expected[6] = {1, 2, 3, 7, 7, 7};
    (void)state;
    ud_writer_t writer = ud_writer(data, 4);
    ud_writer_put_bytes(&writer, bytes, 3);
    ud_writer_put_u16le(&writer, 0);
    ud_writer_put_u8(&writer, 0);
    assert_memory_equal(data, expected, sizeof data);
    assert_int_equal(writer.size, 3);
    assert_int_equal(ud_writer_status(&writer), UD_ERR_BUFFER_TOO_SMALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_in_either_order),
        cmocka_unit_test(a_read_past_the_end_fails_for_ever_and_gives_zero),
        cmocka_unit_test(a_size_near_the_largest_does_not_wrap),
        cmocka_unit_test(spans_and_copies_are_the_bytes_read),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_write_that_does_not_fit_writes_nothing_and_fails_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
