#include "core/base/utf8.h"

#include <stdint.h>

typedef struct {
    uint8_t first, last;               /* range of the leading byte */
    uint8_t size;                      /* of the sequence */
    uint8_t second_first, second_last; /* range of the second byte: excludes long forms, surrogates, too large values */
} form_t;

/* RFC 3629 section 4, without the control characters. */
static const form_t forms[] = {
    {0x20, 0x7E, 1, 0, 0},       {0xC2, 0xC2, 2, 0xA0, 0xBF}, {0xC3, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF},
    {0xE1, 0xEC, 3, 0x80, 0xBF}, {0xED, 0xED, 3, 0x80, 0x9F}, {0xEE, 0xEF, 3, 0x80, 0xBF}, {0xF0, 0xF0, 4, 0x90, 0xBF},
    {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F},
};

static const form_t *find_form(uint8_t byte)
{
    for (size_t index = 0; index < sizeof forms / sizeof forms[0]; index++) {
        if (byte >= forms[index].first && byte <= forms[index].last) {
            return &forms[index];
        }
    }
    return NULL;
}

bool ud_utf8_is_text(const char *text, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t offset = 0;
    while (offset < size) {
        const form_t *form = find_form(bytes[offset]);
        if (form == NULL || form->size > size - offset) {
            return false;
        }
        if (form->size > 1 && (bytes[offset + 1] < form->second_first || bytes[offset + 1] > form->second_last)) {
            return false;
        }
        for (size_t index = 2; index < form->size; index++) {
            if ((bytes[offset + index] & 0xC0) != 0x80) {
                return false;
            }
        }
        offset += form->size;
    }
    return true;
}
