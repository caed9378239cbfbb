#include "server/door/message_json.h"

#include "core/base/assert.h"
#include "core/base/hex.h"
#include "core/proto/message_table.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading --------------------------------------------------------------------------------------------------------- */

static ud_err_t get_number(const ud_field_t *field, const json_t *value, void *structure)
{
    UD_REQUIRE(json_is_integer(value) && ud_field_accepts_number(field, json_integer_value(value)),
               UD_ERR_INVALID_ARGUMENT);
    ud_field_store_number(field, structure, json_integer_value(value));
    return UD_OK;
}

static ud_err_t get_text(const ud_field_t *field, const json_t *value, uint8_t *at)
{
    UD_REQUIRE(json_is_string(value), UD_ERR_INVALID_ARGUMENT);
    ud_span_t text = ud_span(json_string_value(value), json_string_length(value));
    if (field->kind == UD_FIELD_BYTES) {
        ud_err_t err = ud_hex_decode((const char *)text.data, text.size, at, field->size);
        return err == UD_OK ? UD_OK : UD_ERR_INVALID_ARGUMENT;
    }
    UD_REQUIRE(ud_field_accepts_text(field, text), UD_ERR_INVALID_ARGUMENT);
    memcpy(at, text.data, text.size);
    return UD_OK;
}

static ud_err_t get_signature(const json_t *value, uint8_t *at)
{
    uint16_t size = (uint16_t)(json_string_length(value) / 2);
    UD_REQUIRE(json_is_string(value) && ud_signature_size_is_known(json_string_length(value) / 2),
               UD_ERR_INVALID_ARGUMENT);
    memcpy(at, &size, sizeof size);
    ud_err_t err =
        ud_hex_decode(json_string_value(value), json_string_length(value), at + offsetof(ud_signature_t, data), size);
    return err == UD_OK ? UD_OK : UD_ERR_INVALID_ARGUMENT;
}

static ud_err_t get_pair(const json_t *value, uint8_t *at)
{
    uint32_t pair[2];
    UD_REQUIRE(json_is_array(value) && json_array_size(value) == 2, UD_ERR_INVALID_ARGUMENT);
    for (size_t i = 0; i < 2; i++) {
        const json_t *item = json_array_get(value, i);
        UD_REQUIRE(json_is_integer(item), UD_ERR_INVALID_ARGUMENT);
        UD_REQUIRE(json_integer_value(item) >= 0 && json_integer_value(item) <= UINT32_MAX, UD_ERR_INVALID_ARGUMENT);
        pair[i] = (uint32_t)json_integer_value(item);
    }
    memcpy(at, pair, sizeof pair);
    return UD_OK;
}

static ud_err_t get_object(const ud_message_table_t *table, const json_t *object, uint8_t *structure,
                           const ud_field_t **field);

static ud_err_t get_value(const ud_message_table_t *table, const ud_field_t *field, const json_t *value,
                          uint8_t *structure, const ud_field_t **inner)
{
    uint8_t *at = structure + field->offset;
    bool flag = json_is_true(value);
    switch ((ud_field_kind_t)field->kind) {
    case UD_FIELD_UINT:
    case UD_FIELD_INT:
    case UD_FIELD_CHUNK_SIZE:
        return get_number(field, value, structure);
    case UD_FIELD_BOOL:
        memcpy(at, &flag, sizeof flag);
        return json_is_boolean(value) ? UD_OK : UD_ERR_INVALID_ARGUMENT;
    case UD_FIELD_TEXT:
    case UD_FIELD_DEVICE_ID:
    case UD_FIELD_BYTES:
        return get_text(field, value, at);
    case UD_FIELD_SIGNATURE:
        return get_signature(value, at);
    case UD_FIELD_UINT_PAIR:
        return get_pair(value, at);
    case UD_FIELD_MAP:
        return get_object(table->map, value, at, inner);
    }
    return UD_ERR_INTERNAL;
}

