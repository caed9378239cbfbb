/* For Eva (scripts/prove.sh): signatures in DER, any bytes of any stated length, from flash whose reads may fail. The proof
 * has der.c call copy_each() for memcpy(): byte by byte, for one size after the other.
 */
#include "core/base/assert.h"
#include "core/image/der.h"

#include "tests/proof/eva/anything.h"

void *copy_each(void *to, const void *from, size_t size)
{
    //@ split size;
    for (size_t index = 0; index < size; index++) {
        ((uint8_t *)to)[index] = ((const uint8_t *)from)[index];
    }
    return to;
}

static ud_err_t read_anything(void *context, uint32_t offset, void *data, size_t size)
{
    //@ assert no_longer_than_a_signature: size <= UD_DER_SIGNATURE_SIZE_MAX;
    return give_anything(data, size);
}

void prove_der_main(void)
{
    ud_image_source_t source = {.read = read_anything};
    uint8_t raw[UD_P256_SIGNATURE_SIZE];
    fill_anything();
    uint32_t offset = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    size_t size = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    ud_err_t err = ud_der_signature_decode(anything, size, raw);
    //@ assert whole: \initialized(&raw[0 .. UD_P256_SIGNATURE_SIZE - 1]);
    err = ud_der_signature_read(&source, offset, size, raw);
}
