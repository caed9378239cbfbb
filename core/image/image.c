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

enum { IN_OPEN, IN_PROTECTED };

_Static_assert(UD_IMAGE_TLV_PROTECTED_INFO_MAGIC == UD_IMAGE_TLV_INFO_MAGIC + IN_PROTECTED,
               "areas are told by a number");

/* Takes down the TLV, which begins where `tlv` says; one of an unknown type is nobody's. */
static ud_err_t take(const ud_image_source_t *source, ud_image_info_t *info, uint32_t area, const ud_image_tlv_t *tlv)
{
    bool wraps = tlv->type >= UD_IMAGE_TLV_ENC_FIRST && tlv->type <= UD_IMAGE_TLV_ENC_LAST;
    uint32_t type = wraps ? UD_IMAGE_TLV_ENC_FIRST : tlv->type;
    const row_t *row = rows;
    while (row->type != type) {
        UD_REQUIRE(++row < rows + ROW_COUNT, UD_OK);
    }
    /* each row by itself, for scripts/prove.sh */
    //@ split row - rows;
    uint32_t size = tlv->size;
    uint32_t entry = row->entry;
    UD_REQUIRE(size <= row->size_max && size >= (row->size_min != 0 ? row->size_min : row->size_max) &&
                   area == (entry >= UD_IMAGE_COUNTER),
               UD_ERR_IMAGE_FORMAT);
    uint8_t *value = (uint8_t *)info + places[entry];
    if (entry == UD_IMAGE_DEPENDENCY) {
        UD_REQUIRE(info->dependency_count < UD_IMAGE_DEPENDENCIES_MAX, UD_ERR_IMAGE_FORMAT);
        value += sizeof(ud_image_dependency_t) * info->dependency_count++;
    } else {
        UD_REQUIRE(!ud_image_has(info, entry), UD_ERR_IMAGE_FORMAT);
    }
    info->tlvs[entry] = *tlv;
    if (type == UD_IMAGE_TLV_PUBLIC_KEY) {
        return ud_image_hash(source, tlv->offset, size, value);
    }
    return places[entry] == 0
               ? UD_OK
               : source->read(source->context, tlv->offset, value, size < VALUE_SIZE ? size : VALUE_SIZE);
}

/* Reads the head of an area or a TLV and steps behind it: info->total_size is how far it got. */
static ud_err_t read_head(const ud_image_source_t *source, ud_image_info_t *info, ud_image_tlv_t *tlv)
{
    UD_TRY(source->read(source->context, info->total_size, tlv, UD_IMAGE_TLV_HEAD_SIZE));
    info->total_size += UD_IMAGE_TLV_HEAD_SIZE;
    tlv->offset = info->total_size;
    return UD_OK;
}

/* Reads an area, which its entries must fill exactly; `room` bytes are left. `entries` counts those of both. */
static ud_err_t read_area(const ud_image_source_t *source, ud_image_info_t *info, uint32_t area, uint32_t room,
                          uint32_t *entries)
{
    ud_image_tlv_t tlv;
    UD_REQUIRE(room >= UD_IMAGE_TLV_HEAD_SIZE, UD_ERR_IMAGE_TRUNCATED);
    UD_TRY(read_head(source, info, &tlv));
    UD_REQUIRE(tlv.type == UD_IMAGE_TLV_INFO_MAGIC + area && tlv.size >= UD_IMAGE_TLV_HEAD_SIZE &&
                   (area == IN_OPEN || tlv.size == info->protected_size),
               UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(tlv.size <= room, UD_ERR_IMAGE_TRUNCATED);
    uint32_t left = tlv.size - (uint32_t)UD_IMAGE_TLV_HEAD_SIZE;
    while (left > 0) {
        UD_REQUIRE(left >= UD_IMAGE_TLV_HEAD_SIZE && (*entries)++ < UD_IMAGE_TLVS_MAX, UD_ERR_IMAGE_FORMAT);
        UD_TRY(read_head(source, info, &tlv));
        left -= UD_IMAGE_TLV_HEAD_SIZE;
        UD_REQUIRE(tlv.size <= left, UD_ERR_IMAGE_FORMAT);
        left -= tlv.size;
        info->total_size += tlv.size;
        UD_TRY(take(source, info, area, &tlv));
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
        info->pure == tlvs[UD_IMAGE_PURE].size && tlvs[UD_IMAGE_REVOKED].size % UD_SHA256_SIZE == 0;
    return good ? UD_OK : UD_ERR_IMAGE_FORMAT;
}

static ud_err_t read_image(const ud_image_source_t *source, uint32_t area_size, ud_image_info_t *info)
{
    UD_REQUIRE(area_size >= UD_IMAGE_HEADER_SIZE, UD_ERR_IMAGE_TRUNCATED);
    UD_TRY(source->read(source->context, 0, info, HEADER_READ_SIZE));
    UD_REQUIRE(info->magic == UD_IMAGE_MAGIC, UD_ERR_IMAGE_MAGIC);
    UD_REQUIRE(info->header_size >= UD_IMAGE_HEADER_SIZE && info->payload_size > 0, UD_ERR_IMAGE_FORMAT);
    UD_REQUIRE(info->header_size <= area_size && info->payload_size <= area_size - info->header_size,
               UD_ERR_IMAGE_TRUNCATED);
    info->total_size = info->header_size + info->payload_size;
    uint32_t entries = 0;
    for (uint32_t areas = info->protected_size != 0 ? IN_PROTECTED + 1 : IN_OPEN + 1; areas > 0; areas--) {
        UD_TRY(read_area(source, info, areas - 1, area_size - info->total_size, &entries));
    }
    return check(info);
}

bool ud_image_is_for(const ud_image_info_t *info, const char *hardware)
{
    size_t size = strlen(hardware);
    return info->tlvs[UD_IMAGE_HARDWARE].size == size && memcmp(info->hardware, hardware, size) == 0;
}

ud_err_t ud_image_parse(const ud_image_source_t *source, uint32_t area_size, ud_image_info_t *info)
{
    memset(info, 0, sizeof *info);
    ud_err_t err = read_image(source, area_size, info);
    if (err != UD_OK) {
        memset(info, 0, sizeof *info);
    }
    return err;
}
