/* The crypto facade: what every program computes, whoever computes it.
 *
 * Two layers. The primitives marked "backend" are computed by the files that a product links: openssl.c on a host, the
 * MCU's own or its hardware engine on a device. All else is ours, one file each, the same everywhere, and stands on the
 * primitives alone: hkdf.c (HMAC, HKDF), rsa_pss.c, ed25519.c, aes_ctr.c, equal.c. What a product does not call is not
 * linked.
 * No heap in any signature here, contexts belong to the caller, may be copied, and hold no pointers; nothing blocks.
 * Keys and signatures are raw and big-endian: no DER, no PEM behind this door (those are core/image/der.h and, on hosts,
 * core/crypto/key.h).
 * RAM: ud_sha256_t 112 bytes, ud_sha512_t 216, ud_aes_t 248; a verification needs 1 to 2 KB of stack in the MCU backends.
 */
#ifndef UD_CRYPTO_CRYPTO_H
#define UD_CRYPTO_CRYPTO_H

#include "core/base/limits.h"
#include "core/base/verdict.h"

#include <stddef.h>
#include <stdint.h>

/* ---- SHA-256 (FIPS 180-4), backend ------------------------------------------------------------------------------ */

/* A hash in progress. Opaque; sized for the largest backend, which asserts that it fits. */
typedef struct {
    uint64_t words[14];
} ud_sha256_t;

/* Begins a hash; also begins anew with a context that was used before. */
void ud_sha256_init(ud_sha256_t *hash);

/* Adds `size` bytes. A copy of the context taken here can be finished on its own. */
void ud_sha256_update(ud_sha256_t *hash, const void *data, size_t size);

/* Writes the digest; the context must be begun anew before it is used again. */
void ud_sha256_final(ud_sha256_t *hash, uint8_t digest[UD_SHA256_SIZE]);

/* The digest of one run of bytes. */
void ud_sha256(const void *data, size_t size, uint8_t digest[UD_SHA256_SIZE]);

/* ---- SHA-512 (FIPS 180-4), backend; for Ed25519 only ------------------------------------------------------------ */

/* A hash in progress, as ud_sha256_t. */
typedef struct {
    uint64_t words[27];
} ud_sha512_t;

/* As their namesakes of SHA-256. */
void ud_sha512_init(ud_sha512_t *hash);
void ud_sha512_update(ud_sha512_t *hash, const void *data, size_t size);
void ud_sha512_final(ud_sha512_t *hash, uint8_t digest[UD_SHA512_SIZE]);

/* ---- verdicts --------------------------------------------------------------------------------------------------- */

/* ECDSA over P-256 (FIPS 186-5), backend. `public_key` is x then y, `signature` r then s, each 32 bytes big-endian;
 * `digest` is signed as it is. UD_VERDICT_VALID only if the key is a point of the curve and the signature is good;
 * everything else, including r or s of zero or not below the order and a failure inside the backend, is
 * UD_VERDICT_INVALID. The twin of a signature (s replaced by the order less s) is valid, too: nothing that is signed is
 * known by its signature.
 */
ud_verdict_t ud_ecdsa_p256_verify(const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE],
                                  const uint8_t digest[UD_SHA256_SIZE],
                                  const uint8_t signature[UD_P256_SIGNATURE_SIZE]);

/* Ed25519 (RFC 8032, 5.1.7) without its hash, which the caller computes with ud_sha512 so that a message of any length
 * streams: `challenge` is SHA-512 of the signature's first 32 bytes, the public key and the message, in that order.
 * Strict: INVALID for S not below the order, for a key or an R that is not the one encoding of its point, for a key that
 * is no point, and for a key or an R of small order, with which a signature would not depend on the message. Decided by
 * the equation without cofactor. Variable time: nothing here is secret. Less than 1.5 KB of stack.
 */
ud_verdict_t ud_ed25519_verify(const uint8_t public_key[UD_ED25519_PUBLIC_KEY_SIZE],
                               const uint8_t signature[UD_ED25519_SIGNATURE_SIZE],
                               const uint8_t challenge[UD_SHA512_SIZE]);

/* RSASSA-PSS (RFC 8017, 8.1.2) with SHA-256, MGF1 with SHA-256, a salt of 32 bytes and the trailer BC. `modulus` and
 * `signature` have `modulus_size` bytes, UD_RSA_2048_SIZE or UD_RSA_3072_SIZE, the modulus with its highest bit set.
 * INVALID for any other size, an even modulus or exponent, an exponent below 3, and a signature not below the modulus.
 */
ud_verdict_t ud_rsa_pss_verify(const uint8_t *modulus, size_t modulus_size, uint32_t exponent,
                               const uint8_t digest[UD_SHA256_SIZE], const uint8_t *signature);

/* The public operation of RSA, backend: replaces `number` by its power `exponent` modulo `modulus`; all have
 * `modulus_size` bytes big-endian. VALID if it was computed; INVALID, with `number` of no meaning, if it is not below the
 * modulus or the backend failed. Called by ud_rsa_pss_verify() only, which checks the key.
 */
ud_verdict_t ud_rsa_public(const uint8_t *modulus, size_t modulus_size, uint32_t exponent, uint8_t *number);

/* UD_VERDICT_VALID if both runs of `size` bytes are the same; takes the same time wherever they differ.
 * Two runs of no bytes are never valid: an empty secret must not open anything. Nor is a run beside itself: who compares
 * something has it twice.
 */
ud_verdict_t ud_crypto_equal(const void *left, const void *right, size_t size);

/* ---- encrypted images ------------------------------------------------------------------------------------------- */

/* ECDH over P-256 (SP 800-56A, 5.7.1.2), backend: `secret` becomes the x coordinate of the public point times the private
 * number. INVALID, with nothing written, if the point is not on the curve or the number is zero or not below the order.
 */
ud_verdict_t ud_ecdh_p256(const uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE],
                          const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE], uint8_t secret[UD_P256_SECRET_SIZE]);

/* HMAC-SHA-256 (RFC 2104) of one run of bytes. Compare tags with ud_crypto_equal(). */
void ud_hmac_sha256(const uint8_t *key, size_t key_size, const void *data, size_t size, uint8_t tag[UD_SHA256_SIZE]);

/* HKDF-SHA-256 (RFC 5869) without salt: `out_size` bytes, at most 255 * 32, from a secret and what it is for. */
void ud_hkdf_sha256(const uint8_t *secret, size_t secret_size, const uint8_t *info, size_t info_size, uint8_t *out,
                    size_t out_size);

/* An AES key (FIPS 197) made ready. Opaque; sized for the largest backend, which asserts that it fits. Secret: overwrite
 * it when it is no longer needed.
 */
typedef struct {
    uint64_t words[31];
} ud_aes_t;

/* Backend. `key_size` is 16 or 32; anything else is a programmer's fault. */
void ud_aes_init(ud_aes_t *aes, const uint8_t *key, size_t key_size);

/* Backend: encrypts one block in place. */
void ud_aes_encrypt(const ud_aes_t *aes, uint8_t block[UD_AES_BLOCK_SIZE]);

/* CTR mode (SP 800-38A) with the counter of MCUboot's images: 16 bytes, all zero but the last four, which are the number of
 * the block, big-endian. XORs `data` with the stream from its byte `offset` on: encrypts and decrypts, in place, any piece of
 * a payload in any order.
 */
void ud_aes_ctr(const ud_aes_t *aes, uint32_t offset, void *data, size_t size);

#endif
