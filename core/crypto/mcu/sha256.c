/* SHA-256's blocks by Mbed TLS. Its function returns errors of hardware engines only; this is none. */
#include "core/crypto/sha2.h"

#include <mbedtls/sha256.h>
#include <stddef.h>

_Static_assert(offsetof(mbedtls_sha256_context, MBEDTLS_PRIVATE(state)) == offsetof(ud_sha256_state_t, state),
               "Mbed TLS's context is laid out as this one");

void ud_sha256_take_block(ud_sha256_state_t *hash)
{
    (void)mbedtls_internal_sha256_process((mbedtls_sha256_context *)hash, hash->block);
}
