/* P-256 (SP 800-186, 3.2.1.3): ECDSA verification and ECDH, made small. Numbers are eight 32-bit limbs, least first.
 *
 * Products are Montgomery's: left * right / 2^256. Sums are not, so a number stands for itself or for itself * 2^256, as long
 * as what is added agrees. Points are projective (x = X/Z, y = Y/Z), for which a common factor does not matter: coordinates
 * are put in and taken out as they are. One addition (Renes, Costello, Batina 2016, algorithm 4) is complete: it doubles, too,
 * and knows no special point. It is a list of steps between registers, so that a product or a sum costs two bytes.
 * What happens depends on no number but public ones: where the multiplier always takes the same time (of the Cortex-M, M3's
 * does not), ECDH takes the same time for every private key.
 */
#include "core/base/endian.h"
#include "core/crypto/crypto.h"

#include <stdbool.h>
#include <string.h>

#define LIMBS 8

typedef uint32_t number_t[LIMBS];

typedef struct {
    number_t value;
    uint32_t factor; /* -1 / value modulo 2^32 */
} modulus_t;

static const modulus_t prime = {
    {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0x00000000, 0x00000000, 0x00000000, 0x00000001, 0xFFFFFFFF},
    0x00000001,
};
static const modulus_t order = {
    {0xFC632551, 0xF3B9CAC2, 0xA7179E84, 0xBCE6FAAD, 0xFFFFFFFF, 0xFFFFFFFF, 0x00000000, 0xFFFFFFFF},
    0xEE00BC4F,
};

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

/* left - right, modulo 2^256. True if left was below right. */
static bool subtract(number_t out, const number_t left, const number_t right)
{
    bool borrow = false;
    for (int limb = 0; limb < LIMBS; limb++) {
        uint64_t difference = (uint64_t)left[limb] - right[limb] - borrow;
        out[limb] = (uint32_t)difference;
        borrow = difference >> 63 != 0;
    }
    return borrow;
}

/* sum += factor * number. Returns what is above 2^256. */
static uint32_t add_multiple(number_t sum, uint32_t factor, const number_t number)
{
    uint64_t carry = 0;
    for (int limb = 0; limb < LIMBS; limb++) {
        carry += (uint64_t)factor * number[limb] + sum[limb];
        sum[limb] = (uint32_t)carry;
        carry >>= 32;
    }
    return (uint32_t)carry;
}

/* Likewise, modulo the modulus. */
static bool subtract_mod(number_t out, const number_t left, const number_t right, const modulus_t *modulus)
{
    bool below = subtract(out, left, right);
    (void)add_multiple(out, below, modulus->value);
    return below;
}

/* left * right / 2^256; one of the two is below the modulus. */
static void multiply_mod(number_t out, const number_t left, const number_t right, const modulus_t *modulus)
{
    uint32_t product[2 * LIMBS] = {0};
    uint32_t *high = product + LIMBS;
    for (int row = 0; row < LIMBS; row++) {
        high[row] = add_multiple(product + row, left[row], right);
    }
    /* Each makes a limb zero, whose place the carry takes, which belongs to the high half. */
    for (int row = 0; row < LIMBS; row++) {
        product[row] = add_multiple(product + row, product[row] * modulus->factor, modulus->value);
    }
    uint32_t carry = add_multiple(high, 1, product);
    bool below = subtract(out, high, modulus->value);
    (void)add_multiple(out, below - carry, modulus->value);
}

/* 2^256 / number, or 0 of 0. `number` is lost. Its power modulus - 2 (Fermat), whose highest bit is set, is 2^512 / number when
 * each product is divided by 2^256; so is one more, by 1.
 */
static void invert(number_t out, number_t number, const modulus_t *modulus)
{
    memcpy(out, number, sizeof(number_t));
    for (int bit = 32 * LIMBS - 2; bit >= 0; bit--) {
        uint32_t limb = modulus->value[bit / 32] - (bit < 32 ? 2 : 0);
        multiply_mod(out, out, out, modulus);
        if ((limb >> bit % 32 & 1) != 0) {
            multiply_mod(out, out, number, modulus);
        }
    }
    memset(number, 0, sizeof(number_t));
    number[0] = 1;
    multiply_mod(out, out, number, modulus);
}

static uint32_t bit_of(const number_t number, int bit)
{
    return number[bit / 32] >> bit % 32 & 1;
}

/* 0 of 0 alone. */
static uint32_t all_bits(const number_t number)
{
    uint32_t bits = 0;
    for (int limb = 0; limb < LIMBS; limb++) {
        bits |= number[limb];
    }
    return bits;
}

