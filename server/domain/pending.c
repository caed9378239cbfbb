/* Rows since the last commit, and the commit.
 *
 * Most rows are noted by name and made from RAM when the commit comes: ten reports of a device in one window are one row.
 * Executions and events are kept as they were at their moment.
 */
#include "core/base/assert.h"
#include "server/domain/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of event texts in one batch: the engine's queue filled with the longest. */
#define TEXTS_SIZE_MAX (64u * 1024u * 1024u)

#define PUSH(pending, list, count, capacity)                                                                 \
    (((pending)->list =                                                                                      \
          ud_array_room((pending)->list, (pending)->count, &(pending)->capacity, sizeof(*(pending)->list))), \
     &(pending)->list[(pending)->count++])

void ud_pending_ref(ud_fleet_t *fleet, ud_row_type_t type, uint32_t number, uint32_t part)
{
    ud_pending_t *pending = &fleet->pending;
    pending->changes++;
    for (size_t i = pending->ref_count; i > 0 && i + 32 > pending->ref_count; i--) {
        const ud_pending_ref_t *ref = &pending->refs[i - 1];
        if (ref->type == type && ref->number == number && ref->part == part) {
            return;
        }
    }
    *PUSH(pending, refs, ref_count, ref_capacity) = (ud_pending_ref_t){type, number, part};
}

void ud_pending_device(ud_fleet_t *fleet, uint32_t device)
{
    ud_pending_t *pending = &fleet->pending;
    pending->changes++;
    if ((fleet->devices.flags[device - 1] & UD_DEVICE_DIRTY) == 0) {
        fleet->devices.flags[device - 1] |= UD_DEVICE_DIRTY;
        *PUSH(pending, devices, device_count, device_capacity) = device;
    }
}

void ud_pending_report(ud_fleet_t *fleet, uint32_t device)
{
    ud_pending_t *pending = &fleet->pending;
    pending->changes++;
    uint16_t *flags = &fleet->devices.flags[device - 1];
    *flags &= (uint16_t)~UD_DEVICE_DIRTY_SEEN;
    if ((*flags & UD_DEVICE_DIRTY_HOT) == 0) {
        *flags |= UD_DEVICE_DIRTY_HOT;
        *PUSH(pending, reports, report_count, report_capacity) = device;
    }
}

void ud_pending_execution(ud_fleet_t *fleet, uint32_t device, int64_t ended_ms)
{
    ud_pending_t *pending = &fleet->pending;
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    pending->changes++;
    *PUSH(pending, executions, execution_count, execution_capacity) = (ud_row_execution_t){
        .number = d->update_id[i],
        .device = device,
        .rollout = d->rollout[i],
        .batch = d->batch[i],
        .attempt = d->attempt[i],
        .state = d->state[i],
        .err = d->err[i],
        .offered_ms = d->offered_ms[i],
        .ended_ms = ended_ms,
    };
}

void ud_pending_session_end(ud_fleet_t *fleet, const ud_row_session_t *session)
{
    ud_pending_t *pending = &fleet->pending;
    pending->changes++;
    *PUSH(pending, ended, ended_count, ended_capacity) = *session;
}

/* ---- events ------------------------------------------------------------------------------------------------------- */

static const char *text_of(ud_pending_t *pending, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    if (pending->texts == NULL) {
        pending->texts = ud_arena_create(TEXTS_SIZE_MAX);
        UD_ASSERT(pending->texts != NULL);
    }
    const char *copy = ud_arena_text(pending->texts, text, strlen(text));
    UD_ASSERT(copy != NULL);
    return copy;
}

static uint64_t *last_event_of(ud_fleet_t *fleet, ud_object_t type, uint32_t number)
{
    if (type == UD_OBJECT_ROLLOUT) {
        ud_pending_ref(fleet, UD_ROW_ROLLOUT, number, 0);
        return &fleet->rollouts[number - 1]->row.last_event;
    }
    ud_pending_ref(fleet, UD_ROW_RELEASE, number, 0);
    return &fleet->releases[number - 1].row.last_event;
}

