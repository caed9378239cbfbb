/* Every scheme of signatures, and keys that are revoked. */
#include "core/crypto/crypto.h"
#include "core/image/descriptor_block.h"
#include "core/image/format.h"
#include "tests/unit/core/image/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define IMAGE_MAX 4096

typedef struct {
    const ud_image_scheme_t *scheme;
    ud_key_kind_t kind;
} row_t;

static const row_t rows[UD_SCHEME_COUNT] = {
    {&ud_scheme_ecdsa_p256, UD_KEY_ECDSA_P256},  {&ud_scheme_rsa_2048, UD_KEY_RSA_2048},
    {&ud_scheme_rsa_3072, UD_KEY_RSA_3072},      {&ud_scheme_ed25519, UD_KEY_ED25519},
    {&ud_scheme_ed25519_pure, UD_KEY_ED25519},   {&ud_scheme_ecdsa_p384, UD_KEY_ECDSA_P384},
    {&ud_scheme_ed25519_sha512, UD_KEY_ED25519},
};

/* Two keys of each kind, and for each scheme an image that the first signed. */
static ud_key_t *keys[UD_KEY_KIND_COUNT][2];
static ud_trusted_key_t trusted[UD_SCHEME_COUNT][2];
static uint8_t images[UD_SCHEME_COUNT][IMAGE_MAX];
static size_t sizes[UD_SCHEME_COUNT];
static ud_image_info_t infos[UD_SCHEME_COUNT];

static const uint8_t payload[40] = "hardly firmware";

static ud_sign_options_t options_of(const ud_image_scheme_t *scheme)
{
    return (ud_sign_options_t){
        .version = {1, 2, 3, 4}, .hardware = "acme-gw-r2", .header_size = 32, .pad_header = true, .scheme = scheme};
}

static int make(void **state)
{
    (void)state;
    for (int kind = 0; kind < UD_KEY_KIND_COUNT; kind++) {
        for (int index = 0; index < 2; index++) {
            keys[kind][index] = new_key((ud_key_kind_t)kind);
        }
    }
    for (size_t index = 0; index < UD_SCHEME_COUNT; index++) {
        const ud_sign_options_t options = options_of(rows[index].scheme);
        trusted[index][0] = trust_as(keys[rows[index].kind][0], rows[index].scheme);
        trusted[index][1] = trust_as(keys[rows[index].kind][1], rows[index].scheme);
        assert_int_equal(ud_sign_image(&options, keys[rows[index].kind][0], payload, sizeof payload, images[index],
                                       IMAGE_MAX, &sizes[index], &infos[index]),
                         UD_OK);
    }
    return 0;
}

static int forget(void **state)
{
    (void)state;
    for (int kind = 0; kind < UD_KEY_KIND_COUNT; kind++) {
        ud_key_destroy(keys[kind][0]);
        ud_key_destroy(keys[kind][1]);
    }
    return 0;
}

