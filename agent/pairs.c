#include "agent/pairs.h"

#include "core/proto/cbor.h"

#include <string.h>

void ud_pairs_begin(ud_writer_t *pairs, uint8_t *data, size_t capacity)
{
    *pairs = ud_writer(data, capacity);
    ud_cbor_put_map(pairs, 0);
}

/* The map's head, if there was room for it, counts in its low bits. */
static void put_key(ud_writer_t *pairs, uint8_t key)
{
    if (pairs->size > 0) {
        pairs->data[0]++;
    }
    ud_cbor_put_uint(pairs, key);
}

void ud_pairs_put_uint(ud_writer_t *pairs, uint8_t key, uint32_t value)
{
    put_key(pairs, key);
    ud_cbor_put_uint(pairs, value);
}

void ud_pairs_put_int(ud_writer_t *pairs, uint8_t key, int32_t value)
{
    put_key(pairs, key);
    ud_cbor_put_int(pairs, value);
}

void ud_pairs_put_bool(ud_writer_t *pairs, uint8_t key, bool value)
{
    put_key(pairs, key);
    ud_cbor_put_bool(pairs, value);
}

void ud_pairs_put_bytes(ud_writer_t *pairs, uint8_t key, const void *data, size_t size)
{
    put_key(pairs, key);
    ud_cbor_put_bytes(pairs, data, size);
}

void ud_pairs_put_text(ud_writer_t *pairs, uint8_t key, const char *text)
{
    put_key(pairs, key);
    ud_cbor_put_text(pairs, text, strlen(text));
}

void ud_pairs_put_two(ud_writer_t *pairs, uint8_t key, const uint32_t values[2])
{
    put_key(pairs, key);
    ud_cbor_put_array(pairs, 2);
    ud_cbor_put_uint(pairs, values[0]);
    ud_cbor_put_uint(pairs, values[1]);
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
