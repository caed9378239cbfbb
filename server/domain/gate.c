/* Gates: when a batch has passed, when a rollout stops itself, when it is over.
 *
 *      WAITING --> RUNNING --- share of successes reached ---> SOAKING ---> PASSED, and the next batch runs
 *                     |                                           |
 *                     +--- failure limit, or ended below the share of successes ---> HALTED
 *
 * Only reachable devices count: one that was never reached neither blocks nor fails a gate. A batch of which nobody was
 * reached waits, for nothing is known of the release yet. The limit is looked at with every outcome, in the commit of that
 * outcome, so that no offer leaves after a breach.
 */
#include "core/base/assert.h"
#include "server/domain/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { GATE_OPEN, GATE_PASSED, GATE_FAILED } gate_t;

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t less(uint32_t a, uint32_t b)
{
    return a > b ? a - b : 0;
}

static uint32_t failures_of(const ud_batch_state_live_t *batch)
{
    return less(batch->failed + batch->rolled_back, batch->row.accepted);
}

static uint32_t outcomes_of(const ud_batch_state_live_t *batch)
{
    return batch->succeeded + batch->failed + batch->rolled_back;
}

uint32_t ud_gate_busy(const ud_rollout_live_t *rollout)
{
    uint32_t busy = 0;
    for (uint8_t i = 0; i < rollout->batch_count; i++) {
        busy += rollout->batches[i].open - rollout->batches[i].retry;
    }
    return busy;
}

/* Members of the open batch that wait, can be reached, and have a place in it. */
static uint32_t expected(const ud_batch_state_live_t *batch)
{
    return least(batch->wait_online, less(batch->row.planned, outcomes_of(batch) + batch->open));
}

static bool is_exhausted(const ud_batch_state_live_t *batch)
{
    return batch->open_online == 0 && expected(batch) == 0;
}

static uint32_t sample_of(const ud_rollout_live_t *rollout, const ud_batch_state_live_t *batch)
{
    uint32_t planned = batch->row.planned > 0 ? batch->row.planned : 1;
    return least(rollout->row.min_sample, planned);
}

static bool is_breached(const ud_rollout_live_t *rollout, const ud_batch_state_live_t *open)
{
    uint32_t outcomes = 0;
    uint32_t failures = 0;
    for (uint8_t i = 0; i < rollout->batch_count; i++) {
        outcomes += outcomes_of(&rollout->batches[i]);
        failures += failures_of(&rollout->batches[i]);
    }
    outcomes = less(outcomes, rollout->row.base_outcomes);
    if (outcomes < sample_of(rollout, open) && !is_exhausted(open)) {
        return false;
    }
    return 100.0 * failures > rollout->row.failure_limit_percent * outcomes;
}

static gate_t gate_of(const ud_rollout_live_t *rollout, const ud_batch_state_live_t *batch)
{
    bool last = rollout->row.current + 1 == rollout->batch_count;
    bool exhausted = is_exhausted(batch);
    uint32_t outcomes = outcomes_of(batch);
    if (outcomes == 0) {
        return batch->open == 0 && (batch->row.planned == 0 || batch->wait == 0) ? GATE_PASSED : GATE_OPEN;
    }
    uint32_t counted = batch->succeeded + failures_of(batch);
    uint32_t reachable = counted + batch->open_online + expected(batch);
    bool enough = counted >= least(sample_of(rollout, batch), reachable) &&
                  100.0 * batch->succeeded >= rollout->row.success_percent * reachable;
    if (enough && (exhausted || !last)) {
        return GATE_PASSED;
    }
    return exhausted && !enough ? GATE_FAILED : GATE_OPEN;
}

/* ---- changes ------------------------------------------------------------------------------------------------------ */

static void set_batch(ud_fleet_t *fleet, ud_rollout_live_t *rollout, uint8_t index, ud_batch_state_t state)
{
    rollout->batches[index].row.state = (uint8_t)state;
    rollout->revision = ++fleet->revision;
    ud_pending_ref(fleet, UD_ROW_BATCH, rollout->row.number, index);
    ud_pending_ref(fleet, UD_ROW_ROLLOUT, rollout->row.number, 0);
}

static ud_event_spec_t event_of(const ud_rollout_live_t *rollout, const char *kind)
{
    return (ud_event_spec_t){.kind = kind, .object_type = UD_OBJECT_ROLLOUT, .object = rollout->row.number};
}

