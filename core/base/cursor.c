#include "core/base/cursor.h"

#include <string.h>

/* The next `size` bytes, or NULL and failure for ever. */
static const uint8_t *take(ud_reader_t *reader, size_t size)
{
    if (reader->failed || size > reader->size - reader->offset) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *bytes = reader->data + reader->offset;
    reader->offset += size;
    return bytes;
}

static uint64_t get_le(ud_reader_t *reader, size_t size)
{
    const uint8_t *bytes = take(reader, size);
    uint64_t value = 0;
    for (size_t index = 0; bytes != NULL && index < size; index++) {
        value |= (uint64_t)bytes[index] << (8 * index);
    }
    return value;
}

uint64_t ud_reader_get_be(ud_reader_t *reader, size_t size)
{
    const uint8_t *bytes = take(reader, size);
    uint64_t value = 0;
    for (size_t index = 0; bytes != NULL && index < size; index++) {
        value = value << 8 | bytes[index];
    }
    return value;
}

size_t ud_reader_left(const ud_reader_t *reader)
{
    return reader->failed ? 0 : reader->size - reader->offset;
}

uint8_t ud_reader_get_u8(ud_reader_t *reader)
{
    return (uint8_t)get_le(reader, 1);
}

uint16_t ud_reader_get_u16le(ud_reader_t *reader)
{
    return (uint16_t)get_le(reader, 2);
}

uint32_t ud_reader_get_u32le(ud_reader_t *reader)
{
    return (uint32_t)get_le(reader, 4);
}

uint64_t ud_reader_get_u64le(ud_reader_t *reader)
{
    return get_le(reader, 8);
}

uint16_t ud_reader_get_u16be(ud_reader_t *reader)
{
    return (uint16_t)ud_reader_get_be(reader, 2);
}

uint32_t ud_reader_get_u32be(ud_reader_t *reader)
{
    return (uint32_t)ud_reader_get_be(reader, 4);
}

uint64_t ud_reader_get_u64be(ud_reader_t *reader)
{
    return ud_reader_get_be(reader, 8);
}

ud_span_t ud_reader_get_span(ud_reader_t *reader, size_t size)
{
    const uint8_t *bytes = take(reader, size);
    return ud_span(bytes, bytes == NULL ? 0 : size);
}

void ud_reader_get_bytes(ud_reader_t *reader, void *data, size_t size)
{
    const uint8_t *bytes = take(reader, size);
    if (size == 0) {
        return;
    }
    if (bytes == NULL) {
        memset(data, 0, size);
    } else {
        memcpy(data, bytes, size);
    }
}

void ud_reader_skip(ud_reader_t *reader, size_t size)
{
    (void)take(reader, size);
}

ud_err_t ud_reader_status(const ud_reader_t *reader)
{
    return reader->failed ? UD_ERR_MALFORMED : UD_OK;
}

ud_err_t ud_reader_end(const ud_reader_t *reader)
{
    return reader->failed || reader->offset != reader->size ? UD_ERR_MALFORMED : UD_OK;
}

/* Room for `size` more bytes, or NULL and failure for ever. */
static uint8_t *room(ud_writer_t *writer, size_t size)
{
    if (writer->failed || size > writer->capacity - writer->size) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *bytes = writer->data + writer->size;
    writer->size += size;
    return bytes;
}

static void put_le(ud_writer_t *writer, uint64_t value, size_t size)
{
    uint8_t *bytes = room(writer, size);
    for (size_t index = 0; bytes != NULL && index < size; index++) {
        bytes[index] = (uint8_t)value;
        value >>= 8;
    }
}

void ud_writer_put_be(ud_writer_t *writer, uint64_t value, size_t size)
{
    uint8_t *bytes = room(writer, size);
    for (size_t index = 0; bytes != NULL && index < size; index++) {
        bytes[size - 1 - index] = (uint8_t)value;
        value >>= 8;
    }
}

void ud_writer_put_u8(ud_writer_t *writer, uint8_t value)
{
    put_le(writer, value, 1);
}

void ud_writer_put_u16le(ud_writer_t *writer, uint16_t value)
{
    put_le(writer, value, 2);
}

void ud_writer_put_u32le(ud_writer_t *writer, uint32_t value)
{
    put_le(writer, value, 4);
}

void ud_writer_put_u64le(ud_writer_t *writer, uint64_t value)
{
    put_le(writer, value, 8);
}

void ud_writer_put_u16be(ud_writer_t *writer, uint16_t value)
{
    ud_writer_put_be(writer, value, 2);
}

void ud_writer_put_u32be(ud_writer_t *writer, uint32_t value)
{
    ud_writer_put_be(writer, value, 4);
}

void ud_writer_put_u64be(ud_writer_t *writer, uint64_t value)
{
    ud_writer_put_be(writer, value, 8);
}

void ud_writer_put_bytes(ud_writer_t *writer, const void *data, size_t size)
{
    uint8_t *bytes = room(writer, size);
    if (bytes != NULL && size > 0) {
        memcpy(bytes, data, size);
    }
}

void ud_writer_fill(ud_writer_t *writer, uint8_t value, size_t size)
{
    uint8_t *bytes = room(writer, size);
    if (bytes != NULL && size > 0) {
        memset(bytes, value, size);
    }
}

ud_err_t ud_writer_status(const ud_writer_t *writer)
{
    return writer->failed ? UD_ERR_BUFFER_TOO_SMALL : UD_OK;
}
