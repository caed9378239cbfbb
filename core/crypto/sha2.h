/* SHA-256 and SHA-512 of the backends for microcontrollers: sha256.c and sha512.c beside this count, fill blocks and pad; a
 * backend computes blocks. The layouts are those of Mbed TLS's contexts.
 */
#ifndef UD_CRYPTO_SHA2_H
#define UD_CRYPTO_SHA2_H

#include "core/crypto/crypto.h"

#define UD_SHA256_BLOCK_SIZE 64
#define UD_SHA512_BLOCK_SIZE 128

typedef struct {
    uint8_t block[UD_SHA256_BLOCK_SIZE];
    uint64_t size; /* bytes so far; those of a block that is not full are in `block` */
    uint32_t state[8];
} ud_sha256_state_t;

typedef struct {
    uint64_t size[2]; /* as above; the second is not used: no input is that long */
    uint64_t state[8];
    uint8_t block[UD_SHA512_BLOCK_SIZE];
} ud_sha512_state_t;

_Static_assert(sizeof(ud_sha256_state_t) <= sizeof(ud_sha256_t), "the caller's context holds this one");
_Static_assert(sizeof(ud_sha512_state_t) <= sizeof(ud_sha512_t), "the caller's context holds this one");

/* Backend: brings `state` on by `block`. */
void ud_sha256_take_block(ud_sha256_state_t *hash);
void ud_sha512_take_block(ud_sha512_state_t *hash);

#endif