static void advance(ud_fleet_t *fleet, ud_rollout_live_t *rollout)
{
    uint8_t index = rollout->row.current;
    set_batch(fleet, rollout, index, UD_BATCH_PASSED);
    ud_event(fleet, event_of(rollout, "batch_passed"), "Batch %u passed: %u of %u outcomes are successes.", index + 1u,
             rollout->batches[index].succeeded, outcomes_of(&rollout->batches[index]));
    if (index + 1 < rollout->batch_count) {
        rollout->row.current++;
        set_batch(fleet, rollout, rollout->row.current, UD_BATCH_RUNNING);
        ud_event(fleet, event_of(rollout, "batch_opened"), "Batch %u is open for %u devices.", index + 2u,
                 rollout->batches[index + 1].row.planned);
    }
}

static void pass(ud_fleet_t *fleet, ud_rollout_live_t *rollout)
{
    bool last = rollout->row.current + 1 == rollout->batch_count;
    if (last || rollout->row.soak_s == 0) {
        advance(fleet, rollout);
        return;
    }
    set_batch(fleet, rollout, rollout->row.current, UD_BATCH_SOAKING);
    rollout->soak_until_ms = fleet->now.monotonic_ms + rollout->row.soak_s * 1000ull;
    ud_event(fleet, event_of(rollout, "batch_soaks"), "Batch %u soaks for %u s.", rollout->row.current + 1u,
             rollout->row.soak_s);
}

void ud_gate_stop(ud_fleet_t *fleet, ud_rollout_live_t *rollout, ud_rollout_status_t status, ud_stop_t stop,
                  const char *reason)
{
    bool halted = status == UD_ROLLOUT_HALTED;
    rollout->row.status = (uint8_t)status;
    rollout->row.stop = (uint8_t)stop;
    free((void *)rollout->row.stop_reason);
    rollout->row.stop_reason = ud_text_keep(reason);
    if (halted && rollout->batches[rollout->row.current].row.state != UD_BATCH_PASSED) {
        set_batch(fleet, rollout, rollout->row.current, UD_BATCH_HALTED);
    }
    rollout->revision = ++fleet->revision;
    ud_event(fleet, event_of(rollout, halted ? "rollout_halted" : "rollout_paused"), "%s%s%s",
             halted ? "Halted" : "Paused", reason != NULL ? ": " : ".", reason != NULL ? reason : "");
}

/* A person looked at it and goes on: what failed so far is accepted, the limit counts from here, and a batch that has
 * nobody left to offer to gives way to the next.
 */
void ud_gate_resume(ud_fleet_t *fleet, ud_rollout_live_t *rollout)
{
    bool halted = rollout->row.status == UD_ROLLOUT_HALTED;
    rollout->row.status = UD_ROLLOUT_RUNNING;
    rollout->row.stop = UD_STOP_NONE;
    free((void *)rollout->row.stop_reason);
    rollout->row.stop_reason = NULL;
    rollout->row.base_outcomes = halted ? 0 : rollout->row.base_outcomes;
    for (uint8_t i = 0; halted && i < rollout->batch_count; i++) {
        ud_batch_state_live_t *batch = &rollout->batches[i];
        rollout->row.base_outcomes += outcomes_of(batch);
        batch->row.accepted = batch->failed + batch->rolled_back;
        ud_pending_ref(fleet, UD_ROW_BATCH, rollout->row.number, i);
    }
    if (rollout->batches[rollout->row.current].row.state == UD_BATCH_HALTED) {
        set_batch(fleet, rollout, rollout->row.current, UD_BATCH_RUNNING);
    }
    rollout->reached_ms = fleet->now.monotonic_ms;
    rollout->revision = ++fleet->revision;
    rollout->check = true;
    ud_event(fleet, event_of(rollout, "rollout_resumed"), "Resumed.");
}

