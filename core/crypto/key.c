#include "core/crypto/key.h"

#include "core/base/assert.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ud_key {
    EVP_PKEY *pkey;
    ud_key_kind_t kind;
    bool is_private;
};

typedef struct {
    const char *name;
    const char *title;
    const char *type;  /* OpenSSL's */
    const char *group; /* of EC, else NULL */
    int bits;
    size_t digest_size; /* bytes of what is signed; 0: any */
} kind_row_t;

static const kind_row_t kinds[UD_KEY_KIND_COUNT] = {
    [UD_KEY_ECDSA_P256] = {"ecdsa-p256", "ECDSA P-256", "EC", "prime256v1", 256, 32},
    [UD_KEY_ECDSA_P384] = {"ecdsa-p384", "ECDSA P-384", "EC", "secp384r1", 384, 48},
    [UD_KEY_RSA_2048] = {"rsa-2048", "RSA-2048", "RSA", NULL, 2048, 32},
    [UD_KEY_RSA_3072] = {"rsa-3072", "RSA-3072", "RSA", NULL, 3072, 32},
    [UD_KEY_ED25519] = {"ed25519", "Ed25519", "ED25519", NULL, 256, 0},
};

static bool is_rsa(ud_key_kind_t kind)
{
    return kind == UD_KEY_RSA_2048 || kind == UD_KEY_RSA_3072;
}

const char *ud_key_kind_name(ud_key_kind_t kind)
{
    return kinds[kind].name;
}

const char *ud_key_kind_title(ud_key_kind_t kind)
{
    return kinds[kind].title;
}

ud_err_t ud_key_kind_find(const char *name, ud_key_kind_t *kind)
{
    for (size_t index = 0; index < UD_KEY_KIND_COUNT; index++) {
        if (strcmp(kinds[index].name, name) == 0) {
            *kind = (ud_key_kind_t)index;
            return UD_OK;
        }
    }
    return UD_ERR_NOT_FOUND;
}

/* ---- making ----------------------------------------------------------------------------------------------------- */

/* Wraps an OpenSSL key, which becomes the new key's own, whatever happens. */
static ud_err_t wrap(EVP_PKEY *pkey, ud_key_kind_t kind, bool is_private, ud_key_t **key)
{
    ud_key_t *made = calloc(1, sizeof *made);
    if (made == NULL) {
        EVP_PKEY_free(pkey);
        return UD_ERR_INTERNAL;
    }
    *made = (ud_key_t){.pkey = pkey, .kind = kind, .is_private = is_private};
    *key = made;
    return UD_OK;
}

ud_err_t ud_key_generate_kind(ud_key_kind_t kind, ud_key_t **key)
{
    const kind_row_t *row = &kinds[kind];
    EVP_PKEY *pkey = row->group != NULL ? EVP_EC_gen(row->group)
                     : is_rsa(kind)     ? EVP_RSA_gen((unsigned)row->bits)
                                        : EVP_PKEY_Q_keygen(NULL, NULL, row->type);
    return pkey == NULL ? UD_ERR_INTERNAL : wrap(pkey, kind, true, key);
}

ud_err_t ud_key_generate(ud_key_t **key)
{
    return ud_key_generate_kind(UD_KEY_ECDSA_P256, key);
}

void ud_key_destroy(ud_key_t *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *passphrase; /* or NULL */
    bool asked;
} locker_t;

/* Gives the passphrase that the caller knows; never asks anybody for one. */
static int give_passphrase(char *buffer, int size, int writing, void *context)
{
    locker_t *locker = context;
    (void)writing;
    locker->asked = true;
    if (locker->passphrase == NULL || strlen(locker->passphrase) > (size_t)size) {
        return -1;
    }
    memcpy(buffer, locker->passphrase, strlen(locker->passphrase));
    return (int)strlen(locker->passphrase);
}

/* True if the exponent fits the four bytes that devices are given. */
static bool has_usual_exponent(EVP_PKEY *pkey)
{
    BIGNUM *exponent = NULL;
    bool usual = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 && BN_num_bits(exponent) <= 32;
    BN_free(exponent);
    return usual;
}

/* The kind of a key; UD_KEY_KIND_COUNT, and what it is in `found`, if it is none of ours. */
static ud_key_kind_t kind_of(EVP_PKEY *pkey, char *found)
{
    char group[32] = "";
    size_t size = 0;
    int bits = EVP_PKEY_get_bits(pkey);
    const char *type = EVP_PKEY_get0_type_name(pkey);
    bool is_ec = EVP_PKEY_is_a(pkey, "EC");
    if (is_ec && EVP_PKEY_get_group_name(pkey, group, sizeof group, &size) != 1) {
        group[0] = '\0';
    }
    for (size_t index = 0; index < UD_KEY_KIND_COUNT; index++) {
        const kind_row_t *row = &kinds[index];
        if (EVP_PKEY_is_a(pkey, row->type) && bits == row->bits &&
            (row->group == NULL || strcmp(group, row->group) == 0) &&
            (!is_rsa((ud_key_kind_t)index) || has_usual_exponent(pkey))) {
            return (ud_key_kind_t)index;
        }
    }
    if (is_ec) {
        snprintf(found, UD_KEY_FOUND_SIZE, "an EC key of %d bits on another curve (%s)", bits,
                 group[0] != '\0' ? group : "not a named one");
    } else {
        bool is_odd = EVP_PKEY_is_a(pkey, "RSA") && !has_usual_exponent(pkey);
        snprintf(found, UD_KEY_FOUND_SIZE, "a key of type %s, %d bits%s", type != NULL ? type : "unknown", bits,
                 is_odd ? ", with a public exponent above 32 bits" : "");
    }
    return UD_KEY_KIND_COUNT;
}

