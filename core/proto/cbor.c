#include "core/proto/cbor.h"

#include "core/base/assert.h"

enum { MAJOR_UINT, MAJOR_NEGATIVE, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP, MAJOR_TAG, MAJOR_SIMPLE };
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21 };
enum {
    INFO_1_BYTE = 24,
    INFO_8_BYTES = 27
}; /* the argument follows in 1, 2, 4 or 8 bytes; below, info is the argument */

/* An item's head (RFC 8949 section 3): three bits of type, and an argument in 0, 1, 2, 4 or 8 further bytes. */
typedef struct {
    uint8_t major;
    uint8_t info; /* the low five bits: which form the argument has */
    uint64_t argument;
} head_t;

static ud_err_t get_head(ud_reader_t *reader, head_t *head)
{
    uint8_t first = ud_reader_get_u8(reader);
    *head = (head_t){.major = first >> 5, .info = first & 0x1F, .argument = first & 0x1F};
    if (head->info >= INFO_1_BYTE) {
        UD_REQUIRE(head->info <= INFO_8_BYTES, UD_ERR_MALFORMED); /* reserved, or of indefinite length */
        size_t size = (size_t)1 << (head->info - INFO_1_BYTE);
        head->argument = ud_reader_get_be(reader, size);
        bool shortest = size == 1 ? head->argument >= INFO_1_BYTE : head->argument >> (4 * size) != 0;
        /* of a simple value the argument may be a float's bits */
        UD_REQUIRE(shortest || head->major == MAJOR_SIMPLE, UD_ERR_MALFORMED);
    }
    return ud_reader_status(reader);
}

static ud_err_t get_argument(ud_reader_t *reader, uint8_t major, uint64_t *argument)
{
    head_t head;
    UD_TRY(get_head(reader, &head));
    UD_REQUIRE(head.major == major, UD_ERR_MALFORMED);
    *argument = head.argument;
    return UD_OK;
}

ud_err_t ud_cbor_get_uint(ud_reader_t *reader, uint64_t *value)
{
    return get_argument(reader, MAJOR_UINT, value);
}

ud_err_t ud_cbor_get_int(ud_reader_t *reader, int64_t *value)
{
    head_t head;
    UD_TRY(get_head(reader, &head));
    UD_REQUIRE(head.major <= MAJOR_NEGATIVE && head.argument <= INT64_MAX, UD_ERR_MALFORMED);
    *value = head.major == MAJOR_UINT ? (int64_t)head.argument : -1 - (int64_t)head.argument;
    return UD_OK;
}

ud_err_t ud_cbor_get_bool(ud_reader_t *reader, bool *value)
{
    head_t head;
    UD_TRY(get_head(reader, &head));
    UD_REQUIRE(head.major == MAJOR_SIMPLE && (head.info == SIMPLE_FALSE || head.info == SIMPLE_TRUE), UD_ERR_MALFORMED);
    *value = head.info == SIMPLE_TRUE;
    return UD_OK;
}

static ud_err_t get_string(ud_reader_t *reader, uint8_t major, ud_span_t *value)
{
    uint64_t size;
    UD_TRY(get_argument(reader, major, &size));
    UD_REQUIRE(size <= ud_reader_left(reader), UD_ERR_MALFORMED);
    *value = ud_reader_get_span(reader, (size_t)size);
    return UD_OK;
}

ud_err_t ud_cbor_get_bytes(ud_reader_t *reader, ud_span_t *value)
{
    return get_string(reader, MAJOR_BYTES, value);
}

ud_err_t ud_cbor_get_text(ud_reader_t *reader, ud_span_t *value)
{
    return get_string(reader, MAJOR_TEXT, value);
}

/* An item has at least one byte, so a count above the bytes left is a lie. */
static ud_err_t get_count(ud_reader_t *reader, uint8_t major, size_t *count)
{
    uint64_t argument;
    UD_TRY(get_argument(reader, major, &argument));
    UD_REQUIRE(argument <= ud_reader_left(reader), UD_ERR_MALFORMED);
    *count = (size_t)argument;
    return UD_OK;
}

