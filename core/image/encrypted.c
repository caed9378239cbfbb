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

/* What ECIES makes of the secret: an AES key as long as the image key, then a key for the tag. */
static void derive(const uint8_t secret[UD_P256_SECRET_SIZE], size_t key_size,
                   uint8_t derived[UD_ECIES_KEY_SIZE_MAX + UD_SHA256_SIZE])
{
    static const uint8_t purpose[16] = {'M', 'C', 'U', 'B', 'o', 'o', 't', '_', 'E', 'C', 'I', 'E', 'S', '_', 'v', '1'};
    ud_hkdf_sha256(secret, UD_P256_SECRET_SIZE, purpose, sizeof purpose, derived, key_size + UD_SHA256_SIZE);
}

void ud_ecies_wrap(const uint8_t secret[UD_P256_SECRET_SIZE], uint8_t *key, size_t key_size,
                   uint8_t tag[UD_ECIES_TAG_SIZE])
{
    uint8_t derived[UD_ECIES_KEY_SIZE_MAX + UD_SHA256_SIZE];
    ud_aes_t aes;
    derive(secret, key_size, derived);
    ud_aes_init(&aes, derived, key_size);
    ud_aes_ctr(&aes, 0, key, key_size);
    ud_hmac_sha256(derived + key_size, UD_SHA256_SIZE, key, key_size, tag);
    ud_image_wipe(derived, sizeof derived);
    ud_image_wipe(&aes, sizeof aes);
}

/* Bytes of the image key by the header's flags, 0 if they say none or both. */
_Static_assert(4 * UD_IMAGE_FLAG_AES128 == 16 && 4 * UD_IMAGE_FLAG_AES256 == 32, "a flag is the words of its key");
static size_t key_size_of(const ud_image_info_t *info)
{
    uint32_t flags = info->flags & (UD_IMAGE_FLAG_AES128 | UD_IMAGE_FLAG_AES256);
    return flags == (UD_IMAGE_FLAG_AES128 | UD_IMAGE_FLAG_AES256) ? 0 : 4 * (size_t)flags;
}

/* The TLV's value, and the keys that it leads to. */
typedef struct {
    uint8_t point[UD_ECIES_POINT_SIZE];
    uint8_t tag[UD_ECIES_TAG_SIZE];
    uint8_t key[UD_ECIES_KEY_SIZE_MAX]; /* wrapped, at last not */
    uint8_t secret[UD_P256_SECRET_SIZE];
    uint8_t derived[UD_ECIES_KEY_SIZE_MAX + UD_SHA256_SIZE];
    uint8_t tag_again[UD_ECIES_TAG_SIZE];
} unwrapping_t;

/* The tag is compared before anything is decrypted. */
static ud_err_t unwrap(unwrapping_t *all, const uint8_t *private_key, size_t key_size, ud_aes_t *aes)
{
    UD_REQUIRE(all->point[0] == POINT_UNCOMPRESSED, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(ud_ecdh_p256(private_key, all->point + 1, all->secret) == UD_VERDICT_VALID, UD_ERR_IMAGE_WRAPPED_KEY);
    derive(all->secret, key_size, all->derived);
    ud_hmac_sha256(all->derived + key_size, UD_SHA256_SIZE, all->key, key_size, all->tag_again);
    UD_REQUIRE(ud_crypto_equal(all->tag_again, all->tag, sizeof all->tag) == UD_VERDICT_VALID,
               UD_ERR_IMAGE_WRAPPED_KEY);
    ud_aes_init(aes, all->derived, key_size);
    ud_aes_ctr(aes, 0, all->key, key_size);
    ud_aes_init(aes, all->key, key_size);
    return UD_OK;
}

ud_err_t ud_image_unwrap_key(const ud_image_source_t *source, const ud_image_info_t *info,
                             const uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE], ud_aes_t *aes)
{
    unwrapping_t all;
    const ud_image_tlv_t *tlv = &info->tlvs[UD_IMAGE_ENCRYPTION];
    size_t key_size = key_size_of(info);
    UD_REQUIRE(tlv->type == 0 || tlv->type == UD_IMAGE_TLV_ECIES_P256, UD_ERR_UNSUPPORTED);
    UD_REQUIRE(key_size != 0 && tlv->size == UD_ECIES_SIZE(key_size), UD_ERR_IMAGE_FORMAT);
    UD_TRY(source->read(source->context, tlv->offset, &all, tlv->size));
    ud_err_t err = unwrap(&all, private_key, key_size, aes);
    ud_image_wipe(&all, sizeof all);
    return err;
}

/* ---- the payload ------------------------------------------------------------------------------------------------ */

void ud_image_crypt(const ud_aes_t *aes, const ud_image_info_t *info, uint32_t offset, void *data, size_t size)
{
    uint32_t begin = offset < info->header_size ? info->header_size : offset;
    uint32_t payload_end = info->header_size + info->payload_size;
    uint32_t end = offset + (uint32_t)size < payload_end ? offset + (uint32_t)size : payload_end;
    if (begin < end) {
        ud_aes_ctr(aes, begin - info->header_size, (uint8_t *)data + (begin - offset), end - begin);
    }
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
