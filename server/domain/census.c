/* Census: counters that follow every change of a device, and who is a member of which rollout.
 *
 * Each change stands between ud_census_leave, which takes the device out of all counters, and ud_census_enter, which
 * counts it again as it is then: no code has to know which counters a change touches. ud_census_count does the same from
 * nothing; a test compares.
 */
#include "core/base/assert.h"
#include "core/image/version.h"
#include "server/domain/siphash.h"
#include "server/domain/state.h"

#include <stdlib.h>
#include <string.h>

/* ---- membership --------------------------------------------------------------------------------------------------- */

uint64_t ud_census_hash(const ud_fleet_t *fleet, const ud_rollout_live_t *rollout, uint32_t device)
{
    return ud_siphash(rollout->key, ud_devices_id(&fleet->devices, device),
                      ud_devices_id_size(&fleet->devices, device));
}

bool ud_census_is_done(const ud_rollout_live_t *rollout, uint32_t device)
{
    return device / 8 < rollout->done_size && (rollout->done[device / 8] >> (device % 8) & 1) != 0;
}

void ud_census_set_done(ud_rollout_live_t *rollout, uint32_t device)
{
    size_t size = device / 8 + 1;
    if (size > rollout->done_size) {
        size += size / 8;
        rollout->done = realloc(rollout->done, size);
        UD_ASSERT(rollout->done != NULL);
        memset(rollout->done + rollout->done_size, 0, size - rollout->done_size);
        rollout->done_size = size;
    }
    rollout->done[device / 8] |= (uint8_t)(1u << (device % 8));
}

/* True if the release is not older than what runs, as boot and agent compare. */
static bool is_upgrade(const char *release, const char *running)
{
    ud_version_t to;
    ud_version_t from;
    if (ud_version_parse(release, strlen(release), &to) != UD_OK ||
        ud_version_parse(running, strlen(running), &from) != UD_OK) {
        return true;
    }
    return ud_version_compare(&to, &from) >= 0;
}

bool ud_census_matches(const ud_fleet_t *fleet, const ud_rollout_live_t *rollout, uint32_t device)
{
    const ud_devices_t *d = &fleet->devices;
    const ud_row_release_t *release = &fleet->releases[rollout->row.release - 1].row;
    uint32_t i = device - 1;
    if (d->hardware[i] != rollout->hardware || (d->flags[i] & (UD_DEVICE_RETIRED | UD_DEVICE_PENDING)) != 0 ||
        (rollout->row.group != 0 && d->group[i] != rollout->row.group) ||
        d->security_counter[i] > release->security_counter ||
        (d->slot_size[i] != 0 && d->slot_size[i] < release->image_size)) {
        return false;
    }
    const ud_firmware_key_t *firmware = ud_devices_firmware(d, device);
    return firmware == NULL || (memcmp(firmware->image_digest, release->image_digest, UD_SHA256_SIZE) != 0 &&
                                (rollout->row.rollback || is_upgrade(release->version, firmware->version)));
}

static uint8_t batch_of(const ud_rollout_live_t *rollout, uint64_t hash)
{
    uint8_t batch = 0;
    while (batch + 1 < rollout->batch_count && hash > rollout->batches[batch].row.boundary) {
        batch++;
    }
    return batch;
}

ud_member_t ud_census_member(const ud_fleet_t *fleet, const ud_rollout_live_t *rollout, uint32_t device)
{
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    ud_member_t member = {
        .kind = UD_MEMBER_NONE,
        .online = (d->flags[i] & UD_DEVICE_ONLINE) != 0,
        .held = (d->flags[i] & UD_DEVICE_HOLD) != 0,
    };
    if (ud_census_is_done(rollout, device)) {
        member.kind = UD_MEMBER_DONE;
    } else if (d->rollout[i] == rollout->row.number && ud_execution_is_open(d->state[i])) {
        member.kind = UD_MEMBER_OPEN;
        member.batch = d->batch[i];
        member.retry = d->state[i] == UD_EXECUTION_RETRY;
    } else if (ud_census_matches(fleet, rollout, device)) {
        member.kind = UD_MEMBER_WAITS;
        member.batch = batch_of(rollout, ud_census_hash(fleet, rollout, device));
    }
    return member;
}

static void count_member(ud_rollout_live_t *rollout, const ud_member_t *member, uint32_t by)
{
    ud_batch_state_live_t *batch = &rollout->batches[member->batch];
    if (member->kind == UD_MEMBER_OPEN) {
        batch->open += by;
        batch->open_online += member->online ? by : 0;
        batch->retry += member->retry ? by : 0;
    } else if (member->kind == UD_MEMBER_WAITS) {
        batch->wait += by;
        batch->wait_held += member->held ? by : 0;
        batch->wait_online += member->online && !member->held ? by : 0;
    }
}

