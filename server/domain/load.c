/* From rows to RAM, at start and after a failed commit.
 *
 * Rows come in the order of ud_row_type_t; one that refers to nothing ends the load with UD_ERR_STORAGE, for then the
 * database is not what this program wrote.
 */
#include "core/base/assert.h"
#include "server/domain/siphash.h"
#include "server/domain/state.h"

#include <stdlib.h>
#include <string.h>

/* Last-seen rows may be so old although the device was there: what sweep() had not yet written. */
#define FLUSH_SLACK_MS 31000

/* Seconds of Unix time that the numbers of updates count from (2020-01-01): 32 bits last until 2156. */
#define UPDATES_SINCE_S 1577836800

/* ---- one of each -------------------------------------------------------------------------------------------------- */

/* Appends a zeroed item; lists that people keep grow one by one. */
static void *list_add(void **items, size_t *count, size_t item_size)
{
    unsigned char *grown = realloc(*items, (*count + 1) * item_size);
    UD_ASSERT(grown != NULL);
    *items = grown;
    memset(grown + *count * item_size, 0, item_size);
    return grown + (*count)++ * item_size;
}

#define ADD(fleet, list, count) (list_add((void **)&(fleet)->list, &(fleet)->count, sizeof(*(fleet)->list)))

ud_group_live_t *ud_group_new(ud_fleet_t *fleet, const ud_row_group_t *row)
{
    ud_group_live_t *group = ADD(fleet, groups, group_count);
    group->row = *row;
    group->row.number = (uint32_t)fleet->group_count;
    group->row.name = ud_text_keep(row->name);
    group->row.description = ud_text_keep(row->description);
    return group;
}

ud_row_key_t *ud_key_new(ud_fleet_t *fleet, const ud_row_key_t *row)
{
    ud_row_key_t *key = ADD(fleet, keys, key_count);
    *key = *row;
    key->name = ud_text_keep(row->name);
    key->type = ud_text_keep(row->type);
    return key;
}

ud_row_claim_key_t *ud_claim_key_new(ud_fleet_t *fleet, const ud_row_claim_key_t *row)
{
    ud_row_claim_key_t *key = ADD(fleet, claim_keys, claim_key_count);
    *key = *row;
    key->name = ud_text_keep(row->name);
    key->group = ud_text_keep(row->group);
    return key;
}

ud_row_account_t *ud_account_new(ud_fleet_t *fleet, const ud_row_account_t *row)
{
    ud_row_account_t *account = ADD(fleet, accounts, account_count);
    *account = *row;
    account->name = ud_text_keep(row->name);
    account->password_hash = ud_text_keep(row->password_hash);
    return account;
}

ud_row_session_t *ud_session_new(ud_fleet_t *fleet, const ud_row_session_t *row)
{
    ud_row_session_t *session = ADD(fleet, sessions, session_count);
    *session = *row;
    session->account = ud_text_keep(row->account);
    return session;
}

ud_release_live_t *ud_release_new(ud_fleet_t *fleet, const ud_row_release_t *row)
{
    ud_release_live_t *release = ADD(fleet, releases, release_count);
    release->row = *row;
    release->row.number = (uint32_t)fleet->release_count;
    release->row.version = ud_text_keep(row->version);
    release->row.hardware = ud_text_keep(row->hardware);
    release->row.notes = ud_text_keep(row->notes);
    release->row.created_by = ud_text_keep(row->created_by);
    return release;
}

/* Each rollout orders the fleet anew: whoever was a canary is not the next time. */
static void make_key(const ud_fleet_t *fleet, ud_rollout_live_t *rollout)
{
    for (size_t half = 0; half < 2; half++) {
        uint32_t input[2] = {rollout->row.number, (uint32_t)half};
        uint64_t hash = ud_siphash(fleet->meta.salt, input, sizeof(input));
        memcpy(rollout->key + 8 * half, &hash, sizeof(hash));
    }
}

