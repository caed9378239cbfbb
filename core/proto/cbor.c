#include "core/proto/cbor.h"

#include "core/base/assert.h"

/* The low five bits of an item's first byte (RFC 8949 section 3): below 24 they are its argument; from 24 on it follows in
 * 1, 2, 4 or 8 bytes.
 */
enum { INFO_1_BYTE = 24, INFO_8_BYTES = 27 };

/* Least argument of each of these forms; of 8 bytes, of their upper half. */
static const uint32_t least[] = {24, 1 << 8, 1 << 16, 1};

/* Least simple value that is written in a byte of its own. */
#define LONG_SIMPLE_MIN 32

/* Reads an argument that follows the first byte. */
static ud_err_t get_long(ud_reader_t *reader, uint8_t info, ud_cbor_item_t *item)
{
    UD_REQUIRE(info <= INFO_8_BYTES, UD_ERR_MALFORMED); /* reserved, or of indefinite length */
    uint64_t value = ud_reader_get_be(reader, (size_t)1 << (info - INFO_1_BYTE));
    bool wide = info == INFO_8_BYTES;
    item->argument = wide ? UINT32_MAX : (uint32_t)value;
    if (item->type == UD_CBOR_SIMPLE) {
        UD_REQUIRE(info > INFO_1_BYTE || value >= LONG_SIMPLE_MIN, UD_ERR_MALFORMED);
        wide = info > INFO_1_BYTE;
    } else {
        UD_REQUIRE((uint32_t)(wide ? value >> 32 : value) >= least[info - INFO_1_BYTE], UD_ERR_MALFORMED);
        wide = wide && item->type <= UD_CBOR_NEGATIVE;
    }
    item->type = wide ? UD_CBOR_WIDE : item->type;
    return UD_OK;
}

ud_err_t ud_cbor_get(ud_reader_t *reader, ud_cbor_item_t *item)
{
    uint8_t first = ud_reader_get_u8(reader);
    uint8_t info = first & 0x1F;
    *item = (ud_cbor_item_t){.type = first >> 5, .argument = info};
    if (info >= INFO_1_BYTE) {
        UD_TRY(get_long(reader, info, item));
    }
    if (item->type >= UD_CBOR_BYTES && item->type <= UD_CBOR_MAP) {
        UD_REQUIRE(item->argument <= ud_reader_left(reader), UD_ERR_MALFORMED);
        if (item->type <= UD_CBOR_TEXT) {
            item->data = ud_reader_get_span(reader, item->argument).data;
        } else {
            item->inner = item->argument << (item->type - UD_CBOR_ARRAY);
        }
    } else if (item->type == UD_CBOR_TAG) {
        item->inner = 1;
    }
    return ud_reader_status(reader);
}

/* An item has at least one byte, so more items than bytes are a lie. */
ud_err_t ud_cbor_skip(ud_reader_t *reader, size_t count)
{
    while (count > 0) {
        ud_cbor_item_t item;
        UD_TRY(ud_cbor_get(reader, &item));
        count = count - 1 + item.inner;
        UD_REQUIRE(count <= ud_reader_left(reader), UD_ERR_MALFORMED);
    }
    return UD_OK;
}

void ud_cbor_put_head(ud_writer_t *writer, ud_cbor_type_t type, uint32_t argument)
{
    uint32_t left = argument > UINT16_MAX ? 4 : argument > UINT8_MAX ? 2 : argument >= INFO_1_BYTE;
    uint8_t head[5];
    size_t size = 1;
    head[0] = (uint8_t)((uint32_t)type << 5 | (left == 0 ? argument : INFO_1_BYTE + left / 2));
    while (left > 0) {
        left--;
        head[size++] = (uint8_t)(argument >> 8 * left);
    }
    ud_writer_put_bytes(writer, head, size);
}

void ud_cbor_put_uint(ud_writer_t *writer, uint32_t value)
{
    ud_cbor_put_head(writer, UD_CBOR_UINT, value);
}

void ud_cbor_put_int(ud_writer_t *writer, int32_t value)
{
    ud_cbor_put_head(writer, value < 0 ? UD_CBOR_NEGATIVE : UD_CBOR_UINT, (uint32_t)(value < 0 ? -1 - value : value));
}

void ud_cbor_put_bool(ud_writer_t *writer, bool value)
{
    ud_cbor_put_head(writer, UD_CBOR_SIMPLE, value ? UD_CBOR_TRUE : UD_CBOR_FALSE);
}

void ud_cbor_put_bytes(ud_writer_t *writer, const void *data, size_t size)
{
    ud_cbor_put_head(writer, UD_CBOR_BYTES, (uint32_t)size);
    ud_writer_put_bytes(writer, data, size);
}

void ud_cbor_put_text(ud_writer_t *writer, const char *text, size_t size)
{
    ud_cbor_put_head(writer, UD_CBOR_TEXT, (uint32_t)size);
    ud_writer_put_bytes(writer, text, size);
}

void ud_cbor_put_array(ud_writer_t *writer, size_t count)
{
    ud_cbor_put_head(writer, UD_CBOR_ARRAY, (uint32_t)count);
}

void ud_cbor_put_map(ud_writer_t *writer, size_t count)
{
    ud_cbor_put_head(writer, UD_CBOR_MAP, (uint32_t)count);
}
