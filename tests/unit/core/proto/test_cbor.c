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
        {"1a7fffffff", INT32_MAX},
        {"1affffffff", UINT32_MAX},
        {"20", -1},
        {"29", -10},
        {"3863", -100},
        {"3903e7", -1000},
        {"3a7fffffff", INT32_MIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t data[64], again[64];
        ud_reader_t reader = reader_of(cases[i].hex, data);
        ud_cbor_item_t item;
        assert_int_equal(ud_cbor_get(&reader, &item), UD_OK);
        assert_int_equal(ud_reader_end(&reader), UD_OK);
        assert_int_equal(item.type, cases[i].value < 0 ? UD_CBOR_NEGATIVE : UD_CBOR_UINT);
        assert_int_equal(item.argument, cases[i].value < 0 ? -1 - cases[i].value : cases[i].value);
        ud_writer_t writer = ud_writer(again, sizeof again);
        if (cases[i].value > INT32_MAX) {
            ud_cbor_put_uint(&writer, (uint32_t)cases[i].value);
        } else {
            ud_cbor_put_int(&writer, (int32_t)cases[i].value);
        }
        assert_int_equal(writer.size, strlen(cases[i].hex) / 2);
        assert_memory_equal(again, data, writer.size);
    }
}

static void floats_and_integers_beyond_32_bits_are_nothing_that_fields_hold(void **state)
{
    (void)state;
    static const char *const cases[] = {"1b0000000100000000", "1bffffffffffffffff", "3b0000000100000000", "f90014",
                                        "fa00000015",         "fb0000000000000014"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t data[64];
        ud_cbor_item_t item;
        ud_reader_t reader = reader_of(cases[i], data);
        assert_int_equal(ud_cbor_get(&reader, &item), UD_OK);
        assert_int_equal(item.type, UD_CBOR_WIDE);
        assert_int_equal(ud_reader_end(&reader), UD_OK);
    }
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

    static const ud_cbor_item_t items[] = {{.type = UD_CBOR_ARRAY, .argument = 4, .inner = 4},
                                           {.type = UD_CBOR_TEXT, .argument = 4, .data = (const uint8_t *)"IETF"},
                                           {.type = UD_CBOR_BYTES, .argument = 2, .data = (const uint8_t *)"\x01\x02"},
                                           {.type = UD_CBOR_SIMPLE, .argument = UD_CBOR_TRUE},
                                           {.type = UD_CBOR_MAP}};
    ud_reader_t reader = ud_reader(data, writer.size);
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        ud_cbor_item_t item;
        assert_int_equal(ud_cbor_get(&reader, &item), UD_OK);
        assert_true(item.type == items[i].type && item.argument == items[i].argument && item.inner == items[i].inner);
        assert_true(items[i].data == NULL || memcmp(item.data, items[i].data, item.argument) == 0);
    }
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
        if (ud_cbor_skip(&reader, 1) != UD_ERR_MALFORMED) {
            fail_msg("%s was taken", cases[i]);
        }
    }
}

static void lengths_and_counts_beyond_the_end_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {"42ff",
                                        "ba80000000",
                                        "9affffffff",
                                        "5bffffffffffffffff",
                                        "62ff",
                                        "9bffffffffffffffff",
                                        "bb8000000000000000",
                                        "8201",
                                        "a101",
                                        "18",
                                        "19ff",
                                        ""};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t data[64];
        ud_reader_t reader = reader_of(cases[i], data);
        if (ud_cbor_skip(&reader, 1) != UD_ERR_MALFORMED) {
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
        if (ud_cbor_skip(&reader, 1) != UD_OK) {
            fail_msg("%s was refused", cases[i]);
        }
        assert_int_equal(ud_reader_end(&reader), UD_OK);
    }
}

static void what_belongs_to_an_item_is_passed_over_with_it(void **state)
{
    (void)state;
    uint8_t data[64];
    ud_reader_t deep = reader_of("8181c1a181818101818200a1f6f5", data);
    assert_int_equal(ud_cbor_skip(&deep, 1), UD_OK);
    assert_int_equal(ud_reader_end(&deep), UD_OK);
    ud_reader_t three = reader_of("8101a20102030400", data);
    assert_int_equal(ud_cbor_skip(&three, 3), UD_OK);
    assert_int_equal(ud_reader_end(&three), UD_OK);
    ud_reader_t missing = reader_of("8201810000", data);
    assert_int_equal(ud_cbor_skip(&missing, 3), UD_ERR_MALFORMED);
}

static void arrays_within_each_other_are_passed_over_to_the_end_of_the_bytes(void **state)
{
    (void)state;
    uint8_t data[4096];
    memset(data, 0x81, sizeof data);
    ud_reader_t endless = ud_reader(data, sizeof data);
    assert_int_equal(ud_cbor_skip(&endless, 1), UD_ERR_MALFORMED);
    data[sizeof data - 1] = 0;
    ud_reader_t whole = ud_reader(data, sizeof data);
    assert_int_equal(ud_cbor_skip(&whole, 1), UD_OK);
    memset(data, 0xB7, sizeof data); /* maps of 23 pairs */
    ud_reader_t maps = ud_reader(data, sizeof data);
    assert_int_equal(ud_cbor_skip(&maps, 1), UD_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_read_and_written_as_the_rfc_shows),
        cmocka_unit_test(floats_and_integers_beyond_32_bits_are_nothing_that_fields_hold),
        cmocka_unit_test(texts_bytes_and_flags_survive_a_round_trip),
        cmocka_unit_test(other_forms_of_the_same_value_are_refused),
        cmocka_unit_test(lengths_and_counts_beyond_the_end_are_refused),
        cmocka_unit_test(any_item_can_be_passed_over),
        cmocka_unit_test(what_belongs_to_an_item_is_passed_over_with_it),
        cmocka_unit_test(arrays_within_each_other_are_passed_over_to_the_end_of_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
