#include "tests/unit/server/domain/world.h"

#include "core/crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_SIZE (64u * 1024u * 1024u)

ud_command_t *world_ask(world_t *world, ud_command_type_t type)
{
    ud_arena_destroy(world->arena);
    world->arena = ud_arena_create(ARENA_SIZE);
    memset(&world->command, 0, sizeof(world->command));
    world->command.type = type;
    world->command.arena = world->arena;
    if (ud_command_role(type) != UD_ROLE_NONE) {
        memcpy(world->command.session, world->session, sizeof(world->session));
    }
    world->command.source_address = "192.0.2.1";
    return &world->command;
}

ud_err_t world_do(world_t *world)
{
    ud_fleet_apply(world->fleet, world->now, &world->command);
    ud_err_t err = ud_fleet_commit(world->fleet, world->now);
    if (err != UD_OK && world->command.wrote) {
        world->command.err = err;
    }
    return world->command.err;
}

static void sign_in(world_t *world)
{
    ud_command_t *command = world_ask(world, UD_COMMAND_ACCOUNT_CREATE);
    command->in.account = (ud_account_in_t){"admin", "hash of a password", UD_ROLE_ADMIN, true};
    assert_int_equal(world_do(world), UD_OK);
    memset(world->session, 7, sizeof(world->session));
    command = world_ask(world, UD_COMMAND_SESSION_CREATE);
    command->in.session.account = "admin";
    command->in.session.expires_ms = world->now.wall_ms + 1000ll * 3600 * 24 * 365;
    memcpy(command->in.session.session, world->session, sizeof(world->session));
    assert_int_equal(world_do(world), UD_OK);
}

static void make_claim_key(world_t *world)
{
    ud_command_t *command = world_ask(world, UD_COMMAND_CLAIM_KEY_CREATE);
    command->in.claim_key.name = "line-a";
    ud_sha256(WORLD_CLAIM_KEY, strlen(WORLD_CLAIM_KEY), command->in.claim_key.secret_hash);
    assert_int_equal(world_do(world), UD_OK);
}

static void start(world_t *world)
{
    assert_int_equal(ud_fleet_create(&world->config, world->store, world->now, &world->fleet), UD_OK);
    assert_int_equal(ud_fleet_commit(world->fleet, world->now), UD_OK);
}

void world_begin(world_t *world, ud_store_t *store)
{
    memset(world, 0, sizeof(*world));
    world->now = (ud_time_t){.wall_ms = 1800000000000, .monotonic_ms = 5000};
    world->config = (ud_fleet_config_t){.checkin_interval_s = WORLD_INTERVAL_S, .seed = {1, 2, 3}};
    world->store = store;
    if (store == NULL) {
        assert_int_equal(ud_sqlite_open(&(ud_sqlite_config_t){.folder = NULL}, &world->store, NULL), UD_OK);
    }
    start(world);
    sign_in(world);
    make_claim_key(world);
}

void world_end(world_t *world)
{
    ud_arena_destroy(world->arena);
    ud_fleet_destroy(world->fleet);
    world->store->ops->destroy(world->store);
}

void world_restart(world_t *world)
{
    ud_fleet_destroy(world->fleet);
    world->now.monotonic_ms = 1000; /* another boot: the monotonic clock begins anew */
    start(world);
}

void world_sleep(world_t *world, uint32_t seconds)
{
    for (uint32_t i = 0; i < seconds; i++) {
        world->now.wall_ms += 1000;
        world->now.monotonic_ms += 1000;
        ud_fleet_tick(world->fleet, world->now);
        assert_int_equal(ud_fleet_commit(world->fleet, world->now), UD_OK);
    }
}

void world_digest(const char *version, uint8_t digest[UD_SHA256_SIZE])
{
    ud_sha256(version, strlen(version), digest);
}

