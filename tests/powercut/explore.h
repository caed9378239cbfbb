/* Exploring all that power cuts and bad words can make of a run. */
#ifndef UD_TESTS_POWERCUT_EXPLORE_H
#define UD_TESTS_POWERCUT_EXPLORE_H

#include "ports/posix/board.h"

typedef struct {
    unsigned long words;  /* --words: bytes of a flash word; the caller's matter */
    unsigned long depth;  /* --depth: power cuts in one life */
    unsigned long sample; /* --sample: of the states of the last depth, enter one in so many */
    unsigned long faults; /* --faults: of the faults out of nowhere, strike one in so many; 0: none */
    unsigned long seed;   /* --seed: which of them */
    const char *replay;   /* --replay: only this path, told step by step */
} explore_options_t;

/* Reads the command line; prints the usage and gives false when it is wrong. */
bool explore_options_read(explore_options_t *options, int argc, char **argv);

/* Runs from power-up to the end of the life; sets *(const char **)complaint to NULL or to what is wrong. */
typedef void (*explore_life_t)(ud_port_t *board, void *complaint);

/* Explores from the state of `board`; prints counts, and of each failure the one command that shows it again.
 * True if nothing failed.
 */
bool explore(ud_port_t *board, explore_life_t life, const explore_options_t *options);

#endif
