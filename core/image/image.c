/* Reading the header and the TLV areas. */
#include "core/image/image.h"

#include "core/base/assert.h"
#include "core/crypto/crypto.h"
#include "core/image/format.h"

#include <string.h>

#define FLAGS_ENCRYPTED (UD_IMAGE_FLAG_AES128 | UD_IMAGE_FLAG_AES256)

/* Bytes of the header that say something: its last four do not. */
#define HEADER_READ_SIZE offsetof(ud_image_info_t, total_size)

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "header, heads and values are read as they stand");
_Static_assert(HEADER_READ_SIZE == UD_IMAGE_HEADER_SIZE - 4 && offsetof(ud_image_info_t, version) == 20,
               "an info begins with the header");
_Static_assert(offsetof(ud_image_tlv_t, offset) == UD_IMAGE_TLV_HEAD_SIZE, "a place begins with the head of its TLV");
_Static_assert(sizeof(ud_image_dependency_t) == UD_IMAGE_DEPENDENCY_SIZE &&
                   offsetof(ud_image_dependency_t, minimum) == UD_IMAGE_DEPENDENCY_SIZE - UD_VERSION_SIZE,
               "a dependency is what its TLV holds");

/* ---- what each TLV says ----------------------------------------------------------------------------------------- */

typedef struct {
    uint16_t type;
    uint16_t size_max; /* bytes of the value */
    uint8_t size_min;  /* 0: as size_max */
    uint8_t entry;     /* ud_image_entry_t */
} row_t;

static const row_t rows[] = {
    {UD_IMAGE_TLV_KEY_HASH, 64, 32, UD_IMAGE_KEY},
    {UD_IMAGE_TLV_PUBLIC_KEY, UD_IMAGE_PUBLIC_KEY_SIZE_MAX, 1, UD_IMAGE_KEY},
    {UD_IMAGE_TLV_SHA256, 32, 0, UD_IMAGE_HASH},
    {UD_IMAGE_TLV_SHA384, 48, 0, UD_IMAGE_HASH},
    {UD_IMAGE_TLV_SHA512, 64, 0, UD_IMAGE_HASH},
    {UD_IMAGE_TLV_RSA_2048, UD_RSA_2048_SIZE, 0, UD_IMAGE_SIGNATURE},
    {UD_IMAGE_TLV_ECDSA, UD_IMAGE_ECDSA_SIZE_MAX, UD_IMAGE_ECDSA_SIZE_MIN, UD_IMAGE_SIGNATURE},
    {UD_IMAGE_TLV_RSA_3072, UD_RSA_3072_SIZE, 0, UD_IMAGE_SIGNATURE},
    {UD_IMAGE_TLV_ED25519, UD_ED25519_SIGNATURE_SIZE, 0, UD_IMAGE_SIGNATURE},
    {UD_IMAGE_TLV_PURE, 1, 0, UD_IMAGE_PURE},
    {UD_IMAGE_TLV_ENC_FIRST, UINT16_MAX, 1, UD_IMAGE_ENCRYPTION}, /* with all up to UD_IMAGE_TLV_ENC_LAST */
    {UD_IMAGE_TLV_DEPENDENCY, UD_IMAGE_DEPENDENCY_SIZE, 0, UD_IMAGE_DEPENDENCY},
    {UD_IMAGE_TLV_SECURITY_COUNTER, 4, 0, UD_IMAGE_COUNTER},
    {UD_IMAGE_TLV_HARDWARE, UD_HARDWARE_SIZE_MAX, 1, UD_IMAGE_HARDWARE},
    {UD_IMAGE_TLV_REVOKED, UD_IMAGE_REVOKED_MAX *UD_SHA256_SIZE, UD_SHA256_SIZE, UD_IMAGE_REVOKED},
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

/* Where in ud_image_info_t the value goes, of a longer one the first VALUE_SIZE bytes; 0: nowhere. */
#define VALUE_SIZE UD_SHA256_SIZE

static const uint8_t places[UD_IMAGE_TLV_COUNT] = {
    [UD_IMAGE_HASH] = offsetof(ud_image_info_t, hash),
    [UD_IMAGE_KEY] = offsetof(ud_image_info_t, key_hash),
    [UD_IMAGE_PURE] = offsetof(ud_image_info_t, pure),
    [UD_IMAGE_COUNTER] = offsetof(ud_image_info_t, security_counter),
    [UD_IMAGE_DEPENDENCY] = offsetof(ud_image_info_t, dependencies),
    [UD_IMAGE_HARDWARE] = offsetof(ud_image_info_t, hardware),
};

/* ---- areas ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const ud_image_source_t *source;
    ud_image_info_t *info;
    uint32_t offset;  /* bytes of the image that were read */
    uint32_t entries; /* of both areas */
} parse_t;

typedef enum { IN_OPEN, IN_PROTECTED } area_t;

_Static_assert(UD_IMAGE_TLV_PROTECTED_INFO_MAGIC == UD_IMAGE_TLV_INFO_MAGIC + IN_PROTECTED,
               "areas are told by a number");

