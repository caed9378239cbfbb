/* Identity: registration by claim key, refresh by secret, retirement.
 *
 *   presented                                answer                       kept
 *   new id, known claim key                  active, or pending           the device
 *   known id, its own secret                 as it stands                 nothing
 *   known id, another secret, claim key      identity lost                the new secret, for a person to approve
 *   anything else                            an error                     nothing
 *
 * Only hashes of secrets are kept; they are compared in constant time.
 */
#include "core/base/assert.h"
#include "core/base/utf8.h"
#include "core/crypto/crypto.h"
#include "server/domain/state.h"

#include <string.h>

/* Seconds after which a pending device asks again. */
#define PENDING_NEXT_S 60

/* Lost identities that wait for a person at a time; beyond, devices are told the same but nothing is kept. */
#define CANDIDATE_COUNT_MAX 10000

static bool is_secret_of(const ud_fleet_t *fleet, uint32_t device, const ud_digest_t *hash)
{
    return ud_crypto_equal(fleet->devices.secret_hash[device - 1].bytes, hash->bytes, UD_SHA256_SIZE) ==
           UD_VERDICT_VALID;
}

/* All keys are compared: the time does not say which one it is. */
static ud_row_claim_key_t *claim_key_find(ud_fleet_t *fleet, const ud_register_t *message)
{
    if ((message->present & UD_FIELD(UD_REGISTER_CLAIM_KEY)) == 0) {
        return NULL;
    }
    uint8_t hash[UD_SHA256_SIZE];
    ud_sha256(message->claim_key, strlen(message->claim_key), hash);
    ud_row_claim_key_t *found = NULL;
    for (size_t i = 0; i < fleet->claim_key_count; i++) {
        if (ud_crypto_equal(fleet->claim_keys[i].secret_hash, hash, UD_SHA256_SIZE) == UD_VERDICT_VALID) {
            found = &fleet->claim_keys[i];
        }
    }
    return found;
}

static ud_register_out_t answer_of(const ud_fleet_t *fleet, uint32_t device)
{
    bool pending = (fleet->devices.flags[device - 1] & UD_DEVICE_PENDING) != 0;
    return (ud_register_out_t){
        .status = pending ? UD_STATUS_PENDING : UD_STATUS_ACTIVE,
        .generation = fleet->devices.generation[device - 1],
        .next_s = pending ? PENDING_NEXT_S : ud_fleet_jitter(fleet->config.checkin_interval_s, device),
    };
}

static void begin_device(ud_fleet_t *fleet, const ud_register_t *message, const ud_digest_t *hash,
                         ud_row_claim_key_t *key)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t device = ud_devices_add(d, message->device_id);
    uint32_t i = device - 1;
    uint32_t group = ud_group_find(fleet, key->group);
    memcpy(d->nonce[i].bytes, message->nonce, sizeof(d->nonce[i].bytes));
    d->secret_hash[i] = *hash;
    d->generation[i] = 1;
    d->group[i] = group == 0 ? 1 : group;
    d->registered_ms[i] = fleet->now.wall_ms;
    d->last_seen_ms[i] = fleet->now.wall_ms;
    d->seen_s[i] = ud_fleet_second(fleet);
    d->flags[i] = (uint16_t)(UD_DEVICE_ONLINE | (key->approve ? UD_DEVICE_PENDING : 0));
    ud_devices_set_hardware(d, device, message->hardware);
    const uint32_t firmware = UD_FIELD(UD_REGISTER_VERSION) | UD_FIELD(UD_REGISTER_IMAGE_DIGEST);
    if ((message->present & firmware) == firmware) {
        ud_devices_set_firmware(d, device, message->version, message->image_digest);
    }
    for (size_t a = 0; a < fleet->active_count; a++) {
        fleet->before[a] = (ud_member_t){.kind = UD_MEMBER_NONE};
    }
    ud_census_enter(fleet, device);
    key->used++;
    ud_pending_ref(fleet, UD_ROW_CLAIM_KEY, (uint32_t)(key - fleet->claim_keys) + 1, 0);
    ud_pending_device(fleet, device);
    ud_pending_report(fleet, device);
    ud_event(fleet, (ud_event_spec_t){.kind = "registered", .device = device}, "Registered with claim key %s%s.",
             key->name, key->approve ? "; waits for approval" : "");
}

