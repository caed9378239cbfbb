/* Descriptors: the signed promise about an image's chunks (docs/decisions/0006).
 *
 * One signature for each chunk size, made off-line with the image's own key, over SHA-256 of these 132 bytes:
 *
 *   offset size
 *        0   16  "updraft.chain.v1": no image begins so, hence no image signature is ever good here, or the reverse
 *       16   32  hardware id, zeros behind it
 *       48    8  version, as in the image header
 *       56    4  security counter, little-endian; 0 if the image has none
 *       60    4  image size in bytes, little-endian: header to last TLV
 *       64    4  chunk size in bytes, little-endian
 *       68   32  image hash (the SHA-256 TLV)
 *      100   32  root of the chunk chain (core/image/chain.h)
 *
 * An offer carries all of these fields anyway, so the descriptor adds only the signature: the device rebuilds the bytes.
 * In a file the signatures follow the image as a block (core/image/descriptor_block.h).
 */
#ifndef UD_IMAGE_DESCRIPTOR_H
#define UD_IMAGE_DESCRIPTOR_H

#include "core/base/limits.h"
#include "core/base/verdict.h"
#include "core/image/image.h"
#include "core/image/version.h"

#include <stdint.h>

#define UD_DESCRIPTOR_BYTES_SIZE 132

/* What a descriptor promises: the signed bytes behind the first 16. */
typedef struct {
    char hardware[UD_HARDWARE_SIZE_MAX]; /* zeros behind it */
    ud_version_t version;
    uint32_t security_counter;
    uint32_t image_size; /* bytes, header to last TLV */
    uint32_t chunk_size; /* bytes */
    uint8_t image_hash[UD_SHA256_SIZE];
    uint8_t root[UD_SHA256_SIZE];
} ud_descriptor_t;

/* The descriptor that an image must have for a chunk size and root. */
void ud_descriptor_from_image(const ud_image_info_t *info, uint32_t chunk_size, const uint8_t root[UD_SHA256_SIZE],
                              ud_descriptor_t *descriptor);

/* The digest that is signed. */
void ud_descriptor_digest(const ud_descriptor_t *descriptor, uint8_t digest[UD_SHA256_SIZE]);

/* Judges `signature` (raw) over the descriptor by the trusted key named `key_hash`: the image's own.
 * Reasons: UD_ERR_IMAGE_KEY_UNKNOWN, UD_ERR_KEY_REVOKED, UD_ERR_IMAGE_DESCRIPTOR (does not verify).
 */
ud_verdict_t ud_descriptor_verify(const ud_descriptor_t *descriptor, const uint8_t key_hash[UD_SHA256_SIZE],
                                  ud_span_t signature, const ud_trust_t *trust, ud_err_t *reason);

#endif
