#include "core/image/der.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    uint8_t raw[UD_P256_SIGNATURE_SIZE];
    uint8_t der[UD_DER_SIGNATURE_SIZE_MAX];
    size_t size;
} pair_t;

/* A signature whose r and s have their highest byte at the given places, with that value. */
static pair_t make(size_t r_place, uint8_t r_value, size_t s_place, uint8_t s_value)
{
    pair_t pair = {0};
    memset(pair.raw + r_place, 0x11, 32 - r_place);
    memset(pair.raw + 32 + s_place, 0x22, 32 - s_place);
    pair.raw[r_place] = r_value;
    pair.raw[32 + s_place] = s_value;
    pair.size = ud_der_signature_encode(pair.raw, pair.der);
    return pair;
}

static void what_is_encoded_is_decoded(void **state)
{
    (void)state;
    for (size_t place = 0; place < 32; place++) {
        for (unsigned value = 1; value < 256; value++) {
            pair_t pair = make(place, (uint8_t)value, 31 - place, (uint8_t)value);
            uint8_t raw[UD_P256_SIGNATURE_SIZE];
            assert_int_equal(ud_der_signature_decode(pair.der, pair.size, raw), UD_OK);
            assert_memory_equal(raw, pair.raw, sizeof raw);
        }
    }
}

static void the_shortest_and_the_longest_have_8_and_72_bytes(void **state)
{
    const uint8_t shortest[8] = {0x30, 6, 2, 1, 1, 2, 1, 0x7F};
    (void)state;
    pair_t pair = make(31, 0x01, 31, 0x7F);
    assert_int_equal(pair.size, sizeof shortest);
    assert_memory_equal(pair.der, shortest, sizeof shortest);
    pair = make(0, 0x80, 0, 0xFF);
    assert_int_equal(pair.size, UD_DER_SIGNATURE_SIZE_MAX);
}

static void a_signature_cut_or_with_a_byte_behind_is_refused(void **state)
{
    uint8_t cut[UD_DER_SIGNATURE_SIZE_MAX] = {0};
    uint8_t raw[UD_P256_SIGNATURE_SIZE];
    (void)state;
    pair_t pair = make(0, 0x80, 3, 0x12);
    for (size_t size = 0; size < pair.size; size++) {
        memset(cut, 0, sizeof cut);
        memcpy(cut, pair.der, size);
        assert_int_equal(ud_der_signature_decode(cut, size, raw), UD_ERR_IMAGE_SIGNATURE);
        assert_int_equal(ud_der_signature_decode(pair.der, size, raw), UD_ERR_IMAGE_SIGNATURE);
    }
    pair = make(0, 0x80, 4, 0x12);
    assert_int_equal(pair.size, UD_DER_SIGNATURE_SIZE_MAX - 5);
    assert_int_equal(ud_der_signature_decode(pair.der, pair.size, raw), UD_OK);
    assert_int_equal(ud_der_signature_decode(pair.der, pair.size + 1, raw), UD_ERR_IMAGE_SIGNATURE);
}

static void up_to_the_longest_form_a_signature_may_be_filled_with_zeros(void **state)
{
    uint8_t raw[UD_P256_SIGNATURE_SIZE];
    (void)state;
    pair_t pair = make(0, 0x80, 3, 0x12);
    assert_int_equal(ud_der_signature_decode(pair.der, UD_DER_SIGNATURE_SIZE_MAX, raw), UD_OK);
    assert_memory_equal(raw, pair.raw, sizeof raw);
    for (size_t place = pair.size; place < UD_DER_SIGNATURE_SIZE_MAX; place++) {
        pair.der[place] = 1;
        assert_int_equal(ud_der_signature_decode(pair.der, UD_DER_SIGNATURE_SIZE_MAX, raw), UD_ERR_IMAGE_SIGNATURE);
        pair.der[place] = 0;
    }
}

static void any_other_encoding_is_refused(void **state)
{
    static const struct {
        const char *what;
        uint8_t size;
        uint8_t der[UD_DER_SIGNATURE_SIZE_MAX];
    } rows[] = {
        {"not a sequence", 8, {0x31, 6, 2, 1, 1, 2, 1, 1}},
        {"long form of a short size", 9, {0x30, 0x81, 6, 2, 1, 1, 2, 1, 1}},
        {"indefinite size", 10, {0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0}},
        {"sequence too short for its content", 8, {0x30, 5, 2, 1, 1, 2, 1, 1}},
        {"sequence longer than its content", 8, {0x30, 7, 2, 1, 1, 2, 1, 1}},
        {"r is no integer", 8, {0x30, 6, 3, 1, 1, 2, 1, 1}},
        {"s is no integer", 8, {0x30, 6, 2, 1, 1, 4, 1, 1}},
        {"r of no bytes", 7, {0x30, 5, 2, 0, 2, 1, 1}},
        {"s of no bytes", 7, {0x30, 5, 2, 1, 1, 2, 0}},
        {"r is zero", 8, {0x30, 6, 2, 1, 0, 2, 1, 1}},
        {"s is zero", 8, {0x30, 6, 2, 1, 1, 2, 1, 0}},
        {"r is negative", 8, {0x30, 6, 2, 1, 0x80, 2, 1, 1}},
        {"needless zero before r", 9, {0x30, 7, 2, 2, 0, 1, 2, 1, 1}},
        {"needless zero before s", 9, {0x30, 7, 2, 1, 1, 2, 2, 0, 0x7F}},
        {"r runs past the end", 8, {0x30, 6, 2, 9, 1, 2, 1, 1}},
        {"s runs past the end", 8, {0x30, 6, 2, 1, 1, 2, 2, 1}},
        {"a third integer", 11, {0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1}},
        {"r of 33 bytes without sign", 40, {0x30, 38, 2, 33, 1, [37] = 2, 1, 1}},
        {"r of 34 bytes", 41, {0x30, 39, 2, 34, 0, 0x80, [38] = 2, 1, 1}},
    };
    (void)state;
    for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
        uint8_t raw[UD_P256_SIGNATURE_SIZE];
        if (ud_der_signature_decode(rows[index].der, rows[index].size, raw) != UD_ERR_IMAGE_SIGNATURE) {
            fail_msg("taken: %s", rows[index].what);
        }
    }
}

static void each_accepted_change_of_a_byte_encodes_back_to_itself(void **state)
{
    (void)state;
    pair_t pair = make(2, 0x90, 0, 0x10);
    for (size_t place = 0; place < pair.size; place++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t changed[UD_DER_SIGNATURE_SIZE_MAX] = {0};
            uint8_t again[UD_DER_SIGNATURE_SIZE_MAX];
            uint8_t raw[UD_P256_SIGNATURE_SIZE];
            memcpy(changed, pair.der, pair.size);
            changed[place] = (uint8_t)value;
            if (ud_der_signature_decode(changed, pair.size, raw) == UD_OK) {
                assert_int_equal(ud_der_signature_encode(raw, again), pair.size);
                assert_memory_equal(again, changed, pair.size);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_is_decoded),
        cmocka_unit_test(the_shortest_and_the_longest_have_8_and_72_bytes),
        cmocka_unit_test(a_signature_cut_or_with_a_byte_behind_is_refused),
        cmocka_unit_test(up_to_the_longest_form_a_signature_may_be_filled_with_zeros),
        cmocka_unit_test(any_other_encoding_is_refused),
        cmocka_unit_test(each_accepted_change_of_a_byte_encodes_back_to_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
