#include "core/image/encrypted.h"

#include "core/base/assert.h"
#include "core/image/format.h"

#include <string.h>

#define POINT_UNCOMPRESSED 0x04

void ud_image_wipe(void *data, size_t size)
{
    volatile uint8_t *bytes = data;
    while (size-- > 0) {
        bytes[size] = 0;
    }
}

/* ---- the key ---------------------------------------------------------------------------------------------------- */

void ud_ecies_wrap(const uint8_t secret[UD_P256_SECRET_SIZE], bool is_wrapped, uint8_t *key, size_t key_size,
                   uint8_t tag[UD_ECIES_TAG_SIZE])
{
    static const uint8_t purpose[16] = {'M', 'C', 'U', 'B', 'o', 'o', 't', '_', 'E', 'C', 'I', 'E', 'S', '_', 'v', '1'};
    uint8_t derived[UD_ECIES_KEY_SIZE_MAX + UD_SHA256_SIZE];
    ud_aes_t aes;
    ud_hkdf_sha256(secret, UD_P256_SECRET_SIZE, purpose, sizeof purpose, derived, key_size + UD_SHA256_SIZE);
    if (is_wrapped) {
        ud_hmac_sha256(derived + key_size, UD_SHA256_SIZE, key, key_size, tag);
    }
    ud_aes_init(&aes, derived, key_size);
    ud_aes_ctr(&aes, 0, key, key_size);
    if (!is_wrapped) {
        ud_hmac_sha256(derived + key_size, UD_SHA256_SIZE, key, key_size, tag);
    }
    ud_image_wipe(derived, sizeof derived);
    ud_image_wipe(&aes, sizeof aes);
}

/* Bytes of the image key by the header's flags, 0 if they say none or both. */
static size_t key_size_of(const ud_image_info_t *info)
{
    switch (info->flags & (UD_IMAGE_FLAG_AES128 | UD_IMAGE_FLAG_AES256)) {
    case UD_IMAGE_FLAG_AES128:
        return 16;
    case UD_IMAGE_FLAG_AES256:
        return 32;
    default:
        return 0;
    }
}

ud_err_t ud_image_unwrap_key(const ud_image_source_t *source, const ud_image_info_t *info,
                             const uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE], ud_aes_t *aes)
{
    uint8_t wrapped[UD_ECIES_SIZE_MAX];
    uint8_t secret[UD_P256_SECRET_SIZE];
    uint8_t tag[UD_ECIES_TAG_SIZE];
    uint8_t *told = wrapped + UD_ECIES_POINT_SIZE;
    uint8_t *key = told + UD_ECIES_TAG_SIZE;
    size_t key_size = key_size_of(info);
    UD_REQUIRE(info->tlvs[UD_IMAGE_ENCRYPTION].type == 0 ||
                   info->tlvs[UD_IMAGE_ENCRYPTION].type == UD_IMAGE_TLV_ECIES_P256,
               UD_ERR_UNSUPPORTED);
    UD_REQUIRE(key_size != 0 && info->tlvs[UD_IMAGE_ENCRYPTION].size == UD_ECIES_SIZE(key_size), UD_ERR_IMAGE_FORMAT);
    UD_TRY(source->read(source->context, info->tlvs[UD_IMAGE_ENCRYPTION].offset, wrapped,
                        info->tlvs[UD_IMAGE_ENCRYPTION].size));
    UD_REQUIRE(wrapped[0] == POINT_UNCOMPRESSED, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(ud_ecdh_p256(private_key, wrapped + 1, secret) == UD_VERDICT_VALID, UD_ERR_IMAGE_WRAPPED_KEY);
    ud_ecies_wrap(secret, true, key, key_size, tag);
    bool good = ud_crypto_equal(tag, told, sizeof tag) == UD_VERDICT_VALID;
    if (good) {
        ud_aes_init(aes, key, key_size);
    }
    ud_image_wipe(secret, sizeof secret);
    ud_image_wipe(wrapped, sizeof wrapped);
    return good ? UD_OK : UD_ERR_IMAGE_WRAPPED_KEY;
}

/* ---- the payload ------------------------------------------------------------------------------------------------ */

void ud_image_crypt(const ud_aes_t *aes, const ud_image_info_t *info, uint32_t offset, void *data, size_t size)
{
    uint8_t *at = data;
    uint32_t begin = offset < info->header_size ? info->header_size : offset;
    uint32_t payload_end = info->header_size + info->payload_size;
    size_t end = offset + size < payload_end ? offset + size : payload_end;
    if (begin >= end) {
        return;
    }
    at += begin - offset;
    uint32_t stream = begin - info->header_size;
    size_t left = end - begin;
    size_t into = stream % UD_AES_BLOCK_SIZE;
    if (into != 0) {
        uint8_t block[UD_AES_BLOCK_SIZE] = {0};
        size_t head = left < sizeof block - into ? left : sizeof block - into;
        memcpy(block + into, at, head);
        ud_aes_ctr(aes, stream / UD_AES_BLOCK_SIZE, block, sizeof block);
        memcpy(at, block + into, head);
        at += head;
        stream += (uint32_t)head;
        left -= head;
    }
    ud_aes_ctr(aes, stream / UD_AES_BLOCK_SIZE, at, left);
}

static ud_err_t read_plain(void *context, uint32_t offset, void *data, size_t size)
{
    const ud_image_plain_t *plain = context;
    UD_TRY(plain->source->read(plain->source->context, offset, data, size));
    ud_image_crypt(plain->aes, plain->info, offset, data, size);
    return UD_OK;
}

ud_image_source_t ud_image_source_decrypting(ud_image_plain_t *plain)
{
    return (ud_image_source_t){.read = read_plain, .context = plain};
}

ud_verdict_t ud_image_verify_encrypted(const ud_image_source_t *source, uint32_t area_size,
                                       const uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE], const ud_trust_t *trust,
                                       ud_image_info_t *info, ud_err_t *reason)
{
    ud_verdict_t verdict = ud_image_verify(source, area_size, trust, info, reason);
    if (*reason != UD_ERR_IMAGE_ENCRYPTED) {
        return verdict;
    }
    ud_aes_t aes;
    *reason = ud_image_unwrap_key(source, info, private_key, &aes);
    if (*reason != UD_OK) {
        return UD_VERDICT_INVALID;
    }
    ud_image_plain_t plain = {source, info, &aes};
    ud_image_source_t decrypting = ud_image_source_decrypting(&plain);
    verdict = ud_image_verify_content(&decrypting, info, trust, reason);
    ud_image_wipe(&aes, sizeof aes);
    return verdict;
}
