/* Ed25519 verification (RFC 8032, 5.1), made small: numbers are eight 32-bit limbs, least first; every loop is over them.
 *
 * A field element is any number below 2^256, reduced by 2^256 = 38 (mod p) as it is computed, and made the one below p only
 * to be compared. Points are in extended coordinates (Hisil, Wong, Carter, Dawson 2008): x = X/Z, y = Y/Z, xy = T/Z, with
 * one addition that is complete on this curve, so that it doubles, too, and knows no special point.
 * Nothing is secret here: branches and time depend on the input.
 */
#include "core/base/endian.h"
#include "core/crypto/crypto.h"

#include <stdbool.h>
#include <string.h>

#define LIMBS 8
#define FOLD 38 /* 2^256 modulo the prime */

typedef uint32_t number_t[LIMBS];

typedef struct {
    number_t x;
    number_t y;
    number_t z;
    number_t t;
} point_t;

/* 2^255 - 19; the order of the base point; d of the curve; a square root of -1 */
static const number_t prime = {0xFFFFFFED, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF,
                               0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0x7FFFFFFF};
static const number_t order = {0x5CF5D3ED, 0x5812631A, 0xA2F79CD6, 0x14DEF9DE, 0, 0, 0, 0x10000000};
static const number_t curve_d = {0x135978A3, 0x75EB4DCA, 0x4141D8AB, 0x00700A4D,
                                 0x7779E898, 0x8CC74079, 0x2B6FFE73, 0x52036CEE};
static const number_t root = {0x4A0EA0B0, 0xC4EE1B27, 0xAD2FE478, 0x2F431806,
                              0x3DFBD7A7, 0x2B4D0099, 0x4FC1DF0B, 0x2B832480};
static const number_t one = {1};

static const number_t base_x = {0x8F25D51A, 0xC9562D60, 0x9525A7B2, 0x692CC760,
                                0xFDD6DC5C, 0xC0A4E231, 0xCD6E53FE, 0x216936D3};
static const number_t base_y = {0x66666658, 0x66666666, 0x66666666, 0x66666666,
                                0x66666666, 0x66666666, 0x66666666, 0x66666666};

/* ---- numbers ---------------------------------------------------------------------------------------------------- */

static void load(number_t out, const uint8_t bytes[4 * LIMBS])
{
    for (int limb = 0; limb < LIMBS; limb++) {
        out[limb] = ud_get_u32le(bytes + 4 * limb);
    }
}

static bool bit_of(const uint32_t *limbs, int bit)
{
    return (limbs[bit / 32] >> bit % 32 & 1) != 0;
}

/* Subtracts the modulus if the number is not below it; says whether it was not. */
static bool reduce_once(number_t number, const number_t modulus)
{
    number_t less;
    uint64_t borrow = 0;
    for (int limb = 0; limb < LIMBS; limb++) {
        uint64_t difference = (uint64_t)number[limb] - modulus[limb] - borrow;
        less[limb] = (uint32_t)difference;
        borrow = difference >> 63;
    }
    if (borrow != 0) {
        return false;
    }
    memcpy(number, less, sizeof less);
    return true;
}

/* A hash modulo the order, bit by bit from the highest. */
static void reduce_challenge(number_t out, const uint8_t challenge[UD_SHA512_SIZE])
{
    memset(out, 0, sizeof(number_t));
    for (int bit = 8 * UD_SHA512_SIZE - 1; bit >= 0; bit--) {
        uint32_t carry = challenge[bit / 8] >> bit % 8 & 1;
        for (int limb = 0; limb < LIMBS; limb++) {
            uint32_t high = out[limb] >> 31;
            out[limb] = out[limb] << 1 | carry;
            carry = high;
        }
        reduce_once(out, order);
    }
}

/* ---- the field -------------------------------------------------------------------------------------------------- */

