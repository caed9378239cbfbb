#include "core/image/sign.h"

#include "core/base/assert.h"
#include "core/base/cursor.h"
#include "core/base/utf8.h"
#include "core/crypto/crypto.h"
#include "core/image/chain.h"
#include "core/image/der.h"
#include "core/image/descriptor_block.h"
#include "core/image/format.h"
#include "core/image/trusted.h"

#include <string.h>

/* Value of bytes that nobody wrote: what erased flash reads as, and what imgtool pads with. */
#define ERASED 0xFF

/* Bytes of the open area at most: hash, key hash, signature, each with its head, and the area's. */
#define OPEN_SIZE_MAX (4 + 4 + UD_SHA256_SIZE + 4 + UD_SHA256_SIZE + 4 + UD_DER_SIGNATURE_SIZE_MAX)

uint32_t ud_sign_auto_counter(const ud_version_t *version)
{
    return (uint32_t)version->major << 24 | (uint32_t)version->minor << 16 | version->revision;
}

/* Bytes of the protected area, head included; 0 if nothing stands in it. */
static uint32_t protected_size(const ud_sign_options_t *options)
{
    size_t size = options->has_security_counter ? UD_IMAGE_TLV_HEAD_SIZE + sizeof(uint32_t) : 0;
    size += options->dependency_count * (UD_IMAGE_TLV_HEAD_SIZE + UD_IMAGE_DEPENDENCY_SIZE);
    size += options->hardware != NULL ? UD_IMAGE_TLV_HEAD_SIZE + strlen(options->hardware) : 0;
    return size == 0 ? 0 : (uint32_t)(UD_IMAGE_TLV_HEAD_SIZE + size);
}

size_t ud_sign_size_max(const ud_sign_options_t *options, size_t input_size)
{
    return options->header_size + input_size + protected_size(options) + OPEN_SIZE_MAX +
           UD_DESCRIPTOR_BLOCK_SIZE(UD_CHUNK_SIZE_COUNT, UD_P256_SIGNATURE_SIZE);
}

