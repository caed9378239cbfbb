/* Judging an image: hash, key, signature. */
#include "core/base/assert.h"
#include "core/crypto/crypto.h"
#include "core/image/format.h"
#include "core/image/image.h"

#include <string.h>

ud_err_t ud_image_hash(const ud_image_source_t *source, const ud_image_info_t *info, uint8_t digest[UD_SHA256_SIZE])
{
    uint8_t piece[UD_IMAGE_PIECE_SIZE];
    uint32_t total = info->header_size + info->payload_size + info->protected_size;
    ud_sha256_t hash;
    ud_sha256_init(&hash);
    for (uint32_t offset = 0; offset < total;) {
        uint32_t size = total - offset < sizeof piece ? total - offset : (uint32_t)sizeof piece;
        UD_TRY(source->read(source->context, offset, piece, size));
        ud_sha256_update(&hash, piece, size);
        offset += size;
        if (source->progress != NULL) {
            source->progress(source->context, offset, total);
        }
    }
    ud_sha256_final(&hash, digest);
    return UD_OK;
}

ud_verdict_t ud_image_verify_signature(const uint8_t hash[UD_SHA256_SIZE], const uint8_t key_hash[UD_SHA256_SIZE],
                                       const uint8_t signature[UD_P256_SIGNATURE_SIZE], const ud_trusted_key_t *keys,
                                       size_t key_count, ud_err_t *reason)
{
    const ud_trusted_key_t *key = ud_trusted_key_find(keys, key_count, key_hash);
    if (key == NULL) {
        *reason = UD_ERR_IMAGE_KEY_UNKNOWN;
        return UD_VERDICT_INVALID;
    }
    ud_verdict_t verdict = ud_ecdsa_p256_verify(key->public_key, hash, signature);
    *reason = verdict == UD_VERDICT_VALID ? UD_OK : UD_ERR_IMAGE_SIGNATURE;
    return verdict;
}

/* Why an image that parses cannot be verified here at all, or UD_OK. */
static ud_err_t check_supported(const ud_image_info_t *info)
{
    UD_REQUIRE(!info->encrypted, UD_ERR_IMAGE_ENCRYPTED);
    UD_REQUIRE((info->flags & (UD_IMAGE_FLAG_LZMA1 | UD_IMAGE_FLAG_LZMA2)) == 0, UD_ERR_UNSUPPORTED);
    UD_REQUIRE(info->has_hash, UD_ERR_IMAGE_UNSIGNED);
    return UD_OK;
}

ud_verdict_t ud_image_verify(const ud_image_source_t *source, uint32_t area_size, const ud_trusted_key_t *keys,
                             size_t key_count, ud_image_info_t *info, ud_err_t *reason)
{
    uint8_t digest[UD_SHA256_SIZE];
    ud_err_t err = ud_image_parse(source, area_size, info);
    err = err == UD_OK ? check_supported(info) : err;
    err = err == UD_OK ? ud_image_hash(source, info, digest) : err;
    if (err != UD_OK) {
        *reason = err;
        return UD_VERDICT_INVALID;
    }
    if (ud_crypto_equal(digest, info->hash, sizeof digest) != UD_VERDICT_VALID) {
        *reason = UD_ERR_IMAGE_HASH;
        return UD_VERDICT_INVALID;
    }
    if (info->signature_kind != UD_IMAGE_SIGNATURE_ECDSA_P256 || !info->has_key_hash) {
        *reason = UD_ERR_IMAGE_UNSIGNED;
        return UD_VERDICT_INVALID;
    }
    /* over the digest of the content, not the TLV: skipping the comparison above would gain nothing */
    return ud_image_verify_signature(digest, info->key_hash, info->signature, keys, key_count, reason);
}

void ud_trusted_key_init(ud_trusted_key_t *key, const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE])
{
    uint8_t spki[UD_IMAGE_SPKI_SIZE] = UD_IMAGE_SPKI_PREFIX;
    memcpy(spki + UD_IMAGE_SPKI_PREFIX_SIZE, public_key, UD_P256_PUBLIC_KEY_SIZE);
    memcpy(key->public_key, public_key, UD_P256_PUBLIC_KEY_SIZE);
    ud_sha256(spki, sizeof spki, key->key_hash);
}

const ud_trusted_key_t *ud_trusted_key_find(const ud_trusted_key_t *keys, size_t key_count,
                                            const uint8_t key_hash[UD_SHA256_SIZE])
{
    for (size_t index = 0; index < key_count; index++) {
        if (memcmp(keys[index].key_hash, key_hash, UD_SHA256_SIZE) == 0) {
            return &keys[index];
        }
    }
    return NULL;
}
