#include "core/crypto/key.h"

#include "core/base/assert.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ud_key {
    EVP_PKEY *pkey;
    bool is_private;
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
};

/* Wraps an OpenSSL key, which becomes the new key's own, whatever happens. It must be known to be P-256. */
static ud_err_t wrap(EVP_PKEY *pkey, bool is_private, ud_key_t **key)
{
    uint8_t point[1 + UD_P256_PUBLIC_KEY_SIZE];
    size_t size = 0;
    ud_key_t *made = calloc(1, sizeof *made);
    if (made == NULL ||
        EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &size) != 1 ||
        size != sizeof point || point[0] != POINT_CONVERSION_UNCOMPRESSED) {
        EVP_PKEY_free(pkey);
        free(made);
        return UD_ERR_INTERNAL;
    }
    made->pkey = pkey;
    made->is_private = is_private;
    memcpy(made->public_key, point + 1, sizeof made->public_key);
    *key = made;
    return UD_OK;
}

ud_err_t ud_key_generate(ud_key_t **key)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    return pkey == NULL ? UD_ERR_INTERNAL : wrap(pkey, true, key);
}

/* Refuses to ask anybody for a passphrase. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer;
    (void)size;
    (void)writing;
    *(bool *)context = true;
    return -1;
}

/* Reads a public key stored with a compressed point as one with an uncompressed point. */
static bool uncompress(EVP_PKEY *pkey)
{
    return EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") == 1;
}

/* True if the key is a P-256 key; else `found` says what it is. */
static bool is_p256(EVP_PKEY *pkey, char *found)
{
    char group[32] = "";
    int bits = EVP_PKEY_get_bits(pkey);
    if (EVP_PKEY_is_a(pkey, "EC")) {
        size_t size = 0;
        if (EVP_PKEY_get_group_name(pkey, group, sizeof group, &size) == 1 && strcmp(group, "prime256v1") == 0) {
            return uncompress(pkey);
        }
        snprintf(found, UD_KEY_FOUND_SIZE, "an EC key of %d bits on another curve (%s)", bits,
                 group[0] != '\0' ? group : "not a named one");
    } else {
        const char *name = EVP_PKEY_get0_type_name(pkey);
        snprintf(found, UD_KEY_FOUND_SIZE, "a key of type %s, %d bits", name != NULL ? name : "unknown", bits);
    }
    return false;
}

/* The first private or public key of the text, or NULL. */
static EVP_PKEY *read_any(const char *pem, size_t size, bool *is_private, bool *is_locked)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)size);
    EVP_PKEY *pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, is_locked) : NULL;
    *is_private = pkey != NULL;
    BIO_free(bio);
    if (pkey == NULL && !*is_locked) {
        bio = BIO_new_mem_buf(pem, (int)size);
        pkey = bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, is_locked) : NULL;
        BIO_free(bio);
    }
    ERR_clear_error();
    return pkey;
}

/* Bytes may contain no NUL for strstr; a PEM text has none. */
static bool has_begin_line(const char *pem, size_t size)
{
    static const char begin[] = "-----BEGIN ";
    for (size_t offset = 0; offset + sizeof begin - 1 <= size; offset++) {
        if (memcmp(pem + offset, begin, sizeof begin - 1) == 0) {
            return true;
        }
    }
    return false;
}

ud_err_t ud_key_read_pem(const char *pem, size_t size, ud_key_t **key, char *found)
{
    char unused[UD_KEY_FOUND_SIZE];
    char *account = found != NULL ? found : unused;
    if (size == 0 || size > UD_KEY_PEM_SIZE_MAX) {
        snprintf(account, UD_KEY_FOUND_SIZE, size == 0 ? "an empty file" : "a file too large for a key");
        return UD_ERR_KEY_FORMAT;
    }
    bool is_private = false;
    bool is_locked = false;
    EVP_PKEY *pkey = read_any(pem, size, &is_private, &is_locked);
    if (pkey == NULL) {
        snprintf(account, UD_KEY_FOUND_SIZE, "%s",
                 is_locked                   ? "an encrypted private key"
                 : has_begin_line(pem, size) ? "a PEM block that is no readable key"
                                             : "no PEM block");
        return UD_ERR_KEY_FORMAT;
    }
    if (!is_p256(pkey, account)) {
        EVP_PKEY_free(pkey);
        return UD_ERR_KEY_FORMAT;
    }
    return wrap(pkey, is_private, key);
}

void ud_key_destroy(ud_key_t *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}

bool ud_key_is_private(const ud_key_t *key)
{
    return key->is_private;
}

void ud_key_public(const ud_key_t *key, uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE])
{
    memcpy(public_key, key->public_key, UD_P256_PUBLIC_KEY_SIZE);
}

/* Takes r and s out of OpenSSL's DER signature. */
static bool split(const uint8_t *der, size_t size, uint8_t signature[UD_P256_SIGNATURE_SIZE])
{
    const int half = UD_P256_SIGNATURE_SIZE / 2;
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &der, (long)size);
    bool fits = parsed != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(parsed), signature, half) == half &&
                BN_bn2binpad(ECDSA_SIG_get0_s(parsed), signature + half, half) == half;
    ECDSA_SIG_free(parsed);
    return fits;
}

ud_err_t ud_key_sign(const ud_key_t *key, const uint8_t digest[UD_SHA256_SIZE],
                     uint8_t signature[UD_P256_SIGNATURE_SIZE])
{
    UD_REQUIRE(key->is_private, UD_ERR_KEY_FORMAT);
    uint8_t der[80];
    size_t size = sizeof der;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
    bool signed_ = context != NULL && EVP_PKEY_sign_init(context) == 1 &&
                   EVP_PKEY_sign(context, der, &size, digest, UD_SHA256_SIZE) == 1 && split(der, size, signature);
    EVP_PKEY_CTX_free(context);
    return signed_ ? UD_OK : UD_ERR_INTERNAL;
}

/* Copies what a memory BIO holds, with a NUL behind. */
static ud_err_t take_text(BIO *bio, char *text, size_t capacity, size_t *size)
{
    char *data = NULL;
    long length = BIO_get_mem_data(bio, &data);
    UD_REQUIRE(length > 0, UD_ERR_INTERNAL);
    UD_REQUIRE((size_t)length < capacity, UD_ERR_BUFFER_TOO_SMALL);
    memcpy(text, data, (size_t)length);
    text[length] = '\0';
    *size = (size_t)length;
    return UD_OK;
}

ud_err_t ud_key_write_private_pem(const ud_key_t *key, char *pem, size_t capacity, size_t *size)
{
    UD_REQUIRE(key->is_private, UD_ERR_KEY_FORMAT);
    BIO *bio = BIO_new(BIO_s_secmem());
    ud_err_t err = UD_ERR_INTERNAL;
    if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1) {
        err = take_text(bio, pem, capacity, size);
    }
    BIO_free(bio);
    return err;
}

ud_err_t ud_key_write_public_pem(const ud_key_t *key, char *pem, size_t capacity, size_t *size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    ud_err_t err = UD_ERR_INTERNAL;
    if (bio != NULL && PEM_write_bio_PUBKEY(bio, key->pkey) == 1) {
        err = take_text(bio, pem, capacity, size);
    }
    BIO_free(bio);
    return err;
}
