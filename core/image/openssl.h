/* What making and judging images takes from OpenSSL alone: hashes of every kind, randomness. Hosts only; not for anybody
 * outside core/image.
 */
#ifndef UD_IMAGE_OPENSSL_H
#define UD_IMAGE_OPENSSL_H

#include "core/image/encrypted.h"

#define UD_HOST_DIGEST_SIZE_MAX UD_SHA512_SIZE

/* The digest of one run of bytes by the kind of hash that a TLV holds, and its size in bytes.
 * Errors: UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_host_digest(uint16_t hash_tlv, const void *data, size_t size,
                                    uint8_t digest[UD_HOST_DIGEST_SIZE_MAX], size_t *digest_size);

/* Draws an image key of `key_size` bytes and wraps it for whoever has the private half of `public_key`: `wrapped` is the
 * value of the TLV, UD_ECIES_SIZE(key_size) bytes. The key is secret: wipe it. Errors: UD_ERR_INTERNAL, UD_ERR_KEY_FORMAT
 * (no point of the curve).
 */
UD_MUST_USE ud_err_t ud_host_wrap_key(const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE], size_t key_size,
                                      uint8_t key[UD_ECIES_KEY_SIZE_MAX], uint8_t wrapped[UD_ECIES_SIZE_MAX]);

#endif
