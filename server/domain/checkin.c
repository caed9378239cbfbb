/* Check-in: a report and its answer.
 *
 * A report is known by (epoch, sequence): one that comes again is answered again and counted once. It moves the execution
 * that it names by the table of execution.c. An idle check-in that says nothing new touches only RAM.
 */
#include "core/base/assert.h"
#include "core/base/utf8.h"
#include "server/domain/state.h"

#include <string.h>

#define HAS(message, field) (((message)->present & UD_FIELD(field)) != 0)

/* ---- what the device says of itself ------------------------------------------------------------------------------- */

/* The columns that a report may change, as it would have them. Battery, link and signal change all the time and wait for
 * the next row; the rest is worth one.
 */
typedef struct {
    uint32_t security_counter;
    uint32_t slot_size;
    uint16_t revert_reason;
    uint16_t chunk_size_max;
    uint16_t flags;
    uint8_t boot_reason;
    uint8_t trial_attempts;
    uint8_t abnormal_resets;
} inventory_t;

static inventory_t inventory_now(const ud_devices_t *d, uint32_t i)
{
    return (inventory_t){
        .security_counter = d->security_counter[i],
        .slot_size = d->slot_size[i],
        .revert_reason = d->revert_reason[i],
        .chunk_size_max = d->chunk_size_max[i],
        .flags = d->flags[i] & UD_DEVICE_WORN,
        .boot_reason = d->boot_reason[i],
        .trial_attempts = d->trial_attempts[i],
        .abnormal_resets = d->abnormal_resets[i],
    };
}

static uint8_t at_most_255(uint32_t count)
{
    return (uint8_t)(count < UINT8_MAX ? count : UINT8_MAX);
}

static inventory_t inventory_told(const ud_devices_t *d, uint32_t i, const ud_checkin_t *m)
{
    inventory_t told = inventory_now(d, i);
    told.flags = HAS(m, UD_CHECKIN_JOURNAL_WORN) && m->journal_worn ? UD_DEVICE_WORN : 0;
    if (HAS(m, UD_CHECKIN_SECURITY_COUNTER)) {
        told.security_counter = m->security_counter;
    }
    if (HAS(m, UD_CHECKIN_BOOT_REASON)) {
        told.boot_reason = m->boot_reason;
    }
    if (HAS(m, UD_CHECKIN_FAILED_STARTS)) {
        told.trial_attempts = at_most_255(m->failed_starts[0]);
        told.abnormal_resets = at_most_255(m->failed_starts[1]);
    }
    if (HAS(m, UD_CHECKIN_REVERT_REASON)) {
        told.revert_reason = m->revert_reason < UD_ERR_COUNT ? m->revert_reason : UD_ERR_INTERNAL;
    }
    if (HAS(m, UD_CHECKIN_CAPABILITIES)) {
        const ud_capabilities_t *c = &m->capabilities;
        told.chunk_size_max = (c->present & UD_FIELD(UD_CAPABILITY_CHUNK_SIZE_MAX)) != 0 ? c->chunk_size_max : 0;
        told.slot_size = (c->present & UD_FIELD(UD_CAPABILITY_SLOT_SIZE)) != 0 ? c->slot_size : 0;
    }
    return told;
}

static bool same_inventory(const inventory_t *a, const inventory_t *b)
{
    return a->security_counter == b->security_counter && a->slot_size == b->slot_size &&
           a->revert_reason == b->revert_reason && a->chunk_size_max == b->chunk_size_max && a->flags == b->flags &&
           a->boot_reason == b->boot_reason && a->trial_attempts == b->trial_attempts &&
           a->abnormal_resets == b->abnormal_resets;
}

static void take_inventory(ud_devices_t *d, uint32_t i, const inventory_t *told)
{
    d->security_counter[i] = told->security_counter;
    d->slot_size[i] = told->slot_size;
    d->revert_reason[i] = told->revert_reason;
    d->chunk_size_max[i] = told->chunk_size_max;
    d->flags[i] = (uint16_t)((d->flags[i] & ~UD_DEVICE_WORN) | told->flags);
    d->boot_reason[i] = told->boot_reason;
    d->trial_attempts[i] = told->trial_attempts;
    d->abnormal_resets[i] = told->abnormal_resets;
}