/* The first private or public key of the text, or NULL. */
static EVP_PKEY *read_any(const char *pem, size_t size, bool *is_private, locker_t *locker)
{
    BIO *bio = BIO_new_mem_buf(pem, (int)size);
    EVP_PKEY *pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, locker) : NULL;
    *is_private = pkey != NULL;
    BIO_free(bio);
    if (pkey == NULL && !locker->asked) {
        bio = BIO_new_mem_buf(pem, (int)size);
        pkey = bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, give_passphrase, locker) : NULL;
        BIO_free(bio);
    }
    ERR_clear_error();
    return pkey;
}

/* Bytes may contain no NUL for strstr; a PEM text has none. */
static bool contains(const char *pem, size_t size, const char *words)
{
    size_t length = strlen(words);
    for (size_t offset = 0; offset + length <= size; offset++) {
        if (memcmp(pem + offset, words, length) == 0) {
            return true;
        }
    }
    return false;
}

bool ud_key_pem_is_locked(const char *pem, size_t size)
{
    return contains(pem, size, "-----BEGIN ENCRYPTED PRIVATE KEY-----") ||
           contains(pem, size, "Proc-Type: 4,ENCRYPTED");
}

ud_err_t ud_key_read_locked_pem(const char *pem, size_t size, const char *passphrase, ud_key_t **key, char *found)
{
    char unused[UD_KEY_FOUND_SIZE];
    char *account = found != NULL ? found : unused;
    locker_t locker = {.passphrase = passphrase};
    if (size == 0 || size > UD_KEY_PEM_SIZE_MAX) {
        snprintf(account, UD_KEY_FOUND_SIZE, size == 0 ? "an empty file" : "a file too large for a key");
        return UD_ERR_KEY_FORMAT;
    }
    bool is_private = false;
    EVP_PKEY *pkey = read_any(pem, size, &is_private, &locker);
    if (pkey == NULL) {
        snprintf(account, UD_KEY_FOUND_SIZE, "%s",
                 locker.asked && passphrase == NULL   ? "an encrypted private key"
                 : locker.asked                       ? "a passphrase that does not fit"
                 : contains(pem, size, "-----BEGIN ") ? "a PEM block that is no readable key"
                                                      : "no PEM block");
        return UD_ERR_KEY_FORMAT;
    }
    ud_key_kind_t kind = kind_of(pkey, account);
    if (kind == UD_KEY_KIND_COUNT) {
        EVP_PKEY_free(pkey);
        return UD_ERR_KEY_FORMAT;
    }
    /* a public key may be stored with a compressed point; it is written, and hashed, with an uncompressed one */
    if (kinds[kind].group != NULL &&
        EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "uncompressed") != 1) {
        EVP_PKEY_free(pkey);
        return UD_ERR_INTERNAL;
    }
    return wrap(pkey, kind, is_private, key);
}

ud_err_t ud_key_read_pem(const char *pem, size_t size, ud_key_t **key, char *found)
{
    return ud_key_read_locked_pem(pem, size, NULL, key, found);
}

/* ---- what it is ------------------------------------------------------------------------------------------------- */

ud_key_kind_t ud_key_kind(const ud_key_t *key)
{
    return key->kind;
}

bool ud_key_is_private(const ud_key_t *key)
{
    return key->is_private;
}

/* The number of that name in `size` bytes, big-endian. */
static void put_number(const ud_key_t *key, const char *name, uint8_t *bytes, size_t size)
{
    BIGNUM *number = NULL;
    int got = EVP_PKEY_get_bn_param(key->pkey, name, &number);
    UD_ASSERT(got == 1 && BN_bn2binpad(number, bytes, (int)size) == (int)size);
    BN_clear_free(number);
}

size_t ud_key_public_raw(const ud_key_t *key, uint8_t raw[UD_KEY_RAW_SIZE_MAX])
{
    size_t size = (size_t)kinds[key->kind].bits / 8;
    if (is_rsa(key->kind)) {
        put_number(key, OSSL_PKEY_PARAM_RSA_N, raw, size);
        put_number(key, OSSL_PKEY_PARAM_RSA_E, raw + size, sizeof(uint32_t));
        return size + sizeof(uint32_t);
    }
    if (kinds[key->kind].group != NULL) {
        put_number(key, OSSL_PKEY_PARAM_EC_PUB_X, raw, size);
        put_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, raw + size, size);
        return 2 * size;
    }
    int got = EVP_PKEY_get_raw_public_key(key->pkey, raw, &size);
    UD_ASSERT(got == 1);
    return size;
}

