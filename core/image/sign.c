#include "core/image/sign.h"

#include "core/base/assert.h"
#include "core/base/cursor.h"
#include "core/base/endian.h"
#include "core/base/utf8.h"
#include "core/image/chain.h"
#include "core/image/descriptor_block.h"
#include "core/image/encrypted.h"
#include "core/image/format.h"
#include "core/image/openssl.h"

#include <string.h>

/* Values of bytes that nobody wrote: what erased flash reads as, and what imgtool pads with. */
#define ERASED 0xFF
#define ERASED_ZERO 0x00

/* Bytes of the open area at most: hash, sign of a pure signature, key, signature, wrapped key, and all their heads. */
#define OPEN_SIZE_MAX                                                                                       \
    (6 * UD_IMAGE_TLV_HEAD_SIZE + UD_SHA512_SIZE + 1 + UD_PUBLIC_KEY_DER_SIZE_MAX + UD_SIGNATURE_SIZE_MAX + \
     UD_ECIES_SIZE_MAX)

/* Types that a caller may give TLVs of his own. */
#define VENDOR_TYPE_MIN 0x00A0
#define VENDOR_TYPE_MAX 0xFFFE

uint32_t ud_sign_auto_counter(const ud_version_t *version)
{
    return (uint32_t)version->major << 24 | (uint32_t)version->minor << 16 | version->revision;
}

/* ---- schemes ---------------------------------------------------------------------------------------------------- */

/* The first row of a kind is its usual one. */
static const struct {
    ud_key_kind_t kind;
    uint32_t sha_bits;
    bool pure;
    const ud_image_scheme_t *scheme;
} schemes[] = {
    {UD_KEY_ECDSA_P256, 256, false, &ud_scheme_ecdsa_p256}, {UD_KEY_ECDSA_P384, 384, false, &ud_scheme_ecdsa_p384},
    {UD_KEY_RSA_2048, 256, false, &ud_scheme_rsa_2048},     {UD_KEY_RSA_3072, 256, false, &ud_scheme_rsa_3072},
    {UD_KEY_ED25519, 256, false, &ud_scheme_ed25519},       {UD_KEY_ED25519, 512, false, &ud_scheme_ed25519_sha512},
    {UD_KEY_ED25519, 512, true, &ud_scheme_ed25519_pure},
};

#define ROW_COUNT (sizeof schemes / sizeof schemes[0])

ud_err_t ud_sign_scheme(ud_key_kind_t kind, uint32_t sha_bits, bool pure, const ud_image_scheme_t **scheme)
{
    for (size_t index = 0; index < ROW_COUNT; index++) {
        if (schemes[index].kind == kind && schemes[index].pure == pure &&
            (sha_bits == 0 || sha_bits == schemes[index].sha_bits)) {
            *scheme = schemes[index].scheme;
            return UD_OK;
        }
    }
    return UD_ERR_INVALID_ARGUMENT;
}

static ud_err_t choose_scheme(const ud_sign_options_t *options, const ud_key_t *key, const ud_image_scheme_t **scheme)
{
    if (options->scheme == NULL) {
        return ud_sign_scheme(ud_key_kind(key), 0, false, scheme);
    }
    for (size_t index = 0; index < ROW_COUNT; index++) {
        if (schemes[index].kind == ud_key_kind(key) && schemes[index].scheme == options->scheme) {
            *scheme = options->scheme;
            return UD_OK;
        }
    }
    return UD_ERR_INVALID_ARGUMENT;
}

/* ---- sizes and ranges ------------------------------------------------------------------------------------------- */

/* Bytes of the protected area, head included; 0 if nothing stands in it. */
static size_t protected_size(const ud_sign_options_t *options)
{
    size_t size = options->has_security_counter ? UD_IMAGE_TLV_HEAD_SIZE + sizeof(uint32_t) : 0;
    size += options->dependency_count * (UD_IMAGE_TLV_HEAD_SIZE + UD_IMAGE_DEPENDENCY_SIZE);
    size += options->hardware != NULL ? UD_IMAGE_TLV_HEAD_SIZE + strlen(options->hardware) : 0;
    size += options->revoked_count > 0 ? UD_IMAGE_TLV_HEAD_SIZE + options->revoked_count * UD_SHA256_SIZE : 0;
    for (size_t index = 0; index < options->tlv_count; index++) {
        size += UD_IMAGE_TLV_HEAD_SIZE + options->tlvs[index].size;
    }
    return size == 0 ? 0 : UD_IMAGE_TLV_HEAD_SIZE + size;
}

size_t ud_sign_size_max(const ud_sign_options_t *options, size_t input_size)
{
    return options->header_size + input_size + UD_AES_BLOCK_SIZE + protected_size(options) + OPEN_SIZE_MAX +
           UD_DESCRIPTOR_BLOCK_SIZE_MAX;
}

