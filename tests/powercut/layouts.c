#include "tests/powercut/layouts.h"

#include <stdio.h>
#include <string.h>

#define KB 1024u

/* Of external flash: its words do not follow the alignment. */
#define EXTERNAL 1

typedef struct {
    uint32_t sectors;
    uint32_t sector_size_bytes;
    uint16_t write_size_bytes; /* 0: the alignment's */
} part_t;

/* In each, slot A has whole units (core/slot/slot.h) and slot B at least one more. */
static const struct {
    const char *name;
    uint16_t word; /* of the first column of alignments */
    part_t journal;
    part_t slot_a;
    part_t slot_b;
    part_t identity;
} layouts[] = {
    /* everything of one kind */
    {"smallest", 4, {4, 512, 0}, {8, 512, 0}, {16, 512, 0}, {4, 512, 0}},
    {"page-512", 4, {16, 512, 0}, {32, 512, 0}, {40, 512, 0}, {4, 512, 0}},
    {"page-1k", 4, {8, 1 * KB, 0}, {12, 1 * KB, 0}, {16, 1 * KB, 0}, {2, 1 * KB, 0}},
    {"page-2k", 4, {4, 2 * KB, 0}, {8, 2 * KB, 0}, {10, 2 * KB, 0}, {2, 2 * KB, 0}},
    {"sector-4k", 1, {4, 4 * KB, 0}, {4, 4 * KB, 0}, {5, 4 * KB, 0}, {2, 4 * KB, 0}},
    {"sector-8k", 1, {4, 8 * KB, 0}, {3, 8 * KB, 0}, {4, 8 * KB, 0}, {2, 8 * KB, 0}},
    {"sector-16k", 1, {4, 16 * KB, 0}, {3, 16 * KB, 0}, {4, 16 * KB, 0}, {2, 16 * KB, 0}},
    {"sector-64k", 1, {4, 64 * KB, 0}, {2, 64 * KB, 0}, {3, 64 * KB, 0}, {2, 64 * KB, 0}},
    {"sector-128k", 4, {4, 128 * KB, 0}, {2, 128 * KB, 0}, {3, 128 * KB, 0}, {2, 128 * KB, 0}},
    {"sector-256k", 1, {4, 256 * KB, 0}, {1, 256 * KB, 0}, {2, 256 * KB, 0}, {2, 256 * KB, 0}},
    /* slot B of more places than slot A can use */
    {"uneven", 4, {6, 2 * KB, 0}, {6, 2 * KB, 0}, {14, 2 * KB, 0}, {2, 2 * KB, 0}},
    /* a journal with sectors of its own, smaller and larger than the slots' */
    {"journal-512", 1, {8, 512, 0}, {3, 16 * KB, 0}, {4, 16 * KB, 0}, {4, 512, 0}},
    {"journal-16k", 4, {4, 16 * KB, 0}, {8, 1 * KB, 0}, {12, 1 * KB, 0}, {2, 16 * KB, 0}},
    /* slot A inside the chip, slot B on SPI NOR; the reverse */
    {"2k-and-nor-4k", 4, {4, 1 * KB, 0}, {8, 2 * KB, 0}, {5, 4 * KB, EXTERNAL}, {2, 2 * KB, 0}},
    {"128k-and-nor-4k", 4, {4, 4 * KB, EXTERNAL}, {2, 128 * KB, 0}, {96, 4 * KB, EXTERNAL}, {2, 4 * KB, EXTERNAL}},
    {"4k-and-nor-64k", 4, {4, 4 * KB, 0}, {32, 4 * KB, 0}, {3, 64 * KB, EXTERNAL}, {2, 4 * KB, 0}},
};
#define LAYOUT_COUNT (sizeof layouts / sizeof layouts[0])

static const uint16_t alignments[] = {0, 8, 16, 32};
#define ALIGNMENT_COUNT (sizeof alignments / sizeof alignments[0])

/* Layout and alignment of each geometry whose erased bytes are 0x00. */
static const struct {
    uint8_t layout;
    uint8_t alignment;
} zeros[] = {{0, 1}, {3, 0}, {4, 2}, {13, 3}};
#define ZERO_COUNT (sizeof zeros / sizeof zeros[0])

const size_t powercut_geometry_count = LAYOUT_COUNT * ALIGNMENT_COUNT + ZERO_COUNT;

void powercut_geometry_make(size_t index, powercut_geometry_t *geometry)
{
    bool zero = index >= LAYOUT_COUNT * ALIGNMENT_COUNT;
    size_t pair = zero ? index - LAYOUT_COUNT * ALIGNMENT_COUNT : 0;
    size_t layout = zero ? zeros[pair].layout : index / ALIGNMENT_COUNT;
    uint16_t alignment = alignments[zero ? zeros[pair].alignment : index % ALIGNMENT_COUNT];
    uint16_t word = alignment == 0 ? layouts[layout].word : alignment;
    const part_t *parts[UD_AREA_COUNT] = {&layouts[layout].journal, &layouts[layout].slot_a, &layouts[layout].slot_b,
                                          &layouts[layout].identity};
    (void)snprintf(geometry->name, sizeof geometry->name, "%s%s@%u", layouts[layout].name, zero ? "-zero" : "", word);
    for (int area = 0; area < UD_AREA_COUNT; area++) {
        const part_t *part = parts[area];
        bool inside = part->write_size_bytes == 0;
        geometry->areas[area] = (ud_area_geometry_t){.size_bytes = part->sectors * part->sector_size_bytes,
                                                     .sector_size_bytes = part->sector_size_bytes,
                                                     .write_size_bytes = inside ? word : part->write_size_bytes,
                                                     .erased_value = zero && inside ? 0x00 : 0xFF};
    }
}

bool powercut_geometry_find(const char *name, powercut_geometry_t *geometry)
{
    for (size_t index = 0; index < powercut_geometry_count; index++) {
        powercut_geometry_make(index, geometry);
        if (strcmp(geometry->name, name) == 0) {
            return true;
        }
    }
    return false;
}
