/* Reading the header and the TLV areas. */
#include "core/image/image.h"

#include "core/base/assert.h"
#include "core/base/cursor.h"
#include "core/base/utf8.h"
#include "core/crypto/crypto.h"
#include "core/image/der.h"
#include "core/image/format.h"

#include <string.h>

#define FLAGS_ENCRYPTED (UD_IMAGE_FLAG_AES128 | UD_IMAGE_FLAG_AES256)

/* Bytes of the longest TLV value that anything is taken from; of longer ones only the type and size are judged. */
#define VALUE_SIZE_MAX UD_IMAGE_SPKI_SIZE

typedef struct {
    const ud_image_source_t *source;
    ud_image_info_t *info;
    uint32_t seen;    /* a bit for each row of the table below that came */
    uint32_t entries; /* of both areas */
    bool has_other_hash;
    bool has_wrapped_key;
} parse_t;

/* ---- what each entry says --------------------------------------------------------------------------------------- */

static ud_err_t take_hash(parse_t *parse, const uint8_t *value, uint16_t size)
{
    memcpy(parse->info->hash, value, size);
    parse->info->has_hash = true;
    return UD_OK;
}

/* SHA-384 and SHA-512: known to be a hash, not one that is checked here. */
static ud_err_t take_other_hash(parse_t *parse, const uint8_t *value, uint16_t size)
{
    (void)value;
    (void)size;
    parse->has_other_hash = true;
    return UD_OK;
}

static ud_err_t take_key_hash(parse_t *parse, const uint8_t *value, uint16_t size)
{
    UD_REQUIRE(!parse->info->has_key_hash, UD_ERR_IMAGE_FORMAT);
    memcpy(parse->info->key_hash, value, size);
    parse->info->has_key_hash = true;
    return UD_OK;
}

/* The whole public key in place of its hash (imgtool --public-key-format full); one of another size is no P-256 key. */
static ud_err_t take_public_key(parse_t *parse, const uint8_t *value, uint16_t size)
{
    uint8_t key_hash[UD_SHA256_SIZE];
    if (size != UD_IMAGE_SPKI_SIZE) {
        return UD_OK;
    }
    ud_sha256(value, size, key_hash);
    return take_key_hash(parse, key_hash, sizeof key_hash);
}

static ud_err_t take_signature_kind(parse_t *parse, ud_image_signature_kind_t kind)
{
    UD_REQUIRE(parse->info->signature_kind == UD_IMAGE_SIGNATURE_NONE, UD_ERR_IMAGE_FORMAT);
    parse->info->signature_kind = kind;
    return UD_OK;
}

static ud_err_t take_rsa_2048(parse_t *parse, const uint8_t *value, uint16_t size)
{
    (void)value;
    (void)size;
    return take_signature_kind(parse, UD_IMAGE_SIGNATURE_RSA_2048);
}

static ud_err_t take_rsa_3072(parse_t *parse, const uint8_t *value, uint16_t size)
{
    (void)value;
    (void)size;
    return take_signature_kind(parse, UD_IMAGE_SIGNATURE_RSA_3072);
}

static ud_err_t take_ed25519(parse_t *parse, const uint8_t *value, uint16_t size)
{
    (void)value;
    (void)size;
    return take_signature_kind(parse, UD_IMAGE_SIGNATURE_ED25519);
}

static ud_err_t take_ecdsa(parse_t *parse, const uint8_t *value, uint16_t size)
{
    if (size > UD_DER_SIGNATURE_SIZE_MAX) {
        return take_signature_kind(parse, UD_IMAGE_SIGNATURE_ECDSA_P384);
    }
    size_t der_size = size;
    /* imgtool --pad-sig fills up with zeros to the longest form */
    while (size == UD_DER_SIGNATURE_SIZE_MAX && der_size > 2u + value[1] && value[der_size - 1] == 0) {
        der_size--;
    }
    UD_REQUIRE(ud_der_signature_decode(value, der_size, parse->info->signature) == UD_OK, UD_ERR_IMAGE_FORMAT);
    return take_signature_kind(parse, UD_IMAGE_SIGNATURE_ECDSA_P256);
}

static ud_err_t take_wrapped_key(parse_t *parse, const uint8_t *value, uint16_t size)
{
    (void)value;
    (void)size;
    UD_REQUIRE(!parse->has_wrapped_key, UD_ERR_IMAGE_FORMAT);
    parse->has_wrapped_key = true;
    return UD_OK;
}

