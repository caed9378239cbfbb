/* What the Ed25519 schemes share; not for anybody else. */
#ifndef UD_IMAGE_SCHEME_ED25519_H
#define UD_IMAGE_SCHEME_ED25519_H

#include "core/crypto/crypto.h"
#include "core/image/image.h"

/* Begins the hash that Ed25519 signs: of the signature's first half and the public key. The message follows. */
void ud_scheme_ed25519_begin(ud_sha512_t *hash, const uint8_t *public_key, const uint8_t *signature);

/* A verify: the digest is the message. */
ud_verdict_t ud_scheme_ed25519_verify(const uint8_t *public_key, const uint8_t digest[UD_SHA256_SIZE],
                                      const uint8_t *signature);

#endif
