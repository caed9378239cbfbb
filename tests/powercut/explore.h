/* Exploring all that power cuts and bad words can make of a run. */
#ifndef UD_TESTS_POWERCUT_EXPLORE_H
#define UD_TESTS_POWERCUT_EXPLORE_H

#include "ports/posix/board.h"

/* What came of a life that a power cut began; its pointers are good during the call. */
typedef struct {
    const ud_board_fuse_t *cut;
    bool is_erase;         /* the operation that was cut */
    const char *path;      /* for --replay */
    const char *complaint; /* NULL: nothing is wrong */
} explore_outcome_t;

typedef void (*explore_hear_t)(void *context, const explore_outcome_t *outcome);

typedef struct {
    const char *program;  /* its name and what chooses the case, for the command that replays a failure */
    unsigned long depth;  /* --depth: power cuts in one life */
    unsigned long sample; /* --sample: of all cuts, try one in so many */
    unsigned long cuts;   /* --cuts: try about so many; with two in one life, so many pairs. 0: as `sample` says */
    unsigned long faults; /* --faults: of the faults out of nowhere, strike one in so many; 0: none */
    unsigned long late;   /* --late: of the journal's sectors going bad soon after a cut, one in so many; 0: none */
    unsigned long seed;   /* --seed: which of them */
    unsigned long detail; /* --detail: 1: tear each word of a program, and cut at every program of small sectors */
    unsigned long apart;  /* --apart: 1: of two cuts in one life, the second comes in another phase than the first */
    unsigned long lane;   /* --lane: 1 or 2: this lane of the journal refuses writes; 0: none does */
    const char *replay;   /* --replay: only this path, told step by step */
    const char *name;     /* --case: only cases whose name begins so; the caller's matter */
    bool list;            /* --list: names only; the caller's matter */
    bool every;           /* cut at each program of a slot, not only the first, the middle and the last of a sector */
    explore_hear_t hear;  /* not NULL: hears of each life after a cut, and failures are told to it alone */
    void *hear_context;
    unsigned starts_max; /* power-ups in one life; 0: UD_EXPLORE_STARTS_MAX */
    uint32_t erases_max; /* of one sector in one life without faults out of nowhere; 0: any number */
} explore_options_t;

/* Reads the command line, over each cut once if it says nothing; prints the usage and gives false when it is wrong. */
bool explore_options_read(explore_options_t *options, int argc, char **argv);

/* One life, from power-up to power-up: each time the board starts, `start` is run under power. It says when all is done,
 * or what is wrong; else the board is started again, for a bounded number of times.
 */
#define UD_EXPLORE_STARTS_MAX 12

typedef struct {
    const void *context; /* as given to explore() */
    uint32_t told;       /* the caller's, 0 at first: what a start tells the next of the same life */
    uint32_t known;      /* the caller's, 0 at first: what the world outside knows, where no power cut changes it */
    unsigned phase;      /* the caller's, 0 at first: where in its story the life is */
    bool fickle;         /* a fault out of nowhere makes words that were firm read differently from start to start */
    bool done;
    const char *complaint; /* NULL: nothing is wrong */
} explore_life_t;

typedef void (*explore_start_t)(ud_port_t *board, void *life);

/* Explores from the state of `board`; prints counts, and of each failure the one command that shows it again.
 * True if nothing failed.
 */
bool explore(ud_port_t *board, explore_start_t start, const void *context, const explore_options_t *options);

#endif
