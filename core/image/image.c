/* Reading the header and the TLV areas. */
#include "core/image/image.h"

#include "core/base/assert.h"
#include "core/base/endian.h"
#include "core/base/utf8.h"
#include "core/crypto/crypto.h"
#include "core/image/format.h"

#include <string.h>

#define FLAGS_ENCRYPTED (UD_IMAGE_FLAG_AES128 | UD_IMAGE_FLAG_AES256)

typedef struct {
    const ud_image_source_t *source;
    ud_image_info_t *info;
    uint32_t seen;    /* a bit for each row of the table below that came */
    uint32_t entries; /* of both areas */
} parse_t;

/* ---- what each entry says: it stands at `tlv`, and its first bytes, up to VALUE_SIZE of them, are `value` ------------- */

#define VALUE_SIZE UD_SHA256_SIZE

static ud_err_t take_hash(parse_t *parse, const ud_image_tlv_t *tlv, const uint8_t *value)
{
    UD_REQUIRE(parse->info->hash_tlv.type == 0, UD_ERR_IMAGE_FORMAT);
    parse->info->hash_tlv = *tlv;
    memcpy(parse->info->hash, value, UD_SHA256_SIZE);
    return UD_OK;
}

static ud_err_t take_key_hash(parse_t *parse, const ud_image_tlv_t *tlv, const uint8_t *value)
{
    UD_REQUIRE(parse->info->key_tlv.type == 0, UD_ERR_IMAGE_FORMAT);
    parse->info->key_tlv = *tlv;
    memcpy(parse->info->key_hash, value, UD_SHA256_SIZE);
    return UD_OK;
}

/* The whole public key in place of its hash (imgtool --public-key-format full). */
static ud_err_t take_public_key(parse_t *parse, const ud_image_tlv_t *tlv, const uint8_t *value)
{
    uint8_t digest[UD_SHA256_SIZE];
    uint8_t byte;
    ud_sha256_t hash;
    (void)value;
    ud_sha256_init(&hash);
    for (uint32_t index = 0; index < tlv->size; index++) {
        UD_TRY(parse->source->read(parse->source->context, tlv->offset + index, &byte, sizeof byte));
        ud_sha256_update(&hash, &byte, sizeof byte);
    }
    ud_sha256_final(&hash, digest);
    return take_key_hash(parse, tlv, digest);
}

static ud_err_t take_signature(parse_t *parse, const ud_image_tlv_t *tlv, const uint8_t *value)
{
    (void)value;
    UD_REQUIRE(parse->info->signature.type == 0, UD_ERR_IMAGE_FORMAT);
    parse->info->signature = *tlv;
    return UD_OK;
}

static ud_err_t take_pure(parse_t *parse, const ud_image_tlv_t *tlv, const uint8_t *value)
{
    (void)tlv;
    parse->info->pure = true;
    return value[0] == 1 ? UD_OK : UD_ERR_IMAGE_FORMAT;
}

static ud_err_t take_encryption(parse_t *parse, const ud_image_tlv_t *tlv, const uint8_t *value)
{
    (void)value;
    parse->info->encryption = *tlv;
    return UD_OK;
}

static ud_err_t take_dependency(parse_t *parse, const ud_image_tlv_t *tlv, const uint8_t *value)
{
    ud_image_info_t *info = parse->info;
    (void)tlv;
    UD_REQUIRE(info->dependency_count < UD_IMAGE_DEPENDENCIES_MAX, UD_ERR_IMAGE_FORMAT);
    ud_image_dependency_t *dependency = &info->dependencies[info->dependency_count++];
    dependency->image = value[0];
    ud_version_from_bytes(value + UD_IMAGE_DEPENDENCY_SIZE - UD_VERSION_SIZE, &dependency->minimum);
    return UD_OK;
}

static ud_err_t take_security_counter(parse_t *parse, const ud_image_tlv_t *tlv, const uint8_t *value)
{
    (void)tlv;
    parse->info->security_counter = ud_get_u32le(value);
    parse->info->has_security_counter = true;
    return UD_OK;
}

static ud_err_t take_hardware(parse_t *parse, const ud_image_tlv_t *tlv, const uint8_t *value)
{
    UD_REQUIRE(ud_utf8_is_text((const char *)value, tlv->size), UD_ERR_IMAGE_FORMAT);
    memcpy(parse->info->hardware, value, tlv->size);
    return UD_OK;
}

