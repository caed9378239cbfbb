/* Fields of HTTP/1.1: what may be written into a head, and the ranges that are read from one. */
#include "core/proto/http1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A request for `target` with a header, written; the error at its end. */
static ud_err_t write_one(const char *target, const char *name, const char *value)
{
    uint8_t data[256];
    ud_http1_writer_t writer;
    ud_http1_writer_init(&writer, data, sizeof data);
    ud_http1_write_request(&writer, "GET", target, "h");
    ud_http1_write_header(&writer, name, value);
    return ud_http1_write_end(&writer);
}

static void a_value_cannot_begin_another_header(void **state)
{
    (void)state;
    assert_int_equal(write_one("/a", "Location", "/a b"), UD_OK);
    assert_int_equal(write_one("/a", "Location", ""), UD_OK);
    assert_int_equal(write_one("/a", "Location", "/a\r\nSet-Cookie: b"), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(write_one("/a", "Location", "\x7f"), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(write_one("/a", "Location", "\t"), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(write_one("/a", "", "x"), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(write_one("/a", "a b", "x"), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(write_one("/a b", "a", "x"), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(write_one("", "a", "x"), UD_ERR_INVALID_ARGUMENT);
}

static void a_head_that_does_not_fit_is_told(void **state)
{
    (void)state;
    uint8_t data[32];
    for (size_t capacity = 0; capacity <= 26; capacity++) { /* "HTTP/1.1 404 Not Found" with its two line ends has 26 */
        ud_http1_writer_t writer;
        ud_http1_writer_init(&writer, data, capacity);
        ud_http1_write_response(&writer, 404);
        assert_int_equal(ud_http1_write_end(&writer), capacity < 26 ? UD_ERR_BUFFER_TOO_SMALL : UD_OK);
    }
}

static ud_span_t span_of(const char *text)
{
    return ud_span(text, strlen(text));
}

static void a_range_is_cut_to_the_thing_it_is_of(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        ud_err_t err;
        uint64_t first, last;
    } cases[] = {
        {"bytes=0-0", UD_OK, 0, 0},
        {"bytes=0-99", UD_OK, 0, 99},
        {"bytes=0-100", UD_OK, 0, 99},
        {"bytes=99-", UD_OK, 99, 99},
        {"bytes=-1", UD_OK, 99, 99},
        {"bytes=-500", UD_OK, 0, 99},
        {"bytes=100-", UD_ERR_RANGE_NOT_SATISFIABLE, 0, 0},
        {"bytes=100-200", UD_ERR_RANGE_NOT_SATISFIABLE, 0, 0},
        {"bytes=-0", UD_ERR_RANGE_NOT_SATISFIABLE, 0, 0},
        {"bytes=5-4", UD_ERR_UNSUPPORTED, 0, 0},
        {"bytes=0-1,3-4", UD_ERR_UNSUPPORTED, 0, 0},
        {"bytes=-", UD_ERR_UNSUPPORTED, 0, 0},
        {"bytes= 0-1", UD_ERR_UNSUPPORTED, 0, 0},
        {"rows=0-1", UD_ERR_UNSUPPORTED, 0, 0},
        {"bytes=0-99999999999999999999", UD_ERR_UNSUPPORTED, 0, 0},
        {"", UD_ERR_UNSUPPORTED, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t first = 0, last = 0;
        assert_int_equal(ud_http1_parse_range(span_of(cases[i].value), 100, &first, &last), cases[i].err);
        assert_int_equal(first, cases[i].first);
        assert_int_equal(last, cases[i].last);
    }
    uint64_t first, last;
    assert_int_equal(ud_http1_parse_range(span_of("bytes=0-"), 0, &first, &last), UD_ERR_RANGE_NOT_SATISFIABLE);
}

static void a_content_range_must_be_whole_and_ordered(void **state)
{
    (void)state;
    ud_http1_range_t range;
    assert_int_equal(ud_http1_parse_content_range(span_of("bytes 4-7/10"), &range), UD_OK);
    assert_true(range.first == 4 && range.last == 7 && range.total == 10);
    static const char *const cases[] = {"bytes 7-4/10", "bytes 4-7/10 ", "bytes 4-10/10",
                                        "bytes 4-7/*",  "bytes */10",    "bytes=4-7/10",
                                        "bytes 4-7",    "bytes 4-7/",    ""};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(ud_http1_parse_content_range(span_of(cases[i]), &range), UD_ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_cannot_begin_another_header),
        cmocka_unit_test(a_head_that_does_not_fit_is_told),
        cmocka_unit_test(a_range_is_cut_to_the_thing_it_is_of),
        cmocka_unit_test(a_content_range_must_be_whole_and_ordered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
