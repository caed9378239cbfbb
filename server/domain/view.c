/* Views: values copied out of RAM into the arena of the one who asks. */
#include "core/base/assert.h"
#include "core/base/hex.h"
#include "server/domain/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Events shown with a device. */
#define DETAIL_EVENT_COUNT 20

/* NULL stays NULL. A full arena shows in `err`, so that a view can be filled in one go. */
static const char *copy(ud_arena_t *arena, const char *text, ud_err_t *err)
{
    if (text == NULL) {
        return NULL;
    }
    const char *kept = ud_arena_text(arena, text, strlen(text));
    *err = kept == NULL ? UD_ERR_TOO_LARGE : *err;
    return kept;
}

static const char *name_of(ud_arena_t *arena, char prefix, uint32_t number, ud_err_t *err)
{
    char name[16];
    snprintf(name, sizeof(name), "%c-%u", prefix, number);
    return number == 0 ? NULL : copy(arena, name, err);
}

/* Number of "R-3", 0 if it is not of that form. */
static uint32_t number_of(const char *id, char prefix)
{
    if (id == NULL || id[0] != prefix || id[1] != '-' || id[2] < '1' || id[2] > '9' || strlen(id) > 11) {
        return 0;
    }
    char *end = NULL;
    unsigned long number = strtoul(id + 2, &end, 10);
    return *end == '\0' && number < UINT32_MAX ? (uint32_t)number : 0;
}

ud_rollout_live_t *ud_rollout_find(const ud_fleet_t *fleet, const char *id)
{
    uint32_t number = number_of(id, 'R');
    return number == 0 || number > fleet->rollout_count ? NULL : fleet->rollouts[number - 1];
}

/* Of several releases of one version the newest. */
ud_release_live_t *ud_release_find(const ud_fleet_t *fleet, const char *id)
{
    uint32_t number = number_of(id, 'F');
    if (number != 0) {
        return number > fleet->release_count ? NULL : &fleet->releases[number - 1];
    }
    for (size_t i = fleet->release_count; id != NULL && i > 0; i--) {
        if (strcmp(fleet->releases[i - 1].row.version, id) == 0) {
            return &fleet->releases[i - 1];
        }
    }
    return NULL;
}

/* ---- releases ----------------------------------------------------------------------------------------------------- */

static uint32_t devices_running(const ud_fleet_t *fleet, const ud_row_release_t *row)
{
    ud_firmware_key_t key = {.version = ""};
    memcpy(key.version, row->version, strnlen(row->version, sizeof(key.version) - 1));
    memcpy(key.image_digest, row->image_digest, sizeof(key.image_digest));
    uint32_t index = ud_intern_find(&fleet->devices.firmwares, &key);
    return index == UD_INTERN_NONE ? 0 : fleet->devices.firmwares.shown[index];
}

ud_err_t ud_view_release(const ud_fleet_t *fleet, const ud_release_live_t *release, ud_arena_t *arena,
                         ud_release_t *view)
{
    const ud_row_release_t *row = &release->row;
    ud_err_t err = UD_OK;
    *view = (ud_release_t){
        .id = name_of(arena, 'F', row->number, &err),
        .version = copy(arena, row->version, &err),
        .hardware = copy(arena, row->hardware, &err),
        .image_size = row->image_size,
        .security_counter = row->security_counter,
        .encrypted = row->encrypted,
        .artifact_count = release->artifact_count,
        .notes = copy(arena, row->notes, &err),
        .created_by = copy(arena, row->created_by, &err),
        .created_ms = row->created_ms,
        .device_count = devices_running(fleet, row),
    };
    memcpy(view->file_digest, row->file_digest, sizeof(view->file_digest));
    memcpy(view->image_digest, row->image_digest, sizeof(view->image_digest));
    memcpy(view->key_hash, row->key_hash, sizeof(view->key_hash));
    view->signature = row->signature;
    for (size_t i = 0; i < release->artifact_count; i++) {
        const ud_row_artifact_t *from = &release->artifacts[i];
        ud_release_artifact_t *to = &view->artifacts[i];
        to->chunk_size = from->chunk_size;
        to->artifact_size = from->artifact_size;
        to->has_descriptor = from->has_descriptor;
        memcpy(to->artifact_digest, from->artifact_digest, sizeof(to->artifact_digest));
        memcpy(to->chain_root, from->chain_root, sizeof(to->chain_root));
        to->descriptor = from->descriptor;
    }
    return err;
}

