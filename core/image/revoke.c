/* Keys that are no longer believed. */
#include "core/base/assert.h"
#include "core/image/image.h"

#include <string.h>

/* The rows from `first` on whose hash begins so. */
static uint32_t find(const ud_trust_t *trust, size_t first, const uint8_t *key_hash, size_t size)
{
    uint32_t found = 0;
    for (size_t index = first; index < trust->count && index < UD_TRUSTED_KEYS_MAX; index++) {
        found |= memcmp(trust->keys[index].key_hash, key_hash, size) == 0 ? 1u << index : 0;
    }
    return found;
}

void ud_trust_revoke(ud_trust_t *trust, const uint8_t *key_hash, size_t size)
{
    trust->revoked |= find(trust, 0, key_hash, size);
}

ud_err_t ud_trust_take(ud_trust_t *trust, const ud_image_source_t *source, const ud_image_info_t *info)
{
    uint32_t own = find(trust, 0, info->key_hash, UD_SHA256_SIZE);
    size_t first = 0;
    uint32_t revoked = 0;
    UD_REQUIRE(own != 0, UD_OK);
    while (first < UD_TRUSTED_KEYS_MAX && own >> first != 0) {
        first++;
    }
    for (uint32_t at = 0; at < info->revoked.size; at += UD_SHA256_SIZE) {
        uint8_t key_hash[UD_SHA256_SIZE];
        UD_TRY(source->read(source->context, info->revoked.offset + at, key_hash, sizeof key_hash));
        revoked |= find(trust, first, key_hash, sizeof key_hash);
    }
    trust->revoked |= revoked;
    return UD_OK;
}
