/* CBOR items: the examples of RFC 8949 Appendix A, one form per value, and hostile heads. */
#include "core/base/hex.h"
#include "core/proto/cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static ud_reader_t reader_of(const char *hex, uint8_t data[64])
{
    size_t size = strlen(hex) / 2;
    assert_true(size <= 64);
    assert_int_equal(ud_hex_decode(hex, strlen(hex), data, size), UD_OK);
    return ud_reader(data, size);
}

static void integers_are_read_and_written_as_the_rfc_shows(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        int64_t value;
    } cases[] = {
        {"00", 0},
        {"17", 23},
        {"1818", 24},
        {"18ff", 255},
        {"190100", 256},
        {"1903e8", 1000},
        {"19ffff", 65535},
        {"1a00010000", 65536},
        {"1a000f4240", 1000000},
        {"1b0000000100000000", 4294967296},
        {"1b000000e8d4a51000", 1000000000000},
        {"1b7fffffffffffffff", INT64_MAX},
        {"20", -1},
        {"29", -10},
        {"3863", -100},
        {"3903e7", -1000},
        {"3b7fffffffffffffff", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t data[64], again[64];
        ud_reader_t reader = reader_of(cases[i].hex, data);
        int64_t value = 0;
        assert_int_equal(ud_cbor_get_int(&reader, &value), UD_OK);
        assert_true(value == cases[i].value);
        ud_writer_t writer = ud_writer(again, sizeof again);
        ud_cbor_put_int(&writer, value);
        assert_int_equal(writer.size, strlen(cases[i].hex) / 2);
        assert_memory_equal(again, data, writer.size);
    }
}

static void integers_beyond_64_bits_of_sign_are_refused(void **state)
{
    (void)state;
    uint8_t data[64];
    int64_t value;
    ud_reader_t above = reader_of("1b8000000000000000", data);
    assert_int_equal(ud_cbor_get_int(&above, &value), UD_ERR_MALFORMED);
    ud_reader_t below = reader_of("3b8000000000000000", data);
    assert_int_equal(ud_cbor_get_int(&below, &value), UD_ERR_MALFORMED);
}

static void texts_bytes_and_flags_survive_a_round_trip(void **state)
{
    (void)state;
    uint8_t data[128];
    ud_writer_t writer = ud_writer(data, sizeof data);
    ud_cbor_put_array(&writer, 4);
    ud_cbor_put_text(&writer, "IETF", 4);
    ud_cbor_put_bytes(&writer, "\x01\x02", 2);
    ud_cbor_put_bool(&writer, true);
    ud_cbor_put_map(&writer, 0);
    assert_int_equal(ud_writer_status(&writer), UD_OK);
    assert_memory_equal(data, "\x84\x64IETF\x42\x01\x02\xf5\xa0", writer.size);

    ud_reader_t reader = ud_reader(data, writer.size);
    size_t count;
    ud_span_t text, bytes;
    bool flag = false;
    assert_int_equal(ud_cbor_get_array(&reader, &count), UD_OK);
    assert_int_equal(count, 4);
    assert_int_equal(ud_cbor_get_text(&reader, &text), UD_OK);
    assert_true(text.size == 4 && memcmp(text.data, "IETF", 4) == 0);
    assert_int_equal(ud_cbor_get_bytes(&reader, &bytes), UD_OK);
    assert_int_equal(bytes.size, 2);
    assert_int_equal(ud_cbor_get_bool(&reader, &flag), UD_OK);
    assert_true(flag);
    assert_int_equal(ud_cbor_get_map(&reader, &count), UD_OK);
    assert_int_equal(count, 0);
    assert_int_equal(ud_reader_end(&reader), UD_OK);
}

static void other_forms_of_the_same_value_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "1817",               /* 23 in two bytes */
        "1900ff",             /* 255 in three */
        "1a0000ffff",         /* 65535 in five */
        "1b00000000ffffffff", /* 2^32-1 in nine */
        "3817",               /* -24 in two */
        "5801ff",             /* a byte string whose length needs no further byte */
        "5f41ff41ffff",       /* in pieces */
        "7f6161ff",
        "9f01ff", /* of indefinite length */
        "bf0101ff",
        "1c", /* reserved */
        "ff", /* a break alone */
        "f818",
        "d81700",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t data[64];
        ud_reader_t reader = reader_of(cases[i], data);
        if (ud_cbor_skip(&reader) != UD_ERR_MALFORMED) {
            fail_msg("%s was taken", cases[i]);
        }
    }
}

static void lengths_and_counts_beyond_the_end_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "42ff", "5bffffffffffffffff", "62ff", "9bffffffffffffffff", "bb8000000000000000", "8201", "a101", "18", "19ff",
        ""};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t data[64];
        ud_reader_t reader = reader_of(cases[i], data);
        if (ud_cbor_skip(&reader) != UD_ERR_MALFORMED) {
            fail_msg("%s was taken", cases[i]);
        }
    }
}

static void any_item_can_be_passed_over(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "00",           "3903e7", "43010203", "6449455446", "80",     "83010203",   "a2010203a0",
        "c11a514b67b0", "f4",     "f6",       "f820",       "f97e00", "fa47c35000", "fb3ff199999999999a"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t data[64];
        ud_reader_t reader = reader_of(cases[i], data);
        if (ud_cbor_skip(&reader) != UD_OK) {
            fail_msg("%s was refused", cases[i]);
        }
        assert_int_equal(ud_reader_end(&reader), UD_OK);
    }
}

static void nesting_is_passed_over_to_the_limit_and_no_deeper(void **state)
{
    (void)state;
    uint8_t data[64];
    ud_reader_t four = reader_of("8181818101", data);
    assert_int_equal(ud_cbor_skip(&four), UD_OK);
    ud_reader_t five = reader_of("818181818101", data);
    assert_int_equal(ud_cbor_skip(&five), UD_ERR_MALFORMED);
    ud_reader_t tags = reader_of("c1c1c1c1c101", data);
    assert_int_equal(ud_cbor_skip(&tags), UD_ERR_MALFORMED);
}

static void another_type_is_refused(void **state)
{
    (void)state;
    uint8_t data[64];
    uint64_t number;
    ud_span_t span;
    bool flag;
    size_t count;
    ud_reader_t reader = reader_of("20", data);
    assert_int_equal(ud_cbor_get_uint(&reader, &number), UD_ERR_MALFORMED);
    reader = reader_of("6161", data);
    assert_int_equal(ud_cbor_get_bytes(&reader, &span), UD_ERR_MALFORMED);
    reader = reader_of("4161", data);
    assert_int_equal(ud_cbor_get_text(&reader, &span), UD_ERR_MALFORMED);
    reader = reader_of("f6", data);
    assert_int_equal(ud_cbor_get_bool(&reader, &flag), UD_ERR_MALFORMED);
    reader = reader_of("80", data);
    assert_int_equal(ud_cbor_get_map(&reader, &count), UD_ERR_MALFORMED);
    reader = reader_of("a0", data);
    assert_int_equal(ud_cbor_get_array(&reader, &count), UD_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_and_written_as_the_rfc_shows),
        cmocka_unit_test(integers_beyond_64_bits_of_sign_are_refused),
        cmocka_unit_test(texts_bytes_and_flags_survive_a_round_trip),
        cmocka_unit_test(other_forms_of_the_same_value_are_refused),
        cmocka_unit_test(lengths_and_counts_beyond_the_end_are_refused),
        cmocka_unit_test(any_item_can_be_passed_over),
        cmocka_unit_test(nesting_is_passed_over_to_the_limit_and_no_deeper),
        cmocka_unit_test(another_type_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
