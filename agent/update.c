#include "agent/update.h"

#include "agent/machine.h"
#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/hex.h"
#include "core/image/dependency.h"
#include "core/image/descriptor.h"
#include "include/updraft/agent.h"

#include <string.h>

/* Fields without which an offer to install says nothing. */
#define FIELDS_REQUIRED                                                                                   \
    (UD_FIELD(UD_OFFER_UPDATE_ID) | UD_FIELD(UD_OFFER_VERSION) | UD_FIELD(UD_OFFER_KIND) |                \
     UD_FIELD(UD_OFFER_IMAGE_SIZE) | UD_FIELD(UD_OFFER_ARTIFACT_SIZE) | UD_FIELD(UD_OFFER_IMAGE_DIGEST) | \
     UD_FIELD(UD_OFFER_KEY_HASH) | UD_FIELD(UD_OFFER_SIGNATURE) | UD_FIELD(UD_OFFER_CHUNK_SIZE) |         \
     UD_FIELD(UD_OFFER_CHAIN_ROOT) | UD_FIELD(UD_OFFER_HARDWARE))

#define KIND_FULL 0
#define MS_PER_S 1000

static bool has(const ud_offer_t *offer, uint32_t fields)
{
    return (offer->present & fields) == fields;
}

/* ---- form: does the offer hold together? ------------------------------------------------------------ */

static ud_err_t judge_form(const ud_agent_t *agent, const ud_offer_t *offer, ud_version_t *version)
{
    UD_REQUIRE(has(offer, FIELDS_REQUIRED) && offer->update_id != 0, UD_ERR_OFFER_INVALID);
    UD_REQUIRE(offer->kind == KIND_FULL, UD_ERR_UNSUPPORTED);
    bool sound = !has(offer, UD_FIELD(UD_OFFER_BASE_DIGEST)) &&
                 (offer->present & (UD_FIELD(UD_OFFER_URL) | UD_FIELD(UD_OFFER_ARTIFACT_DIGEST))) != 0 &&
                 ud_version_parse(offer->version, strlen(offer->version), version) == UD_OK &&
                 ud_chunk_size_is_known(offer->chunk_size) && offer->chunk_size <= agent->config->chunk_size_max &&
                 offer->image_size >= UD_IMAGE_HEADER_SIZE &&
                 offer->artifact_size == ud_chain_artifact_size(offer->image_size, offer->chunk_size);
    return sound ? UD_OK : UD_ERR_OFFER_INVALID;
}

/* ---- fitness: is it for this device, now? ------------------------------------------------------------ */

ud_area_t ud_update_area(const ud_agent_t *agent)
{
    return ud_slot_spare(agent->config->slots, agent->config->running);
}

/* An offer that names no slot is found out by its first chunk, before anything is erased (agent/download.c). */
static bool is_for_slot(const ud_agent_t *agent, const ud_offer_t *offer)
{
    uint8_t slot = agent->config->slots->runs_both && ud_update_area(agent) == UD_AREA_SLOT_B;
    return !has(offer, UD_FIELD(UD_OFFER_SLOT)) || offer->slot == slot;
}

static ud_err_t judge_fitness(const ud_agent_t *agent, const ud_offer_t *offer, const ud_version_t *version)
{
    UD_REQUIRE(strcmp(offer->hardware, agent->hardware) == 0, UD_ERR_WRONG_HARDWARE);
    UD_REQUIRE(is_for_slot(agent, offer), UD_ERR_WRONG_SLOT);
    UD_REQUIRE(memcmp(offer->image_digest, agent->image_digest, UD_SHA256_SIZE) != 0, UD_ERR_ALREADY_RUNNING);
    UD_REQUIRE(!ud_slot_is_bad(agent->journal, offer->image_digest), UD_ERR_KNOWN_BAD);
    UD_REQUIRE(offer->action == UD_ACTION_ROLLBACK || ud_version_compare_full(version, &agent->version) >= 0,
               UD_ERR_OLDER_VERSION);
    UD_REQUIRE(offer->security_counter >= agent->security_counter, UD_ERR_LOW_COUNTER);
    UD_REQUIRE(offer->image_size <= ud_slot_image_size_max(agent->config->slots, agent->port), UD_ERR_IMAGE_TOO_LARGE);
    UD_REQUIRE(!agent->on_trial, UD_ERR_NOT_CONFIRMED);
    return UD_OK;
}

/* ---- authenticity: who says so? ------------------------------------------------------------ */

/* A key that signs the content itself, not its hash: its signature cannot be judged before the image is here, so the
 * descriptor, which is over a hash, must be there.
 */
