/* The facade's primitives on OpenSSL 3.
 *
 * The low-level hashes and AES keep their state in the caller's memory, which the EVP interface cannot. Verification uses
 * the low-level curve too: an EVP key would be made and thrown away at each call, at half the cost of the verification.
 */
#define OPENSSL_API_COMPAT 0x10101000L
#include "core/base/assert.h"
#include "core/crypto/crypto.h"

#include <openssl/aes.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(ud_sha256_t), "the caller's context holds OpenSSL's");
_Static_assert(sizeof(SHA512_CTX) <= sizeof(ud_sha512_t), "the caller's context holds OpenSSL's");
_Static_assert(sizeof(AES_KEY) <= sizeof(ud_aes_t), "the caller's key holds OpenSSL's");

/* The curve, made once, then only read, which OpenSSL allows from every thread. */
static EC_GROUP *curve;
static pthread_once_t curve_once = PTHREAD_ONCE_INIT;

static void make_curve(void)
{
    curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

void ud_sha256_init(ud_sha256_t *hash)
{
    SHA256_Init((SHA256_CTX *)hash);
}

void ud_sha256_update(ud_sha256_t *hash, const void *data, size_t size)
{
    SHA256_Update((SHA256_CTX *)hash, data, size);
}

void ud_sha256_final(ud_sha256_t *hash, uint8_t digest[UD_SHA256_SIZE])
{
    SHA256_Final(digest, (SHA256_CTX *)hash);
}

void ud_sha256(const void *data, size_t size, uint8_t digest[UD_SHA256_SIZE])
{
    ud_sha256_t hash;
    ud_sha256_init(&hash);
    ud_sha256_update(&hash, data, size);
    ud_sha256_final(&hash, digest);
}

void ud_sha512_init(ud_sha512_t *hash)
{
    SHA512_Init((SHA512_CTX *)hash);
}

void ud_sha512_update(ud_sha512_t *hash, const void *data, size_t size)
{
    SHA512_Update((SHA512_CTX *)hash, data, size);
}

void ud_sha512_final(ud_sha512_t *hash, uint8_t digest[UD_SHA512_SIZE])
{
    SHA512_Final(digest, (SHA512_CTX *)hash);
}

void ud_aes_init(ud_aes_t *aes, const uint8_t *key, size_t key_size)
{
    UD_ASSERT(key_size == 16 || key_size == 32);
    AES_set_encrypt_key(key, (int)key_size * 8, (AES_KEY *)aes);
}

void ud_aes_encrypt(const ud_aes_t *aes, uint8_t block[UD_AES_BLOCK_SIZE])
{
    AES_encrypt(block, block, (const AES_KEY *)aes);
}

/* The raw point, or NULL if it is not on the curve. */
static EC_POINT *make_point(const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE])
{
    uint8_t octets[1 + UD_P256_PUBLIC_KEY_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(octets + 1, public_key, UD_P256_PUBLIC_KEY_SIZE);
    EC_POINT *point = EC_POINT_new(curve);
    if (point != NULL && EC_POINT_oct2point(curve, point, octets, sizeof octets, NULL) != 1) {
        EC_POINT_free(point);
        return NULL;
    }
    return point;
}

static EC_KEY *make_key(const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE])
{
    EC_KEY *key = EC_KEY_new();
    EC_POINT *point = make_point(public_key);
    int made =
        key != NULL && point != NULL && EC_KEY_set_group(key, curve) == 1 && EC_KEY_set_public_key(key, point) == 1;
    EC_POINT_free(point);
    if (!made) {
        EC_KEY_free(key);
        return NULL;
    }
    return key;
}

static ECDSA_SIG *make_signature(const uint8_t raw[UD_P256_SIGNATURE_SIZE])
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, UD_P256_SIGNATURE_SIZE / 2, NULL);
    BIGNUM *s = BN_bin2bn(raw + UD_P256_SIGNATURE_SIZE / 2, UD_P256_SIGNATURE_SIZE / 2, NULL);
    if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(signature);
        return NULL;
    }
    return signature;
}

ud_verdict_t ud_ecdsa_p256_verify(const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE],
                                  const uint8_t digest[UD_SHA256_SIZE], const uint8_t signature[UD_P256_SIGNATURE_SIZE])
{
    pthread_once(&curve_once, make_curve);
    if (curve == NULL) {
        return UD_VERDICT_INVALID;
    }
    EC_KEY *key = make_key(public_key);
    ECDSA_SIG *parsed = make_signature(signature);
    ud_verdict_t verdict = UD_VERDICT_INVALID;
    if (key != NULL && parsed != NULL && ECDSA_do_verify(digest, UD_SHA256_SIZE, parsed, key) == 1) {
        verdict = UD_VERDICT_VALID;
    }
    ECDSA_SIG_free(parsed);
    EC_KEY_free(key);
    return verdict;
}

ud_verdict_t ud_ecdh_p256(const uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE],
                          const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE], uint8_t secret[UD_P256_SECRET_SIZE])
{
    pthread_once(&curve_once, make_curve);
    if (curve == NULL) {
        return UD_VERDICT_INVALID;
    }
    ud_verdict_t verdict = UD_VERDICT_INVALID;
    EC_POINT *point = make_point(public_key);
    BIGNUM *number = BN_bin2bn(private_key, UD_P256_PRIVATE_KEY_SIZE, NULL);
    BIGNUM *x = BN_new();
    if (point != NULL && number != NULL && x != NULL && BN_cmp(number, EC_GROUP_get0_order(curve)) < 0 &&
        EC_POINT_mul(curve, point, NULL, point, number, NULL) == 1 &&
        EC_POINT_get_affine_coordinates(curve, point, x, NULL, NULL) == 1 &&
        BN_bn2binpad(x, secret, UD_P256_SECRET_SIZE) == UD_P256_SECRET_SIZE) {
        verdict = UD_VERDICT_VALID;
    }
    BN_clear_free(x);
    BN_clear_free(number);
    EC_POINT_clear_free(point);
    return verdict;
}

ud_verdict_t ud_rsa_public(const uint8_t *modulus, size_t modulus_size, uint32_t exponent, uint8_t *number)
{
    ud_verdict_t verdict = UD_VERDICT_INVALID;
    int size = (int)modulus_size;
    BN_CTX *room = BN_CTX_new();
    BIGNUM *n = BN_bin2bn(modulus, size, NULL);
    BIGNUM *base = BN_bin2bn(number, size, NULL);
    BIGNUM *power = BN_new();
    if (room != NULL && n != NULL && base != NULL && power != NULL && BN_cmp(base, n) < 0 &&
        BN_set_word(power, exponent) == 1 && BN_mod_exp(base, base, power, n, room) == 1 &&
        BN_bn2binpad(base, number, size) == size) {
        verdict = UD_VERDICT_VALID;
    }
    BN_free(power);
    BN_free(base);
    BN_free(n);
    BN_CTX_free(room);
    return verdict;
}