/* Takes down the TLV, which begins where `tlv` says; one of an unknown type is nobody's. */
static ud_err_t take(const parse_t *parse, area_t area, const ud_image_tlv_t *tlv)
{
    const ud_image_source_t *source = parse->source;
    ud_image_info_t *info = parse->info;
    bool wraps = tlv->type >= UD_IMAGE_TLV_ENC_FIRST && tlv->type <= UD_IMAGE_TLV_ENC_LAST;
    uint32_t type = wraps ? UD_IMAGE_TLV_ENC_FIRST : tlv->type;
    const row_t *row = rows;
    while (row->type != type) {
        UD_REQUIRE(++row < rows + ROW_COUNT, UD_OK);
    }
    uint32_t size_min = row->size_min != 0 ? row->size_min : row->size_max;
    UD_REQUIRE(tlv->size >= size_min && tlv->size <= row->size_max, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE((row->entry >= UD_IMAGE_COUNTER) == (area == IN_PROTECTED), UD_ERR_IMAGE_FORMAT);
    uint8_t *value = (uint8_t *)info + places[row->entry];
    if (row->entry == UD_IMAGE_DEPENDENCY) {
        UD_REQUIRE(info->dependency_count < UD_IMAGE_DEPENDENCIES_MAX, UD_ERR_IMAGE_FORMAT);
        value = (uint8_t *)&info->dependencies[info->dependency_count++];
    } else {
        UD_REQUIRE(info->tlvs[row->entry].type == 0, UD_ERR_IMAGE_FORMAT);
    }
    info->tlvs[row->entry] = *tlv;
    if (type == UD_IMAGE_TLV_PUBLIC_KEY) {
        return ud_image_hash(source, tlv->offset, tlv->size, value);
    }
    return places[row->entry] == 0
               ? UD_OK
               : source->read(source->context, tlv->offset, value, tlv->size < VALUE_SIZE ? tlv->size : VALUE_SIZE);
}

/* Reads the head of an area or a TLV, which must end before `end`, and steps behind it. */
static ud_err_t read_head(parse_t *parse, uint32_t end, ud_err_t err, ud_image_tlv_t *tlv)
{
    UD_REQUIRE(end - parse->offset >= UD_IMAGE_TLV_HEAD_SIZE, err);
    UD_TRY(parse->source->read(parse->source->context, parse->offset, tlv, UD_IMAGE_TLV_HEAD_SIZE));
    parse->offset += UD_IMAGE_TLV_HEAD_SIZE;
    tlv->offset = parse->offset;
    return UD_OK;
}

/* Reads an area, which its entries must fill exactly. */
static ud_err_t read_area(parse_t *parse, area_t area, uint32_t area_size)
{
    ud_image_tlv_t tlv;
    uint32_t end = parse->offset;
    UD_TRY(read_head(parse, area_size, UD_ERR_IMAGE_TRUNCATED, &tlv));
    UD_REQUIRE(tlv.type == (uint32_t)UD_IMAGE_TLV_INFO_MAGIC + area && tlv.size >= UD_IMAGE_TLV_HEAD_SIZE,
               UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(area == IN_OPEN || tlv.size == parse->info->protected_size, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(tlv.size <= area_size - end, UD_ERR_IMAGE_TRUNCATED);
    end += tlv.size;
    while (parse->offset < end) {
        UD_REQUIRE(parse->entries++ < UD_IMAGE_TLVS_MAX, UD_ERR_IMAGE_FORMAT);
        UD_TRY(read_head(parse, end, UD_ERR_IMAGE_FORMAT, &tlv));
        UD_REQUIRE(tlv.size <= end - parse->offset, UD_ERR_IMAGE_FORMAT);
        UD_TRY(take(parse, area, &tlv));
        parse->offset += tlv.size;
    }
    return UD_OK;
}

/* ---- image ------------------------------------------------------------------------------------------------------ */

/* What several entries say together: a hash, the key's hash made by the same function, a wrapped key if and only if the
 * flag says so; and values that are not any number.
 */
static ud_err_t check(const ud_image_info_t *info)
{
    const ud_image_tlv_t *tlvs = info->tlvs;
    bool good =
        ud_image_has(info, UD_IMAGE_HASH) &&
        (tlvs[UD_IMAGE_KEY].type != UD_IMAGE_TLV_KEY_HASH || tlvs[UD_IMAGE_KEY].size == tlvs[UD_IMAGE_HASH].size) &&
        ud_image_has(info, UD_IMAGE_ENCRYPTION) == ((info->flags & FLAGS_ENCRYPTED) != 0) &&
        info->pure == ud_image_has(info, UD_IMAGE_PURE) && tlvs[UD_IMAGE_REVOKED].size % UD_SHA256_SIZE == 0;
    return good ? UD_OK : UD_ERR_IMAGE_FORMAT;
}

static ud_err_t parse_image(const ud_image_source_t *source, uint32_t area_size, ud_image_info_t *info)
{
    UD_REQUIRE(area_size >= UD_IMAGE_HEADER_SIZE, UD_ERR_IMAGE_TRUNCATED);
    UD_TRY(source->read(source->context, 0, info, HEADER_READ_SIZE));
    UD_REQUIRE(info->magic == UD_IMAGE_MAGIC, UD_ERR_IMAGE_MAGIC);
    UD_REQUIRE(info->header_size >= UD_IMAGE_HEADER_SIZE && info->payload_size > 0, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(info->header_size <= area_size && info->payload_size <= area_size - info->header_size,
               UD_ERR_IMAGE_TRUNCATED);
    parse_t parse = {.source = source, .info = info, .offset = info->header_size + info->payload_size};
    if (info->protected_size != 0) {
        UD_TRY(read_area(&parse, IN_PROTECTED, area_size));
    }
    UD_TRY(read_area(&parse, IN_OPEN, area_size));
    info->total_size = parse.offset;
    return check(info);
}

ud_err_t ud_image_parse(const ud_image_source_t *source, uint32_t area_size, ud_image_info_t *info)
{
    memset(info, 0, sizeof *info);
    ud_err_t err = parse_image(source, area_size, info);
    if (err != UD_OK) {
        memset(info, 0, sizeof *info);
    }
    return err;
}
