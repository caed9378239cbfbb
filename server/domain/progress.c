/* Executions under way: their states, time-outs and retries, and whether a device is there at all. */
#include "core/base/assert.h"
#include "server/domain/state.h"

/* Seconds between two attempts at most; before, the check-in interval doubles with each. */
#define BACKOFF_S_MAX 3600u

static ud_rollout_live_t *rollout_of(const ud_fleet_t *fleet, uint32_t device)
{
    uint32_t number = fleet->devices.rollout[device - 1];
    return number == 0 ? NULL : fleet->rollouts[number - 1];
}

/* ---- deadlines ---------------------------------------------------------------------------------------------------- */

static uint32_t backoff_s(ud_fleet_t *fleet, uint8_t attempt)
{
    uint64_t seconds = (uint64_t)fleet->config.checkin_interval_s << (attempt < 16 ? attempt - 1 : 15);
    uint32_t bounded = seconds > BACKOFF_S_MAX ? BACKOFF_S_MAX : (uint32_t)seconds;
    return ud_fleet_jitter(bounded, ud_fleet_random(fleet));
}

/* A sleepy device is given as long as it may be silent, whatever the rollout says. */
static uint32_t timeout_s(const ud_fleet_t *fleet, const ud_rollout_live_t *rollout)
{
    uint32_t silence = ud_fleet_silence_s(fleet);
    return rollout->row.progress_timeout_s > silence ? rollout->row.progress_timeout_s : silence;
}

static void plan_due(ud_fleet_t *fleet, uint32_t device)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    uint32_t due = (d->flags[i] & UD_DEVICE_ONLINE) != 0 ? d->seen_s[i] + ud_fleet_silence_s(fleet) : UINT32_MAX;
    if (ud_execution_is_busy(d->state[i]) && d->deadline_s[i] < due) {
        due = d->deadline_s[i];
    }
    d->due_s[i] = due;
}

void ud_execution_deadline(ud_fleet_t *fleet, uint32_t device)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    d->deadline_s[i] = UINT32_MAX;
    if (ud_execution_is_busy(d->state[i])) {
        d->deadline_s[i] = ud_fleet_second(fleet) + timeout_s(fleet, rollout_of(fleet, device));
    } else if (d->state[i] == UD_EXECUTION_RETRY) {
        d->deadline_s[i] = ud_fleet_second(fleet) + backoff_s(fleet, d->attempt[i]);
    }
    plan_due(fleet, device);
}

void ud_device_seen(ud_fleet_t *fleet, uint32_t device)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    d->seen_s[i] = ud_fleet_second(fleet);
    d->last_seen_ms[i] = fleet->now.wall_ms;
    d->flags[i] |= UD_DEVICE_DIRTY_SEEN;
    if ((d->flags[i] & UD_DEVICE_ONLINE) == 0) {
        ud_census_online(fleet, device, true);
        plan_due(fleet, device);
    } else {
        d->revision[i] = ++fleet->revision;
    }
}

/* The due second of a device that was seen again is stale: it is planned anew, not moved at each check-in. */
void ud_device_due(ud_fleet_t *fleet, uint32_t device)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    uint32_t second = ud_fleet_second(fleet);
    if ((d->flags[i] & UD_DEVICE_ONLINE) != 0 && d->seen_s[i] + ud_fleet_silence_s(fleet) <= second) {
        ud_census_online(fleet, device, false);
    }
    if (ud_execution_is_busy(d->state[i]) && d->deadline_s[i] <= second) {
        ud_execution_move(fleet, device, UD_EXECUTION_FAILED, UD_ERR_TIMED_OUT);
    }
    plan_due(fleet, device);
}

/* ---- states ------------------------------------------------------------------------------------------------------- */

static const char *const event_kinds[UD_EXECUTION_STATE_COUNT] = {
    [UD_EXECUTION_NONE] = "state",          [UD_EXECUTION_OFFERED] = "offered",
    [UD_EXECUTION_DOWNLOADING] = "state",   [UD_EXECUTION_UPDATING] = "state",
    [UD_EXECUTION_RETRY] = "retry",         [UD_EXECUTION_SUCCEEDED] = "succeeded",
    [UD_EXECUTION_FAILED] = "failed",       [UD_EXECUTION_ROLLED_BACK] = "rolled_back",
    [UD_EXECUTION_CANCELLED] = "cancelled",
};

