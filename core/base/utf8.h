/* UTF-8 as people may see it: checked where text enters, so that nothing behind has to. */
#ifndef UD_BASE_UTF8_H
#define UD_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True if `size` bytes at `text` are well-formed UTF-8 (RFC 3629: shortest form, no surrogates, at most U+10FFFF) with
 * no control characters (U+0000 to U+001F, U+007F to U+009F). An empty text is true.
 */
bool ud_utf8_is_text(const char *text, size_t size);

#endif
