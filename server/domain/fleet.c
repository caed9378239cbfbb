#include "server/domain/fleet.h"

#include "core/base/assert.h"
#include "server/domain/state.h"

#include <stdlib.h>
#include <string.h>

/* Milliseconds between two ticks: deadlines are seconds or longer. */
#define TICK_MS 1000u

/* Seconds in which the last-seen rows of the whole fleet are written, a part with each tick. */
#define FLUSH_S 30u

/* Milliseconds that the wall clock may be behind the highest seen before offers stop: NTP's corrections are smaller. */
#define CLOCK_SLACK_MS 60000

/* ---- small tools -------------------------------------------------------------------------------------------------- */

uint32_t ud_fleet_second(const ud_fleet_t *fleet)
{
    return (uint32_t)((fleet->now.monotonic_ms - fleet->start_ms) / 1000) + 1;
}

/* xorshift64*: spreads load, guards nothing. */
uint64_t ud_fleet_random(ud_fleet_t *fleet)
{
    fleet->random ^= fleet->random >> 12;
    fleet->random ^= fleet->random << 25;
    fleet->random ^= fleet->random >> 27;
    return fleet->random * 0x2545f4914f6cdd1du;
}

uint32_t ud_fleet_jitter(uint32_t seconds, uint64_t salt)
{
    uint32_t spread = seconds / 5;
    uint64_t mixed = (salt + 1) * 0x9e3779b97f4a7c15u;
    return seconds - spread / 2 + (uint32_t)((mixed >> 32) % (spread + 1));
}

uint32_t ud_fleet_silence_s(const ud_fleet_t *fleet)
{
    return fleet->config.checkin_interval_s * 3 + 5;
}

char *ud_text_keep(const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    char *copy = strdup(text);
    UD_ASSERT(copy != NULL);
    return copy;
}

void *ud_array_room(void *items, size_t count, size_t *capacity, size_t item_size)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    void *grown = realloc(items, *capacity * item_size);
    UD_ASSERT(grown != NULL);
    return grown;
}

/* ---- the clock ---------------------------------------------------------------------------------------------------- */

/* The highest time that is believed. A leap forwards has to stand first: a clock that shows another year for a moment must
 * not stop all offers until that year.
 */
static void raise_mark(ud_fleet_t *fleet)
{
    int64_t high_ms = fleet->meta.wall_high_ms;
    bool leaps = high_ms != 0 && fleet->now.wall_ms > high_ms + UD_CLOCK_LEAP_MS;
    if (!leaps) {
        fleet->leap_ms = fleet->now.monotonic_ms;
    }
    bool believed = fleet->now.monotonic_ms - fleet->leap_ms >= UD_CLOCK_STAND_MS;
    if (fleet->now.wall_ms > high_ms && (!leaps || believed)) {
        fleet->meta.wall_high_ms = fleet->now.wall_ms;
    }
}

static void watch_clock(ud_fleet_t *fleet)
{
    raise_mark(fleet);
    bool behind = fleet->now.wall_ms + CLOCK_SLACK_MS < fleet->meta.wall_high_ms;
    if (behind == fleet->clock_behind) {
        return;
    }
    fleet->clock_behind = behind;
    fleet->revision++;
    for (size_t i = 0; i < fleet->active_count; i++) {
        fleet->active[i]->revision = fleet->revision;
    }
    if (behind) {
        ud_event(
            fleet, (ud_event_spec_t){.kind = "clock_behind"},
            "The server's clock is %lld s behind the time it showed before; no device is offered an update until it "
            "has caught up.",
            (long long)((fleet->meta.wall_high_ms - fleet->now.wall_ms) / 1000));
    } else {
        ud_event(fleet, (ud_event_spec_t){.kind = "clock_caught_up"}, "The server's clock is right again.");
    }
}

/* ---- life --------------------------------------------------------------------------------------------------------- */