static ud_err_t judge(const uint8_t *image, size_t size, const ud_trust_t *believed, ud_image_info_t *info)
{
    ud_image_memory_t memory = {image, size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    ud_err_t reason = UD_ERR_INTERNAL;
    ud_verdict_t verdict = ud_image_verify(&source, (uint32_t)size, believed, info, &reason);
    assert_int_equal(verdict, reason == UD_OK ? UD_VERDICT_VALID : UD_VERDICT_INVALID);
    return reason;
}

static ud_err_t judge_by(size_t index, const ud_trusted_key_t *key)
{
    ud_image_info_t info;
    return judge(images[index], sizes[index], &(ud_trust_t){.keys = key, .count = 1}, &info);
}

static void an_image_of_any_scheme_is_valid_by_its_key_alone(void **state)
{
    (void)state;
    for (size_t index = 0; index < UD_SCHEME_COUNT; index++) {
        assert_ptr_equal(ud_schemes[index], rows[index].scheme);
        assert_ptr_equal(ud_scheme_of(&infos[index]), rows[index].scheme);
        assert_int_equal(judge_by(index, &trusted[index][0]), UD_OK);
        assert_int_equal(judge_by(index, &trusted[index][1]), UD_ERR_IMAGE_KEY_UNKNOWN);
    }
}

static void an_image_finds_its_key_among_keys_of_all_schemes(void **state)
{
    ud_trusted_key_t all[2 * UD_SCHEME_COUNT];
    const ud_trust_t believed = {.keys = all, .count = 2 * UD_SCHEME_COUNT};
    (void)state;
    for (size_t index = 0; index < UD_SCHEME_COUNT; index++) {
        all[index] = trusted[index][1];
        all[2 * UD_SCHEME_COUNT - 1 - index] = trusted[index][0];
    }
    for (size_t index = 0; index < UD_SCHEME_COUNT; index++) {
        ud_image_info_t info;
        assert_int_equal(judge(images[index], sizes[index], &believed, &info), UD_OK);
        /* whatever hash the image names its key by, afterwards the key's one name is known */
        assert_memory_equal(info.key_hash, trusted[index][0].key_hash, UD_SHA256_SIZE);
    }
}

static void an_image_is_never_judged_by_another_scheme_of_its_key(void **state)
{
    (void)state;
    for (size_t index = 0; index < UD_SCHEME_COUNT; index++) {
        for (size_t other = 0; other < UD_SCHEME_COUNT; other++) {
            ud_err_t expected = index == other ? UD_OK : UD_ERR_IMAGE_KEY_UNKNOWN;
            assert_int_equal(judge_by(index, &trusted[other][0]), expected);
        }
    }
}

static void no_flipped_bit_leaves_an_image_of_any_scheme_valid(void **state)
{
    (void)state;
    for (size_t index = 0; index < UD_SCHEME_COUNT; index++) {
        for (size_t bit = 0; bit < 8 * sizes[index]; bit++) {
            images[index][bit / 8] ^= (uint8_t)(1u << bit % 8);
            ud_err_t reason = judge_by(index, &trusted[index][0]);
            images[index][bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (reason == UD_OK) {
                fail_msg("%s: valid although bit %zu of byte %zu is flipped", ud_scheme_name(rows[index].scheme),
                         bit % 8, bit / 8);
            }
        }
    }
}

static void a_full_public_key_does_in_place_of_its_hash(void **state)
{
    (void)state;
    for (size_t index = 0; index < UD_SCHEME_COUNT; index++) {
        ud_sign_options_t options = options_of(rows[index].scheme);
        uint8_t image[IMAGE_MAX];
        ud_image_info_t info;
        size_t size = 0;
        options.full_public_key = true;
        assert_int_equal(
            ud_sign_image(&options, keys[rows[index].kind][0], payload, sizeof payload, image, IMAGE_MAX, &size, &info),
            UD_OK);
        assert_int_equal(info.tlvs[UD_IMAGE_KEY].type, UD_IMAGE_TLV_PUBLIC_KEY);
        assert_memory_equal(info.key_hash, trusted[index][0].key_hash, UD_SHA256_SIZE);
        const ud_trust_t both = {.keys = trusted[index], .count = 2};
        assert_int_equal(judge(image, size, &both, &info), UD_OK);
    }
}

static void descriptors_are_signed_by_the_schemes_that_devices_have(void **state)
{
    (void)state;
    for (size_t index = 0; index < UD_SCHEME_COUNT; index++) {
        uint8_t file[IMAGE_MAX];
        size_t size = sizes[index];
        ud_image_memory_t memory = {file, IMAGE_MAX};
        ud_image_source_t source = ud_image_source_from_memory(&memory);
        const ud_trust_t both = {.keys = trusted[index], .count = 2};
        ud_image_info_t info;
        ud_descriptor_block_t block;
        memcpy(file, images[index], size);
        ud_err_t err = ud_sign_descriptor(&infos[index], keys[rows[index].kind][0], file, IMAGE_MAX, &size);
        if (index >= UD_SCHEME_DEVICE_COUNT) {
            assert_int_equal(err, UD_ERR_UNSUPPORTED);
            continue;
        }
        assert_int_equal(err, UD_OK);
        assert_int_equal(judge(file, size, &both, &info), UD_OK);
        assert_int_equal(ud_descriptor_find(&source, (uint32_t)size, &info, &block), UD_OK);
        assert_int_equal(block.signature_size, rows[index].scheme->signature_size);
        assert_int_equal(ud_descriptor_check(&source, &info, &block, &both), UD_OK);
        block.entries[1].signature[block.signature_size - 1] ^= 1;
        assert_int_equal(ud_descriptor_check(&source, &info, &block, &both), UD_ERR_IMAGE_DESCRIPTOR);
    }
}

static void schemes_go_with_kinds_of_keys_as_imgtool_has_it(void **state)
{
    static const struct {
        ud_key_kind_t kind;
        uint32_t sha_bits;
        bool pure;
        const ud_image_scheme_t *scheme;
    } cases[] = {
        {UD_KEY_ECDSA_P256, 0, false, &ud_scheme_ecdsa_p256},
        {UD_KEY_ECDSA_P256, 256, false, &ud_scheme_ecdsa_p256},
        {UD_KEY_ECDSA_P256, 512, false, NULL},
        {UD_KEY_ECDSA_P256, 0, true, NULL},
        {UD_KEY_ECDSA_P384, 0, false, &ud_scheme_ecdsa_p384},
        {UD_KEY_ECDSA_P384, 256, false, NULL},
        {UD_KEY_RSA_2048, 0, false, &ud_scheme_rsa_2048},
        {UD_KEY_RSA_2048, 384, false, NULL},
        {UD_KEY_RSA_3072, 256, false, &ud_scheme_rsa_3072},
        {UD_KEY_RSA_3072, 0, true, NULL},
        {UD_KEY_ED25519, 0, false, &ud_scheme_ed25519},
        {UD_KEY_ED25519, 512, false, &ud_scheme_ed25519_sha512},
        {UD_KEY_ED25519, 0, true, &ud_scheme_ed25519_pure},
        {UD_KEY_ED25519, 256, true, NULL},
    };
    (void)state;
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        const ud_image_scheme_t *scheme = NULL;
        ud_err_t err = ud_sign_scheme(cases[index].kind, cases[index].sha_bits, cases[index].pure, &scheme);
        assert_int_equal(err, cases[index].scheme != NULL ? UD_OK : UD_ERR_INVALID_ARGUMENT);
        assert_ptr_equal(scheme, cases[index].scheme);
    }
}

/* ---- schemes that misbehave -------------------------------------------------------------------------------------- */

static uint32_t given_verdict;

static ud_verdict_t misbehave(const ud_image_source_t *source, ud_image_info_t *info, const ud_trusted_key_t *key,
                              ud_err_t *reason)
{
    (void)source;
    (void)info;
    (void)key;
    *reason = UD_ERR_IMAGE_SIGNATURE;
    return (ud_verdict_t)given_verdict;
}

/* The key of the first image, whose scheme answers with given_verdict. */
static ud_trusted_key_t misbehaving_key(void)
{
    static ud_image_scheme_t scheme;
    ud_trusted_key_t key = trusted[0][0];
    scheme = ud_scheme_ecdsa_p256;
    scheme.verify_image = misbehave;
    key.scheme = &scheme;
    return key;
}

static ud_verdict_t verify_first(const ud_trust_t *believed, ud_image_info_t *info, ud_err_t *reason)
{
    ud_image_memory_t memory = {images[0], sizes[0]};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    return ud_image_verify(&source, (uint32_t)sizes[0], believed, info, reason);
}

static void whatever_a_scheme_returns_but_valid_is_not_valid(void **state)
{
    static const uint32_t verdicts[] = {0, 1, UINT32_MAX, UD_VERDICT_INVALID, (uint32_t)~UD_VERDICT_VALID};
    const ud_trusted_key_t key = misbehaving_key();
    const ud_trust_t believed = {.keys = &key, .count = 1};
    ud_image_info_t info;
    ud_err_t reason;
    (void)state;
    for (size_t index = 0; index < sizeof verdicts / sizeof verdicts[0] + 32; index++) {
        given_verdict = index < 32 ? UD_VERDICT_VALID ^ 1u << index : verdicts[index - 32];
        assert_int_not_equal(verify_first(&believed, &info, &reason), UD_VERDICT_VALID);
        assert_int_equal(reason, UD_ERR_IMAGE_SIGNATURE);
    }
    given_verdict = UD_VERDICT_VALID;
    assert_int_equal(verify_first(&believed, &info, &reason), UD_VERDICT_VALID);
    assert_int_equal(reason, UD_OK);
}

/* ---- revocation -------------------------------------------------------------------------------------------------- */

/* Three keys by rank, of three kinds. */
static ud_trust_t three_keys(void)
{
    static ud_trusted_key_t table[3];
    table[0] = trusted[0][0];
    table[1] = trusted[3][0];
    table[2] = trusted[0][1];
    return (ud_trust_t){.keys = table, .count = 3};
}

/* A comparison of names that a glitch ended early must not make a revoked key one that nobody knows. */
static void a_revoked_key_is_refused_by_the_name_it_has_and_not_by_the_image_s(void **state)
{
    ud_trusted_key_t key = misbehaving_key();
    const ud_trust_t believed = {.keys = &key, .count = 1, .revoked = 1};
    ud_image_info_t info;
    ud_err_t reason;
    (void)state;
    key.key_hash[5] ^= 1;
    given_verdict = UD_VERDICT_VALID;
    assert_int_equal(verify_first(&believed, &info, &reason), UD_VERDICT_INVALID);
    assert_int_equal(reason, UD_ERR_KEY_REVOKED);
    assert_memory_equal(info.key_hash, key.key_hash, UD_SHA256_SIZE);
}

static void an_image_of_a_revoked_key_is_refused_like_its_signature_and_descriptor(void **state)
{
    ud_trust_t believed = three_keys();
    ud_image_info_t info;
    ud_err_t reason = UD_OK;
    uint8_t signature[UD_SIGNATURE_SIZE_MAX];
    size_t size = 0;
    ud_image_memory_t memory = {images[3], sizes[3]};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    ud_descriptor_t descriptor;
    (void)state;
    assert_int_equal(ud_image_signature(&source, &infos[3], signature, &size), UD_OK);
    ud_descriptor_from_image(&infos[3], 4096, infos[3].hash, &descriptor);
    assert_int_equal(judge(images[3], sizes[3], &believed, &info), UD_OK);
    ud_trust_revoke(&believed, trusted[3][0].key_hash, 16);
    assert_int_equal(believed.revoked, 1u << 1);
    assert_int_equal(judge(images[3], sizes[3], &believed, &info), UD_ERR_KEY_REVOKED);
    assert_int_equal(ud_trust_verify(&believed, info.key_hash, info.hash, ud_span(signature, size), &reason),
                     UD_VERDICT_INVALID);
    assert_int_equal(reason, UD_ERR_KEY_REVOKED);
    assert_int_equal(ud_descriptor_verify(&descriptor, info.key_hash, ud_span(signature, size), &believed, &reason),
                     UD_VERDICT_INVALID);
    assert_int_equal(reason, UD_ERR_KEY_REVOKED);
    assert_int_equal(judge(images[0], sizes[0], &believed, &info), UD_OK);
}

/* The keys that are revoked after an image, signed by the key of that rank, named all the three and a stranger. */
static uint32_t revoked_by(ud_trust_t believed, const ud_key_t *key, const ud_image_scheme_t *scheme, size_t own)
{
    uint8_t named[4][UD_SHA256_SIZE] = {{1, 2, 3}};
    uint8_t image[IMAGE_MAX];
    size_t size = 0;
    size_t count = 1;
    ud_image_info_t info;
    for (size_t index = 0; index < 3; index++) {
        if (index != own) { /* who signs does not let himself be revoked; whoever forges the TLV gets nowhere: below */
            memcpy(named[count++], believed.keys[index].key_hash, UD_SHA256_SIZE);
        }
    }
    ud_sign_options_t options = options_of(scheme);
    options.revoked = (const uint8_t(*)[UD_SHA256_SIZE])named;
    options.revoked_count = count;
    assert_int_equal(ud_sign_image(&options, key, payload, sizeof payload, image, IMAGE_MAX, &size, &info), UD_OK);
    assert_int_equal(info.tlvs[UD_IMAGE_REVOKED].size, count * UD_SHA256_SIZE);
    assert_int_equal(judge(image, size, &believed, &info), UD_OK);
    ud_image_memory_t memory = {image, size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    return ud_trust_named(&believed, &source, &info);
}

static void an_image_revokes_only_keys_behind_its_own(void **state)
{
    const ud_trust_t believed = three_keys();
    (void)state;
    assert_int_equal(revoked_by(believed, keys[UD_KEY_ECDSA_P256][0], &ud_scheme_ecdsa_p256, 0), 1u << 1 | 1u << 2);
    assert_int_equal(revoked_by(believed, keys[UD_KEY_ED25519][0], &ud_scheme_ed25519, 1), 1u << 2);
    assert_int_equal(revoked_by(believed, keys[UD_KEY_ECDSA_P256][1], &ud_scheme_ecdsa_p256, 2), 0);
}

static void no_key_revokes_itself_though_it_says_so_or_stands_in_two_rows(void **state)
{
    ud_trusted_key_t table[3] = {trusted[3][0], trusted[0][0], trusted[4][0]}; /* one Ed25519 key by two schemes */
    ud_trust_t believed = {.keys = table, .count = 3};
    uint8_t named[2][UD_SHA256_SIZE];
    ud_image_info_t info = infos[3];
    (void)state;
    memcpy(named[0], table[0].key_hash, UD_SHA256_SIZE);
    memcpy(named[1], table[1].key_hash, UD_SHA256_SIZE);
    info.tlvs[UD_IMAGE_REVOKED] = (ud_image_tlv_t){.type = UD_IMAGE_TLV_REVOKED, .size = sizeof named, .offset = 0};
    ud_image_memory_t memory = {named[0], sizeof named};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    assert_int_equal(ud_trust_named(&believed, &source, &info), 0);
    /* a key that nobody trusts revokes nothing */
    memset(info.key_hash, 0, sizeof info.key_hash);
    assert_int_equal(ud_trust_named(&believed, &source, &info), 0);
}

/* What the image named `info` revokes that names the key of that row alone. */
static uint32_t named_by(const ud_trust_t *believed, ud_image_info_t info, size_t row)
{
    uint8_t key_hash[UD_SHA256_SIZE];
    memcpy(key_hash, believed->keys[row].key_hash, sizeof key_hash);
    info.tlvs[UD_IMAGE_REVOKED] = (ud_image_tlv_t){.type = UD_IMAGE_TLV_REVOKED, .size = sizeof key_hash, .offset = 0};
    ud_image_memory_t memory = {key_hash, sizeof key_hash};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    return ud_trust_named(believed, &source, &info);
}

static void a_key_in_two_rows_revokes_every_key_behind_both_and_none_before(void **state)
{
    ud_trusted_key_t table[4] = {trusted[3][0], trusted[4][0], trusted[0][0], trusted[1][0]};
    ud_trust_t believed = {.keys = table, .count = 4};
    (void)state;
    assert_int_equal(named_by(&believed, infos[3], 2), 1u << 2);
    assert_int_equal(named_by(&believed, infos[3], 3), 1u << 3);
    assert_int_equal(named_by(&believed, infos[1], 2), 0);
}

static void a_key_is_not_revoked_by_one_that_stands_behind_a_row_of_it(void **state)
{
    ud_trusted_key_t table[3] = {trusted[3][0], trusted[0][0], trusted[4][0]};
    ud_trust_t believed = {.keys = table, .count = 3};
    (void)state;
    assert_int_equal(named_by(&believed, infos[0], 2), 0);
}

static void what_cannot_be_read_revokes_nothing(void **state)
{
    ud_trust_t believed = three_keys();
    ud_image_info_t info = infos[0];
    uint8_t named[2][UD_SHA256_SIZE];
    (void)state;
    memcpy(named[0], believed.keys[1].key_hash, UD_SHA256_SIZE);
    info.tlvs[UD_IMAGE_REVOKED] = (ud_image_tlv_t){.type = UD_IMAGE_TLV_REVOKED, .size = sizeof named, .offset = 0};
    ud_image_memory_t memory = {named[0], UD_SHA256_SIZE}; /* the second is not there */
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    assert_int_equal(ud_trust_named(&believed, &source, &info), 0);
}

static void an_image_that_revokes_its_own_key_is_not_made(void **state)
{
    ud_sign_options_t options = options_of(NULL);
    uint8_t image[IMAGE_MAX];
    size_t size = 0;
    ud_image_info_t info;
    (void)state;
    options.revoked = (const uint8_t(*)[UD_SHA256_SIZE]) & trusted[1][0].key_hash;
    options.revoked_count = 1;
    assert_int_equal(
        ud_sign_image(&options, keys[UD_KEY_RSA_2048][0], payload, sizeof payload, image, IMAGE_MAX, &size, &info),
        UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(
        ud_sign_image(&options, keys[UD_KEY_RSA_2048][1], payload, sizeof payload, image, IMAGE_MAX, &size, &info),
        UD_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_of_any_scheme_is_valid_by_its_key_alone),
        cmocka_unit_test(an_image_finds_its_key_among_keys_of_all_schemes),
        cmocka_unit_test(an_image_is_never_judged_by_another_scheme_of_its_key),
        cmocka_unit_test(no_flipped_bit_leaves_an_image_of_any_scheme_valid),
        cmocka_unit_test(a_full_public_key_does_in_place_of_its_hash),
        cmocka_unit_test(descriptors_are_signed_by_the_schemes_that_devices_have),
        cmocka_unit_test(schemes_go_with_kinds_of_keys_as_imgtool_has_it),
        cmocka_unit_test(whatever_a_scheme_returns_but_valid_is_not_valid),
        cmocka_unit_test(a_revoked_key_is_refused_by_the_name_it_has_and_not_by_the_image_s),
        cmocka_unit_test(an_image_of_a_revoked_key_is_refused_like_its_signature_and_descriptor),
        cmocka_unit_test(an_image_revokes_only_keys_behind_its_own),
        cmocka_unit_test(no_key_revokes_itself_though_it_says_so_or_stands_in_two_rows),
        cmocka_unit_test(a_key_in_two_rows_revokes_every_key_behind_both_and_none_before),
        cmocka_unit_test(a_key_is_not_revoked_by_one_that_stands_behind_a_row_of_it),
        cmocka_unit_test(what_cannot_be_read_revokes_nothing),
        cmocka_unit_test(an_image_that_revokes_its_own_key_is_not_made),
    };
    return cmocka_run_group_tests(tests, make, forget);
}