/* A token bucket in one number: the second at which it is full again. Takes a token if there are `count`. */
static bool take_event(ud_fleet_t *fleet, uint32_t device, uint32_t count)
{
    uint32_t *full_s = &fleet->devices.events_s[device - 1];
    uint32_t second = ud_fleet_second(fleet);
    uint32_t from = *full_s > second ? *full_s : second;
    if (from - second > (UD_DEVICE_EVENT_COUNT_MAX - count) * UD_DEVICE_EVENT_PERIOD_S) {
        return false;
    }
    *full_s = from + UD_DEVICE_EVENT_PERIOD_S;
    return true;
}

/* Once one was not logged, none is until that was said: the log shows where it has a gap. */
static bool is_skipped(ud_fleet_t *fleet, uint32_t device)
{
    uint32_t *skipped = &fleet->devices.unlogged[device - 1];
    if (*skipped == 0 && take_event(fleet, device, 1)) {
        return false;
    }
    *skipped += *skipped < UINT32_MAX ? 1 : 0;
    return true;
}

void ud_event_skipped(ud_fleet_t *fleet, uint32_t device)
{
    uint32_t skipped = fleet->devices.unlogged[device - 1];
    if (skipped == 0 || !take_event(fleet, device, 2)) { /* one for itself, one for the next report */
        return;
    }
    fleet->devices.unlogged[device - 1] = 0;
    ud_event(fleet, (ud_event_spec_t){.kind = "unlogged", .device = device},
             "%u further reports were not logged: the device reports changes faster than the log takes them.", skipped);
}

void ud_event(ud_fleet_t *fleet, ud_event_spec_t spec, const char *format, ...)
{
    if (spec.device != 0 && spec.device == fleet->reporter && is_skipped(fleet, spec.device)) {
        return;
    }
    char text[UD_TEXT_SIZE_MAX + 512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);

    ud_pending_t *pending = &fleet->pending;
    ud_row_event_t event = {
        .number = fleet->next_event++,
        .at_ms = fleet->now.wall_ms,
        .kind = spec.kind,
        .device = spec.device,
        .object_type = (uint8_t)spec.object_type,
        .object = spec.object,
        .actor = text_of(pending, fleet->actor),
        .source_address = text_of(pending, fleet->source_address),
        .text = text_of(pending, text),
        .err = (uint16_t)spec.err,
    };
    if (spec.device != 0) {
        event.device_before = fleet->devices.last_event[spec.device - 1];
        fleet->devices.last_event[spec.device - 1] = event.number;
        ud_pending_report(fleet, spec.device);
    }
    if (spec.object_type != UD_OBJECT_NONE) {
        uint64_t *last = last_event_of(fleet, spec.object_type, spec.object);
        event.object_before = *last;
        *last = event.number;
    }
    pending->changes++;
    *PUSH(pending, events, event_count, event_capacity) = event;
}

/* ---- rows from RAM ------------------------------------------------------------------------------------------------ */

static ud_err_t put_device(ud_fleet_t *fleet, uint32_t number)
{
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = number - 1;
    ud_row_device_t row = {
        .number = number,
        .id = ud_devices_id(d, number),
        .generation = d->generation[i],
        .hardware = ud_devices_hardware(d, number),
        .group = d->group[i],
        .pending = (d->flags[i] & UD_DEVICE_PENDING) != 0,
        .hold = (d->flags[i] & UD_DEVICE_HOLD) != 0,
        .retired = (d->flags[i] & UD_DEVICE_RETIRED) != 0,
        .registered_ms = d->registered_ms[i],
    };
    memcpy(row.nonce, d->nonce[i].bytes, sizeof(row.nonce));
    memcpy(row.secret_hash, d->secret_hash[i].bytes, sizeof(row.secret_hash));
    const ud_digest_t *candidate = ud_devices_candidate(d, number);
    if (candidate != NULL) {
        row.has_candidate = true;
        memcpy(row.candidate_hash, candidate->bytes, sizeof(row.candidate_hash));
    }
    return fleet->store->ops->put(fleet->store, UD_ROW_DEVICE, &row);
}