static uint32_t either(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

ud_err_t ud_fleet_create(const ud_fleet_config_t *config, ud_store_t *store, ud_time_t now, ud_fleet_t **result)
{
    ud_fleet_t *fleet = calloc(1, sizeof(*fleet));
    UD_REQUIRE(fleet != NULL, UD_ERR_INTERNAL);
    fleet->config = *config;
    fleet->config.checkin_interval_s = either(config->checkin_interval_s, 300);
    uint32_t shorter = fleet->config.checkin_interval_s < 30 ? fleet->config.checkin_interval_s : 30;
    fleet->config.update_interval_s = either(config->update_interval_s, shorter);
    fleet->config.tail_s = either(config->tail_s, 86400);
    fleet->config.device_count_max = either(config->device_count_max, UD_DEVICE_COUNT_MAX);
    fleet->store = store;
    fleet->now = now;
    fleet->start_ms = now.monotonic_ms;
    fleet->leap_ms = now.monotonic_ms;
    fleet->next_tick_ms = now.monotonic_ms;
    memcpy(&fleet->random, config->seed, sizeof(fleet->random));
    fleet->random |= 1;
    ud_err_t err = ud_load(fleet);
    if (err != UD_OK) {
        ud_fleet_destroy(fleet);
        return err;
    }
    fleet->revision_base = fleet->revision;
    watch_clock(fleet);
    *result = fleet;
    return UD_OK;
}

void ud_fleet_destroy(ud_fleet_t *fleet)
{
    if (fleet == NULL) {
        return;
    }
    ud_pending_clear(fleet);
    ud_unload(fleet);
    free(fleet->pending.refs);
    free(fleet->pending.devices);
    free(fleet->pending.reports);
    free(fleet->pending.executions);
    free(fleet->pending.events);
    free(fleet->pending.ended);
    free(fleet);
}

bool ud_fleet_ready(const ud_fleet_t *fleet)
{
    return fleet->trouble == UD_OK;
}

void ud_fleet_stats(const ud_fleet_t *fleet, ud_fleet_stats_t *stats)
{
    *stats = (ud_fleet_stats_t){
        .devices = fleet->devices.count,
        .bytes = ud_devices_bytes(&fleet->devices),
        .commits = fleet->commits,
        .rows = fleet->rows,
    };
}

/* ---- commands ----------------------------------------------------------------------------------------------------- */

/* Who may ask for what, and whether the store must be able to take the answer's rows. */
static const struct {
    ud_handler_fn apply;
    ud_role_t role;
    bool writes;
} commands[UD_COMMAND_COUNT] = {
    [UD_COMMAND_REGISTER] = {ud_apply_register, UD_ROLE_NONE, true},
    [UD_COMMAND_TOKEN] = {ud_apply_token, UD_ROLE_NONE, false},
    [UD_COMMAND_RETIRE] = {ud_apply_retire, UD_ROLE_NONE, true},
    [UD_COMMAND_CHECKIN] = {ud_apply_checkin, UD_ROLE_NONE, true},
    [UD_COMMAND_DEVICE_AUTH] = {ud_apply_device_auth, UD_ROLE_NONE, false},
    [UD_COMMAND_ACCOUNT_GET] = {ud_apply_account_get, UD_ROLE_NONE, false},
    [UD_COMMAND_ACCOUNT_CREATE] = {ud_apply_account_create, UD_ROLE_ADMIN, true},
    [UD_COMMAND_ACCOUNT_RESET] = {ud_apply_account_reset, UD_ROLE_NONE, true},
    [UD_COMMAND_SESSION_CREATE] = {ud_apply_session_create, UD_ROLE_NONE, true},
    [UD_COMMAND_SESSION_CHECK] = {ud_apply_session_check, UD_ROLE_VIEWER, false},
    [UD_COMMAND_SESSION_END] = {ud_apply_session_end, UD_ROLE_VIEWER, true},
    [UD_COMMAND_PASSWORD_SET] = {ud_apply_password_set, UD_ROLE_VIEWER, true},
    [UD_COMMAND_KEY_ADD] = {ud_apply_key_add, UD_ROLE_ADMIN, true},
    [UD_COMMAND_CLAIM_KEY_CREATE] = {ud_apply_claim_key_create, UD_ROLE_ADMIN, true},
    [UD_COMMAND_RELEASE_CREATE] = {ud_apply_release_create, UD_ROLE_OPERATOR, true},
    [UD_COMMAND_GROUP_CREATE] = {ud_apply_group_create, UD_ROLE_OPERATOR, true},
    [UD_COMMAND_DEVICE_UPDATE] = {ud_apply_device_update, UD_ROLE_OPERATOR, true},
    [UD_COMMAND_ROLLOUT_CREATE] = {ud_apply_rollout_create, UD_ROLE_OPERATOR, true},
    [UD_COMMAND_ROLLOUT_ACT] = {ud_apply_rollout_act, UD_ROLE_OPERATOR, true},
    [UD_COMMAND_QUERY_SUMMARY] = {ud_apply_query_summary, UD_ROLE_VIEWER, false},
    [UD_COMMAND_QUERY_DEVICES] = {ud_apply_query_devices, UD_ROLE_VIEWER, false},
    [UD_COMMAND_QUERY_DEVICE] = {ud_apply_query_device, UD_ROLE_VIEWER, false},
    [UD_COMMAND_QUERY_DEVICE_EVENTS] = {ud_apply_query_device_events, UD_ROLE_VIEWER, false},
    [UD_COMMAND_QUERY_GROUPS] = {ud_apply_query_groups, UD_ROLE_VIEWER, false},
    [UD_COMMAND_QUERY_KEYS] = {ud_apply_query_keys, UD_ROLE_VIEWER, false},
    [UD_COMMAND_QUERY_CLAIM_KEYS] = {ud_apply_query_claim_keys, UD_ROLE_VIEWER, false},
    [UD_COMMAND_QUERY_RELEASES] = {ud_apply_query_releases, UD_ROLE_VIEWER, false},
    [UD_COMMAND_QUERY_RELEASE] = {ud_apply_query_release, UD_ROLE_VIEWER, false},
    [UD_COMMAND_QUERY_ROLLOUTS] = {ud_apply_query_rollouts, UD_ROLE_VIEWER, false},
    [UD_COMMAND_QUERY_ROLLOUT] = {ud_apply_query_rollout, UD_ROLE_VIEWER, false},
    [UD_COMMAND_QUERY_EVENTS] = {ud_apply_query_events, UD_ROLE_VIEWER, false},
    [UD_COMMAND_QUERY_CHANGES] = {ud_apply_query_changes, UD_ROLE_VIEWER, false},
};

ud_role_t ud_command_role(ud_command_type_t type)
{
    return commands[type].role;
}

/* The first admin is made by the server itself, while there is nobody to ask. */
static bool is_first_admin(const ud_command_t *command)
{
    return command->type == UD_COMMAND_ACCOUNT_CREATE && command->in.account.only_if_none;
}

static ud_err_t authorise(ud_fleet_t *fleet, ud_command_t *command)
{
    if (commands[command->type].role == UD_ROLE_NONE || is_first_admin(command)) {
        return UD_OK;
    }
    const ud_row_session_t *session = ud_session_find(fleet, command->session);
    UD_REQUIRE(session != NULL, UD_ERR_UNAUTHENTICATED);
    const ud_row_account_t *account = ud_account_find(fleet, session->account);
    UD_REQUIRE(account != NULL, UD_ERR_UNAUTHENTICATED);
    UD_REQUIRE(account->role >= commands[command->type].role, UD_ERR_FORBIDDEN);
    fleet->actor = account->name;
    return UD_OK;
}

static ud_err_t apply(ud_fleet_t *fleet, ud_command_t *command)
{
    UD_REQUIRE(!fleet->unloaded, fleet->trouble);
    UD_TRY(authorise(fleet, command));
    if (commands[command->type].writes) {
        UD_TRY(fleet->trouble);
    }
    return commands[command->type].apply(fleet, command);
}

void ud_fleet_apply(ud_fleet_t *fleet, ud_time_t now, ud_command_t *command)
{
    UD_ASSERT(command->type < UD_COMMAND_COUNT);
    uint64_t changes = fleet->pending.changes;
    fleet->now = now;
    fleet->actor = NULL;
    fleet->source_address = command->source_address;
    command->detail = NULL;
    command->field = NULL;
    command->wrote = false;
    command->err = apply(fleet, command);
    ud_gate_run(fleet);
    command->wrote = command->wrote || fleet->pending.changes != changes;
    fleet->actor = NULL;
    fleet->source_address = NULL;
    fleet->reporter = 0;
}

/* ---- time --------------------------------------------------------------------------------------------------------- */

/* Devices whose second has come, and a slice of the last-seen rows and of events that were not logged; one pass over the
 * columns.
 */
static void sweep(ud_fleet_t *fleet)
{
    ud_devices_t *d = &fleet->devices;
    uint32_t second = ud_fleet_second(fleet);
    for (uint32_t i = 0; i < d->count; i++) {
        if (d->due_s[i] <= second) {
            ud_device_due(fleet, i + 1);
        }
    }
    uint32_t part = d->count / FLUSH_S + 1;
    for (uint32_t n = 0; n < part && d->count > 0; n++) {
        fleet->sweep = fleet->sweep + 1 >= d->count ? 0 : fleet->sweep + 1;
        if ((d->flags[fleet->sweep] & UD_DEVICE_DIRTY_SEEN) != 0) {
            ud_pending_report(fleet, fleet->sweep + 1);
        }
        ud_event_skipped(fleet, fleet->sweep + 1);
    }
}

void ud_fleet_tick(ud_fleet_t *fleet, ud_time_t now)
{
    fleet->now = now;
    if (now.monotonic_ms < fleet->next_tick_ms) {
        return;
    }
    fleet->next_tick_ms = now.monotonic_ms + TICK_MS;
    if (fleet->trouble != UD_OK) {
        fleet->pending.meta = true; /* the next commit tries whether the store works again */
        return;
    }
    watch_clock(fleet);
    sweep(fleet);
    fleet->revision += fleet->tops_lag ? 1 : 0; /* streams that were given an older summary ask for it again */
    fleet->tops_lag = false;
    for (size_t i = 0; i < fleet->active_count; i++) {
        fleet->active[i]->check = true;
    }
    ud_gate_run(fleet);
}

uint64_t ud_fleet_next_deadline(const ud_fleet_t *fleet)
{
    return fleet->next_tick_ms;
}
