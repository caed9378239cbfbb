/* CBOR (RFC 8949), the deterministic subset that devices speak: definite lengths, shortest heads, numbers of 32 bits, no
 * floats or tags made.
 *
 * Built upon the cursors of core/base/cursor.h: reading needs no memory beside the message, and texts and byte strings are
 * spans into it. The reader refuses what another encoder of the same value would have written differently (indefinite
 * lengths, heads longer than needed), so that one value has one form.
 */
#ifndef UD_PROTO_CBOR_H
#define UD_PROTO_CBOR_H

#include "core/base/cursor.h"

/* The major types, and what no field of a message is. */
typedef enum {
    UD_CBOR_UINT,     /* argument: the number */
    UD_CBOR_NEGATIVE, /* argument: -1 - the number */
    UD_CBOR_BYTES,    /* argument: size of `data` */
    UD_CBOR_TEXT,     /* the same; not checked for UTF-8 here */
    UD_CBOR_ARRAY,    /* argument: items that follow */
    UD_CBOR_MAP,      /* argument: pairs that follow */
    UD_CBOR_TAG,      /* one item follows */
    UD_CBOR_SIMPLE,   /* argument: UD_CBOR_FALSE, UD_CBOR_TRUE or another simple value */
    UD_CBOR_WIDE,     /* an integer beyond 32 bits, or a float */
} ud_cbor_type_t;

enum { UD_CBOR_FALSE = 20, UD_CBOR_TRUE = 21 };

typedef struct {
    uint8_t type;        /* ud_cbor_type_t */
    uint32_t argument;   /* see there */
    uint32_t inner;      /* items that follow and belong to it */
    const uint8_t *data; /* of a byte string or text, inside what is read */
} ud_cbor_item_t;

/* Reads one item but for those that belong to it. Errors: UD_ERR_MALFORMED (not the shortest form, cut off, more bytes or
 * inner items than there are bytes); the reader then stands anywhere.
 */
UD_MUST_USE ud_err_t ud_cbor_get(ud_reader_t *reader, ud_cbor_item_t *item);

/* Passes over `count` items of any types with all that belongs to them. Errors: UD_ERR_MALFORMED. */
UD_MUST_USE ud_err_t ud_cbor_skip(ud_reader_t *reader, size_t count);

/* Writes how an item begins, in its shortest form: all of a number or a simple value, what stands before a string's bytes, and
 * before the items of an array or map. Whether all fitted, ud_writer_status() tells.
 */
void ud_cbor_put_head(ud_writer_t *writer, ud_cbor_type_t type, uint32_t argument);

/* Each writes one item. */
void ud_cbor_put_uint(ud_writer_t *writer, uint32_t value);
void ud_cbor_put_int(ud_writer_t *writer, int32_t value);
void ud_cbor_put_bool(ud_writer_t *writer, bool value);
void ud_cbor_put_bytes(ud_writer_t *writer, const void *data, size_t size);
void ud_cbor_put_text(ud_writer_t *writer, const char *text, size_t size);
void ud_cbor_put_array(ud_writer_t *writer, size_t count);
void ud_cbor_put_map(ud_writer_t *writer, size_t count);

#endif
