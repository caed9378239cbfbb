#include "core/proto/message_table.h"

#include "core/base/assert.h"
#include "core/base/utf8.h"
#include "core/image/chain.h"

#include <string.h>

/* Rows are made for the structure that STRUCTURE names; NEEDED and MAYBE say whether the field must be there. */
#define NEEDED true
#define MAYBE false
#define SIZE(member) sizeof(((STRUCTURE *)0)->member)
#define ROW(need, cbor, kind_, member, limit_) \
    {.key = cbor,                              \
     .kind = kind_,                            \
     .required = need,                         \
     .offset = offsetof(STRUCTURE, member),    \
     .size = SIZE(member),                     \
     .limit = limit_}
#define UINT(need, cbor, json, member, high) ROW(need, cbor, UD_FIELD_UINT, member, high)
#define U16(need, cbor, json, member) ROW(need, cbor, UD_FIELD_UINT, member, 0)
#define U32(need, cbor, json, member) ROW(need, cbor, UD_FIELD_UINT, member, 0)
#define INT(need, cbor, json, member, depth) ROW(need, cbor, UD_FIELD_INT, member, depth)
#define FLAG(need, cbor, json, member) ROW(need, cbor, UD_FIELD_BOOL, member, 0)
#define BYTES(need, cbor, json, member) ROW(need, cbor, UD_FIELD_BYTES, member, 0)
#define SIGN(need, cbor, json, member) ROW(need, cbor, UD_FIELD_SIGNATURE, member, 0)
#define PAIR(need, cbor, json, member) ROW(need, cbor, UD_FIELD_UINT_PAIR, member, 0)
#define TEXT(need, cbor, json, member, low) ROW(need, cbor, UD_FIELD_TEXT, member, low)
#define ID(need, cbor, json, member) ROW(need, cbor, UD_FIELD_DEVICE_ID, member, 1)
#define CHUNK(need, cbor, json, member) ROW(need, cbor, UD_FIELD_CHUNK_SIZE, member, 0)
#define MAP(need, cbor, json, member) ROW(need, cbor, UD_FIELD_MAP, member, 0)

#define LIST(name) static const ud_field_t name##_rows[] = {
#define END \
    }       \
    ;

#include "core/proto/message_rows.def"

#define MESSAGE(name, map)                                                                                      \
    const ud_message_table_t ud_##name##_table = {name##_rows, map, sizeof name##_rows / sizeof name##_rows[0], \
                                                  sizeof(ud_##name##_t)}

MESSAGE(capabilities, NULL);
MESSAGE(policy, NULL);
MESSAGE(register, NULL);
MESSAGE(register_answer, NULL);
MESSAGE(token_request, NULL);
MESSAGE(checkin, &ud_capabilities_table);
MESSAGE(offer, &ud_policy_table);

const ud_message_table_t *const ud_message_tables[UD_MESSAGE_COUNT] = {
    [UD_MESSAGE_REGISTER] = &ud_register_table,
    [UD_MESSAGE_REGISTER_ANSWER] = &ud_register_answer_table,
    [UD_MESSAGE_TOKEN_REQUEST] = &ud_token_request_table,
    [UD_MESSAGE_CHECKIN] = &ud_checkin_table,
    [UD_MESSAGE_OFFER] = &ud_offer_table,
};

static bool is_text(const ud_field_t *field)
{
    return field->kind == UD_FIELD_TEXT || field->kind == UD_FIELD_DEVICE_ID;
}

int32_t ud_field_min(const ud_field_t *field)
{
    int32_t limit = field->limit;
    return field->kind == UD_FIELD_INT ? -limit : is_text(field) ? limit : 0;
}

static uint32_t uint_max(const ud_field_t *field)
{
    return field->limit != 0 ? field->limit : UINT32_MAX >> (32 - 8 * field->size);
}

uint32_t ud_field_max(const ud_field_t *field)
{
    return field->kind == UD_FIELD_INT ? 0 : is_text(field) ? field->size - 1u : uint_max(field);
}

bool ud_field_accepts_uint(const ud_field_t *field, uint32_t value)
{
    return value <= uint_max(field) && (field->kind != UD_FIELD_CHUNK_SIZE || ud_chunk_size_is_known(value));
}

bool ud_field_accepts_number(const ud_field_t *field, int64_t value)
{
    return value >= ud_field_min(field) && value <= ud_field_max(field) &&
           (field->kind == UD_FIELD_INT || ud_field_accepts_uint(field, (uint32_t)value));
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
    if (text.size < field->limit || text.size >= field->size) {
        return false;
    }
    return field->kind == UD_FIELD_DEVICE_ID ? is_device_id(text) : ud_utf8_is_text((const char *)text.data, text.size);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a number's low bytes come first");

void ud_field_store_number(const ud_field_t *field, void *message, int64_t value)
{
    memcpy((uint8_t *)message + field->offset, &value, field->size);
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
    for (const ud_field_t *field = table->fields; field < table->fields + table->count; field++) {
        if (field->required && (present & UD_FIELD(field->key)) == 0) {
            return field;
        }
    }
    return NULL;
}