static ud_err_t take_dependency(parse_t *parse, const uint8_t *value, uint16_t size)
{
    ud_image_info_t *info = parse->info;
    (void)size;
    UD_REQUIRE(info->dependency_count < UD_IMAGE_DEPENDENCIES_MAX, UD_ERR_IMAGE_FORMAT);
    ud_image_dependency_t *dependency = &info->dependencies[info->dependency_count++];
    dependency->image = value[0];
    ud_version_from_bytes(value + UD_IMAGE_DEPENDENCY_SIZE - UD_VERSION_SIZE, &dependency->minimum);
    return UD_OK;
}

static ud_err_t take_security_counter(parse_t *parse, const uint8_t *value, uint16_t size)
{
    ud_reader_t reader = ud_reader(value, size);
    parse->info->security_counter = ud_reader_get_u32le(&reader);
    parse->info->has_security_counter = true;
    return UD_OK;
}

static ud_err_t take_hardware(parse_t *parse, const uint8_t *value, uint16_t size)
{
    UD_REQUIRE(ud_utf8_is_text((const char *)value, size), UD_ERR_IMAGE_FORMAT);
    memcpy(parse->info->hardware, value, size);
    return UD_OK;
}

typedef enum { IN_OPEN, IN_PROTECTED } area_t;

typedef struct {
    uint16_t first_type, last_type;
    uint16_t size_min, size_max; /* bytes of the value */
    area_t area;                 /* the only one it may stand in */
    bool repeats;
    ud_err_t (*take)(parse_t *parse, const uint8_t *value, uint16_t size);
} row_t;

static const row_t rows[] = {
    {UD_IMAGE_TLV_KEY_HASH, UD_IMAGE_TLV_KEY_HASH, 32, 32, IN_OPEN, false, take_key_hash},
    {UD_IMAGE_TLV_PUBLIC_KEY, UD_IMAGE_TLV_PUBLIC_KEY, 1, UINT16_MAX, IN_OPEN, false, take_public_key},
    {UD_IMAGE_TLV_SHA256, UD_IMAGE_TLV_SHA256, 32, 32, IN_OPEN, false, take_hash},
    {UD_IMAGE_TLV_SHA384, UD_IMAGE_TLV_SHA512, 48, 64, IN_OPEN, false, take_other_hash},
    {UD_IMAGE_TLV_RSA_2048, UD_IMAGE_TLV_RSA_2048, 256, 256, IN_OPEN, false, take_rsa_2048},
    {UD_IMAGE_TLV_RSA_3072, UD_IMAGE_TLV_RSA_3072, 384, 384, IN_OPEN, false, take_rsa_3072},
    {UD_IMAGE_TLV_ECDSA, UD_IMAGE_TLV_ECDSA, 8, 104, IN_OPEN, false, take_ecdsa},
    {UD_IMAGE_TLV_ED25519, UD_IMAGE_TLV_ED25519, 64, 64, IN_OPEN, false, take_ed25519},
    {UD_IMAGE_TLV_ENC_FIRST, UD_IMAGE_TLV_ENC_LAST, 1, UINT16_MAX, IN_OPEN, false, take_wrapped_key},
    {UD_IMAGE_TLV_DEPENDENCY, UD_IMAGE_TLV_DEPENDENCY, 12, 12, IN_PROTECTED, true, take_dependency},
    {UD_IMAGE_TLV_SECURITY_COUNTER, UD_IMAGE_TLV_SECURITY_COUNTER, 4, 4, IN_PROTECTED, false, take_security_counter},
    {UD_IMAGE_TLV_HARDWARE, UD_IMAGE_TLV_HARDWARE, 1, UD_HARDWARE_SIZE_MAX, IN_PROTECTED, false, take_hardware},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])
_Static_assert(ROW_COUNT <= 32, "each row has a bit in `seen`");

/* ---- areas ------------------------------------------------------------------------------------------------------ */

