/* The descriptor block: a file's own copy of its descriptors, behind the image, where no boot loader looks.
 *
 *   offset  size
 *        0     4  magic "UDDB"
 *        4     2  format, little-endian: 1
 *        6     2  count of entries, little-endian: 1 to 4
 *        8     4  size of the block in bytes, little-endian: 16 + (36 + s) * count
 *       12  36+s  entry: chunk size (4, little-endian, ascending), root (32), raw signature (s); `count` times
 *     last     4  CRC-32 of all before, little-endian
 *
 * s is 64 for ECDSA P-256 and Ed25519, 256 or 384 for RSA (core/image/scheme.h): whoever reads works it out of the size.
 * What follows the block is not looked at. A file without one is whole too: imgtool writes none, and pads with 0xFF and
 * a trailer. Used by hosts (tools, server) only; devices get a signature with the offer.
 */
#ifndef UD_IMAGE_DESCRIPTOR_BLOCK_H
#define UD_IMAGE_DESCRIPTOR_BLOCK_H

#include "core/image/chain.h"
#include "core/image/descriptor.h"

/* Bytes of a block with `count` signatures of `signature_size` bytes, and of the largest. */
#define UD_DESCRIPTOR_BLOCK_SIZE(count, signature_size) (16 + (36 + (signature_size)) * (count))
#define UD_DESCRIPTOR_BLOCK_SIZE_MAX UD_DESCRIPTOR_BLOCK_SIZE(UD_CHUNK_SIZE_COUNT, UD_SIGNATURE_SIZE_MAX)

typedef struct {
    uint32_t chunk_size; /* bytes */
    uint8_t root[UD_SHA256_SIZE];
    uint8_t signature[UD_SIGNATURE_SIZE_MAX]; /* raw; the block's signature_size bytes of it */
} ud_descriptor_entry_t;

typedef struct {
    uint32_t count;
    uint32_t signature_size; /* bytes */
    ud_descriptor_entry_t entries[UD_CHUNK_SIZE_COUNT];
} ud_descriptor_block_t;

/* Reads the block behind the image, whose end `info` knows, in a file of `file_size` bytes; checks its form only.
 * Errors: UD_ERR_NOT_FOUND (nothing with the magic there: none was made), UD_ERR_IMAGE_DESCRIPTOR (torn or
 * contradictory), those of the source's read.
 */
UD_MUST_USE ud_err_t ud_descriptor_find(const ud_image_source_t *source, uint32_t file_size,
                                        const ud_image_info_t *info, ud_descriptor_block_t *block);

/* Judges the block against its image: for each entry the signature by the image's own key, and the root over the
 * content. Reads the image once for each entry; call it after ud_image_verify() has found the image valid.
 * Errors: UD_ERR_IMAGE_DESCRIPTOR, UD_ERR_IMAGE_KEY_UNKNOWN, UD_ERR_KEY_REVOKED, those of the source's read.
 */
UD_MUST_USE ud_err_t ud_descriptor_check(const ud_image_source_t *source, const ud_image_info_t *info,
                                         const ud_descriptor_block_t *block, const ud_trust_t *trust);

/* The entry of a chunk size, or NULL. */
const ud_descriptor_entry_t *ud_descriptor_entry(const ud_descriptor_block_t *block, uint32_t chunk_size);

/* Writes the block's bytes, UD_DESCRIPTOR_BLOCK_SIZE(count, signature_size) of them. Errors: UD_ERR_BUFFER_TOO_SMALL. */
UD_MUST_USE ud_err_t ud_descriptor_block_write(const ud_descriptor_block_t *block, uint8_t *data, size_t capacity,
                                               size_t *size);

#endif
