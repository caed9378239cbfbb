#define OPENSSL_API_COMPAT 0x10101000L
#include "tests/powercut/memo.h"

#include "core/crypto/crypto.h"

#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>

/* ---- verdicts --------------------------------------------------------------------------------------------------------- */

/* More than one program meets; when they are used up, the oldest goes. */
#define VERDICT_COUNT 64

typedef struct {
    bool known;
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
    uint8_t digest[UD_SHA256_SIZE];
    uint8_t signature[UD_P256_SIGNATURE_SIZE];
    ud_verdict_t verdict;
} verdict_t;

ud_verdict_t __real_ud_ecdsa_p256_verify(const uint8_t *public_key, const uint8_t *digest, const uint8_t *signature);
ud_verdict_t __wrap_ud_ecdsa_p256_verify(const uint8_t *public_key, const uint8_t *digest, const uint8_t *signature);

ud_verdict_t __wrap_ud_ecdsa_p256_verify(const uint8_t *public_key, const uint8_t *digest, const uint8_t *signature)
{
    static verdict_t verdicts[VERDICT_COUNT];
    static size_t next;
    for (size_t index = 0; index < VERDICT_COUNT; index++) {
        const verdict_t *old = &verdicts[index];
        if (old->known && memcmp(old->digest, digest, sizeof old->digest) == 0 &&
            memcmp(old->public_key, public_key, sizeof old->public_key) == 0 &&
            memcmp(old->signature, signature, sizeof old->signature) == 0) {
            return old->verdict;
        }
    }
    verdict_t *made = &verdicts[next];
    next = (next + 1) % VERDICT_COUNT;
    made->known = true;
    memcpy(made->public_key, public_key, sizeof made->public_key);
    memcpy(made->digest, digest, sizeof made->digest);
    memcpy(made->signature, signature, sizeof made->signature);
    made->verdict = __real_ud_ecdsa_p256_verify(public_key, digest, signature);
    return made->verdict;
}

/* ---- chance ----------------------------------------------------------------------------------------------------------- */

static int draw(unsigned char *data, int size)
{
    static uint64_t state = 1;
    for (int index = 0; index < size; index++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        data[index] = (unsigned char)(state >> 32);
    }
    return 1;
}

static int is_ready(void)
{
    return 1;
}

void powercut_be_repeatable(void)
{
    static const RAND_METHOD method = {.bytes = draw, .pseudorand = draw, .status = is_ready};
    RAND_set_rand_method(&method);
}
