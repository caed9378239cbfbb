/* Our PSS check against signatures that OpenSSL makes, of all the lengths of salts it offers. */
#include "core/crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#define SIGNATURES 50

typedef struct {
    EVP_PKEY *key;
    uint8_t modulus[UD_RSA_3072_SIZE];
    size_t size;
} signer_t;

static signer_t signers[2];

static int make_keys(void **state)
{
    static const size_t sizes[] = {UD_RSA_2048_SIZE, UD_RSA_3072_SIZE};
    (void)state;
    for (size_t index = 0; index < sizeof sizes / sizeof sizes[0]; index++) {
        BIGNUM *modulus = NULL;
        signers[index].size = sizes[index];
        signers[index].key = EVP_RSA_gen((unsigned)sizes[index] * 8);
        if (EVP_PKEY_get_bn_param(signers[index].key, OSSL_PKEY_PARAM_RSA_N, &modulus) != 1) {
            return 1;
        }
        BN_bn2binpad(modulus, signers[index].modulus, (int)sizes[index]);
        BN_free(modulus);
    }
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    EVP_PKEY_free(signers[0].key);
    EVP_PKEY_free(signers[1].key);
    return 0;
}

static void sign(const signer_t *signer, const uint8_t digest[UD_SHA256_SIZE], int salt_size, const EVP_MD *mask,
                 uint8_t *signature)
{
    size_t size = signer->size;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(signer->key, NULL);
    assert_int_equal(EVP_PKEY_sign_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(context, mask), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_size), 1);
    assert_int_equal(EVP_PKEY_sign(context, signature, &size, digest, UD_SHA256_SIZE), 1);
    EVP_PKEY_CTX_free(context);
}

static ud_verdict_t judge(const signer_t *signer, const uint8_t digest[UD_SHA256_SIZE], const uint8_t *signature)
{
    return ud_rsa_pss_verify(signer->modulus, signer->size, 65537, digest, signature);
}

static void a_digest_of(unsigned number, uint8_t digest[UD_SHA256_SIZE])
{
    ud_sha256(&number, sizeof number, digest);
}

static void what_openssl_signs_is_valid_and_a_flipped_bit_is_not(void **state)
{
    (void)state;
    for (unsigned number = 0; number < SIGNATURES; number++) {
        const signer_t *signer = &signers[number % 2];
        uint8_t digest[UD_SHA256_SIZE];
        uint8_t signature[UD_RSA_3072_SIZE];
        a_digest_of(number, digest);
        sign(signer, digest, UD_SHA256_SIZE, EVP_sha256(), signature);
        assert_int_equal(judge(signer, digest, signature), UD_VERDICT_VALID);
        size_t bit = number * 8 * signer->size / SIGNATURES;
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(judge(signer, digest, signature), UD_VERDICT_INVALID);
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        digest[number % UD_SHA256_SIZE] ^= 1;
        assert_int_equal(judge(signer, digest, signature), UD_VERDICT_INVALID);
    }
}

static void another_salt_size_or_mask_is_invalid(void **state)
{
    static const int salt_sizes[] = {0, 1, 20, 31, 33, 64, RSA_PSS_SALTLEN_MAX};
    uint8_t digest[UD_SHA256_SIZE];
    uint8_t signature[UD_RSA_3072_SIZE];
    (void)state;
    a_digest_of(0, digest);
    for (size_t index = 0; index < sizeof salt_sizes / sizeof salt_sizes[0]; index++) {
        sign(&signers[0], digest, salt_sizes[index], EVP_sha256(), signature);
        assert_int_equal(judge(&signers[0], digest, signature), UD_VERDICT_INVALID);
    }
    sign(&signers[0], digest, UD_SHA256_SIZE, EVP_sha1(), signature);
    assert_int_equal(judge(&signers[0], digest, signature), UD_VERDICT_INVALID);
}

static void a_signature_under_another_size_is_invalid(void **state)
{
    uint8_t digest[UD_SHA256_SIZE];
    uint8_t signature[UD_RSA_3072_SIZE] = {0};
    (void)state;
    a_digest_of(0, digest);
    sign(&signers[0], digest, UD_SHA256_SIZE, EVP_sha256(), signature);
    for (size_t size = 0; size <= 2 * sizeof signature; size++) {
        ud_verdict_t expected = size == UD_RSA_2048_SIZE ? UD_VERDICT_VALID : UD_VERDICT_INVALID;
        assert_int_equal(ud_rsa_pss_verify(signers[0].modulus, size, 65537, digest, signature), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_openssl_signs_is_valid_and_a_flipped_bit_is_not),
        cmocka_unit_test(another_salt_size_or_mask_is_invalid),
        cmocka_unit_test(a_signature_under_another_size_is_invalid),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
