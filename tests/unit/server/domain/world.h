/* A small world for tests of the fleet: a store in memory, a clock that only moves when told, devices that report. */
#ifndef UD_TEST_WORLD_H
#define UD_TEST_WORLD_H

#include "server/domain/fleet.h"
#include "server/store/sqlite.h"

#define WORLD_HARDWARE "board-r2"
#define WORLD_CLAIM_KEY "line-a-key"
#define WORLD_INTERVAL_S 10

typedef struct {
    ud_store_t *store;
    ud_fleet_t *fleet;
    ud_fleet_config_t config;
    ud_time_t now;
    uint8_t session[UD_SHA256_SIZE]; /* of the admin */
    ud_arena_t *arena;               /* of the last command */
    ud_command_t command;            /* the last one */
} world_t;

/* As a device is on its side: what it runs and how it counts its reports. */
typedef struct {
    char id[UD_DEVICE_ID_SIZE_MAX + 1];
    uint8_t secret[32];
    uint8_t nonce[16];
    uint32_t generation;
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    uint8_t image_digest[UD_SHA256_SIZE];
    uint32_t epoch;
    uint32_t sequence;
    uint32_t update_id; /* it works on; 0: none */
    ud_offer_t offer;   /* the last answer */
} actor_t;

/* A fleet with an admin who is signed in and a claim key; on `store`, or a new one in memory. */
void world_begin(world_t *world, ud_store_t *store);
void world_end(world_t *world);

/* The server ends without a word and starts again on the same store. */
void world_restart(world_t *world);

/* Time passes, with a tick and a commit in every second. */
void world_sleep(world_t *world, uint32_t seconds);

/* Clears the command of the last answer and begins one of `type`, asked by the admin. */
ud_command_t *world_ask(world_t *world, ud_command_type_t type);

/* Applies it and commits; gives its error. */
ud_err_t world_do(world_t *world);

/* A release of WORLD_HARDWARE; its digest is made from the version. Gives its id. */
const char *world_release(world_t *world, const char *version);
void world_digest(const char *version, uint8_t digest[UD_SHA256_SIZE]);

/* Starts a rollout; `plans` in percent, ending with 0; NULL: one batch. Gives its id, good until the next command. */
ud_rollout_t *world_rollout(world_t *world, const char *release, const double *plans);
ud_rollout_t *world_act(world_t *world, const char *rollout, ud_rollout_act_t act);
const ud_rollout_t *world_rollout_view(world_t *world, const char *rollout);
const ud_device_t *world_device_view(world_t *world, const char *id);

/* A device number `n` running `version`, registered. */
void actor_make(actor_t *actor, unsigned n, const char *version);
ud_err_t actor_register(world_t *world, actor_t *actor, const char *claim_key);
void actor_join(world_t *world, actor_t *actor, unsigned n, const char *version);

/* A check-in in `state`, about its update if it has one; `error` is reported when it is not UD_OK. The answer is in
 * actor->offer; an install or rollback is remembered as its update.
 */
ud_err_t actor_report(world_t *world, actor_t *actor, ud_device_state_t state, ud_err_t error);
ud_err_t actor_checkin(world_t *world, actor_t *actor); /* idle */

/* From the offer to the outcome, with its reports on the way. */
void actor_succeed(world_t *world, actor_t *actor);
void actor_roll_back(world_t *world, actor_t *actor, ud_err_t reason);

/* True if its last answer told it to install. */
bool actor_is_offered(const actor_t *actor);

#endif
