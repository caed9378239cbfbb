/* What the schemes have in common whose TLV is the raw signature: all but ECDSA and the pure ones. */
#include "core/image/image.h"

ud_verdict_t ud_scheme_verify_hashed(const ud_image_source_t *source, ud_image_info_t *info,
                                     const ud_trusted_key_t *key, ud_err_t *reason)
{
    uint8_t signature[UD_SIGNATURE_SIZE_MAX];
    if (info->tlvs[UD_IMAGE_SIGNATURE].size != key->scheme->signature_size) {
        *reason = UD_ERR_IMAGE_SIGNATURE;
        return UD_VERDICT_INVALID;
    }
    *reason = source->read(source->context, info->tlvs[UD_IMAGE_SIGNATURE].offset, signature,
                           info->tlvs[UD_IMAGE_SIGNATURE].size);
    return *reason == UD_OK ? ud_scheme_verify_raw(source, info, key, signature, reason) : UD_VERDICT_INVALID;
}