static ud_err_t put_report(ud_fleet_t *fleet, uint32_t number)
{
    const ud_devices_t *d = &fleet->devices;
    const ud_firmware_key_t *firmware = ud_devices_firmware(d, number);
    uint32_t i = number - 1;
    ud_row_report_t row = {
        .device = number,
        .version = firmware == NULL ? NULL : firmware->version,
        .epoch = d->epoch[i],
        .epoch_before = d->epoch_before[i],
        .sequence = d->sequence[i],
        .update_id = d->update_id[i],
        .rollout = d->rollout[i],
        .batch = d->batch[i],
        .attempt = d->attempt[i],
        .state = d->state[i],
        .progress = d->progress[i],
        .err = d->err[i],
        .flags = d->flags[i] & UD_DEVICE_FLAGS_REPORT,
        .security_counter = d->security_counter[i],
        .boot_reason = d->boot_reason[i],
        .revert_reason = d->revert_reason[i],
        .trial_attempts = d->trial_attempts[i],
        .abnormal_resets = d->abnormal_resets[i],
        .battery = d->battery[i],
        .link = d->link[i],
        .signal = d->signal[i],
        .chunk_size_max = d->chunk_size_max[i],
        .slot_size = d->slot_size[i],
        .last_seen_ms = d->last_seen_ms[i],
        .last_event = d->last_event[i],
    };
    if (firmware != NULL) {
        memcpy(row.image_digest, firmware->image_digest, sizeof(row.image_digest));
    }
    return fleet->store->ops->put(fleet->store, UD_ROW_REPORT, &row);
}

static ud_err_t put_tallies(ud_fleet_t *fleet, const ud_rollout_live_t *rollout)
{
    for (size_t i = 0; i < rollout->tally_count; i++) {
        UD_TRY(fleet->store->ops->put(fleet->store, UD_ROW_TALLY, &rollout->tallies[i]));
    }
    return UD_OK;
}

static ud_err_t put_ref(ud_fleet_t *fleet, const ud_pending_ref_t *ref)
{
    ud_store_t *store = fleet->store;
    uint32_t i = ref->number - 1;
    switch (ref->type) {
    case UD_ROW_ACCOUNT:
        return store->ops->put(store, ref->type, &fleet->accounts[i]);
    case UD_ROW_SESSION:
        return store->ops->put(store, ref->type, &fleet->sessions[i]);
    case UD_ROW_KEY:
        return store->ops->put(store, ref->type, &fleet->keys[i]);
    case UD_ROW_CLAIM_KEY:
        return store->ops->put(store, ref->type, &fleet->claim_keys[i]);
    case UD_ROW_GROUP:
        return store->ops->put(store, ref->type, &fleet->groups[i].row);
    case UD_ROW_RELEASE:
        return store->ops->put(store, ref->type, &fleet->releases[i].row);
    case UD_ROW_ARTIFACT:
        return store->ops->put(store, ref->type, &fleet->releases[i].artifacts[ref->part]);
    case UD_ROW_ROLLOUT:
        return store->ops->put(store, ref->type, &fleet->rollouts[i]->row);
    case UD_ROW_BATCH:
        return store->ops->put(store, ref->type, &fleet->rollouts[i]->batches[ref->part].row);
    case UD_ROW_TALLY:
        return put_tallies(fleet, fleet->rollouts[i]);
    case UD_ROW_META:
    case UD_ROW_DEVICE:
    case UD_ROW_REPORT:
    case UD_ROW_EXECUTION:
    case UD_ROW_EVENT:
    case UD_ROW_COUNT:
        break;
    }
    return UD_ERR_INTERNAL;
}

/* ---- the commit --------------------------------------------------------------------------------------------------- */

static int by_number(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return a < b ? -1 : a > b;
}

