#include "core/image/scheme_rsa.h"

#include "core/base/cursor.h"
#include "core/crypto/crypto.h"

ud_verdict_t ud_scheme_rsa_verify(const ud_trusted_key_t *key, const uint8_t digest[UD_SHA256_SIZE],
                                  const uint8_t *signature)
{
    size_t size = key->scheme->signature_size;
    ud_reader_t reader = ud_reader(key->public_key + size, key->scheme->public_key_size - size);
    return ud_rsa_pss_verify(key->public_key, size, ud_reader_get_u32be(&reader), digest, signature);
}
