/* The flash layouts that are declared to be supported and proved to survive: a table of areas, and alignments. */
#ifndef UD_TESTS_POWERCUT_LAYOUTS_H
#define UD_TESTS_POWERCUT_LAYOUTS_H

#include "include/updraft/port.h"

#include <stdbool.h>

/* A layout with an alignment. */
typedef struct {
    char name[48]; /* LAYOUT@WORD */
    ud_area_geometry_t areas[UD_AREA_COUNT];
} powercut_geometry_t;

/* Columns of alignment: 1 or 4 as the layout says, 8, 16 and 32 bytes. Areas of external flash keep their words of 1. */
#define POWERCUT_ALIGNMENT_COUNT 4

extern const size_t powercut_layout_count;

/* The geometry of that layout (its index) and alignment (its column). */
void powercut_geometry_make(size_t layout, size_t alignment, powercut_geometry_t *geometry);

/* The geometry of that name; false if there is none. */
bool powercut_geometry_find(const char *name, powercut_geometry_t *geometry);

#endif
