/* Bytes as lower-case hexadecimal text and back. */
#ifndef UD_BASE_HEX_H
#define UD_BASE_HEX_H

#include "core/base/err.h"

#include <stddef.h>

/* Characters, with the end, of the text of `size` bytes. */
#define UD_HEX_TEXT_SIZE(size) (2 * (size) + 1)

/* Writes `size` bytes as 2 * size lower-case digits and a NUL; `text` holds UD_HEX_TEXT_SIZE(size) characters. */
void ud_hex_encode(const void *data, size_t size, char *text);

/* Reads exactly `size` bytes from exactly 2 * size digits of either case; nothing else is skipped or allowed.
 * `data` is written only on success. Errors: UD_ERR_MALFORMED (other length, or a character that is no digit).
 */
UD_MUST_USE ud_err_t ud_hex_decode(const char *text, size_t text_size, void *data, size_t size);

#endif
