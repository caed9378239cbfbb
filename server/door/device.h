/* The device door: what devices say over HTTP (docs/protocol.md, api/device.cddl).
 *
 *     POST /v1/register   claim key -> device token           POST /v1/checkin   state and report -> offer
 *     POST /v1/token      refresh credential -> device token   POST /v1/retire    refresh credential -> empty map
 *     GET  /v1/artifacts/{sha256}                              bytes, with Range; also HEAD
 *
 * Bodies are application/cbor or application/json, and answered in the same form. Check-ins and artifacts need
 * "Authorization: Bearer <device token>": signature and time are checked here before a body is read, the generation by
 * the engine. An expired token opens nothing but /v1/token, which asks for the credential and no token. Errors are
 * problems (door/problem.h) in either case.
 */
#ifndef UD_DOOR_DEVICE_H
#define UD_DOOR_DEVICE_H

#include "server/door/token.h"
#include "server/io/artifact.h"
#include "server/io/engine.h"
#include "server/io/http.h"

/* What the door works with; the caller fills it, and all of it outlives the requests. */
typedef struct {
    ud_engine_t *engine;
    ud_artifact_store_t *artifacts;
    ud_token_key_t *tokens;
    uint32_t token_lifetime_s;
    bool public_artifacts; /* served without a token: for devices behind caches, where the images are no secret */
} ud_device_door_t;

/* Serves one request; ud_exchange_door() must be a ud_device_door_t. */
void ud_device_on_head(ud_exchange_t *exchange);

#endif
