/* Rollouts: begin one, pause, resume, halt.
 *
 * At the start every batch is frozen: the members that match now are ordered by the salted hash of their ids, and each
 * batch's boundary is the hash of its last device. From then on a device's batch is a matter of its id alone; no list of
 * members is kept.
 */
#include "core/base/assert.h"
#include "server/domain/state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS (24 * 3600 * 1000ll)

#define FAILURE_LIMIT_PERCENT 2.0
#define SUCCESS_PERCENT 95.0
#define MIN_SAMPLE 10u
#define PROGRESS_TIMEOUT_S 3600u

/* ---- boundaries --------------------------------------------------------------------------------------------------- */

/* Moves the `rank` smallest of `count` values to the front; the largest of them to place rank - 1 (Hoare's selection). */
static void select_smallest(uint64_t *values, size_t count, size_t rank)
{
    size_t low = 0;
    size_t high = count - 1;
    size_t wanted = rank - 1;
    while (low < high) {
        uint64_t pivot = values[low + (high - low) / 2];
        size_t i = low;
        size_t j = high;
        for (;;) {
            while (values[i] < pivot) {
                i++;
            }
            while (values[j] > pivot) {
                j--;
            }
            if (i >= j) {
                break;
            }
            uint64_t swap = values[i];
            values[i++] = values[j];
            values[j--] = swap;
        }
        if (wanted <= j) {
            high = j;
        } else {
            low = j + 1;
        }
    }
}

typedef struct {
    uint64_t *hashes;
    size_t count;
    uint32_t *versions; /* how many of them run each firmware */
} members_t;

static members_t find_members(ud_fleet_t *fleet, const ud_rollout_live_t *rollout)
{
    const ud_devices_t *d = &fleet->devices;
    members_t members = {
        .hashes = malloc((d->count + 1) * sizeof(uint64_t)),
        .versions = calloc(d->firmwares.used + 1, sizeof(uint32_t)),
    };
    UD_ASSERT(members.hashes != NULL && members.versions != NULL);
    for (uint32_t device = 1; device <= d->count; device++) {
        if (ud_census_matches(fleet, rollout, device)) {
            members.hashes[members.count++] = ud_census_hash(fleet, rollout, device);
            if (d->firmware[device - 1] != UD_INTERN_NONE) {
                members.versions[d->firmware[device - 1]]++;
            }
        }
    }
    return members;
}

static uint32_t planned_of(const ud_batch_plan_t *plan, size_t members, size_t left)
{
    double wanted = plan->percent > 0 ? ceil(plan->percent / 100.0 * (double)members - 1e-9) : plan->count;
    return wanted < (double)left ? (uint32_t)wanted : (uint32_t)left;
}

static void add_batch(ud_rollout_live_t *rollout, uint32_t planned, uint64_t boundary)
{
    uint8_t index = rollout->batch_count++;
    rollout->batches[index].row = (ud_row_batch_t){
        .rollout = rollout->row.number,
        .batch = index,
        .state = index == 0 ? UD_BATCH_RUNNING : UD_BATCH_WAITING,
        .planned = planned,
        .boundary = boundary,
    };
}

static void freeze(ud_rollout_live_t *rollout, const ud_rollout_in_t *in, members_t *members)
{
    size_t used = 0;
    for (size_t i = 0; i < in->plan_count && used < members->count; i++) {
        uint32_t planned = planned_of(&in->plans[i], members->count, members->count - used);
        if (i + 1 == UD_BATCH_COUNT_MAX) {
            planned = (uint32_t)(members->count - used);
        }
        if (planned == 0) {
            continue;
        }
        select_smallest(members->hashes + used, members->count - used, planned);
        used += planned;
        add_batch(rollout, planned, members->hashes[used - 1]);
    }
    if (used < members->count) {
        add_batch(rollout, (uint32_t)(members->count - used), UINT64_MAX);
    }
    rollout->batches[rollout->batch_count - 1].row.boundary = UINT64_MAX; /* whoever joins later has a batch too */
}

static const char *most_common(const ud_fleet_t *fleet, const members_t *members)
{
    const ud_intern_t *firmwares = &fleet->devices.firmwares;
    uint32_t best = 0;
    for (uint32_t i = 1; i < firmwares->used; i++) {
        best = members->versions[i] > members->versions[best] ? i : best;
    }
    if (firmwares->used == 0 || members->versions[best] == 0) {
        return NULL;
    }
    return ((const ud_firmware_key_t *)ud_intern_key(firmwares, best))->version;
}

/* ---- create ------------------------------------------------------------------------------------------------------- */

static ud_err_t refuse(ud_command_t *command, ud_err_t err, const char *field, const char *detail)
{
    command->field = field;
    command->detail = detail;
    return err;
}