const char *world_release(world_t *world, const char *version)
{
    ud_release_t release = {
        .version = version,
        .hardware = WORLD_HARDWARE,
        .image_size = 40000,
        .artifact_count = 2,
        .artifacts = {{.chunk_size = 1024, .artifact_size = 41280}, {.chunk_size = 4096, .artifact_size = 40320}},
    };
    world_digest(version, release.image_digest);
    world_digest(version, release.file_digest);
    ud_command_t *command = world_ask(world, UD_COMMAND_RELEASE_CREATE);
    command->in.release.release = &release;
    assert_int_equal(world_do(world), UD_OK);
    return command->out.release.id;
}

ud_rollout_t *world_rollout(world_t *world, const char *release, const double *plans)
{
    ud_command_t *command = world_ask(world, UD_COMMAND_ROLLOUT_CREATE);
    ud_rollout_in_t *in = &command->in.rollout;
    in->release_id = release;
    in->failure_limit_percent = -1;
    for (size_t i = 0; plans != NULL && plans[i] > 0; i++) {
        in->plans[in->plan_count++].percent = plans[i];
    }
    assert_int_equal(world_do(world), UD_OK);
    return &command->out.rollout;
}

ud_rollout_t *world_act(world_t *world, const char *rollout, ud_rollout_act_t act)
{
    ud_command_t *command = world_ask(world, UD_COMMAND_ROLLOUT_ACT);
    command->in.rollout_act = (ud_rollout_act_in_t){rollout, act, "a test"};
    assert_int_equal(world_do(world), UD_OK);
    return &command->out.rollout;
}

const ud_rollout_t *world_rollout_view(world_t *world, const char *rollout)
{
    ud_command_t *command = world_ask(world, UD_COMMAND_QUERY_ROLLOUT);
    command->in.lookup.id = rollout;
    assert_int_equal(world_do(world), UD_OK);
    return &command->out.rollout;
}

const ud_device_t *world_device_view(world_t *world, const char *id)
{
    ud_command_t *command = world_ask(world, UD_COMMAND_QUERY_DEVICE);
    command->in.lookup.id = id;
    assert_int_equal(world_do(world), UD_OK);
    return &command->out.device.device;
}

/* ---- devices ------------------------------------------------------------------------------------------------------ */

void actor_make(actor_t *actor, unsigned n, const char *version)
{
    memset(actor, 0, sizeof(*actor));
    snprintf(actor->id, sizeof(actor->id), "device-%05u", n);
    memcpy(actor->secret, actor->id, sizeof(actor->secret));
    memcpy(actor->nonce, actor->id, sizeof(actor->nonce));
    actor->epoch = 1000 + n;
    snprintf(actor->version, sizeof(actor->version), "%s", version);
    world_digest(version, actor->image_digest);
}

ud_err_t actor_register(world_t *world, actor_t *actor, const char *claim_key)
{
    ud_register_t message = {.present = UD_FIELD(UD_REGISTER_DEVICE_ID) | UD_FIELD(UD_REGISTER_HARDWARE) |
                                        UD_FIELD(UD_REGISTER_NONCE) | UD_FIELD(UD_REGISTER_SECRET)};
    snprintf(message.device_id, sizeof(message.device_id), "%s", actor->id);
    snprintf(message.hardware, sizeof(message.hardware), "%s", WORLD_HARDWARE);
    memcpy(message.secret, actor->secret, sizeof(message.secret));
    memcpy(message.nonce, actor->nonce, sizeof(message.nonce));
    message.present |= UD_FIELD(UD_REGISTER_VERSION) | UD_FIELD(UD_REGISTER_IMAGE_DIGEST);
    snprintf(message.version, sizeof(message.version), "%s", actor->version);
    memcpy(message.image_digest, actor->image_digest, sizeof(message.image_digest));
    if (claim_key != NULL) {
        message.present |= UD_FIELD(UD_REGISTER_CLAIM_KEY);
        snprintf(message.claim_key, sizeof(message.claim_key), "%s", claim_key);
    }
    ud_command_t *command = world_ask(world, UD_COMMAND_REGISTER);
    command->in.enrol.message = &message;
    ud_err_t err = world_do(world);
    if (err == UD_OK && command->out.enrol.status == UD_STATUS_ACTIVE) {
        actor->generation = command->out.enrol.generation;
    }
    return err;
}

