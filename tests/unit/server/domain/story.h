/* The story that tests of rollouts tell: twenty devices of 1.0.0 and a release 2.0.0. */
#ifndef UD_TEST_STORY_H
#define UD_TEST_STORY_H

#include "tests/unit/server/domain/world.h"

#define FLEET 20

typedef struct {
    world_t world;
    actor_t actors[FLEET];
    char release[16];
    char rollout[16];
} story_t;

extern story_t story;

extern const double demo_plan[]; /* 10 percent, 40 percent, the rest */

/* Set-up and tear-down of each test. */
int story_begin(void **state);
int story_end(void **state);

/* Starts the rollout of the release; `plan` as for world_rollout(). */
void roll_out(const double *plan);

/* The rollout as it is now. */
const ud_rollout_t *view(void);

/* All check in once; how many are told to install? */
unsigned poll_all(void);

/* Devices that work on an update; the first of them. */
unsigned updating(void);
actor_t *first_offered(void);

/* All that work on an update end it, in success or with a failed self-test. */
void finish_all(bool good);

#endif