static ud_err_t take_revoked(parse_t *parse, const ud_image_tlv_t *tlv, const uint8_t *value)
{
    (void)value;
    UD_REQUIRE(tlv->size % UD_SHA256_SIZE == 0, UD_ERR_IMAGE_FORMAT);
    parse->info->revoked = *tlv;
    return UD_OK;
}

typedef enum { IN_OPEN, IN_PROTECTED } area_t;

typedef enum {
    TAKE_HASH,
    TAKE_KEY_HASH,
    TAKE_PUBLIC_KEY,
    TAKE_SIGNATURE,
    TAKE_PURE,
    TAKE_ENCRYPTION,
    TAKE_DEPENDENCY,
    TAKE_SECURITY_COUNTER,
    TAKE_HARDWARE,
    TAKE_REVOKED,
} take_t;

typedef struct {
    uint16_t first_type, last_type;
    uint16_t size_min, size_max; /* bytes of the value */
    uint8_t area;                /* area_t: the only one it may stand in */
    bool repeats;
    uint8_t take; /* take_t */
} row_t;

#define ONE(type, size) (type), (type), (size), (size)
#define SOME(type, low, high) (type), (type), (low), (high)

static const row_t rows[] = {
    {SOME(UD_IMAGE_TLV_KEY_HASH, 32, 64), IN_OPEN, false, TAKE_KEY_HASH},
    {SOME(UD_IMAGE_TLV_PUBLIC_KEY, 1, UD_IMAGE_PUBLIC_KEY_SIZE_MAX), IN_OPEN, false, TAKE_PUBLIC_KEY},
    {ONE(UD_IMAGE_TLV_SHA256, 32), IN_OPEN, false, TAKE_HASH},
    {ONE(UD_IMAGE_TLV_SHA384, 48), IN_OPEN, false, TAKE_HASH},
    {ONE(UD_IMAGE_TLV_SHA512, 64), IN_OPEN, false, TAKE_HASH},
    {ONE(UD_IMAGE_TLV_RSA_2048, UD_RSA_2048_SIZE), IN_OPEN, false, TAKE_SIGNATURE},
    {SOME(UD_IMAGE_TLV_ECDSA, UD_IMAGE_ECDSA_SIZE_MIN, UD_IMAGE_ECDSA_SIZE_MAX), IN_OPEN, false, TAKE_SIGNATURE},
    {ONE(UD_IMAGE_TLV_RSA_3072, UD_RSA_3072_SIZE), IN_OPEN, false, TAKE_SIGNATURE},
    {ONE(UD_IMAGE_TLV_ED25519, UD_ED25519_SIGNATURE_SIZE), IN_OPEN, false, TAKE_SIGNATURE},
    {ONE(UD_IMAGE_TLV_PURE, 1), IN_OPEN, false, TAKE_PURE},
    {UD_IMAGE_TLV_ENC_FIRST, UD_IMAGE_TLV_ENC_LAST, 1, UINT16_MAX, IN_OPEN, false, TAKE_ENCRYPTION},
    {ONE(UD_IMAGE_TLV_DEPENDENCY, UD_IMAGE_DEPENDENCY_SIZE), IN_PROTECTED, true, TAKE_DEPENDENCY},
    {ONE(UD_IMAGE_TLV_SECURITY_COUNTER, 4), IN_PROTECTED, false, TAKE_SECURITY_COUNTER},
    {SOME(UD_IMAGE_TLV_HARDWARE, 1, UD_HARDWARE_SIZE_MAX), IN_PROTECTED, false, TAKE_HARDWARE},
    {SOME(UD_IMAGE_TLV_REVOKED, UD_SHA256_SIZE, UD_IMAGE_REVOKED_MAX *UD_SHA256_SIZE), IN_PROTECTED, false,
     TAKE_REVOKED},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])
_Static_assert(ROW_COUNT <= 32, "each row has a bit in `seen`");
_Static_assert(UD_HARDWARE_SIZE_MAX <= VALUE_SIZE && UD_IMAGE_DEPENDENCY_SIZE <= VALUE_SIZE,
               "what is copied whole is handed over whole");

/* ---- areas ------------------------------------------------------------------------------------------------------ */

/* Numbers and a switch, not functions in the table: after a read a register may hold a pointer into the image, which a call
 * whose load was skipped would enter (docs/porting.md, "Glitches").
 */
