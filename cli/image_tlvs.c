#include "cli/image_tlvs.h"

#include "core/base/endian.h"
#include "core/base/hex.h"
#include "core/image/format.h"

#include <stdio.h>
#include <stdlib.h>

/* Bytes of a value that a line shows. */
#define SHOWN_SIZE 16

typedef struct {
    uint16_t type;
    uint16_t size;
    const uint8_t *value;
    bool is_protected;
} tlv_t;

static const struct {
    uint16_t type;
    const char *name;
} names[] = {
    {UD_IMAGE_TLV_KEY_HASH, "key-hash"},
    {UD_IMAGE_TLV_PUBLIC_KEY, "public-key"},
    {UD_IMAGE_TLV_SHA256, "sha256"},
    {UD_IMAGE_TLV_SHA384, "sha384"},
    {UD_IMAGE_TLV_SHA512, "sha512"},
    {UD_IMAGE_TLV_RSA_2048, "rsa-2048-signature"},
    {UD_IMAGE_TLV_ECDSA, "ecdsa-signature"},
    {UD_IMAGE_TLV_RSA_3072, "rsa-3072-signature"},
    {UD_IMAGE_TLV_ED25519, "ed25519-signature"},
    {UD_IMAGE_TLV_PURE, "pure-signature"},
    {0x0030, "rsa-oaep-key"},
    {0x0031, "aes-kw-key"},
    {UD_IMAGE_TLV_ECIES_P256, "ecies-p256-key"},
    {0x0033, "ecies-x25519-key"},
    {0x0034, "ecies-x25519-sha512-key"},
    {UD_IMAGE_TLV_DEPENDENCY, "dependency"},
    {UD_IMAGE_TLV_SECURITY_COUNTER, "security-counter"},
    {0x0060, "boot-record"},
    {0x0070, "decompressed-size"},
    {0x0071, "decompressed-sha"},
    {0x0072, "decompressed-signature"},
    {0x0073, "compressed-dependency-size"},
    {0x0074, "vendor-uuid"},
    {0x0075, "class-uuid"},
    {UD_IMAGE_TLV_HARDWARE, "hardware"},
    {UD_IMAGE_TLV_REVOKED, "revoked-keys"},
};

static const char *name_of(uint16_t type)
{
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        if (names[index].type == type) {
            return names[index].name;
        }
    }
    return "unknown";
}

/* Takes the next TLV from `*offset` on; false at the end. The parser has found that all lie inside the image. */
static bool next(const ud_image_file_t *file, const ud_image_info_t *info, uint32_t *offset, tlv_t *tlv)
{
    uint32_t first = info->header_size + info->payload_size;
    uint32_t open = first + info->protected_size;
    if (*offset == 0) {
        *offset = first + UD_IMAGE_TLV_HEAD_SIZE;
    }
    if (*offset == open) {
        *offset += UD_IMAGE_TLV_HEAD_SIZE;
    }
    if (*offset >= info->total_size) {
        return false;
    }
    const uint8_t *head = file->data + *offset;
    *tlv = (tlv_t){.type = ud_get_u16le(head),
                   .size = ud_get_u16le(head + 2),
                   .value = head + UD_IMAGE_TLV_HEAD_SIZE,
                   .is_protected = *offset < open};
    *offset += UD_IMAGE_TLV_HEAD_SIZE + tlv->size;
    return true;
}

void ud_image_tlvs_print(const ud_image_file_t *file, const ud_image_info_t *info)
{
    uint32_t offset = 0;
    tlv_t tlv;
    while (next(file, info, &offset, &tlv)) {
        char label[32];
        char digits[UD_HEX_TEXT_SIZE(SHOWN_SIZE)];
        size_t shown = tlv.size < SHOWN_SIZE ? tlv.size : SHOWN_SIZE;
        ud_hex_encode(tlv.value, shown, digits);
        snprintf(label, sizeof label, "TLV 0x%04x", tlv.type);
        ud_output_field(label, "%s%s, %u bytes: %s%s", tlv.is_protected ? "protected " : "", name_of(tlv.type),
                        tlv.size, digits, tlv.size > shown ? "..." : "");
    }
}

json_t *ud_image_tlvs_json(const ud_image_file_t *file, const ud_image_info_t *info)
{
    json_t *list = json_array();
    uint32_t offset = 0;
    tlv_t tlv;
    while (next(file, info, &offset, &tlv)) {
        char *digits = malloc(UD_HEX_TEXT_SIZE((size_t)tlv.size));
        if (digits != NULL) {
            ud_hex_encode(tlv.value, tlv.size, digits);
            json_array_append_new(list, json_pack("{s:i, s:s, s:b, s:i, s:s}", "type", (int)tlv.type, "name",
                                                  name_of(tlv.type), "protected", (int)tlv.is_protected, "size",
                                                  (int)tlv.size, "value", digits));
        }
        free(digits);
    }
    return list;
}
