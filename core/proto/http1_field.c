/* HTTP header fields: names, numbers and ranges. */
#include "core/base/assert.h"
#include "core/proto/http1.h"

#include <string.h>

/* Most digits of a number; 10^18 fits an int64_t too. */
#define DIGITS_MAX 18

static uint8_t lower(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') ? (uint8_t)(c | 0x20) : c;
}

bool ud_http1_name_is(ud_span_t name, const char *lower_case)
{
    for (size_t i = 0; i < name.size; i++) {
        if (lower_case[i] == '\0' || lower(name.data[i]) != (uint8_t)lower_case[i]) {
            return false;
        }
    }
    return lower_case[name.size] == '\0';
}

ud_err_t ud_http1_parse_number(ud_span_t value, uint64_t *number)
{
    UD_REQUIRE(value.size > 0 && value.size <= DIGITS_MAX, UD_ERR_MALFORMED);
    uint64_t result = 0;
    for (size_t i = 0; i < value.size; i++) {
        UD_REQUIRE(value.data[i] >= '0' && value.data[i] <= '9', UD_ERR_MALFORMED);
        result = result * 10 + (uint64_t)(value.data[i] - '0');
    }
    *number = result;
    return UD_OK;
}

/* Takes `prefix` off the front. */
static bool take_text(ud_span_t *rest, const char *prefix)
{
    size_t size = strlen(prefix);
    if (rest->size < size || memcmp(rest->data, prefix, size) != 0) {
        return false;
    }
    *rest = ud_span(rest->data + size, rest->size - size);
    return true;
}

/* Takes the digits off the front; none is an empty span. */
static ud_span_t take_digits(ud_span_t *rest)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] >= '0' && rest->data[size] <= '9') {
        size++;
    }
    ud_span_t digits = ud_span(rest->data, size);
    *rest = ud_span(rest->data + size, rest->size - size);
    return digits;
}

ud_err_t ud_http1_parse_content_range(ud_span_t value, uint64_t *first, uint64_t *last, uint64_t *total)
{
    uint64_t from = 0, to = 0, all = 0;
    UD_REQUIRE(take_text(&value, "bytes "), UD_ERR_MALFORMED);
    UD_TRY(ud_http1_parse_number(take_digits(&value), &from));
    UD_REQUIRE(take_text(&value, "-"), UD_ERR_MALFORMED);
    UD_TRY(ud_http1_parse_number(take_digits(&value), &to));
    UD_REQUIRE(take_text(&value, "/"), UD_ERR_MALFORMED);
    UD_TRY(ud_http1_parse_number(value, &all));
    UD_REQUIRE(from <= to && to < all, UD_ERR_MALFORMED);
    *first = from;
    *last = to;
    *total = all;
    return UD_OK;
}

ud_err_t ud_http1_parse_range(ud_span_t value, uint64_t size, uint64_t *first, uint64_t *last)
{
    UD_REQUIRE(take_text(&value, "bytes="), UD_ERR_UNSUPPORTED);
    ud_span_t from_digits = take_digits(&value);
    UD_REQUIRE(take_text(&value, "-"), UD_ERR_UNSUPPORTED);
    ud_span_t to_digits = take_digits(&value);
    UD_REQUIRE(value.size == 0 && from_digits.size + to_digits.size > 0, UD_ERR_UNSUPPORTED);
    uint64_t from = 0, to = UINT64_MAX;
    UD_REQUIRE(from_digits.size == 0 || ud_http1_parse_number(from_digits, &from) == UD_OK, UD_ERR_UNSUPPORTED);
    UD_REQUIRE(to_digits.size == 0 || ud_http1_parse_number(to_digits, &to) == UD_OK, UD_ERR_UNSUPPORTED);
    if (from_digits.size == 0) { /* the last `to` bytes */
        UD_REQUIRE(to > 0, UD_ERR_RANGE_NOT_SATISFIABLE);
        from = to < size ? size - to : 0;
        to = UINT64_MAX;
    }
    UD_REQUIRE(from <= to, UD_ERR_UNSUPPORTED);
    UD_REQUIRE(from < size, UD_ERR_RANGE_NOT_SATISFIABLE);
    *first = from;
    *last = to < size ? to : size - 1;
    return UD_OK;
}