static ud_err_t validate(ud_command_t *command)
{
    const ud_rollout_in_t *in = &command->in.rollout;
    double percent = 0;
    if (in->plan_count > UD_BATCH_COUNT_MAX) {
        return refuse(command, UD_ERR_INVALID_ARGUMENT, "batches", "A rollout has at most 20 batches.");
    }
    for (size_t i = 0; i < in->plan_count; i++) {
        const ud_batch_plan_t *plan = &in->plans[i];
        if (!(plan->percent >= 0 && plan->percent <= 100) || (plan->percent > 0) == (plan->count > 0)) {
            return refuse(command, UD_ERR_INVALID_ARGUMENT, "batches",
                          "Each batch has a percent above 0 and up to 100, or a count of at least 1.");
        }
        percent += plan->percent;
    }
    if (percent > 100.0001) {
        return refuse(command, UD_ERR_INVALID_ARGUMENT, "batches", "The batches add up to more than 100 percent.");
    }
    if (!(in->failure_limit_percent <= 100)) {
        return refuse(command, UD_ERR_INVALID_ARGUMENT, "failure_limit_percent", "A percent is at most 100.");
    }
    if (!(in->success_percent <= 100)) {
        return refuse(command, UD_ERR_INVALID_ARGUMENT, "success_percent", "A percent is at most 100.");
    }
    if (in->retries_max > UD_RETRIES_MAX) {
        return refuse(command, UD_ERR_INVALID_ARGUMENT, "retries_max", "At most 10 retries.");
    }
    return UD_OK;
}

static ud_rollout_live_t *made_before(const ud_fleet_t *fleet, const ud_rollout_in_t *in)
{
    for (size_t i = fleet->rollout_count; in->idempotency_key != NULL && i > 0; i--) {
        ud_rollout_live_t *rollout = fleet->rollouts[i - 1];
        if (rollout->row.idempotency_key != NULL && rollout->row.created_by != NULL &&
            strcmp(rollout->row.idempotency_key, in->idempotency_key) == 0 &&
            strcmp(rollout->row.created_by, fleet->actor) == 0 &&
            fleet->now.wall_ms - rollout->row.created_ms < DAY_MS) {
            return rollout;
        }
    }
    return NULL;
}

static ud_row_rollout_t row_of(const ud_fleet_t *fleet, const ud_rollout_in_t *in, uint32_t release, uint32_t group)
{
    return (ud_row_rollout_t){
        .release = release,
        .group = group,
        .failure_limit_percent = in->failure_limit_percent < 0 ? FAILURE_LIMIT_PERCENT : in->failure_limit_percent,
        .success_percent = in->success_percent <= 0 ? SUCCESS_PERCENT : in->success_percent,
        .min_sample = in->min_sample == 0 ? MIN_SAMPLE : in->min_sample,
        .soak_s = in->soak_s,
        .concurrency_max = in->concurrency_max,
        .retries_max = in->retries_max,
        .progress_timeout_s = in->progress_timeout_s == 0 ? PROGRESS_TIMEOUT_S : in->progress_timeout_s,
        .forced = in->forced,
        .rollback = in->rollback,
        .status = UD_ROLLOUT_RUNNING,
        .first_update = fleet->next_update,
        .created_by = fleet->actor,
        .idempotency_key = in->idempotency_key,
        .created_ms = fleet->now.wall_ms,
    };
}

static void note_start(ud_fleet_t *fleet, ud_rollout_live_t *rollout, size_t members)
{
    uint32_t number = rollout->row.number;
    ud_pending_ref(fleet, UD_ROW_ROLLOUT, number, 0);
    for (uint8_t i = 0; i < rollout->batch_count; i++) {
        ud_pending_ref(fleet, UD_ROW_BATCH, number, i);
    }
    ud_event(fleet, (ud_event_spec_t){.kind = "rollout_created", .object_type = UD_OBJECT_ROLLOUT, .object = number},
             "Rollout of %s to %zu devices in %u batches.", fleet->releases[rollout->row.release - 1].row.version,
             members, rollout->batch_count);
}

/* A halted rollout stays open for a person to resume; when there are too many, the oldest one is over. */
static bool make_place(ud_fleet_t *fleet)
{
    for (size_t i = fleet->active_count; fleet->active_count == UD_ROLLOUT_ACTIVE_MAX && i > 0; i--) {
        ud_rollout_live_t *rollout = fleet->active[i - 1];
        if (rollout->row.status == UD_ROLLOUT_HALTED && ud_gate_busy(rollout) == 0) {
            ud_gate_complete(fleet, rollout);
        }
    }
    return fleet->active_count < UD_ROLLOUT_ACTIVE_MAX;
}

/* The new rollout is the last; nothing refers to it yet. */
static void forget(ud_fleet_t *fleet)
{
    ud_rollout_live_t *rollout = fleet->rollouts[--fleet->rollout_count];
    memmove(&fleet->active[0], &fleet->active[1], --fleet->active_count * sizeof(fleet->active[0]));
    ud_intern_drop(&fleet->devices.hardware_names, rollout->hardware);
    ud_rollout_free(rollout);
}

