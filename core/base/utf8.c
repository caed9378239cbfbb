#include "core/base/utf8.h"

#include <stdint.h>

/* Least code points of sequences with 0 to 3 bytes after the first: without control characters, and none that is shorter
 * (RFC 3629, section 3).
 */
static const uint32_t least[] = {0x20, 0xA0, 0x800, 0x10000};

bool ud_utf8_is_text(const char *text, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)text;
    const uint8_t *end = bytes + size;
    while (bytes < end) {
        uint32_t code = *bytes++;
        size_t more = (size_t)(code >= 0xC0) + (code >= 0xE0) + (code >= 0xF0);
        bool leads = code < 0x80 || (code >= 0xC0 && code < 0xF8);
        if (!leads || more > (size_t)(end - bytes)) {
            return false;
        }
        uint32_t floor = least[more];
        code &= more > 0 ? 0x3Fu >> more : 0x7F;
        for (; more > 0; more--) {
            if ((*bytes & 0xC0) != 0x80) {
                return false;
            }
            code = code << 6 | (*bytes++ & 0x3Fu);
        }
        bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        if (code < floor || code == 0x7F || surrogate || code > 0x10FFFF) {
            return false;
        }
    }
    return true;
}
