/* HTTP header fields: names, numbers and ranges. */
#include "core/base/assert.h"
#include "core/proto/http1.h"

#include <string.h>

/* Most digits of a number, which any of so many fits. */
#define DIGITS_MAX (sizeof(size_t) > 4 ? 18 : 9)

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

static void take(ud_span_t *rest, size_t size)
{
    *rest = ud_span(rest->data + size, rest->size - size);
}

/* Takes a number off the front. */
static ud_err_t take_number(ud_span_t *rest, size_t *number)
{
    size_t result = 0, size = 0;
    for (; size < rest->size && rest->data[size] >= '0' && rest->data[size] <= '9'; size++) {
        UD_REQUIRE(size < DIGITS_MAX, UD_ERR_MALFORMED);
        result = result * 10 + (size_t)(rest->data[size] - '0');
    }
    UD_REQUIRE(size > 0, UD_ERR_MALFORMED);
    take(rest, size);
    *number = result;
    return UD_OK;
}

ud_err_t ud_http1_parse_number(ud_span_t value, size_t *number)
{
    size_t result;
    UD_TRY(take_number(&value, &result));
    UD_REQUIRE(value.size == 0, UD_ERR_MALFORMED);
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
    take(rest, size);
    return true;
}

ud_err_t ud_http1_parse_content_range(ud_span_t value, ud_http1_range_t *range)
{
    static const char *const before[] = {"bytes ", "-", "/"};
    size_t numbers[3];
    for (size_t i = 0; i < 3; i++) {
        UD_REQUIRE(take_text(&value, before[i]), UD_ERR_MALFORMED);
        UD_TRY(take_number(&value, &numbers[i]));
    }
    UD_REQUIRE(value.size == 0 && numbers[0] <= numbers[1] && numbers[1] < numbers[2], UD_ERR_MALFORMED);
    *range = (ud_http1_range_t){.first = numbers[0], .last = numbers[1], .total = numbers[2]};
    return UD_OK;
}

ud_err_t ud_http1_parse_range(ud_span_t value, uint64_t size, uint64_t *first, uint64_t *last)
{
    UD_REQUIRE(take_text(&value, "bytes="), UD_ERR_UNSUPPORTED);
    bool is_suffix = value.size > 0 && value.data[0] == '-';
    size_t from = 0, to = SIZE_MAX;
    UD_REQUIRE(is_suffix || take_number(&value, &from) == UD_OK, UD_ERR_UNSUPPORTED);
    UD_REQUIRE(take_text(&value, "-"), UD_ERR_UNSUPPORTED);
    UD_REQUIRE((value.size == 0 && !is_suffix) || ud_http1_parse_number(value, &to) == UD_OK, UD_ERR_UNSUPPORTED);
    if (is_suffix) { /* the last `to` bytes */
        UD_REQUIRE(to > 0, UD_ERR_RANGE_NOT_SATISFIABLE);
        from = to < size ? (size_t)size - to : 0;
        to = SIZE_MAX;
    }
    UD_REQUIRE(from <= to, UD_ERR_UNSUPPORTED);
    UD_REQUIRE(from < size, UD_ERR_RANGE_NOT_SATISFIABLE);
    *first = from;
    *last = to < size ? to : size - 1;
    return UD_OK;
}