static ud_err_t check_options(const ud_sign_options_t *options, const uint8_t *input, size_t input_size)
{
    UD_REQUIRE(options->header_size >= UD_IMAGE_HEADER_SIZE && options->header_size <= UINT16_MAX &&
                   options->header_size % 4 == 0,
               UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(options->dependency_count <= UD_IMAGE_DEPENDENCIES_MAX, UD_ERR_INVALID_ARGUMENT);
    if (options->hardware != NULL) {
        size_t size = strnlen(options->hardware, UD_HARDWARE_SIZE_MAX + 1);
        UD_REQUIRE(size > 0 && size <= UD_HARDWARE_SIZE_MAX && ud_utf8_is_text(options->hardware, size),
                   UD_ERR_INVALID_ARGUMENT);
    }
    UD_REQUIRE(input_size > (options->pad_header ? 0 : options->header_size), UD_ERR_INVALID_ARGUMENT);
    for (size_t index = 0; !options->pad_header && index < options->header_size; index++) {
        UD_REQUIRE(input[index] == 0, UD_ERR_INVALID_ARGUMENT);
    }
    UD_REQUIRE(ud_sign_size_max(options, input_size) <= UINT32_MAX, UD_ERR_TOO_LARGE);
    return UD_OK;
}

static void put_version(ud_writer_t *writer, const ud_version_t *version)
{
    uint8_t bytes[UD_VERSION_SIZE];
    ud_version_to_bytes(version, bytes);
    ud_writer_put_bytes(writer, bytes, sizeof bytes);
}

static void put_tlv(ud_writer_t *writer, uint16_t type, const void *value, size_t size)
{
    ud_writer_put_u16le(writer, type);
    ud_writer_put_u16le(writer, (uint16_t)size);
    ud_writer_put_bytes(writer, value, size);
}

/* Header, what lies between it and the payload, and the payload. */
static void put_content(ud_writer_t *writer, const ud_sign_options_t *options, const uint8_t *input, size_t input_size)
{
    uint32_t before = options->pad_header ? 0 : options->header_size;
    ud_writer_put_u32le(writer, UD_IMAGE_MAGIC);
    ud_writer_put_u32le(writer, options->has_rom_address ? options->rom_address : 0);
    ud_writer_put_u16le(writer, (uint16_t)options->header_size);
    ud_writer_put_u16le(writer, (uint16_t)protected_size(options));
    ud_writer_put_u32le(writer, (uint32_t)(input_size - before));
    ud_writer_put_u32le(writer, options->has_rom_address ? UD_IMAGE_FLAG_ROM_FIXED : 0);
    put_version(writer, &options->version);
    ud_writer_put_u32le(writer, 0);
    ud_writer_fill(writer, options->pad_header ? ERASED : 0, options->header_size - UD_IMAGE_HEADER_SIZE);
    ud_writer_put_bytes(writer, input + before, input_size - before);
}

/* In imgtool's order: counter, dependencies, then what it calls custom TLVs. */
static void put_protected(ud_writer_t *writer, const ud_sign_options_t *options)
{
    if (protected_size(options) == 0) {
        return;
    }
    ud_writer_put_u16le(writer, UD_IMAGE_TLV_PROTECTED_INFO_MAGIC);
    ud_writer_put_u16le(writer, (uint16_t)protected_size(options));
    if (options->has_security_counter) {
        ud_writer_put_u16le(writer, UD_IMAGE_TLV_SECURITY_COUNTER);
        ud_writer_put_u16le(writer, sizeof(uint32_t));
        ud_writer_put_u32le(writer, options->security_counter);
    }
    for (size_t index = 0; index < options->dependency_count; index++) {
        ud_writer_put_u16le(writer, UD_IMAGE_TLV_DEPENDENCY);
        ud_writer_put_u16le(writer, UD_IMAGE_DEPENDENCY_SIZE);
        ud_writer_put_u32le(writer, options->dependencies[index].image);
        put_version(writer, &options->dependencies[index].minimum);
    }
    if (options->hardware != NULL) {
        put_tlv(writer, UD_IMAGE_TLV_HARDWARE, options->hardware, strlen(options->hardware));
    }
}

/* Hash, key hash and signature over all that was written. */
static ud_err_t put_signature(ud_writer_t *writer, const ud_key_t *key)
{
    uint8_t digest[UD_SHA256_SIZE];
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
    uint8_t raw[UD_P256_SIGNATURE_SIZE];
    uint8_t der[UD_DER_SIGNATURE_SIZE_MAX];
    ud_trusted_key_t trusted;
    UD_TRY(ud_writer_status(writer));
    ud_sha256(writer->data, writer->size, digest);
    ud_key_public(key, public_key);
    ud_trusted_key_init(&trusted, &ud_scheme_ecdsa_p256, public_key);
    UD_TRY(ud_key_sign(key, digest, raw));
    size_t der_size = ud_der_signature_encode(raw, der);
    ud_writer_put_u16le(writer, UD_IMAGE_TLV_INFO_MAGIC);
    ud_writer_put_u16le(writer, (uint16_t)(OPEN_SIZE_MAX - sizeof der + der_size));
    put_tlv(writer, UD_IMAGE_TLV_SHA256, digest, sizeof digest);
    put_tlv(writer, UD_IMAGE_TLV_KEY_HASH, trusted.key_hash, sizeof trusted.key_hash);
    put_tlv(writer, UD_IMAGE_TLV_ECDSA, der, der_size);
    return ud_writer_status(writer);
}

ud_err_t ud_sign_image(const ud_sign_options_t *options, const ud_key_t *key, const uint8_t *input, size_t input_size,
                       uint8_t *image, size_t capacity, size_t *size, ud_image_info_t *info)
{
    UD_TRY(check_options(options, input, input_size));
    ud_writer_t writer = ud_writer(image, capacity);
    put_content(&writer, options, input, input_size);
    put_protected(&writer, options);
    UD_TRY(put_signature(&writer, key));
    /* whoever signs reads back: what our own parser refuses must never leave the house */
    ud_image_memory_t memory = {image, writer.size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    UD_REQUIRE(ud_image_parse(&source, (uint32_t)writer.size, info) == UD_OK, UD_ERR_INTERNAL);
    *size = writer.size;
    return UD_OK;
}

ud_err_t ud_sign_descriptor(const ud_image_info_t *info, const ud_key_t *key, uint8_t *image, size_t capacity,
                            size_t *size)
{
    ud_descriptor_block_t block = {.count = UD_CHUNK_SIZE_COUNT, .signature_size = UD_P256_SIGNATURE_SIZE};
    ud_image_memory_t memory = {image, info->total_size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    for (uint32_t index = 0; index < block.count; index++) {
        ud_descriptor_entry_t *entry = &block.entries[index];
        ud_descriptor_t descriptor;
        uint8_t digest[UD_SHA256_SIZE];
        entry->chunk_size = ud_chunk_sizes[index];
        UD_TRY(ud_chain_build(&source, info->total_size, entry->chunk_size, NULL, NULL, entry->root));
        ud_descriptor_from_image(info, entry->chunk_size, entry->root, &descriptor);
        ud_descriptor_digest(&descriptor, digest);
        UD_TRY(ud_key_sign(key, digest, entry->signature));
    }
    size_t block_size = 0;
    UD_TRY(ud_descriptor_block_write(&block, image + info->total_size, capacity - info->total_size, &block_size));
    *size = info->total_size + block_size;
    return UD_OK;
}
