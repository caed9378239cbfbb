/* The schemes that no device has, judged by OpenSSL, hashes of every kind, keys for encryption. Hosts only. */
#include "core/image/openssl.h"

#include "core/base/assert.h"
#include "core/crypto/key.h"
#include "core/image/format.h"
#include "core/image/trusted.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <string.h>

static const EVP_MD *hash_of(uint16_t tlv)
{
    return tlv == UD_IMAGE_TLV_SHA256 ? EVP_sha256() : tlv == UD_IMAGE_TLV_SHA384 ? EVP_sha384() : EVP_sha512();
}

ud_err_t ud_host_digest(uint16_t hash_tlv, const void *data, size_t size, uint8_t digest[UD_HOST_DIGEST_SIZE_MAX],
                        size_t *digest_size)
{
    unsigned int written = 0;
    UD_REQUIRE(EVP_Digest(data, size, digest, &written, hash_of(hash_tlv), NULL) == 1, UD_ERR_INTERNAL);
    *digest_size = written;
    return UD_OK;
}

static void take_piece(void *context, const void *data, size_t size)
{
    (void)EVP_DigestUpdate(context, data, size);
}

/* The digest of the content by the image's own kind of hash, after it was found to be the one in the TLV. */
static ud_err_t check_hash(const ud_image_source_t *source, const ud_image_info_t *info,
                           uint8_t digest[UD_HOST_DIGEST_SIZE_MAX])
{
    uint8_t told[UD_HOST_DIGEST_SIZE_MAX];
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    ud_err_t err = UD_ERR_INTERNAL;
    if (hash != NULL && EVP_DigestInit_ex(hash, hash_of(info->tlvs[UD_IMAGE_HASH].type), NULL) == 1) {
        err = ud_image_each(source, info, take_piece, hash);
    }
    if (err == UD_OK && EVP_DigestFinal_ex(hash, digest, NULL) != 1) {
        err = UD_ERR_INTERNAL;
    }
    EVP_MD_CTX_free(hash);
    UD_TRY(err);
    UD_TRY(source->read(source->context, info->tlvs[UD_IMAGE_HASH].offset, told, info->tlvs[UD_IMAGE_HASH].size));
    return memcmp(told, digest, info->tlvs[UD_IMAGE_HASH].size) == 0 ? UD_OK : UD_ERR_IMAGE_HASH;
}

ud_err_t ud_image_check_hash(const ud_image_source_t *source, const ud_image_info_t *info)
{
    uint8_t digest[UD_HOST_DIGEST_SIZE_MAX];
    return check_hash(source, info, digest);
}

/* Is it this key that the image names? From here on by its key_hash. */
static ud_err_t check_name(const ud_image_source_t *source, ud_image_info_t *info, const ud_trusted_key_t *key)
{
    uint8_t der[UD_PUBLIC_KEY_DER_SIZE_MAX];
    uint8_t name[UD_HOST_DIGEST_SIZE_MAX];
    uint8_t told[UD_HOST_DIGEST_SIZE_MAX];
    if (info->tlvs[UD_IMAGE_KEY].type != UD_IMAGE_TLV_KEY_HASH) {
        return memcmp(info->key_hash, key->key_hash, UD_SHA256_SIZE) == 0 ? UD_OK : UD_ERR_IMAGE_KEY_UNKNOWN;
    }
    size_t size = ud_public_key_der(key->scheme, key->public_key, der);
    UD_TRY(ud_host_digest(info->tlvs[UD_IMAGE_HASH].type, der, size, name, &size));
    UD_TRY(source->read(source->context, info->tlvs[UD_IMAGE_KEY].offset, told, info->tlvs[UD_IMAGE_KEY].size));
    UD_REQUIRE(memcmp(told, name, info->tlvs[UD_IMAGE_KEY].size) == 0, UD_ERR_IMAGE_KEY_UNKNOWN);
    memcpy(info->key_hash, key->key_hash, UD_SHA256_SIZE);
    return UD_OK;
}

/* A signature over a digest: of ECDSA as it is, of Ed25519 as the message. */
static ud_verdict_t judge(const ud_trusted_key_t *key, const uint8_t *digest, size_t digest_size,
                          const uint8_t *signature, size_t signature_size)
{
    uint8_t der[UD_PUBLIC_KEY_DER_SIZE_MAX];
    const uint8_t *at = der;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &at, (long)ud_public_key_der(key->scheme, key->public_key, der));
    ud_verdict_t verdict = UD_VERDICT_INVALID;
    if (public != NULL && EVP_PKEY_get_id(public) == EVP_PKEY_ED25519) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        if (context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, public) == 1 &&
            EVP_DigestVerify(context, signature, signature_size, digest, digest_size) == 1) {
            verdict = UD_VERDICT_VALID;
        }
        EVP_MD_CTX_free(context);
    } else if (public != NULL) {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(public, NULL);
        if (context != NULL && EVP_PKEY_verify_init(context) == 1 &&
            EVP_PKEY_verify(context, signature, signature_size, digest, digest_size) == 1) {
            verdict = UD_VERDICT_VALID;
        }
        EVP_PKEY_CTX_free(context);
    }
    EVP_PKEY_free(public);
    return verdict;
}

