/* AES by BearSSL's small implementation: bytes and the table of S, encryption only. */
#include "core/base/assert.h"
#include "core/crypto/crypto.h"

#include <inner.h>

typedef struct {
    uint32_t keys[60]; /* 15 of 4 words at most */
    unsigned rounds;
} context_t;

_Static_assert(sizeof(context_t) <= sizeof(ud_aes_t), "the caller's key holds this one");

void ud_aes_init(ud_aes_t *aes, const uint8_t *key, size_t key_size)
{
    context_t *context = (context_t *)aes;
    UD_ASSERT(key_size == 16 || key_size == 32);
    context->rounds = br_aes_keysched(context->keys, key, key_size);
}

void ud_aes_encrypt(const ud_aes_t *aes, uint8_t block[UD_AES_BLOCK_SIZE])
{
    const context_t *context = (const context_t *)aes;
    br_aes_small_encrypt(context->rounds, context->keys, block);
}