/* Adds carry * 2^256, a few times at most: what is left above after the first is one, over limbs that are nearly zero. */
static void fold(number_t out, uint64_t carry)
{
    while (carry != 0) {
        carry *= FOLD;
        for (int limb = 0; limb < LIMBS; limb++) {
            carry += out[limb];
            out[limb] = (uint32_t)carry;
            carry >>= 32;
        }
    }
}

/* left + right; or, with all bits of `flip` set, left - right: the flipped bits of `right` are 2^256 - 1 - right, and the
 * number added beside them (2^256 - 75) makes the whole left - right + 4p.
 */
static void add_flipped(number_t out, const number_t left, const number_t right, uint32_t flip)
{
    uint64_t carry = 0;
    for (int limb = 0; limb < LIMBS; limb++) {
        uint32_t beside = limb == 0 ? 0 - 2 * (uint32_t)FOLD + 1 : UINT32_MAX;
        carry += (uint64_t)left[limb] + (right[limb] ^ flip) + (beside & flip);
        out[limb] = (uint32_t)carry;
        carry >>= 32;
    }
    fold(out, carry);
}

static void add(number_t out, const number_t left, const number_t right)
{
    add_flipped(out, left, right, 0);
}

static void subtract(number_t out, const number_t left, const number_t right)
{
    add_flipped(out, left, right, UINT32_MAX);
}

static void multiply(number_t out, const number_t left, const number_t right)
{
    uint32_t product[2 * LIMBS] = {0};
    uint64_t carry = 0;
    for (int row = 0; row < LIMBS; row++) {
        carry = 0;
        for (int column = 0; column < LIMBS; column++) {
            carry += (uint64_t)left[row] * right[column] + product[row + column];
            product[row + column] = (uint32_t)carry;
            carry >>= 32;
        }
        product[row + LIMBS] = (uint32_t)carry;
    }
    carry = 0;
    for (int limb = 0; limb < LIMBS; limb++) {
        carry += (uint64_t)product[limb + LIMBS] * FOLD + product[limb];
        out[limb] = (uint32_t)carry;
        carry >>= 32;
    }
    fold(out, carry);
}

/* `base` to the power 2^252 - 3, which is (p - 5) / 8: all bits of it are ones but bit 1. */
static void power(number_t out, const number_t base)
{
    number_t result;
    memcpy(result, base, sizeof result);
    for (int bit = 250; bit >= 0; bit--) {
        multiply(result, result, result);
        if (bit != 1) {
            multiply(result, result, base);
        }
    }
    memcpy(out, result, sizeof result);
}

/* `value` to the power p - 2, which is 8 * (2^252 - 3) + 3. */
static void invert(number_t out, const number_t value)
{
    number_t result;
    power(result, value);
    for (int step = 0; step < 3; step++) {
        multiply(result, result, result);
    }
    for (int step = 0; step < 3; step++) {
        multiply(result, result, value);
    }
    memcpy(out, result, sizeof result);
}

/* The one number below the prime: 2^256 is two primes and 38. */
static void freeze(number_t number)
{
    reduce_once(number, prime);
    reduce_once(number, prime);
}

static bool is_zero(const number_t number)
{
    static const number_t zero;
    number_t frozen;
    memcpy(frozen, number, sizeof frozen);
    freeze(frozen);
    return memcmp(frozen, zero, sizeof frozen) == 0;
}

/* ---- the curve -------------------------------------------------------------------------------------------------- */

static void add_points(point_t *out, const point_t *left, const point_t *right)
{
    number_t a, b, c, d, e;
    subtract(a, left->y, left->x);
    subtract(e, right->y, right->x);
    multiply(a, a, e);
    add(b, left->y, left->x);
    add(e, right->y, right->x);
    multiply(b, b, e);
    multiply(c, left->t, right->t);
    multiply(c, c, curve_d);
    add(c, c, c);
    multiply(d, left->z, right->z);
    add(d, d, d);
    subtract(e, b, a);
    add(b, b, a);
    subtract(a, d, c);
    add(d, d, c);
    multiply(out->x, e, a);
    multiply(out->y, d, b);
    multiply(out->t, e, b);
    multiply(out->z, a, d);
}

