/* The facade on OpenSSL 3.
 *
 * The low-level SHA-256 keeps its state in the caller's memory, which the EVP interface cannot. Verification uses the
 * low-level curve too: an EVP key would be made and thrown away at each call, at half the cost of the verification.
 */
#define OPENSSL_API_COMPAT 0x10101000L
#include "core/crypto/crypto.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(ud_sha256_t), "the caller's context holds OpenSSL's");
_Static_assert(SHA256_DIGEST_LENGTH == UD_SHA256_SIZE, "SHA-256 has 32 bytes");

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

/* An OpenSSL key of the raw point, or NULL; the point is checked to be on the curve. */
static EC_KEY *make_key(const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE])
{
    uint8_t octets[1 + UD_P256_PUBLIC_KEY_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(octets + 1, public_key, UD_P256_PUBLIC_KEY_SIZE);
    EC_KEY *key = EC_KEY_new();
    EC_POINT *point = EC_POINT_new(curve);
    int made = key != NULL && point != NULL && EC_KEY_set_group(key, curve) == 1 &&
               EC_POINT_oct2point(curve, point, octets, sizeof octets, NULL) == 1 &&
               EC_KEY_set_public_key(key, point) == 1;
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
