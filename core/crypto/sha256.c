/* SHA-256 (FIPS 180-4, 5.1.1, 6.2) around a backend's blocks. */
#include "core/base/endian.h"
#include "core/crypto/sha2.h"

#include <string.h>

void ud_sha256_init(ud_sha256_t *hash)
{
    static const uint32_t start[8] = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                      0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};
    ud_sha256_state_t *state = (ud_sha256_state_t *)hash;
    memcpy(state->state, start, sizeof start);
    state->size = 0;
}

void ud_sha256_update(ud_sha256_t *hash, const void *data, size_t size)
{
    ud_sha256_state_t *state = (ud_sha256_state_t *)hash;
    const uint8_t *bytes = data;
    for (; size > 0; size--) {
        state->block[state->size++ % UD_SHA256_BLOCK_SIZE] = *bytes++;
        if (state->size % UD_SHA256_BLOCK_SIZE == 0) {
            ud_sha256_take_block(state);
        }
    }
}

void ud_sha256_final(ud_sha256_t *hash, uint8_t digest[UD_SHA256_SIZE])
{
    ud_sha256_state_t *state = (ud_sha256_state_t *)hash;
    uint8_t padding = 0x80;
    uint8_t bits[8];
    ud_put_u32be(bits, (uint32_t)(state->size >> 29));
    ud_put_u32be(bits + 4, (uint32_t)state->size << 3);
    do {
        ud_sha256_update(hash, &padding, 1);
        padding = 0;
    } while (state->size % UD_SHA256_BLOCK_SIZE != UD_SHA256_BLOCK_SIZE - sizeof bits);
    ud_sha256_update(hash, bits, sizeof bits);
    for (int index = 0; index < 8; index++) {
        ud_put_u32be(digest + 4 * index, state->state[index]);
    }
}

void ud_sha256(const void *data, size_t size, uint8_t digest[UD_SHA256_SIZE])
{
    ud_sha256_t hash;
    ud_sha256_init(&hash);
    ud_sha256_update(&hash, data, size);
    ud_sha256_final(&hash, digest);
}
