/* CBOR (RFC 8949), the deterministic subset that devices speak: definite lengths, shortest heads, no floats or tags made.
 *
 * Built upon the cursors of core/base/cursor.h: reading needs no memory beside the message, and texts and byte strings are
 * spans into it. The reader refuses what another encoder of the same value would have written differently (indefinite
 * lengths, heads longer than needed), so that one value has one form.
 */
#ifndef UD_PROTO_CBOR_H
#define UD_PROTO_CBOR_H

#include "core/base/cursor.h"

/* Arrays and maps within each other, at most, in what ud_cbor_skip() passes over. */
#define UD_CBOR_NESTING_MAX 4

/* Each reads one item of exactly that type. Errors: UD_ERR_MALFORMED (another type, not the shortest form, cut off); the
 * reader then stands anywhere. Texts are not checked for UTF-8 here.
 */
UD_MUST_USE ud_err_t ud_cbor_get_uint(ud_reader_t *reader, uint64_t *value);
UD_MUST_USE ud_err_t ud_cbor_get_int(ud_reader_t *reader, int64_t *value); /* either sign; beyond int64_t is refused */
UD_MUST_USE ud_err_t ud_cbor_get_bool(ud_reader_t *reader, bool *value);
UD_MUST_USE ud_err_t ud_cbor_get_bytes(ud_reader_t *reader, ud_span_t *value);
UD_MUST_USE ud_err_t ud_cbor_get_text(ud_reader_t *reader, ud_span_t *value);
UD_MUST_USE ud_err_t ud_cbor_get_array(ud_reader_t *reader, size_t *count); /* items follow */
UD_MUST_USE ud_err_t ud_cbor_get_map(ud_reader_t *reader,
                                     size_t *count); /* pairs follow; counts cannot exceed the bytes */

/* Passes over one item of any type, nested at most UD_CBOR_NESTING_MAX deep. Errors: UD_ERR_MALFORMED. */
UD_MUST_USE ud_err_t ud_cbor_skip(ud_reader_t *reader);

/* Each writes one item in its shortest form; whether all fitted, ud_writer_status() tells. */
void ud_cbor_put_uint(ud_writer_t *writer, uint64_t value);
void ud_cbor_put_int(ud_writer_t *writer, int64_t value);
void ud_cbor_put_bool(ud_writer_t *writer, bool value);
void ud_cbor_put_bytes(ud_writer_t *writer, const void *data, size_t size);
void ud_cbor_put_text(ud_writer_t *writer, const char *text, size_t size);
void ud_cbor_put_array(ud_writer_t *writer, size_t count);
void ud_cbor_put_map(ud_writer_t *writer, size_t count);

#endif