static void take_link(ud_devices_t *d, uint32_t i, const ud_checkin_t *m)
{
    const uint16_t all = UD_DEVICE_HAS_BATTERY | UD_DEVICE_HAS_LINK | UD_DEVICE_HAS_SIGNAL;
    d->flags[i] = (uint16_t)((d->flags[i] & ~all) | (HAS(m, UD_CHECKIN_BATTERY) ? UD_DEVICE_HAS_BATTERY : 0) |
                             (HAS(m, UD_CHECKIN_LINK) ? UD_DEVICE_HAS_LINK : 0) |
                             (HAS(m, UD_CHECKIN_SIGNAL) ? UD_DEVICE_HAS_SIGNAL : 0));
    d->battery[i] = m->battery;
    d->link[i] = m->link;
    d->signal[i] = m->signal;
}

static void note_firmware(ud_fleet_t *fleet, uint32_t device, const char *before)
{
    if (before[0] != '\0') {
        ud_event(fleet, (ud_event_spec_t){.kind = "firmware", .device = device}, "Runs %s, before %s.",
                 ud_devices_firmware(&fleet->devices, device)->version, before);
    }
}

static void take_report(ud_fleet_t *fleet, uint32_t device, const ud_checkin_t *m)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    take_link(d, i, m);
    const ud_firmware_key_t *firmware = ud_devices_firmware(d, device);
    char before[UD_VERSION_TEXT_SIZE_MAX + 1] = "";
    if (firmware != NULL) {
        memcpy(before, firmware->version, sizeof(before));
    }
    bool same_firmware = firmware != NULL && strcmp(firmware->version, m->version) == 0 &&
                         memcmp(firmware->image_digest, m->image_digest, UD_SHA256_SIZE) == 0;
    bool same_hardware = strcmp(ud_devices_hardware(d, device), m->hardware) == 0;
    inventory_t now = inventory_now(d, i);
    inventory_t told = inventory_told(d, i, m);
    if (same_firmware && same_hardware && same_inventory(&now, &told)) {
        return;
    }
    ud_census_leave(fleet, device);
    take_inventory(d, i, &told);
    ud_devices_set_firmware(d, device, m->version, m->image_digest);
    if (!same_hardware) {
        ud_devices_set_hardware(d, device, m->hardware);
        ud_pending_device(fleet, device);
    }
    ud_census_enter(fleet, device);
    ud_pending_report(fleet, device);
    if (!same_firmware) {
        note_firmware(fleet, device, before);
    }
}

/* ---- numbering ---------------------------------------------------------------------------------------------------- */

static bool is_repeated(const ud_devices_t *d, uint32_t i, const ud_checkin_t *m)
{
    return (d->flags[i] & UD_DEVICE_REPORTED) != 0 && d->epoch[i] == m->epoch && m->sequence <= d->sequence[i];
}

/* A device that lost its journal begins a new epoch; only one that returns to an old epoch may be two devices. */
static void take_number(ud_fleet_t *fleet, uint32_t device, const ud_checkin_t *m)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    bool first = (d->flags[i] & UD_DEVICE_REPORTED) == 0;
    if (!first && m->epoch != d->epoch[i]) {
        if (m->epoch == d->epoch_before[i]) {
            ud_event(fleet, (ud_event_spec_t){.kind = "clone_suspected", .device = device},
                     "Reports alternate between two series: two devices may have the same identity.");
        }
        d->epoch_before[i] = d->epoch[i];
    } else if (first) {
        d->epoch_before[i] = m->epoch;
    }
    d->epoch[i] = m->epoch;
    d->sequence[i] = m->sequence;
    if (first) {
        d->flags[i] |= UD_DEVICE_REPORTED;
        ud_pending_report(fleet, device);
    }
}

/* ---- the execution it is about ------------------------------------------------------------------------------------ */

static const ud_row_release_t *release_of(const ud_fleet_t *fleet, uint32_t device)
{
    uint32_t rollout = fleet->devices.rollout[device - 1];
    return rollout == 0 ? NULL : &fleet->releases[fleet->rollouts[rollout - 1]->row.release - 1].row;
}

static bool names_update(const ud_checkin_t *m)
{
    return HAS(m, UD_CHECKIN_UPDATE_ID) && m->update_id != 0;
}

