#include "core/proto/message_table.h"

#include "core/base/assert.h"
#include "core/base/utf8.h"

#include <string.h>

/* Rows are made for the structure that STRUCTURE names; NEEDED and MAYBE say whether the field must be there. */
#define NEEDED true
#define MAYBE false
#define SIZE(member) sizeof(((STRUCTURE *)0)->member)
#define ROW(need, cbor, kind_, json, member, low, high) \
    {.name = json,                                      \
     .key = cbor,                                       \
     .kind = kind_,                                     \
     .required = need,                                  \
     .offset = offsetof(STRUCTURE, member),             \
     .size = SIZE(member),                              \
     .min = low,                                        \
     .max = high}
#define UINT(need, cbor, json, member, high) ROW(need, cbor, UD_FIELD_UINT, json, member, 0, high)
#define U16(need, cbor, json, member) UINT(need, cbor, json, member, UINT16_MAX)
#define U32(need, cbor, json, member) UINT(need, cbor, json, member, UINT32_MAX)
#define INT(need, cbor, json, member, low, high) ROW(need, cbor, UD_FIELD_INT, json, member, low, high)
#define FLAG(need, cbor, json, member) ROW(need, cbor, UD_FIELD_BOOL, json, member, 0, 1)
#define BYTES(need, cbor, json, member) ROW(need, cbor, UD_FIELD_BYTES, json, member, 0, 0)
#define SIGN(need, cbor, json, member) \
    ROW(need, cbor, UD_FIELD_SIGNATURE, json, member, UD_P256_SIGNATURE_SIZE, UD_SIGNATURE_SIZE_MAX)
#define PAIR(need, cbor, json, member) ROW(need, cbor, UD_FIELD_UINT_PAIR, json, member, 0, UINT32_MAX)
#define TEXT(need, cbor, json, member, low) ROW(need, cbor, UD_FIELD_TEXT, json, member, low, SIZE(member) - 1)
#define ID(need, cbor, json, member) ROW(need, cbor, UD_FIELD_DEVICE_ID, json, member, 1, SIZE(member) - 1)
#define CHUNK(need, cbor, json, member) \
    ROW(need, cbor, UD_FIELD_CHUNK_SIZE, json, member, UD_CHUNK_SIZE_MIN, UD_CHUNK_SIZE_MAX)
#define MAP(need, cbor, json, member, table) \
    {.name = json,                           \
     .map = &(table),                        \
     .key = cbor,                            \
     .kind = UD_FIELD_MAP,                   \
     .required = need,                       \
     .offset = offsetof(STRUCTURE, member),  \
     .size = SIZE(member)}
#define TABLE(rows) {rows, sizeof(rows) / sizeof((rows)[0]), sizeof(STRUCTURE)}

#define STRUCTURE ud_register_t
static const ud_field_t register_rows[] = {
    ID(NEEDED, UD_REGISTER_DEVICE_ID, "device_id", device_id),
    TEXT(NEEDED, UD_REGISTER_HARDWARE, "hardware", hardware, 1),
    BYTES(NEEDED, UD_REGISTER_NONCE, "nonce", nonce),
    BYTES(NEEDED, UD_REGISTER_SECRET, "secret", secret),
    TEXT(MAYBE, UD_REGISTER_CLAIM_KEY, "claim_key", claim_key, 1),
    TEXT(MAYBE, UD_REGISTER_ONE_TIME_CODE, "one_time_code", one_time_code, 1),
    TEXT(MAYBE, UD_REGISTER_VERSION, "version", version, 5),
    BYTES(MAYBE, UD_REGISTER_IMAGE_DIGEST, "image_digest", image_digest),
};
#undef STRUCTURE

#define STRUCTURE ud_register_answer_t
static const ud_field_t register_answer_rows[] = {
    UINT(NEEDED, UD_REGISTER_ANSWER_STATUS, "status", status, UD_STATUS_IDENTITY_LOST),
    TEXT(MAYBE, UD_REGISTER_ANSWER_TOKEN, "token", token, 1),
    U32(MAYBE, UD_REGISTER_ANSWER_TOKEN_LIFETIME, "token_lifetime_s", token_lifetime_s),
    U32(NEEDED, UD_REGISTER_ANSWER_NEXT, "next_s", next_s),
};
#undef STRUCTURE

#define STRUCTURE ud_token_request_t
static const ud_field_t token_request_rows[] = {
    ID(NEEDED, UD_TOKEN_REQUEST_DEVICE_ID, "device_id", device_id),
    BYTES(NEEDED, UD_TOKEN_REQUEST_SECRET, "secret", secret),
};
#undef STRUCTURE

