/* Ed25519 over the content itself (imgtool --pure): the image's hash and its name of the key are SHA-512 then. */
#include "core/base/assert.h"
#include "core/image/format.h"
#include "core/image/scheme_ed25519.h"

#include <string.h>

typedef struct {
    ud_sha512_t hash;    /* of the content */
    ud_sha512_t message; /* what Ed25519 signs */
} sums_t;

static void take_piece(void *context, const void *data, size_t size)
{
    sums_t *sums = context;
    ud_sha512_update(&sums->hash, data, size);
    ud_sha512_update(&sums->message, data, size);
}

/* UD_OK if the value at `tlv` is `expected`, otherwise `reason` or what the source says. */
static ud_err_t compare(const ud_image_source_t *source, const ud_image_tlv_t *tlv,
                        const uint8_t expected[UD_SHA512_SIZE], ud_err_t reason)
{
    uint8_t found[UD_SHA512_SIZE];
    UD_TRY(source->read(source->context, tlv->offset, found, sizeof found));
    return ud_crypto_equal(found, expected, sizeof found) == UD_VERDICT_VALID ? UD_OK : reason;
}

/* Is it this key that the image names? From here on by its key_hash. */
static ud_err_t check_name(const ud_image_source_t *source, ud_image_info_t *info, const ud_trusted_key_t *key)
{
    static const uint8_t prefix[] = UD_IMAGE_SPKI_ED25519;
    uint8_t name[UD_SHA512_SIZE];
    ud_sha512_t hash;
    const ud_image_tlv_t *tlv = &info->tlvs[UD_IMAGE_KEY];
    if (tlv->type != UD_IMAGE_TLV_KEY_HASH) {
        return memcmp(info->key_hash, key->key_hash, UD_SHA256_SIZE) == 0 ? UD_OK : UD_ERR_IMAGE_KEY_UNKNOWN;
    }
    ud_sha512_init(&hash);
    ud_sha512_update(&hash, prefix, sizeof prefix);
    ud_sha512_update(&hash, key->public_key, UD_ED25519_PUBLIC_KEY_SIZE);
    ud_sha512_final(&hash, name);
    UD_TRY(compare(source, tlv, name, UD_ERR_IMAGE_KEY_UNKNOWN));
    memcpy(info->key_hash, key->key_hash, UD_SHA256_SIZE);
    return UD_OK;
}

/* Reads the content once for both sums. `challenge` is what the signature is judged by. */
static ud_err_t sum_up(const ud_image_source_t *source, const ud_image_info_t *info, const ud_trusted_key_t *key,
                       const uint8_t *signature, uint8_t challenge[UD_SHA512_SIZE])
{
    uint8_t digest[UD_SHA512_SIZE];
    sums_t sums;
    ud_sha512_init(&sums.hash);
    ud_scheme_ed25519_begin(&sums.message, key->public_key, signature);
    UD_TRY(ud_image_each(source, info, take_piece, &sums));
    ud_sha512_final(&sums.hash, digest);
    ud_sha512_final(&sums.message, challenge);
    return compare(source, &info->tlvs[UD_IMAGE_HASH], digest, UD_ERR_IMAGE_HASH);
}

static ud_verdict_t verify_image(const ud_image_source_t *source, ud_image_info_t *info, const ud_trusted_key_t *key,
                                 ud_err_t *reason)
{
    uint8_t signature[UD_ED25519_SIGNATURE_SIZE];
    uint8_t challenge[UD_SHA512_SIZE];
    *reason = check_name(source, info, key);
    if (*reason == UD_OK) {
        *reason = source->read(source->context, info->tlvs[UD_IMAGE_SIGNATURE].offset, signature, sizeof signature);
    }
    if (*reason == UD_OK) {
        *reason = sum_up(source, info, key, signature, challenge);
    }
    if (*reason != UD_OK) {
        return UD_VERDICT_INVALID;
    }
    *reason = UD_ERR_IMAGE_SIGNATURE;
    return ud_ed25519_verify(key->public_key, signature, challenge);
}

const ud_image_scheme_t ud_scheme_ed25519_pure = {
    .signature_tlv = UD_IMAGE_TLV_ED25519,
    .hash_tlv = UD_IMAGE_TLV_SHA512,
    .pure = true,
    .public_key_size = UD_ED25519_PUBLIC_KEY_SIZE,
    .signature_size = UD_ED25519_SIGNATURE_SIZE,
    .verify = ud_scheme_ed25519_verify,
    .verify_image = verify_image,
};
