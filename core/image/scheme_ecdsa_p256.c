/* ECDSA over P-256 and SHA-256: what MCUboot calls EC256. The only scheme whose TLV is not the raw signature. */
#include "core/crypto/crypto.h"
#include "core/image/der.h"
#include "core/image/format.h"
#include "core/image/image.h"

static ud_verdict_t verify_image(const ud_image_source_t *source, ud_image_info_t *info, const ud_trusted_key_t *key,
                                 ud_err_t *reason)
{
    const ud_image_tlv_t *tlv = &info->tlvs[UD_IMAGE_SIGNATURE];
    uint8_t raw[UD_P256_SIGNATURE_SIZE];
    *reason = ud_der_signature_read(source, tlv->offset, tlv->size, raw);
    return *reason == UD_OK ? ud_scheme_verify_raw(source, info, key, raw, reason) : UD_VERDICT_INVALID;
}

const ud_image_scheme_t ud_scheme_ecdsa_p256 = {
    .signature_tlv = UD_IMAGE_TLV_ECDSA,
    .hash_tlv = UD_IMAGE_TLV_SHA256,
    .public_key_size = UD_P256_PUBLIC_KEY_SIZE,
    .signature_size = UD_P256_SIGNATURE_SIZE,
    .verify = ud_ecdsa_p256_verify,
    .verify_image = verify_image,
};
