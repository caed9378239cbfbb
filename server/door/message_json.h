/* Device messages as JSON: the same tables, ranges and strictness as CBOR (core/proto/message_table.h), with names instead
 * of numbers for keys and byte strings as lower-case hex. For people at a keyboard and for devices that have JSON anyway.
 */
#ifndef UD_DOOR_MESSAGE_JSON_H
#define UD_DOOR_MESSAGE_JSON_H

#include "core/proto/message_table.h"
#include "server/domain/arena.h"
#include "server/domain/limits.h"

/* Reads `text` into `message`, which is zeroed first. Duplicate names are refused, unknown ones ignored.
 * Errors: UD_ERR_MALFORMED (not JSON, not an object), UD_ERR_INVALID_ARGUMENT (wrong type, out of range, required but
 * absent); `field`, when not NULL, then tells which, or is NULL.
 */
UD_MUST_USE ud_err_t ud_message_from_json(ud_message_type_t type, ud_span_t text, void *message,
                                          const ud_field_t **field);

/* Writes `message` as text in the arena, without blanks. Errors: UD_ERR_INVALID_ARGUMENT (as ud_message_encode()),
 * UD_ERR_TOO_LARGE (arena).
 */
UD_MUST_USE ud_err_t ud_message_to_json(ud_message_type_t type, const void *message, ud_arena_t *arena,
                                        ud_span_t *text);

#endif
