#include "core/image/trusted.h"

#include "core/base/assert.h"
#include "core/base/cursor.h"
#include "core/base/utf8.h"
#include "core/crypto/crypto.h"
#include "core/image/der.h"
#include "core/image/format.h"

#include <string.h>

#define TAG_INTEGER 0x02
#define TAG_SEQUENCE 0x30

const ud_image_scheme_t *const ud_schemes[UD_SCHEME_COUNT] = {
    &ud_scheme_ecdsa_p256,   &ud_scheme_rsa_2048,   &ud_scheme_rsa_3072,       &ud_scheme_ed25519,
    &ud_scheme_ed25519_pure, &ud_scheme_ecdsa_p384, &ud_scheme_ed25519_sha512,
};

static const char *const names[UD_SCHEME_COUNT] = {
    "ecdsa-p256", "rsa-2048", "rsa-3072", "ed25519", "ed25519-pure", "ecdsa-p384", "ed25519-sha512",
};

const char *ud_scheme_name(const ud_image_scheme_t *scheme)
{
    for (size_t index = 0; index < UD_SCHEME_COUNT; index++) {
        if (ud_schemes[index] == scheme) {
            return names[index];
        }
    }
    return "none";
}

const ud_image_scheme_t *ud_scheme_of(const ud_image_info_t *info)
{
    for (size_t index = 0; index < UD_SCHEME_COUNT; index++) {
        const ud_image_scheme_t *scheme = ud_schemes[index];
        if (info->tlvs[UD_IMAGE_SIGNATURE].type == scheme->signature_tlv &&
            info->tlvs[UD_IMAGE_HASH].type == scheme->hash_tlv && info->pure == scheme->pure) {
            return scheme;
        }
    }
    return NULL;
}

/* ---- public keys in DER ----------------------------------------------------------------------------------------- */

/* Tag and length in its shortest form, up to 65535. */
static void put_head(ud_writer_t *writer, uint8_t tag, size_t size)
{
    ud_writer_put_u8(writer, tag);
    if (size > UINT8_MAX) {
        ud_writer_put_u8(writer, 0x82);
        ud_writer_put_u16be(writer, (uint16_t)size);
    } else {
        if (size > 0x7F) {
            ud_writer_put_u8(writer, 0x81);
        }
        ud_writer_put_u8(writer, (uint8_t)size);
    }
}

static void put_integer(ud_writer_t *writer, const uint8_t *number, size_t size)
{
    while (size > 1 && number[0] == 0) {
        number++;
        size--;
    }
    bool looks_negative = (number[0] & 0x80) != 0;
    put_head(writer, TAG_INTEGER, size + looks_negative);
    ud_writer_fill(writer, 0, looks_negative);
    ud_writer_put_bytes(writer, number, size);
}

static void put_rsa(ud_writer_t *writer, const uint8_t *public_key, size_t modulus_size)
{
    uint8_t numbers[UD_PUBLIC_KEY_DER_SIZE_MAX];
    ud_writer_t inner = ud_writer(numbers, sizeof numbers);
    put_integer(&inner, public_key, modulus_size);
    put_integer(&inner, public_key + modulus_size, 4);
    put_head(writer, TAG_SEQUENCE, inner.size);
    ud_writer_put_bytes(writer, numbers, inner.size);
}

size_t ud_public_key_der(const ud_image_scheme_t *scheme, const uint8_t *public_key,
                         uint8_t der[UD_PUBLIC_KEY_DER_SIZE_MAX])
{
    static const uint8_t p256[] = UD_IMAGE_SPKI_P256;
    static const uint8_t p384[] = UD_IMAGE_SPKI_P384;
    static const uint8_t ed25519[] = UD_IMAGE_SPKI_ED25519;
    ud_writer_t writer = ud_writer(der, UD_PUBLIC_KEY_DER_SIZE_MAX);
    if (scheme == &ud_scheme_rsa_2048 || scheme == &ud_scheme_rsa_3072) {
        put_rsa(&writer, public_key, scheme->signature_size);
    } else {
        bool is_p256 = scheme == &ud_scheme_ecdsa_p256;
        bool is_p384 = scheme == &ud_scheme_ecdsa_p384;
        ud_writer_put_bytes(&writer,
                            is_p256   ? p256
                            : is_p384 ? p384
                                      : ed25519,
                            is_p256   ? sizeof p256
                            : is_p384 ? sizeof p384
                                      : sizeof ed25519);
        ud_writer_put_bytes(&writer, public_key, scheme->public_key_size);
    }
    UD_ASSERT(ud_writer_status(&writer) == UD_OK);
    return writer.size;
}

void ud_trusted_key_init(ud_trusted_key_t *key, const ud_image_scheme_t *scheme, const uint8_t *public_key)
{
    uint8_t der[UD_PUBLIC_KEY_DER_SIZE_MAX];
    key->scheme = scheme;
    key->public_key = public_key;
    ud_sha256(der, ud_public_key_der(scheme, public_key, der), key->key_hash);
}

/* ---- images ----------------------------------------------------------------------------------------------------- */

ud_err_t ud_image_read(const ud_image_source_t *source, uint32_t area_size, ud_image_info_t *info)
{
    UD_TRY(ud_image_parse(source, area_size, info));
    UD_REQUIRE(ud_utf8_is_text(info->hardware, info->tlvs[UD_IMAGE_HARDWARE].size), UD_ERR_IMAGE_FORMAT);
    return UD_OK;
}

/* ---- signatures ------------------------------------------------------------------------------------------------- */

ud_err_t ud_image_signature(const ud_image_source_t *source, const ud_image_info_t *info,
                            uint8_t signature[UD_SIGNATURE_SIZE_MAX], size_t *size)
{
    const ud_image_scheme_t *scheme = ud_scheme_of(info);
    const ud_image_tlv_t *tlv = &info->tlvs[UD_IMAGE_SIGNATURE];
    UD_REQUIRE(scheme != NULL, UD_ERR_IMAGE_UNSIGNED);
    if (scheme == &ud_scheme_ecdsa_p256) {
        *size = UD_P256_SIGNATURE_SIZE;
        return ud_der_signature_read(source, tlv->offset, tlv->size, signature);
    }
    *size = tlv->size;
    return source->read(source->context, tlv->offset, signature, tlv->size);
}
