#define OPENSSL_API_COMPAT 0x10101000L
#include "tests/powercut/memo.h"

#include "core/crypto/crypto.h"

#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>

/* ---- answers ---------------------------------------------------------------------------------------------------------- */

/* More than one program meets; when they are used up, the oldest goes. */
#define ANSWER_COUNT 64

#define QUESTION_SIZE_MAX (UD_P256_PUBLIC_KEY_SIZE + UD_SHA256_SIZE + UD_P256_SIGNATURE_SIZE)

typedef struct {
    size_t size; /* 0: not used yet */
    uint8_t question[QUESTION_SIZE_MAX];
    ud_verdict_t verdict;
    uint8_t secret[UD_P256_SECRET_SIZE]; /* of ud_ecdh_p256() */
} answer_t;

typedef struct {
    answer_t answers[ANSWER_COUNT];
    size_t next;
} memo_t;

/* The kept answer to a question; without one, the place where to keep it. */
static answer_t *recall(memo_t *memo, const uint8_t *question, size_t size, bool *known)
{
    for (size_t index = 0; index < ANSWER_COUNT; index++) {
        answer_t *old = &memo->answers[index];
        if (old->size == size && memcmp(old->question, question, size) == 0) {
            *known = true;
            return old;
        }
    }
    answer_t *made = &memo->answers[memo->next];
    memo->next = (memo->next + 1) % ANSWER_COUNT;
    made->size = size;
    memcpy(made->question, question, size);
    *known = false;
    return made;
}

ud_verdict_t __real_ud_ecdsa_p256_verify(const uint8_t *public_key, const uint8_t *digest, const uint8_t *signature);
ud_verdict_t __wrap_ud_ecdsa_p256_verify(const uint8_t *public_key, const uint8_t *digest, const uint8_t *signature);

ud_verdict_t __wrap_ud_ecdsa_p256_verify(const uint8_t *public_key, const uint8_t *digest, const uint8_t *signature)
{
    static memo_t memo;
    uint8_t question[UD_P256_PUBLIC_KEY_SIZE + UD_SHA256_SIZE + UD_P256_SIGNATURE_SIZE];
    bool known;
    memcpy(question, public_key, UD_P256_PUBLIC_KEY_SIZE);
    memcpy(question + UD_P256_PUBLIC_KEY_SIZE, digest, UD_SHA256_SIZE);
    memcpy(question + UD_P256_PUBLIC_KEY_SIZE + UD_SHA256_SIZE, signature, UD_P256_SIGNATURE_SIZE);
    answer_t *answer = recall(&memo, question, sizeof question, &known);
    if (!known) {
        answer->verdict = __real_ud_ecdsa_p256_verify(public_key, digest, signature);
    }
    return answer->verdict;
}

ud_verdict_t __real_ud_ecdh_p256(const uint8_t *private_key, const uint8_t *public_key, uint8_t *secret);
ud_verdict_t __wrap_ud_ecdh_p256(const uint8_t *private_key, const uint8_t *public_key, uint8_t *secret);

ud_verdict_t __wrap_ud_ecdh_p256(const uint8_t *private_key, const uint8_t *public_key, uint8_t *secret)
{
    static memo_t memo;
    uint8_t question[UD_P256_PRIVATE_KEY_SIZE + UD_P256_PUBLIC_KEY_SIZE];
    bool known;
    memcpy(question, private_key, UD_P256_PRIVATE_KEY_SIZE);
    memcpy(question + UD_P256_PRIVATE_KEY_SIZE, public_key, UD_P256_PUBLIC_KEY_SIZE);
    answer_t *answer = recall(&memo, question, sizeof question, &known);
    if (!known) {
        answer->verdict = __real_ud_ecdh_p256(private_key, public_key, answer->secret);
    }
    if (answer->verdict == UD_VERDICT_VALID) {
        memcpy(secret, answer->secret, sizeof answer->secret);
    }
    return answer->verdict;
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