bool ud_sign_tlv_is_free(uint32_t type)
{
    bool is_ours = type >= UD_IMAGE_TLV_HARDWARE && type <= UD_IMAGE_TLV_BOOTLOADER;
    return type >= VENDOR_TYPE_MIN && type <= VENDOR_TYPE_MAX && !is_ours;
}

static ud_err_t check_tlvs(const ud_sign_options_t *options)
{
    UD_REQUIRE(options->dependency_count <= UD_IMAGE_DEPENDENCIES_MAX &&
                   options->revoked_count <= UD_IMAGE_REVOKED_MAX && options->tlv_count <= UD_SIGN_TLVS_MAX,
               UD_ERR_INVALID_ARGUMENT);
    if (options->hardware != NULL) {
        size_t size = strnlen(options->hardware, UD_HARDWARE_SIZE_MAX + 1);
        UD_REQUIRE(size > 0 && size <= UD_HARDWARE_SIZE_MAX && ud_utf8_is_text(options->hardware, size),
                   UD_ERR_INVALID_ARGUMENT);
    }
    for (size_t index = 0; index < options->tlv_count; index++) {
        UD_REQUIRE(ud_sign_tlv_is_free(options->tlvs[index].type), UD_ERR_INVALID_ARGUMENT);
    }
    UD_REQUIRE(protected_size(options) <= UINT16_MAX, UD_ERR_INVALID_ARGUMENT);
    return UD_OK;
}

