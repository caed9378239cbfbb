/* Encrypted images: ECIES over P-256 wraps an AES key, AES in counter mode the payload (MCUboot's TLV 0x32).
 *
 *   TLV     ephemeral public key (65: 04, x, y) | tag (32) | wrapped image key (16 or 32)
 *   secret  ECDH(decryption key, ephemeral public key)
 *   keys    HKDF-SHA-256(secret, info "MCUBoot_ECIES_v1"): AES key (as long as the image key), HMAC key (32)
 *   tag     HMAC-SHA-256(HMAC key, wrapped image key); then the image key is unwrapped by AES-CTR from block 0
 *   payload AES-CTR with the image key; block n of the payload has counter n
 *
 * Header and TLVs stay in the clear; the image hash is over the plain text, so verifying means decrypting. A wrong or
 * damaged key shows in the tag, before anything is decrypted. The image key is in RAM only for as long as it is needed:
 * whoever resumes an install unwraps it again.
 * A product that takes no encrypted images does not link this. Stack: 1 KB beside the crypto backend's.
 */
#ifndef UD_IMAGE_ENCRYPTED_H
#define UD_IMAGE_ENCRYPTED_H

#include "core/crypto/crypto.h"
#include "core/image/image.h"

/* Unwraps the key of an encrypted image, whose source gives it as it is. `aes` is secret: overwrite it with
 * ud_image_wipe() when it is no longer needed; written only on success.
 * Errors: UD_ERR_UNSUPPORTED (wrapped in another way), UD_ERR_IMAGE_FORMAT (not encrypted, or flag and wrapped key
 * disagree), UD_ERR_IMAGE_WRAPPED_KEY (made for another key, or changed), those of the source's read.
 */
UD_MUST_USE ud_err_t ud_image_unwrap_key(const ud_image_source_t *source, const ud_image_info_t *info,
                                         const uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE], ud_aes_t *aes);

/* Encrypts or decrypts, which is the same, in place what of `size` bytes at `offset` of the image is payload. Any offset,
 * any size, in any order.
 */
void ud_image_crypt(const ud_aes_t *aes, const ud_image_info_t *info, uint32_t offset, void *data, size_t size);

/* An encrypted image as plain text: the context of ud_image_source_decrypting(). All three stay the caller's. */
typedef struct {
    const ud_image_source_t *source; /* of the image as it is */
    const ud_image_info_t *info;
    const ud_aes_t *aes;
} ud_image_plain_t;

/* A source of the plain text; `plain` must outlive it. */
ud_image_source_t ud_image_source_decrypting(ud_image_plain_t *plain);

/* As ud_image_verify(), but encrypted images are judged too, with the key that decrypts them. Reasons: also those of
 * ud_image_unwrap_key(), and never UD_ERR_IMAGE_ENCRYPTED.
 */
ud_verdict_t ud_image_verify_encrypted(const ud_image_source_t *source, uint32_t area_size,
                                       const uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE], const ud_trust_t *trust,
                                       ud_image_info_t *info, ud_err_t *reason);

/* Overwrites secrets; not optimised away. */
void ud_image_wipe(void *data, size_t size);

/* ---- the format, for whoever makes such images --------------------------------------------------------------------- */

#define UD_ECIES_POINT_SIZE (1 + UD_P256_PUBLIC_KEY_SIZE)
#define UD_ECIES_TAG_SIZE UD_SHA256_SIZE
#define UD_ECIES_KEY_SIZE_MAX 32
#define UD_ECIES_SIZE(key_size) (UD_ECIES_POINT_SIZE + UD_ECIES_TAG_SIZE + (key_size))
#define UD_ECIES_SIZE_MAX UD_ECIES_SIZE(UD_ECIES_KEY_SIZE_MAX)

/* Turns the image key of `key_size` bytes (16 or 32) at `key` into its wrapped form, and computes the tag over that, from the
 * secret of ECDH.
 */
void ud_ecies_wrap(const uint8_t secret[UD_P256_SECRET_SIZE], uint8_t *key, size_t key_size,
                   uint8_t tag[UD_ECIES_TAG_SIZE]);

#endif
