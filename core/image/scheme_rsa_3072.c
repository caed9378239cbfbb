/* RSASSA-PSS with 3072 bits and SHA-256. */
#include "core/image/scheme_rsa.h"

static ud_verdict_t verify(const uint8_t *public_key, const uint8_t digest[UD_SHA256_SIZE], const uint8_t *signature)
{
    return ud_scheme_rsa_verify(public_key, UD_RSA_3072_SIZE, digest, signature);
}

const ud_image_scheme_t ud_scheme_rsa_3072 = UD_SCHEME_RSA(UD_IMAGE_TLV_RSA_3072, UD_RSA_3072_SIZE);