/* ---- what it does ----------------------------------------------------------------------------------------------- */

/* Makes a context with the padding of RSA signatures in images. */
static bool set_padding(const ud_key_t *key, EVP_PKEY_CTX *context)
{
    return !is_rsa(key->kind) || (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
                                  EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                                  EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
                                  EVP_PKEY_CTX_set_rsa_pss_saltlen(context, UD_SHA256_SIZE) == 1);
}

static bool sign_digest(const ud_key_t *key, const void *digest, size_t digest_size, uint8_t *signature, size_t *size)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
    bool good = context != NULL && EVP_PKEY_sign_init(context) == 1 && set_padding(key, context) &&
                EVP_PKEY_sign(context, signature, size, digest, digest_size) == 1;
    EVP_PKEY_CTX_free(context);
    return good;
}

static bool sign_whole(const ud_key_t *key, const void *message, size_t message_size, uint8_t *signature, size_t *size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
                EVP_DigestSign(context, signature, size, message, message_size) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

ud_err_t ud_key_sign_message(const ud_key_t *key, const void *message, size_t message_size,
                             uint8_t signature[UD_KEY_SIGNATURE_SIZE_MAX], size_t *size)
{
    size_t digest_size = kinds[key->kind].digest_size;
    size_t made = UD_KEY_SIGNATURE_SIZE_MAX;
    UD_REQUIRE(key->is_private, UD_ERR_KEY_FORMAT);
    UD_REQUIRE(digest_size == 0 || message_size == digest_size, UD_ERR_INVALID_ARGUMENT);
    bool good = digest_size == 0 ? sign_whole(key, message, message_size, signature, &made)
                                 : sign_digest(key, message, message_size, signature, &made);
    UD_REQUIRE(good, UD_ERR_INTERNAL);
    *size = made;
    return UD_OK;
}

static bool verify_digest(const ud_key_t *key, const void *digest, size_t digest_size, const uint8_t *signature,
                          size_t size)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
    bool good = context != NULL && EVP_PKEY_verify_init(context) == 1 && set_padding(key, context) &&
                EVP_PKEY_verify(context, signature, size, digest, digest_size) == 1;
    EVP_PKEY_CTX_free(context);
    return good;
}

static bool verify_whole(const ud_key_t *key, const void *message, size_t message_size, const uint8_t *signature,
                         size_t size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
                EVP_DigestVerify(context, signature, size, message, message_size) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

ud_verdict_t ud_key_verify_message(const ud_key_t *key, const void *message, size_t message_size,
                                   const uint8_t *signature, size_t size)
{
    size_t digest_size = kinds[key->kind].digest_size;
    bool good = digest_size == 0
                    ? verify_whole(key, message, message_size, signature, size)
                    : message_size == digest_size && verify_digest(key, message, message_size, signature, size);
    ERR_clear_error();
    return good ? UD_VERDICT_VALID : UD_VERDICT_INVALID;
}

/* ---- P-256 only ------------------------------------------------------------------------------------------------- */

void ud_key_public(const ud_key_t *key, uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE])
{
    uint8_t raw[UD_KEY_RAW_SIZE_MAX];
    UD_ASSERT(key->kind == UD_KEY_ECDSA_P256);
    memcpy(public_key, raw, ud_key_public_raw(key, raw));
}

ud_err_t ud_key_private(const ud_key_t *key, uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE])
{
    UD_ASSERT(key->kind == UD_KEY_ECDSA_P256);
    UD_REQUIRE(key->is_private, UD_ERR_KEY_FORMAT);
    put_number(key, OSSL_PKEY_PARAM_PRIV_KEY, private_key, UD_P256_PRIVATE_KEY_SIZE);
    return UD_OK;
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
    uint8_t der[UD_KEY_SIGNATURE_SIZE_MAX];
    size_t size = 0;
    UD_ASSERT(key->kind == UD_KEY_ECDSA_P256);
    UD_TRY(ud_key_sign_message(key, digest, UD_SHA256_SIZE, der, &size));
    return split(der, size, signature) ? UD_OK : UD_ERR_INTERNAL;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

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

ud_err_t ud_key_write_locked_pem(const ud_key_t *key, const char *passphrase, char *pem, size_t capacity, size_t *size)
{
    UD_REQUIRE(key->is_private, UD_ERR_KEY_FORMAT);
    BIO *bio = BIO_new(BIO_s_secmem());
    const EVP_CIPHER *cipher = passphrase != NULL ? EVP_aes_256_cbc() : NULL;
    int length = passphrase != NULL ? (int)strlen(passphrase) : 0;
    ud_err_t err = UD_ERR_INTERNAL;
    if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, cipher, passphrase, length, NULL, NULL) == 1) {
        err = take_text(bio, pem, capacity, size);
    }
    BIO_free(bio);
    return err;
}

ud_err_t ud_key_write_private_pem(const ud_key_t *key, char *pem, size_t capacity, size_t *size)
{
    return ud_key_write_locked_pem(key, NULL, pem, capacity, size);
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
