/* An update: what the agent keeps of an accepted offer, and the checks that an offer passes before anything is erased. */
#ifndef UD_AGENT_UPDATE_H
#define UD_AGENT_UPDATE_H

#include "core/image/chain.h"
#include "core/image/image.h"
#include "core/proto/message.h"
#include "core/slot/slot.h"

typedef struct ud_agent ud_agent_t;

/* Sizes, and the root until the first record is here, are in ud_agent_t.chain. */
typedef struct {
    uint32_t update_id;
    uint32_t security_counter;
    ud_version_t version;
    bool forced;
    bool consent;
    bool download_only;
    uint8_t retries; /* 0: the config's */
    bool closes;     /* its window does, at UD_TIMER_CLOSES */
    uint8_t image_digest[UD_SHA256_SIZE];
    uint8_t artifact_tag[8]; /* as in ud_slot_download_t */
    char url[UD_URL_SIZE_MAX + 1];
} ud_update_t;

/* What ud_image_verify_encrypted() is (core/image/encrypted.h): a product that takes encrypted images names it. */
typedef ud_verdict_t (*ud_agent_verify_t)(const ud_image_source_t *source, uint32_t area_size,
                                          const uint8_t decryption_key[UD_P256_PRIVATE_KEY_SIZE],
                                          const ud_trust_t *trust, ud_image_info_t *info, ud_err_t *reason);

/* Judges an offer to install (or to roll back). Pure: no flash. `version` is the offered one, written as soon as it is known.
 * Errors, in the order of the checks:
 *   UD_ERR_OFFER_INVALID    fields are missing, contradict each other or ask for what was not offered
 *   UD_ERR_UNSUPPORTED      a delta
 *   UD_ERR_WRONG_HARDWARE, UD_ERR_WRONG_SLOT, UD_ERR_ALREADY_RUNNING, UD_ERR_KNOWN_BAD,
 *   UD_ERR_OLDER_VERSION    (not for a rollback), UD_ERR_LOW_COUNTER, UD_ERR_IMAGE_TOO_LARGE, UD_ERR_NOT_CONFIRMED
 *   UD_ERR_IMAGE_KEY_UNKNOWN, UD_ERR_KEY_REVOKED, UD_ERR_IMAGE_SIGNATURE    of the offered image hash
 *   UD_ERR_IMAGE_DESCRIPTOR missing where one is demanded (by a key with a pure scheme always), or not true of these very
 *                           fields
 */
UD_MUST_USE ud_err_t ud_update_judge(const ud_agent_t *agent, const ud_offer_t *offer, ud_version_t *version);

/* Makes an offer that was judged well the update under way: copies what the download needs. */
void ud_update_take(ud_agent_t *agent, const ud_offer_t *offer, const ud_version_t *version);

/* True if the offer is about the update already under way: same id, image and chunks. */
bool ud_update_is_same(const ud_agent_t *agent, const ud_offer_t *offer);

/* Takes over what may change while an update is under way: address, policy and window. */
void ud_update_refresh(ud_agent_t *agent, const ud_offer_t *offer);

/* The slot that new images go to. */
ud_area_t ud_update_area(const ud_agent_t *agent);

/* Where in that slot the image of the update begins: at the staging offset, or at 0, if it is the image before and that can
 * come back without a copy. True if it lies there already, complete and verified as by ud_update_verify(); a look at the
 * header if it does not.
 */
bool ud_update_find(const ud_agent_t *agent, uint32_t *base);

/* Verifies the complete image at `base` of the slot for new images from flash: hash, signature, and that it is what was offered.
 * Reads all of it and feeds the watchdog.
 * Errors: those of ud_image_verify(), UD_ERR_WRONG_HARDWARE, UD_ERR_WRONG_SLOT (built for another address),
 * UD_ERR_UNMET_DEPENDENCY, UD_ERR_OFFER_INVALID (authentic, but not what was offered).
 */
UD_MUST_USE ud_err_t ud_update_verify(const ud_agent_t *agent, uint32_t base);

/* Takes from agent->trust the keys that the port, the journal and, unless it is on trial, the image that runs revoked;
 * `info` is of that image. Flash that cannot be read revokes nothing: boot knows better.
 */
void ud_update_trust(ud_agent_t *agent, const ud_image_info_t *info);

/* Reads what runs in `area`. Errors: those of ud_image_parse(). */
UD_MUST_USE ud_err_t ud_update_running(ud_port_t *port, ud_area_t area, ud_image_info_t *info);

#endif
