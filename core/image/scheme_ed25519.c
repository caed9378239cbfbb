/* Ed25519 over the image hash as its message: what imgtool makes unless told --pure. */
#include "core/image/scheme_ed25519.h"

#include "core/image/format.h"

void ud_scheme_ed25519_begin(ud_sha512_t *hash, const uint8_t *public_key, const uint8_t *signature)
{
    ud_sha512_init(hash);
    ud_sha512_update(hash, signature, UD_ED25519_SIGNATURE_SIZE / 2);
    ud_sha512_update(hash, public_key, UD_ED25519_PUBLIC_KEY_SIZE);
}

ud_verdict_t ud_scheme_ed25519_verify(const uint8_t *public_key, const uint8_t digest[UD_SHA256_SIZE],
                                      const uint8_t *signature)
{
    uint8_t challenge[UD_SHA512_SIZE];
    ud_sha512_t hash;
    ud_scheme_ed25519_begin(&hash, public_key, signature);
    ud_sha512_update(&hash, digest, UD_SHA256_SIZE);
    ud_sha512_final(&hash, challenge);
    return ud_ed25519_verify(public_key, signature, challenge);
}

const ud_image_scheme_t ud_scheme_ed25519 = {
    .signature_tlv = UD_IMAGE_TLV_ED25519,
    .hash_tlv = UD_IMAGE_TLV_SHA256,
    .public_key_size = UD_ED25519_PUBLIC_KEY_SIZE,
    .signature_size = UD_ED25519_SIGNATURE_SIZE,
    .verify = ud_scheme_ed25519_verify,
    .verify_image = ud_scheme_verify_hashed,
};
