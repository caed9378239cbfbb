#include "agent/pairs.h"

#include <string.h>

/* The first byte of an item, without its argument (RFC 8949 section 3). */
enum { UINT = 0x00, NEGATIVE = 0x20, BYTES = 0x40, TEXT = 0x60, ARRAY = 0x80, MAP = 0xA0, SIMPLE = 0xE0 };

/* What a simple value's argument says. */
enum { SIMPLE_FALSE = 20, SIMPLE_TRUE = 21 };

/* Arguments below are in the first byte; those above in 1, 2 or 4 further ones, which that says by this and the next two. */
#define ARGUMENT_FOLLOWS 24

static void put_head(ud_writer_t *pairs, uint8_t type, uint32_t argument)
{
    uint32_t left = argument > UINT16_MAX ? 4 : argument > UINT8_MAX ? 2 : argument >= ARGUMENT_FOLLOWS;
    uint8_t head[5];
    size_t size = 1;
    head[0] = (uint8_t)(type + (left == 0 ? argument : ARGUMENT_FOLLOWS + left / 2));
    while (left > 0) {
        left--;
        head[size++] = (uint8_t)(argument >> 8 * left);
    }
    ud_writer_put_bytes(pairs, head, size);
}

void ud_pairs_begin(ud_writer_t *pairs, uint8_t *data, size_t capacity)
{
    *pairs = ud_writer(data, capacity);
    put_head(pairs, MAP, 0);
}

/* The map's head, if there was room for it, counts in its low bits. */
static void put_key(ud_writer_t *pairs, uint8_t key)
{
    if (pairs->size > 0) {
        pairs->data[0]++;
    }
    put_head(pairs, UINT, key);
}

static void put(ud_writer_t *pairs, uint8_t key, uint8_t type, uint32_t argument)
{
    put_key(pairs, key);
    put_head(pairs, type, argument);
}

void ud_pairs_put_uint(ud_writer_t *pairs, uint8_t key, uint32_t value)
{
    put(pairs, key, UINT, value);
}

void ud_pairs_put_int(ud_writer_t *pairs, uint8_t key, int32_t value)
{
    put(pairs, key, value < 0 ? NEGATIVE : UINT, (uint32_t)(value < 0 ? -1 - value : value));
}

void ud_pairs_put_bool(ud_writer_t *pairs, uint8_t key, bool value)
{
    put(pairs, key, SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}

static void put_string(ud_writer_t *pairs, uint8_t key, uint8_t type, const void *data, size_t size)
{
    put(pairs, key, type, (uint32_t)size);
    ud_writer_put_bytes(pairs, data, size);
}

void ud_pairs_put_bytes(ud_writer_t *pairs, uint8_t key, const void *data, size_t size)
{
    put_string(pairs, key, BYTES, data, size);
}

void ud_pairs_put_text(ud_writer_t *pairs, uint8_t key, const char *text)
{
    put_string(pairs, key, TEXT, text, strlen(text));
}

void ud_pairs_put_two(ud_writer_t *pairs, uint8_t key, const uint32_t values[2])
{
    put(pairs, key, ARRAY, 2);
    put_head(pairs, UINT, values[0]);
    put_head(pairs, UINT, values[1]);
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
