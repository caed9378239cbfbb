#include "core/proto/message.h"

#include "core/base/assert.h"
#include "core/proto/cbor.h"
#include "core/proto/message_table.h"

#include <string.h>

/* A message and the one map that may lie open in it: what recursion would keep. */
#define LEVEL_COUNT 2

static uint32_t get_present(const void *structure)
{
    uint32_t present;
    memcpy(&present, structure, sizeof present);
    return present;
}

static void set_present(void *structure, uint8_t key)
{
    uint32_t present = get_present(structure) | UD_FIELD(key);
    memcpy(structure, &present, sizeof present);
}

/* ---- encoding ------------------------------------------------------------------------------------------------------- */

static size_t count_present(const ud_message_table_t *table, const void *structure)
{
    size_t count = 0;
    for (uint8_t i = 0; i < table->count; i++) {
        count += (get_present(structure) & UD_FIELD(table->fields[i].key)) != 0;
    }
    return count;
}

/* Writes any field but a map. */
static ud_err_t put_value(ud_writer_t *writer, const ud_field_t *field, const void *structure)
{
    const uint8_t *at = (const uint8_t *)structure + field->offset;
    const uint8_t *end;
    uint32_t pair[2];
    uint16_t signature_size;
    ud_span_t text;
    switch ((ud_field_kind_t)field->kind) {
    case UD_FIELD_UINT:
    case UD_FIELD_INT:
    case UD_FIELD_CHUNK_SIZE:
        UD_REQUIRE(ud_field_accepts_number(field, ud_field_load_number(field, structure)), UD_ERR_INVALID_ARGUMENT);
        ud_cbor_put_int(writer, ud_field_load_number(field, structure));
        return UD_OK;
    case UD_FIELD_BOOL:
        ud_cbor_put_bool(writer, *at != 0);
        return UD_OK;
    case UD_FIELD_TEXT:
    case UD_FIELD_DEVICE_ID:
        end = memchr(at, '\0', field->size);
        text = ud_span(at, end == NULL ? field->size : (size_t)(end - at));
        UD_REQUIRE(ud_field_accepts_text(field, text), UD_ERR_INVALID_ARGUMENT);
        ud_cbor_put_text(writer, (const char *)text.data, text.size);
        return UD_OK;
    case UD_FIELD_BYTES:
        ud_cbor_put_bytes(writer, at, field->size);
        return UD_OK;
    case UD_FIELD_SIGNATURE:
        memcpy(&signature_size, at, sizeof signature_size);
        UD_REQUIRE(ud_signature_size_is_known(signature_size), UD_ERR_INVALID_ARGUMENT);
        ud_cbor_put_bytes(writer, at + offsetof(ud_signature_t, data), signature_size);
        return UD_OK;
    case UD_FIELD_UINT_PAIR:
        memcpy(pair, at, sizeof pair);
        ud_cbor_put_array(writer, 2);
        ud_cbor_put_uint(writer, pair[0]);
        ud_cbor_put_uint(writer, pair[1]);
        return UD_OK;
    case UD_FIELD_MAP:
        break;
    }
    return UD_ERR_INTERNAL;
}

typedef struct {
    const ud_message_table_t *table;
    const uint8_t *structure;
    uint8_t next; /* index of the next row */
} put_level_t;

static ud_err_t begin_map(ud_writer_t *writer, put_level_t *level, const ud_message_table_t *table,
                          const void *structure)
{
    UD_REQUIRE(ud_message_missing(table, structure) == NULL, UD_ERR_INVALID_ARGUMENT);
    *level = (put_level_t){.table = table, .structure = structure};
    ud_cbor_put_map(writer, count_present(table, structure));
    return UD_OK;
}

ud_err_t ud_message_encode(ud_message_type_t type, const void *message, uint8_t *data, size_t capacity, size_t *size)
{
    UD_ASSERT(type < UD_MESSAGE_COUNT);
    ud_writer_t writer = ud_writer(data, capacity);
    put_level_t levels[LEVEL_COUNT];
    size_t depth = 1;
    UD_TRY(begin_map(&writer, &levels[0], ud_message_tables[type], message));
    while (depth > 0) {
        put_level_t *level = &levels[depth - 1];
        if (level->next == level->table->count) {
            depth--;
            continue;
        }
        const ud_field_t *field = &level->table->fields[level->next++];
        if ((get_present(level->structure) & UD_FIELD(field->key)) == 0) {
            continue;
        }
        ud_cbor_put_uint(&writer, field->key);
        if (field->kind != UD_FIELD_MAP) {
            UD_TRY(put_value(&writer, field, level->structure));
            continue;
        }
        UD_ASSERT(depth < LEVEL_COUNT);
        UD_TRY(begin_map(&writer, &levels[depth], level->table->map, level->structure + field->offset));
        depth++;
    }
    UD_TRY(ud_writer_status(&writer));
    *size = writer.size;
    return UD_OK;
}

/* ---- decoding ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const ud_message_table_t *table;
    uint8_t *structure;
    size_t left; /* pairs not yet read */
} get_level_t;

static const ud_field_t *find_field(const ud_message_table_t *table, int64_t key)
{
    for (uint8_t i = 0; i < table->count; i++) {
        if (table->fields[i].key == key) {
            return &table->fields[i];
        }
    }
    return NULL;
}

static ud_err_t get_number(ud_reader_t *reader, const ud_field_t *field, void *structure)
{
    int64_t value;
    UD_TRY(ud_cbor_get_int(reader, &value));
    UD_REQUIRE(ud_field_accepts_number(field, value), UD_ERR_INVALID_ARGUMENT);
    ud_field_store_number(field, structure, value);
    return UD_OK;
}

