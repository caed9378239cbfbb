#include "core/base/hex.h"
#include "core/crypto/crypto.h"
#include "core/crypto/key.h"
#include "core/image/trusted.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define KEYS "tests/vectors/mcuboot/keys/"

typedef struct {
    char text[UD_KEY_PEM_SIZE_MAX + 2];
    size_t size;
} pem_t;

static void load(const char *path, pem_t *pem)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    pem->size = fread(pem->text, 1, sizeof pem->text, file);
    fclose(file);
}

/* Writes a key of OpenSSL's as PEM; `cipher` and `traditional` as openssl pkey -aes128 and -traditional. */
static void write_pem(EVP_PKEY *pkey, const EVP_CIPHER *cipher, bool traditional, pem_t *pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_non_null(pkey);
    int done = traditional ? PEM_write_bio_PrivateKey_traditional(bio, pkey, NULL, NULL, 0, NULL, NULL)
                           : PEM_write_bio_PKCS8PrivateKey(bio, pkey, cipher, "secret", 6, NULL, NULL);
    assert_int_equal(done, 1);
    pem->size = (size_t)BIO_read(bio, pem->text, sizeof pem->text);
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

static void assert_refused(const pem_t *pem, const char *expected)
{
    ud_key_t *key = NULL;
    char found[UD_KEY_FOUND_SIZE] = "";
    assert_int_equal(ud_key_read_pem(pem->text, pem->size, &key, found), UD_ERR_KEY_FORMAT);
    assert_null(key);
    if (strcmp(found, expected) != 0) {
        fail_msg("found '%s', expected '%s'", found, expected);
    }
}

static ud_key_t *read_key(const pem_t *pem)
{
    ud_key_t *key = NULL;
    assert_int_equal(ud_key_read_pem(pem->text, pem->size, &key, NULL), UD_OK);
    return key;
}

static void a_new_key_signs_what_its_public_half_verifies(void **state)
{
    ud_key_t *key = NULL;
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
    uint8_t digest[UD_SHA256_SIZE];
    uint8_t signature[UD_P256_SIGNATURE_SIZE];
    (void)state;
    assert_int_equal(ud_key_generate(&key), UD_OK);
    assert_true(ud_key_is_private(key));
    ud_key_public(key, public_key);
    /* often enough that r and s with leading zeros occur */
    for (unsigned round = 0; round < 600; round++) {
        ud_sha256(&round, sizeof round, digest);
        assert_int_equal(ud_key_sign(key, digest, signature), UD_OK);
        assert_int_equal(ud_ecdsa_p256_verify(public_key, digest, signature), UD_VERDICT_VALID);
    }
    ud_key_destroy(key);
}

static void two_new_keys_differ(void **state)
{
    ud_key_t *keys[2];
    uint8_t publics[2][UD_P256_PUBLIC_KEY_SIZE];
    (void)state;
    for (int index = 0; index < 2; index++) {
        assert_int_equal(ud_key_generate(&keys[index]), UD_OK);
        ud_key_public(keys[index], publics[index]);
        ud_key_destroy(keys[index]);
    }
    assert_memory_not_equal(publics[0], publics[1], sizeof publics[0]);
}

static void keys_of_imgtool_are_read_and_halves_match(void **state)
{
    pem_t pem;
    uint8_t publics[2][UD_P256_PUBLIC_KEY_SIZE];
    (void)state;
    load(KEYS "ec_a.pem", &pem);
    ud_key_t *private_key = read_key(&pem);
    load(KEYS "ec_a_pub.pem", &pem);
    ud_key_t *public_key = read_key(&pem);
    assert_true(ud_key_is_private(private_key));
    assert_false(ud_key_is_private(public_key));
    ud_key_public(private_key, publics[0]);
    ud_key_public(public_key, publics[1]);
    assert_memory_equal(publics[0], publics[1], sizeof publics[0]);
    ud_key_destroy(private_key);
    ud_key_destroy(public_key);
}

static void the_key_hash_is_the_one_that_imgtool_puts_into_images(void **state)
{
    pem_t pem;
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
    ud_trusted_key_t trusted;
    char text[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    (void)state;
    load(KEYS "ec_a_pub.pem", &pem);
    ud_key_t *key = read_key(&pem);
    ud_key_public(key, public_key);
    ud_trusted_key_init(&trusted, &ud_scheme_ecdsa_p256, public_key);
    ud_hex_encode(trusted.key_hash, sizeof trusted.key_hash, text);
    assert_string_equal(text, "db2c8e9c1f62d907fb4beadeeb38b96651ad79606d5d9cc689563e7e0b56329f");
    assert_memory_equal(trusted.public_key, public_key, sizeof public_key);
    ud_key_destroy(key);
}

static void written_keys_are_read_back(void **state)
{
    ud_key_t *key = NULL;
    pem_t pem;
    uint8_t publics[3][UD_P256_PUBLIC_KEY_SIZE];
    (void)state;
    assert_int_equal(ud_key_generate(&key), UD_OK);
    ud_key_public(key, publics[0]);
    assert_int_equal(ud_key_write_private_pem(key, pem.text, sizeof pem.text, &pem.size), UD_OK);
    assert_int_equal(strlen(pem.text), pem.size);
    assert_memory_equal(pem.text, "-----BEGIN PRIVATE KEY-----\n", 28);
    ud_key_t *again = read_key(&pem);
    assert_true(ud_key_is_private(again));
    ud_key_public(again, publics[1]);
    ud_key_destroy(again);
    assert_int_equal(ud_key_write_public_pem(key, pem.text, sizeof pem.text, &pem.size), UD_OK);
    assert_memory_equal(pem.text, "-----BEGIN PUBLIC KEY-----\n", 27);
    again = read_key(&pem);
    assert_false(ud_key_is_private(again));
    ud_key_public(again, publics[2]);
    ud_key_destroy(again);
    assert_memory_equal(publics[0], publics[1], sizeof publics[0]);
    assert_memory_equal(publics[0], publics[2], sizeof publics[0]);
    ud_key_destroy(key);
}

static void a_public_key_neither_signs_nor_gives_a_private_one(void **state)
{
    pem_t pem;
    uint8_t digest[UD_SHA256_SIZE] = {0};
    uint8_t signature[UD_P256_SIGNATURE_SIZE];
    (void)state;
    load(KEYS "ec_a_pub.pem", &pem);
    ud_key_t *key = read_key(&pem);
    assert_int_equal(ud_key_sign(key, digest, signature), UD_ERR_KEY_FORMAT);
    assert_int_equal(ud_key_write_private_pem(key, pem.text, sizeof pem.text, &pem.size), UD_ERR_KEY_FORMAT);
    ud_key_destroy(key);
}

static void a_buffer_too_small_is_said_to_be(void **state)
{
    ud_key_t *key = NULL;
    char text[300];
    size_t size = 0;
    (void)state;
    assert_int_equal(ud_key_generate(&key), UD_OK);
    assert_int_equal(ud_key_write_public_pem(key, text, sizeof text, &size), UD_OK);
    assert_int_equal(ud_key_write_public_pem(key, text, size, &size), UD_ERR_BUFFER_TOO_SMALL);
    assert_int_equal(ud_key_write_public_pem(key, text, size + 1, &size), UD_OK);
    ud_key_destroy(key);
}

static void sec1_files_and_text_before_the_key_are_read(void **state)
{
    pem_t pem;
    (void)state;
    write_pem(EVP_EC_gen("P-256"), NULL, true, &pem);
    assert_memory_equal(pem.text, "-----BEGIN EC PRIVATE KEY-----", 30);
    memmove(pem.text + 13, pem.text, pem.size);
    memcpy(pem.text, "# a comment\n\n", 13);
    pem.size += 13;
    ud_key_t *key = read_key(&pem);
    assert_true(ud_key_is_private(key));
    ud_key_destroy(key);
}

static void other_keys_are_named_and_refused(void **state)
{
    pem_t pem;
    (void)state;
    write_pem(EVP_EC_gen("P-384"), NULL, false, &pem);
    assert_refused(&pem, "an EC key of 384 bits on another curve (secp384r1)");
    write_pem(EVP_EC_gen("secp256k1"), NULL, false, &pem);
    assert_refused(&pem, "an EC key of 256 bits on another curve (secp256k1)");
    load(KEYS "rsa2_a.pem", &pem);
    assert_refused(&pem, "a key of type RSA, 2048 bits");
    load(KEYS "ed_a_pub.pem", &pem);
    assert_refused(&pem, "a key of type ED25519, 256 bits");
}

static void an_encrypted_key_is_refused_without_asking_for_its_passphrase(void **state)
{
    pem_t pem;
    (void)state;
    write_pem(EVP_EC_gen("P-256"), EVP_aes_128_cbc(), false, &pem);
    assert_refused(&pem, "an encrypted private key");
}

static void what_is_no_pem_is_refused(void **state)
{
    pem_t pem = {.text = "hello", .size = 5};
    (void)state;
    assert_refused(&pem, "no PEM block");
    pem.size = 0;
    assert_refused(&pem, "an empty file");
    memset(pem.text, 'A', sizeof pem.text);
    pem.size = UD_KEY_PEM_SIZE_MAX;
    assert_refused(&pem, "no PEM block");
    pem.size = UD_KEY_PEM_SIZE_MAX + 1;
    assert_refused(&pem, "a file too large for a key");
}

static void a_key_cut_anywhere_is_refused(void **state)
{
    pem_t whole;
    (void)state;
    load(KEYS "ec_a.pem", &whole);
    for (size_t size = 1; size < whole.size - 1; size++) {
        ud_key_t *key = NULL;
        assert_int_equal(ud_key_read_pem(whole.text, size, &key, NULL), UD_ERR_KEY_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_key_signs_what_its_public_half_verifies),
        cmocka_unit_test(two_new_keys_differ),
        cmocka_unit_test(keys_of_imgtool_are_read_and_halves_match),
        cmocka_unit_test(the_key_hash_is_the_one_that_imgtool_puts_into_images),
        cmocka_unit_test(written_keys_are_read_back),
        cmocka_unit_test(a_public_key_neither_signs_nor_gives_a_private_one),
        cmocka_unit_test(a_buffer_too_small_is_said_to_be),
        cmocka_unit_test(sec1_files_and_text_before_the_key_are_read),
        cmocka_unit_test(other_keys_are_named_and_refused),
        cmocka_unit_test(an_encrypted_key_is_refused_without_asking_for_its_passphrase),
        cmocka_unit_test(what_is_no_pem_is_refused),
        cmocka_unit_test(a_key_cut_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