ud_rollout_live_t *ud_rollout_new(ud_fleet_t *fleet, const ud_row_rollout_t *row)
{
    ud_rollout_live_t *rollout = calloc(1, sizeof(*rollout));
    UD_ASSERT(rollout != NULL);
    *(ud_rollout_live_t **)ADD(fleet, rollouts, rollout_count) = rollout;
    rollout->row = *row;
    rollout->row.number = (uint32_t)fleet->rollout_count;
    rollout->row.from = ud_text_keep(row->from);
    rollout->row.stop_reason = ud_text_keep(row->stop_reason);
    rollout->row.created_by = ud_text_keep(row->created_by);
    rollout->row.idempotency_key = ud_text_keep(row->idempotency_key);
    rollout->hardware = UD_INTERN_NONE;
    rollout->revision = fleet->revision;
    make_key(fleet, rollout);
    return rollout;
}

void ud_rollout_activate(ud_fleet_t *fleet, ud_rollout_live_t *rollout)
{
    UD_ASSERT(fleet->active_count < UD_ROLLOUT_ACTIVE_MAX);
    ud_hardware_key_t key = {""};
    const char *hardware = fleet->releases[rollout->row.release - 1].row.hardware;
    memcpy(key.id, hardware, strnlen(hardware, sizeof(key.id) - 1));
    rollout->hardware = ud_intern_take(&fleet->devices.hardware_names, &key);
    rollout->reached_ms = fleet->now.monotonic_ms;
    memmove(&fleet->active[1], &fleet->active[0], fleet->active_count * sizeof(fleet->active[0]));
    fleet->active[0] = rollout;
    fleet->active_count++;
}

/* ---- rows --------------------------------------------------------------------------------------------------------- */

static ud_err_t load_rollout(ud_fleet_t *fleet, const ud_row_rollout_t *row)
{
    UD_REQUIRE(row->number == fleet->rollout_count + 1 && row->release >= 1 && row->release <= fleet->release_count &&
                   row->group <= fleet->group_count && row->status < UD_ROLLOUT_STATUS_COUNT,
               UD_ERR_STORAGE);
    ud_rollout_live_t *rollout = ud_rollout_new(fleet, row);
    if (row->status != UD_ROLLOUT_COMPLETED) {
        UD_REQUIRE(fleet->active_count < UD_ROLLOUT_ACTIVE_MAX, UD_ERR_STORAGE);
        ud_rollout_activate(fleet, rollout);
    }
    return UD_OK;
}

static ud_err_t load_batch(ud_fleet_t *fleet, const ud_row_batch_t *row)
{
    UD_REQUIRE(row->rollout >= 1 && row->rollout <= fleet->rollout_count && row->batch < UD_BATCH_COUNT_MAX,
               UD_ERR_STORAGE);
    ud_rollout_live_t *rollout = fleet->rollouts[row->rollout - 1];
    rollout->batches[row->batch].row = *row;
    if (rollout->batch_count <= row->batch) {
        rollout->batch_count = (uint8_t)(row->batch + 1);
    }
    return UD_OK;
}

static bool is_outcome(const ud_fleet_t *fleet, uint32_t rollout, uint8_t batch, uint8_t state)
{
    return rollout >= 1 && rollout <= fleet->rollout_count && batch < fleet->rollouts[rollout - 1]->batch_count &&
           state < UD_EXECUTION_STATE_COUNT && ud_execution_is_final(state);
}

/* Of completed rollouts only: those of others are counted from their executions. */
static ud_err_t load_tally(ud_fleet_t *fleet, const ud_row_tally_t *row)
{
    UD_REQUIRE(is_outcome(fleet, row->rollout, row->batch, row->state), UD_ERR_STORAGE);
    ud_rollout_live_t *rollout = fleet->rollouts[row->rollout - 1];
    if (rollout->row.status == UD_ROLLOUT_COMPLETED && row->count > 0) {
        ud_census_tally(fleet, rollout, row->batch, row->state, (ud_err_t)row->err, (int)row->count);
    }
    return UD_OK;
}

