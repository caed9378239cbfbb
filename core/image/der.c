#include "core/image/der.h"

#include "core/base/assert.h"
#include "core/base/cursor.h"

#include <string.h>

#define TAG_INTEGER 0x02
#define TAG_SEQUENCE 0x30
#define NUMBER_SIZE (UD_P256_SIGNATURE_SIZE / 2)

/* Takes the INTEGER of 1 to 32 bytes of value at `*at` into `number`, right-aligned, and steps behind it. */
static ud_err_t get_integer(const uint8_t *der, size_t size, size_t *at, uint8_t number[NUMBER_SIZE])
{
    UD_REQUIRE(size - *at >= 2 && der[*at] == TAG_INTEGER, UD_ERR_MALFORMED);
    size_t value_size = der[*at + 1];
    const uint8_t *value = der + *at + 2;
    UD_REQUIRE(value_size > 0 && value_size <= size - *at - 2 && (value[0] & 0x80) == 0, UD_ERR_MALFORMED);
    *at += 2 + value_size;
    if (value[0] == 0) {
        /* a leading zero stands only where the number would look negative without it */
        UD_REQUIRE(value_size > 1 && (value[1] & 0x80) != 0, UD_ERR_MALFORMED);
        value++;
        value_size--;
    }
    UD_REQUIRE(value_size <= NUMBER_SIZE, UD_ERR_MALFORMED);
    memset(number, 0, NUMBER_SIZE - value_size);
    memcpy(number + NUMBER_SIZE - value_size, value, value_size);
    return UD_OK;
}

ud_err_t ud_der_signature_decode(const uint8_t *der, size_t size, uint8_t raw[UD_P256_SIGNATURE_SIZE])
{
    uint8_t numbers[UD_P256_SIGNATURE_SIZE];
    size_t at = 2;
    UD_REQUIRE(size >= 2 && der[0] == TAG_SEQUENCE && der[1] == size - 2, UD_ERR_MALFORMED);
    UD_TRY(get_integer(der, size, &at, numbers));
    UD_TRY(get_integer(der, size, &at, numbers + NUMBER_SIZE));
    UD_REQUIRE(at == size, UD_ERR_MALFORMED);
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
