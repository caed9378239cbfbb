/* Device messages, version 1: the structures behind api/device.cddl, the contract of agent and server.
 *
 * One table per message (message_table.c) drives both directions and both forms, CBOR and, on the server, JSON. The agent
 * reads by these tables; what it sends it writes pair by pair (agent/pairs.h), for the server to read by them. A field that
 * may be absent has a bit in `present` (UD_HAS_*); required fields do too, and decoding fails without them.
 * Everything is held inside the structure: nothing borrows from the bytes it was decoded from.
 */
#ifndef UD_PROTO_MESSAGE_H
#define UD_PROTO_MESSAGE_H

#include "core/base/err.h"
#include "core/base/limits.h"
#include "core/base/span.h"
#include "core/image/scheme.h"

#include <stdbool.h>

/* Bit of the field with CBOR key `key` in `present`. */
#define UD_FIELD(key) (UINT32_C(1) << (key))

typedef enum { UD_STATUS_ACTIVE = 0, UD_STATUS_PENDING = 1, UD_STATUS_IDENTITY_LOST = 2 } ud_register_status_t;

typedef enum {
    UD_DEVICE_IDLE = 0,
    UD_DEVICE_WAITING = 1,
    UD_DEVICE_DOWNLOADING = 2,
    UD_DEVICE_VERIFYING = 3,
    UD_DEVICE_STAGED = 4,
    UD_DEVICE_TRIAL = 5,
    UD_DEVICE_CONFIRMED = 6,
    UD_DEVICE_REVERTED = 7,
    UD_DEVICE_FAILED = 8,
    UD_DEVICE_REFUSED = 9,
    UD_DEVICE_CANCELLED = 10,
    UD_DEVICE_STATE_COUNT
} ud_device_state_t;

typedef enum {
    UD_ACTION_NONE = 0,
    UD_ACTION_INSTALL = 1,
    UD_ACTION_CANCEL = 2,
    UD_ACTION_ROLLBACK = 3,
    UD_ACTION_REGISTER = 4,
    UD_ACTION_DECOMMISSION = 5,
} ud_action_t;

typedef struct {
    uint32_t present;
    char device_id[UD_DEVICE_ID_SIZE_MAX + 1];
    char hardware[UD_HARDWARE_SIZE_MAX + 1];
    uint8_t nonce[16];
    uint8_t secret[32];
    char claim_key[UD_CLAIM_KEY_SIZE_MAX + 1];
    char one_time_code[UD_CLAIM_KEY_SIZE_MAX + 1];
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    uint8_t image_digest[UD_SHA256_SIZE];
} ud_register_t;

typedef struct {
    uint32_t present;
    uint8_t status; /* ud_register_status_t */
    char token[UD_TOKEN_SIZE_MAX + 1];
    uint32_t token_lifetime_s;
    uint32_t next_s;
} ud_register_answer_t;

typedef struct {
    uint32_t present;
    char device_id[UD_DEVICE_ID_SIZE_MAX + 1];
    uint8_t secret[32];
} ud_token_request_t;

typedef struct {
    uint32_t present; /* of its own map */
    uint8_t delta;
    uint8_t install;
    uint16_t chunk_size_max;
    uint32_t slot_size;
} ud_capabilities_t;

typedef struct {
    uint32_t present;
    char device_id[UD_DEVICE_ID_SIZE_MAX + 1];
    char hardware[UD_HARDWARE_SIZE_MAX + 1];
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    uint8_t image_digest[UD_SHA256_SIZE];
    uint8_t state; /* ud_device_state_t */
    uint8_t progress;
    uint16_t error; /* ud_err_t */
    uint32_t update_id;
    uint32_t epoch;
    uint32_t sequence;
    uint32_t security_counter;
    uint8_t boot_reason; /* ud_boot_reason_t */
    uint16_t revert_reason;
    uint8_t battery;
    uint8_t link;
    int16_t signal;
    uint8_t active_slot;
    uint32_t slot_addresses[2];
    ud_capabilities_t capabilities;
    bool journal_worn;
    uint32_t failed_starts[2]; /* attempts, abnormal_resets of ud_slot_status_t */
    uint8_t revert_digest[UD_SHA256_SIZE];
    uint32_t uptime_s;
} ud_checkin_t;

typedef struct {
    uint32_t present; /* of its own map */
    bool forced;
    bool consent;
    bool download_only;
    uint8_t retries;
    uint32_t window_opens_s;
    uint32_t window_closes_s;
    uint32_t deadline_s;
} ud_policy_t;

typedef struct {
    uint32_t present;
    uint32_t next_s;
    uint8_t action; /* ud_action_t */
    uint32_t update_id;
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    uint8_t kind;
    uint32_t image_size;
    uint32_t artifact_size;
    uint8_t image_digest[UD_SHA256_SIZE];
    uint8_t key_hash[UD_SHA256_SIZE];
    ud_signature_t signature;
    uint8_t artifact_digest[UD_SHA256_SIZE];
    char url[UD_URL_SIZE_MAX + 1];
    uint16_t chunk_size;
    uint8_t chain_root[UD_SHA256_SIZE];
    ud_signature_t descriptor;
    uint8_t base_digest[UD_SHA256_SIZE];
    uint8_t slot;
    uint32_t security_counter;
    ud_policy_t policy;
    char notes_url[UD_URL_SIZE_MAX + 1];
    char hardware[UD_HARDWARE_SIZE_MAX + 1];
} ud_offer_t;

