#include "core/base/hex.h"
#include "core/crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* RFC 6979 appendix A.2.5: P-256, SHA-256, message "sample" */
#define PUBLIC_X "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
#define PUBLIC_Y "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define R "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
#define S "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
#define ORDER "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"

typedef struct {
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
    uint8_t digest[UD_SHA256_SIZE];
    uint8_t signature[UD_P256_SIGNATURE_SIZE];
} signed_t;

static void from_hex(const char *text, uint8_t *data)
{
    assert_int_equal(ud_hex_decode(text, strlen(text), data, strlen(text) / 2), UD_OK);
}

static signed_t sample(void)
{
    signed_t it;
    from_hex(PUBLIC_X PUBLIC_Y, it.public_key);
    from_hex(R S, it.signature);
    ud_sha256("sample", 6, it.digest);
    return it;
}

static ud_verdict_t judge(const signed_t *it)
{
    return ud_ecdsa_p256_verify(it->public_key, it->digest, it->signature);
}

static void sha256_gives_the_digests_of_the_standard(void **state)
{
    static const struct {
        const char *text;
        const char *digest;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    (void)state;
    for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
        uint8_t digest[UD_SHA256_SIZE];
        uint8_t expected[UD_SHA256_SIZE];
        ud_sha256(rows[index].text, strlen(rows[index].text), digest);
        from_hex(rows[index].digest, expected);
        assert_memory_equal(digest, expected, sizeof digest);
    }
}

static void sha256_in_pieces_is_sha256_of_the_whole(void **state)
{
    uint8_t data[200];
    uint8_t whole[UD_SHA256_SIZE];
    uint8_t pieces[UD_SHA256_SIZE];
    (void)state;
    memset(data, 0xA5, sizeof data);
    ud_sha256(data, sizeof data, whole);
    for (size_t cut = 0; cut <= sizeof data; cut++) {
        ud_sha256_t hash;
        ud_sha256_init(&hash);
        ud_sha256_update(&hash, data, cut);
        ud_sha256_update(&hash, data + cut, sizeof data - cut);
        ud_sha256_final(&hash, pieces);
        assert_memory_equal(pieces, whole, sizeof whole);
    }
}

static void a_copied_hash_goes_its_own_way(void **state)
{
    uint8_t digest[UD_SHA256_SIZE];
    uint8_t expected[UD_SHA256_SIZE];
    ud_sha256_t hash;
    (void)state;
    ud_sha256_init(&hash);
    ud_sha256_update(&hash, "ab", 2);
    ud_sha256_t copy = hash;
    ud_sha256_update(&hash, "xyz", 3);
    ud_sha256_final(&hash, digest);
    ud_sha256_update(&copy, "c", 1);
    ud_sha256_final(&copy, digest);
    ud_sha256("abc", 3, expected);
    assert_memory_equal(digest, expected, sizeof digest);
}

static void the_signature_of_the_standard_is_valid(void **state)
{
    (void)state;
    signed_t it = sample();
    assert_int_equal(judge(&it), UD_VERDICT_VALID);
}

static void each_flipped_bit_of_key_digest_or_signature_is_invalid(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * sizeof(signed_t); bit++) {
        signed_t it = sample();
        ((uint8_t *)&it)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(judge(&it), UD_VERDICT_INVALID);
    }
}

static void numbers_outside_one_to_order_are_invalid(void **state)
{
    static const char *const halves[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        ORDER,
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    (void)state;
    for (size_t index = 0; index < sizeof halves / sizeof halves[0]; index++) {
        signed_t it = sample();
        from_hex(halves[index], it.signature);
        assert_int_equal(judge(&it), UD_VERDICT_INVALID);
        it = sample();
        from_hex(halves[index], it.signature + 32);
        assert_int_equal(judge(&it), UD_VERDICT_INVALID);
        from_hex(halves[index], it.signature);
        assert_int_equal(judge(&it), UD_VERDICT_INVALID);
    }
}

static void a_key_that_is_no_point_is_invalid(void **state)
{
    (void)state;
    signed_t it = sample();
    memset(it.public_key, 0, sizeof it.public_key);
    assert_int_equal(judge(&it), UD_VERDICT_INVALID);
    memset(it.public_key, 0xFF, sizeof it.public_key);
    assert_int_equal(judge(&it), UD_VERDICT_INVALID);
}

static void equal_bytes_are_valid_and_any_difference_is_not(void **state)
{
    uint8_t left[64];
    uint8_t right[64];
    (void)state;
    memset(left, 0x77, sizeof left);
    memset(right, 0x77, sizeof right);
    assert_int_equal(ud_crypto_equal(left, right, sizeof left), UD_VERDICT_VALID);
    for (size_t bit = 0; bit < 8 * sizeof right; bit++) {
        right[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(ud_crypto_equal(left, right, sizeof left), UD_VERDICT_INVALID);
        right[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void no_bytes_are_equal_to_nothing(void **state)
{
    const uint8_t left[] = {1};
    const uint8_t right[] = {1};
    (void)state;
    assert_int_equal(ud_crypto_equal(left, right, 0), UD_VERDICT_INVALID);
}

static void a_run_beside_itself_is_invalid(void **state)
{
    const uint8_t run[32] = {1};
    (void)state;
    assert_int_equal(ud_crypto_equal(run, run, sizeof run), UD_VERDICT_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_digests_of_the_standard),
        cmocka_unit_test(sha256_in_pieces_is_sha256_of_the_whole),
        cmocka_unit_test(a_copied_hash_goes_its_own_way),
        cmocka_unit_test(the_signature_of_the_standard_is_valid),
        cmocka_unit_test(each_flipped_bit_of_key_digest_or_signature_is_invalid),
        cmocka_unit_test(numbers_outside_one_to_order_are_invalid),
        cmocka_unit_test(a_key_that_is_no_point_is_invalid),
        cmocka_unit_test(equal_bytes_are_valid_and_any_difference_is_not),
        cmocka_unit_test(no_bytes_are_equal_to_nothing),
        cmocka_unit_test(a_run_beside_itself_is_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