void actor_join(world_t *world, actor_t *actor, unsigned n, const char *version)
{
    actor_make(actor, n, version);
    assert_int_equal(actor_register(world, actor, WORLD_CLAIM_KEY), UD_OK);
}

bool actor_is_offered(const actor_t *actor)
{
    return actor->offer.action == UD_ACTION_INSTALL || actor->offer.action == UD_ACTION_ROLLBACK;
}

ud_err_t actor_report(world_t *world, actor_t *actor, ud_device_state_t state, ud_err_t error)
{
    ud_checkin_t message = {
        .present = UD_FIELD(UD_CHECKIN_DEVICE_ID) | UD_FIELD(UD_CHECKIN_HARDWARE) | UD_FIELD(UD_CHECKIN_VERSION) |
                   UD_FIELD(UD_CHECKIN_IMAGE_DIGEST) | UD_FIELD(UD_CHECKIN_STATE) | UD_FIELD(UD_CHECKIN_EPOCH) |
                   UD_FIELD(UD_CHECKIN_SEQUENCE),
        .state = (uint8_t)state,
        .epoch = actor->epoch,
        .sequence = ++actor->sequence,
    };
    snprintf(message.device_id, sizeof(message.device_id), "%s", actor->id);
    snprintf(message.hardware, sizeof(message.hardware), "%s", WORLD_HARDWARE);
    snprintf(message.version, sizeof(message.version), "%s", actor->version);
    memcpy(message.image_digest, actor->image_digest, sizeof(message.image_digest));
    if (actor->update_id != 0) {
        message.present |= UD_FIELD(UD_CHECKIN_UPDATE_ID);
        message.update_id = actor->update_id;
    }
    if (error != UD_OK) {
        message.present |= UD_FIELD(UD_CHECKIN_ERROR);
        message.error = (uint16_t)error;
    }
    ud_command_t *command = world_ask(world, UD_COMMAND_CHECKIN);
    command->in.checkin.message = &message;
    command->in.checkin.generation = actor->generation;
    ud_err_t err = world_do(world);
    if (err != UD_OK) {
        return err;
    }
    actor->offer = command->out.offer;
    if (actor_is_offered(actor)) {
        actor->update_id = actor->offer.update_id;
    }
    return UD_OK;
}

ud_err_t actor_checkin(world_t *world, actor_t *actor)
{
    return actor_report(world, actor, UD_DEVICE_IDLE, UD_OK);
}

void actor_succeed(world_t *world, actor_t *actor)
{
    assert_true(actor->update_id != 0);
    ud_offer_t offer = actor->offer;
    assert_int_equal(actor_report(world, actor, UD_DEVICE_DOWNLOADING, UD_OK), UD_OK);
    assert_int_equal(actor_report(world, actor, UD_DEVICE_TRIAL, UD_OK), UD_OK);
    memcpy(actor->version, offer.version, sizeof(actor->version));
    memcpy(actor->image_digest, offer.image_digest, sizeof(actor->image_digest));
    assert_int_equal(actor_report(world, actor, UD_DEVICE_CONFIRMED, UD_OK), UD_OK);
    actor->update_id = actor_is_offered(actor) ? actor->update_id : 0;
}

void actor_roll_back(world_t *world, actor_t *actor, ud_err_t reason)
{
    assert_true(actor->update_id != 0);
    assert_int_equal(actor_report(world, actor, UD_DEVICE_DOWNLOADING, UD_OK), UD_OK);
    assert_int_equal(actor_report(world, actor, UD_DEVICE_TRIAL, UD_OK), UD_OK);
    assert_int_equal(actor_report(world, actor, UD_DEVICE_REVERTED, reason), UD_OK);
    actor->update_id = actor_is_offered(actor) ? actor->update_id : 0;
}
