/* Cursors: reading and writing bytes inside a bound, checked once at the end.
 *
 * A reader or writer remembers its first failure: after it every read gives zero and every write is dropped, so a
 * parser reads as the list of its fields, and one ud_reader_status() or ud_writer_status() at the end tells whether
 * all of them were there. Nothing outside the bound is ever touched. The bytes belong to the caller.
 * RAM: 4 words each, copyable, no pointer into themselves.
 */
#ifndef UD_BASE_CURSOR_H
#define UD_BASE_CURSOR_H

#include "core/base/err.h"
#include "core/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *data;
    size_t size;
    size_t offset; /* of the next byte to read, 0 to size */
    bool failed;
} ud_reader_t;

typedef struct {
    uint8_t *data;
    size_t capacity;
    size_t size; /* bytes written, 0 to capacity */
    bool failed;
} ud_writer_t;

/* ---- reader ----------------------------------------------------------------------------------------------------- */

/* A reader at the first of `size` bytes at `data`, which must stay until the last read. */
static inline ud_reader_t ud_reader(const void *data, size_t size)
{
    return (ud_reader_t){.data = data, .size = size};
}

/* Bytes not yet read; 0 after a failure. */
size_t ud_reader_left(const ud_reader_t *reader);

/* Integers: little-endian (le) or big-endian (be). Zero after a failure. */
uint8_t ud_reader_get_u8(ud_reader_t *reader);
uint16_t ud_reader_get_u16le(ud_reader_t *reader);
uint32_t ud_reader_get_u32le(ud_reader_t *reader);
uint64_t ud_reader_get_u64le(ud_reader_t *reader);
uint16_t ud_reader_get_u16be(ud_reader_t *reader);
uint32_t ud_reader_get_u32be(ud_reader_t *reader);
uint64_t ud_reader_get_u64be(ud_reader_t *reader);
uint64_t ud_reader_get_be(ud_reader_t *reader, size_t size); /* of `size` bytes, 0 to 8 */

/* The next `size` bytes without copying; they are the reader's own. Empty after a failure. */
ud_span_t ud_reader_get_span(ud_reader_t *reader, size_t size);

/* Copies the next `size` bytes to `data`; zeros after a failure. */
void ud_reader_get_bytes(ud_reader_t *reader, void *data, size_t size);

/* Passes over `size` bytes. */
void ud_reader_skip(ud_reader_t *reader, size_t size);

/* UD_OK, or UD_ERR_MALFORMED if any read went past the end. */
UD_MUST_USE ud_err_t ud_reader_status(const ud_reader_t *reader);

/* As ud_reader_status(), but bytes left over are UD_ERR_MALFORMED too. */
UD_MUST_USE ud_err_t ud_reader_end(const ud_reader_t *reader);

/* ---- writer ----------------------------------------------------------------------------------------------------- */

/* A writer at the first of `capacity` bytes at `data`. A write that does not fit writes nothing at all. */
static inline ud_writer_t ud_writer(void *data, size_t capacity)
{
    return (ud_writer_t){.data = data, .capacity = capacity};
}

/* Integers: little-endian (le) or big-endian (be). */
void ud_writer_put_u8(ud_writer_t *writer, uint8_t value);
void ud_writer_put_u16le(ud_writer_t *writer, uint16_t value);
void ud_writer_put_u32le(ud_writer_t *writer, uint32_t value);
void ud_writer_put_u64le(ud_writer_t *writer, uint64_t value);
void ud_writer_put_u16be(ud_writer_t *writer, uint16_t value);
void ud_writer_put_u32be(ud_writer_t *writer, uint32_t value);
void ud_writer_put_u64be(ud_writer_t *writer, uint64_t value);
void ud_writer_put_be(ud_writer_t *writer, uint64_t value, size_t size); /* its low `size` bytes, 0 to 8 */

/* Appends `size` bytes from `data`. */
void ud_writer_put_bytes(ud_writer_t *writer, const void *data, size_t size);

/* Appends `size` times `value`. */
void ud_writer_fill(ud_writer_t *writer, uint8_t value, size_t size);

/* UD_OK, or UD_ERR_BUFFER_TOO_SMALL if any write did not fit. */
UD_MUST_USE ud_err_t ud_writer_status(const ud_writer_t *writer);

#endif
