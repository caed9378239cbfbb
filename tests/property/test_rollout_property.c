/* Random fleets, plans, outcomes, silences, late joiners, acts of people and restarts; what must always hold, holds.
 *
 * Replay one story: UD_SEED=<printed seed> build/host/tests/test_rollout_property
 */
#include "server/domain/state.h"
#include "tests/unit/server/domain/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STORY_COUNT 24
#define STEP_COUNT 400
#define ACTOR_COUNT_MAX 80
#define ROLLOUT_COUNT_MAX 4

typedef struct {
    world_t world;
    uint64_t random;
    actor_t actors[ACTOR_COUNT_MAX];
    ud_device_state_t working[ACTOR_COUNT_MAX]; /* where the actor is with its update */
    unsigned actor_count;
    unsigned rollout_count;
    uint32_t last_rollout[ACTOR_COUNT_MAX]; /* of its last offer */
    uint32_t last_update[ACTOR_COUNT_MAX];
    unsigned bad_percent; /* of updates that roll back */
} story_t;

static story_t story;

static uint32_t draw(uint32_t below)
{
    story.random = story.random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((story.random >> 33) % below);
}

/* ---- what must hold ------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t counts[ROLLOUT_COUNT_MAX][UD_BATCH_COUNT_MAX][UD_EXECUTION_STATE_COUNT];
} ledger_t;

static ud_err_t count_execution(void *context, ud_row_type_t type, const void *row)
{
    ledger_t *ledger = context;
    if (type == UD_ROW_EXECUTION) {
        const ud_row_execution_t *execution = row;
        ledger->counts[execution->rollout - 1][execution->batch][execution->state]++;
    }
    return UD_OK;
}

/* Counters in RAM are those of the executions in the store. */
static void check_ledger(const ud_fleet_t *fleet)
{
    static ledger_t ledger;
    memset(&ledger, 0, sizeof(ledger));
    assert_int_equal(story.world.store->ops->load(story.world.store, count_execution, &ledger), UD_OK);
    for (size_t r = 0; r < fleet->rollout_count; r++) {
        const ud_rollout_live_t *rollout = fleet->rollouts[r];
        for (uint8_t b = 0; b < rollout->batch_count && rollout->row.status != UD_ROLLOUT_COMPLETED; b++) {
            assert_int_equal(rollout->batches[b].succeeded, ledger.counts[r][b][UD_EXECUTION_SUCCEEDED]);
            assert_int_equal(rollout->batches[b].failed, ledger.counts[r][b][UD_EXECUTION_FAILED]);
            assert_int_equal(rollout->batches[b].rolled_back, ledger.counts[r][b][UD_EXECUTION_ROLLED_BACK]);
        }
    }
}

/* Counters that follow every change are those of a count from nothing. */
static void check_census(ud_fleet_t *fleet)
{
    for (size_t i = 0; i < fleet->active_count; i++) {
        ud_rollout_live_t *rollout = fleet->active[i];
        ud_rollout_live_t before = *rollout;
        ud_census_count(fleet, rollout);
        for (uint8_t b = 0; b < rollout->batch_count; b++) {
            ud_batch_state_live_t *now = &rollout->batches[b];
            const ud_batch_state_live_t *was = &before.batches[b];
            assert_int_equal(was->open, now->open);
            assert_int_equal(was->open_online, now->open_online);
            assert_int_equal(was->retry, now->retry);
            assert_int_equal(was->wait, now->wait);
            assert_int_equal(was->wait_online, now->wait_online);
            assert_int_equal(was->wait_held, now->wait_held);
            /* planned + joined - left = offered + waiting */
            uint32_t offered = was->open + was->succeeded + was->failed + was->rolled_back;
            assert_int_equal(was->row.planned + was->joined - was->left, offered + was->wait);
            now->joined = was->joined;
            now->left = was->left;
        }
        rollout->check = before.check;
    }
    uint32_t devices = 0;
    uint32_t online = 0;
    uint32_t states[UD_VIEW_STATE_COUNT] = {0};
    for (uint32_t i = 0; i < fleet->devices.count; i++) {
        if ((fleet->devices.flags[i] & UD_DEVICE_RETIRED) == 0) {
            devices++;
            online += (fleet->devices.flags[i] & UD_DEVICE_ONLINE) != 0 ? 1 : 0;
            states[ud_execution_view(fleet->devices.state[i])]++;
        }
    }
    assert_int_equal(fleet->device_count, devices);
    assert_int_equal(fleet->online_count, online);
    assert_memory_equal(fleet->states, states, sizeof(states));
}