static bool signs_content(const ud_trust_t *trust, const uint8_t key_hash[UD_SHA256_SIZE])
{
    const ud_trusted_key_t *key = ud_trust_find(trust, key_hash);
    return key != NULL && key->scheme->pure;
}

static ud_err_t judge_authenticity(const ud_agent_t *agent, const ud_offer_t *offer, const ud_version_t *version)
{
    ud_err_t reason = UD_ERR_IMAGE_SIGNATURE;
    bool pure = signs_content(&agent->trust, offer->key_hash);
    if (!pure && ud_trust_verify(&agent->trust, offer->key_hash, offer->image_digest,
                                 ud_span(offer->signature.data, offer->signature.size), &reason) != UD_VERDICT_VALID) {
        return reason;
    }
    if (!has(offer, UD_FIELD(UD_OFFER_DESCRIPTOR))) {
        return agent->config->allow_unsigned_chain && !pure ? UD_OK : UD_ERR_IMAGE_DESCRIPTOR;
    }
    ud_descriptor_t descriptor;
    descriptor.version = *version;
    descriptor.security_counter = offer->security_counter;
    descriptor.image_size = offer->image_size;
    descriptor.chunk_size = offer->chunk_size;
    ud_bytes_copy(descriptor.hardware, offer->hardware, sizeof descriptor.hardware);
    ud_bytes_copy(descriptor.image_hash, offer->image_digest, UD_SHA256_SIZE);
    ud_bytes_copy(descriptor.root, offer->chain_root, UD_SHA256_SIZE);
    reason = UD_ERR_IMAGE_DESCRIPTOR;
    ud_verdict_t verdict = ud_descriptor_verify(
        &descriptor, offer->key_hash, ud_span(offer->descriptor.data, offer->descriptor.size), &agent->trust, &reason);
    return verdict == UD_VERDICT_VALID ? UD_OK : reason;
}

ud_err_t ud_update_judge(const ud_agent_t *agent, const ud_offer_t *offer, ud_version_t *version)
{
    UD_TRY(judge_form(agent, offer, version));
    UD_TRY(judge_fitness(agent, offer, version));
    return judge_authenticity(agent, offer, version);
}

/* ---- what is kept ------------------------------------------------------------ */

static void compose_url(const ud_offer_t *offer, char url[UD_URL_SIZE_MAX + 1])
{
    static const char prefix[] = "/v1/artifacts/";
    if (has(offer, UD_FIELD(UD_OFFER_URL))) {
        memcpy(url, offer->url, UD_URL_SIZE_MAX + 1);
        return;
    }
    ud_bytes_copy(url, prefix, sizeof prefix);
    ud_hex_encode(offer->artifact_digest, UD_SHA256_SIZE, url + sizeof prefix - 1);
}

void ud_update_refresh(ud_agent_t *agent, const ud_offer_t *offer)
{
    const ud_policy_t *policy = &offer->policy;
    ud_update_t *update = &agent->update;
    compose_url(offer, update->url);
    update->forced = policy->forced;
    update->consent = policy->consent;
    update->download_only = policy->download_only;
    update->retries = policy->retries;
    update->closes = (policy->present & UD_FIELD(UD_POLICY_WINDOW_CLOSES)) != 0;
    agent->timers.left_ms[UD_TIMER_OPENS] = ud_timer_ms(policy->window_opens_s, MS_PER_S);
    agent->timers.left_ms[UD_TIMER_CLOSES] = ud_timer_ms(policy->window_closes_s, MS_PER_S);
}

void ud_update_take(ud_agent_t *agent, const ud_offer_t *offer, const ud_version_t *version)
{
    ud_update_t *update = &agent->update;
    update->update_id = offer->update_id;
    update->security_counter = offer->security_counter;
    update->version = *version;
    ud_bytes_copy(update->image_digest, offer->image_digest, UD_SHA256_SIZE);
    memcpy(update->artifact_tag, offer->chain_root, sizeof update->artifact_tag);
    agent->span_records = 0;
    /* sizes and root are sound by ud_update_judge() */
    ud_agent_may_fail(ud_chain_init(&agent->chain, offer->image_size, offer->chunk_size, 0, offer->chain_root));
    ud_update_refresh(agent, offer);
}

bool ud_update_is_same(const ud_agent_t *agent, const ud_offer_t *offer)
{
    const ud_update_t *update = &agent->update;
    return offer->update_id == update->update_id && offer->chunk_size == agent->chain.chunk_size &&
           memcmp(offer->image_digest, update->image_digest, UD_SHA256_SIZE) == 0 &&
           memcmp(offer->chain_root, update->artifact_tag, sizeof update->artifact_tag) == 0;
}