/* Without an update id: an idle device in the middle of an update, or one that went back from the release. */
static bool is_about_newest(const ud_fleet_t *fleet, uint32_t device, const ud_checkin_t *m)
{
    const ud_row_release_t *release = release_of(fleet, device);
    if (release == NULL) {
        return false;
    }
    if (names_update(m)) {
        return m->update_id == fleet->devices.update_id[device - 1];
    }
    if (m->state == UD_DEVICE_REVERTED) {
        return HAS(m, UD_CHECKIN_REVERT_DIGEST) && memcmp(m->revert_digest, release->image_digest, UD_SHA256_SIZE) == 0;
    }
    return m->state == UD_DEVICE_IDLE || m->state == UD_DEVICE_CONFIRMED;
}

static ud_err_t error_of(const ud_checkin_t *m)
{
    uint16_t err = UD_OK;
    if (m->state == UD_DEVICE_REVERTED && HAS(m, UD_CHECKIN_REVERT_REASON)) {
        err = m->revert_reason;
    }
    if (err == UD_OK && HAS(m, UD_CHECKIN_ERROR)) {
        err = m->error;
    }
    if (err >= UD_ERR_COUNT) {
        return UD_ERR_INTERNAL;
    }
    if (err == UD_OK) {
        return m->state == UD_DEVICE_REVERTED ? UD_ERR_CRASHED : UD_ERR_INTERNAL;
    }
    return (ud_err_t)err;
}

/* Success needs the release's image, confirmed: a word alone is not enough, and the image alone (idle, after the journal
 * was lost) is.
 */
static ud_execution_state_t next_state(const ud_fleet_t *fleet, uint32_t device, const ud_checkin_t *m)
{
    ud_execution_state_t state = fleet->devices.state[device - 1];
    ud_execution_state_t next = ud_execution_next(state, m->state);
    bool runs = memcmp(m->image_digest, release_of(fleet, device)->image_digest, UD_SHA256_SIZE) == 0;
    bool settled = m->state == UD_DEVICE_IDLE || m->state == UD_DEVICE_CONFIRMED;
    bool may_succeed = state != UD_EXECUTION_NONE && state != UD_EXECUTION_ROLLED_BACK;
    if (runs && settled && may_succeed) {
        return UD_EXECUTION_SUCCEEDED;
    }
    return next == UD_EXECUTION_SUCCEEDED && !runs ? state : next;
}

static void take_progress(ud_fleet_t *fleet, uint32_t device, const ud_checkin_t *m)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    uint8_t progress = HAS(m, UD_CHECKIN_PROGRESS) ? m->progress : 0;
    if (progress > d->progress[i]) {
        ud_execution_deadline(fleet, device);
    }
    d->progress[i] = progress;
    ud_pending_report(fleet, device);
}

static void take_state(ud_fleet_t *fleet, uint32_t device, const ud_checkin_t *m)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    if (!is_about_newest(fleet, device, m)) {
        return;
    }
    ud_execution_state_t next = next_state(fleet, device, m);
    if (next != d->state[i]) {
        bool failed = next == UD_EXECUTION_FAILED || next == UD_EXECUTION_ROLLED_BACK;
        ud_err_t err = failed ? error_of(m) : next == UD_EXECUTION_CANCELLED ? UD_ERR_CANCELLED : UD_OK;
        d->progress[i] = HAS(m, UD_CHECKIN_PROGRESS) ? m->progress : 0;
        ud_execution_move(fleet, device, next, err);
    } else if (ud_execution_is_busy(next) && m->state != UD_DEVICE_IDLE) {
        take_progress(fleet, device, m);
    } else if (names_update(m) && m->state != UD_DEVICE_IDLE) {
        ud_pending_report(fleet, device); /* said before, under another number: still kept before it is acknowledged */
    }
}

/* ---- the answer --------------------------------------------------------------------------------------------------- */

static void answer_cancel(ud_offer_t *offer, uint32_t update_id)
{
    offer->present |= UD_FIELD(UD_OFFER_UPDATE_ID);
    offer->action = UD_ACTION_CANCEL;
    offer->update_id = update_id;
}

static bool is_past_download(ud_device_state_t state)
{
    return state == UD_DEVICE_VERIFYING || state == UD_DEVICE_STAGED || state == UD_DEVICE_TRIAL;
}

/* The device already works on what it was offered. */
static bool knows_offer(const ud_fleet_t *fleet, uint32_t device, const ud_checkin_t *m)
{
    return names_update(m) && m->update_id == fleet->devices.update_id[device - 1] &&
           (m->state == UD_DEVICE_DOWNLOADING || is_past_download(m->state));
}

