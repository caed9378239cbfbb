/* Images, descriptors, signatures and wrapped keys from hostile bytes: what parses must lie inside its bounds, nothing is
 * valid, since no key is trusted whose private half anybody has, and what is encrypted twice is as it was.
 */
#include "core/base/assert.h"
#include "core/base/endian.h"
#include "core/base/utf8.h"
#include "core/crypto/crypto.h"
#include "core/image/der.h"
#include "core/image/descriptor_block.h"
#include "core/image/encrypted.h"
#include "core/image/trusted.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What every user of the parser relies upon. */
static void check_info(const ud_image_info_t *info, size_t size)
{
    uint64_t end = (uint64_t)info->header_size + info->payload_size + info->protected_size;
    UD_ASSERT(info->header_size >= UD_IMAGE_HEADER_SIZE && info->payload_size > 0);
    UD_ASSERT(end < info->total_size && info->total_size <= size);
    UD_ASSERT(info->dependency_count <= UD_IMAGE_DEPENDENCIES_MAX);
    UD_ASSERT(strnlen(info->hardware, sizeof info->hardware) <= UD_HARDWARE_SIZE_MAX);
    UD_ASSERT(ud_utf8_is_text(info->hardware, strlen(info->hardware)));
}

static void try_descriptor(const ud_image_source_t *source, size_t size, const ud_image_info_t *info)
{
    ud_descriptor_block_t block;
    uint8_t written[UD_DESCRIPTOR_BLOCK_SIZE_MAX];
    uint8_t read[sizeof written];
    size_t written_size = 0;
    if (ud_descriptor_find(source, (uint32_t)size, info, &block) != UD_OK) {
        return;
    }
    UD_ASSERT(ud_descriptor_block_write(&block, written, sizeof written, &written_size) == UD_OK);
    UD_ASSERT(written_size <= size - info->total_size);
    UD_ASSERT(source->read(source->context, info->total_size, read, written_size) == UD_OK);
    UD_ASSERT(memcmp(read, written, written_size) == 0);
    UD_ASSERT(ud_descriptor_check(source, info, &block, &(ud_trust_t){.count = 0}) != UD_OK);
}

static void try_der(const uint8_t *data, size_t size)
{
    uint8_t raw[UD_P256_SIGNATURE_SIZE];
    uint8_t der[UD_DER_SIGNATURE_SIZE_MAX];
    uint8_t padded[UD_DER_SIGNATURE_SIZE_MAX] = {0};
    if (size > sizeof padded) {
        return;
    }
    memcpy(padded, data, size);
    if (ud_der_signature_decode(padded, size, raw) == UD_OK) {
        size_t der_size = ud_der_signature_encode(raw, der);
        UD_ASSERT(der_size == size || size == sizeof padded);
        UD_ASSERT(memcmp(der, data, der_size) == 0);
    }
}

/* Any stretch of the image, chosen by its own last bytes, encrypted and decrypted again; and read in the clear. */
static void try_crypt(const ud_image_source_t *source, const uint8_t *data, size_t size, const ud_image_info_t *info)
{
    static const uint8_t key[16] = {1};
    uint8_t piece[64];
    uint32_t offset = (uint32_t)(ud_get_u16le(data + size - 2) % size);
    size_t room = size - offset < sizeof piece ? size - offset : sizeof piece;
    ud_aes_t aes;
    ud_image_plain_t plain = {source, info, &aes};
    ud_image_source_t decrypting = ud_image_source_decrypting(&plain);
    ud_aes_init(&aes, key, sizeof key);
    UD_ASSERT(decrypting.read(decrypting.context, offset, piece, room) == UD_OK);
    ud_image_crypt(&aes, info, offset, piece, room);
    UD_ASSERT(memcmp(piece, data + offset, room) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE] = {[UD_P256_PRIVATE_KEY_SIZE - 1] = 3};
    ud_image_memory_t memory = {data, size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    ud_image_info_t info;
    ud_trusted_key_t keys[UD_SCHEME_COUNT];
    ud_trust_t trust = {.keys = keys, .count = UD_SCHEME_COUNT};
    ud_err_t reason = UD_OK;
    static const uint8_t public_key[UD_PUBLIC_KEY_SIZE_MAX];
    try_der(data, size);
    if (ud_image_read(&source, (uint32_t)size, &info) == UD_OK) {
        check_info(&info, size);
        try_descriptor(&source, size, &info);
        try_crypt(&source, data, size, &info);
        for (size_t index = 0; index < UD_SCHEME_COUNT; index++) {
            keys[index] = (ud_trusted_key_t){.scheme = ud_schemes[index], .public_key = public_key};
            memcpy(keys[index].key_hash, info.key_hash, sizeof keys[index].key_hash);
        }
        UD_ASSERT(ud_image_verify_encrypted(&source, (uint32_t)size, private_key, &trust, &info, &reason) ==
                  UD_VERDICT_INVALID);
        UD_ASSERT(reason != UD_OK && reason != UD_ERR_IMAGE_ENCRYPTED);
        UD_ASSERT(ud_trust_named(&trust, &source, &info) >> UD_SCHEME_COUNT == 0);
    }
    return 0;
}
