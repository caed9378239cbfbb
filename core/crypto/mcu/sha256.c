/* SHA-256 (FIPS 180-4, 6.2), made small. */
#include "core/base/endian.h"
#include "core/crypto/crypto.h"

#include <string.h>

#define BLOCK 64
#define ROUNDS 64
#define AHEAD 24 /* from h to the word of the message */

typedef struct {
    uint32_t state[8]; /* h to a */
    uint64_t size;     /* bytes so far; those of a block that is not full are in `block` */
    uint8_t block[BLOCK];
} context_t;

_Static_assert(sizeof(context_t) <= sizeof(ud_sha256_t), "the caller's context holds this one");

static uint32_t rotate(uint32_t word, int bits)
{
    return word >> bits | word << (32 - bits);
}

static void take_block(uint32_t state[8], const uint8_t block[BLOCK])
{
    static const uint32_t constants[ROUNDS] = {
        0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
        0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
        0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
        0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
        0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
        0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
        0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
        0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
    };
    uint32_t words[ROUNDS + AHEAD];
    uint32_t *v =
        words; /* moves on a word in each round: h to a are v[0] to v[7], the message's last 16 words v[8] to v[23] */
    memcpy(words, state, 8 * sizeof *words);
    for (int round = 0; round < ROUNDS; round++, v++) {
        if (round < 16) {
            v[AHEAD] = ud_get_u32be(block + 4 * round);
        } else {
            v[AHEAD] = v[8] + (rotate(v[9], 7) ^ rotate(v[9], 18) ^ v[9] >> 3) + v[17] +
                       (rotate(v[22], 17) ^ rotate(v[22], 19) ^ v[22] >> 10);
        }
        uint32_t sum = v[0] + (rotate(v[3], 6) ^ rotate(v[3], 11) ^ rotate(v[3], 25)) +
                       (v[1] ^ (v[3] & (v[2] ^ v[1]))) + constants[round] + v[AHEAD];
        v[4] += sum;
        v[8] = sum + (rotate(v[7], 2) ^ rotate(v[7], 13) ^ rotate(v[7], 22)) + ((v[7] & v[6]) | (v[5] & (v[7] | v[6])));
    }
    for (int index = 0; index < 8; index++) {
        state[index] += v[index];
    }
}

void ud_sha256_init(ud_sha256_t *hash)
{
    static const uint32_t start[8] = {0x5BE0CD19, 0x1F83D9AB, 0x9B05688C, 0x510E527F,
                                      0xA54FF53A, 0x3C6EF372, 0xBB67AE85, 0x6A09E667};
    context_t *context = (context_t *)hash;
    memcpy(context->state, start, sizeof start);
    context->size = 0;
}

void ud_sha256_update(ud_sha256_t *hash, const void *data, size_t size)
{
    context_t *context = (context_t *)hash;
    const uint8_t *bytes = data;
    for (; size > 0; size--) {
        context->block[context->size++ % BLOCK] = *bytes++;
        if (context->size % BLOCK == 0) {
            take_block(context->state, context->block);
        }
    }
}

void ud_sha256_final(ud_sha256_t *hash, uint8_t digest[UD_SHA256_SIZE])
{
    context_t *context = (context_t *)hash;
    uint8_t padding = 0x80;
    uint8_t bits[8];
    ud_put_u32be(bits, (uint32_t)(context->size >> 29));
    ud_put_u32be(bits + 4, (uint32_t)context->size << 3);
    do {
        ud_sha256_update(hash, &padding, 1);
        padding = 0;
    } while (context->size % BLOCK != BLOCK - sizeof bits);
    ud_sha256_update(hash, bits, sizeof bits);
    for (int index = 0; index < 8; index++) {
        ud_put_u32be(digest + 4 * index, context->state[7 - index]);
    }
}

void ud_sha256(const void *data, size_t size, uint8_t digest[UD_SHA256_SIZE])
{
    ud_sha256_t hash;
    ud_sha256_init(&hash);
    ud_sha256_update(&hash, data, size);
    ud_sha256_final(&hash, digest);
}
