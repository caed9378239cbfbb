/* Offers: who may have what now, and why not.
 *
 * One const table of checks, in the order in which they are made. A device is offered a release when all of them pass;
 * the first that does not is the reason that people see, and all of them together answer "why is it not updating?".
 */
#include "core/base/assert.h"
#include "core/image/version.h"
#include "server/domain/state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of a check's sentence. */
#define DETAIL_SIZE 256

/* One device and one rollout; the checks write their sentence here. */
typedef struct {
    const ud_fleet_t *fleet;
    const ud_rollout_live_t *rollout; /* NULL: none is for this device */
    uint32_t device;
    bool tell;
    char detail[DETAIL_SIZE];
} check_t;

static void say(check_t *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(check_t *c, const char *format, ...)
{
    if (!c->tell) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(c->detail, sizeof(c->detail), format, arguments);
    va_end(arguments);
}

static uint16_t flags_of(const check_t *c)
{
    return c->fleet->devices.flags[c->device - 1];
}

static const ud_row_release_t *release_of(const check_t *c)
{
    return &c->fleet->releases[c->rollout->row.release - 1].row;
}

static const ud_batch_state_live_t *batch_of(const check_t *c, uint8_t *index)
{
    ud_member_t member = ud_census_member(c->fleet, c->rollout, c->device);
    *index = member.batch;
    return &c->rollout->batches[member.batch];
}

/* ---- the checks --------------------------------------------------------------------------------------------------- */

static bool check_registered(check_t *c)
{
    if ((flags_of(c) & UD_DEVICE_RETIRED) != 0) {
        say(c, "Retired");
        return false;
    }
    if ((flags_of(c) & UD_DEVICE_PENDING) != 0) {
        say(c, "Waits for approval");
        return false;
    }
    say(c, "Registered and approved");
    return true;
}

static bool check_hold(check_t *c)
{
    bool held = (flags_of(c) & UD_DEVICE_HOLD) != 0;
    say(c, held ? "Held by a person" : "Not held");
    return !held;
}

static bool check_rollout(check_t *c)
{
    const ud_devices_t *d = &c->fleet->devices;
    if (c->rollout == NULL) {
        say(c, "No rollout is for hardware %s in group %s", ud_devices_hardware(d, c->device),
            c->fleet->groups[d->group[c->device - 1] - 1].row.name);
        return false;
    }
    say(c, "R-%u offers %s", c->rollout->row.number, release_of(c)->version);
    return true;
}

static bool check_outcome(check_t *c)
{
    bool done = ud_census_is_done(c->rollout, c->device);
    say(c, done ? "It has had its outcome in R-%u" : "No outcome in R-%u yet", c->rollout->row.number);
    return !done;
}

static bool check_running(check_t *c)
{
    const ud_firmware_key_t *firmware = ud_devices_firmware(&c->fleet->devices, c->device);
    bool runs = firmware != NULL && memcmp(firmware->image_digest, release_of(c)->image_digest, UD_SHA256_SIZE) == 0;
    say(c, runs ? "Runs %s already" : "Does not run %s yet", release_of(c)->version);
    return !runs;
}

static int version_order(const check_t *c)
{
    const ud_firmware_key_t *firmware = ud_devices_firmware(&c->fleet->devices, c->device);
    ud_version_t to;
    ud_version_t from;
    if (firmware == NULL || ud_version_parse(firmware->version, strlen(firmware->version), &from) != UD_OK ||
        ud_version_parse(release_of(c)->version, strlen(release_of(c)->version), &to) != UD_OK) {
        return 0;
    }
    return ud_version_compare(&to, &from);
}

static bool check_version(check_t *c)
{
    bool older = version_order(c) < 0;
    if (older && !c->rollout->row.rollback) {
        say(c, "Runs %s, which is newer than %s", ud_devices_firmware(&c->fleet->devices, c->device)->version,
            release_of(c)->version);
        return false;
    }
    say(c, older ? "%s is older; R-%u is a rollback" : "%s is not older than what runs (R-%u)", release_of(c)->version,
        c->rollout->row.number);
    return true;
}

static bool check_counter(check_t *c)
{
    uint32_t counter = c->fleet->devices.security_counter[c->device - 1];
    say(c, "Security counter %u of the release, %u of the device", release_of(c)->security_counter, counter);
    return release_of(c)->security_counter >= counter;
}

/* The largest chunk that the device takes; an unknown device takes the default. */
static const ud_row_artifact_t *artifact_of(const check_t *c)
{
    const ud_release_live_t *release = &c->fleet->releases[c->rollout->row.release - 1];
    uint16_t limit = c->fleet->devices.chunk_size_max[c->device - 1];
    limit = limit == 0 ? UD_CHUNK_SIZE_DEFAULT : limit;
    const ud_row_artifact_t *best = NULL;
    for (size_t i = 0; i < release->artifact_count; i++) {
        const ud_row_artifact_t *artifact = &release->artifacts[i];
        if (artifact->chunk_size <= limit && (best == NULL || artifact->chunk_size > best->chunk_size)) {
            best = artifact;
        }
    }
    return best;
}

static bool check_size(check_t *c)
{
    uint32_t slot = c->fleet->devices.slot_size[c->device - 1];
    if (slot != 0 && slot < release_of(c)->image_size) {
        say(c, "The image has %u bytes, the slot %u", release_of(c)->image_size, slot);
        return false;
    }
    if (artifact_of(c) == NULL) {
        say(c, "The release has no artifact in chunks of %u bytes or less",
            c->fleet->devices.chunk_size_max[c->device - 1]);
        return false;
    }
    say(c, "The image fits");
    return true;
}

static bool check_status(check_t *c)
{
    const ud_row_rollout_t *row = &c->rollout->row;
    if (row->status == UD_ROLLOUT_RUNNING) {
        say(c, "R-%u is running", row->number);
        return true;
    }
    say(c, "R-%u is %s%s%.150s", row->number, row->status == UD_ROLLOUT_PAUSED ? "paused" : "halted",
        row->stop_reason != NULL ? ": " : "", row->stop_reason != NULL ? row->stop_reason : "");
    return false;
}

static bool check_clock(check_t *c)
{
    say(c, c->fleet->clock_behind ? "The server's clock is behind; no offers" : "The server's clock is right");
    return !c->fleet->clock_behind;
}

static bool check_batch(check_t *c)
{
    uint8_t index = 0;
    const ud_batch_state_live_t *batch = batch_of(c, &index);
    if (index > c->rollout->row.current) {
        say(c, "Waits for batch %u", index + 1u);
        return false;
    }
    if (ud_census_is_done(c->rollout, c->device)) {
        say(c, "Its batch was open");
        return true;
    }
    uint32_t offered = batch->open + batch->succeeded + batch->failed + batch->rolled_back;
    bool open = batch->row.state == UD_BATCH_RUNNING || batch->row.state == UD_BATCH_HALTED;
    bool has_place = ud_census_member(c->fleet, c->rollout, c->device).kind == UD_MEMBER_OPEN;
    if (index == c->rollout->row.current && open && offered >= batch->row.planned && !has_place) {
        say(c, "Joined late: batch %u has its %u devices, it follows when the batch has passed", index + 1u,
            batch->row.planned);
        return false;
    }
    say(c, "Batch %u is open", index + 1u);
    return true;
}

static bool check_concurrency(check_t *c)
{
    uint32_t busy = ud_gate_busy(c->rollout);
    uint32_t max = c->rollout->row.concurrency_max;
    say(c, "%u devices are updating at this time, %u allowed", busy, max);
    if (max == 0) {
        say(c, "%u devices are updating at this time, no limit", busy);
    }
    return max == 0 || busy < max;
}

static bool check_retry(check_t *c)
{
    const ud_devices_t *d = &c->fleet->devices;
    uint32_t i = c->device - 1;
    uint32_t second = ud_fleet_second(c->fleet);
    bool waits = d->rollout[i] == c->rollout->row.number && d->state[i] == UD_EXECUTION_RETRY;
    if (waits && d->deadline_s[i] > second) {
        say(c, "Attempt %u failed (%s); tries again in %u s", d->attempt[i], ud_err_code((ud_err_t)d->err[i]),
            d->deadline_s[i] - second);
        return false;
    }
    say(c, "Attempt %u of %u", waits ? d->attempt[i] + 1u : 1u, c->rollout->row.retries_max + 1);
    return true;
}

static bool check_online(check_t *c)
{
    bool online = (flags_of(c) & UD_DEVICE_ONLINE) != 0;
    say(c, online ? "Seen within three intervals" : "Offline");
    return online;
}

static const struct {
    const char *name;
    bool (*passes)(check_t *check);
} checks[] = {
    {"registered", check_registered},
    {"not_held", check_hold},
    {"rollout", check_rollout},
    {"no_outcome", check_outcome},
    {"not_running", check_running},
    {"version", check_version},
    {"security_counter", check_counter},
    {"size", check_size},
    {"status", check_status},
    {"clock", check_clock},
    {"batch", check_batch},
    {"concurrency", check_concurrency},
    {"retry", check_retry},
    {"online", check_online},
};

#define CHECK_COUNT (sizeof(checks) / sizeof(checks[0]))
_Static_assert(CHECK_COUNT <= UD_CHECK_COUNT_MAX, "the array of a view holds them");

static bool passes_all(check_t *c)
{
    for (size_t i = 0; i < CHECK_COUNT; i++) {
        if (!checks[i].passes(c)) {
            return false;
        }
    }
    return true;
}

/* ---- what people see ---------------------------------------------------------------------------------------------- */

/* The rollout that a device would hear of: the newest it waits in, else the newest for its hardware and group. */
static const ud_rollout_live_t *candidate(const ud_fleet_t *fleet, uint32_t device)
{
    const ud_devices_t *d = &fleet->devices;
    const ud_rollout_live_t *near = NULL;
    for (size_t i = 0; i < fleet->active_count; i++) {
        const ud_rollout_live_t *rollout = fleet->active[i];
        ud_member_kind_t kind = ud_census_member(fleet, rollout, device).kind;
        if (kind == UD_MEMBER_WAITS || kind == UD_MEMBER_OPEN) {
            return rollout;
        }
        if (near == NULL && rollout->hardware == d->hardware[device - 1] &&
            (rollout->row.group == 0 || rollout->row.group == d->group[device - 1])) {
            near = rollout;
        }
    }
    return near;
}

size_t ud_offer_checks(const ud_fleet_t *fleet, uint32_t device, ud_arena_t *arena,
                       ud_check_t views[UD_CHECK_COUNT_MAX])
{
    check_t c = {.fleet = fleet, .rollout = candidate(fleet, device), .device = device, .tell = true};
    size_t count = 0;
    while (count < CHECK_COUNT) {
        bool passed = checks[count].passes(&c);
        views[count] = (ud_check_t){checks[count].name, passed, ud_arena_text(arena, c.detail, strlen(c.detail))};
        count++;
        if (c.rollout == NULL && !passed && checks[count - 1].passes == check_rollout) {
            break; /* the others are about a rollout */
        }
    }
    return count;
}

const char *ud_offer_reason(const ud_fleet_t *fleet, uint32_t device, ud_arena_t *arena)
{
    const ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    ud_execution_state_t state = d->state[i];
    if ((d->flags[i] & UD_DEVICE_CANDIDATE) != 0) {
        return "Identity lost: another secret was presented, approve it or find out who did";
    }
    if (state == UD_EXECUTION_FAILED || state == UD_EXECUTION_ROLLED_BACK) {
        return ud_err_text((ud_err_t)d->err[i]);
    }
    if (ud_execution_is_busy(state)) {
        bool online = (d->flags[i] & UD_DEVICE_ONLINE) != 0;
        return !online ? "Offline" : state == UD_EXECUTION_OFFERED ? "Offered; has not begun" : NULL;
    }
    check_t c = {.fleet = fleet, .rollout = candidate(fleet, device), .device = device, .tell = true};
    if (!check_registered(&c)) {
        return ud_arena_text(arena, c.detail, strlen(c.detail));
    }
    ud_member_kind_t kind = c.rollout == NULL ? UD_MEMBER_NONE : ud_census_member(fleet, c.rollout, device).kind;
    if (kind != UD_MEMBER_WAITS && kind != UD_MEMBER_OPEN) {
        return check_online(&c) ? NULL : "Offline"; /* nothing is wanted of it */
    }
    return passes_all(&c) ? "Begins at its next check-in" : ud_arena_text(arena, c.detail, strlen(c.detail));
}

/* ---- offering ----------------------------------------------------------------------------------------------------- */

static uint8_t next_attempt(ud_fleet_t *fleet, uint32_t device, const ud_rollout_live_t *rollout)
{
    const ud_devices_t *d = &fleet->devices;
    if (d->state[device - 1] != UD_EXECUTION_RETRY) {
        return 1;
    }
    if (d->rollout[device - 1] == rollout->row.number) {
        return (uint8_t)(d->attempt[device - 1] + 1);
    }
    /* a newer rollout takes over: the older one has had its last attempt */
    ud_execution_set(fleet, device, UD_EXECUTION_FAILED, (ud_err_t)d->err[device - 1]);
    return 1;
}

static void begin_execution(ud_fleet_t *fleet, uint32_t device, const ud_rollout_live_t *rollout)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t i = device - 1;
    uint8_t batch = ud_census_member(fleet, rollout, device).batch;
    uint8_t attempt = next_attempt(fleet, device, rollout);
    ud_census_leave(fleet, device);
    d->update_id[i] = fleet->next_update++;
    d->rollout[i] = rollout->row.number;
    d->batch[i] = batch;
    d->attempt[i] = attempt;
    d->state[i] = UD_EXECUTION_NONE; /* the one before is over; from here the new one is moved */
    d->err[i] = UD_OK;
    d->progress[i] = 0;
    d->offered_ms[i] = fleet->now.wall_ms;
    ud_census_enter(fleet, device);
    ud_execution_set(fleet, device, UD_EXECUTION_OFFERED, UD_OK);
}

