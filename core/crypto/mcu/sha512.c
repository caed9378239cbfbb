/* SHA-512's blocks by Mbed TLS. Its function returns errors of hardware engines only; this is none. */
#include "core/crypto/sha2.h"

#include <mbedtls/sha512.h>
#include <stddef.h>

_Static_assert(offsetof(mbedtls_sha512_context, MBEDTLS_PRIVATE(state)) == offsetof(ud_sha512_state_t, state),
               "Mbed TLS's context is laid out as this one");

void ud_sha512_take_block(ud_sha512_state_t *hash)
{
    (void)mbedtls_internal_sha512_process((mbedtls_sha512_context *)hash, hash->block);
}
