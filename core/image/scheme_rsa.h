/* What the two RSA schemes share; not for anybody else. */
#ifndef UD_IMAGE_SCHEME_RSA_H
#define UD_IMAGE_SCHEME_RSA_H

#include "core/image/format.h"
#include "core/image/image.h"

/* Judges by a key of modulus and exponent. */
ud_verdict_t ud_scheme_rsa_verify(const uint8_t *public_key, size_t modulus_size, const uint8_t digest[UD_SHA256_SIZE],
                                  const uint8_t *signature);

#define UD_SCHEME_RSA(tlv, size)                 \
    {                                            \
        .signature_tlv = (tlv),                  \
        .hash_tlv = UD_IMAGE_TLV_SHA256,         \
        .public_key_size = (size) + 4,           \
        .signature_size = (size),                \
        .verify = verify,                        \
        .verify_image = ud_scheme_verify_hashed, \
    }

#endif