static ud_err_t get_object(const ud_message_table_t *table, const json_t *object, uint8_t *structure,
                           const ud_field_t **field)
{
    uint32_t present = 0;
    UD_REQUIRE(json_is_object(object), UD_ERR_INVALID_ARGUMENT);
    for (uint8_t i = 0; i < table->count; i++) {
        const json_t *value = json_object_get(object, ud_field_name(&table->fields[i]));
        if (value == NULL) {
            continue;
        }
        *field = &table->fields[i];
        UD_TRY(get_value(table, &table->fields[i], value, structure, field));
        present |= UD_FIELD(table->fields[i].key);
    }
    memcpy(structure, &present, sizeof present);
    *field = ud_message_missing(table, structure);
    return *field == NULL ? UD_OK : UD_ERR_INVALID_ARGUMENT;
}

ud_err_t ud_message_from_json(ud_message_type_t type, ud_span_t text, void *message, const ud_field_t **field)
{
    UD_ASSERT(type < UD_MESSAGE_COUNT);
    const ud_field_t *row = NULL;
    memset(message, 0, ud_message_tables[type]->size);
    UD_REQUIRE(text.size <= UD_MESSAGE_JSON_SIZE_MAX, UD_ERR_MALFORMED);
    json_t *object = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    ud_err_t err =
        json_is_object(object) ? get_object(ud_message_tables[type], object, message, &row) : UD_ERR_MALFORMED;
    json_decref(object);
    if (field != NULL) {
        *field = err == UD_OK ? NULL : row;
    }
    return err;
}

/* ---- writing --------------------------------------------------------------------------------------------------------- */

static json_t *put_object(const ud_message_table_t *table, const uint8_t *structure);

static json_t *put_value(const ud_message_table_t *table, const ud_field_t *field, const uint8_t *structure)
{
    const uint8_t *at = structure + field->offset;
    char hex[UD_HEX_TEXT_SIZE(UD_SIGNATURE_SIZE_MAX)];
    uint32_t pair[2];
    uint16_t size;
    switch ((ud_field_kind_t)field->kind) {
    case UD_FIELD_UINT:
    case UD_FIELD_INT:
    case UD_FIELD_CHUNK_SIZE:
        return json_integer(ud_field_load_number(field, structure));
    case UD_FIELD_BOOL:
        return json_boolean(*at != 0);
    case UD_FIELD_TEXT:
    case UD_FIELD_DEVICE_ID:
        return json_stringn((const char *)at, strnlen((const char *)at, field->size));
    case UD_FIELD_BYTES:
        UD_ASSERT(UD_HEX_TEXT_SIZE((size_t)field->size) <= sizeof hex);
        ud_hex_encode(at, field->size, hex);
        return json_string(hex);
    case UD_FIELD_SIGNATURE:
        memcpy(&size, at, sizeof size);
        ud_hex_encode(at + offsetof(ud_signature_t, data), size, hex);
        return json_string(hex);
    case UD_FIELD_UINT_PAIR:
        memcpy(pair, at, sizeof pair);
        return json_pack("[I, I]", (json_int_t)pair[0], (json_int_t)pair[1]);
    case UD_FIELD_MAP:
        return put_object(table->map, at);
    }
    return NULL;
}

static json_t *put_object(const ud_message_table_t *table, const uint8_t *structure)
{
    uint32_t present;
    json_t *object = json_object();
    memcpy(&present, structure, sizeof present);
    for (uint8_t i = 0; i < table->count; i++) {
        const ud_field_t *field = &table->fields[i];
        if ((present & UD_FIELD(field->key)) != 0 &&
            json_object_set_new(object, ud_field_name(field), put_value(table, field, structure)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

ud_err_t ud_message_to_json(ud_message_type_t type, const void *message, ud_arena_t *arena, ud_span_t *text)
{
    uint8_t cbor[UD_MESSAGE_SIZE_MAX];
    size_t size;
    UD_TRY(
        ud_message_encode(type, message, cbor, sizeof cbor, &size)); /* the same message must be good in both forms */
    json_t *object = put_object(ud_message_tables[type], message);
    char *dump = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    UD_REQUIRE(dump != NULL, UD_ERR_INVALID_ARGUMENT);
    size = strlen(dump);
    char *copy = ud_arena_text(arena, dump, size);
    free(dump);
    UD_REQUIRE(copy != NULL, UD_ERR_TOO_LARGE);
    *text = ud_span(copy, size);
    return UD_OK;
}
