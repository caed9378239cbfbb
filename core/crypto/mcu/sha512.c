#include "core/crypto/crypto.h"

#include <mbedtls/sha512.h>

_Static_assert(sizeof(mbedtls_sha512_context) <= sizeof(ud_sha512_t), "the caller's context holds Mbed TLS's");

void ud_sha512_init(ud_sha512_t *hash)
{
    (void)mbedtls_sha512_starts((mbedtls_sha512_context *)hash, 0);
}

void ud_sha512_update(ud_sha512_t *hash, const void *data, size_t size)
{
    (void)mbedtls_sha512_update((mbedtls_sha512_context *)hash, data, size);
}

void ud_sha512_final(ud_sha512_t *hash, uint8_t digest[UD_SHA512_SIZE])
{
    (void)mbedtls_sha512_finish((mbedtls_sha512_context *)hash, digest);
}
