#include "core/proto/message_table.h"

#include "core/base/assert.h"
#include "core/base/utf8.h"

#include <string.h>

/* Rows are made for the structure that STRUCTURE names; NEEDED and MAYBE say whether the field must be there. */
#define NEEDED true
#define MAYBE false
#define SIZE(member) sizeof(((STRUCTURE *)0)->member)
#define ROW(need, cbor, kind_, json, member, low, high) \
    {.key = cbor,                                       \
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
    {.map = &(table),                        \
     .key = cbor,                            \
     .kind = UD_FIELD_MAP,                   \
     .required = need,                       \
     .offset = offsetof(STRUCTURE, member),  \
     .size = SIZE(member)}

#define LIST(name) static const ud_field_t name##_rows[] = {
#define END \
    }       \
    ;

#include "core/proto/message_rows.def"

#define MESSAGE(rows, structure) {rows, sizeof(rows) / sizeof((rows)[0]), sizeof(structure)}

const ud_message_table_t ud_capabilities_table = MESSAGE(capabilities_rows, ud_capabilities_t);
const ud_message_table_t ud_policy_table = MESSAGE(policy_rows, ud_policy_t);

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