/* ---- rollouts ----------------------------------------------------------------------------------------------------- */

static void view_batch(const ud_batch_state_live_t *live, ud_batch_t *view)
{
    *view = (ud_batch_t){
        .state = (ud_batch_state_t)live->row.state,
        .planned = live->row.planned,
        .offered = live->open + live->succeeded + live->failed + live->rolled_back,
        .updating = live->open - live->retry,
        .succeeded = live->succeeded,
        .failed = live->failed,
        .rolled_back = live->rolled_back,
        .unreachable = live->open - live->open_online + live->wait - live->wait_online - live->wait_held,
    };
}

static ud_err_t view_failures(const ud_rollout_live_t *rollout, ud_arena_t *arena, ud_rollout_t *view)
{
    ud_count_t *counts = ud_arena_alloc(arena, (rollout->tally_count + 1) * sizeof(*counts));
    UD_REQUIRE(counts != NULL, UD_ERR_TOO_LARGE);
    size_t used = 0;
    for (size_t i = 0; i < rollout->tally_count; i++) {
        const ud_row_tally_t *tally = &rollout->tallies[i];
        if (tally->state == UD_EXECUTION_SUCCEEDED || tally->count == 0) {
            continue;
        }
        const char *label = ud_err_code((ud_err_t)tally->err);
        size_t at = 0;
        while (at < used && counts[at].label != label) {
            at++;
        }
        used = at == used ? used + 1 : used;
        counts[at].label = label;
        counts[at].count += tally->count;
    }
    view->failures = counts;
    view->failure_count = used;
    return UD_OK;
}

/* Why members wait, in words that do not change. */
static ud_err_t view_waits(const ud_rollout_live_t *rollout, ud_arena_t *arena, ud_rollout_t *view)
{
    enum { BATCH, CHECKIN, BUSY, RETRY, HELD, OFFLINE, WAIT_COUNT };
    static const char *const labels[WAIT_COUNT] = {"batch", "checkin", "busy", "retry", "held", "offline"};
    uint32_t waits[WAIT_COUNT] = {0};
    uint32_t max = rollout->row.concurrency_max;
    bool busy = max > 0 && ud_gate_busy(rollout) >= max;
    for (uint8_t i = 0; i < rollout->batch_count; i++) {
        const ud_batch_state_live_t *batch = &rollout->batches[i];
        waits[i > rollout->row.current ? BATCH : busy ? BUSY : CHECKIN] += batch->wait_online;
        waits[RETRY] += batch->retry;
        waits[HELD] += batch->wait_held;
        waits[OFFLINE] += batch->wait - batch->wait_online - batch->wait_held;
    }
    ud_count_t *counts = ud_arena_alloc(arena, WAIT_COUNT * sizeof(*counts));
    UD_REQUIRE(counts != NULL, UD_ERR_TOO_LARGE);
    size_t used = 0;
    for (size_t i = 0; i < WAIT_COUNT; i++) {
        if (waits[i] > 0) {
            counts[used++] = (ud_count_t){labels[i], waits[i]};
        }
    }
    view->waits = counts;
    view->wait_count = used;
    return UD_OK;
}

