/* ECDSA P-256 signatures in DER, as images carry them: SEQUENCE { INTEGER r, INTEGER s } (RFC 3279 section 2.2.3). */
#ifndef UD_IMAGE_DER_H
#define UD_IMAGE_DER_H

#include "core/base/err.h"
#include "core/base/limits.h"
#include "core/image/source.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of the longest: two integers of 33 bytes, their heads, and the head of the sequence. */
#define UD_DER_SIGNATURE_SIZE_MAX 72

/* Reads a signature of `size` bytes; behind it `der` holds zeros. `raw` is r then s, of no meaning on failure. Only the one
 * shortest encoding is taken: definite short lengths, no needless leading zero, nothing negative, zero, or above 32 bytes,
 * nothing behind it. But a `size` of UD_DER_SIGNATURE_SIZE_MAX may end in zeros: so fills imgtool --pad-sig up.
 * Errors: UD_ERR_IMAGE_SIGNATURE.
 */
UD_MUST_USE ud_err_t ud_der_signature_decode(const uint8_t der[UD_DER_SIGNATURE_SIZE_MAX], size_t size,
                                             uint8_t raw[UD_P256_SIGNATURE_SIZE]);

/* Reads `size` bytes at `offset` of an image as a signature: on a stack of its own, before the work that needs more.
 * Errors: UD_ERR_IMAGE_SIGNATURE, those of the source's read.
 */
UD_MUST_USE ud_err_t ud_der_signature_read(const ud_image_source_t *source, uint32_t offset, size_t size,
                                           uint8_t raw[UD_P256_SIGNATURE_SIZE]);

/* Writes the encoding of `raw` and returns its size in bytes, 8 to UD_DER_SIGNATURE_SIZE_MAX. r or s of zero is written
 * as it is; no decoder will take it.
 */
size_t ud_der_signature_encode(const uint8_t raw[UD_P256_SIGNATURE_SIZE], uint8_t der[UD_DER_SIGNATURE_SIZE_MAX]);

#endif