/* Keys of api/device.cddl, for UD_FIELD(); the same number may name different fields of different messages. */
enum {
    UD_REGISTER_DEVICE_ID = 1,
    UD_REGISTER_HARDWARE,
    UD_REGISTER_NONCE,
    UD_REGISTER_SECRET,
    UD_REGISTER_CLAIM_KEY,
    UD_REGISTER_ONE_TIME_CODE,
    UD_REGISTER_VERSION,
    UD_REGISTER_IMAGE_DIGEST,
};
enum {
    UD_REGISTER_ANSWER_STATUS = 1,
    UD_REGISTER_ANSWER_TOKEN,
    UD_REGISTER_ANSWER_TOKEN_LIFETIME,
    UD_REGISTER_ANSWER_NEXT
};
enum { UD_TOKEN_REQUEST_DEVICE_ID = 1, UD_TOKEN_REQUEST_SECRET };
enum {
    UD_CHECKIN_DEVICE_ID = 1,
    UD_CHECKIN_HARDWARE,
    UD_CHECKIN_VERSION,
    UD_CHECKIN_IMAGE_DIGEST,
    UD_CHECKIN_STATE,
    UD_CHECKIN_UPDATE_ID,
    UD_CHECKIN_PROGRESS,
    UD_CHECKIN_ERROR,
    UD_CHECKIN_EPOCH,
    UD_CHECKIN_SEQUENCE,
    UD_CHECKIN_SECURITY_COUNTER,
    UD_CHECKIN_BOOT_REASON,
    UD_CHECKIN_REVERT_REASON,
    UD_CHECKIN_BATTERY,
    UD_CHECKIN_LINK,
    UD_CHECKIN_SIGNAL,
    UD_CHECKIN_ACTIVE_SLOT,
    UD_CHECKIN_SLOT_ADDRESSES,
    UD_CHECKIN_CAPABILITIES,
    UD_CHECKIN_JOURNAL_WORN,
    UD_CHECKIN_FAILED_STARTS,
    UD_CHECKIN_REVERT_DIGEST,
    UD_CHECKIN_UPTIME,
};
enum { UD_CAPABILITY_DELTA = 1, UD_CAPABILITY_CHUNK_SIZE_MAX, UD_CAPABILITY_INSTALL, UD_CAPABILITY_SLOT_SIZE };
enum {
    UD_OFFER_NEXT = 1,
    UD_OFFER_ACTION,
    UD_OFFER_UPDATE_ID,
    UD_OFFER_VERSION,
    UD_OFFER_KIND,
    UD_OFFER_IMAGE_SIZE,
    UD_OFFER_ARTIFACT_SIZE,
    UD_OFFER_IMAGE_DIGEST,
    UD_OFFER_KEY_HASH,
    UD_OFFER_SIGNATURE,
    UD_OFFER_ARTIFACT_DIGEST,
    UD_OFFER_URL,
    UD_OFFER_CHUNK_SIZE,
    UD_OFFER_CHAIN_ROOT,
    UD_OFFER_DESCRIPTOR,
    UD_OFFER_BASE_DIGEST,
    UD_OFFER_SLOT,
    UD_OFFER_SECURITY_COUNTER,
    UD_OFFER_POLICY,
    UD_OFFER_NOTES_URL,
    UD_OFFER_HARDWARE,
};
enum {
    UD_POLICY_FORCED = 1,
    UD_POLICY_CONSENT,
    UD_POLICY_WINDOW_OPENS,
    UD_POLICY_WINDOW_CLOSES,
    UD_POLICY_DEADLINE,
    UD_POLICY_RETRIES,
    UD_POLICY_DOWNLOAD_ONLY,
};

/* The messages, as an index of the tables. ANSWER also answers token requests. */
typedef enum {
    UD_MESSAGE_REGISTER,
    UD_MESSAGE_REGISTER_ANSWER,
    UD_MESSAGE_TOKEN_REQUEST,
    UD_MESSAGE_CHECKIN,
    UD_MESSAGE_OFFER,
    UD_MESSAGE_COUNT
} ud_message_type_t;

/* Encodes `message` (the structure that belongs to `type`) as CBOR into `data`; only fields whose bit is set.
 * Errors: UD_ERR_BUFFER_TOO_SMALL, UD_ERR_INVALID_ARGUMENT (a value outside the range of the CDDL, or a required field
 * that is not present).
 */
UD_MUST_USE ud_err_t ud_message_encode(ud_message_type_t type, const void *message, uint8_t *data, size_t capacity,
                                       size_t *size);

/* Decodes CBOR into `message`, which is zeroed first. Strict: canonical lengths, no duplicates, ranges, text is UTF-8,
 * device ids of the allowed characters, nothing behind the map; unknown keys are skipped.
 * Errors: UD_ERR_MALFORMED (so is a number beyond 32 bits), UD_ERR_INVALID_ARGUMENT (a known field out of range or a required
 * one absent); `field`, when not NULL, then tells which (core/proto/message_table.h names it), or is NULL.
 */
struct ud_field;
UD_MUST_USE ud_err_t ud_message_decode(ud_message_type_t type, ud_span_t data, void *message,
                                       const struct ud_field **field);

#endif
