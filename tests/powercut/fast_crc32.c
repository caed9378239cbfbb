/* ud_crc32() with tables, in place of the real one bit by bit, which is two thirds of what a start costs: link with
 * --wrap=ud_crc32. The tables are made by the real one, byte by byte: what it does, they do.
 */
#include "core/base/crc32.h"
#include "core/base/endian.h"

#include <stdbool.h>

#define SLICE_SIZE 8

uint32_t __real_ud_crc32(uint32_t crc, const void *data, size_t size);
uint32_t __wrap_ud_crc32(uint32_t crc, const void *data, size_t size);

/* tables[n][byte]: what a byte with n more bytes of the slice behind it leaves. */
static uint32_t tables[SLICE_SIZE][256];

static void make_tables(void)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t data = (uint8_t)byte;
        tables[0][byte] = ~__real_ud_crc32(~0u, &data, 1);
    }
    for (int behind = 1; behind < SLICE_SIZE; behind++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint32_t before = tables[behind - 1][byte];
            tables[behind][byte] = before >> 8 ^ tables[0][before & 0xFF];
        }
    }
}

static uint32_t take_slice(uint32_t crc, const uint8_t *data)
{
    uint32_t low = crc ^ ud_get_u32le(data);
    uint32_t high = ud_get_u32le(data + 4);
    crc = 0;
    for (int index = 0; index < 4; index++) {
        crc ^= tables[7 - index][low >> 8 * index & 0xFF] ^ tables[3 - index][high >> 8 * index & 0xFF];
    }
    return crc;
}

uint32_t __wrap_ud_crc32(uint32_t crc, const void *data, size_t size)
{
    static bool made;
    const uint8_t *bytes = data;
    if (!made) {
        make_tables();
        made = true;
    }
    crc = ~crc;
    for (; size >= SLICE_SIZE; size -= SLICE_SIZE, bytes += SLICE_SIZE) {
        crc = take_slice(crc, bytes);
    }
    for (; size > 0; size--, bytes++) {
        crc = crc >> 8 ^ tables[0][(crc ^ *bytes) & 0xFF];
    }
    return ~crc;
}
