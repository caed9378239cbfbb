/* Keys in PEM files: made, read, written and used for signing. Hosts only; uses the heap and OpenSSL.
 *
 * The kinds are those that imgtool signs with. Private keys are read as PKCS#8, SEC 1 (EC) or PKCS#1 (RSA) and written as
 * PKCS#8, public keys are SPKI; imgtool reads and writes the same files. Files are the caller's matter: these functions
 * see the text of a file.
 */
#ifndef UD_CRYPTO_KEY_H
#define UD_CRYPTO_KEY_H

#include "core/base/err.h"
#include "core/base/limits.h"
#include "core/base/verdict.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of PEM text that are looked at; an RSA-3072 key has 2500, comments before it included. */
#define UD_KEY_PEM_SIZE_MAX 16384

/* Bytes of PEM text that is written, with its end: an encrypted RSA-3072 key has 2660. */
#define UD_KEY_PEM_WRITTEN_SIZE_MAX 4096

/* Characters, with the end, of the account of what a refused file holds. */
#define UD_KEY_FOUND_SIZE 96

/* Bytes of the longest public key, raw: RSA-3072's. */
#define UD_KEY_RAW_SIZE_MAX (UD_RSA_3072_SIZE + 4)

/* Bytes of the longest signature. */
#define UD_KEY_SIGNATURE_SIZE_MAX UD_RSA_3072_SIZE

typedef enum {
    UD_KEY_ECDSA_P256,
    UD_KEY_ECDSA_P384, /* hosts only: there is no scheme for devices */
    UD_KEY_RSA_2048,
    UD_KEY_RSA_3072,
    UD_KEY_ED25519,
    UD_KEY_KIND_COUNT,
} ud_key_kind_t;

/* imgtool's name of a kind, "ecdsa-p256", and how people write it, "ECDSA P-256". */
const char *ud_key_kind_name(ud_key_kind_t kind);
const char *ud_key_kind_title(ud_key_kind_t kind);

/* The kind of that name. Errors: UD_ERR_NOT_FOUND. */
UD_MUST_USE ud_err_t ud_key_kind_find(const char *name, ud_key_kind_t *kind);

typedef struct ud_key ud_key_t;

/* ---- making, reading, writing ----------------------------------------------------------------------------------- */

/* Draws a new ECDSA P-256 key pair from the system's randomness. The caller destroys it. Errors: UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_key_generate(ud_key_t **key);

/* The same of any kind; RSA takes a second. */
UD_MUST_USE ud_err_t ud_key_generate_kind(ud_key_kind_t kind, ud_key_t **key);

/* Reads the first key in `size` bytes of PEM text, private or public, of any of the kinds above. The caller destroys it.
 * `found` (UD_KEY_FOUND_SIZE characters, or NULL) receives, on UD_ERR_KEY_FORMAT only, what is there instead, to be put
 * behind "found": "a key of type RSA, 1024 bits", "an encrypted private key", "no PEM block". Nothing in it comes from the
 * text itself.
 */
UD_MUST_USE ud_err_t ud_key_read_pem(const char *pem, size_t size, ud_key_t **key, char *found);

/* The same for a private key that may be encrypted; `found` may also be "a passphrase that does not fit". */
UD_MUST_USE ud_err_t ud_key_read_locked_pem(const char *pem, size_t size, const char *passphrase, ud_key_t **key,
                                            char *found);

/* True if the text holds a private key that is encrypted with a passphrase. */
bool ud_key_pem_is_locked(const char *pem, size_t size);

/* Wipes and frees; NULL is harmless. */
void ud_key_destroy(ud_key_t *key);

/* Writes the private key as PKCS#8 PEM with a NUL behind; `size` is without the NUL. With a passphrase it is encrypted
 * (PBES2, AES-256-CBC), with NULL it is not.
 * Errors: UD_ERR_KEY_FORMAT (a public key only), UD_ERR_BUFFER_TOO_SMALL, UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_key_write_private_pem(const ud_key_t *key, char *pem, size_t capacity, size_t *size);
UD_MUST_USE ud_err_t ud_key_write_locked_pem(const ud_key_t *key, const char *passphrase, char *pem, size_t capacity,
                                             size_t *size);

/* Writes the public key as SPKI PEM, with a NUL behind; `size` is without the NUL.
 * Errors: UD_ERR_BUFFER_TOO_SMALL, UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_key_write_public_pem(const ud_key_t *key, char *pem, size_t capacity, size_t *size);

/* ---- what it is ------------------------------------------------------------------------------------------------- */

/* One of the kinds above. */
ud_key_kind_t ud_key_kind(const ud_key_t *key);

/* True if the key can sign. */
bool ud_key_is_private(const ud_key_t *key);

/* The public key as bytes, in the form of core/image/scheme.h; returns how many. ECDSA: x then y. Ed25519: the 32 bytes
 * of RFC 8032. RSA: the modulus, then the exponent in 4 bytes, both big-endian.
 */
size_t ud_key_public_raw(const ud_key_t *key, uint8_t raw[UD_KEY_RAW_SIZE_MAX]);

/* ---- what it does ----------------------------------------------------------------------------------------------- */

/* Signs `message`; `signature` has place for UD_KEY_SIGNATURE_SIZE_MAX, and is what stands in an image's signature TLV.
 * ECDSA: the message is a digest, of 32 bytes for P-256 and 48 for P-384, the signature is DER. RSA: a SHA-256 digest,
 * PSS with a salt of 32 bytes. Ed25519: a message of any length.
 * Errors: UD_ERR_KEY_FORMAT (a public key only), UD_ERR_INVALID_ARGUMENT (a digest of another length), UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_key_sign_message(const ud_key_t *key, const void *message, size_t message_size,
                                         uint8_t signature[UD_KEY_SIGNATURE_SIZE_MAX], size_t *size);

/* Judges such a signature; INVALID also for a digest of another length. */
ud_verdict_t ud_key_verify_message(const ud_key_t *key, const void *message, size_t message_size,
                                   const uint8_t *signature, size_t size);

/* ---- P-256 only: asserted ---------------------------------------------------------------------------------------- */

/* The public point, x then y. */
void ud_key_public(const ud_key_t *key, uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE]);

/* The private number, for ECDH; wipe it. Errors: UD_ERR_KEY_FORMAT (a public key only). */
UD_MUST_USE ud_err_t ud_key_private(const ud_key_t *key, uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE]);

/* Signs a digest; `signature` is r then s. Errors: UD_ERR_KEY_FORMAT (a public key only), UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_key_sign(const ud_key_t *key, const uint8_t digest[UD_SHA256_SIZE],
                                 uint8_t signature[UD_P256_SIGNATURE_SIZE]);

#endif