/* A running rollout is inside its limits. */
static void check_limits(const ud_fleet_t *fleet)
{
    for (size_t i = 0; i < fleet->active_count; i++) {
        const ud_rollout_live_t *rollout = fleet->active[i];
        uint32_t outcomes = 0;
        uint32_t failures = 0;
        for (uint8_t b = 0; b < rollout->batch_count; b++) {
            const ud_batch_state_live_t *batch = &rollout->batches[b];
            outcomes += batch->succeeded + batch->failed + batch->rolled_back;
            failures += batch->failed + batch->rolled_back;
            assert_true(b <= rollout->row.current || batch->open == 0);
        }
        uint32_t planned = rollout->batches[rollout->row.current].row.planned;
        uint32_t sample = rollout->row.min_sample < planned ? rollout->row.min_sample : planned;
        if (rollout->row.status == UD_ROLLOUT_RUNNING && rollout->row.base_outcomes == 0 && outcomes >= sample) {
            assert_true(100.0 * failures <= rollout->row.failure_limit_percent * outcomes);
        }
    }
}

static void check_all(void)
{
    check_ledger(story.world.fleet);
    check_census(story.world.fleet);
    check_limits(story.world.fleet);
}

/* A new offer is one that was due. */
static void check_offer(unsigned a)
{
    const ud_fleet_t *fleet = story.world.fleet;
    const ud_devices_t *d = &fleet->devices;
    const actor_t *actor = &story.actors[a];
    if (!actor_is_offered(actor) || actor->offer.update_id == story.last_update[a]) {
        return;
    }
    uint32_t i = ud_devices_find(d, actor->id) - 1;
    const ud_rollout_live_t *rollout = fleet->rollouts[d->rollout[i] - 1];
    const ud_batch_state_live_t *batch = &rollout->batches[d->batch[i]];
    assert_int_equal(d->update_id[i], actor->offer.update_id);
    assert_int_equal(rollout->row.status, UD_ROLLOUT_RUNNING);
    assert_true(d->batch[i] <= rollout->row.current);
    assert_true((d->flags[i] & UD_DEVICE_HOLD) == 0);
    if (d->batch[i] == rollout->row.current && batch->row.state == UD_BATCH_RUNNING) {
        assert_true(batch->open + batch->succeeded + batch->failed + batch->rolled_back <= batch->row.planned);
    }
    assert_true(rollout->row.concurrency_max == 0 || ud_gate_busy(rollout) <= rollout->row.concurrency_max);
    if (story.last_rollout[a] == rollout->row.number) {
        assert_true(d->attempt[i] > 1 || !ud_census_is_done(rollout, i + 1));
    }
    assert_false(ud_census_is_done(rollout, i + 1));
    story.last_update[a] = actor->offer.update_id;
    story.last_rollout[a] = rollout->row.number;
}

/* ---- what happens ------------------------------------------------------------------------------------------------- */

static void join(void)
{
    if (story.actor_count < ACTOR_COUNT_MAX) {
        unsigned n = story.actor_count++;
        actor_join(&story.world, &story.actors[n], n, draw(4) == 0 ? "1.1.0" : "1.0.0");
        story.working[n] = UD_DEVICE_IDLE;
    }
}

/* The state after `state` on the way of an update, with all that can go wrong. */
static ud_device_state_t next_of(ud_device_state_t state)
{
    if (draw(25) == 0) {
        return UD_DEVICE_FAILED;
    }
    if (state == UD_DEVICE_DOWNLOADING) {
        return draw(2) == 0 ? UD_DEVICE_DOWNLOADING : UD_DEVICE_STAGED;
    }
    if (state == UD_DEVICE_STAGED) {
        return UD_DEVICE_TRIAL;
    }
    if (state == UD_DEVICE_TRIAL) {
        return draw(100) < story.bad_percent ? UD_DEVICE_REVERTED : UD_DEVICE_CONFIRMED;
    }
    return draw(10) == 0 ? UD_DEVICE_REFUSED : UD_DEVICE_DOWNLOADING;
}

static void work_on_update(actor_t *actor, ud_device_state_t *state)
{
    static const ud_err_t errors[] = {UD_ERR_DOWNLOAD_FAILED, UD_ERR_FLASH_WRITE, UD_ERR_KNOWN_BAD, UD_ERR_LOW_COUNTER};
    *state = next_of(*state);
    ud_err_t error = UD_OK;
    if (*state == UD_DEVICE_FAILED || *state == UD_DEVICE_REFUSED) {
        error = errors[draw(4)];
    } else if (*state == UD_DEVICE_REVERTED) {
        error = UD_ERR_SELF_TEST_FAILED;
    } else if (*state == UD_DEVICE_CONFIRMED) {
        memcpy(actor->version, actor->offer.version, sizeof(actor->version));
        memcpy(actor->image_digest, actor->offer.image_digest, sizeof(actor->image_digest));
    }
    ud_offer_t offer = actor->offer;
    uint32_t about = actor->update_id;
    assert_int_equal(actor_report(&story.world, actor, *state, error), UD_OK);
    bool over = *state == UD_DEVICE_FAILED || *state == UD_DEVICE_REFUSED || *state == UD_DEVICE_REVERTED ||
                *state == UD_DEVICE_CONFIRMED;
    if (actor_is_offered(actor) && actor->update_id != about) {
        *state = UD_DEVICE_IDLE; /* another one at once */
    } else if (actor->offer.action == UD_ACTION_CANCEL && !over && *state == UD_DEVICE_DOWNLOADING) {
        assert_int_equal(actor_report(&story.world, actor, UD_DEVICE_CANCELLED, UD_ERR_CANCELLED), UD_OK);
        actor->update_id = actor_is_offered(actor) ? actor->update_id : 0;
        *state = UD_DEVICE_IDLE;
    } else if (over) {
        actor->update_id = 0;
        *state = UD_DEVICE_IDLE;
    } else {
        actor->offer = offer; /* what it installs in the end */
    }
}