/* Neighbours in the table are written together. */
static ud_err_t put_reports(ud_fleet_t *fleet)
{
    ud_pending_t *pending = &fleet->pending;
    if (pending->report_count > 1) {
        qsort(pending->reports, pending->report_count, sizeof(*pending->reports), by_number);
    }
    for (size_t i = 0; i < pending->report_count; i++) {
        UD_TRY(put_report(fleet, pending->reports[i]));
    }
    return UD_OK;
}

static ud_err_t put_all(ud_fleet_t *fleet)
{
    ud_pending_t *pending = &fleet->pending;
    ud_store_t *store = fleet->store;
    UD_TRY(store->ops->put(store, UD_ROW_META, &fleet->meta));
    for (size_t i = 0; i < pending->ended_count; i++) {
        UD_TRY(store->ops->remove(store, UD_ROW_SESSION, &pending->ended[i]));
    }
    for (size_t i = 0; i < pending->ref_count; i++) {
        UD_TRY(put_ref(fleet, &pending->refs[i]));
    }
    for (size_t i = 0; i < pending->device_count; i++) {
        UD_TRY(put_device(fleet, pending->devices[i]));
    }
    UD_TRY(put_reports(fleet));
    for (size_t i = 0; i < pending->execution_count; i++) {
        UD_TRY(store->ops->put(store, UD_ROW_EXECUTION, &pending->executions[i]));
    }
    for (size_t i = 0; i < pending->event_count; i++) {
        UD_TRY(store->ops->put(store, UD_ROW_EVENT, &pending->events[i]));
    }
    return UD_OK;
}

static size_t pending_rows(const ud_pending_t *pending)
{
    return pending->ref_count + pending->device_count + pending->report_count + pending->execution_count +
           pending->event_count + pending->ended_count;
}

void ud_pending_clear(ud_fleet_t *fleet)
{
    ud_pending_t *pending = &fleet->pending;
    for (size_t i = 0; i < pending->device_count; i++) {
        fleet->devices.flags[pending->devices[i] - 1] &= (uint16_t)~UD_DEVICE_DIRTY;
    }
    for (size_t i = 0; i < pending->report_count; i++) {
        fleet->devices.flags[pending->reports[i] - 1] &= (uint16_t)~UD_DEVICE_DIRTY_HOT;
    }
    pending->meta = false;
    pending->ref_count = 0;
    pending->device_count = 0;
    pending->report_count = 0;
    pending->execution_count = 0;
    pending->event_count = 0;
    pending->ended_count = 0;
    ud_arena_destroy(pending->texts);
    pending->texts = NULL;
}

static ud_err_t write_batch(ud_fleet_t *fleet)
{
    ud_store_t *store = fleet->store;
    ud_err_t err = store->ops->begin(store);
    err = err == UD_OK ? put_all(fleet) : err;
    err = err == UD_OK ? store->ops->commit(store) : err;
    if (err != UD_OK) {
        store->ops->rollback(store);
    }
    return err;
}

/* RAM ran ahead of the store: it is loaded again, and live streams begin anew. */
static void reload(ud_fleet_t *fleet)
{
    ud_pending_clear(fleet);
    ud_unload(fleet);
    fleet->unloaded = ud_load(fleet) != UD_OK;
    fleet->revision_base = ++fleet->revision;
}

bool ud_fleet_dirty(const ud_fleet_t *fleet)
{
    return fleet->pending.meta || pending_rows(&fleet->pending) > 0;
}

ud_err_t ud_fleet_commit(ud_fleet_t *fleet, ud_time_t now)
{
    fleet->now = now;
    if (!ud_fleet_dirty(fleet)) {
        return UD_OK;
    }
    if (fleet->unloaded) {
        reload(fleet);
    }
    size_t rows = pending_rows(&fleet->pending);
    ud_err_t err = fleet->unloaded ? UD_ERR_STORAGE : write_batch(fleet);
    if (err == UD_OK) {
        fleet->commits++;
        fleet->rows += rows;
        ud_pending_clear(fleet);
    } else if (rows > 0) {
        reload(fleet);
    }
    fleet->trouble = err;
    return err;
}
