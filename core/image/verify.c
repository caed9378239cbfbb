/* Judging an image: key, hash, signature. */
#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/crypto/crypto.h"
#include "core/image/image.h"

#include <string.h>

/* ---- trust ------------------------------------------------------------------------------------------------------ */

const ud_trusted_key_t *ud_trust_find(const ud_trust_t *trust, const uint8_t key_hash[UD_SHA256_SIZE])
{
    for (size_t index = 0; index < trust->count; index++) {
        if (memcmp(trust->keys[index].key_hash, key_hash, UD_SHA256_SIZE) == 0) {
            return &trust->keys[index];
        }
    }
    return NULL;
}

/* A key without a row, too: what named one a moment ago was damaged on its way here. */
static bool is_revoked(const ud_trust_t *trust, const uint8_t key_hash[UD_SHA256_SIZE])
{
    uint32_t rows = ud_trust_rows(trust, key_hash, UD_SHA256_SIZE);
    return rows == 0 || (trust->revoked & rows) != 0;
}

ud_verdict_t ud_trust_verify(const ud_trust_t *trust, const uint8_t key_hash[UD_SHA256_SIZE],
                             const uint8_t digest[UD_SHA256_SIZE], ud_span_t signature, ud_err_t *reason)
{
    const ud_trusted_key_t *key = ud_trust_find(trust, key_hash);
    ud_verdict_t verdict = UD_VERDICT_INVALID;
    *reason = UD_ERR_IMAGE_SIGNATURE;
    if (key == NULL || is_revoked(trust, key->key_hash)) {
        *reason = key == NULL ? UD_ERR_IMAGE_KEY_UNKNOWN : UD_ERR_KEY_REVOKED;
    } else if (signature.size == key->scheme->signature_size) {
        verdict = key->scheme->verify(key->public_key, digest, signature.data);
        *reason = verdict == UD_VERDICT_VALID ? UD_OK : UD_ERR_IMAGE_SIGNATURE;
    }
    return verdict;
}

/* ---- content ---------------------------------------------------------------------------------------------------- */

ud_err_t ud_image_hash(const ud_image_source_t *source, uint32_t offset, uint32_t size, uint8_t digest[UD_SHA256_SIZE])
{
    ud_sha256_t hash;
    ud_sha256_init(&hash);
    while (size > 0) {
        uint8_t piece[UD_IMAGE_PIECE_SIZE];
        uint32_t piece_size = size < sizeof piece ? size : (uint32_t)sizeof piece;
        UD_TRY(source->read(source->context, offset, piece, piece_size));
        ud_sha256_update(&hash, piece, piece_size);
        offset += piece_size;
        size -= piece_size;
    }
    ud_sha256_final(&hash, digest);
    return UD_OK;
}

/* ---- verdicts --------------------------------------------------------------------------------------------------- */

ud_verdict_t ud_scheme_verify_raw(const ud_image_source_t *source, const ud_image_info_t *info,
                                  const ud_trusted_key_t *key, const uint8_t *signature, ud_err_t *reason)
{
    uint8_t digest[UD_SHA256_SIZE];
    ud_err_t err = UD_ERR_IMAGE_KEY_UNKNOWN;
    if (memcmp(info->key_hash, key->key_hash, UD_SHA256_SIZE) == 0) {
        err = ud_image_hash(source, 0, ud_image_content_size(info), digest);
    }
    if (err == UD_OK && ud_crypto_equal(digest, info->hash, sizeof digest) != UD_VERDICT_VALID) {
        err = UD_ERR_IMAGE_HASH;
    }
    *reason = err != UD_OK ? err : UD_ERR_IMAGE_SIGNATURE;
    /* over the digest of the content, not the TLV: skipping the comparison above would gain nothing */
    return err != UD_OK ? UD_VERDICT_INVALID : key->scheme->verify(key->public_key, digest, signature);
}

ud_verdict_t ud_image_verify_content(const ud_image_source_t *source, ud_image_info_t *info, const ud_trust_t *trust,
                                     ud_err_t *reason)
{
    volatile ud_verdict_t verdict = UD_VERDICT_INVALID;
    const ud_trusted_key_t *key = trust->keys;
    *reason = UD_ERR_IMAGE_KEY_UNKNOWN;
    if ((info->flags & (UD_IMAGE_FLAG_LZMA1 | UD_IMAGE_FLAG_LZMA2)) != 0) {
        *reason = UD_ERR_UNSUPPORTED;
    } else if (!ud_image_has(info, UD_IMAGE_SIGNATURE) || !ud_image_has(info, UD_IMAGE_KEY)) {
        *reason = UD_ERR_IMAGE_UNSIGNED;
    }
    for (size_t left = trust->count; left > 0 && *reason == UD_ERR_IMAGE_KEY_UNKNOWN; left--) {
        const ud_image_scheme_t *scheme = key->scheme;
        if (info->tlvs[UD_IMAGE_SIGNATURE].type == scheme->signature_tlv &&
            info->tlvs[UD_IMAGE_HASH].type == scheme->hash_tlv && info->pure == scheme->pure) {
            verdict = scheme->verify_image(source, info, key, reason);
            if (verdict == UD_VERDICT_VALID) { /* from here on by the name of the key that verified */
                ud_bytes_copy(info->key_hash, key->key_hash, UD_SHA256_SIZE);
            }
        }
        key++;
    }
    if (verdict == UD_VERDICT_VALID) {
        *reason = UD_OK;
        if (is_revoked(trust, info->key_hash)) {
            *reason = UD_ERR_KEY_REVOKED;
            return UD_VERDICT_INVALID;
        }
    }
    return verdict;
}

ud_verdict_t ud_image_verify(const ud_image_source_t *source, uint32_t area_size, const ud_trust_t *trust,
                             ud_image_info_t *info, ud_err_t *reason)
{
    *reason = ud_image_parse(source, area_size, info);
    if (*reason == UD_OK && ud_image_has(info, UD_IMAGE_ENCRYPTION)) {
        *reason = UD_ERR_IMAGE_ENCRYPTED;
    }
    return *reason == UD_OK ? ud_image_verify_content(source, info, trust, reason) : UD_VERDICT_INVALID;
}
