/* Keys in PEM files: made, read, written and used for signing. Hosts only; uses the heap and OpenSSL.
 *
 * Only ECDSA P-256 keys are taken: what the facade verifies and what MCUboot calls EC256. Private keys are read as
 * PKCS#8 or SEC 1 and written as PKCS#8, public keys are SPKI; imgtool reads and writes the same files.
 * Files are the caller's matter: these functions see the text of a file.
 */
#ifndef UD_CRYPTO_KEY_H
#define UD_CRYPTO_KEY_H

#include "core/base/err.h"
#include "core/base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of PEM text that are looked at; a P-256 key has 178 to 300, comments before it included. */
#define UD_KEY_PEM_SIZE_MAX 16384

/* Characters, with the end, of the account of what a refused file holds. */
#define UD_KEY_FOUND_SIZE 96

typedef struct ud_key ud_key_t;

/* Draws a new key pair from the system's randomness. The caller destroys it. Errors: UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_key_generate(ud_key_t **key);

/* Reads the first key in `size` bytes of PEM text, private or public. The caller destroys it.
 * `found` (UD_KEY_FOUND_SIZE characters, or NULL) receives, on UD_ERR_KEY_FORMAT only, what is there instead, to be put
 * behind "found": "a key of type RSA, 2048 bits", "an encrypted private key", "no PEM block". Nothing in it comes from the
 * text itself.
 */
UD_MUST_USE ud_err_t ud_key_read_pem(const char *pem, size_t size, ud_key_t **key, char *found);

/* Wipes and frees; NULL is harmless. */
void ud_key_destroy(ud_key_t *key);

/* True if the key can sign. */
bool ud_key_is_private(const ud_key_t *key);

/* The public point, x then y. */
void ud_key_public(const ud_key_t *key, uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE]);

/* Signs a digest; `signature` is r then s. Errors: UD_ERR_KEY_FORMAT (a public key only), UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_key_sign(const ud_key_t *key, const uint8_t digest[UD_SHA256_SIZE],
                                 uint8_t signature[UD_P256_SIGNATURE_SIZE]);

/* Writes the private key as PKCS#8 PEM, not encrypted, with a NUL behind; `size` is without the NUL.
 * Errors: UD_ERR_KEY_FORMAT (a public key only), UD_ERR_BUFFER_TOO_SMALL, UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_key_write_private_pem(const ud_key_t *key, char *pem, size_t capacity, size_t *size);

/* Writes the public key as SPKI PEM, with a NUL behind; `size` is without the NUL.
 * Errors: UD_ERR_BUFFER_TOO_SMALL, UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_key_write_public_pem(const ud_key_t *key, char *pem, size_t capacity, size_t *size);

#endif