static ud_err_t take_entry(parse_t *parse, size_t index, area_t area, uint32_t offset, uint16_t size)
{
    const row_t *row = &rows[index];
    uint8_t value[VALUE_SIZE_MAX];
    UD_REQUIRE(area == row->area && size >= row->size_min && size <= row->size_max, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(row->repeats || (parse->seen & 1u << index) == 0, UD_ERR_IMAGE_FORMAT);
    parse->seen |= 1u << index;
    if (size <= VALUE_SIZE_MAX) {
        UD_TRY(parse->source->read(parse->source->context, offset, value, size));
    }
    return row->take(parse, value, size);
}

/* Reads the head of an area or entry: two numbers of 16 bits. */
static ud_err_t read_head(const parse_t *parse, uint32_t offset, uint16_t *first, uint16_t *second)
{
    uint8_t head[UD_IMAGE_TLV_HEAD_SIZE];
    UD_TRY(parse->source->read(parse->source->context, offset, head, sizeof head));
    ud_reader_t reader = ud_reader(head, sizeof head);
    *first = ud_reader_get_u16le(&reader);
    *second = ud_reader_get_u16le(&reader);
    return UD_OK;
}

/* Reads the entries between two offsets, which they must fill exactly. */
static ud_err_t read_entries(parse_t *parse, area_t area, uint32_t offset, uint32_t end)
{
    while (offset < end) {
        uint16_t type;
        uint16_t size;
        UD_REQUIRE(parse->entries++ < UD_IMAGE_TLVS_MAX, UD_ERR_IMAGE_FORMAT);
        UD_REQUIRE(end - offset >= UD_IMAGE_TLV_HEAD_SIZE, UD_ERR_IMAGE_FORMAT);
        UD_TRY(read_head(parse, offset, &type, &size));
        offset += UD_IMAGE_TLV_HEAD_SIZE;
        UD_REQUIRE(size <= end - offset, UD_ERR_IMAGE_FORMAT);
        for (size_t index = 0; index < ROW_COUNT; index++) {
            if (type >= rows[index].first_type && type <= rows[index].last_type) {
                UD_TRY(take_entry(parse, index, area, offset, size));
            }
        }
        offset += size;
    }
    return UD_OK;
}

/* Reads one area at `offset`; `*size` is what its head says, head included. */
static ud_err_t read_area(parse_t *parse, area_t area, uint32_t offset, uint32_t area_size, uint32_t *size)
{
    uint16_t magic;
    uint16_t total;
    UD_REQUIRE(area_size - offset >= UD_IMAGE_TLV_HEAD_SIZE, UD_ERR_IMAGE_TRUNCATED);
    UD_TRY(read_head(parse, offset, &magic, &total));
    UD_REQUIRE(magic == (area == IN_OPEN ? UD_IMAGE_TLV_INFO_MAGIC : UD_IMAGE_TLV_PROTECTED_INFO_MAGIC),
               UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(total >= UD_IMAGE_TLV_HEAD_SIZE, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(total <= area_size - offset, UD_ERR_IMAGE_TRUNCATED);
    *size = total;
    return read_entries(parse, area, offset + UD_IMAGE_TLV_HEAD_SIZE, offset + total);
}

/* ---- image ------------------------------------------------------------------------------------------------------ */

static ud_err_t read_header(const ud_image_source_t *source, uint32_t area_size, ud_image_info_t *info)
{
    uint8_t header[UD_IMAGE_HEADER_SIZE];
    UD_REQUIRE(area_size >= sizeof header, UD_ERR_IMAGE_TRUNCATED);
    UD_TRY(source->read(source->context, 0, header, sizeof header));
    ud_reader_t reader = ud_reader(header, sizeof header);
    UD_REQUIRE(ud_reader_get_u32le(&reader) == UD_IMAGE_MAGIC, UD_ERR_IMAGE_MAGIC);
    info->load_address = ud_reader_get_u32le(&reader);
    info->header_size = ud_reader_get_u16le(&reader);
    info->protected_size = ud_reader_get_u16le(&reader);
    info->payload_size = ud_reader_get_u32le(&reader);
    info->flags = ud_reader_get_u32le(&reader);
    ud_version_from_bytes(ud_reader_get_span(&reader, UD_VERSION_SIZE).data, &info->version);
    info->encrypted = (info->flags & FLAGS_ENCRYPTED) != 0;
    UD_REQUIRE(info->header_size >= UD_IMAGE_HEADER_SIZE && info->payload_size > 0, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(info->header_size <= area_size && info->payload_size <= area_size - info->header_size,
               UD_ERR_IMAGE_TRUNCATED);
    return UD_OK;
}

ud_err_t ud_image_parse(const ud_image_source_t *source, uint32_t area_size, ud_image_info_t *info)
{
    ud_image_info_t parsed = {0};
    parse_t parse = {.source = source, .info = &parsed};
    UD_TRY(read_header(source, area_size, &parsed));
    uint32_t end = parsed.header_size + parsed.payload_size;
    uint32_t size = 0;
    if (parsed.protected_size != 0) {
        UD_TRY(read_area(&parse, IN_PROTECTED, end, area_size, &size));
        UD_REQUIRE(size == parsed.protected_size, UD_ERR_IMAGE_FORMAT);
        end += size;
    }
    UD_TRY(read_area(&parse, IN_OPEN, end, area_size, &size));
    parsed.total_size = end + size;
    UD_REQUIRE(parsed.has_hash != parse.has_other_hash, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(parsed.encrypted == parse.has_wrapped_key, UD_ERR_IMAGE_FORMAT);
    *info = parsed;
    return UD_OK;
}