static ud_err_t check_options(const ud_sign_options_t *options, const uint8_t *input, size_t input_size)
{
    UD_REQUIRE(options->header_size >= UD_IMAGE_HEADER_SIZE && options->header_size <= UINT16_MAX &&
                   options->header_size % 4 == 0,
               UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(!options->has_rom_address || !options->has_load_address, UD_ERR_INVALID_ARGUMENT);
    UD_TRY(check_tlvs(options));
    if (options->encrypt_for != NULL) {
        UD_REQUIRE(options->encrypt_key_size == 16 || options->encrypt_key_size == 32, UD_ERR_INVALID_ARGUMENT);
        UD_REQUIRE(ud_key_kind(options->encrypt_for) == UD_KEY_ECDSA_P256, UD_ERR_KEY_FORMAT);
    }
    UD_REQUIRE(input_size > (options->pad_header ? 0 : options->header_size), UD_ERR_INVALID_ARGUMENT);
    for (size_t index = 0; !options->pad_header && index < options->header_size; index++) {
        UD_REQUIRE(input[index] == 0, UD_ERR_INVALID_ARGUMENT);
    }
    UD_REQUIRE(ud_sign_size_max(options, input_size) <= UINT32_MAX, UD_ERR_TOO_LARGE);
    return UD_OK;
}

/* ---- what is signed --------------------------------------------------------------------------------------------- */

static void put_head(ud_writer_t *writer, uint16_t type, size_t size)
{
    ud_writer_put_u16le(writer, type);
    ud_writer_put_u16le(writer, (uint16_t)size);
}

static void put_tlv(ud_writer_t *writer, uint16_t type, const void *value, size_t size)
{
    put_head(writer, type, size);
    ud_writer_put_bytes(writer, value, size);
}

static uint32_t flags_of(const ud_sign_options_t *options)
{
    uint32_t flags = options->has_rom_address ? UD_IMAGE_FLAG_ROM_FIXED : 0;
    flags |= options->has_load_address ? UD_IMAGE_FLAG_RAM_LOAD : 0;
    flags |= options->non_bootable ? UD_IMAGE_FLAG_NON_BOOTABLE : 0;
    if (options->encrypt_for != NULL) {
        flags |= options->encrypt_key_size == 16 ? UD_IMAGE_FLAG_AES128 : UD_IMAGE_FLAG_AES256;
    }
    return flags;
}

/* Header, what lies between it and the payload, and the payload. */
static void put_content(ud_writer_t *writer, const ud_sign_options_t *options, const uint8_t *input, size_t input_size)
{
    uint32_t before = options->pad_header ? 0 : options->header_size;
    size_t payload_size = input_size - before;
    size_t over = (options->header_size + payload_size) % UD_AES_BLOCK_SIZE;
    size_t fill = options->encrypt_for != NULL && over != 0 ? UD_AES_BLOCK_SIZE - over : 0;
    uint32_t address = options->has_rom_address ? options->rom_address : options->load_address;
    uint8_t erased = options->erased_is_zero || !options->pad_header ? ERASED_ZERO : ERASED;
    ud_writer_put_u32le(writer, UD_IMAGE_MAGIC);
    ud_writer_put_u32le(writer, options->has_rom_address || options->has_load_address ? address : 0);
    ud_writer_put_u16le(writer, (uint16_t)options->header_size);
    ud_writer_put_u16le(writer, (uint16_t)protected_size(options));
    ud_writer_put_u32le(writer, (uint32_t)(payload_size + fill));
    ud_writer_put_u32le(writer, flags_of(options));
    ud_writer_put_bytes(writer, &options->version, UD_VERSION_SIZE);
    ud_writer_put_u32le(writer, 0);
    ud_writer_fill(writer, erased, options->header_size - UD_IMAGE_HEADER_SIZE);
    ud_writer_put_bytes(writer, input + before, payload_size);
    ud_writer_fill(writer, 0, fill);
}

/* In imgtool's order: counter, dependencies, then what it calls custom TLVs. */
static void put_protected(ud_writer_t *writer, const ud_sign_options_t *options)
{
    if (protected_size(options) == 0) {
        return;
    }
    put_head(writer, UD_IMAGE_TLV_PROTECTED_INFO_MAGIC, protected_size(options));
    if (options->has_security_counter) {
        put_head(writer, UD_IMAGE_TLV_SECURITY_COUNTER, sizeof(uint32_t));
        ud_writer_put_u32le(writer, options->security_counter);
    }
    for (size_t index = 0; index < options->dependency_count; index++) {
        put_head(writer, UD_IMAGE_TLV_DEPENDENCY, UD_IMAGE_DEPENDENCY_SIZE);
        ud_writer_put_u32le(writer, options->dependencies[index].image);
        ud_writer_put_bytes(writer, &options->dependencies[index].minimum, UD_VERSION_SIZE);
    }
    if (options->hardware != NULL) {
        put_tlv(writer, UD_IMAGE_TLV_HARDWARE, options->hardware, strlen(options->hardware));
    }
    if (options->revoked_count > 0) {
        put_tlv(writer, UD_IMAGE_TLV_REVOKED, options->revoked, options->revoked_count * UD_SHA256_SIZE);
    }
    for (size_t index = 0; index < options->tlv_count; index++) {
        put_tlv(writer, options->tlvs[index].type, options->tlvs[index].value, options->tlvs[index].size);
    }
}

/* ---- who signs, and for whom ------------------------------------------------------------------------------------ */

/* Names the key, after making sure that the image does not revoke it. */
static ud_err_t put_key(ud_writer_t *writer, const ud_sign_options_t *options, const ud_image_scheme_t *scheme,
                        const ud_key_t *key)
{
    uint8_t public_key[UD_KEY_RAW_SIZE_MAX];
    uint8_t der[UD_PUBLIC_KEY_DER_SIZE_MAX];
    uint8_t name[UD_HOST_DIGEST_SIZE_MAX];
    ud_trusted_key_t trusted;
    size_t name_size = 0;
    (void)ud_key_public_raw(key, public_key);
    ud_trusted_key_init(&trusted, scheme, public_key);
    for (size_t index = 0; index < options->revoked_count; index++) {
        UD_REQUIRE(memcmp(options->revoked[index], trusted.key_hash, UD_SHA256_SIZE) != 0, UD_ERR_INVALID_ARGUMENT);
    }
    size_t der_size = ud_public_key_der(scheme, public_key, der);
    UD_TRY(ud_host_digest(scheme->hash_tlv, der, der_size, name, &name_size));
    if (options->full_public_key) {
        put_tlv(writer, UD_IMAGE_TLV_PUBLIC_KEY, der, der_size);
    } else {
        put_tlv(writer, UD_IMAGE_TLV_KEY_HASH, name, name_size);
    }
    return UD_OK;
}

/* Hash, key and signature over the first `content_size` bytes that were written. */
static ud_err_t put_signature(ud_writer_t *writer, const ud_sign_options_t *options, const ud_image_scheme_t *scheme,
                              const ud_key_t *key, size_t content_size)
{
    uint8_t digest[UD_HOST_DIGEST_SIZE_MAX];
    uint8_t signature[UD_KEY_SIGNATURE_SIZE_MAX];
    size_t digest_size = 0;
    size_t size = 0;
    UD_TRY(ud_host_digest(scheme->hash_tlv, writer->data, content_size, digest, &digest_size));
    put_tlv(writer, scheme->hash_tlv, digest, digest_size);
    if (scheme->pure) {
        put_tlv(writer, UD_IMAGE_TLV_PURE, &(uint8_t){1}, 1);
    }
    UD_TRY(put_key(writer, options, scheme, key));
    const uint8_t *message = scheme->pure ? writer->data : digest;
    UD_TRY(ud_key_sign_message(key, message, scheme->pure ? content_size : digest_size, signature, &size));
    put_tlv(writer, scheme->signature_tlv, signature, size);
    return ud_writer_status(writer);
}

/* Appends the wrapped key and encrypts the payload, which was signed as plain text. */
static ud_err_t encrypt(ud_writer_t *writer, const ud_sign_options_t *options, size_t payload_size)
{
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
    uint8_t key[UD_ECIES_KEY_SIZE_MAX];
    uint8_t wrapped[UD_ECIES_SIZE_MAX];
    ud_aes_t aes;
    ud_key_public(options->encrypt_for, public_key);
    UD_TRY(ud_host_wrap_key(public_key, options->encrypt_key_size, key, wrapped));
    put_tlv(writer, UD_IMAGE_TLV_ECIES_P256, wrapped, UD_ECIES_SIZE(options->encrypt_key_size));
    ud_aes_init(&aes, key, options->encrypt_key_size);
    ud_aes_ctr(&aes, 0, writer->data + options->header_size, payload_size);
    ud_image_wipe(key, sizeof key);
    ud_image_wipe(&aes, sizeof aes);
    return ud_writer_status(writer);
}

ud_err_t ud_sign_image(const ud_sign_options_t *options, const ud_key_t *key, const uint8_t *input, size_t input_size,
                       uint8_t *image, size_t capacity, size_t *size, ud_image_info_t *info)
{
    const ud_image_scheme_t *scheme = NULL;
    UD_TRY(check_options(options, input, input_size));
    UD_TRY(choose_scheme(options, key, &scheme));
    ud_writer_t writer = ud_writer(image, capacity);
    put_content(&writer, options, input, input_size);
    size_t payload_size = writer.size - options->header_size;
    put_protected(&writer, options);
    UD_TRY(ud_writer_status(&writer));
    size_t content_size = writer.size;
    put_head(&writer, UD_IMAGE_TLV_INFO_MAGIC, 0);
    UD_TRY(put_signature(&writer, options, scheme, key, content_size));
    if (options->encrypt_for != NULL) {
        UD_TRY(encrypt(&writer, options, payload_size));
    }
    ud_put_u16le(image + content_size + 2, (uint16_t)(writer.size - content_size));
    /* whoever signs reads back: what our own parser refuses must never leave the house */
    ud_image_memory_t memory = {image, writer.size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    UD_REQUIRE(ud_image_read(&source, (uint32_t)writer.size, info) == UD_OK, UD_ERR_INTERNAL);
    *size = writer.size;
    return UD_OK;
}

/* ---- descriptors ------------------------------------------------------------------------------------------------ */

ud_err_t ud_sign_raw(const ud_key_t *key, const uint8_t digest[UD_SHA256_SIZE], ud_signature_t *signature)
{
    size_t size = UD_P256_SIGNATURE_SIZE;
    UD_TRY(ud_key_kind(key) == UD_KEY_ECDSA_P256
               ? ud_key_sign(key, digest, signature->data)
               : ud_key_sign_message(key, digest, UD_SHA256_SIZE, signature->data, &size));
    signature->size = (uint16_t)size;
    return UD_OK;
}

static bool is_for_devices(const ud_image_scheme_t *scheme)
{
    for (size_t index = 0; index < UD_SCHEME_DEVICE_COUNT; index++) {
        if (ud_schemes[index] == scheme) {
            return true;
        }
    }
    return false;
}

ud_err_t ud_sign_descriptor(const ud_image_info_t *info, const ud_key_t *key, uint8_t *image, size_t capacity,
                            size_t *size)
{
    const ud_image_scheme_t *scheme = ud_scheme_of(info);
    UD_REQUIRE(is_for_devices(scheme), UD_ERR_UNSUPPORTED);
    ud_descriptor_block_t block = {.count = UD_CHUNK_SIZE_COUNT, .signature_size = scheme->signature_size};
    ud_image_memory_t memory = {image, info->total_size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    for (uint32_t index = 0; index < block.count; index++) {
        ud_descriptor_entry_t *entry = &block.entries[index];
        ud_descriptor_t descriptor;
        uint8_t digest[UD_SHA256_SIZE];
        ud_signature_t signature;
        entry->chunk_size = ud_chunk_sizes[index];
        UD_TRY(ud_chain_build(&source, info->total_size, entry->chunk_size, NULL, NULL, entry->root));
        ud_descriptor_from_image(info, entry->chunk_size, entry->root, &descriptor);
        ud_descriptor_digest(&descriptor, digest);
        UD_TRY(ud_sign_raw(key, digest, &signature));
        memcpy(entry->signature, signature.data, signature.size);
    }
    size_t block_size = 0;
    UD_TRY(ud_descriptor_block_write(&block, image + info->total_size, capacity - info->total_size, &block_size));
    *size = info->total_size + block_size;
    return UD_OK;
}
