/* Where the image parser reads: every image of a small scope, told head by head. Each head of an area or of a TLV that the
 * parser asks for is one of a list, and all ways through the list are tried, in areas that end at every byte around. No read
 * leaves the area, and what parses lies inside it. (That nothing else goes wrong, for any bytes, Eva proves: proofs.toml.)
 */
#include "core/image/format.h"
#include "core/image/image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Heads that one image may have; who asks for more gets an error. */
#define HEADS_MAX 6

typedef struct {
    uint16_t type;
    uint16_t size;
} head_t;

static const head_t heads[] = {
    {UD_IMAGE_TLV_PROTECTED_INFO_MAGIC, 12},
    {UD_IMAGE_TLV_PROTECTED_INFO_MAGIC, 20},
    {UD_IMAGE_TLV_INFO_MAGIC, 4},
    {UD_IMAGE_TLV_INFO_MAGIC, 40},
    {UD_IMAGE_TLV_INFO_MAGIC, 44},
    {UD_IMAGE_TLV_INFO_MAGIC, 81},
    {UD_IMAGE_TLV_INFO_MAGIC, UINT16_MAX},
    {UD_IMAGE_TLV_SHA256, 32},
    {UD_IMAGE_TLV_SHA256, 33},
    {UD_IMAGE_TLV_PUBLIC_KEY, 33},
    {UD_IMAGE_TLV_SECURITY_COUNTER, 4},
    {UD_IMAGE_TLV_DEPENDENCY, 12},
    {0x00A0, 0},
    {0x00A0, UINT16_MAX},
};
#define HEAD_COUNT (sizeof heads / sizeof heads[0])

/* protected size, payload size */
static const uint32_t images[][2] = {{0, 1}, {12, 1}, {20, 7}, {UINT16_MAX, 1}, {0, UINT32_MAX - 100}};
#define IMAGE_COUNT (sizeof images / sizeof images[0])

/* One way through the list. */
typedef struct {
    size_t image;
    uint32_t area_size;
    uint8_t choices[HEADS_MAX];
    unsigned asked;
} way_t;

static ud_err_t read_told(void *context, uint32_t offset, void *data, size_t size)
{
    way_t *way = context;
    assert_true(offset <= way->area_size && size <= way->area_size - offset);
    memset(data, 1, size);
    if (offset == 0) {
        uint8_t header[UD_IMAGE_HEADER_SIZE] = {0x3D, 0xB8, 0xF3, 0x96};
        uint16_t header_size = UD_IMAGE_HEADER_SIZE;
        uint16_t protected_size = (uint16_t)images[way->image][0];
        memcpy(header + 8, &header_size, sizeof header_size);
        memcpy(header + 10, &protected_size, sizeof protected_size);
        memcpy(header + 12, &images[way->image][1], 4);
        memcpy(data, header, size < sizeof header ? size : sizeof header);
    } else if (size == UD_IMAGE_TLV_HEAD_SIZE) { /* a counter's value, too: any number will do for it */
        if (way->asked == HEADS_MAX) {
            return UD_ERR_FLASH_READ;
        }
        memcpy(data, &heads[way->choices[way->asked++]], size);
    }
    return UD_OK;
}

/* The next way, which differs from this one in the last head that was asked for; false behind the last. */
static bool next(way_t *way)
{
    memset(way->choices + way->asked, 0, HEADS_MAX - way->asked);
    while (way->asked > 0) {
        way->asked--;
        if (++way->choices[way->asked] < HEAD_COUNT) {
            way->asked = 0;
            return true;
        }
        way->choices[way->asked] = 0;
    }
    return false;
}

static unsigned long tried;
static unsigned long parsed;

static void try_all(size_t image, uint32_t area_size)
{
    way_t way = {.image = image, .area_size = area_size};
    ud_image_source_t source = {.read = read_told, .context = &way};
    do {
        ud_image_info_t info;
        tried++;
        if (ud_image_parse(&source, area_size, &info) == UD_OK) {
            parsed++;
            assert_true(info.total_size <= area_size);
            assert_true(info.tlvs[UD_IMAGE_HASH].offset + info.tlvs[UD_IMAGE_HASH].size <= info.total_size);
        }
    } while (next(&way));
}

static void no_read_leaves_the_area(void **state)
{
    (void)state;
    for (size_t image = 0; image < IMAGE_COUNT; image++) {
        uint32_t begin = UD_IMAGE_HEADER_SIZE + images[image][1];
        for (uint32_t past = 0; past < 160; past++) {
            try_all(image, past);
            try_all(image, begin + past < begin ? UINT32_MAX : begin + past);
        }
        try_all(image, UINT32_MAX);
    }
    print_message("%lu images, %lu of them parse\n", tried, parsed);
    assert_true(parsed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_read_leaves_the_area)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
