#include "core/image/scheme_rsa.h"

#include "core/base/cursor.h"
#include "core/crypto/crypto.h"

ud_verdict_t ud_scheme_rsa_verify(const uint8_t *public_key, size_t modulus_size, const uint8_t digest[UD_SHA256_SIZE],
                                  const uint8_t *signature)
{
    ud_reader_t exponent = ud_reader(public_key + modulus_size, 4);
    return ud_rsa_pss_verify(public_key, modulus_size, ud_reader_get_u32be(&exponent), digest, signature);
}
