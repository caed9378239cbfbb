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
        if (field->kind == UD_FIELD_INT) {
            ud_cbor_put_int(writer, (int32_t)ud_field_load_number(field, structure));
        } else {
            ud_cbor_put_uint(writer, (uint32_t)ud_field_load_number(field, structure));
        }
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

/* Stores the item that stands in a field. */
typedef ud_err_t (*store_t)(ud_reader_t *reader, const ud_field_t *field, const ud_cbor_item_t *item, uint8_t *at);

/* What each kind of field is in CBOR; a number may also be negative. */
static const uint8_t types[] = {
    [UD_FIELD_UINT] = UD_CBOR_UINT,       [UD_FIELD_INT] = UD_CBOR_UINT,        [UD_FIELD_BOOL] = UD_CBOR_SIMPLE,
    [UD_FIELD_CHUNK_SIZE] = UD_CBOR_UINT, [UD_FIELD_TEXT] = UD_CBOR_TEXT,       [UD_FIELD_DEVICE_ID] = UD_CBOR_TEXT,
    [UD_FIELD_BYTES] = UD_CBOR_BYTES,     [UD_FIELD_SIGNATURE] = UD_CBOR_BYTES, [UD_FIELD_UINT_PAIR] = UD_CBOR_ARRAY,
    [UD_FIELD_MAP] = UD_CBOR_MAP,
};

static bool has_type(const ud_field_t *field, const ud_cbor_item_t *item)
{
    uint8_t type = item->type == UD_CBOR_NEGATIVE ? UD_CBOR_UINT : item->type;
    return type == types[field->kind];
}

static bool has_control(const ud_cbor_item_t *item)
{
    for (size_t i = 0; i < item->argument; i++) {
        if (item->data[i] < 0x20 || item->data[i] == 0x7F) {
            return true;
        }
    }
    return false;
}

/* The kinds of the answers that devices read. Of texts, which it compares, parses or gives back, a device only makes sure
 * that they have an end and a place in a line.
 */
static ud_err_t store_answer(ud_reader_t *reader, const ud_field_t *field, const ud_cbor_item_t *item, uint8_t *at)
{
    (void)reader;
    const void *data = item->data;
    size_t size = item->argument;
    uint16_t signature_size = (uint16_t)size;
    switch ((ud_field_kind_t)field->kind) {
    case UD_FIELD_BOOL:
        UD_REQUIRE(size == UD_CBOR_FALSE || size == UD_CBOR_TRUE, UD_ERR_MALFORMED);
        *at = size == UD_CBOR_TRUE;
        return UD_OK;
    case UD_FIELD_SIGNATURE:
        UD_REQUIRE(ud_signature_size_is_known(size), UD_ERR_INVALID_ARGUMENT);
        memcpy(at, &signature_size, sizeof signature_size);
        at += offsetof(ud_signature_t, data);
        break;
    case UD_FIELD_BYTES:
        UD_REQUIRE(size == field->size, UD_ERR_INVALID_ARGUMENT);
        break;
    case UD_FIELD_TEXT:
    case UD_FIELD_DEVICE_ID:
        UD_REQUIRE(size >= field->limit && size < field->size && !has_control(item), UD_ERR_INVALID_ARGUMENT);
        break;
    case UD_FIELD_UINT:
    case UD_FIELD_CHUNK_SIZE:
    case UD_FIELD_INT: /* from here on in requests only */
    case UD_FIELD_UINT_PAIR:
    case UD_FIELD_MAP:
        UD_REQUIRE(item->type == UD_CBOR_UINT && ud_field_accepts_uint(field, item->argument), UD_ERR_INVALID_ARGUMENT);
        data = &item->argument;
        size = field->size;
        break;
    }
    memcpy(at, data, size); /* the structure was zeroed: a text ends by itself */
    return UD_OK;
}

static ud_err_t store_pair(ud_reader_t *reader, const ud_cbor_item_t *array, uint8_t *at)
{
    UD_REQUIRE(array->argument == 2, UD_ERR_INVALID_ARGUMENT);
    for (size_t i = 0; i < 2; i++) {
        ud_cbor_item_t item;
        UD_TRY(ud_cbor_get(reader, &item));
        UD_REQUIRE(item.type == UD_CBOR_UINT, UD_ERR_MALFORMED);
        memcpy(at + 4 * i, &item.argument, 4);
    }
    return UD_OK;
}

