/* Signature schemes: what a product verifies is what its keys name, and only that is linked.
 *
 * A scheme is one constant, in a file of its own (core/image/scheme_*.c). A trusted key (core/image/image.h) points at its
 * scheme, so an image is judged by the scheme of the key that it names, never by what the image says of itself.
 *
 *   scheme                 signature TLV  hash TLV  public key                              raw signature
 *   ud_scheme_ecdsa_p256   0x22, in DER   SHA-256   x, y (64 bytes)                         r, s (64)
 *   ud_scheme_rsa_2048     0x20           SHA-256   modulus (256), exponent (4)             256
 *   ud_scheme_rsa_3072     0x23           SHA-256   modulus (384), exponent (4)             384
 *   ud_scheme_ed25519      0x24           SHA-256   as in RFC 8032 (32)                     64, over the image hash
 *   ud_scheme_ed25519_pure 0x24 and 0x25  SHA-512   as in RFC 8032 (32)                     64, over the content itself
 *
 * All numbers big-endian, but Ed25519's. RSA is PSS with SHA-256 and a salt of 32 bytes. Raw signatures are what offers and
 * descriptors carry: always over a SHA-256 digest, with ud_scheme_ed25519_pure too.
 */
#ifndef UD_IMAGE_SCHEME_H
#define UD_IMAGE_SCHEME_H

#include "core/base/limits.h"
#include "core/base/verdict.h"
#include "core/image/source.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the longest public key of any scheme. */
#define UD_PUBLIC_KEY_SIZE_MAX (UD_RSA_3072_SIZE + 4)

/* A raw signature of any scheme. */
typedef struct {
    uint16_t size; /* bytes: UD_P256_SIGNATURE_SIZE, UD_RSA_2048_SIZE or UD_RSA_3072_SIZE; 0: none */
    uint8_t data[UD_SIGNATURE_SIZE_MAX];
} ud_signature_t;

/* A raw public key of any scheme. */
typedef struct {
    uint16_t size; /* bytes, as the scheme has it */
    uint8_t data[UD_PUBLIC_KEY_SIZE_MAX];
} ud_public_key_t;

/* True for the sizes that raw signatures have. */
static inline bool ud_signature_size_is_known(size_t size)
{
    return size == UD_P256_SIGNATURE_SIZE || size == UD_RSA_2048_SIZE || size == UD_RSA_3072_SIZE;
}

struct ud_image_info;
struct ud_trusted_key;

typedef struct ud_image_scheme {
    uint16_t signature_tlv;   /* type of the TLV that holds an image's signature */
    uint16_t hash_tlv;        /* type of the TLV that holds its hash */
    bool pure;                /* the image says by another TLV that the content itself was signed */
    uint16_t public_key_size; /* bytes */
    uint16_t signature_size;  /* bytes of a raw signature */

    /* Judges a raw signature of signature_size bytes over a digest. */
    ud_verdict_t (*verify)(const uint8_t *public_key, const uint8_t digest[UD_SHA256_SIZE], const uint8_t *signature);

    /* Judges an image that parses and carries this scheme's TLVs: does it name this key, hash over the content that
     * `source` gives in plain text, signature. `*reason`: why not; UD_ERR_IMAGE_KEY_UNKNOWN only if the image names another
     * key; of no meaning when the verdict is UD_VERDICT_VALID. Then info->key_hash is the key's.
     */
    ud_verdict_t (*verify_image)(const ud_image_source_t *source, struct ud_image_info *info,
                                 const struct ud_trusted_key *key, ud_err_t *reason);
} ud_image_scheme_t;

extern const ud_image_scheme_t ud_scheme_ecdsa_p256;
extern const ud_image_scheme_t ud_scheme_rsa_2048;
extern const ud_image_scheme_t ud_scheme_rsa_3072;
extern const ud_image_scheme_t ud_scheme_ed25519;
extern const ud_image_scheme_t ud_scheme_ed25519_pure;

/* For the files of schemes (in verify.c): compares the key's name, hashes the content, compares with the hash TLV, and has
 * key->scheme->verify judge the raw signature over the digest that was computed.
 */
ud_verdict_t ud_scheme_verify_raw(const ud_image_source_t *source, const struct ud_image_info *info,
                                  const struct ud_trusted_key *key, const uint8_t *signature, ud_err_t *reason);

/* The same, for schemes whose TLV is the raw signature (in scheme_raw.c): a verify_image. */
ud_verdict_t ud_scheme_verify_hashed(const ud_image_source_t *source, struct ud_image_info *info,
                                     const struct ud_trusted_key *key, ud_err_t *reason);

#endif
