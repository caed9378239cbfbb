#include "core/image/descriptor.h"

#include "core/crypto/crypto.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a descriptor is signed as it stands");
_Static_assert(offsetof(ud_descriptor_t, version) == 32 && offsetof(ud_descriptor_t, image_hash) == 52 &&
                   sizeof(ud_descriptor_t) == UD_DESCRIPTOR_BYTES_SIZE - 16,
               "a descriptor is what is signed behind the domain");

void ud_descriptor_from_image(const ud_image_info_t *info, uint32_t chunk_size, const uint8_t root[UD_SHA256_SIZE],
                              ud_descriptor_t *descriptor)
{
    *descriptor = (ud_descriptor_t){.version = info->version,
                                    .security_counter = info->security_counter,
                                    .image_size = info->total_size,
                                    .chunk_size = chunk_size};
    memcpy(descriptor->hardware, info->hardware, sizeof descriptor->hardware);
    memcpy(descriptor->image_hash, info->hash, UD_SHA256_SIZE);
    memcpy(descriptor->root, root, UD_SHA256_SIZE);
}

void ud_descriptor_digest(const ud_descriptor_t *descriptor, uint8_t digest[UD_SHA256_SIZE])
{
    static const char domain[16] = {'u', 'p', 'd', 'r', 'a', 'f', 't', '.', 'c', 'h', 'a', 'i', 'n', '.', 'v', '1'};
    ud_sha256_t hash;
    ud_sha256_init(&hash);
    ud_sha256_update(&hash, domain, sizeof domain);
    ud_sha256_update(&hash, descriptor, sizeof *descriptor);
    ud_sha256_final(&hash, digest);
}

ud_verdict_t ud_descriptor_verify(const ud_descriptor_t *descriptor, const uint8_t key_hash[UD_SHA256_SIZE],
                                  ud_span_t signature, const ud_trust_t *trust, ud_err_t *reason)
{
    uint8_t digest[UD_SHA256_SIZE];
    ud_descriptor_digest(descriptor, digest);
    ud_verdict_t verdict = ud_trust_verify(trust, key_hash, digest, signature, reason);
    if (*reason == UD_ERR_IMAGE_SIGNATURE) {
        *reason = UD_ERR_IMAGE_DESCRIPTOR;
    }
    return verdict;
}
