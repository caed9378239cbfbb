/* ECDSA over P-256 and SHA-256: what MCUboot calls EC256. The only scheme whose TLV is not the raw signature. */
#include "core/base/assert.h"
#include "core/crypto/crypto.h"
#include "core/image/der.h"
#include "core/image/format.h"
#include "core/image/image.h"

static ud_verdict_t verify(const ud_trusted_key_t *key, const uint8_t digest[UD_SHA256_SIZE], const uint8_t *signature)
{
    return ud_ecdsa_p256_verify(key->public_key, digest, signature);
}

static ud_err_t read_signature(const ud_image_source_t *source, const ud_image_tlv_t *tlv,
                               uint8_t raw[UD_P256_SIGNATURE_SIZE])
{
    uint8_t der[UD_DER_SIGNATURE_SIZE_MAX];
    UD_REQUIRE(tlv->size <= sizeof der, UD_ERR_IMAGE_SIGNATURE);
    UD_TRY(source->read(source->context, tlv->offset, der, tlv->size));
    return ud_der_signature_unpad(der, tlv->size, raw) == UD_OK ? UD_OK : UD_ERR_IMAGE_SIGNATURE;
}

static ud_verdict_t verify_image(const ud_image_source_t *source, const ud_image_info_t *info,
                                 const ud_trusted_key_t *key, ud_err_t *reason)
{
    uint8_t raw[UD_P256_SIGNATURE_SIZE];
    *reason = read_signature(source, &info->signature, raw);
    return *reason == UD_OK ? ud_scheme_verify_raw(source, info, key, raw, reason) : UD_VERDICT_INVALID;
}

const ud_image_scheme_t ud_scheme_ecdsa_p256 = {
    .signature_tlv = UD_IMAGE_TLV_ECDSA,
    .hash_tlv = UD_IMAGE_TLV_SHA256,
    .public_key_size = UD_P256_PUBLIC_KEY_SIZE,
    .signature_size = UD_P256_SIGNATURE_SIZE,
    .verify = verify,
    .verify_image = verify_image,
};