static ud_err_t take(parse_t *parse, uint8_t kind, const ud_image_tlv_t *tlv, const uint8_t *value)
{
    switch (kind) {
    case TAKE_HASH:
        return take_hash(parse, tlv, value);
    case TAKE_KEY_HASH:
        return take_key_hash(parse, tlv, value);
    case TAKE_PUBLIC_KEY:
        return take_public_key(parse, tlv, value);
    case TAKE_SIGNATURE:
        return take_signature(parse, tlv, value);
    case TAKE_PURE:
        return take_pure(parse, tlv, value);
    case TAKE_ENCRYPTION:
        return take_encryption(parse, tlv, value);
    case TAKE_DEPENDENCY:
        return take_dependency(parse, tlv, value);
    case TAKE_SECURITY_COUNTER:
        return take_security_counter(parse, tlv, value);
    case TAKE_HARDWARE:
        return take_hardware(parse, tlv, value);
    case TAKE_REVOKED:
        return take_revoked(parse, tlv, value);
    default:
        return UD_ERR_IMAGE_FORMAT;
    }
}

static ud_err_t take_entry(parse_t *parse, size_t index, area_t area, const ud_image_tlv_t *tlv)
{
    const row_t *row = &rows[index];
    uint8_t value[VALUE_SIZE];
    UD_REQUIRE(area == row->area && tlv->size >= row->size_min && tlv->size <= row->size_max, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(row->repeats || (parse->seen & 1u << index) == 0, UD_ERR_IMAGE_FORMAT);
    parse->seen |= 1u << index;
    UD_TRY(parse->source->read(parse->source->context, tlv->offset, value,
                               tlv->size < sizeof value ? tlv->size : sizeof value));
    return take(parse, row->take, tlv, value);
}

/* Reads the head of an area or entry: two numbers of 16 bits. */
static ud_err_t read_head(const parse_t *parse, uint32_t offset, uint16_t *first, uint16_t *second)
{
    uint8_t head[UD_IMAGE_TLV_HEAD_SIZE];
    UD_TRY(parse->source->read(parse->source->context, offset, head, sizeof head));
    *first = ud_get_u16le(head);
    *second = ud_get_u16le(head + 2);
    return UD_OK;
}

/* Reads the entries between two offsets, which they must fill exactly. */
static ud_err_t read_entries(parse_t *parse, area_t area, uint32_t offset, uint32_t end)
{
    while (offset < end) {
        ud_image_tlv_t tlv;
        UD_REQUIRE(parse->entries++ < UD_IMAGE_TLVS_MAX, UD_ERR_IMAGE_FORMAT);
        UD_REQUIRE(end - offset >= UD_IMAGE_TLV_HEAD_SIZE, UD_ERR_IMAGE_FORMAT);
        UD_TRY(read_head(parse, offset, &tlv.type, &tlv.size));
        offset += UD_IMAGE_TLV_HEAD_SIZE;
        tlv.offset = offset;
        UD_REQUIRE(tlv.size <= end - offset, UD_ERR_IMAGE_FORMAT);
        for (size_t index = 0; index < ROW_COUNT; index++) {
            if (tlv.type >= rows[index].first_type && tlv.type <= rows[index].last_type) {
                UD_TRY(take_entry(parse, index, area, &tlv));
            }
        }
        offset += tlv.size;
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
    UD_REQUIRE(ud_get_u32le(header) == UD_IMAGE_MAGIC, UD_ERR_IMAGE_MAGIC);
    info->load_address = ud_get_u32le(header + 4);
    info->header_size = ud_get_u16le(header + 8);
    info->protected_size = ud_get_u16le(header + 10);
    info->payload_size = ud_get_u32le(header + 12);
    info->flags = ud_get_u32le(header + 16);
    ud_version_from_bytes(header + 20, &info->version);
    info->encrypted = (info->flags & FLAGS_ENCRYPTED) != 0;
    UD_REQUIRE(info->header_size >= UD_IMAGE_HEADER_SIZE && info->payload_size > 0, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(info->header_size <= area_size && info->payload_size <= area_size - info->header_size,
               UD_ERR_IMAGE_TRUNCATED);
    return UD_OK;
}

/* What several entries say together: a hash, the key's hash made by the same function, a wrapped key if and only if the
 * flag says so.
 */
static ud_err_t check_together(const ud_image_info_t *info)
{
    UD_REQUIRE(info->hash_tlv.type != 0, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(info->key_tlv.type != UD_IMAGE_TLV_KEY_HASH || info->key_tlv.size == info->hash_tlv.size,
               UD_ERR_IMAGE_FORMAT);
    return info->encrypted == (info->encryption.type != 0) ? UD_OK : UD_ERR_IMAGE_FORMAT;
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
    UD_TRY(check_together(&parsed));
    *info = parsed;
    return UD_OK;
}