ud_err_t ud_apply_rollout_create(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_rollout_in_t *in = &command->in.rollout;
    ud_rollout_live_t *rollout = made_before(fleet, in);
    if (rollout != NULL) {
        command->wrote = true; /* it may be of this very batch */
        return ud_view_rollout(fleet, rollout, command->arena, &command->out.rollout);
    }
    UD_TRY(validate(command));
    const ud_release_live_t *release = ud_release_find(fleet, in->release_id);
    if (release == NULL) {
        return refuse(command, UD_ERR_NOT_FOUND, "release", "There is no such release.");
    }
    uint32_t group = in->group == NULL ? 0 : ud_group_find(fleet, in->group);
    if (in->group != NULL && group == 0) {
        return refuse(command, UD_ERR_NOT_FOUND, "group", "There is no group of that name.");
    }
    if (!make_place(fleet) || fleet->rollout_count == UD_ROLLOUT_COUNT_MAX) {
        return refuse(command, UD_ERR_TOO_MANY, NULL, "Too many rollouts are open; end some first.");
    }
    ud_row_rollout_t row = row_of(fleet, in, release->row.number, group);
    rollout = ud_rollout_new(fleet, &row);
    ud_rollout_activate(fleet, rollout);
    members_t members = find_members(fleet, rollout);
    if (members.count > 0) {
        rollout->row.from = ud_text_keep(most_common(fleet, &members));
        freeze(rollout, in, &members);
        ud_census_count(fleet, rollout);
        note_start(fleet, rollout, members.count);
        rollout->revision = ++fleet->revision;
    } else {
        forget(fleet);
    }
    free(members.hashes);
    free(members.versions);
    if (members.count == 0) {
        return refuse(command, UD_ERR_CONFLICT, "release",
                      "No device would take this release: none of its hardware and group runs an older version.");
    }
    return ud_view_rollout(fleet, rollout, command->arena, &command->out.rollout);
}

/* ---- act ---------------------------------------------------------------------------------------------------------- */

/* [what][status]: is it allowed? */
static const bool allowed[][UD_ROLLOUT_STATUS_COUNT] = {
    /*                     running paused halted completed */
    [UD_ROLLOUT_PAUSE] = {true, false, false, false},
    [UD_ROLLOUT_RESUME] = {false, true, true, false},
    [UD_ROLLOUT_HALT] = {true, true, false, false},
};

/* Names the status, and in which one the act would be taken. */
static ud_err_t refuse_act(ud_command_t *command, const ud_rollout_live_t *rollout, ud_rollout_act_t act)
{
    static const char *const when[] = {
        [UD_ROLLOUT_PAUSE] = "paused while it is running",
        [UD_ROLLOUT_RESUME] = "resumed while it is paused or halted",
        [UD_ROLLOUT_HALT] = "halted while it is running or paused",
    };
    static const char *const is[UD_ROLLOUT_STATUS_COUNT] = {
        [UD_ROLLOUT_RUNNING] = "running",
        [UD_ROLLOUT_PAUSED] = "paused",
        [UD_ROLLOUT_HALTED] = "halted",
        [UD_ROLLOUT_COMPLETED] = "completed",
    };
    char text[128];
    int size = snprintf(text, sizeof text, "R-%u is %s; a rollout can be %s.", rollout->row.number,
                        is[rollout->row.status], when[act]);
    return refuse(command, UD_ERR_CONFLICT, NULL, ud_arena_text(command->arena, text, (size_t)size));
}

ud_err_t ud_apply_rollout_act(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_rollout_act_in_t *in = &command->in.rollout_act;
    ud_rollout_live_t *rollout = ud_rollout_find(fleet, in->rollout_id);
    UD_REQUIRE(rollout != NULL, UD_ERR_NOT_FOUND);
    if (in->reason != NULL && strlen(in->reason) > UD_TEXT_SIZE_MAX) {
        return refuse(command, UD_ERR_TOO_LARGE, "reason", "A reason has at most 4096 bytes.");
    }
    if (!allowed[in->act][rollout->row.status]) {
        return refuse_act(command, rollout, in->act);
    }
    switch (in->act) {
    case UD_ROLLOUT_PAUSE:
        ud_gate_stop(fleet, rollout, UD_ROLLOUT_PAUSED, UD_STOP_PERSON, in->reason);
        break;
    case UD_ROLLOUT_RESUME:
        ud_gate_resume(fleet, rollout);
        ud_gate_run(fleet);
        break;
    case UD_ROLLOUT_HALT:
        ud_gate_stop(fleet, rollout, UD_ROLLOUT_HALTED, UD_STOP_PERSON, in->reason);
        break;
    }
    return ud_view_rollout(fleet, rollout, command->arena, &command->out.rollout);
}
