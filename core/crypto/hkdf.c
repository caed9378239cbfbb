#include "core/crypto/crypto.h"

#include <string.h>

#define BLOCK_SIZE 64 /* of SHA-256, RFC 2104's B */
#define OUTER 0x5C
#define INNER 0x36

/* Begins a hash with the key, padded to a block and XORed with `mask`. */
static void begin(ud_sha256_t *hash, const uint8_t *key, size_t key_size, uint8_t mask)
{
    uint8_t pad[BLOCK_SIZE] = {0};
    ud_sha256_init(hash);
    if (key_size > sizeof pad) {
        ud_sha256_update(hash, key, key_size);
        ud_sha256_final(hash, pad);
        ud_sha256_init(hash);
    } else if (key_size > 0) {
        memcpy(pad, key, key_size);
    }
    for (size_t index = 0; index < sizeof pad; index++) {
        pad[index] ^= mask;
    }
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
    uint8_t key[UD_SHA256_SIZE];
    uint8_t tag[UD_SHA256_SIZE];
    size_t tag_size = 0; /* the first block has none before it */
    uint8_t number = 1;
    ud_hmac_sha256(NULL, 0, secret, secret_size, key);
    for (; out_size > 0; number++) {
        ud_sha256_t hash;
        begin(&hash, key, sizeof key, INNER);
        ud_sha256_update(&hash, tag, tag_size);
        ud_sha256_update(&hash, info, info_size);
        ud_sha256_update(&hash, &number, sizeof number);
        end(&hash, key, sizeof key, tag);
        tag_size = out_size < sizeof tag ? out_size : sizeof tag;
        memcpy(out, tag, tag_size);
        out += tag_size;
        out_size -= tag_size;
    }
}