static const char *const event_words[UD_EXECUTION_STATE_COUNT] = {
    [UD_EXECUTION_NONE] = "idle",
    [UD_EXECUTION_OFFERED] = "offered",
    [UD_EXECUTION_DOWNLOADING] = "downloads",
    [UD_EXECUTION_UPDATING] = "installs",
    [UD_EXECUTION_RETRY] = "failed, will be tried again",
    [UD_EXECUTION_SUCCEEDED] = "confirmed",
    [UD_EXECUTION_FAILED] = "failed",
    [UD_EXECUTION_ROLLED_BACK] = "rolled back",
    [UD_EXECUTION_CANCELLED] = "cancelled",
};

static void note(ud_fleet_t *fleet, uint32_t device, const ud_rollout_live_t *rollout)
{
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    ud_execution_state_t state = d->state[i];
    ud_event_spec_t spec = {
        .kind = event_kinds[state],
        .device = device,
        .object_type = UD_OBJECT_ROLLOUT,
        .object = rollout->row.number,
        .err = (ud_err_t)d->err[i],
    };
    const char *version = fleet->releases[rollout->row.release - 1].row.version;
    if (d->err[i] == UD_OK) {
        ud_event(fleet, spec, "%s %s.", version, event_words[state]);
    } else {
        ud_event(fleet, spec, "%s %s: %s", version, event_words[state], ud_err_text((ud_err_t)d->err[i]));
    }
}

/* Outcomes of a completed rollout are stored as tallies; a late one corrects them. */
static void move_tally(ud_fleet_t *fleet, uint32_t device, ud_rollout_live_t *rollout, ud_execution_state_t to,
                       ud_err_t err)
{
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    if (ud_execution_is_final(d->state[i])) {
        ud_census_tally(fleet, rollout, d->batch[i], d->state[i], (ud_err_t)d->err[i], -1);
    }
    if (ud_execution_is_final(to)) {
        ud_census_tally(fleet, rollout, d->batch[i], to, err, 1);
        ud_census_set_done(rollout, device);
    }
    if (rollout->row.status == UD_ROLLOUT_COMPLETED) {
        ud_pending_ref(fleet, UD_ROW_TALLY, rollout->row.number, 0);
    }
}

void ud_execution_set(ud_fleet_t *fleet, uint32_t device, ud_execution_state_t state, ud_err_t err)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    ud_rollout_live_t *rollout = rollout_of(fleet, device);
    UD_ASSERT(rollout != NULL);
    ud_census_leave(fleet, device);
    move_tally(fleet, device, rollout, state, err);
    d->state[i] = (uint8_t)state;
    d->err[i] = (uint16_t)err;
    ud_census_enter(fleet, device);
    ud_execution_deadline(fleet, device);
    ud_pending_report(fleet, device);
    ud_pending_execution(fleet, device, ud_execution_is_busy(state) ? 0 : fleet->now.wall_ms);
    note(fleet, device, rollout);
}

static uint32_t retries_of(const ud_rollout_live_t *rollout, ud_err_t err)
{
    uint32_t most = ud_execution_may_retry(err) ? rollout->row.retries_max : 0;
    return err == UD_ERR_CANCELLED && most < UD_CANCEL_RETRIES_MIN ? UD_CANCEL_RETRIES_MIN : most;
}

void ud_execution_move(ud_fleet_t *fleet, uint32_t device, ud_execution_state_t state, ud_err_t err)
{
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    const ud_rollout_live_t *rollout = rollout_of(fleet, device);
    UD_ASSERT(rollout != NULL);
    bool goes_on = rollout->row.status == UD_ROLLOUT_RUNNING || rollout->row.status == UD_ROLLOUT_PAUSED;
    if (state == UD_EXECUTION_CANCELLED && goes_on) {
        state = UD_EXECUTION_FAILED; /* nobody but the device took it back: an attempt like others */
    }
    if (state == UD_EXECUTION_FAILED && goes_on && d->attempt[i] <= retries_of(rollout, err)) {
        state = UD_EXECUTION_RETRY;
    }
    ud_execution_set(fleet, device, state, err);
}
