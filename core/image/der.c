#include "core/image/der.h"

#include "core/base/assert.h"
#include "core/base/cursor.h"

#include <string.h>

#define TAG_INTEGER 0x02
#define TAG_SEQUENCE 0x30
#define NUMBER_SIZE (UD_P256_SIGNATURE_SIZE / 2)

/* Takes one INTEGER of 1 to 32 bytes of value into `number`, right-aligned. */
static ud_err_t get_integer(ud_reader_t *reader, uint8_t number[NUMBER_SIZE])
{
    UD_REQUIRE(ud_reader_get_u8(reader) == TAG_INTEGER, UD_ERR_MALFORMED);
    ud_span_t value = ud_reader_get_span(reader, ud_reader_get_u8(reader));
    UD_REQUIRE(value.size > 0 && (value.data[0] & 0x80) == 0, UD_ERR_MALFORMED);
    if (value.data[0] == 0) {
        /* a leading zero stands only where the number would look negative without it */
        UD_REQUIRE(value.size > 1 && (value.data[1] & 0x80) != 0, UD_ERR_MALFORMED);
        value = ud_span(value.data + 1, value.size - 1);
    }
    UD_REQUIRE(value.size <= NUMBER_SIZE, UD_ERR_MALFORMED);
    memset(number, 0, NUMBER_SIZE - value.size);
    memcpy(number + NUMBER_SIZE - value.size, value.data, value.size);
    return UD_OK;
}

ud_err_t ud_der_signature_decode(const uint8_t *der, size_t size, uint8_t raw[UD_P256_SIGNATURE_SIZE])
{
    uint8_t numbers[UD_P256_SIGNATURE_SIZE];
    ud_reader_t reader = ud_reader(der, size);
    UD_REQUIRE(ud_reader_get_u8(&reader) == TAG_SEQUENCE, UD_ERR_MALFORMED);
    UD_REQUIRE(ud_reader_get_u8(&reader) == ud_reader_left(&reader), UD_ERR_MALFORMED);
    UD_TRY(get_integer(&reader, numbers));
    UD_TRY(get_integer(&reader, numbers + NUMBER_SIZE));
    UD_TRY(ud_reader_end(&reader));
    memcpy(raw, numbers, sizeof numbers);
    return UD_OK;
}

ud_err_t ud_der_signature_unpad(const uint8_t *der, size_t size, uint8_t raw[UD_P256_SIGNATURE_SIZE])
{
    size_t unpadded = size;
    while (size == UD_DER_SIGNATURE_SIZE_MAX && unpadded > 2u + der[1] && der[unpadded - 1] == 0) {
        unpadded--;
    }
    return ud_der_signature_decode(der, unpadded, raw);
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
