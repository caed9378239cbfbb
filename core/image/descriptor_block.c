#include "core/image/descriptor_block.h"

#include "core/base/assert.h"
#include "core/base/crc32.h"
#include "core/base/cursor.h"
#include "core/crypto/crypto.h"

#include <string.h>

#define MAGIC 0x42444455u /* "UDDB" */
#define FORMAT 1
#define HEAD_SIZE 12
#define CRC_SIZE 4

/* Reads a block of `size` bytes with its head; every number in it must be as ud_descriptor_block_write() makes it. */
static ud_err_t decode(const uint8_t *data, size_t size, uint32_t count, uint32_t signature_size,
                       ud_descriptor_block_t *block)
{
    ud_reader_t reader = ud_reader(data, size);
    ud_reader_skip(&reader, HEAD_SIZE);
    *block = (ud_descriptor_block_t){.count = count, .signature_size = signature_size};
    uint32_t last = 0;
    for (uint32_t index = 0; index < count; index++) {
        ud_descriptor_entry_t *entry = &block->entries[index];
        entry->chunk_size = ud_reader_get_u32le(&reader);
        ud_reader_get_bytes(&reader, entry->root, sizeof entry->root);
        ud_reader_get_bytes(&reader, entry->signature, signature_size);
        UD_REQUIRE(ud_chunk_size_is_known(entry->chunk_size) && entry->chunk_size > last, UD_ERR_IMAGE_DESCRIPTOR);
        last = entry->chunk_size;
    }
    uint32_t crc = ud_reader_get_u32le(&reader);
    UD_REQUIRE(ud_reader_end(&reader) == UD_OK && crc == ud_crc32(0, data, size - CRC_SIZE), UD_ERR_IMAGE_DESCRIPTOR);
    return UD_OK;
}

/* Bytes of each signature in a block of that size, 0 if no scheme has such. */
static uint32_t signature_size_of(uint32_t size, uint32_t count)
{
    static const uint16_t sizes[] = {UD_P256_SIGNATURE_SIZE, UD_RSA_2048_SIZE, UD_RSA_3072_SIZE};
    for (size_t index = 0; index < sizeof sizes / sizeof sizes[0]; index++) {
        if (size == UD_DESCRIPTOR_BLOCK_SIZE(count, sizes[index])) {
            return sizes[index];
        }
    }
    return 0;
}

ud_err_t ud_descriptor_find(const ud_image_source_t *source, uint32_t file_size, const ud_image_info_t *info,
                            ud_descriptor_block_t *block)
{
    uint8_t data[UD_DESCRIPTOR_BLOCK_SIZE_MAX];
    UD_REQUIRE(info->total_size <= file_size && file_size - info->total_size >= HEAD_SIZE, UD_ERR_NOT_FOUND);
    uint32_t left = file_size - info->total_size;
    UD_TRY(source->read(source->context, info->total_size, data, HEAD_SIZE));
    ud_reader_t head = ud_reader(data, HEAD_SIZE);
    UD_REQUIRE(ud_reader_get_u32le(&head) == MAGIC, UD_ERR_NOT_FOUND);
    UD_REQUIRE(ud_reader_get_u16le(&head) == FORMAT, UD_ERR_IMAGE_DESCRIPTOR);
    uint32_t count = ud_reader_get_u16le(&head);
    uint32_t size = ud_reader_get_u32le(&head);
    UD_REQUIRE(count >= 1 && count <= UD_CHUNK_SIZE_COUNT, UD_ERR_IMAGE_DESCRIPTOR);
    uint32_t signature_size = signature_size_of(size, count);
    UD_REQUIRE(signature_size != 0 && size <= left, UD_ERR_IMAGE_DESCRIPTOR);
    UD_TRY(source->read(source->context, info->total_size, data, size));
    ud_descriptor_block_t found;
    UD_TRY(decode(data, size, count, signature_size, &found));
    *block = found;
    return UD_OK;
}

ud_err_t ud_descriptor_check(const ud_image_source_t *source, const ud_image_info_t *info,
                             const ud_descriptor_block_t *block, const ud_trust_t *trust)
{
    for (uint32_t index = 0; index < block->count; index++) {
        const ud_descriptor_entry_t *entry = &block->entries[index];
        ud_descriptor_t descriptor;
        uint8_t root[UD_SHA256_SIZE];
        ud_err_t reason = UD_OK;
        ud_descriptor_from_image(info, entry->chunk_size, entry->root, &descriptor);
        ud_verdict_t verdict = ud_descriptor_verify(&descriptor, info->key_hash,
                                                    ud_span(entry->signature, block->signature_size), trust, &reason);
        UD_REQUIRE(verdict == UD_VERDICT_VALID, reason);
        UD_TRY(ud_chain_build(source, info->total_size, entry->chunk_size, NULL, NULL, root));
        UD_REQUIRE(ud_crypto_equal(root, entry->root, sizeof root) == UD_VERDICT_VALID, UD_ERR_IMAGE_DESCRIPTOR);
    }
    return UD_OK;
}

const ud_descriptor_entry_t *ud_descriptor_entry(const ud_descriptor_block_t *block, uint32_t chunk_size)
{
    for (uint32_t index = 0; index < block->count; index++) {
        if (block->entries[index].chunk_size == chunk_size) {
            return &block->entries[index];
        }
    }
    return NULL;
}

ud_err_t ud_descriptor_block_write(const ud_descriptor_block_t *block, uint8_t *data, size_t capacity, size_t *size)
{
    ud_writer_t writer = ud_writer(data, capacity);
    ud_writer_put_u32le(&writer, MAGIC);
    ud_writer_put_u16le(&writer, FORMAT);
    ud_writer_put_u16le(&writer, (uint16_t)block->count);
    ud_writer_put_u32le(&writer, UD_DESCRIPTOR_BLOCK_SIZE(block->count, block->signature_size));
    for (uint32_t index = 0; index < block->count; index++) {
        const ud_descriptor_entry_t *entry = &block->entries[index];
        ud_writer_put_u32le(&writer, entry->chunk_size);
        ud_writer_put_bytes(&writer, entry->root, sizeof entry->root);
        ud_writer_put_bytes(&writer, entry->signature, block->signature_size);
    }
    UD_TRY(ud_writer_status(&writer));
    ud_writer_put_u32le(&writer, ud_crc32(0, data, writer.size));
    UD_TRY(ud_writer_status(&writer));
    *size = writer.size;
    return UD_OK;
}
