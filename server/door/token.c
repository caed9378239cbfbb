#include "server/door/token.h"

#include "core/base/assert.h"
#include "core/base/hex.h"
#include "core/crypto/crypto.h"
#include "core/crypto/key.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Entries that one digest may lie in, and locks over all of them. */
#define WAY_COUNT 4
#define LOCK_COUNT 16
#define SET_COUNT (UD_TOKEN_CACHE_COUNT / WAY_COUNT)

/* Characters of header, claims and signature in base64url, with a NUL. */
#define HEADER_SIZE 96
#define CLAIMS_SIZE 256
#define SIGNATURE_SIZE 88

_Static_assert(HEADER_SIZE + CLAIMS_SIZE + SIGNATURE_SIZE <= UD_TOKEN_SIZE_MAX, "a token fits its limit");
_Static_assert((SET_COUNT & (SET_COUNT - 1)) == 0 && SET_COUNT % LOCK_COUNT == 0, "sets are found by masks");

typedef struct {
    uint8_t digest[UD_SHA256_SIZE]; /* of the token; all zero: empty */
    ud_token_claims_t claims;
} entry_t;

struct ud_token_key {
    ud_key_t *key;
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
    char header[HEADER_SIZE]; /* the same in every token: others are refused without a look inside */
    pthread_mutex_t locks[LOCK_COUNT];
    uint8_t turns[SET_COUNT]; /* which way is replaced next; under the set's lock, as are the entries */
    entry_t entries[SET_COUNT][WAY_COUNT];
};

