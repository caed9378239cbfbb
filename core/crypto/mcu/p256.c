#include "core/crypto/crypto.h"

#include <p256-m.h>

ud_verdict_t ud_ecdsa_p256_verify(const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE],
                                  const uint8_t digest[UD_SHA256_SIZE], const uint8_t signature[UD_P256_SIGNATURE_SIZE])
{
    int status = p256_ecdsa_verify(signature, public_key, digest, UD_SHA256_SIZE);
    return status == P256_SUCCESS ? UD_VERDICT_VALID : UD_VERDICT_INVALID;
}

ud_verdict_t ud_ecdh_p256(const uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE],
                          const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE], uint8_t secret[UD_P256_SECRET_SIZE])
{
    int status = p256_ecdh_shared_secret(secret, private_key, public_key);
    return status == P256_SUCCESS ? UD_VERDICT_VALID : UD_VERDICT_INVALID;
}