/* False if it is not below the modulus, which is subtracted then. */
static bool load_number(number_t out, const uint8_t bytes[4 * LIMBS], const modulus_t *modulus)
{
    for (int limb = 0; limb < LIMBS; limb++) {
        out[LIMBS - 1 - limb] = ud_get_u32be(bytes + 4 * limb);
    }
    return subtract_mod(out, out, modulus->value, modulus);
}

static bool load_scalar(number_t out, const uint8_t bytes[4 * LIMBS])
{
    return load_number(out, bytes, &order) && all_bits(out) != 0;
}

static void store(uint8_t bytes[4 * LIMBS], const number_t number)
{
    for (int limb = 0; limb < LIMBS; limb++) {
        ud_put_u32be(bytes + 4 * limb, number[LIMBS - 1 - limb]);
    }
}

/* ---- steps ------------------------------------------------------------------------------------------------------ */

enum { END, SUBTRACT, ADD, MULTIPLY };

/* Registers: a sum of points, the point that is added to it, three more. */
enum { Y, X, Z, Y2, X2, Z2, T0, T1, T2, REGISTERS, B = REGISTERS };

typedef number_t affine_t[2]; /* Y and X of a point whose Z is 1 */

typedef struct {
    uint16_t operation : 4;
    uint16_t out : 4;  /* of an ADD, another than left */
    uint16_t left : 4; /* or B: b of the curve * 2^256 */
    uint16_t right : 4;
} step_t;

/* X, Y, Z += X2, Y2, Z2 */
static const step_t addition[] = {
    {ADD, T1, X, Y},        {ADD, T2, X2, Y2},      {MULTIPLY, T1, T1, T2}, {ADD, T2, Y, Z},
    {MULTIPLY, Y, Y, Y2},   {ADD, Y2, Z2, Y2},      {MULTIPLY, T2, T2, Y2}, {ADD, T0, X, Z},
    {MULTIPLY, X, X, X2},   {ADD, X2, Z2, X2},      {MULTIPLY, T0, T0, X2}, {MULTIPLY, Z, Z, Z2},
    {SUBTRACT, T1, T1, X},  {SUBTRACT, T1, T1, Y},  {SUBTRACT, T2, T2, Y},  {SUBTRACT, T2, T2, Z},
    {SUBTRACT, T0, T0, X},  {SUBTRACT, T0, T0, Z},  {MULTIPLY, Z2, B, Z},   {SUBTRACT, X2, T0, Z2},
    {ADD, Z2, X2, X2},      {ADD, X2, Z2, X2},      {SUBTRACT, Z2, Y, X2},  {ADD, X2, Y, X2},
    {MULTIPLY, T0, B, T0},  {ADD, Y, Z, Z},         {ADD, Z, Y, Z},         {SUBTRACT, T0, T0, Z},
    {SUBTRACT, T0, T0, X},  {ADD, Y, T0, T0},       {ADD, T0, Y, T0},       {ADD, Y, X, X},
    {ADD, X, Y, X},         {SUBTRACT, X, X, Z},    {MULTIPLY, Y, T2, T0},  {MULTIPLY, Z, X, T0},
    {MULTIPLY, T0, X2, Z2}, {MULTIPLY, X2, T1, X2}, {MULTIPLY, T1, T1, X},  {MULTIPLY, Z2, T2, Z2},
    {SUBTRACT, X, X2, Y},   {ADD, Y, T0, Z},        {ADD, Z, Z2, T1},       {.operation = END},
};

/* T0 = Y2^2 Z2 - (X2 (X2^2 - 3 Z2^2) + b Z2^3), which is 0 on the curve */
static const step_t equation[] = {
    {MULTIPLY, T2, Z2, Z2}, {MULTIPLY, T1, X2, X2}, {SUBTRACT, T1, T1, T2}, {SUBTRACT, T1, T1, T2},
    {SUBTRACT, T1, T1, T2}, {MULTIPLY, T1, T1, X2}, {MULTIPLY, T2, T2, Z2}, {MULTIPLY, T2, B, T2},
    {ADD, T1, T2, T1},      {MULTIPLY, T0, Y2, Y2}, {MULTIPLY, T0, T0, Z2}, {SUBTRACT, T0, T0, T1},
    {.operation = END},
};

