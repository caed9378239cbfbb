#include "server/domain/siphash.h"

typedef struct {
    uint64_t v[4];
} state_t;

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return (value << bits) | (value >> (64 - bits));
}

static void rounds(state_t *s, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        s->v[0] += s->v[1];
        s->v[1] = rotate(s->v[1], 13) ^ s->v[0];
        s->v[0] = rotate(s->v[0], 32);
        s->v[2] += s->v[3];
        s->v[3] = rotate(s->v[3], 16) ^ s->v[2];
        s->v[0] += s->v[3];
        s->v[3] = rotate(s->v[3], 21) ^ s->v[0];
        s->v[2] += s->v[1];
        s->v[1] = rotate(s->v[1], 17) ^ s->v[2];
        s->v[2] = rotate(s->v[2], 32);
    }
}

/* `size` of at most 8 bytes, the lowest first. */
static uint64_t word(const uint8_t *data, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value |= (uint64_t)data[i] << (8 * i);
    }
    return value;
}

static void absorb(state_t *s, uint64_t value)
{
    s->v[3] ^= value;
    rounds(s, 2);
    s->v[0] ^= value;
}

uint64_t ud_siphash(const uint8_t key[16], const void *data, size_t size)
{
    uint64_t k0 = word(key, 8);
    uint64_t k1 = word(key + 8, 8);
    state_t s = {
        {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u}};
    const uint8_t *at = data;
    size_t left = size;
    for (; left >= 8; left -= 8, at += 8) {
        absorb(&s, word(at, 8));
    }
    absorb(&s, ((uint64_t)(size & 0xff) << 56) | word(at, left));
    s.v[2] ^= 0xff;
    rounds(&s, 4);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}