static ud_err_t get_string(ud_reader_t *reader, const ud_field_t *field, uint8_t *at)
{
    ud_span_t value;
    if (field->kind == UD_FIELD_BYTES) {
        UD_TRY(ud_cbor_get_bytes(reader, &value));
        UD_REQUIRE(value.size == field->size, UD_ERR_INVALID_ARGUMENT);
    } else {
        UD_TRY(ud_cbor_get_text(reader, &value));
        UD_REQUIRE(ud_field_accepts_text(field, value), UD_ERR_INVALID_ARGUMENT);
    }
    memcpy(at, value.data, value.size); /* the structure was zeroed: a text ends by itself */
    return UD_OK;
}

static ud_err_t get_signature(ud_reader_t *reader, uint8_t *at)
{
    ud_span_t value;
    UD_TRY(ud_cbor_get_bytes(reader, &value));
    UD_REQUIRE(ud_signature_size_is_known(value.size), UD_ERR_INVALID_ARGUMENT);
    uint16_t size = (uint16_t)value.size;
    memcpy(at, &size, sizeof size);
    memcpy(at + offsetof(ud_signature_t, data), value.data, value.size);
    return UD_OK;
}

static ud_err_t get_pair(ud_reader_t *reader, uint8_t *at)
{
    size_t count;
    uint64_t first, second;
    UD_TRY(ud_cbor_get_array(reader, &count));
    UD_REQUIRE(count == 2, UD_ERR_INVALID_ARGUMENT);
    UD_TRY(ud_cbor_get_uint(reader, &first));
    UD_TRY(ud_cbor_get_uint(reader, &second));
    UD_REQUIRE(first <= UINT32_MAX && second <= UINT32_MAX, UD_ERR_INVALID_ARGUMENT);
    uint32_t pair[2] = {(uint32_t)first, (uint32_t)second};
    memcpy(at, pair, sizeof pair);
    return UD_OK;
}

/* Reads any field but a map. */
static ud_err_t get_value(ud_reader_t *reader, const ud_field_t *field, uint8_t *structure)
{
    bool flag = false;
    switch ((ud_field_kind_t)field->kind) {
    case UD_FIELD_UINT:
    case UD_FIELD_INT:
    case UD_FIELD_CHUNK_SIZE:
        return get_number(reader, field, structure);
    case UD_FIELD_BOOL:
        UD_TRY(ud_cbor_get_bool(reader, &flag));
        memcpy(structure + field->offset, &flag, sizeof flag);
        return UD_OK;
    case UD_FIELD_TEXT:
    case UD_FIELD_DEVICE_ID:
    case UD_FIELD_BYTES:
        return get_string(reader, field, structure + field->offset);
    case UD_FIELD_SIGNATURE:
        return get_signature(reader, structure + field->offset);
    case UD_FIELD_UINT_PAIR:
        return get_pair(reader, structure + field->offset);
    case UD_FIELD_MAP:
        break;
    }
    return UD_ERR_INTERNAL;
}

/* Reads one pair of the innermost open map; a map as value is opened. `*field` is the row of a known key, or NULL. */
static ud_err_t get_field(ud_reader_t *reader, get_level_t *levels, size_t *depth, const ud_field_t **field)
{
    get_level_t *level = &levels[*depth - 1];
    level->left--;
    int64_t key;
    ud_reader_t ahead = *reader;
    *field = NULL;
    if (ud_cbor_get_int(&ahead, &key) != UD_OK) { /* a key that is no small integer: from a later version */
        UD_TRY(ud_cbor_skip(reader));
        return ud_cbor_skip(reader);
    }
    *reader = ahead;
    *field = find_field(level->table, key);
    if (*field == NULL) {
        return ud_cbor_skip(reader);
    }
    UD_REQUIRE((get_present(level->structure) & UD_FIELD((*field)->key)) == 0, UD_ERR_MALFORMED);
    set_present(level->structure, (*field)->key);
    if ((*field)->kind != UD_FIELD_MAP) {
        return get_value(reader, *field, level->structure);
    }
    UD_ASSERT(*depth < LEVEL_COUNT);
    get_level_t *inner = &levels[(*depth)++];
    *inner = (get_level_t){.table = level->table->map, .structure = level->structure + (*field)->offset};
    return ud_cbor_get_map(reader, &inner->left);
}

static ud_err_t decode(const ud_message_table_t *table, ud_reader_t *reader, void *message, const ud_field_t **field)
{
    get_level_t levels[LEVEL_COUNT] = {{.table = table, .structure = message}};
    size_t depth = 1;
    UD_TRY(ud_cbor_get_map(reader, &levels[0].left));
    while (depth > 0) {
        get_level_t *level = &levels[depth - 1];
        if (level->left > 0) {
            UD_TRY(get_field(reader, levels, &depth, field));
            continue;
        }
        *field = ud_message_missing(level->table, level->structure);
        UD_REQUIRE(*field == NULL, UD_ERR_INVALID_ARGUMENT);
        depth--;
    }
    return ud_reader_end(reader);
}

ud_err_t ud_message_read(const ud_message_table_t *table, ud_span_t data, void *message, const ud_field_t **field)
{
    ud_reader_t reader = ud_reader(data.data, data.size);
    const ud_field_t *row = NULL;
    memset(message, 0, table->size);
    ud_err_t err = decode(table, &reader, message, &row);
    if (field != NULL) {
        *field = err != UD_OK ? row : NULL;
    }
    return err;
}

ud_err_t ud_message_decode(ud_message_type_t type, ud_span_t data, void *message, const ud_field_t **field)
{
    UD_ASSERT(type < UD_MESSAGE_COUNT);
    return ud_message_read(ud_message_tables[type], data, message, field);
}
