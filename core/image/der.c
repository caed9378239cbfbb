#include "core/image/der.h"

#include "core/base/assert.h"
#include "core/base/cursor.h"

#include <string.h>

#define TAG_INTEGER 0x02
#define TAG_SEQUENCE 0x30
#define NUMBER_SIZE (UD_P256_SIGNATURE_SIZE / 2)

ud_err_t ud_der_signature_decode(const uint8_t der[UD_DER_SIGNATURE_SIZE_MAX], size_t size,
                                 uint8_t raw[UD_P256_SIGNATURE_SIZE])
{
    const uint8_t *at = der + 2;
    memset(raw, 0, UD_P256_SIGNATURE_SIZE);
    uint8_t *end = raw;
    do {
        /* a leading zero stands only where the number would look negative without it */
        uint32_t first = (uint32_t)at[2] << 8 | at[3];
        size_t zeros = first < 0x100;
        size_t number_size = at[1] - zeros;
        UD_REQUIRE(at[0] == TAG_INTEGER && first >= 0x80 && first < 0x8000 && number_size >= 1 &&
                       number_size <= NUMBER_SIZE,
                   UD_ERR_IMAGE_SIGNATURE);
        at += 2 + zeros;
        end += NUMBER_SIZE;
        memcpy(end - number_size, at, number_size);
        at += number_size;
    } while (end < raw + UD_P256_SIGNATURE_SIZE);
    size_t der_size = (size_t)(at - der);
    UD_REQUIRE(der[0] == TAG_SEQUENCE && der[1] == der_size - 2 &&
                   (size == der_size || size == UD_DER_SIGNATURE_SIZE_MAX),
               UD_ERR_IMAGE_SIGNATURE);
    while (at < der + UD_DER_SIGNATURE_SIZE_MAX) {
        UD_REQUIRE(*at++ == 0, UD_ERR_IMAGE_SIGNATURE);
    }
    return UD_OK;
}

ud_err_t ud_der_signature_read(const ud_image_source_t *source, uint32_t offset, size_t size,
                               uint8_t raw[UD_P256_SIGNATURE_SIZE])
{
    uint8_t der[UD_DER_SIGNATURE_SIZE_MAX] = {0};
    UD_REQUIRE(size <= sizeof der, UD_ERR_IMAGE_SIGNATURE);
    UD_TRY(source->read(source->context, offset, der, size));
    return ud_der_signature_decode(der, size, raw);
}

static void put_integer(ud_writer_t *writer, const uint8_t number[NUMBER_SIZE])
{
    size_t zeros = 0;
    while (zeros < NUMBER_SIZE - 1 && number[zeros] == 0) {
        zeros++;
    }
    bool looks_negative = (number[zeros] & 0x80) != 0;
    ud_writer_put_u8(writer, TAG_INTEGER);
    ud_writer_put_u8(writer, (uint8_t)(NUMBER_SIZE - zeros + looks_negative));
    ud_writer_fill(writer, 0, looks_negative);
    ud_writer_put_bytes(writer, number + zeros, NUMBER_SIZE - zeros);
}

size_t ud_der_signature_encode(const uint8_t raw[UD_P256_SIGNATURE_SIZE], uint8_t der[UD_DER_SIGNATURE_SIZE_MAX])
{
    ud_writer_t writer = ud_writer(der, UD_DER_SIGNATURE_SIZE_MAX);
    ud_writer_put_u8(&writer, TAG_SEQUENCE);
    ud_writer_put_u8(&writer, 0);
    put_integer(&writer, raw);
    put_integer(&writer, raw + NUMBER_SIZE);
    der[1] = (uint8_t)(writer.size - 2);
    return writer.size;
}
