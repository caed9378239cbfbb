#include "core/image/descriptor.h"

#include "core/base/assert.h"
#include "core/base/cursor.h"
#include "core/crypto/crypto.h"

#include <string.h>

static const char domain[16] = {'u', 'p', 'd', 'r', 'a', 'f', 't', '.', 'c', 'h', 'a', 'i', 'n', '.', 'v', '1'};

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
    uint8_t bytes[UD_DESCRIPTOR_BYTES_SIZE];
    uint8_t version[UD_VERSION_SIZE];
    const char *hardware_end = memchr(descriptor->hardware, '\0', sizeof descriptor->hardware);
    UD_ASSERT(hardware_end != NULL);
    size_t hardware_size = (size_t)(hardware_end - descriptor->hardware);
    ud_version_to_bytes(&descriptor->version, version);
    ud_writer_t writer = ud_writer(bytes, sizeof bytes);
    ud_writer_put_bytes(&writer, domain, sizeof domain);
    ud_writer_put_bytes(&writer, descriptor->hardware, hardware_size);
    ud_writer_fill(&writer, 0, UD_HARDWARE_SIZE_MAX - hardware_size);
    ud_writer_put_bytes(&writer, version, sizeof version);
    ud_writer_put_u32le(&writer, descriptor->security_counter);
    ud_writer_put_u32le(&writer, descriptor->image_size);
    ud_writer_put_u32le(&writer, descriptor->chunk_size);
    ud_writer_put_bytes(&writer, descriptor->image_hash, UD_SHA256_SIZE);
    ud_writer_put_bytes(&writer, descriptor->root, UD_SHA256_SIZE);
    UD_ASSERT(ud_writer_status(&writer) == UD_OK && writer.size == sizeof bytes);
    ud_sha256(bytes, sizeof bytes, digest);
}

ud_verdict_t ud_descriptor_verify(const ud_descriptor_t *descriptor, const uint8_t key_hash[UD_SHA256_SIZE],
                                  ud_span_t signature, const ud_trust_t *trust, ud_err_t *reason)
{
    uint8_t digest[UD_SHA256_SIZE];
    if (memchr(descriptor->hardware, '\0', sizeof descriptor->hardware) == NULL) {
        *reason = UD_ERR_IMAGE_DESCRIPTOR;
        return UD_VERDICT_INVALID;
    }
    ud_descriptor_digest(descriptor, digest);
    ud_verdict_t verdict = ud_trust_verify(trust, key_hash, digest, signature, reason);
    if (*reason == UD_ERR_IMAGE_SIGNATURE) {
        *reason = UD_ERR_IMAGE_DESCRIPTOR;
    }
    return verdict;
}