static ud_err_t load_device(ud_fleet_t *fleet, const ud_row_device_t *row)
{
    ud_devices_t *d = &fleet->devices;
    UD_REQUIRE(row->number == d->count + 1 && row->id != NULL && row->id[0] != '\0' && row->group >= 1 &&
                   row->group <= fleet->group_count && ud_devices_find(d, row->id) == 0,
               UD_ERR_STORAGE);
    uint32_t i = ud_devices_add(d, row->id) - 1;
    memcpy(d->nonce[i].bytes, row->nonce, sizeof(row->nonce));
    memcpy(d->secret_hash[i].bytes, row->secret_hash, sizeof(row->secret_hash));
    d->generation[i] = row->generation;
    d->group[i] = row->group;
    d->registered_ms[i] = row->registered_ms;
    d->flags[i] = (uint16_t)((row->pending ? UD_DEVICE_PENDING : 0) | (row->hold ? UD_DEVICE_HOLD : 0) |
                             (row->retired ? UD_DEVICE_RETIRED : 0));
    ud_devices_set_hardware(d, row->number, row->hardware == NULL ? "" : row->hardware);
    if (row->has_candidate) {
        ud_digest_t hash;
        memcpy(hash.bytes, row->candidate_hash, sizeof(hash.bytes));
        ud_devices_set_candidate(d, row->number, &hash);
    }
    return UD_OK;
}

static ud_err_t load_report(ud_fleet_t *fleet, const ud_row_report_t *row)
{
    ud_devices_t *d = &fleet->devices;
    UD_REQUIRE(row->device >= 1 && row->device <= d->count && row->state < UD_EXECUTION_STATE_COUNT &&
                   row->rollout <= fleet->rollout_count,
               UD_ERR_STORAGE);
    UD_REQUIRE(row->rollout == 0 ? row->state == UD_EXECUTION_NONE
                                 : row->batch < fleet->rollouts[row->rollout - 1]->batch_count,
               UD_ERR_STORAGE);
    uint32_t i = row->device - 1;
    if (row->version != NULL) {
        ud_devices_set_firmware(d, row->device, row->version, row->image_digest);
    }
    d->epoch[i] = row->epoch;
    d->epoch_before[i] = row->epoch_before;
    d->sequence[i] = row->sequence;
    d->update_id[i] = row->update_id;
    d->rollout[i] = row->rollout;
    d->batch[i] = row->batch;
    d->attempt[i] = row->attempt;
    d->state[i] = row->state;
    d->progress[i] = row->progress;
    d->err[i] = row->err;
    d->flags[i] |= row->flags & UD_DEVICE_FLAGS_REPORT;
    d->security_counter[i] = row->security_counter;
    d->boot_reason[i] = row->boot_reason;
    d->revert_reason[i] = row->revert_reason;
    d->trial_attempts[i] = row->trial_attempts;
    d->abnormal_resets[i] = row->abnormal_resets;
    d->battery[i] = row->battery;
    d->link[i] = row->link;
    d->signal[i] = row->signal;
    d->chunk_size_max[i] = row->chunk_size_max;
    d->slot_size[i] = row->slot_size;
    d->last_seen_ms[i] = row->last_seen_ms;
    d->last_event[i] = row->last_event;
    return UD_OK;
}

static ud_err_t load_execution(ud_fleet_t *fleet, const ud_row_execution_t *row)
{
    UD_REQUIRE(row->device >= 1 && row->device <= fleet->devices.count && row->rollout >= 1 &&
                   row->rollout <= fleet->rollout_count,
               UD_ERR_STORAGE);
    if (fleet->next_update <= row->number) {
        fleet->next_update = row->number + 1;
    }
    ud_rollout_live_t *rollout = fleet->rollouts[row->rollout - 1];
    if (rollout->row.status != UD_ROLLOUT_COMPLETED && ud_execution_is_final(row->state)) {
        UD_REQUIRE(is_outcome(fleet, row->rollout, row->batch, row->state), UD_ERR_STORAGE);
        ud_census_set_done(rollout, row->device);
        ud_census_tally(fleet, rollout, row->batch, row->state, (ud_err_t)row->err, 1);
    }
    if (fleet->devices.update_id[row->device - 1] == row->number) {
        fleet->devices.offered_ms[row->device - 1] = row->offered_ms;
    }
    return UD_OK;
}

static ud_err_t load_release(ud_fleet_t *fleet, const ud_row_release_t *row)
{
    UD_REQUIRE(row->number == fleet->release_count + 1 && row->hardware != NULL && row->version != NULL,
               UD_ERR_STORAGE);
    ud_release_new(fleet, row);
    return UD_OK;
}

