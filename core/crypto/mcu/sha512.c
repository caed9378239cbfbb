/* SHA-512 (FIPS 180-4, 6.4), made small. */
#include "core/base/endian.h"
#include "core/crypto/crypto.h"

#include <string.h>

#define BLOCK 128
#define ROUNDS 80
#define AHEAD 24 /* from h to the word of the message */

typedef struct {
    uint64_t state[8]; /* h to a */
    uint64_t size;     /* bytes so far; those of a block that is not full are in `block` */
    uint8_t block[BLOCK];
} context_t;

_Static_assert(sizeof(context_t) <= sizeof(ud_sha512_t), "the caller's context holds this one");

static uint64_t rotate(uint64_t word, int bits)
{
    return word >> bits | word << (64 - bits);
}

static uint64_t load(const uint8_t bytes[8])
{
    return (uint64_t)ud_get_u32be(bytes) << 32 | ud_get_u32be(bytes + 4);
}

static void store(uint8_t bytes[8], uint64_t word)
{
    ud_put_u32be(bytes, (uint32_t)(word >> 32));
    ud_put_u32be(bytes + 4, (uint32_t)word);
}

static void take_block(uint64_t state[8], const uint8_t block[BLOCK])
{
    static const uint64_t constants[ROUNDS] = {
        0x428A2F98D728AE22, 0x7137449123EF65CD, 0xB5C0FBCFEC4D3B2F, 0xE9B5DBA58189DBBC, 0x3956C25BF348B538,
        0x59F111F1B605D019, 0x923F82A4AF194F9B, 0xAB1C5ED5DA6D8118, 0xD807AA98A3030242, 0x12835B0145706FBE,
        0x243185BE4EE4B28C, 0x550C7DC3D5FFB4E2, 0x72BE5D74F27B896F, 0x80DEB1FE3B1696B1, 0x9BDC06A725C71235,
        0xC19BF174CF692694, 0xE49B69C19EF14AD2, 0xEFBE4786384F25E3, 0x0FC19DC68B8CD5B5, 0x240CA1CC77AC9C65,
        0x2DE92C6F592B0275, 0x4A7484AA6EA6E483, 0x5CB0A9DCBD41FBD4, 0x76F988DA831153B5, 0x983E5152EE66DFAB,
        0xA831C66D2DB43210, 0xB00327C898FB213F, 0xBF597FC7BEEF0EE4, 0xC6E00BF33DA88FC2, 0xD5A79147930AA725,
        0x06CA6351E003826F, 0x142929670A0E6E70, 0x27B70A8546D22FFC, 0x2E1B21385C26C926, 0x4D2C6DFC5AC42AED,
        0x53380D139D95B3DF, 0x650A73548BAF63DE, 0x766A0ABB3C77B2A8, 0x81C2C92E47EDAEE6, 0x92722C851482353B,
        0xA2BFE8A14CF10364, 0xA81A664BBC423001, 0xC24B8B70D0F89791, 0xC76C51A30654BE30, 0xD192E819D6EF5218,
        0xD69906245565A910, 0xF40E35855771202A, 0x106AA07032BBD1B8, 0x19A4C116B8D2D0C8, 0x1E376C085141AB53,
        0x2748774CDF8EEB99, 0x34B0BCB5E19B48A8, 0x391C0CB3C5C95A63, 0x4ED8AA4AE3418ACB, 0x5B9CCA4F7763E373,
        0x682E6FF3D6B2B8A3, 0x748F82EE5DEFB2FC, 0x78A5636F43172F60, 0x84C87814A1F0AB72, 0x8CC702081A6439EC,
        0x90BEFFFA23631E28, 0xA4506CEBDE82BDE9, 0xBEF9A3F7B2C67915, 0xC67178F2E372532B, 0xCA273ECEEA26619C,
        0xD186B8C721C0C207, 0xEADA7DD6CDE0EB1E, 0xF57D4F7FEE6ED178, 0x06F067AA72176FBA, 0x0A637DC5A2C898A6,
        0x113F9804BEF90DAE, 0x1B710B35131C471B, 0x28DB77F523047D84, 0x32CAAB7B40C72493, 0x3C9EBE0A15C9BEBC,
        0x431D67C49C100D4C, 0x4CC5D4BECB3E42B6, 0x597F299CFC657E2A, 0x5FCB6FAB3AD6FAEC, 0x6C44198C4A475817,
    };
    uint64_t words[ROUNDS + AHEAD];
    uint64_t *v =
        words; /* moves on a word in each round: h to a are v[0] to v[7], the message's last 16 words v[8] to v[23] */
    memcpy(words, state, 8 * sizeof *words);
    for (int round = 0; round < ROUNDS; round++, v++) {
        if (round < 16) {
            v[AHEAD] = load(block + 8 * round);
        } else {
            v[AHEAD] = v[8] + (rotate(v[9], 1) ^ rotate(v[9], 8) ^ v[9] >> 7) + v[17] +
                       (rotate(v[22], 19) ^ rotate(v[22], 61) ^ v[22] >> 6);
        }
        uint64_t sum = v[0] + (rotate(v[3], 14) ^ rotate(v[3], 18) ^ rotate(v[3], 41)) +
                       (v[1] ^ (v[3] & (v[2] ^ v[1]))) + constants[round] + v[AHEAD];
        v[4] += sum;
        v[8] =
            sum + (rotate(v[7], 28) ^ rotate(v[7], 34) ^ rotate(v[7], 39)) + ((v[7] & v[6]) | (v[5] & (v[7] | v[6])));
    }
    for (int index = 0; index < 8; index++) {
        state[index] += v[index];
    }
}

void ud_sha512_init(ud_sha512_t *hash)
{
    static const uint64_t start[8] = {0x5BE0CD19137E2179, 0x1F83D9ABFB41BD6B, 0x9B05688C2B3E6C1F, 0x510E527FADE682D1,
                                      0xA54FF53A5F1D36F1, 0x3C6EF372FE94F82B, 0xBB67AE8584CAA73B, 0x6A09E667F3BCC908};
    context_t *context = (context_t *)hash;
    memcpy(context->state, start, sizeof start);
    context->size = 0;
}

void ud_sha512_update(ud_sha512_t *hash, const void *data, size_t size)
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

void ud_sha512_final(ud_sha512_t *hash, uint8_t digest[UD_SHA512_SIZE])
{
    context_t *context = (context_t *)hash;
    uint8_t padding = 0x80;
    uint8_t bits[16] = {0};
    store(bits + 8, context->size << 3);
    do {
        ud_sha512_update(hash, &padding, 1);
        padding = 0;
    } while (context->size % BLOCK != BLOCK - sizeof bits);
    ud_sha512_update(hash, bits, sizeof bits);
    for (int index = 0; index < 8; index++) {
        store(digest + 8 * index, context->state[7 - index]);
    }
}