void ud_census_count(ud_fleet_t *fleet, ud_rollout_live_t *rollout)
{
    for (uint8_t i = 0; i < rollout->batch_count; i++) {
        ud_batch_state_live_t *batch = &rollout->batches[i];
        batch->open = batch->open_online = batch->retry = 0;
        batch->wait = batch->wait_online = batch->wait_held = 0;
    }
    for (uint32_t device = 1; device <= fleet->devices.count; device++) {
        ud_member_t member = ud_census_member(fleet, rollout, device);
        count_member(rollout, &member, 1);
    }
    for (uint8_t i = 0; i < rollout->batch_count; i++) {
        ud_batch_state_live_t *batch = &rollout->batches[i];
        uint32_t members = batch->succeeded + batch->failed + batch->rolled_back + batch->open + batch->wait;
        batch->joined = members > batch->row.planned ? members - batch->row.planned : 0;
        batch->left = members < batch->row.planned ? batch->row.planned - members : 0;
    }
    rollout->check = true;
}

/* ---- the fleet's counters ----------------------------------------------------------------------------------------- */

static void count_device(ud_fleet_t *fleet, uint32_t device, uint32_t by)
{
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    if ((d->flags[i] & UD_DEVICE_RETIRED) != 0) {
        return;
    }
    fleet->device_count += by;
    fleet->states[ud_execution_view(d->state[i])] += by;
    fleet->online_count += (d->flags[i] & UD_DEVICE_ONLINE) != 0 ? by : 0;
    fleet->pending_count += (d->flags[i] & (UD_DEVICE_PENDING | UD_DEVICE_CANDIDATE)) != 0 ? by : 0;
    fleet->groups[d->group[i] - 1].device_count += by;
    fleet->devices.hardware_names.shown[d->hardware[i]] += by;
    if (d->firmware[i] != UD_INTERN_NONE) {
        fleet->devices.firmwares.shown[d->firmware[i]] += by;
    }
}

void ud_census_leave(ud_fleet_t *fleet, uint32_t device)
{
    count_device(fleet, device, UINT32_MAX);
    for (size_t i = 0; i < fleet->active_count; i++) {
        fleet->before[i] = ud_census_member(fleet, fleet->active[i], device);
        count_member(fleet->active[i], &fleet->before[i], UINT32_MAX);
    }
}

static bool same_member(const ud_member_t *a, const ud_member_t *b)
{
    return a->kind == b->kind && a->batch == b->batch && a->online == b->online && a->held == b->held &&
           a->retry == b->retry;
}

void ud_census_enter(ud_fleet_t *fleet, uint32_t device)
{
    count_device(fleet, device, 1);
    fleet->devices.revision[device - 1] = ++fleet->revision;
    for (size_t i = 0; i < fleet->active_count; i++) {
        ud_rollout_live_t *rollout = fleet->active[i];
        const ud_member_t *before = &fleet->before[i];
        ud_member_t after = ud_census_member(fleet, rollout, device);
        count_member(rollout, &after, 1);
        if (before->kind == UD_MEMBER_NONE && after.kind != UD_MEMBER_NONE) {
            rollout->batches[after.batch].joined++;
        } else if (before->kind != UD_MEMBER_NONE && after.kind == UD_MEMBER_NONE) {
            rollout->batches[before->batch].left++;
        }
        if (!same_member(before, &after)) {
            rollout->check = true;
            rollout->revision = fleet->revision;
        }
    }
}

void ud_census_online(ud_fleet_t *fleet, uint32_t device, bool online)
{
    uint16_t *flags = &fleet->devices.flags[device - 1];
    if (((*flags & UD_DEVICE_ONLINE) != 0) == online) {
        return;
    }
    ud_census_leave(fleet, device);
    *flags = (uint16_t)(online ? *flags | UD_DEVICE_ONLINE : *flags & ~UD_DEVICE_ONLINE);
    ud_census_enter(fleet, device);
}

/* ---- outcomes ----------------------------------------------------------------------------------------------------- */

void ud_census_tally(ud_fleet_t *fleet, ud_rollout_live_t *rollout, uint8_t batch, ud_execution_state_t state,
                     ud_err_t err, int by)
{
    ud_batch_state_live_t *live = &rollout->batches[batch];
    uint32_t *counter = state == UD_EXECUTION_SUCCEEDED ? &live->succeeded
                        : state == UD_EXECUTION_FAILED  ? &live->failed
                                                        : &live->rolled_back;
    *counter += (uint32_t)by;
    fleet->outcomes += (uint32_t)by;
    fleet->successes += state == UD_EXECUTION_SUCCEEDED ? (uint32_t)by : 0;
    rollout->check = true;
    rollout->revision = ++fleet->revision;
    for (size_t i = 0; i < rollout->tally_count; i++) {
        ud_row_tally_t *tally = &rollout->tallies[i];
        if (tally->batch == batch && tally->state == state && tally->err == err) {
            tally->count += (uint32_t)by;
            return;
        }
    }
    rollout->tallies = realloc(rollout->tallies, (rollout->tally_count + 1) * sizeof(*rollout->tallies));
    UD_ASSERT(rollout->tallies != NULL && by > 0);
    rollout->tallies[rollout->tally_count++] = (ud_row_tally_t){
        .rollout = rollout->row.number,
        .batch = batch,
        .state = (uint8_t)state,
        .err = (uint16_t)err,
        .count = (uint32_t)by,
    };
}