#define STRUCTURE ud_capabilities_t
static const ud_field_t capabilities_rows[] = {
    UINT(MAYBE, UD_CAPABILITY_DELTA, "delta", delta, 2),
    CHUNK(MAYBE, UD_CAPABILITY_CHUNK_SIZE_MAX, "chunk_size_max", chunk_size_max),
    UINT(MAYBE, UD_CAPABILITY_INSTALL, "install", install, 2),
    U32(MAYBE, UD_CAPABILITY_SLOT_SIZE, "slot_size", slot_size),
};
static const ud_message_table_t capabilities_table = TABLE(capabilities_rows);
#undef STRUCTURE

#define STRUCTURE ud_checkin_t
static const ud_field_t checkin_rows[] = {
    ID(NEEDED, UD_CHECKIN_DEVICE_ID, "device_id", device_id),
    TEXT(NEEDED, UD_CHECKIN_HARDWARE, "hardware", hardware, 1),
    TEXT(NEEDED, UD_CHECKIN_VERSION, "version", version, 5),
    BYTES(NEEDED, UD_CHECKIN_IMAGE_DIGEST, "image_digest", image_digest),
    UINT(NEEDED, UD_CHECKIN_STATE, "state", state, UD_DEVICE_STATE_COUNT - 1),
    U32(MAYBE, UD_CHECKIN_UPDATE_ID, "update_id", update_id),
    UINT(MAYBE, UD_CHECKIN_PROGRESS, "progress", progress, 100),
    U16(MAYBE, UD_CHECKIN_ERROR, "error", error),
    U32(NEEDED, UD_CHECKIN_EPOCH, "epoch", epoch),
    U32(NEEDED, UD_CHECKIN_SEQUENCE, "sequence", sequence),
    U32(MAYBE, UD_CHECKIN_SECURITY_COUNTER, "security_counter", security_counter),
    UINT(MAYBE, UD_CHECKIN_BOOT_REASON, "boot_reason", boot_reason, 6),
    U16(MAYBE, UD_CHECKIN_REVERT_REASON, "revert_reason", revert_reason),
    UINT(MAYBE, UD_CHECKIN_BATTERY, "battery", battery, 100),
    UINT(MAYBE, UD_CHECKIN_LINK, "link", link, 7),
    INT(MAYBE, UD_CHECKIN_SIGNAL, "signal", signal, -200, 0),
    UINT(MAYBE, UD_CHECKIN_ACTIVE_SLOT, "active_slot", active_slot, 1),
    PAIR(MAYBE, UD_CHECKIN_SLOT_ADDRESSES, "slot_addresses", slot_addresses),
    MAP(MAYBE, UD_CHECKIN_CAPABILITIES, "capabilities", capabilities, capabilities_table),
    FLAG(MAYBE, UD_CHECKIN_JOURNAL_WORN, "journal_worn", journal_worn),
    FLAG(MAYBE, UD_CHECKIN_SAFE_MODE, "safe_mode", safe_mode),
    BYTES(MAYBE, UD_CHECKIN_REVERT_DIGEST, "revert_digest", revert_digest),
    U32(MAYBE, UD_CHECKIN_UPTIME, "uptime_s", uptime_s),
};
#undef STRUCTURE

#define STRUCTURE ud_policy_t
static const ud_field_t policy_rows[] = {
    FLAG(MAYBE, UD_POLICY_FORCED, "forced", forced),
    FLAG(MAYBE, UD_POLICY_CONSENT, "consent", consent),
    U32(MAYBE, UD_POLICY_WINDOW_OPENS, "window_opens_s", window_opens_s),
    U32(MAYBE, UD_POLICY_WINDOW_CLOSES, "window_closes_s", window_closes_s),
    U32(MAYBE, UD_POLICY_DEADLINE, "deadline_s", deadline_s),
    UINT(MAYBE, UD_POLICY_RETRIES, "retries", retries, 10),
    FLAG(MAYBE, UD_POLICY_DOWNLOAD_ONLY, "download_only", download_only),
};
static const ud_message_table_t policy_table = TABLE(policy_rows);
#undef STRUCTURE