static void compute(number_t registers[REGISTERS], const step_t *step)
{
    static const number_t curve_b = {0x29C4BDDF, 0xD89CDF62, 0x78843090, 0xACF005CD,
                                     0xF7212ED6, 0xE5A220AB, 0x04874834, 0xDC30061D};
    for (; step->operation != END; step++) {
        uint32_t *out = registers[step->out];
        const uint32_t *left = step->left == B ? curve_b : registers[step->left];
        const uint32_t *right = registers[step->right];
        if (step->operation == MULTIPLY) {
            multiply_mod(out, left, right, &prime);
            continue;
        }
        if (step->operation == ADD) { /* = left - (prime - right) */
            (void)subtract(out, prime.value, right);
            right = out;
        }
        (void)subtract_mod(out, left, right, &prime);
    }
}

static void double_sum(number_t registers[REGISTERS])
{
    memcpy(registers[Y2], registers[Y], 3 * sizeof(number_t));
    compute(registers, addition);
}

/* Adds factor, 0 or 1, times a point. X and Z of 0 make the neutral one of any Y but 0, which is no point's. */
static void add_point(number_t registers[REGISTERS], const affine_t point, uint32_t factor)
{
    for (int limb = 0; limb < LIMBS; limb++) {
        registers[Y2][limb] = point[Y][limb];
        registers[X2][limb] = point[X][limb] & (0 - factor);
        registers[Z2][limb] = 0;
    }
    registers[Z2][0] = factor;
    compute(registers, addition);
}

/* ---- the curve -------------------------------------------------------------------------------------------------- */

/* x of base_factor times the base point, if there is a base_factor, plus factor times the point at `bytes`, both at once, bit by
 * bit; 0 if that is no affine point. False, with nothing written, if there is no point of the curve at `bytes`. Without a
 * base_factor, `factor` is secret: each bit adds something.
 */
static bool multiply_points(number_t x, const uint32_t *base_factor, const number_t factor,
                            const uint8_t bytes[UD_P256_PUBLIC_KEY_SIZE])
{
    static const affine_t base = {
        [Y] = {0x37BF51F5, 0xCBB64068, 0x6B315ECE, 0x2BCE3357, 0x7C0F9E16, 0x8EE7EB4A, 0xFE1A7F9B, 0x4FE342E2},
        [X] = {0xD898C296, 0xF4A13945, 0x2DEB33A0, 0x77037D81, 0x63A440F2, 0xF8BCE6E5, 0xE12C4247, 0x6B17D1F2},
    };
    affine_t point;
    number_t registers[REGISTERS] = {[Y] = {1}, [Z2] = {1}};
    if (!load_number(registers[X2], bytes, &prime) || !load_number(registers[Y2], bytes + 4 * LIMBS, &prime)) {
        return false;
    }
    memcpy(point, registers + Y2, sizeof point);
    compute(registers, equation);
    if (all_bits(registers[T0]) != 0) {
        return false;
    }
    for (int bit = 32 * LIMBS - 1; bit >= 0; bit--) {
        double_sum(registers);
        if (base_factor != NULL && bit_of(base_factor, bit) != 0) {
            add_point(registers, base, 1);
        }
        if (base_factor == NULL || bit_of(factor, bit) != 0) {
            add_point(registers, point, bit_of(factor, bit));
        }
    }
    invert(registers[T0], registers[Z], &prime);
    multiply_mod(x, registers[X], registers[T0], &prime);
    return true;
}

/* ---- the facade ------------------------------------------------------------------------------------------------- */

/* SEC 1, 4.1.4. No branch decides in the end, which a glitch could skip, but ud_crypto_equal() (docs/porting.md, "Glitches"):
 * r is computed again; it stays 0, which no r is, if there is no such point.
 */
ud_verdict_t ud_ecdsa_p256_verify(const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE],
                                  const uint8_t digest[UD_SHA256_SIZE], const uint8_t signature[UD_P256_SIGNATURE_SIZE])
{
    number_t r;
    number_t s;
    number_t e;
    number_t r_again;
    if (!load_scalar(r, signature) || !load_scalar(s, signature + sizeof r)) {
        return UD_VERDICT_INVALID;
    }
    (void)load_number(e, digest, &order);
    uint32_t *inverse = r_again;
    invert(inverse, s, &order);
    multiply_mod(e, e, inverse, &order);
    multiply_mod(s, r, inverse, &order);
    memset(r_again, 0, sizeof r_again);
    (void)multiply_points(r_again, e, s, public_key);
    (void)subtract_mod(r_again, r_again, order.value, &order);
    return ud_crypto_equal(r, r_again, sizeof r);
}

ud_verdict_t ud_ecdh_p256(const uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE],
                          const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE], uint8_t secret[UD_P256_SECRET_SIZE])
{
    number_t factor;
    if (!load_scalar(factor, private_key) || !multiply_points(factor, NULL, factor, public_key)) {
        return UD_VERDICT_INVALID;
    }
    store(secret, factor);
    return UD_VERDICT_VALID;
}