ud_err_t ud_view_rollout(const ud_fleet_t *fleet, const ud_rollout_live_t *rollout, ud_arena_t *arena,
                         ud_rollout_t *view)
{
    const ud_row_rollout_t *row = &rollout->row;
    const ud_row_release_t *release = &fleet->releases[row->release - 1].row;
    bool clock = fleet->clock_behind && row->status == UD_ROLLOUT_RUNNING;
    ud_err_t err = UD_OK;
    *view = (ud_rollout_t){
        .id = name_of(arena, 'R', row->number, &err),
        .release_id = name_of(arena, 'F', row->release, &err),
        .version = copy(arena, release->version, &err),
        .from = copy(arena, row->from, &err),
        .hardware = copy(arena, release->hardware, &err),
        .group = row->group == 0 ? NULL : copy(arena, fleet->groups[row->group - 1].row.name, &err),
        .status = (ud_rollout_status_t)row->status,
        .stop = clock ? UD_STOP_CLOCK : (ud_stop_t)row->stop,
        .stop_reason =
            clock ? "The server's clock is behind what it showed before" : copy(arena, row->stop_reason, &err),
        .batch_count = rollout->batch_count,
        .current = row->current,
        .failure_limit_percent = row->failure_limit_percent,
        .min_sample = row->min_sample,
        .success_percent = row->success_percent,
        .created_by = copy(arena, row->created_by, &err),
        .created_ms = row->created_ms,
        .ended_ms = row->ended_ms,
        .revision = rollout->revision,
    };
    for (uint8_t i = 0; i < rollout->batch_count; i++) {
        view_batch(&rollout->batches[i], &view->batches[i]);
    }
    UD_TRY(view_failures(rollout, arena, view));
    UD_TRY(view_waits(rollout, arena, view));
    return err;
}

/* ---- devices ------------------------------------------------------------------------------------------------------ */

static const char *target_of(const ud_fleet_t *fleet, uint32_t device)
{
    const ud_devices_t *d = &fleet->devices;
    if (!ud_execution_is_open(d->state[device - 1])) {
        return NULL;
    }
    return fleet->releases[fleet->rollouts[d->rollout[device - 1] - 1]->row.release - 1].row.version;
}

ud_err_t ud_view_device(const ud_fleet_t *fleet, uint32_t device, ud_arena_t *arena, ud_device_t *view)
{
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    const ud_firmware_key_t *firmware = ud_devices_firmware(d, device);
    ud_err_t err = UD_OK;
    *view = (ud_device_t){
        .id = copy(arena, ud_devices_id(d, device), &err),
        .hardware = copy(arena, ud_devices_hardware(d, device), &err),
        .group = copy(arena, fleet->groups[d->group[i] - 1].row.name, &err),
        .version = firmware == NULL ? "" : copy(arena, firmware->version, &err),
        .target = copy(arena, target_of(fleet, device), &err),
        .rollout_id = name_of(arena, 'R', d->rollout[i], &err),
        .state = ud_execution_view(d->state[i]),
        .progress = d->progress[i],
        .err = (ud_err_t)d->err[i],
        .reason = ud_offer_reason(fleet, device, arena),
        .online = (d->flags[i] & UD_DEVICE_ONLINE) != 0,
        .pending = (d->flags[i] & (UD_DEVICE_PENDING | UD_DEVICE_CANDIDATE)) != 0,
        .hold = (d->flags[i] & UD_DEVICE_HOLD) != 0,
        .batch = d->rollout[i] == 0 ? 0 : d->batch[i] + 1u,
        .last_seen_ms = d->last_seen_ms[i],
        .registered_ms = d->registered_ms[i],
        .revision = d->revision[i],
    };
    return err;
}

