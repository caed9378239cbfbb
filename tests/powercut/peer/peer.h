/* Bootloaders side by side: the same images, the same story, the same power cuts, the same oracle (story.c, score.c). Each is
 * a program of its own, linked with one of these.
 */
#ifndef UD_TESTS_POWERCUT_PEER_PEER_H
#define UD_TESTS_POWERCUT_PEER_PEER_H

#include "tests/powercut/explore.h"
#include "tests/powercut/harness.h"

/* Sectors of slot A; images fill at most PEER_IMAGE_SECTORS of them, so that every bootloader has the room that it needs. */
#define PEER_SLOT_SECTORS 8
#define PEER_IMAGE_SECTORS 6

/* Bytes of one program when the application downloads. */
#define PEER_PAGE 256

typedef struct {
    const char *name;
    uint32_t more_bytes;  /* that slot B has and slot A has not */
    uint32_t own_sectors; /* of the area that is the bootloader's own, journal or scratch area: UD_AREA_JOURNAL */

    /* Offset in slot B at which the application writes a new image. */
    uint32_t (*staging_offset)(const ud_port_t *board);

    /* Runs the bootloader; says what it would jump into, or ends by a reset. NULL or what is wrong. */
    const char *(*boot)(ud_port_t *board, const powercut_images_t *images, powercut_start_t *start);

    /* What the application does: asks for a trial of the new image, which stands in slot B; keeps the image on trial, or
     * finds it kept; gives it up before the reset that follows. False if it was refused.
     */
    bool (*stage)(ud_port_t *board, const powercut_images_t *images);
    bool (*confirm)(ud_port_t *board);
    void (*give_up)(ud_port_t *board);
} peer_t;

/* The one that is linked. */
extern const peer_t peer;

typedef struct {
    powercut_geometry_t geometry; /* its name is SECTOR@WORD */
    powercut_images_t images;
    bool is_revert; /* the story: the new image is given up; else kept */
    uint64_t seed;  /* of the bits of torn words */
} peer_case_t;

/* Makes images and the board before the story's first start: slot A holds the old image, slot B the new one; in a revert the
 * new one is installed and about to start on trial. The caller destroys the board. Ends the program if that fails, or if
 * the bootloader ever starts an image that a stranger signed.
 */
ud_port_t *peer_case_make(peer_case_t *of);

/* One start, for explore(): the bootloader, then the application. */
void peer_start(ud_port_t *board, void *life);

/* What came of the last start, for the name of a failure: what runs, or what the bootloader said before it reset. */
extern char peer_last_words[128];
extern bool peer_runs;

/* The first thing that the bootloader warned of in the last start; empty if nothing. */
extern char peer_warning[64];

/* True in a replay: it says what it does. */
extern bool peer_is_loud;

#endif
