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
    write_pem(EVP_EC_gen("P-521"), NULL, false, &pem);
    assert_refused(&pem, "an EC key of 521 bits on another curve (secp521r1)");
    write_pem(EVP_EC_gen("secp256k1"), NULL, false, &pem);
    assert_refused(&pem, "an EC key of 256 bits on another curve (secp256k1)");
    write_pem(EVP_RSA_gen(1024), NULL, false, &pem);
    assert_refused(&pem, "a key of type RSA, 1024 bits");
    write_pem(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), NULL, false, &pem);
    assert_refused(&pem, "a key of type X25519, 253 bits");
}

static void an_rsa_key_with_a_long_exponent_is_refused(void **state)
{
    pem_t pem;
    EVP_PKEY *pkey = NULL;
    BIGNUM *exponent = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    (void)state;
    assert_int_equal(BN_dec2bn(&exponent, "4294967311"), 10);
    assert_int_equal(EVP_PKEY_keygen_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context, exponent), 1);
    assert_int_equal(EVP_PKEY_generate(context, &pkey), 1);
    BN_free(exponent);
    EVP_PKEY_CTX_free(context);
    write_pem(pkey, NULL, false, &pem);
    assert_refused(&pem, "a key of type RSA, 2048 bits, with a public exponent above 32 bits");
}

/* ---- kinds ------------------------------------------------------------------------------------------------------- */

static void kinds_are_found_by_their_names(void **state)
{
    (void)state;
    for (ud_key_kind_t kind = 0; kind < UD_KEY_KIND_COUNT; kind++) {
        ud_key_kind_t found = UD_KEY_KIND_COUNT;
        assert_int_equal(ud_key_kind_find(ud_key_kind_name(kind), &found), UD_OK);
        assert_int_equal(found, kind);
    }
    ud_key_kind_t none = UD_KEY_KIND_COUNT;
    assert_int_equal(ud_key_kind_find("x25519", &none), UD_ERR_NOT_FOUND);
    assert_int_equal(none, UD_KEY_KIND_COUNT);
}

/* Bytes of the raw public key, and of what is signed; those of the signature at least and at most. */
static const struct {
    size_t raw, message, signature_min, signature_max;
} sizes[UD_KEY_KIND_COUNT] = {
    [UD_KEY_ECDSA_P256] = {64, 32, 60, 72},  [UD_KEY_ECDSA_P384] = {96, 48, 90, 104},
    [UD_KEY_RSA_2048] = {260, 32, 256, 256}, [UD_KEY_RSA_3072] = {388, 32, 384, 384},
    [UD_KEY_ED25519] = {32, 5000, 64, 64},
};

/* A key of each kind, for the tests below; RSA keys take a while. */
static ud_key_t *made[UD_KEY_KIND_COUNT];

static int make_all(void **state)
{
    (void)state;
    for (ud_key_kind_t kind = 0; kind < UD_KEY_KIND_COUNT; kind++) {
        assert_int_equal(ud_key_generate_kind(kind, &made[kind]), UD_OK);
    }
    return 0;
}

static int destroy_all(void **state)
{
    (void)state;
    for (ud_key_kind_t kind = 0; kind < UD_KEY_KIND_COUNT; kind++) {
        ud_key_destroy(made[kind]);
    }
    return 0;
}

static void assert_same_public(const ud_key_t *key, const ud_key_t *other)
{
    uint8_t raw[2][UD_KEY_RAW_SIZE_MAX];
    assert_int_equal(ud_key_kind(key), ud_key_kind(other));
    size_t size = ud_key_public_raw(key, raw[0]);
    assert_int_equal(size, sizes[ud_key_kind(key)].raw);
    assert_int_equal(ud_key_public_raw(other, raw[1]), size);
    assert_memory_equal(raw[0], raw[1], size);
}

