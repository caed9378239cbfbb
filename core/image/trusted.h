/* Trusted keys made at run time, and the schemes that only hosts have. Hosts only; devices have constant tables.
 *
 *   scheme                    signature TLV  hash TLV  public key      raw signature
 *   ud_scheme_ecdsa_p384      0x22, in DER   SHA-384   x, y (96 bytes) the DER (up to 104), over the image hash
 *   ud_scheme_ed25519_sha512  0x24           SHA-512   as in RFC 8032  64, over the image hash
 */
#ifndef UD_IMAGE_TRUSTED_H
#define UD_IMAGE_TRUSTED_H

#include "core/image/image.h"

extern const ud_image_scheme_t ud_scheme_ecdsa_p384;
extern const ud_image_scheme_t ud_scheme_ed25519_sha512;

#define UD_P384_PUBLIC_KEY_SIZE 96

/* Every scheme there is; those that devices have come first. */
#define UD_SCHEME_COUNT 7
#define UD_SCHEME_DEVICE_COUNT 5
extern const ud_image_scheme_t *const ud_schemes[UD_SCHEME_COUNT];

/* "ecdsa-p256", "ed25519-pure", ... */
const char *ud_scheme_name(const ud_image_scheme_t *scheme);

/* The scheme by which an image says that it is signed; NULL if it is not signed, or by none of them. */
const ud_image_scheme_t *ud_scheme_of(const ud_image_info_t *info);

/* Bytes of the longest public key in DER. */
#define UD_PUBLIC_KEY_DER_SIZE_MAX 400

/* Writes the public key in the form that images name by its hash, and returns its size: SubjectPublicKeyInfo, of RSA
 * RSAPublicKey (PKCS#1).
 */
size_t ud_public_key_der(const ud_image_scheme_t *scheme, const uint8_t *public_key,
                         uint8_t der[UD_PUBLIC_KEY_DER_SIZE_MAX]);

/* Fills in a trusted key. `public_key` (scheme->public_key_size bytes) is not copied: it must outlive the key. The key hash
 * is SHA-256 of ud_public_key_der(), which `imgtool getpubhash` prints; it names the key in offers, revocations and lists
 * whatever hash the scheme's images use.
 */
void ud_trusted_key_init(ud_trusted_key_t *key, const ud_image_scheme_t *scheme, const uint8_t *public_key);

/* As ud_image_parse(), and stricter by what decides nothing on a device, which compares a hardware id with its own: it must be
 * text (core/base/utf8.h) from its first byte to its last. Errors: those of ud_image_parse().
 */
UD_MUST_USE ud_err_t ud_image_read(const ud_image_source_t *source, uint32_t area_size, ud_image_info_t *info);

/* Reads the image's signature in raw form: at most UD_SIGNATURE_SIZE_MAX bytes, `*size` of them.
 * Errors: UD_ERR_IMAGE_UNSIGNED (none, or of no scheme), UD_ERR_IMAGE_SIGNATURE (not DER where it must be), those of the
 * source's read.
 */
UD_MUST_USE ud_err_t ud_image_signature(const ud_image_source_t *source, const ud_image_info_t *info,
                                        uint8_t signature[UD_SIGNATURE_SIZE_MAX], size_t *size);

/* Whether the content has the image hash, of whatever kind: what can be said without a key. `source` gives plain text.
 * Errors: UD_ERR_IMAGE_HASH, those of the source's read.
 */
UD_MUST_USE ud_err_t ud_image_check_hash(const ud_image_source_t *source, const ud_image_info_t *info);

#endif
