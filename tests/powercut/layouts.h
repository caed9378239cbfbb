/* The flash layouts that are declared to be supported and proved to survive: a table of areas, and alignments. */
#ifndef UD_TESTS_POWERCUT_LAYOUTS_H
#define UD_TESTS_POWERCUT_LAYOUTS_H

#include "include/updraft/port.h"

#include <stdbool.h>

/* A layout with an alignment, and in a few with flash that reads 0x00 where it is erased. */
typedef struct {
    char name[48]; /* LAYOUT@WORD, or LAYOUT-zero@WORD */
    ud_area_geometry_t areas[UD_AREA_COUNT];
} powercut_geometry_t;

/* Each layout in four alignments: 1 or 4 as it says, 8, 16 and 32 bytes; areas of external flash keep their words of 1 and
 * erased bytes of 0xFF. Behind them a few pairs of layout and alignment whose other areas have erased bytes of 0x00.
 */
extern const size_t powercut_geometry_count;
void powercut_geometry_make(size_t index, powercut_geometry_t *geometry);

/* The geometry of that name; false if there is none. */
bool powercut_geometry_find(const char *name, powercut_geometry_t *geometry);

#endif