ud_err_t ud_cbor_get_array(ud_reader_t *reader, size_t *count)
{
    return get_count(reader, MAJOR_ARRAY, count);
}

ud_err_t ud_cbor_get_map(ud_reader_t *reader, size_t *count)
{
    return get_count(reader, MAJOR_MAP, count);
}

/* Passes over one head and what belongs to it but for items; `*items` is how many of those follow. */
static ud_err_t skip_one(ud_reader_t *reader, size_t *items)
{
    head_t head;
    UD_TRY(get_head(reader, &head));
    *items = 0;
    switch (head.major) {
    case MAJOR_BYTES:
    case MAJOR_TEXT:
        UD_REQUIRE(head.argument <= ud_reader_left(reader), UD_ERR_MALFORMED);
        ud_reader_skip(reader, (size_t)head.argument);
        return UD_OK;
    case MAJOR_ARRAY:
    case MAJOR_MAP:
        UD_REQUIRE(head.argument <= ud_reader_left(reader), UD_ERR_MALFORMED);
        *items = (size_t)head.argument * (head.major == MAJOR_MAP ? 2 : 1);
        return UD_OK;
    case MAJOR_TAG:
        *items = 1;
        return UD_OK;
    case MAJOR_SIMPLE:
        UD_REQUIRE(head.info != 24 || head.argument >= 32, UD_ERR_MALFORMED);
        return UD_OK;
    default:
        return UD_OK;
    }
}

ud_err_t ud_cbor_skip(ud_reader_t *reader)
{
    size_t left[UD_CBOR_NESTING_MAX + 1] = {1}; /* items still to pass, for each level */
    size_t depth = 0;
    for (;;) {
        while (left[depth] == 0) {
            if (depth == 0) {
                return UD_OK;
            }
            depth--;
        }
        left[depth]--;
        size_t items;
        UD_TRY(skip_one(reader, &items));
        if (items > 0) {
            UD_REQUIRE(depth < UD_CBOR_NESTING_MAX, UD_ERR_MALFORMED);
            left[++depth] = items;
        }
    }
}

static void put_head(ud_writer_t *writer, uint8_t major, uint64_t argument)
{
    uint8_t first = (uint8_t)(major << 5);
    if (argument < INFO_1_BYTE) {
        ud_writer_put_u8(writer, (uint8_t)(first | argument));
        return;
    }
    size_t size = 1;
    first |= INFO_1_BYTE;
    for (uint64_t rest = argument >> 8; rest != 0; rest >>= 4 * size) {
        size *= 2;
        first++;
    }
    ud_writer_put_u8(writer, first);
    ud_writer_put_be(writer, argument, size);
}

void ud_cbor_put_uint(ud_writer_t *writer, uint64_t value)
{
    put_head(writer, MAJOR_UINT, value);
}

void ud_cbor_put_int(ud_writer_t *writer, int64_t value)
{
    if (value >= 0) {
        put_head(writer, MAJOR_UINT, (uint64_t)value);
    } else {
        put_head(writer, MAJOR_NEGATIVE, (uint64_t)(-1 - value));
    }
}

void ud_cbor_put_bool(ud_writer_t *writer, bool value)
{
    put_head(writer, MAJOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

void ud_cbor_put_bytes(ud_writer_t *writer, const void *data, size_t size)
{
    put_head(writer, MAJOR_BYTES, size);
    ud_writer_put_bytes(writer, data, size);
}

void ud_cbor_put_text(ud_writer_t *writer, const char *text, size_t size)
{
    put_head(writer, MAJOR_TEXT, size);
    ud_writer_put_bytes(writer, text, size);
}

void ud_cbor_put_array(ud_writer_t *writer, size_t count)
{
    put_head(writer, MAJOR_ARRAY, count);
}

void ud_cbor_put_map(ud_writer_t *writer, size_t count)
{
    put_head(writer, MAJOR_MAP, count);
}