static ud_err_t load_artifact(ud_fleet_t *fleet, const ud_row_artifact_t *row)
{
    UD_REQUIRE(row->release >= 1 && row->release <= fleet->release_count, UD_ERR_STORAGE);
    ud_release_live_t *release = &fleet->releases[row->release - 1];
    UD_REQUIRE(release->artifact_count < UD_CHUNK_KIND_COUNT, UD_ERR_STORAGE);
    release->artifacts[release->artifact_count++] = *row;
    return UD_OK;
}

static ud_err_t load_row(void *context, ud_row_type_t type, const void *row)
{
    ud_fleet_t *fleet = context;
    switch (type) {
    case UD_ROW_META:
        fleet->meta = *(const ud_row_meta_t *)row;
        return UD_OK;
    case UD_ROW_ACCOUNT:
        ud_account_new(fleet, row);
        return UD_OK;
    case UD_ROW_SESSION:
        ud_session_new(fleet, row);
        return UD_OK;
    case UD_ROW_KEY:
        ud_key_new(fleet, row);
        return UD_OK;
    case UD_ROW_CLAIM_KEY:
        ud_claim_key_new(fleet, row);
        return UD_OK;
    case UD_ROW_GROUP:
        ud_group_new(fleet, row);
        return UD_OK;
    case UD_ROW_RELEASE:
        return load_release(fleet, row);
    case UD_ROW_ARTIFACT:
        return load_artifact(fleet, row);
    case UD_ROW_ROLLOUT:
        return load_rollout(fleet, row);
    case UD_ROW_BATCH:
        return load_batch(fleet, row);
    case UD_ROW_TALLY:
        return load_tally(fleet, row);
    case UD_ROW_DEVICE:
        return load_device(fleet, row);
    case UD_ROW_REPORT:
        return load_report(fleet, row);
    case UD_ROW_EXECUTION:
        return load_execution(fleet, row);
    case UD_ROW_EVENT:
        fleet->next_event = ((const ud_row_event_t *)row)->number + 1;
        return UD_OK;
    case UD_ROW_COUNT:
        break;
    }
    return UD_ERR_STORAGE;
}

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

/* A device that was there when the server was last alive is taken as there now; whoever was silent stays so. */
static void settle_devices(ud_fleet_t *fleet)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t second = ud_fleet_second(fleet);
    int64_t silent_before = fleet->meta.wall_high_ms - (int64_t)ud_fleet_silence_s(fleet) * 1000 - FLUSH_SLACK_MS;
    for (uint32_t i = 0; i < d->count; i++) {
        int64_t seen = d->last_seen_ms[i] > d->registered_ms[i] ? d->last_seen_ms[i] : d->registered_ms[i];
        d->seen_s[i] = second;
        if (seen >= silent_before) {
            d->flags[i] |= UD_DEVICE_ONLINE;
        }
        ud_execution_deadline(fleet, i + 1);
        ud_census_enter(fleet, i + 1);
    }
}

static bool rollouts_are_whole(const ud_fleet_t *fleet)
{
    for (size_t i = 0; i < fleet->rollout_count; i++) {
        if (fleet->rollouts[i]->row.current >= fleet->rollouts[i]->batch_count) {
            return false;
        }
    }
    return true;
}

static void settle_rollouts(ud_fleet_t *fleet)
{
    for (size_t i = 0; i < fleet->active_count; i++) {
        ud_rollout_live_t *rollout = fleet->active[i];
        ud_census_count(fleet, rollout);
        rollout->soak_until_ms = fleet->now.monotonic_ms + rollout->row.soak_s * 1000ull;
    }
}

/* What every fleet has: a salt, and the group that devices join when nothing else is said. */
static void first_rows(ud_fleet_t *fleet)
{
    if (fleet->meta.number == 0) {
        fleet->meta.number = 1;
        memcpy(fleet->meta.salt, fleet->config.seed, sizeof(fleet->meta.salt));
        fleet->pending.meta = true;
    }
    if (fleet->group_count == 0) {
        ud_group_new(fleet,
                     &(ud_row_group_t){.name = "default", .description = "Devices without a group of their own."});
        ud_pending_ref(fleet, UD_ROW_GROUP, 1, 0);
    }
}

/* Numbers of updates go on from the clock: a server that comes back from an older backup must not give away anew those that
 * its devices still report about. They would, where it offered more than one in a second since its last start.
 */
