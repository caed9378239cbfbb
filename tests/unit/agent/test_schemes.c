/* Updates signed by each scheme that devices have. */
#include "tests/unit/agent/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT_MS 600000

typedef struct {
    ud_key_kind_t kind;
    const ud_image_scheme_t *scheme;
} row_t;

static const row_t rows[UD_SCHEME_DEVICE_COUNT] = {
    {UD_KEY_ECDSA_P256, &ud_scheme_ecdsa_p256}, {UD_KEY_RSA_2048, &ud_scheme_rsa_2048},
    {UD_KEY_RSA_3072, &ud_scheme_rsa_3072},     {UD_KEY_ED25519, &ud_scheme_ed25519},
    {UD_KEY_ED25519, &ud_scheme_ed25519_pure},
};

/* A device that trusts a fresh key of that row, with an offer that is as it should be. */
static fixture_t *begin(const row_t *row)
{
    void *state = NULL;
    fixture_kind = row->kind;
    fixture_scheme = row->scheme;
    assert_int_equal(fixture_setup(&state), 0);
    fixture_t *fixture = state;
    fixture_offer(fixture, &fixture->second);
    return fixture;
}

static void end(fixture_t *fixture)
{
    void *state = fixture;
    assert_int_equal(fixture_teardown(&state), 0);
}

static void an_update_signed_by_any_scheme_is_staged(void **state)
{
    (void)state;
    for (size_t index = 0; index < UD_SCHEME_DEVICE_COUNT; index++) {
        fixture_t *fixture = begin(&rows[index]);
        assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
        assert_true(fixture_slot_b_holds(fixture, &fixture->second));
        end(fixture);
    }
}

/* Runs until the device says what came of the offer, which must be that it was refused before anything was erased. */
static void expect_refusal(fixture_t *fixture, ud_err_t reason)
{
    uint32_t erases = fixture->erases[UD_AREA_SLOT_B];
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    assert_int_equal(fixture->agent.result, UD_DEVICE_REFUSED);
    assert_int_equal(fixture->agent.result_error, reason);
    assert_int_equal(fixture->erases[UD_AREA_SLOT_B], erases);
    end(fixture);
}

static void a_bad_descriptor_by_any_scheme_is_refused(void **state)
{
    (void)state;
    for (size_t index = 0; index < UD_SCHEME_DEVICE_COUNT; index++) {
        fixture_t *fixture = begin(&rows[index]);
        fixture->server.offer.descriptor.data[7] ^= 1;
        expect_refusal(fixture, UD_ERR_IMAGE_DESCRIPTOR);
    }
}

static void a_bad_signature_is_refused_by_each_scheme_that_signs_hashes(void **state)
{
    (void)state;
    for (size_t index = 0; index < UD_SCHEME_DEVICE_COUNT; index++) {
        if (!rows[index].scheme->pure) {
            fixture_t *fixture = begin(&rows[index]);
            fixture->server.offer.signature.data[7] ^= 1;
            expect_refusal(fixture, UD_ERR_IMAGE_SIGNATURE);
        }
    }
}

static void a_pure_signature_needs_a_descriptor_though_the_product_does_not(void **state)
{
    (void)state;
    for (size_t index = 0; index < UD_SCHEME_DEVICE_COUNT; index++) {
        fixture_t *fixture = begin(&rows[index]);
        fixture->config.allow_unsigned_chain = true;
        fixture->server.offer.present &= ~UD_FIELD(UD_OFFER_DESCRIPTOR);
        if (rows[index].scheme->pure) {
            expect_refusal(fixture, UD_ERR_IMAGE_DESCRIPTOR);
        } else {
            assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
            end(fixture);
        }
    }
}

static void an_offer_by_a_revoked_key_is_refused(void **state)
{
    (void)state;
    fixture_t *fixture = begin(&rows[0]);
    fixture->agent.trust.revoked = 1;
    expect_refusal(fixture, UD_ERR_KEY_REVOKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_signed_by_any_scheme_is_staged),
        cmocka_unit_test(a_bad_descriptor_by_any_scheme_is_refused),
        cmocka_unit_test(a_bad_signature_is_refused_by_each_scheme_that_signs_hashes),
        cmocka_unit_test(a_pure_signature_needs_a_descriptor_though_the_product_does_not),
        cmocka_unit_test(an_offer_by_a_revoked_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