static void to_base64(const void *data, size_t size, char *text, size_t capacity)
{
    sodium_bin2base64(text, capacity, data, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static ud_err_t from_base64(const char *text, size_t text_size, void *data, size_t capacity, size_t *size)
{
    const char *end = NULL;
    int failed =
        sodium_base642bin(data, capacity, text, text_size, NULL, size, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return failed == 0 && end == text + text_size ? UD_OK : UD_ERR_MALFORMED;
}

/* ---- the key --------------------------------------------------------------------------------------------------------- */

static ud_err_t read_key(const char *path, ud_key_t **key)
{
    char pem[2048];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return errno == ENOENT ? UD_ERR_NOT_FOUND : UD_ERR_FILE_READ;
    }
    size_t size = fread(pem, 1, sizeof pem, file);
    bool failed = ferror(file) != 0;
    fclose(file);
    ud_err_t err = failed ? UD_ERR_FILE_READ : ud_key_read_pem(pem, size, key, NULL);
    sodium_memzero(pem, sizeof pem);
    if (err == UD_OK && (!ud_key_is_private(*key) || ud_key_kind(*key) != UD_KEY_ECDSA_P256)) {
        ud_key_destroy(*key);
        err = UD_ERR_KEY_FORMAT;
    }
    return err;
}

/* Under its name only when whole and on disk. */
static ud_err_t write_key(const char *path, const char *pem, size_t size)
{
    char draft[4096 + 8];
    snprintf(draft, sizeof draft, "%s.new", path);
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    UD_REQUIRE(fd >= 0, UD_ERR_FILE_WRITE);
    bool written = write(fd, pem, size) == (ssize_t)size && fsync(fd) == 0;
    written = close(fd) == 0 && written;
    if (!written || rename(draft, path) != 0) {
        unlink(draft);
        return UD_ERR_FILE_WRITE;
    }
    return UD_OK;
}

static ud_err_t make_key(const char *path, ud_key_t **result)
{
    char pem[1024];
    size_t size = 0;
    ud_key_t *key;
    UD_TRY(ud_key_generate(&key));
    ud_err_t err = ud_key_write_private_pem(key, pem, sizeof pem, &size);
    if (err == UD_OK) {
        err = write_key(path, pem, size);
    }
    sodium_memzero(pem, sizeof pem);
    if (err != UD_OK) {
        ud_key_destroy(key);
        return err;
    }
    *result = key;
    return UD_OK;
}

ud_err_t ud_token_key_open(const char *folder, ud_token_key_t **result)
{
    char path[4096], header[64], kid[UD_HEX_TEXT_SIZE(4)];
    uint8_t digest[UD_SHA256_SIZE];
    UD_REQUIRE((size_t)snprintf(path, sizeof path, "%s/token.key", folder) < sizeof path, UD_ERR_FILE_WRITE);
    ud_token_key_t *key = calloc(1, sizeof *key);
    UD_REQUIRE(key != NULL && sodium_init() >= 0, UD_ERR_INTERNAL);
    ud_err_t err = read_key(path, &key->key);
    if (err == UD_ERR_NOT_FOUND) {
        err = make_key(path, &key->key);
    }
    if (err != UD_OK) {
        free(key);
        return err;
    }
    ud_key_public(key->key, key->public_key);
    ud_sha256(key->public_key, sizeof key->public_key, digest);
    ud_hex_encode(digest, 4, kid);
    int size = snprintf(header, sizeof header, "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", kid);
    to_base64(header, (size_t)size, key->header, sizeof key->header);
    for (size_t i = 0; i < LOCK_COUNT; i++) {
        pthread_mutex_init(&key->locks[i], NULL);
    }
    *result = key;
    return UD_OK;
}

void ud_token_key_close(ud_token_key_t *key)
{
    if (key == NULL) {
        return;
    }
    for (size_t i = 0; i < LOCK_COUNT; i++) {
        pthread_mutex_destroy(&key->locks[i]);
    }
    ud_key_destroy(key->key);
    free(key);
}

/* ---- issue ----------------------------------------------------------------------------------------------------------- */

ud_err_t ud_token_issue(const ud_token_key_t *key, const char *device_id, uint32_t generation, int64_t now_s,
                        uint32_t lifetime_s, char token[UD_TOKEN_SIZE_MAX + 1])
{
    char claims[CLAIMS_SIZE / 4 * 3], text[CLAIMS_SIZE], signature_text[SIGNATURE_SIZE];
    uint8_t digest[UD_SHA256_SIZE], signature[UD_P256_SIGNATURE_SIZE];
    int size =
        snprintf(claims, sizeof claims, "{\"sub\":\"%s\",\"gen\":%" PRIu32 ",\"iat\":%" PRId64 ",\"exp\":%" PRId64 "}",
                 device_id, generation, now_s, now_s + lifetime_s);
    UD_REQUIRE(size > 0 && (size_t)size < sizeof claims, UD_ERR_INTERNAL);
    to_base64(claims, (size_t)size, text, sizeof text);
    char body[UD_TOKEN_SIZE_MAX + 1];
    size = snprintf(body, sizeof body, "%s.%s", key->header, text);
    ud_sha256(body, (size_t)size, digest);
    UD_TRY(ud_key_sign(key->key, digest, signature));
    to_base64(signature, sizeof signature, signature_text, sizeof signature_text);
    snprintf(token, UD_TOKEN_SIZE_MAX + 1, "%.*s.%s", size, body, signature_text);
    return UD_OK;
}

/* ---- verify ---------------------------------------------------------------------------------------------------------- */

static size_t set_of(const uint8_t digest[UD_SHA256_SIZE])
{
    return ((size_t)digest[0] | (size_t)digest[1] << 8) & (SET_COUNT - 1);
}

static bool find(ud_token_key_t *key, const uint8_t digest[UD_SHA256_SIZE], ud_token_claims_t *claims)
{
    size_t set = set_of(digest);
    bool found = false;
    pthread_mutex_lock(&key->locks[set % LOCK_COUNT]);
    for (size_t way = 0; way < WAY_COUNT && !found; way++) {
        found = memcmp(key->entries[set][way].digest, digest, UD_SHA256_SIZE) == 0;
        if (found) {
            *claims = key->entries[set][way].claims;
        }
    }
    pthread_mutex_unlock(&key->locks[set % LOCK_COUNT]);
    return found;
}

static void remember(ud_token_key_t *key, const uint8_t digest[UD_SHA256_SIZE], const ud_token_claims_t *claims)
{
    size_t set = set_of(digest);
    pthread_mutex_lock(&key->locks[set % LOCK_COUNT]);
    entry_t *entry = &key->entries[set][key->turns[set]++ % WAY_COUNT];
    memcpy(entry->digest, digest, UD_SHA256_SIZE);
    entry->claims = *claims;
    pthread_mutex_unlock(&key->locks[set % LOCK_COUNT]);
}

/* The claims of a token whose signature was good: ours, so what is not as we write it is a fault or a forgery. */
static ud_err_t parse_claims(const char *text, size_t text_size, ud_token_claims_t *claims)
{
    char data[CLAIMS_SIZE];
    size_t size = 0;
    const char *device_id = NULL;
    json_int_t generation = -1, expires_s = -1;
    UD_TRY(from_base64(text, text_size, data, sizeof data, &size));
    json_t *object = json_loadb(data, size, JSON_REJECT_DUPLICATES, NULL);
    int failed = json_unpack(object, "{s:s, s:I, s:I}", "sub", &device_id, "gen", &generation, "exp", &expires_s);
    bool good = object != NULL && failed == 0 && strlen(device_id) <= UD_DEVICE_ID_SIZE_MAX && generation >= 0 &&
                generation <= UINT32_MAX;
    if (good) {
        *claims = (ud_token_claims_t){.generation = (uint32_t)generation, .expires_s = expires_s};
        strncpy(claims->device_id, device_id, UD_DEVICE_ID_SIZE_MAX);
    }
    json_decref(object);
    return good ? UD_OK : UD_ERR_MALFORMED;
}

/* Checks header and signature of "header.claims.signature". */
static ud_err_t parse_token(const ud_token_key_t *key, const char *token, ud_token_claims_t *claims)
{
    size_t header_size = strlen(key->header), size = 0;
    uint8_t digest[UD_SHA256_SIZE], signature[UD_P256_SIGNATURE_SIZE];
    UD_REQUIRE(strncmp(token, key->header, header_size) == 0 && token[header_size] == '.', UD_ERR_MALFORMED);
    const char *text = token + header_size + 1;
    const char *end = strchr(text, '.');
    UD_REQUIRE(end != NULL, UD_ERR_MALFORMED);
    UD_TRY(from_base64(end + 1, strlen(end + 1), signature, sizeof signature, &size));
    UD_REQUIRE(size == sizeof signature, UD_ERR_MALFORMED);
    ud_sha256(token, (size_t)(end - token), digest);
    UD_REQUIRE(ud_ecdsa_p256_verify(key->public_key, digest, signature) == UD_VERDICT_VALID, UD_ERR_MALFORMED);
    return parse_claims(text, (size_t)(end - text), claims);
}

ud_err_t ud_token_verify(ud_token_key_t *key, const char *token, int64_t now_s, ud_token_claims_t *claims)
{
    uint8_t digest[UD_SHA256_SIZE];
    size_t size = strnlen(token, UD_TOKEN_SIZE_MAX + 1);
    UD_REQUIRE(size <= UD_TOKEN_SIZE_MAX, UD_ERR_UNAUTHENTICATED);
    ud_sha256(token, size, digest);
    if (!find(key, digest, claims)) {
        UD_REQUIRE(parse_token(key, token, claims) == UD_OK, UD_ERR_UNAUTHENTICATED);
        remember(key, digest, claims);
    }
    return now_s < claims->expires_s ? UD_OK : UD_ERR_TOKEN_EXPIRED;
}
