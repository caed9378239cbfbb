#include "core/crypto/crypto.h"

#include <mbedtls/sha256.h>

_Static_assert(sizeof(mbedtls_sha256_context) <= sizeof(ud_sha256_t), "the caller's context holds Mbed TLS's");

/* Mbed TLS's functions return errors of hardware engines only; these have none. */

void ud_sha256_init(ud_sha256_t *hash)
{
    (void)mbedtls_sha256_starts((mbedtls_sha256_context *)hash, 0);
}

void ud_sha256_update(ud_sha256_t *hash, const void *data, size_t size)
{
    (void)mbedtls_sha256_update((mbedtls_sha256_context *)hash, data, size);
}

void ud_sha256_final(ud_sha256_t *hash, uint8_t digest[UD_SHA256_SIZE])
{
    (void)mbedtls_sha256_finish((mbedtls_sha256_context *)hash, digest);
}

void ud_sha256(const void *data, size_t size, uint8_t digest[UD_SHA256_SIZE])
{
    ud_sha256_t hash;
    ud_sha256_init(&hash);
    ud_sha256_update(&hash, data, size);
    ud_sha256_final(&hash, digest);
}