/* All kinds, and texts as people may see them. */
static ud_err_t store_any(ud_reader_t *reader, const ud_field_t *field, const ud_cbor_item_t *item, uint8_t *at)
{
    if (field->kind == UD_FIELD_UINT_PAIR) {
        return store_pair(reader, item, at);
    }
    if (field->kind == UD_FIELD_INT) {
        int64_t value = item->type == UD_CBOR_UINT ? (int64_t)item->argument : -1 - (int64_t)item->argument;
        UD_REQUIRE(ud_field_accepts_number(field, value), UD_ERR_INVALID_ARGUMENT);
        memcpy(at, &value, field->size);
        return UD_OK;
    }
    bool is_text = item->type == UD_CBOR_TEXT;
    UD_REQUIRE(!is_text || ud_field_accepts_text(field, ud_span(item->data, item->argument)), UD_ERR_INVALID_ARGUMENT);
    return store_answer(reader, field, item, at);
}

typedef struct {
    const ud_message_table_t *table;
    uint8_t *structure;
    size_t left; /* pairs not yet read */
} get_level_t;

/* Reads one pair of the innermost open map; a map as value is opened behind it. `*field` is the row of a known key, or NULL. */
static ud_err_t get_pair(ud_reader_t *reader, store_t store, get_level_t *level, const ud_field_t **field)
{
    ud_cbor_item_t item;
    level->left--;
    *field = NULL;
    UD_TRY(ud_cbor_get(reader, &item));
    if (item.type != UD_CBOR_UINT || item.argument - 1 >= level->table->count) { /* a key from a later version */
        return ud_cbor_skip(reader, (size_t)item.inner + 1);
    }
    const ud_field_t *row = &level->table->fields[item.argument - 1];
    *field = row;
    UD_REQUIRE((get_present(level->structure) & UD_FIELD(row->key)) == 0, UD_ERR_MALFORMED);
    set_present(level->structure, row->key);
    UD_TRY(ud_cbor_get(reader, &item));
    UD_REQUIRE(has_type(row, &item), UD_ERR_MALFORMED);
    uint8_t *at = level->structure + row->offset;
    if (row->kind != UD_FIELD_MAP) {
        return store(reader, row, &item, at);
    }
    level[1] = (get_level_t){.table = level->table->map, .structure = at, .left = item.argument};
    return UD_OK;
}

static ud_err_t decode(const ud_message_table_t *table, store_t store, ud_span_t data, void *message,
                       const ud_field_t **field)
{
    ud_reader_t reader = ud_reader(data.data, data.size);
    ud_cbor_item_t map;
    *field = NULL;
    memset(message, 0, table->size);
    UD_TRY(ud_cbor_get(&reader, &map));
    UD_REQUIRE(map.type == UD_CBOR_MAP, UD_ERR_MALFORMED);
    get_level_t levels[LEVEL_COUNT];
    get_level_t *level = levels;
    *level = (get_level_t){.table = table, .structure = message, .left = map.argument};
    for (;;) {
        if (level->left > 0) {
            UD_TRY(get_pair(&reader, store, level, field));
            level += *field != NULL && (*field)->kind == UD_FIELD_MAP;
            continue;
        }
        *field = ud_message_missing(level->table, level->structure);
        UD_REQUIRE(*field == NULL, UD_ERR_INVALID_ARGUMENT);
        if (level == levels) {
            return ud_reader_end(&reader);
        }
        level--;
    }
}

ud_err_t ud_message_read(const ud_message_table_t *table, ud_span_t data, void *message)
{
    const ud_field_t *field;
    return decode(table, store_answer, data, message, &field);
}

ud_err_t ud_message_decode(ud_message_type_t type, ud_span_t data, void *message, const ud_field_t **field)
{
    UD_ASSERT(type < UD_MESSAGE_COUNT);
    const ud_field_t *row;
    ud_err_t err = decode(ud_message_tables[type], store_any, data, message, &row);
    if (field != NULL) {
        *field = err != UD_OK ? row : NULL;
    }
    return err;
}
