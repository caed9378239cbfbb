/* RSA's public operation on BearSSL's big integers: words of 31 bits behind one that says their size. */
#include "core/crypto/crypto.h"

#include <inner.h>

#define WORDS_MAX (1 + (UD_RSA_3072_SIZE * 8 + 30) / 31)

typedef uint32_t number_t[WORDS_MAX];

/* Bits from the highest one down, the first excepted: square, multiply if set. Both factors are in Montgomery's form. */
static void power(number_t result, const number_t base, uint32_t exponent, const number_t modulus, uint32_t inverse)
{
    number_t square;
    memcpy(result, base, sizeof(number_t));
    uint32_t bit = 0x80000000u;
    while ((exponent & bit) == 0) {
        bit >>= 1;
    }
    for (bit >>= 1; bit != 0; bit >>= 1) {
        br_i31_montymul(square, result, result, modulus, inverse);
        if ((exponent & bit) != 0) {
            br_i31_montymul(result, square, base, modulus, inverse);
        } else {
            memcpy(result, square, sizeof square);
        }
    }
}

ud_verdict_t ud_rsa_public(const uint8_t *modulus, size_t modulus_size, uint32_t exponent, uint8_t *number)
{
    number_t n;
    number_t base;
    number_t result;
    if (modulus_size > UD_RSA_3072_SIZE || exponent == 0) {
        return UD_VERDICT_INVALID;
    }
    br_i31_decode(n, modulus, modulus_size);
    if (br_i31_decode_mod(base, number, modulus_size, n) != 1) {
        return UD_VERDICT_INVALID;
    }
    uint32_t inverse = br_i31_ninv31(n[1]);
    br_i31_to_monty(base, n);
    power(result, base, exponent, n, inverse);
    br_i31_from_monty(result, n, inverse);
    br_i31_encode(number, modulus_size, result);
    return UD_VERDICT_VALID;
}
