/* The chunk chain: every chunk of a download is authenticated before it is written (docs/decisions/0006).
 *
 *   record i = SHA-256(record i+1) | data of chunk i          the last record begins with 32 zeros
 *   root     = SHA-256(record 0)                              known beforehand, from a signed descriptor
 *
 * The image file (exactly the image: header to last TLV) is cut into chunks of chunk_size bytes, the last may be short.
 * An artifact is record 0, record 1, ... one after the other: record i begins at i * (32 + chunk_size). Whoever knows
 * the root can check record 0, finds in it the digest of record 1, and so on: one digest of state, any cache between.
 * A download resumes at any record from (offset, expected digest), which the agent keeps in the journal.
 *
 * RAM: ud_chain_t 48 bytes, and the caller's buffer of one record.
 */
#ifndef UD_IMAGE_CHAIN_H
#define UD_IMAGE_CHAIN_H

#include "core/base/limits.h"
#include "core/base/span.h"
#include "core/image/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the record of a whole chunk: the buffer a download needs. */
#define UD_CHAIN_RECORD_SIZE(chunk_size) (UD_SHA256_SIZE + (chunk_size))

/* The chunk sizes that a signed image has roots for, ascending; UD_CHUNK_SIZE_COUNT of them. */
#define UD_CHUNK_SIZE_COUNT 4
extern const uint32_t ud_chunk_sizes[UD_CHUNK_SIZE_COUNT];

/* True for one of ud_chunk_sizes. */
bool ud_chunk_size_is_known(uint32_t chunk_size);

/* Records of an image of `image_size` bytes; 0 for none. `chunk_size` must not be 0. */
uint32_t ud_chain_record_count(uint32_t image_size, uint32_t chunk_size);

/* Bytes of the artifact; with chunks of 512 it is 1/16 larger than the image, which may take it past 32 bits. */
uint64_t ud_chain_artifact_size(uint32_t image_size, uint32_t chunk_size);

/* Where in the artifact the record begins that holds the image's byte `image_offset`, a multiple of chunk_size. */
uint64_t ud_chain_record_offset(uint32_t image_offset, uint32_t chunk_size);

/* ---- device: check ---------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t image_size;              /* bytes */
    uint32_t chunk_size;              /* bytes */
    uint32_t offset;                  /* bytes of the image already yielded: the next chunk begins here */
    uint32_t fill;                    /* bytes of the present record in the caller's buffer */
    uint8_t expected[UD_SHA256_SIZE]; /* digest of the present record */
} ud_chain_t;

/* Begins a download with offset 0 and the root, or resumes one with the offset and expected digest of the journal.
 * Errors: UD_ERR_INVALID_ARGUMENT (unknown chunk size, no image, offset beyond it or not at the start of a chunk).
 */
UD_MUST_USE ud_err_t ud_chain_init(ud_chain_t *chain, uint32_t image_size, uint32_t chunk_size, uint32_t offset,
                                   const uint8_t expected[UD_SHA256_SIZE]);

/* True when all chunks were yielded. */
bool ud_chain_is_done(const ud_chain_t *chain);

/* Bytes the present record still lacks; 0 when done. */
size_t ud_chain_wants(const ud_chain_t *chain);

/* Eats up to `size` bytes of the artifact, never past the present record, into `record` (the caller's buffer of
 * UD_CHAIN_RECORD_SIZE(chunk_size), the same one until the record is whole); `data` may already lie at its place there.
 * `*eaten` says how many. `chunk` is empty until the record is whole and true: then it is the chunk's data inside
 * `record`, its place in the image is chain->offset before the call, and chain->offset and chain->expected are what the
 * journal may keep once the data is in flash.
 * Errors: UD_ERR_CHUNK_DIGEST: the record is not what the chain promised; it is dropped, offset and expected digest
 * stand, ask for the record again. UD_ERR_CONFLICT: bytes behind the last record.
 */
UD_MUST_USE ud_err_t ud_chain_feed(ud_chain_t *chain, uint8_t *record, const void *data, size_t size, size_t *eaten,
                                   ud_span_t *chunk);

/* Forgets a record begun, for a connection that broke: the next bytes begin at the record of chain->offset. */
void ud_chain_restart_record(ud_chain_t *chain);

/* ---- host: build ------------------------------------------------------------------------------------------------ */

/* Takes `size` bytes of the artifact at `offset`; called from the last record back to the first, each byte once. */
typedef ud_err_t (*ud_chain_write_t)(void *context, uint64_t offset, const void *data, size_t size);

/* Builds the artifact of the first `image_size` bytes of a source and gives its root. Back to front, so that memory is
 * one record (16 KB of stack) however large the image is; `write` NULL computes the root alone.
 * Errors: UD_ERR_INVALID_ARGUMENT (unknown chunk size, no image), those of the source's read and of `write`.
 */
UD_MUST_USE ud_err_t ud_chain_build(const ud_image_source_t *source, uint32_t image_size, uint32_t chunk_size,
                                    ud_chain_write_t write, void *write_context, uint8_t root[UD_SHA256_SIZE]);

#endif
