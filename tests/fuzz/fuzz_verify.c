/* Images judged by keys that are trusted, with the key that decrypts them: whatever was changed, only content that the
 * owners of those keys signed is ever valid. Reads stay inside the area.
 */
#include "core/base/assert.h"
#include "core/crypto/key.h"
#include "core/image/encrypted.h"
#include "core/image/sign.h"
#include "core/image/trusted.h"

#include <stdio.h>
#include <string.h>

#define FOLDER "tests/vectors/mcuboot/"
#define FILE_SIZE_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    const char *file;
    bool pure;
} key_files[] = {
    {FOLDER "keys/ec_a.pem", false},
    {FOLDER "keys/rsa2_a.pem", false},
    {FOLDER "keys/ed_a.pem", false},
    {FOLDER "keys/ed_b.pem", true},
};
static const char *const genuine_files[] = {
    FOLDER "img/d-v1-ec256.bin",          FOLDER "img/d-v2-ec256-seccnt-deps.bin", FOLDER "img/d-v3-rsa2048.bin",
    FOLDER "img/d-v4-ed25519.bin",        FOLDER "img/d-v5-ec256-confirmed.bin",   FOLDER "img/d-v6-ec256-enc.bin",
    "tests/fuzz/corpus/fuzz_verify/pure",
};

#define KEY_COUNT (sizeof key_files / sizeof key_files[0])
#define GENUINE_COUNT (sizeof genuine_files / sizeof genuine_files[0])

static uint8_t public_keys[KEY_COUNT][UD_PUBLIC_KEY_SIZE_MAX];
static ud_trusted_key_t keys[KEY_COUNT];
static const ud_trust_t trust = {.keys = keys, .count = KEY_COUNT};
static uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE];
static uint8_t genuine[GENUINE_COUNT][UD_SHA256_SIZE]; /* image hashes */

static size_t load(const char *path, uint8_t *data, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    UD_ASSERT(file != NULL); /* run from the root of the repository */
    size_t size = fread(data, 1, capacity, file);
    fclose(file);
    return size;
}

static ud_key_t *load_key(const char *path)
{
    static uint8_t pem[UD_KEY_PEM_SIZE_MAX];
    ud_key_t *key = NULL;
    size_t size = load(path, pem, sizeof pem);
    UD_ASSERT(ud_key_read_pem((const char *)pem, size, &key, NULL) == UD_OK);
    return key;
}

static ud_err_t read_inside(void *context, uint32_t offset, void *data, size_t size)
{
    const ud_image_memory_t *memory = context;
    UD_ASSERT(offset <= memory->size && size <= memory->size - offset);
    memcpy(data, memory->data + offset, size);
    return UD_OK;
}

static ud_verdict_t judge(const uint8_t *data, size_t size, ud_image_info_t *info)
{
    ud_image_memory_t memory = {data, size};
    ud_image_source_t source = {.read = read_inside, .context = &memory};
    ud_err_t reason = UD_ERR_INTERNAL;
    ud_verdict_t verdict = ud_image_verify_encrypted(&source, (uint32_t)size, private_key, &trust, info, &reason);
    UD_ASSERT((verdict == UD_VERDICT_VALID) == (reason == UD_OK));
    return verdict;
}

static void prepare(void)
{
    static uint8_t data[FILE_SIZE_MAX];
    for (size_t index = 0; index < KEY_COUNT; index++) {
        const ud_image_scheme_t *scheme = NULL;
        ud_key_t *key = load_key(key_files[index].file);
        UD_ASSERT(ud_sign_scheme(ud_key_kind(key), 0, key_files[index].pure, &scheme) == UD_OK);
        ud_key_public_raw(key, public_keys[index]);
        ud_trusted_key_init(&keys[index], scheme, public_keys[index]);
        ud_key_destroy(key);
    }
    ud_key_t *key = load_key(FOLDER "keys/enc_ec.pem");
    UD_ASSERT(ud_key_private(key, private_key) == UD_OK);
    ud_key_destroy(key);
    for (size_t index = 0; index < GENUINE_COUNT; index++) {
        ud_image_info_t info;
        size_t size = load(genuine_files[index], data, sizeof data);
        UD_ASSERT(judge(data, size, &info) == UD_VERDICT_VALID);
        memcpy(genuine[index], info.hash, UD_SHA256_SIZE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_prepared;
    ud_image_info_t info;
    if (!is_prepared) {
        prepare();
        is_prepared = true;
    }
    if (judge(data, size, &info) == UD_VERDICT_VALID) {
        bool known = false;
        for (size_t index = 0; index < GENUINE_COUNT; index++) {
            known = known || memcmp(info.hash, genuine[index], UD_SHA256_SIZE) == 0;
        }
        UD_ASSERT(known);
    }
    return 0;
}
