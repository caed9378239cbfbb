#include "core/image/version.h"

#include "core/base/assert.h"

_Static_assert(sizeof(ud_version_t) == UD_VERSION_SIZE && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "a version is what stands in an image");

enum { MAJOR, MINOR, REVISION, BUILD, NUMBER_COUNT };

/* The sign before each number. */
static const char signs[NUMBER_COUNT] = {'\0', '.', '.', '+'};

ud_err_t ud_version_parse(const char *text, size_t size, ud_version_t *version)
{
    static const uint32_t limits[NUMBER_COUNT] = {UINT8_MAX, UINT8_MAX, UINT16_MAX, UINT32_MAX};
    const char *end = text + size;
    uint32_t numbers[NUMBER_COUNT] = {0};
    for (size_t index = 0; index < NUMBER_COUNT && (index < BUILD || text < end); index++) {
        UD_REQUIRE(index == MAJOR || (text < end && *text++ == signs[index]), UD_ERR_MALFORMED);
        const char *first = text;
        uint64_t number = 0;
        while (text < end && *text >= '0' && *text <= '9' && number <= limits[index]) {
            number = number * 10 + (uint64_t)(*text++ - '0');
        }
        UD_REQUIRE(text > first && number <= limits[index] && (*first != '0' || text == first + 1), UD_ERR_MALFORMED);
        numbers[index] = (uint32_t)number;
    }
    UD_REQUIRE(text == end, UD_ERR_MALFORMED);
    *version =
        (ud_version_t){(uint8_t)numbers[MAJOR], (uint8_t)numbers[MINOR], (uint16_t)numbers[REVISION], numbers[BUILD]};
    return UD_OK;
}

void ud_version_format(const ud_version_t *version, char text[UD_VERSION_TEXT_SIZE_MAX + 1])
{
    const uint32_t numbers[NUMBER_COUNT] = {version->major, version->minor, version->revision, version->build};
    for (size_t index = 0; index < NUMBER_COUNT && (index < BUILD || version->build != 0); index++) {
        char digits[10];
        size_t count = 0;
        uint32_t number = numbers[index];
        do {
            digits[count++] = (char)('0' + number % 10);
            number /= 10;
        } while (number != 0);
        if (index != MAJOR) {
            *text++ = signs[index];
        }
        while (count > 0) {
            *text++ = digits[--count];
        }
    }
    *text = '\0';
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