void ud_offer_try(ud_fleet_t *fleet, uint32_t device)
{
    for (size_t i = 0; i < fleet->active_count; i++) {
        check_t c = {.fleet = fleet, .rollout = fleet->active[i], .device = device};
        ud_member_kind_t kind = ud_census_member(fleet, c.rollout, device).kind;
        if ((kind == UD_MEMBER_WAITS || kind == UD_MEMBER_OPEN) && passes_all(&c)) {
            begin_execution(fleet, device, c.rollout);
            return;
        }
    }
}

static void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

void ud_offer_fill(const ud_fleet_t *fleet, uint32_t device, ud_offer_t *offer)
{
    const ud_devices_t *d = &fleet->devices;
    const ud_rollout_live_t *rollout = fleet->rollouts[d->rollout[device - 1] - 1];
    check_t c = {.fleet = fleet, .rollout = rollout, .device = device};
    const ud_row_release_t *release = release_of(&c);
    const ud_row_artifact_t *artifact = artifact_of(&c);
    if (artifact == NULL) {
        return; /* it came to take smaller chunks since the offer; it fails by its time-out */
    }
    offer->present |= UD_FIELD(UD_OFFER_UPDATE_ID) | UD_FIELD(UD_OFFER_VERSION) | UD_FIELD(UD_OFFER_KIND) |
                      UD_FIELD(UD_OFFER_IMAGE_SIZE) | UD_FIELD(UD_OFFER_ARTIFACT_SIZE) |
                      UD_FIELD(UD_OFFER_IMAGE_DIGEST) | UD_FIELD(UD_OFFER_KEY_HASH) | UD_FIELD(UD_OFFER_SIGNATURE) |
                      UD_FIELD(UD_OFFER_ARTIFACT_DIGEST) | UD_FIELD(UD_OFFER_CHUNK_SIZE) |
                      UD_FIELD(UD_OFFER_CHAIN_ROOT) | UD_FIELD(UD_OFFER_SECURITY_COUNTER) | UD_FIELD(UD_OFFER_HARDWARE);
    offer->action = version_order(&c) < 0 ? UD_ACTION_ROLLBACK : UD_ACTION_INSTALL;
    offer->update_id = d->update_id[device - 1];
    copy_text(offer->version, sizeof(offer->version), release->version);
    copy_text(offer->hardware, sizeof(offer->hardware), release->hardware);
    offer->image_size = release->image_size;
    offer->artifact_size = artifact->artifact_size;
    memcpy(offer->image_digest, release->image_digest, sizeof(offer->image_digest));
    memcpy(offer->key_hash, release->key_hash, sizeof(offer->key_hash));
    offer->signature = release->signature;
    memcpy(offer->artifact_digest, artifact->artifact_digest, sizeof(offer->artifact_digest));
    offer->chunk_size = artifact->chunk_size;
    memcpy(offer->chain_root, artifact->chain_root, sizeof(offer->chain_root));
    offer->security_counter = release->security_counter;
    if (artifact->has_descriptor) {
        offer->present |= UD_FIELD(UD_OFFER_DESCRIPTOR);
        offer->descriptor = artifact->descriptor;
    }
    if (rollout->row.forced) {
        offer->present |= UD_FIELD(UD_OFFER_POLICY);
        offer->policy = (ud_policy_t){.present = UD_FIELD(UD_POLICY_FORCED), .forced = true};
    }
}