static void keys_of_every_kind_are_written_and_read_back(void **state)
{
    pem_t pem;
    (void)state;
    for (ud_key_kind_t kind = 0; kind < UD_KEY_KIND_COUNT; kind++) {
        assert_int_equal(ud_key_write_private_pem(made[kind], pem.text, UD_KEY_PEM_WRITTEN_SIZE_MAX, &pem.size), UD_OK);
        ud_key_t *again = read_key(&pem);
        assert_true(ud_key_is_private(again));
        assert_same_public(made[kind], again);
        ud_key_destroy(again);
        assert_int_equal(ud_key_write_public_pem(made[kind], pem.text, UD_KEY_PEM_WRITTEN_SIZE_MAX, &pem.size), UD_OK);
        again = read_key(&pem);
        assert_false(ud_key_is_private(again));
        assert_same_public(made[kind], again);
        ud_key_destroy(again);
    }
}

static void a_signature_of_every_kind_verifies_until_a_bit_changes(void **state)
{
    uint8_t message[5000];
    uint8_t signature[UD_KEY_SIGNATURE_SIZE_MAX];
    (void)state;
    memset(message, 7, sizeof message);
    for (ud_key_kind_t kind = 0; kind < UD_KEY_KIND_COUNT; kind++) {
        size_t length = sizes[kind].message;
        size_t size = 0;
        assert_int_equal(ud_key_sign_message(made[kind], message, length, signature, &size), UD_OK);
        assert_in_range(size, sizes[kind].signature_min, sizes[kind].signature_max);
        assert_int_equal(ud_key_verify_message(made[kind], message, length, signature, size), UD_VERDICT_VALID);
        message[length - 1] ^= 1;
        assert_int_equal(ud_key_verify_message(made[kind], message, length, signature, size), UD_VERDICT_INVALID);
        message[length - 1] ^= 1;
        signature[size - 1] ^= 1;
        assert_int_equal(ud_key_verify_message(made[kind], message, length, signature, size), UD_VERDICT_INVALID);
    }
}

static void a_digest_of_another_length_is_not_signed(void **state)
{
    uint8_t digest[UD_SHA512_SIZE] = {0};
    uint8_t signature[UD_KEY_SIGNATURE_SIZE_MAX] = {0};
    size_t size = 99;
    (void)state;
    for (ud_key_kind_t kind = 0; kind < UD_KEY_ED25519; kind++) {
        for (size_t length = 31; length <= sizeof digest; length++) {
            if (length != sizes[kind].message) {
                assert_int_equal(ud_key_sign_message(made[kind], digest, length, signature, &size),
                                 UD_ERR_INVALID_ARGUMENT);
                assert_int_equal(ud_key_verify_message(made[kind], digest, length, signature, 64), UD_VERDICT_INVALID);
            }
        }
    }
    assert_int_equal(size, 99);
}

/* What devices verify is what hosts sign: the facade agrees. */
static void rsa_signatures_are_those_that_devices_verify(void **state)
{
    uint8_t digest[UD_SHA256_SIZE] = {1, 2, 3};
    uint8_t raw[UD_KEY_RAW_SIZE_MAX];
    uint8_t signature[UD_KEY_SIGNATURE_SIZE_MAX];
    size_t size = 0;
    (void)state;
    for (ud_key_kind_t kind = UD_KEY_RSA_2048; kind <= UD_KEY_RSA_3072; kind++) {
        assert_int_equal(ud_key_sign_message(made[kind], digest, sizeof digest, signature, &size), UD_OK);
        (void)ud_key_public_raw(made[kind], raw);
        uint32_t exponent =
            (uint32_t)raw[size] << 24 | (uint32_t)raw[size + 1] << 16 | (uint32_t)raw[size + 2] << 8 | raw[size + 3];
        assert_int_equal(exponent, 65537);
        assert_int_equal(ud_rsa_pss_verify(raw, size, exponent, digest, signature), UD_VERDICT_VALID);
    }
}

