/* The crypto facade: what every program computes, whoever computes it.
 *
 * Exactly one backend file is linked (openssl.c on a host; a microcontroller brings its own, or its hardware engine).
 * No heap in any signature here, contexts belong to the caller, may be copied, and hold no pointers; nothing blocks.
 * Keys and signatures are raw big-endian coordinates: no DER, no PEM behind this door (those are core/image/der.h and,
 * on hosts, core/crypto/key.h).
 * RAM: ud_sha256_t 112 bytes; a verification needs about 1 KB of stack in the MCU backends.
 */
#ifndef UD_CRYPTO_CRYPTO_H
#define UD_CRYPTO_CRYPTO_H

#include "core/base/limits.h"
#include "core/base/verdict.h"

#include <stddef.h>
#include <stdint.h>

/* ---- SHA-256 (FIPS 180-4) --------------------------------------------------------------------------------------- */

/* A hash in progress. Opaque; sized for the largest backend, which asserts that it fits. */
typedef struct {
    uint32_t words[28];
} ud_sha256_t;

/* Begins a hash; also begins anew with a context that was used before. */
void ud_sha256_init(ud_sha256_t *hash);

/* Adds `size` bytes. A copy of the context taken here can be finished on its own. */
void ud_sha256_update(ud_sha256_t *hash, const void *data, size_t size);

/* Writes the digest; the context must be begun anew before it is used again. */
void ud_sha256_final(ud_sha256_t *hash, uint8_t digest[UD_SHA256_SIZE]);

/* The digest of one run of bytes. */
void ud_sha256(const void *data, size_t size, uint8_t digest[UD_SHA256_SIZE]);

/* ---- verdicts --------------------------------------------------------------------------------------------------- */

/* ECDSA over P-256 (FIPS 186-5). `public_key` is x then y, `signature` r then s, each 32 bytes big-endian; `digest` is
 * signed as it is. UD_VERDICT_VALID only if the key is a point of the curve and the signature is good; everything else,
 * including r or s of zero or not below the order and a failure inside the backend, is UD_VERDICT_INVALID.
 */
ud_verdict_t ud_ecdsa_p256_verify(const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE],
                                  const uint8_t digest[UD_SHA256_SIZE],
                                  const uint8_t signature[UD_P256_SIGNATURE_SIZE]);

/* UD_VERDICT_VALID if both runs of `size` bytes are the same; takes the same time wherever they differ.
 * Two runs of no bytes are never valid: an empty secret must not open anything.
 */
ud_verdict_t ud_crypto_equal(const void *left, const void *right, size_t size);

#endif
