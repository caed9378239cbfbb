/* SHA-512 (FIPS 180-4, 5.1.2, 6.4) around a backend's blocks. */
#include "core/base/endian.h"
#include "core/crypto/sha2.h"

#include <string.h>

static void store(uint8_t bytes[8], uint64_t word)
{
    ud_put_u32be(bytes, (uint32_t)(word >> 32));
    ud_put_u32be(bytes + 4, (uint32_t)word);
}

void ud_sha512_init(ud_sha512_t *hash)
{
    static const uint64_t start[8] = {0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
                                      0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179};
    ud_sha512_state_t *state = (ud_sha512_state_t *)hash;
    memcpy(state->state, start, sizeof start);
    state->size[0] = 0;
}

void ud_sha512_update(ud_sha512_t *hash, const void *data, size_t size)
{
    ud_sha512_state_t *state = (ud_sha512_state_t *)hash;
    const uint8_t *bytes = data;
    for (; size > 0; size--) {
        state->block[state->size[0]++ % UD_SHA512_BLOCK_SIZE] = *bytes++;
        if (state->size[0] % UD_SHA512_BLOCK_SIZE == 0) {
            ud_sha512_take_block(state);
        }
    }
}

void ud_sha512_final(ud_sha512_t *hash, uint8_t digest[UD_SHA512_SIZE])
{
    ud_sha512_state_t *state = (ud_sha512_state_t *)hash;
    uint8_t padding = 0x80;
    uint8_t bits[16] = {0};
    store(bits + 8, state->size[0] << 3);
    do {
        ud_sha512_update(hash, &padding, 1);
        padding = 0;
    } while (state->size[0] % UD_SHA512_BLOCK_SIZE != UD_SHA512_BLOCK_SIZE - sizeof bits);
    ud_sha512_update(hash, bits, sizeof bits);
    for (int index = 0; index < 8; index++) {
        store(digest + 8 * index, state->state[index]);
    }
}
