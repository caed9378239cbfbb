#include "agent/pairs.h"

#include "core/proto/cbor.h"

#include <string.h>

void ud_pairs_begin(ud_writer_t *pairs, uint8_t *data, size_t capacity)
{
    *pairs = ud_writer(data, capacity);
    ud_cbor_put_head(pairs, UD_CBOR_MAP, 0);
}

/* The map's head, if there was room for it, counts in its low bits. */
static void put_key(ud_writer_t *pairs, uint8_t key)
{
    if (pairs->size > 0) {
        pairs->data[0]++;
    }
    ud_cbor_put_head(pairs, UD_CBOR_UINT, key);
}

static void put(ud_writer_t *pairs, uint8_t key, ud_cbor_type_t type, uint32_t argument)
{
    put_key(pairs, key);
    ud_cbor_put_head(pairs, type, argument);
}

void ud_pairs_put_uint(ud_writer_t *pairs, uint8_t key, uint32_t value)
{
    put(pairs, key, UD_CBOR_UINT, value);
}

void ud_pairs_put_int(ud_writer_t *pairs, uint8_t key, int32_t value)
{
    put(pairs, key, value < 0 ? UD_CBOR_NEGATIVE : UD_CBOR_UINT, (uint32_t)(value < 0 ? -1 - value : value));
}

void ud_pairs_put_bool(ud_writer_t *pairs, uint8_t key, bool value)
{
    put(pairs, key, UD_CBOR_SIMPLE, value ? UD_CBOR_TRUE : UD_CBOR_FALSE);
}

static void put_string(ud_writer_t *pairs, uint8_t key, ud_cbor_type_t type, const void *data, size_t size)
{
    put(pairs, key, type, (uint32_t)size);
    ud_writer_put_bytes(pairs, data, size);
}

void ud_pairs_put_bytes(ud_writer_t *pairs, uint8_t key, const void *data, size_t size)
{
    put_string(pairs, key, UD_CBOR_BYTES, data, size);
}

void ud_pairs_put_text(ud_writer_t *pairs, uint8_t key, const char *text)
{
    put_string(pairs, key, UD_CBOR_TEXT, text, strlen(text));
}

void ud_pairs_put_two(ud_writer_t *pairs, uint8_t key, const uint32_t values[2])
{
    put(pairs, key, UD_CBOR_ARRAY, 2);
    ud_cbor_put_head(pairs, UD_CBOR_UINT, values[0]);
    ud_cbor_put_head(pairs, UD_CBOR_UINT, values[1]);
}

void ud_pairs_open(ud_writer_t *pairs, uint8_t key, ud_writer_t *inner)
{
    put_key(pairs, key);
    ud_pairs_begin(inner, pairs->data + pairs->size, pairs->capacity - pairs->size);
}

void ud_pairs_close(ud_writer_t *pairs, const ud_writer_t *inner)
{
    pairs->size += inner->size;
    pairs->failed = pairs->failed || inner->failed;
}