static void someone_reports(void)
{
    unsigned a = draw(story.actor_count);
    actor_t *actor = &story.actors[a];
    if (draw(40) == 0) { /* it lost its journal */
        actor->epoch += 1000;
        actor->update_id = 0;
        story.working[a] = UD_DEVICE_IDLE;
    }
    if (draw(20) == 0 && actor->sequence > 0) { /* it did not hear the answer */
        actor->sequence--;
    }
    if (actor->update_id == 0) {
        assert_int_equal(actor_checkin(&story.world, actor), UD_OK);
        story.working[a] = UD_DEVICE_IDLE;
    } else {
        work_on_update(actor, &story.working[a]);
    }
    check_offer(a);
}

static void start_rollout(void)
{
    if (story.rollout_count == ROLLOUT_COUNT_MAX) {
        return;
    }
    char version[16];
    snprintf(version, sizeof(version), "%u.0.0", 2 + story.rollout_count);
    world_release(&story.world, version);
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_CREATE);
    ud_rollout_in_t *in = &command->in.rollout;
    in->release_id = version;
    in->failure_limit_percent = draw(3) == 0 ? 100 : draw(40);
    in->success_percent = 1 + draw(100);
    in->min_sample = draw(6);
    in->soak_s = draw(3) * 20;
    in->concurrency_max = draw(3) == 0 ? 1 + draw(5) : 0;
    in->retries_max = draw(3);
    in->progress_timeout_s = 60 + draw(200);
    in->plan_count = draw(5);
    for (size_t i = 0; i < in->plan_count; i++) {
        in->plans[i] = draw(2) == 0 ? (ud_batch_plan_t){1 + draw(20), 0} : (ud_batch_plan_t){0, 1 + draw(8)};
    }
    ud_err_t err = world_do(&story.world);
    assert_true(err == UD_OK || err == UD_ERR_CONFLICT);
    if (err == UD_OK) {
        const ud_rollout_live_t *rollout = story.world.fleet->rollouts[story.rollout_count++];
        for (uint8_t b = 0; b < rollout->batch_count; b++) { /* its boundaries hold exactly what was planned */
            assert_int_equal(rollout->batches[b].wait, rollout->batches[b].row.planned);
        }
    }
    story.bad_percent = draw(3) == 0 ? 80 : draw(20);
}

static void a_person_acts(void)
{
    char id[16];
    snprintf(id, sizeof(id), "R-%u", 1 + draw(ROLLOUT_COUNT_MAX));
    ud_command_t *command = world_ask(&story.world, UD_COMMAND_ROLLOUT_ACT);
    command->in.rollout_act = (ud_rollout_act_in_t){id, (ud_rollout_act_t)draw(3), NULL};
    (void)!world_do(&story.world); /* what the status does not allow is refused */
    command = world_ask(&story.world, UD_COMMAND_DEVICE_UPDATE);
    const char *device = story.actors[draw(story.actor_count)].id;
    command->in.device = (ud_device_update_in_t){.device_id = device, .hold = (int)draw(2)};
    command->in.device.group = draw(2) == 0 ? "beta" : NULL;
    assert_int_equal(world_do(&story.world), UD_OK);
}

static void step(void)
{
    uint32_t dice = draw(1000);
    if (dice < 820) {
        someone_reports();
    } else if (dice < 900) {
        world_sleep(&story.world, 1 + draw(30));
    } else if (dice < 940) {
        join();
    } else if (dice < 965) {
        a_person_acts();
    } else if (dice < 985) {
        start_rollout();
    } else {
        world_restart(&story.world);
    }
}

static void play(uint64_t seed)
{
    memset(&story, 0, sizeof(story));
    story.random = seed;
    world_begin(&story.world, NULL);
    world_ask(&story.world, UD_COMMAND_GROUP_CREATE)->in.group.name = "beta";
    assert_int_equal(world_do(&story.world), UD_OK);
    for (unsigned i = 5 + draw(40); i > 0; i--) {
        join();
    }
    start_rollout();
    for (unsigned n = 0; n < STEP_COUNT; n++) {
        step();
        check_all();
    }
    world_end(&story.world);
}

static void whatever_happens_the_rollout_keeps_its_promises(void **state)
{
    (void)state;
    const char *chosen = getenv("UD_SEED");
    for (uint64_t seed = 1; seed <= (chosen != NULL ? 1 : STORY_COUNT); seed++) {
        uint64_t used = chosen != NULL ? strtoull(chosen, NULL, 10) : seed;
        fprintf(stderr, "\rseed %llu ", (unsigned long long)used);
        play(used);
    }
    fprintf(stderr, "\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_happens_the_rollout_keeps_its_promises)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
