#include "core/base/assert.h"
#include "core/crypto/crypto.h"

#include <string.h>

#define BLOCK_SIZE 64 /* of SHA-256, RFC 2104's B */
#define OUTER 0x5C
#define INNER 0x36

/* Begins a hash with the key, padded to a block and XORed with `mask`. */
static void begin(ud_sha256_t *hash, const uint8_t *key, size_t key_size, uint8_t mask)
{
    uint8_t pad[BLOCK_SIZE] = {0};
    if (key_size > sizeof pad) {
        ud_sha256(key, key_size, pad);
    } else if (key_size > 0) {
        memcpy(pad, key, key_size);
    }
    for (size_t index = 0; index < sizeof pad; index++) {
        pad[index] ^= mask;
    }
    ud_sha256_init(hash);
    ud_sha256_update(hash, pad, sizeof pad);
}

/* The tag of what `hash`, begun with the inner mask, has seen. */
static void end(ud_sha256_t *hash, const uint8_t *key, size_t key_size, uint8_t tag[UD_SHA256_SIZE])
{
    ud_sha256_final(hash, tag);
    begin(hash, key, key_size, OUTER);
    ud_sha256_update(hash, tag, UD_SHA256_SIZE);
    ud_sha256_final(hash, tag);
}

void ud_hmac_sha256(const uint8_t *key, size_t key_size, const void *data, size_t size, uint8_t tag[UD_SHA256_SIZE])
{
    ud_sha256_t hash;
    begin(&hash, key, key_size, INNER);
    ud_sha256_update(&hash, data, size);
    end(&hash, key, key_size, tag);
}

void ud_hkdf_sha256(const uint8_t *secret, size_t secret_size, const uint8_t *info, size_t info_size, uint8_t *out,
                    size_t out_size)
{
    static const uint8_t no_salt[UD_SHA256_SIZE];
    uint8_t key[UD_SHA256_SIZE];
    uint8_t tag[UD_SHA256_SIZE];
    uint8_t number = 0;
    UD_ASSERT(out_size <= 255 * sizeof tag);
    ud_hmac_sha256(no_salt, sizeof no_salt, secret, secret_size, key);
    for (size_t offset = 0; offset < out_size; offset += sizeof tag) {
        ud_sha256_t hash;
        begin(&hash, key, sizeof key, INNER);
        ud_sha256_update(&hash, tag, number == 0 ? 0 : sizeof tag);
        ud_sha256_update(&hash, info, info_size);
        number++;
        ud_sha256_update(&hash, &number, 1);
        end(&hash, key, sizeof key, tag);
        memcpy(out + offset, tag, out_size - offset < sizeof tag ? out_size - offset : sizeof tag);
    }
}
