#include "core/base/assert.h"
#include "core/crypto/crypto.h"

#include <mbedtls/aes.h>

_Static_assert(sizeof(mbedtls_aes_context) <= sizeof(ud_aes_t), "the caller's key holds Mbed TLS's");

void ud_aes_init(ud_aes_t *aes, const uint8_t *key, size_t key_size)
{
    UD_ASSERT(key_size == 16 || key_size == 32);
    mbedtls_aes_init((mbedtls_aes_context *)aes);
    (void)mbedtls_aes_setkey_enc((mbedtls_aes_context *)aes, key, (unsigned)key_size * 8);
}

void ud_aes_encrypt(const ud_aes_t *aes, uint8_t block[UD_AES_BLOCK_SIZE])
{
    /* the key is only read: Mbed TLS's type asks for more than its function does */
    (void)mbedtls_internal_aes_encrypt((mbedtls_aes_context *)(uintptr_t)aes, block, block);
}