#define STRUCTURE ud_offer_t
static const ud_field_t offer_rows[] = {
    U32(NEEDED, UD_OFFER_NEXT, "next_s", next_s),
    UINT(NEEDED, UD_OFFER_ACTION, "action", action, UD_ACTION_DECOMMISSION),
    U32(MAYBE, UD_OFFER_UPDATE_ID, "update_id", update_id),
    TEXT(MAYBE, UD_OFFER_VERSION, "version", version, 5),
    UINT(MAYBE, UD_OFFER_KIND, "kind", kind, 1),
    U32(MAYBE, UD_OFFER_IMAGE_SIZE, "image_size", image_size),
    U32(MAYBE, UD_OFFER_ARTIFACT_SIZE, "artifact_size", artifact_size),
    BYTES(MAYBE, UD_OFFER_IMAGE_DIGEST, "image_digest", image_digest),
    BYTES(MAYBE, UD_OFFER_KEY_HASH, "key_hash", key_hash),
    SIGN(MAYBE, UD_OFFER_SIGNATURE, "signature", signature),
    BYTES(MAYBE, UD_OFFER_ARTIFACT_DIGEST, "artifact_digest", artifact_digest),
    TEXT(MAYBE, UD_OFFER_URL, "url", url, 1),
    CHUNK(MAYBE, UD_OFFER_CHUNK_SIZE, "chunk_size", chunk_size),
    BYTES(MAYBE, UD_OFFER_CHAIN_ROOT, "chain_root", chain_root),
    SIGN(MAYBE, UD_OFFER_DESCRIPTOR, "descriptor", descriptor),
    BYTES(MAYBE, UD_OFFER_BASE_DIGEST, "base_digest", base_digest),
    UINT(MAYBE, UD_OFFER_SLOT, "slot", slot, 1),
    U32(MAYBE, UD_OFFER_SECURITY_COUNTER, "security_counter", security_counter),
    MAP(MAYBE, UD_OFFER_POLICY, "policy", policy, policy_table),
    TEXT(MAYBE, UD_OFFER_NOTES_URL, "notes_url", notes_url, 1),
    TEXT(MAYBE, UD_OFFER_HARDWARE, "hardware", hardware, 1),
};
#undef STRUCTURE

#define MESSAGE(rows, structure) {rows, sizeof(rows) / sizeof((rows)[0]), sizeof(structure)}

const ud_message_table_t ud_message_tables[UD_MESSAGE_COUNT] = {
    [UD_MESSAGE_REGISTER] = MESSAGE(register_rows, ud_register_t),
    [UD_MESSAGE_REGISTER_ANSWER] = MESSAGE(register_answer_rows, ud_register_answer_t),
    [UD_MESSAGE_TOKEN_REQUEST] = MESSAGE(token_request_rows, ud_token_request_t),
    [UD_MESSAGE_CHECKIN] = MESSAGE(checkin_rows, ud_checkin_t),
    [UD_MESSAGE_OFFER] = MESSAGE(offer_rows, ud_offer_t),
};

bool ud_field_accepts_number(const ud_field_t *field, int64_t value)
{
    if (value < field->min || value > (int64_t)field->max) {
        return false;
    }
    return field->kind != UD_FIELD_CHUNK_SIZE || value == 512 || value == 1024 || value == 4096 || value == 16384;
}

static bool is_device_id(ud_span_t text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alphanumeric && c != '-' && c != '_' && c != '.' && c != ':') {
            return false;
        }
    }
    bool vanishes = text.size <= 2 && text.data[0] == '.' && text.data[text.size - 1] == '.'; /* "." or ".." in a URL */
    return !vanishes;
}

bool ud_field_accepts_text(const ud_field_t *field, ud_span_t text)
{
    if (text.size < (size_t)field->min || text.size > field->max) {
        return false;
    }
    return field->kind == UD_FIELD_DEVICE_ID ? is_device_id(text) : ud_utf8_is_text((const char *)text.data, text.size);
}

void ud_field_store_number(const ud_field_t *field, void *message, int64_t value)
{
    uint8_t *at = (uint8_t *)message + field->offset;
    uint8_t byte = (uint8_t)value;
    uint16_t half = (uint16_t)value; /* of INT too: two's complement */
    uint32_t word = (uint32_t)value;
    const void *from = field->size == 1 ? (const void *)&byte : field->size == 2 ? (const void *)&half : &word;
    memcpy(at, from, field->size);
}

int64_t ud_field_load_number(const ud_field_t *field, const void *message)
{
    const uint8_t *at = (const uint8_t *)message + field->offset;
    uint16_t half;
    uint32_t word;
    switch (field->size) {
    case 1:
        return *at;
    case 2:
        memcpy(&half, at, sizeof half);
        return field->kind == UD_FIELD_INT ? (int64_t)(int16_t)half : (int64_t)half;
    default:
        memcpy(&word, at, sizeof word);
        return word;
    }
}

const ud_field_t *ud_message_missing(const ud_message_table_t *table, const void *message)
{
    uint32_t present;
    memcpy(&present, message, sizeof present);
    for (uint8_t i = 0; i < table->count; i++) {
        if (table->fields[i].required && (present & UD_FIELD(table->fields[i].key)) == 0) {
            return &table->fields[i];
        }
    }
    return NULL;
}