/* The right claim key but not the device's secret: it lost its credential, or someone else claims to be it. */
static void note_lost_identity(ud_fleet_t *fleet, uint32_t device, const ud_digest_t *hash)
{
    const ud_digest_t *candidate = ud_devices_candidate(&fleet->devices, device);
    if (candidate != NULL && memcmp(candidate->bytes, hash->bytes, sizeof(hash->bytes)) == 0) {
        return;
    }
    if (candidate == NULL && fleet->devices.candidate_count >= CANDIDATE_COUNT_MAX) {
        return;
    }
    ud_census_leave(fleet, device);
    ud_candidate_t *kept = ud_devices_set_candidate(&fleet->devices, device, hash);
    ud_census_enter(fleet, device);
    ud_pending_device(fleet, device);
    if (kept->noted_s != 0 && ud_fleet_second(fleet) - kept->noted_s < UD_IDENTITY_EVENT_PERIOD_S) {
        return;
    }
    kept->noted_s = ud_fleet_second(fleet);
    ud_event(fleet, (ud_event_spec_t){.kind = "identity_lost", .device = device},
             "Someone registers as this device with another secret. If the device lost its memory, approve it; its old "
             "credential then ends.");
}

ud_err_t ud_apply_register(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_register_t *message = command->in.enrol.message;
    ud_row_claim_key_t *key = claim_key_find(fleet, message);
    ud_digest_t hash;
    ud_sha256(message->secret, sizeof(message->secret), hash.bytes);
    uint32_t device = ud_devices_find(&fleet->devices, message->device_id);
    if (device != 0 && is_secret_of(fleet, device, &hash)) {
        UD_REQUIRE((fleet->devices.flags[device - 1] & UD_DEVICE_RETIRED) == 0, UD_ERR_RETIRED);
        command->wrote = (fleet->devices.flags[device - 1] & UD_DEVICE_DIRTY) != 0;
        command->out.enrol = answer_of(fleet, device);
        return UD_OK;
    }
    UD_REQUIRE(key != NULL, UD_ERR_CLAIM_KEY_UNKNOWN);
    if (device != 0) {
        UD_REQUIRE((fleet->devices.flags[device - 1] & UD_DEVICE_RETIRED) == 0, UD_ERR_RETIRED);
        note_lost_identity(fleet, device, &hash);
        command->out.enrol = (ud_register_out_t){.status = UD_STATUS_IDENTITY_LOST, .next_s = PENDING_NEXT_S};
        return UD_OK;
    }
    UD_REQUIRE(fleet->devices.count < fleet->config.device_count_max, UD_ERR_TOO_MANY);
    UD_REQUIRE(message->device_id[0] != '\0' && ud_utf8_is_text(message->hardware, strlen(message->hardware)) &&
                   ud_utf8_is_text(message->version, strlen(message->version)),
               UD_ERR_INVALID_ARGUMENT);
    begin_device(fleet, message, &hash, key);
    command->out.enrol = answer_of(fleet, fleet->devices.count);
    return UD_OK;
}

static ud_err_t identify(const ud_fleet_t *fleet, const ud_token_request_t *message, uint32_t *device)
{
    ud_digest_t hash;
    ud_sha256(message->secret, sizeof(message->secret), hash.bytes);
    uint32_t found = ud_devices_find(&fleet->devices, message->device_id);
    UD_REQUIRE(found != 0, UD_ERR_DEVICE_UNKNOWN);
    UD_REQUIRE(is_secret_of(fleet, found, &hash), UD_ERR_UNAUTHENTICATED);
    *device = found;
    return UD_OK;
}

ud_err_t ud_apply_token(ud_fleet_t *fleet, ud_command_t *command)
{
    uint32_t device = 0;
    UD_TRY(identify(fleet, command->in.credential, &device));
    UD_REQUIRE((fleet->devices.flags[device - 1] & UD_DEVICE_RETIRED) == 0, UD_ERR_RETIRED);
    command->wrote = (fleet->devices.flags[device - 1] & UD_DEVICE_DIRTY) != 0;
    command->out.enrol = answer_of(fleet, device);
    return UD_OK;
}

static void retire(ud_fleet_t *fleet, uint32_t device)
{
    uint16_t *flags = &fleet->devices.flags[device - 1];
    if ((*flags & UD_DEVICE_RETIRED) != 0) {
        return;
    }
    if (ud_execution_is_open(fleet->devices.state[device - 1])) {
        ud_execution_set(fleet, device, UD_EXECUTION_CANCELLED, UD_ERR_CANCELLED);
    }
    ud_census_leave(fleet, device);
    *flags |= UD_DEVICE_RETIRED;
    ud_devices_clear_candidate(&fleet->devices, device);
    ud_census_enter(fleet, device);
    ud_pending_device(fleet, device);
    ud_event(fleet, (ud_event_spec_t){.kind = "retired", .device = device}, "Retired.");
}