static void ed25519_signatures_are_those_that_devices_verify(void **state)
{
    uint8_t raw[UD_KEY_RAW_SIZE_MAX];
    uint8_t signature[UD_KEY_SIGNATURE_SIZE_MAX];
    uint8_t challenge[UD_SHA512_SIZE];
    size_t size = 0;
    ud_sha512_t hash;
    (void)state;
    assert_int_equal(ud_key_sign_message(made[UD_KEY_ED25519], "abc", 3, signature, &size), UD_OK);
    (void)ud_key_public_raw(made[UD_KEY_ED25519], raw);
    ud_sha512_init(&hash);
    ud_sha512_update(&hash, signature, 32);
    ud_sha512_update(&hash, raw, 32);
    ud_sha512_update(&hash, "abc", 3);
    ud_sha512_final(&hash, challenge);
    assert_int_equal(ud_ed25519_verify(raw, signature, challenge), UD_VERDICT_VALID);
}

static void the_private_number_belongs_to_the_public_point(void **state)
{
    uint8_t private_key[2][UD_P256_PRIVATE_KEY_SIZE];
    uint8_t public_key[2][UD_P256_PUBLIC_KEY_SIZE];
    uint8_t secret[2][UD_P256_SECRET_SIZE];
    ud_key_t *other = NULL;
    (void)state;
    assert_int_equal(ud_key_generate(&other), UD_OK);
    assert_int_equal(ud_key_private(other, private_key[0]), UD_OK);
    assert_int_equal(ud_key_private(made[UD_KEY_ECDSA_P256], private_key[1]), UD_OK);
    ud_key_public(other, public_key[0]);
    ud_key_public(made[UD_KEY_ECDSA_P256], public_key[1]);
    assert_int_equal(ud_ecdh_p256(private_key[0], public_key[1], secret[0]), UD_VERDICT_VALID);
    assert_int_equal(ud_ecdh_p256(private_key[1], public_key[0], secret[1]), UD_VERDICT_VALID);
    assert_memory_equal(secret[0], secret[1], sizeof secret[0]);
    ud_key_destroy(other);
}

/* ---- encrypted files --------------------------------------------------------------------------------------------- */

static void a_locked_key_opens_with_its_passphrase_alone(void **state)
{
    pem_t pem;
    char found[UD_KEY_FOUND_SIZE] = "";
    (void)state;
    for (ud_key_kind_t kind = 0; kind < UD_KEY_KIND_COUNT; kind++) {
        ud_key_t *key = NULL;
        assert_int_equal(
            ud_key_write_locked_pem(made[kind], "open sesame", pem.text, UD_KEY_PEM_WRITTEN_SIZE_MAX, &pem.size),
            UD_OK);
        assert_true(ud_key_pem_is_locked(pem.text, pem.size));
        assert_int_equal(ud_key_read_locked_pem(pem.text, pem.size, "open sesamf", &key, found), UD_ERR_KEY_FORMAT);
        assert_string_equal(found, "a passphrase that does not fit");
        assert_refused(&pem, "an encrypted private key");
        assert_int_equal(ud_key_read_locked_pem(pem.text, pem.size, "open sesame", &key, found), UD_OK);
        assert_same_public(made[kind], key);
        ud_key_destroy(key);
    }
    load(KEYS "ec_a.pem", &pem);
    assert_false(ud_key_pem_is_locked(pem.text, pem.size));
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
        cmocka_unit_test(an_rsa_key_with_a_long_exponent_is_refused),
        cmocka_unit_test(kinds_are_found_by_their_names),
        cmocka_unit_test(keys_of_every_kind_are_written_and_read_back),
        cmocka_unit_test(a_signature_of_every_kind_verifies_until_a_bit_changes),
        cmocka_unit_test(a_digest_of_another_length_is_not_signed),
        cmocka_unit_test(rsa_signatures_are_those_that_devices_verify),
        cmocka_unit_test(ed25519_signatures_are_those_that_devices_verify),
        cmocka_unit_test(the_private_number_belongs_to_the_public_point),
        cmocka_unit_test(a_locked_key_opens_with_its_passphrase_alone),
        cmocka_unit_test(an_encrypted_key_is_refused_without_asking_for_its_passphrase),
        cmocka_unit_test(what_is_no_pem_is_refused),
        cmocka_unit_test(a_key_cut_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, make_all, destroy_all);
}