void ud_gate_complete(ud_fleet_t *fleet, ud_rollout_live_t *rollout)
{
    size_t at = 0;
    while (fleet->active[at] != rollout) {
        at++;
        UD_ASSERT(at < fleet->active_count);
    }
    fleet->active_count--;
    memmove(&fleet->active[at], &fleet->active[at + 1], (fleet->active_count - at) * sizeof(fleet->active[0]));
    rollout->row.status = UD_ROLLOUT_COMPLETED;
    rollout->row.ended_ms = fleet->now.wall_ms;
    rollout->revision = ++fleet->revision;
    free(rollout->done);
    rollout->done = NULL;
    rollout->done_size = 0;
    ud_pending_ref(fleet, UD_ROW_TALLY, rollout->row.number, 0);
    ud_event(fleet, event_of(rollout, "rollout_completed"), "Completed.");
}

/* Everyone who can be reached had an outcome; those who are silent are given the tail. */
static void try_complete(ud_fleet_t *fleet, ud_rollout_live_t *rollout)
{
    uint32_t reachable = 0;
    uint32_t silent = 0;
    for (uint8_t i = 0; i < rollout->batch_count; i++) {
        const ud_batch_state_live_t *batch = &rollout->batches[i];
        reachable += batch->open_online + batch->wait_online;
        silent += batch->open - batch->open_online + batch->wait - batch->wait_online - batch->wait_held;
    }
    if (reachable > 0) {
        rollout->reached_ms = fleet->now.monotonic_ms;
        return;
    }
    uint64_t tail_ms = fleet->config.tail_s * 1000ull;
    if (silent == 0 || fleet->now.monotonic_ms - rollout->reached_ms >= tail_ms) {
        ud_gate_complete(fleet, rollout);
    }
}

static void halt_by_limit(ud_fleet_t *fleet, ud_rollout_live_t *rollout)
{
    char reason[160];
    uint32_t failures = 0;
    uint32_t outcomes = 0;
    for (uint8_t i = 0; i < rollout->batch_count; i++) {
        failures += failures_of(&rollout->batches[i]);
        outcomes += outcomes_of(&rollout->batches[i]);
    }
    snprintf(reason, sizeof(reason), "%u of %u devices failed or rolled back; the limit is %g %%", failures,
             less(outcomes, rollout->row.base_outcomes), rollout->row.failure_limit_percent);
    ud_gate_stop(fleet, rollout, UD_ROLLOUT_HALTED, UD_STOP_FAILURE_LIMIT, reason);
}

static void halt_by_gate(ud_fleet_t *fleet, ud_rollout_live_t *rollout)
{
    const ud_batch_state_live_t *batch = &rollout->batches[rollout->row.current];
    char reason[160];
    snprintf(reason, sizeof(reason), "Batch %u ended with %u of %u successful; the gate asks for %g %%",
             rollout->row.current + 1u, batch->succeeded, batch->succeeded + failures_of(batch),
             rollout->row.success_percent);
    ud_gate_stop(fleet, rollout, UD_ROLLOUT_HALTED, UD_STOP_GATE, reason);
}

/* One step of the open batch; true if another may follow at once. */
static bool step(ud_fleet_t *fleet, ud_rollout_live_t *rollout)
{
    const ud_batch_state_live_t *batch = &rollout->batches[rollout->row.current];
    if (is_breached(rollout, batch)) {
        halt_by_limit(fleet, rollout);
        return false;
    }
    switch ((ud_batch_state_t)batch->row.state) {
    case UD_BATCH_RUNNING:
        switch (gate_of(rollout, batch)) {
        case GATE_PASSED:
            pass(fleet, rollout);
            return true;
        case GATE_FAILED:
            halt_by_gate(fleet, rollout);
            return false;
        case GATE_OPEN:
            return false;
        }
        return false;
    case UD_BATCH_SOAKING:
        if (fleet->now.monotonic_ms >= rollout->soak_until_ms) {
            advance(fleet, rollout);
            return true;
        }
        return false;
    case UD_BATCH_PASSED: /* the last one */
        try_complete(fleet, rollout);
        return false;
    case UD_BATCH_WAITING:
    case UD_BATCH_HALTED:
        break;
    }
    return false;
}

void ud_gate_run(ud_fleet_t *fleet)
{
    for (size_t i = fleet->active_count; i-- > 0;) {
        ud_rollout_live_t *rollout = fleet->active[i];
        if (!rollout->check) {
            continue;
        }
        rollout->check = false;
        for (uint8_t n = 0; n <= UD_BATCH_COUNT_MAX && rollout->row.status == UD_ROLLOUT_RUNNING; n++) {
            if (!step(fleet, rollout)) {
                break;
            }
        }
    }
}
