/* SHA-256's blocks (FIPS 180-4, 6.2.2), made small. */
#include "core/base/endian.h"
#include "core/crypto/sha2.h"

#include <string.h>

#define ROUNDS 64

static uint32_t rotate(uint32_t word, int bits)
{
    return word >> bits | word << (32 - bits);
}

void ud_sha256_take_block(ud_sha256_state_t *hash)
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
    /* `v` moves down a word in each round: a to h are v[17] to v[24], the message's last words v[0] (new) to v[16] */
    uint32_t words[ROUNDS + 24];
    uint32_t *v = words + ROUNDS;
    memcpy(v + 16, hash->state, sizeof hash->state);
    for (int round = 0; round < ROUNDS; round++) {
        v--;
        if (round < 16) {
            v[0] = ud_get_u32be(hash->block + 4 * round);
        } else {
            v[0] = v[16] + (rotate(v[15], 7) ^ rotate(v[15], 18) ^ v[15] >> 3) + v[7] +
                   (rotate(v[2], 17) ^ rotate(v[2], 19) ^ v[2] >> 10);
        }
        uint32_t sum = v[24] + (rotate(v[21], 6) ^ rotate(v[21], 11) ^ rotate(v[21], 25)) +
                       (v[23] ^ (v[21] & (v[22] ^ v[23]))) + constants[round] + v[0];
        v[20] += sum;
        v[16] = sum + (rotate(v[17], 2) ^ rotate(v[17], 13) ^ rotate(v[17], 22)) +
                ((v[17] & v[18]) | (v[19] & (v[17] | v[18])));
    }
    for (int index = 0; index < 8; index++) {
        hash->state[index] += v[16 + index];
    }
}