static ud_verdict_t verify_image(const ud_image_source_t *source, ud_image_info_t *info, const ud_trusted_key_t *key,
                                 ud_err_t *reason)
{
    uint8_t digest[UD_HOST_DIGEST_SIZE_MAX];
    uint8_t value[UD_IMAGE_ECDSA_SIZE_MAX];
    *reason =
        info->tlvs[UD_IMAGE_SIGNATURE].size <= sizeof value ? check_name(source, info, key) : UD_ERR_IMAGE_SIGNATURE;
    *reason = *reason == UD_OK ? check_hash(source, info, digest) : *reason;
    if (*reason == UD_OK) {
        *reason = source->read(source->context, info->tlvs[UD_IMAGE_SIGNATURE].offset, value,
                               info->tlvs[UD_IMAGE_SIGNATURE].size);
    }
    if (*reason != UD_OK) {
        return UD_VERDICT_INVALID;
    }
    /* imgtool --pad-sig fills up with zeros to the longest form */
    size_t size = info->tlvs[UD_IMAGE_SIGNATURE].size;
    while (info->tlvs[UD_IMAGE_SIGNATURE].size == UD_IMAGE_ECDSA_SIZE_MAX && size > 2u + value[1] &&
           value[size - 1] == 0) {
        size--;
    }
    *reason = UD_ERR_IMAGE_SIGNATURE;
    return judge(key, digest, info->tlvs[UD_IMAGE_HASH].size, value, size);
}

/* No descriptor is signed by these schemes: no device would believe it. */
static ud_verdict_t verify(const uint8_t *public_key, const uint8_t digest[UD_SHA256_SIZE], const uint8_t *signature)
{
    (void)public_key;
    (void)digest;
    (void)signature;
    return UD_VERDICT_INVALID;
}

const ud_image_scheme_t ud_scheme_ecdsa_p384 = {
    .signature_tlv = UD_IMAGE_TLV_ECDSA,
    .hash_tlv = UD_IMAGE_TLV_SHA384,
    .public_key_size = UD_P384_PUBLIC_KEY_SIZE,
    .signature_size = UD_IMAGE_ECDSA_SIZE_MAX,
    .verify = verify,
    .verify_image = verify_image,
};

const ud_image_scheme_t ud_scheme_ed25519_sha512 = {
    .signature_tlv = UD_IMAGE_TLV_ED25519,
    .hash_tlv = UD_IMAGE_TLV_SHA512,
    .public_key_size = UD_ED25519_PUBLIC_KEY_SIZE,
    .signature_size = UD_ED25519_SIGNATURE_SIZE,
    .verify = verify,
    .verify_image = verify_image,
};

/* ---- keys for encryption ---------------------------------------------------------------------------------------- */

ud_err_t ud_host_wrap_key(const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE], size_t key_size,
                          uint8_t key[UD_ECIES_KEY_SIZE_MAX], uint8_t wrapped[UD_ECIES_SIZE_MAX])
{
    uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE];
    uint8_t secret[UD_P256_SECRET_SIZE];
    uint8_t *tag = wrapped + UD_ECIES_POINT_SIZE;
    ud_key_t *ephemeral = NULL;
    UD_REQUIRE(RAND_priv_bytes(key, (int)key_size) == 1, UD_ERR_INTERNAL);
    UD_TRY(ud_key_generate(&ephemeral));
    wrapped[0] = POINT_CONVERSION_UNCOMPRESSED;
    ud_key_public(ephemeral, wrapped + 1);
    ud_err_t err = ud_key_private(ephemeral, private_key);
    ud_key_destroy(ephemeral);
    if (err == UD_OK && ud_ecdh_p256(private_key, public_key, secret) != UD_VERDICT_VALID) {
        err = UD_ERR_KEY_FORMAT;
    }
    if (err == UD_OK) {
        memcpy(tag + UD_ECIES_TAG_SIZE, key, key_size);
        ud_ecies_wrap(secret, tag + UD_ECIES_TAG_SIZE, key_size, tag);
    }
    ud_image_wipe(private_key, sizeof private_key);
    ud_image_wipe(secret, sizeof secret);
    return err;
}
