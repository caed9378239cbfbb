#include "tests/unit/server/domain/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

story_t story;

const double demo_plan[] = {10, 40, 0};

int story_begin(void **state)
{
    (void)state;
    memset(&story, 0, sizeof(story));
    world_begin(&story.world, NULL);
    for (unsigned i = 0; i < FLEET; i++) {
        actor_join(&story.world, &story.actors[i], i, "1.0.0");
    }
    strcpy(story.release, world_release(&story.world, "2.0.0"));
    return 0;
}

int story_end(void **state)
{
    (void)state;
    world_end(&story.world);
    return 0;
}

void roll_out(const double *plan)
{
    strcpy(story.rollout, world_rollout(&story.world, story.release, plan)->id);
}

const ud_rollout_t *view(void)
{
    return world_rollout_view(&story.world, story.rollout);
}

/* All check in once; how many have been offered something? */
unsigned poll_all(void)
{
    unsigned offered = 0;
    for (unsigned i = 0; i < FLEET; i++) {
        assert_int_equal(actor_checkin(&story.world, &story.actors[i]), UD_OK);
        offered += actor_is_offered(&story.actors[i]) ? 1 : 0;
    }
    return offered;
}

unsigned updating(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < FLEET; i++) {
        count += story.actors[i].update_id != 0 ? 1 : 0;
    }
    return count;
}

void finish_all(bool good)
{
    for (unsigned i = 0; i < FLEET; i++) {
        if (story.actors[i].update_id != 0 && good) {
            actor_succeed(&story.world, &story.actors[i]);
        } else if (story.actors[i].update_id != 0) {
            actor_roll_back(&story.world, &story.actors[i], UD_ERR_SELF_TEST_FAILED);
        }
    }
}

actor_t *first_offered(void)
{
    for (unsigned i = 0; i < FLEET; i++) {
        if (story.actors[i].update_id != 0) {
            return &story.actors[i];
        }
    }
    fail_msg("nobody was offered anything");
    return NULL;
}