ud_err_t ud_apply_retire(ud_fleet_t *fleet, ud_command_t *command)
{
    uint32_t device = 0;
    UD_TRY(identify(fleet, command->in.credential, &device));
    retire(fleet, device);
    command->wrote = true;
    return UD_OK;
}

ud_err_t ud_apply_device_auth(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_device_auth_in_t *in = &command->in.device_auth;
    uint32_t device = ud_devices_find(&fleet->devices, in->device_id);
    UD_REQUIRE(device != 0, UD_ERR_DEVICE_UNKNOWN);
    UD_REQUIRE((fleet->devices.flags[device - 1] & UD_DEVICE_RETIRED) == 0, UD_ERR_RETIRED);
    UD_REQUIRE(fleet->devices.generation[device - 1] == in->generation, UD_ERR_TOKEN_REVOKED);
    return UD_OK;
}

/* ---- what people change ------------------------------------------------------------------------------------------- */

static void move_to_group(ud_fleet_t *fleet, uint32_t device, uint32_t group)
{
    if (fleet->devices.group[device - 1] == group) {
        return;
    }
    ud_census_leave(fleet, device);
    fleet->devices.group[device - 1] = group;
    ud_census_enter(fleet, device);
    ud_pending_device(fleet, device);
    ud_event(fleet, (ud_event_spec_t){.kind = "group", .device = device}, "Moved to group %s.",
             fleet->groups[group - 1].row.name);
}

static void set_hold(ud_fleet_t *fleet, uint32_t device, bool hold)
{
    uint16_t *flags = &fleet->devices.flags[device - 1];
    if (((*flags & UD_DEVICE_HOLD) != 0) == hold) {
        return;
    }
    ud_census_leave(fleet, device);
    *flags = (uint16_t)(hold ? *flags | UD_DEVICE_HOLD : *flags & ~UD_DEVICE_HOLD);
    ud_census_enter(fleet, device);
    ud_pending_device(fleet, device);
    ud_event(fleet, (ud_event_spec_t){.kind = hold ? "held" : "hold_ended", .device = device}, "%s",
             hold ? "Held: gets no offers." : "No longer held.");
}

static void approve(ud_fleet_t *fleet, uint32_t device)
{
    ud_devices_t *d = &fleet->devices;
    const ud_digest_t *candidate = ud_devices_candidate(d, device);
    if (candidate == NULL && (d->flags[device - 1] & UD_DEVICE_PENDING) == 0) {
        return;
    }
    ud_census_leave(fleet, device);
    if (candidate != NULL) {
        d->secret_hash[device - 1] = *candidate;
        d->generation[device - 1]++; /* tokens of the old credential end */
        ud_devices_clear_candidate(d, device);
    }
    d->flags[device - 1] &= (uint16_t)~UD_DEVICE_PENDING;
    ud_census_enter(fleet, device);
    ud_pending_device(fleet, device);
    ud_event(fleet, (ud_event_spec_t){.kind = "approved", .device = device}, "Approved.");
}

ud_err_t ud_apply_device_update(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_device_update_in_t *in = &command->in.device;
    uint32_t device = ud_devices_find(&fleet->devices, in->device_id);
    UD_REQUIRE(device != 0, UD_ERR_DEVICE_UNKNOWN);
    UD_REQUIRE((fleet->devices.flags[device - 1] & UD_DEVICE_RETIRED) == 0 || in->retire, UD_ERR_RETIRED);
    uint32_t group = in->group == NULL ? 0 : ud_group_find(fleet, in->group);
    if (in->group != NULL && group == 0) {
        command->field = "group";
        command->detail = "There is no group of that name.";
        return UD_ERR_NOT_FOUND;
    }
    if (group != 0) {
        move_to_group(fleet, device, group);
    }
    if (in->hold >= 0) {
        set_hold(fleet, device, in->hold != 0);
    }
    if (in->approve) {
        approve(fleet, device);
    }
    if (in->retire) {
        retire(fleet, device);
    }
    command->wrote = (fleet->devices.flags[device - 1] & UD_DEVICE_DIRTY) != 0;
    return ud_view_detail(fleet, device, command->arena, &command->out.device);
}
