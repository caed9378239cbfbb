/* ECDSA P-256 signatures in DER, as images carry them: SEQUENCE { INTEGER r, INTEGER s } (RFC 3279 section 2.2.3). */
#ifndef UD_IMAGE_DER_H
#define UD_IMAGE_DER_H

#include "core/base/err.h"
#include "core/base/limits.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of the longest: two integers of 33 bytes, their heads, and the head of the sequence. */
#define UD_DER_SIGNATURE_SIZE_MAX 72

/* Reads a signature that fills exactly `size` bytes; `raw` is r then s, written only on success. Only the one shortest
 * encoding is taken: definite short lengths, no needless leading zero, nothing negative, zero, or above 32 bytes.
 * Errors: UD_ERR_MALFORMED.
 */
UD_MUST_USE ud_err_t ud_der_signature_decode(const uint8_t *der, size_t size, uint8_t raw[UD_P256_SIGNATURE_SIZE]);

/* The same for the value of an image's TLV, which imgtool --pad-sig fills up with zeros to the longest form. */
UD_MUST_USE ud_err_t ud_der_signature_unpad(const uint8_t *der, size_t size, uint8_t raw[UD_P256_SIGNATURE_SIZE]);

/* Writes the encoding of `raw` and returns its size in bytes, 8 to UD_DER_SIGNATURE_SIZE_MAX. r or s of zero is written
 * as it is; no decoder will take it.
 */
size_t ud_der_signature_encode(const uint8_t raw[UD_P256_SIGNATURE_SIZE], uint8_t der[UD_DER_SIGNATURE_SIZE_MAX]);

#endif
