#include "core/base/hex.h"

#include "core/base/assert.h"

#include <stdint.h>

void ud_hex_encode(const void *data, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    for (size_t index = 0; index < size; index++) {
        text[2 * index] = digits[bytes[index] >> 4];
        text[2 * index + 1] = digits[bytes[index] & 0x0F];
    }
    text[2 * size] = '\0';
}

/* Value of one digit, or 16. */
static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return (unsigned)(digit - '0');
    }
    if (digit >= 'a' && digit <= 'f') {
        return (unsigned)(digit - 'a') + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return (unsigned)(digit - 'A') + 10;
    }
    return 16;
}

ud_err_t ud_hex_decode(const char *text, size_t text_size, void *data, size_t size)
{
    UD_REQUIRE(text_size % 2 == 0 && text_size / 2 == size, UD_ERR_MALFORMED);
    for (size_t index = 0; index < text_size; index++) {
        UD_REQUIRE(digit_value(text[index]) < 16, UD_ERR_MALFORMED);
    }
    uint8_t *bytes = data;
    for (size_t index = 0; index < size; index++) {
        bytes[index] = (uint8_t)(digit_value(text[2 * index]) << 4 | digit_value(text[2 * index + 1]));
    }
    return UD_OK;
}