/* Whether eight times the point is the neutral one: eight times any point has odd order, so x = 0 says it. */
static bool is_small(const point_t *point)
{
    point_t multiple = *point;
    for (int step = 0; step < 3; step++) {
        add_points(&multiple, &multiple, &multiple);
    }
    return is_zero(multiple.x);
}

/* x of the curve's equation for y, either of the two: the square root of (y^2 - 1) / (d y^2 + 1) (RFC 8032, 5.1.3). */
static bool find_x(number_t x, const number_t y)
{
    number_t u, v, w;
    multiply(u, y, y);
    multiply(v, u, curve_d);
    subtract(u, u, one);
    add(v, v, one);
    multiply(w, v, v);
    multiply(w, w, v);
    multiply(x, w, w);
    multiply(x, x, v);
    multiply(x, x, u);
    power(x, x);
    multiply(x, x, w);
    multiply(x, x, u);
    multiply(w, x, x);
    multiply(w, w, v);
    subtract(v, w, u);
    if (is_zero(v)) {
        return true;
    }
    multiply(x, x, root);
    add(v, w, u);
    return is_zero(v);
}

/* The negative of an encoded point. Fails for a y that is not below the prime and where there is no x; the sign of an x
 * that is zero is not looked at, as both points with it are of small order.
 */
static bool load_negative(point_t *point, const uint8_t bytes[4 * LIMBS])
{
    static const number_t zero;
    load(point->y, bytes);
    bool negative = bit_of(point->y, 255);
    point->y[LIMBS - 1] &= 0x7FFFFFFF;
    if (reduce_once(point->y, prime) || !find_x(point->x, point->y)) {
        return false;
    }
    freeze(point->x);
    if (bit_of(point->x, 0) == negative) {
        subtract(point->x, zero, point->x);
    }
    memcpy(point->z, one, sizeof one);
    multiply(point->t, point->x, point->y);
    return true;
}

/* The encoding of a point, as a number. */
static void encode(number_t out, const point_t *point)
{
    number_t x;
    invert(x, point->z);
    multiply(out, point->y, x);
    multiply(x, point->x, x);
    freeze(out);
    freeze(x);
    out[LIMBS - 1] |= x[0] << 31;
}

/* s times the base point plus c times `other`, both at once, bit by bit. */
static void multiply_points(point_t *out, const number_t s, const number_t c, const point_t *other)
{
    point_t terms[3]; /* base, other, both */
    memcpy(terms[0].x, base_x, sizeof base_x);
    memcpy(terms[0].y, base_y, sizeof base_y);
    memcpy(terms[0].z, one, sizeof one);
    multiply(terms[0].t, base_x, base_y);
    terms[1] = *other;
    add_points(&terms[2], &terms[0], &terms[1]);
    memset(out, 0, sizeof *out);
    out->y[0] = 1;
    out->z[0] = 1;
    for (int bit = 252; bit >= 0; bit--) {
        int term = (bit_of(s, bit) ? 1 : 0) + (bit_of(c, bit) ? 2 : 0);
        add_points(out, out, out);
        if (term != 0) {
            add_points(out, out, &terms[term - 1]);
        }
    }
}

ud_verdict_t ud_ed25519_verify(const uint8_t public_key[UD_ED25519_PUBLIC_KEY_SIZE],
                               const uint8_t signature[UD_ED25519_SIGNATURE_SIZE],
                               const uint8_t challenge[UD_SHA512_SIZE])
{
    number_t s, c, r, encoded;
    point_t key, point;
    load(s, signature + UD_ED25519_SIGNATURE_SIZE / 2);
    if (reduce_once(s, order) || !load_negative(&key, public_key) || is_small(&key)) {
        return UD_VERDICT_INVALID;
    }
    reduce_challenge(c, challenge);
    multiply_points(&point, s, c, &key);
    if (is_small(&point)) {
        return UD_VERDICT_INVALID;
    }
    load(r, signature);
    encode(encoded, &point);
    return ud_crypto_equal(encoded, r, sizeof r);
}