static void answer_busy(ud_fleet_t *fleet, uint32_t device, const ud_checkin_t *m, ud_offer_t *offer)
{
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    const ud_rollout_live_t *rollout = fleet->rollouts[d->rollout[i] - 1];
    if (rollout->row.status == UD_ROLLOUT_HALTED && d->state[i] != UD_EXECUTION_UPDATING) {
        answer_cancel(offer, d->update_id[i]);
        if (!names_update(m)) { /* it never began: there will be no report of the end */
            ud_execution_move(fleet, device, UD_EXECUTION_CANCELLED, UD_ERR_CANCELLED);
        }
    } else if (!knows_offer(fleet, device, m)) {
        ud_offer_fill(fleet, device, offer);
    }
}

static void answer(ud_fleet_t *fleet, uint32_t device, const ud_checkin_t *m, ud_offer_t *offer)
{
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    memset(offer, 0, sizeof(*offer));
    offer->present = UD_FIELD(UD_OFFER_NEXT) | UD_FIELD(UD_OFFER_ACTION);
    offer->action = UD_ACTION_NONE;
    if ((d->flags[i] & UD_DEVICE_RETIRED) != 0) {
        offer->action = UD_ACTION_DECOMMISSION;
    } else if (ud_execution_is_busy(d->state[i])) {
        answer_busy(fleet, device, m, offer);
    } else if (names_update(m) && (m->state == UD_DEVICE_WAITING || m->state == UD_DEVICE_DOWNLOADING) &&
               d->state[i] == UD_EXECUTION_CANCELLED) {
        answer_cancel(offer, m->update_id);
    }
    uint32_t seconds =
        ud_execution_is_busy(d->state[i]) ? fleet->config.update_interval_s : fleet->config.checkin_interval_s;
    offer->next_s = ud_fleet_jitter(seconds, (uint64_t)device << 32 | m->sequence);
}

/* What a report tells of the device counts, whatever update it is about. */
static void take_new(ud_fleet_t *fleet, uint32_t device, const ud_checkin_t *m, bool unknown)
{
    take_number(fleet, device, m);
    take_report(fleet, device, m);
    if (unknown) {
        ud_event(fleet, (ud_event_spec_t){.kind = "update_unknown", .device = device, .err = UD_ERR_UPDATE_UNKNOWN},
                 "Reports about update %u, which is not the one it was offered last.", m->update_id);
        return;
    }
    take_state(fleet, device, m);
    ud_gate_run(fleet);
    if (!ud_execution_is_busy(fleet->devices.state[device - 1]) && !is_past_download(m->state)) {
        ud_offer_try(fleet, device);
    }
}

ud_err_t ud_apply_checkin(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_checkin_t *m = command->in.checkin.message;
    ud_devices_t *d = &fleet->devices;
    uint32_t device = ud_devices_find(d, m->device_id);
    UD_REQUIRE(device != 0, UD_ERR_DEVICE_UNKNOWN);
    uint32_t i = device - 1;
    UD_REQUIRE(d->generation[i] == command->in.checkin.generation, UD_ERR_TOKEN_REVOKED);
    UD_REQUIRE((d->flags[i] & UD_DEVICE_PENDING) == 0, UD_ERR_PENDING);
    UD_REQUIRE(m->state < UD_DEVICE_STATE_COUNT && ud_utf8_is_text(m->hardware, strlen(m->hardware)) &&
                   ud_utf8_is_text(m->version, strlen(m->version)),
               UD_ERR_INVALID_ARGUMENT);
    bool retired = (d->flags[i] & UD_DEVICE_RETIRED) != 0;
    bool unknown = !retired && names_update(m) && !is_about_newest(fleet, device, m);
    bool repeated = is_repeated(d, i, m);
    fleet->reporter = device;
    ud_device_seen(fleet, device);
    if (!repeated && !retired) {
        take_new(fleet, device, m, unknown);
    }
    if (!unknown) {
        answer(fleet, device, m, &command->out.offer);
    }
    command->wrote = (d->flags[i] & (UD_DEVICE_DIRTY | UD_DEVICE_DIRTY_HOT)) != 0;
    return unknown ? UD_ERR_UPDATE_UNKNOWN : UD_OK;
}