static void skip_updates(ud_fleet_t *fleet)
{
    int64_t seconds = fleet->now.wall_ms / 1000 - UPDATES_SINCE_S;
    if (seconds > fleet->next_update && seconds < UINT32_MAX / 2) {
        fleet->next_update = (uint32_t)seconds;
    }
}

ud_err_t ud_load(ud_fleet_t *fleet)
{
    ud_devices_init(&fleet->devices, fleet->config.seed);
    fleet->next_update = 1;
    fleet->next_event = 1;
    ud_err_t err = fleet->store->ops->load(fleet->store, load_row, fleet);
    err = err == UD_OK && !rollouts_are_whole(fleet) ? UD_ERR_STORAGE : err;
    if (err != UD_OK) {
        ud_unload(fleet);
        return err;
    }
    /* revisions grow over restarts too: streams compare them with what they had */
    uint64_t first =
        (uint64_t)(fleet->now.wall_ms > fleet->meta.wall_high_ms ? fleet->now.wall_ms : fleet->meta.wall_high_ms) *
        1024;
    fleet->revision = fleet->revision > first ? fleet->revision : first;
    skip_updates(fleet);
    size_t active_count = fleet->active_count;
    fleet->active_count = 0; /* counted at once below, not device by device */
    settle_devices(fleet);
    fleet->active_count = active_count;
    settle_rollouts(fleet);
    first_rows(fleet);
    return UD_OK;
}

void ud_rollout_free(ud_rollout_live_t *rollout)
{
    free((void *)rollout->row.from);
    free((void *)rollout->row.stop_reason);
    free((void *)rollout->row.created_by);
    free((void *)rollout->row.idempotency_key);
    free(rollout->tallies);
    free(rollout->done);
    free(rollout);
}

static void free_people(ud_fleet_t *fleet)
{
    for (size_t i = 0; i < fleet->account_count; i++) {
        free((void *)fleet->accounts[i].name);
        free((void *)fleet->accounts[i].password_hash);
    }
    for (size_t i = 0; i < fleet->session_count; i++) {
        free((void *)fleet->sessions[i].account);
    }
    for (size_t i = 0; i < fleet->key_count; i++) {
        free((void *)fleet->keys[i].name);
        free((void *)fleet->keys[i].type);
    }
    for (size_t i = 0; i < fleet->claim_key_count; i++) {
        free((void *)fleet->claim_keys[i].name);
        free((void *)fleet->claim_keys[i].group);
    }
    free(fleet->accounts);
    free(fleet->sessions);
    free(fleet->keys);
    free(fleet->claim_keys);
    fleet->accounts = NULL;
    fleet->sessions = NULL;
    fleet->keys = NULL;
    fleet->claim_keys = NULL;
    fleet->account_count = fleet->session_count = fleet->key_count = fleet->claim_key_count = 0;
}

static void free_catalogue(ud_fleet_t *fleet)
{
    for (size_t i = 0; i < fleet->group_count; i++) {
        free((void *)fleet->groups[i].row.name);
        free((void *)fleet->groups[i].row.description);
    }
    for (size_t i = 0; i < fleet->release_count; i++) {
        const ud_row_release_t *row = &fleet->releases[i].row;
        free((void *)row->version);
        free((void *)row->hardware);
        free((void *)row->notes);
        free((void *)row->created_by);
    }
    for (size_t i = 0; i < fleet->rollout_count; i++) {
        ud_rollout_free(fleet->rollouts[i]);
    }
    free(fleet->groups);
    free(fleet->releases);
    free(fleet->rollouts);
    fleet->groups = NULL;
    fleet->releases = NULL;
    fleet->rollouts = NULL;
    fleet->group_count = fleet->release_count = fleet->rollout_count = fleet->active_count = 0;
}

void ud_unload(ud_fleet_t *fleet)
{
    free_people(fleet);
    free_catalogue(fleet);
    ud_devices_free(&fleet->devices);
    memset(&fleet->meta, 0, sizeof(fleet->meta));
    memset(fleet->states, 0, sizeof(fleet->states));
    fleet->device_count = fleet->online_count = fleet->pending_count = 0;
    fleet->outcomes = fleet->successes = 0;
    fleet->tops_s = 0;
    fleet->sweep = 0;
}
