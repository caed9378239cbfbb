#include "core/image/version.h"

#include "core/base/assert.h"
#include "core/base/endian.h"

#include <stdbool.h>

typedef struct {
    const char *text;
    size_t left;
} text_t;

/* Takes a decimal number from 0 to `max` without leading zeros. */
static bool take_number(text_t *text, uint32_t max, uint32_t *number)
{
    uint64_t value = 0;
    size_t digits = 0;
    while (digits < text->left && text->text[digits] >= '0' && text->text[digits] <= '9' && value <= max) {
        value = value * 10 + (uint64_t)(text->text[digits] - '0');
        digits++;
    }
    if (digits == 0 || value > max || (digits > 1 && text->text[0] == '0')) {
        return false;
    }
    text->text += digits;
    text->left -= digits;
    *number = (uint32_t)value;
    return true;
}

static bool take_sign(text_t *text, char sign)
{
    if (text->left == 0 || text->text[0] != sign) {
        return false;
    }
    text->text++;
    text->left--;
    return true;
}

ud_err_t ud_version_parse(const char *text, size_t size, ud_version_t *version)
{
    text_t rest = {text, size};
    uint32_t major;
    uint32_t minor;
    uint32_t revision;
    uint32_t build = 0;
    UD_REQUIRE(take_number(&rest, UINT8_MAX, &major) && take_sign(&rest, '.'), UD_ERR_MALFORMED);
    UD_REQUIRE(take_number(&rest, UINT8_MAX, &minor) && take_sign(&rest, '.'), UD_ERR_MALFORMED);
    UD_REQUIRE(take_number(&rest, UINT16_MAX, &revision), UD_ERR_MALFORMED);
    if (take_sign(&rest, '+')) {
        UD_REQUIRE(take_number(&rest, UINT32_MAX, &build), UD_ERR_MALFORMED);
    }
    UD_REQUIRE(rest.left == 0, UD_ERR_MALFORMED);
    *version = (ud_version_t){(uint8_t)major, (uint8_t)minor, (uint16_t)revision, build};
    return UD_OK;
}

/* Writes a sign (unless 0) and a decimal number; returns the place behind. */
static char *put_number(char *text, char sign, uint32_t number)
{
    char digits[10];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    if (sign != 0) {
        *text++ = sign;
    }
    while (count > 0) {
        *text++ = digits[--count];
    }
    return text;
}

void ud_version_format(const ud_version_t *version, char text[UD_VERSION_TEXT_SIZE_MAX + 1])
{
    char *end = put_number(text, 0, version->major);
    end = put_number(end, '.', version->minor);
    end = put_number(end, '.', version->revision);
    if (version->build != 0) {
        end = put_number(end, '+', version->build);
    }
    *end = '\0';
}

int ud_version_compare(const ud_version_t *left, const ud_version_t *right)
{
    uint32_t a = (uint32_t)left->major << 24 | (uint32_t)left->minor << 16 | left->revision;
    uint32_t b = (uint32_t)right->major << 24 | (uint32_t)right->minor << 16 | right->revision;
    return (a > b) - (a < b);
}

int ud_version_compare_full(const ud_version_t *left, const ud_version_t *right)
{
    int order = ud_version_compare(left, right);
    return order != 0 ? order : (left->build > right->build) - (left->build < right->build);
}

void ud_version_to_bytes(const ud_version_t *version, uint8_t bytes[UD_VERSION_SIZE])
{
    bytes[0] = version->major;
    bytes[1] = version->minor;
    ud_put_u16le(bytes + 2, version->revision);
    ud_put_u32le(bytes + 4, version->build);
}

void ud_version_from_bytes(const uint8_t bytes[UD_VERSION_SIZE], ud_version_t *version)
{
    *version = (ud_version_t){bytes[0], bytes[1], ud_get_u16le(bytes + 2), ud_get_u32le(bytes + 4)};
}