/* ---- images in flash ------------------------------------------------------------ */

typedef struct {
    ud_image_source_t source;
    ud_port_t *port;
    uint32_t base; /* bytes into the area */
    ud_area_t area;
} place_t;

static ud_err_t read_area(void *context, uint32_t offset, void *data, size_t size)
{
    const place_t *place = context;
    ud_port_watchdog_feed(place->port);
    return ud_port_flash_read(place->port, place->area, place->base + offset, data, size);
}

static void look_at(place_t *place, ud_port_t *port, ud_area_t area, uint32_t base)
{
    *place = (place_t){.source = {read_area, place}, .port = port, .base = base, .area = area};
}

ud_err_t ud_update_running(ud_port_t *port, ud_area_t area, ud_image_info_t *info)
{
    place_t place;
    look_at(&place, port, area, 0);
    return ud_image_parse(&place.source, ud_port_area(port, area)->size_bytes, info);
}

/* Asked of what the header says, before all of the image is read, and again of what was verified. */
static bool is_offered(const ud_agent_t *agent, const ud_image_info_t *info)
{
    return memcmp(info->hash, agent->update.image_digest, UD_SHA256_SIZE) == 0;
}

ud_err_t ud_update_verify(const ud_agent_t *agent, uint32_t base)
{
    const ud_agent_config_t *config = agent->config;
    const ud_update_t *update = &agent->update;
    place_t place;
    look_at(&place, agent->port, ud_update_area(agent), base);
    ud_image_info_t info;
    ud_err_t reason = UD_ERR_IMAGE_HASH;
    ud_verdict_t verdict = config->verify_encrypted != NULL
                               ? config->verify_encrypted(&place.source, agent->chain.image_size,
                                                          config->decryption_key, &agent->trust, &info, &reason)
                               : ud_image_verify(&place.source, agent->chain.image_size, &agent->trust, &info, &reason);
    if (verdict != UD_VERDICT_VALID) {
        return reason;
    }
    UD_REQUIRE(is_offered(agent, &info), UD_ERR_OFFER_INVALID);
    UD_REQUIRE(ud_image_is_for(&info, agent->hardware), UD_ERR_WRONG_HARDWARE);
    bool fixed = (info.flags & UD_IMAGE_FLAG_ROM_FIXED) != 0;
    UD_REQUIRE(ud_slot_takes(config->slots, config->slot_address, place.area, fixed, info.load_address),
               UD_ERR_WRONG_SLOT);
    UD_REQUIRE(ud_image_dependencies_are_met(&info), UD_ERR_UNMET_DEPENDENCY);
    UD_REQUIRE(ud_version_compare_full(&info.version, &update->version) == 0 &&
                   info.security_counter == update->security_counter && info.total_size == agent->chain.image_size,
               UD_ERR_OFFER_INVALID);
    return UD_OK;
}

void ud_update_trust(ud_agent_t *agent, const ud_image_info_t *info)
{
    ud_trust_t *trust = &agent->trust;
    const uint8_t *key_hash;
    if (!agent->on_trial) {
        place_t place;
        look_at(&place, agent->port, agent->config->running, 0);
        trust->revoked |= ud_trust_named(trust, &place.source, info);
    }
    for (const ud_trusted_key_t *key = trust->keys; key < trust->keys + trust->count; key++) {
        if (ud_port_key_is_revoked(agent->port, key->key_hash)) {
            ud_trust_revoke(trust, key->key_hash, UD_SHA256_SIZE);
        }
    }
    for (size_t index = 0; (key_hash = ud_slot_revoked(agent->journal, index)) != NULL; index++) {
        ud_trust_revoke(trust, key_hash, UD_SLOT_REVOKED_SIZE);
    }
}

/* Does what lies there say of itself that it is the image that was offered? Another one costs no signature. */
static bool seems_offered(const ud_agent_t *agent, uint32_t base)
{
    place_t place;
    ud_image_info_t info;
    look_at(&place, agent->port, ud_update_area(agent), base);
    return ud_image_parse(&place.source, agent->chain.image_size, &info) == UD_OK && is_offered(agent, &info);
}

bool ud_update_find(const ud_agent_t *agent, uint32_t *base)
{
    *base = 0;
    if (seems_offered(agent, *base) && ud_update_verify(agent, *base) == UD_OK) {
        return true;
    }
    *base = ud_slot_staging_offset(agent->config->slots, agent->port);
    return *base != 0 && seems_offered(agent, *base) && ud_update_verify(agent, *base) == UD_OK;
}
