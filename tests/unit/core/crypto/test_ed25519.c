/* Our verifier against the standard's signatures and against OpenSSL, which wrote none of it. */
#include "core/base/hex.h"
#include "core/crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#define MESSAGE_SIZE_MAX 64
#define KEYS 1000

typedef struct {
    uint8_t public_key[UD_ED25519_PUBLIC_KEY_SIZE];
    uint8_t signature[UD_ED25519_SIGNATURE_SIZE];
    uint8_t message[MESSAGE_SIZE_MAX];
    size_t message_size;
} signed_t;

static ud_verdict_t judge(const signed_t *it)
{
    uint8_t challenge[UD_SHA512_SIZE];
    ud_sha512_t hash;
    ud_sha512_init(&hash);
    ud_sha512_update(&hash, it->signature, UD_ED25519_SIGNATURE_SIZE / 2);
    ud_sha512_update(&hash, it->public_key, sizeof it->public_key);
    ud_sha512_update(&hash, it->message, it->message_size);
    ud_sha512_final(&hash, challenge);
    return ud_ed25519_verify(it->public_key, it->signature, challenge);
}

static ud_verdict_t judge_by_openssl(const signed_t *it)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, it->public_key, sizeof it->public_key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ud_verdict_t verdict = UD_VERDICT_INVALID;
    if (key != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestVerify(context, it->signature, sizeof it->signature, it->message, it->message_size) == 1) {
        verdict = UD_VERDICT_VALID;
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return verdict;
}

/* A message and its signature by a key, all from the number alone. */
static signed_t sign(unsigned number)
{
    signed_t it = {.message_size = number % (MESSAGE_SIZE_MAX + 1)};
    uint8_t private_key[32];
    size_t size = sizeof it.public_key;
    srandom(number);
    for (size_t index = 0; index < sizeof private_key; index++) {
        private_key[index] = (uint8_t)random();
    }
    for (size_t index = 0; index < it.message_size; index++) {
        it.message[index] = (uint8_t)random();
    }
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, sizeof private_key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, it.public_key, &size), 1);
    size = sizeof it.signature;
    assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, it.signature, &size, it.message, it.message_size), 1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return it;
}

static void what_openssl_signs_is_valid(void **state)
{
    (void)state;
    for (unsigned number = 0; number < KEYS; number++) {
        signed_t it = sign(number);
        if (judge(&it) != UD_VERDICT_VALID) {
            fail_msg("key %u", number);
        }
    }
}

/* Bits of the signature, the key and the message, drawn evenly; and OpenSSL says the same of each. */
static void a_flipped_bit_is_invalid_as_openssl_says_too(void **state)
{
    (void)state;
    for (unsigned number = 0; number < KEYS; number++) {
        signed_t it = sign(number);
        size_t size = sizeof it.public_key + sizeof it.signature + it.message_size;
        size_t bit = (size_t)random() % (8 * size);
        ((uint8_t *)&it)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (judge(&it) != UD_VERDICT_INVALID || judge_by_openssl(&it) != UD_VERDICT_INVALID) {
            fail_msg("key %u, bit %zu", number, bit);
        }
    }
}

static void every_bit_of_one_signature_counts(void **state)
{
    (void)state;
    signed_t it = sign(64);
    for (size_t bit = 0; bit < 8 * offsetof(signed_t, message_size); bit++) {
        ((uint8_t *)&it)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(judge(&it), UD_VERDICT_INVALID);
        ((uint8_t *)&it)[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(judge(&it), UD_VERDICT_VALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_openssl_signs_is_valid),
        cmocka_unit_test(a_flipped_bit_is_invalid_as_openssl_says_too),
        cmocka_unit_test(every_bit_of_one_signature_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
