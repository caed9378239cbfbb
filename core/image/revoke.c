/* Keys that are no longer believed. */
#include "core/image/image.h"

#include <string.h>

uint32_t ud_trust_rows(const ud_trust_t *trust, const uint8_t *key_hash, size_t size)
{
    const ud_trusted_key_t *key = trust->keys;
    uint32_t rows = 0;
    uint32_t row = 1; /* none behind the last that has a bit */
    for (size_t left = trust->count; left > 0; left--) {
        rows |= memcmp(key->key_hash, key_hash, size) == 0 ? row : 0;
        row <<= 1;
        key++;
    }
    return rows;
}

void ud_trust_revoke(ud_trust_t *trust, const uint8_t *key_hash, size_t size)
{
    trust->revoked |= ud_trust_rows(trust, key_hash, size);
}

uint32_t ud_trust_named(const ud_trust_t *trust, const ud_image_source_t *source, const ud_image_info_t *info)
{
    const ud_image_tlv_t *tlv = &info->tlvs[UD_IMAGE_REVOKED];
    uint32_t own = ud_trust_rows(trust, info->key_hash, UD_SHA256_SIZE);
    uint32_t behind = own != 0 ? UINT32_MAX : 0; /* until the loop: the rows behind its last one */
    uint32_t named = 0;
    while ((behind & own) != 0) {
        behind <<= 1;
    }
    for (uint32_t at = 0; at < tlv->size; at += UD_SHA256_SIZE) {
        uint8_t key_hash[UD_SHA256_SIZE];
        if (source->read(source->context, tlv->offset + at, key_hash, sizeof key_hash) != UD_OK) {
            return 0;
        }
        uint32_t rows = ud_trust_rows(trust, key_hash, sizeof key_hash);
        named |= (rows & ~behind) == 0 ? rows : 0;
    }
    return named;
}