ud_err_t ud_view_detail(const ud_fleet_t *fleet, uint32_t device, ud_arena_t *arena, ud_device_detail_t *view)
{
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    const ud_firmware_key_t *firmware = ud_devices_firmware(d, device);
    *view = (ud_device_detail_t){
        .security_counter = d->security_counter[i],
        .boot_reason = d->boot_reason[i],
        .revert_reason = (ud_err_t)d->revert_reason[i],
        .trial_attempts = d->trial_attempts[i],
        .abnormal_resets = d->abnormal_resets[i],
        .battery = (d->flags[i] & UD_DEVICE_HAS_BATTERY) != 0 ? d->battery[i] : -1,
        .link = (d->flags[i] & UD_DEVICE_HAS_LINK) != 0 ? d->link[i] : -1,
        .signal = (d->flags[i] & UD_DEVICE_HAS_SIGNAL) != 0 ? d->signal[i] : 0,
        .journal_worn = (d->flags[i] & UD_DEVICE_WORN) != 0,
    };
    UD_TRY(ud_view_device(fleet, device, arena, &view->device));
    if (firmware != NULL) {
        char *hex = ud_arena_alloc(arena, UD_HEX_TEXT_SIZE(UD_SHA256_SIZE));
        UD_REQUIRE(hex != NULL, UD_ERR_TOO_LARGE);
        ud_hex_encode(firmware->image_digest, UD_SHA256_SIZE, hex);
        view->image_digest = hex;
    }
    ud_check_t *checks = ud_arena_alloc(arena, UD_CHECK_COUNT_MAX * sizeof(*checks));
    UD_REQUIRE(checks != NULL, UD_ERR_TOO_LARGE);
    view->checks = checks;
    view->check_count = ud_offer_checks(fleet, device, arena, checks);
    ud_event_page_t page;
    ud_event_query_t query = {UD_EVENTS_OF_DEVICE, d->last_event[i], DETAIL_EVENT_COUNT};
    UD_TRY(ud_view_events(fleet, &query, arena, &page));
    view->events = page.items;
    view->event_count = page.count;
    return UD_OK;
}

/* ---- events ------------------------------------------------------------------------------------------------------- */

/* Events of this batch are not in the store yet: the chain is followed in RAM until it reaches those that are. */
static const ud_row_event_t *pending_event(const ud_fleet_t *fleet, uint64_t number)
{
    const ud_pending_t *pending = &fleet->pending;
    if (pending->event_count == 0 || number < pending->events[0].number ||
        number > pending->events[pending->event_count - 1].number) {
        return NULL;
    }
    return &pending->events[number - pending->events[0].number];
}

static uint64_t skip_pending(const ud_fleet_t *fleet, const ud_event_query_t *query)
{
    uint64_t number = query->from;
    const ud_row_event_t *event = pending_event(fleet, number);
    while (event != NULL) {
        number = query->chain == UD_EVENTS_OF_DEVICE   ? event->device_before
                 : query->chain == UD_EVENTS_OF_OBJECT ? event->object_before
                                                       : number - 1;
        event = pending_event(fleet, number);
    }
    return number;
}

ud_err_t ud_view_events(const ud_fleet_t *fleet, const ud_event_query_t *query, ud_arena_t *arena,
                        ud_event_page_t *page)
{
    ud_event_query_t stored = *query;
    stored.from = skip_pending(fleet, query);
    ud_event_rows_t rows;
    UD_TRY(fleet->store->ops->events(fleet->store, &stored, arena, &rows));
    ud_event_t *items = ud_arena_alloc(arena, (rows.count + 1) * sizeof(*items));
    UD_REQUIRE(items != NULL, UD_ERR_TOO_LARGE);
    ud_err_t err = UD_OK;
    for (size_t i = 0; i < rows.count; i++) {
        const ud_row_event_t *row = &rows.rows[i];
        bool known = row->device != 0 && row->device <= fleet->devices.count;
        items[i] = (ud_event_t){
            .number = row->number,
            .at_ms = row->at_ms,
            .kind = row->kind,
            .device = known ? copy(arena, ud_devices_id(&fleet->devices, row->device), &err) : NULL,
            .rollout = row->object_type == UD_OBJECT_ROLLOUT ? name_of(arena, 'R', row->object, &err) : NULL,
            .actor = row->actor,
            .text = row->text == NULL ? "" : row->text,
            .err = row->err < UD_ERR_COUNT ? (ud_err_t)row->err : UD_ERR_INTERNAL,
        };
    }
    *page = (ud_event_page_t){items, rows.count, rows.next};
    return err;
}
