/* A forged server: every field of an offer changed in turn, by the message's own table, so that a field added tomorrow
 * is judged here too. Nothing is erased and nothing is staged, unless the field is one of those that carry no promise.
 */
#include "agent/machine.h"
#include "core/proto/message_table.h"
#include "core/slot/record.h"
#include "tests/unit/agent/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Long enough for a download, and for all its retries. */
#define LIMIT_MS 1000000

/* Fields that a server may choose freely. Whatever they say, what is installed is the signed image. */
static const uint8_t free_fields[] = {UD_OFFER_NEXT, UD_OFFER_UPDATE_ID, UD_OFFER_POLICY, UD_OFFER_NOTES_URL};

static bool is_free(uint8_t key)
{
    return memchr(free_fields, key, sizeof free_fields) != NULL;
}

/* Changes the field in one of a few ways; false when `way` is past the last. */
static bool forge(ud_offer_t *offer, const ud_field_t *field, unsigned way)
{
    uint8_t *bytes = (uint8_t *)offer + field->offset;
    uint32_t bit = UD_FIELD(field->key);
    bool was_there = (offer->present & bit) != 0;
    offer->present |= bit;
    switch ((ud_field_kind_t)field->kind) {
    case UD_FIELD_BYTES:
        bytes[way == 0 ? 0 : field->size - 1u] ^= way == 0 ? 0x01 : 0x80;
        return way < 2;
    case UD_FIELD_SIGNATURE:
        bytes[offsetof(ud_signature_t, data) + (way == 0 ? 0 : UD_P256_SIGNATURE_SIZE - 1)] ^= way == 0 ? 0x01 : 0x80;
        return way < 2;
    case UD_FIELD_TEXT:
    case UD_FIELD_DEVICE_ID:
        if (!was_there) {
            strcpy((char *)bytes, "/v1/artifacts/forged");
        } else if (field->key == UD_OFFER_VERSION) {
            strcpy((char *)bytes, way == 0 ? "2.0.1" : "9.9.9+9");
        } else {
            bytes[0] ^= way == 0 ? 0x01 : 0x02;
        }
        return way < 2;
    case UD_FIELD_UINT:
    case UD_FIELD_INT: {
        int64_t value = ud_field_load_number(field, offer);
        int64_t forged = way == 0 ? value + 1 : value - 1;
        if (!ud_field_accepts_number(field, forged)) {
            forged = value == 0 ? 1 : 0;
        }
        ud_field_store_number(field, offer, forged);
        return way < 2;
    }
    case UD_FIELD_CHUNK_SIZE:
        offer->chunk_size = ud_chunk_sizes[way % UD_CHUNK_SIZE_COUNT] == offer->chunk_size
                                ? 1024
                                : (uint16_t)ud_chunk_sizes[way % UD_CHUNK_SIZE_COUNT];
        return way < UD_CHUNK_SIZE_COUNT;
    case UD_FIELD_MAP:
        offer->policy = (ud_policy_t){.present = UD_FIELD(UD_POLICY_FORCED), .forced = true};
        return way < 1;
    case UD_FIELD_BOOL:
    case UD_FIELD_UINT_PAIR:
        return false;
    }
    return false;
}

/* Fields without which the offer still means the same: an image that says nothing of its slot is for slot A. */
static bool may_be_dropped(uint8_t key)
{
    return is_free(key) || key == UD_OFFER_SLOT;
}

/* Gives the offer to a new device and lets that do what it does; then the flash tells. */
static void judge(const ud_field_t *field, unsigned way, bool dropped, bool harmless)
{
    void *state;
    ud_slot_status_t status;
    fixture_setup(&state);
    fixture_t *fixture = state;
    fixture_offer(fixture, &fixture->second);
    if (dropped) {
        fixture->server.offer.present &= ~UD_FIELD(field->key);
    } else {
        (void)forge(&fixture->server.offer, field, way);
    }
    (void)fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL);

    ud_slot_status(&fixture->journal, &status);
    if (!harmless && (fixture->erases[UD_AREA_SLOT_B] > 0 || status.install_pending)) {
        fail_msg("\"%s\" %s (way %u): %u sectors erased, %s", ud_field_name(field), dropped ? "dropped" : "forged", way,
                 fixture->erases[UD_AREA_SLOT_B], status.install_pending ? "staged" : "not staged");
    }
    if (status.install_pending) {
        assert_true(fixture_slot_b_holds(fixture, &fixture->second));
    }
    assert_true(fixture->server.checkin_count > 0);
    fixture_teardown(&state);
}

static const ud_message_table_t *table(void)
{
    return ud_message_tables[UD_MESSAGE_OFFER];
}

static void the_true_offer_is_staged(void **state)
{
    ud_slot_status_t status;
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    (void)fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL);
    ud_slot_status(&fixture->journal, &status);
    assert_true(status.install_pending);
    assert_true(fixture->erases[UD_AREA_SLOT_B] > 0);
    assert_true(fixture_slot_b_holds(fixture, &fixture->second));
}

static void no_forged_field_makes_the_device_erase(void **state)
{
    (void)state;
    unsigned forgeries = 0;
    for (size_t i = 0; i < table()->count; i++) {
        const ud_field_t *field = &table()->fields[i];
        ud_offer_t scratch = {0};
        for (unsigned way = 0; forge(&scratch, field, way); way++) {
            judge(field, way, false, is_free(field->key));
            forgeries++;
        }
    }
    assert_true(forgeries >= 2u * (table()->count - 1u));
}

static void no_missing_field_makes_the_device_erase(void **state)
{
    fixture_t *fixture = *state;
    uint32_t present = fixture->second.offer.present;
    for (size_t i = 0; i < table()->count; i++) {
        const ud_field_t *field = &table()->fields[i];
        if (!field->required && (present & UD_FIELD(field->key)) != 0) {
            judge(field, 0, true, may_be_dropped(field->key));
        }
    }
}

/* ---- each refusal by its own code ------------------------------------------------------------ */

static void expect_refusal(fixture_t *fixture, ud_err_t err)
{
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    assert_int_equal(fixture->agent.result, UD_DEVICE_REFUSED);
    assert_int_equal(fixture->agent.result_error, err);
    assert_int_equal(fixture->erases[UD_AREA_SLOT_B], 0);
    uint32_t checkins = fixture->server.checkin_count;
    assert_true(fixture_run_until(fixture, fixture_is_idle, LIMIT_MS, NULL));
    assert_true(fixture->server.checkin_count > checkins);
    assert_int_equal(fixture_last(fixture)->state, UD_DEVICE_REFUSED);
    assert_int_equal(fixture_last(fixture)->error, err);
    assert_int_equal(fixture_last(fixture)->update_id, FIXTURE_UPDATE_ID);
}

static void other_hardware_is_refused(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    strcpy(fixture->server.offer.hardware, "other-board");
    expect_refusal(fixture, UD_ERR_WRONG_HARDWARE);
}

static void an_older_version_is_refused(void **state)
{
    fixture_t *fixture = *state;
    fixture_release(fixture, "0.9.0", 1, 5000, 4096, &fixture->second);
    fixture_offer(fixture, &fixture->second);
    expect_refusal(fixture, UD_ERR_OLDER_VERSION);
}

static void an_older_version_is_taken_by_a_rollback(void **state)
{
    fixture_t *fixture = *state;
    fixture_release(fixture, "0.9.0", 1, 5000, 4096, &fixture->second);
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.action = UD_ACTION_ROLLBACK;
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
}

static void a_low_security_counter_is_refused_even_to_a_rollback(void **state)
{
    fixture_t *fixture = *state;
    fixture_release(fixture, "2.0.0", 0, 5000, 4096, &fixture->second);
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.action = UD_ACTION_ROLLBACK;
    expect_refusal(fixture, UD_ERR_LOW_COUNTER);
}

static void an_image_above_the_slot_is_refused(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.image_size = ud_slot_image_size_max(&ud_slot_swap, fixture->board) + 1;
    fixture->server.offer.artifact_size =
        (uint32_t)ud_chain_artifact_size(fixture->server.offer.image_size, fixture->server.offer.chunk_size);
    expect_refusal(fixture, UD_ERR_IMAGE_TOO_LARGE);
}

static void the_running_image_is_refused(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->first);
    expect_refusal(fixture, UD_ERR_ALREADY_RUNNING);
}

static void put_bad(ud_port_t *board, void *arg)
{
    ud_journal_t journal;
    assert_int_equal(ud_journal_open(&journal, board), UD_OK);
    assert_int_equal(ud_slot_bad_put(&journal, arg), UD_OK);
}

static void an_image_that_failed_here_before_is_refused(void **state)
{
    fixture_t *fixture = *state;
    assert_int_equal(ud_board_run(fixture->board, put_bad, fixture->second.info.hash), UD_BOARD_RETURNED);
    fixture_restart(fixture);
    fixture_offer(fixture, &fixture->second);
    expect_refusal(fixture, UD_ERR_KNOWN_BAD);
}

static void nothing_is_accepted_while_the_running_image_is_on_trial(void **state)
{
    fixture_t *fixture = *state;
    ud_version_t version;
    assert_int_equal(ud_update_judge(&fixture->agent, &fixture->second.offer, &version), UD_OK);
    fixture->agent.on_trial = true;
    assert_int_equal(ud_update_judge(&fixture->agent, &fixture->second.offer, &version), UD_ERR_NOT_CONFIRMED);
}

static void an_image_for_the_other_slot_is_refused(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.slot = 1;
    expect_refusal(fixture, UD_ERR_WRONG_SLOT);
}

static void a_signature_by_an_unknown_key_is_refused(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.key_hash[0] ^= 1;
    expect_refusal(fixture, UD_ERR_IMAGE_KEY_UNKNOWN);
}

static void a_signature_by_a_revoked_key_is_refused(void **state)
{
    fixture_t *fixture = *state;
    assert_int_equal(ud_slot_revoke(&fixture->journal, fixture->trusted.key_hash), UD_OK);
    fixture_restart(fixture);
    fixture_offer(fixture, &fixture->second);
    expect_refusal(fixture, UD_ERR_KEY_REVOKED);
}

static void a_signature_over_another_hash_is_refused(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.image_digest[5] ^= 1;
    expect_refusal(fixture, UD_ERR_IMAGE_SIGNATURE);
}

static void a_missing_descriptor_is_refused_by_default(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.present &= ~UD_FIELD(UD_OFFER_DESCRIPTOR);
    expect_refusal(fixture, UD_ERR_IMAGE_DESCRIPTOR);
}

static void a_missing_descriptor_is_accepted_if_the_config_says_so(void **state)
{
    fixture_t *fixture = *state;
    fixture->config.allow_unsigned_chain = true;
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.present &= ~UD_FIELD(UD_OFFER_DESCRIPTOR);
    assert_true(fixture_run_until(fixture, fixture_is_staged, LIMIT_MS, NULL));
}

/* ---- forged data ------------------------------------------------------------ */

static void a_forged_first_record_makes_the_device_erase_nothing(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    fixture->server.flip_at = 100;
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    assert_int_equal(fixture->agent.result, UD_DEVICE_FAILED);
    assert_int_equal(fixture->agent.result_error, UD_ERR_CHUNK_DIGEST);
    assert_int_equal(fixture->erases[UD_AREA_SLOT_B], 0);
}

static void with_direct_xip_an_offer_for_the_slot_that_runs_is_refused(void **state)
{
    fixture_t *fixture = *state;
    fixture->config.slots = &ud_slot_xip;
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.present |= UD_FIELD(UD_OFFER_SLOT);
    fixture->server.offer.slot = 0;
    expect_refusal(fixture, UD_ERR_WRONG_SLOT);
}

/* Slots in offers are the server's word; the header in the first chunk is the signer's. */
static void with_direct_xip_an_image_that_is_linked_for_no_slot_makes_the_device_erase_nothing(void **state)
{
    fixture_t *fixture = *state;
    fixture->config.slots = &ud_slot_xip;
    fixture_offer(fixture, &fixture->second);
    fixture->server.offer.present |= UD_FIELD(UD_OFFER_SLOT);
    fixture->server.offer.slot = 1;
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    assert_int_equal(fixture->agent.result, UD_DEVICE_FAILED);
    assert_int_equal(fixture->agent.result_error, UD_ERR_WRONG_SLOT);
    assert_int_equal(fixture->erases[UD_AREA_SLOT_B], 0);
}

static void a_forged_record_never_reaches_flash(void **state)
{
    static uint8_t place[4096];
    static const uint32_t record = 3;
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    fixture->server.flip_at = record * (4096 + UD_SHA256_SIZE) + 2000;
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    assert_int_equal(fixture->agent.result_error, UD_ERR_CHUNK_DIGEST);
    ud_board_peek(fixture->board, UD_AREA_SLOT_B, ud_slot_staging_offset(&ud_slot_swap, fixture->board) + record * 4096,
                  place, sizeof place);
    for (size_t i = 0; i < sizeof place; i++) {
        assert_int_equal(place[i], 0x5A);
    }
}

/* Without a descriptor chunks are the server's word; that another key signed the image must reach the operator as that. */
static void an_image_by_another_key_under_a_true_offer_is_reported_as_such(void **state)
{
    static fixture_release_t other;
    fixture_t *fixture = *state;
    ud_key_t *trusted = fixture->key;
    assert_int_equal(ud_key_generate(&fixture->key), UD_OK);
    fixture_release(fixture, "2.0.0", 2, 30100, UD_CHUNK_SIZE_DEFAULT, &other);
    ud_key_destroy(fixture->key);
    fixture->key = trusted;

    fixture->config.allow_unsigned_chain = true;
    fixture_offer(fixture, &other);
    ud_offer_t *offer = &fixture->server.offer;
    offer->present &= ~UD_FIELD(UD_OFFER_DESCRIPTOR);
    memcpy(offer->image_digest, fixture->second.offer.image_digest, sizeof offer->image_digest);
    memcpy(offer->key_hash, fixture->second.offer.key_hash, sizeof offer->key_hash);
    offer->signature = fixture->second.offer.signature;
    assert_true(fixture_run_until(fixture, fixture_has_result, LIMIT_MS, NULL));
    assert_int_equal(fixture->agent.result, UD_DEVICE_FAILED);
    assert_int_equal(fixture->agent.result_error, UD_ERR_IMAGE_KEY_UNKNOWN);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(the_true_offer_is_staged),
        cmocka_unit_test(no_forged_field_makes_the_device_erase),
        WITH_FIXTURE(no_missing_field_makes_the_device_erase),
        WITH_FIXTURE(other_hardware_is_refused),
        WITH_FIXTURE(an_older_version_is_refused),
        WITH_FIXTURE(an_older_version_is_taken_by_a_rollback),
        WITH_FIXTURE(a_low_security_counter_is_refused_even_to_a_rollback),
        WITH_FIXTURE(an_image_above_the_slot_is_refused),
        WITH_FIXTURE(the_running_image_is_refused),
        WITH_FIXTURE(an_image_that_failed_here_before_is_refused),
        WITH_FIXTURE(nothing_is_accepted_while_the_running_image_is_on_trial),
        WITH_FIXTURE(an_image_for_the_other_slot_is_refused),
        WITH_FIXTURE(a_signature_by_an_unknown_key_is_refused),
        WITH_FIXTURE(a_signature_by_a_revoked_key_is_refused),
        WITH_FIXTURE(a_signature_over_another_hash_is_refused),
        WITH_FIXTURE(a_missing_descriptor_is_refused_by_default),
        WITH_FIXTURE(a_missing_descriptor_is_accepted_if_the_config_says_so),
        WITH_FIXTURE(a_forged_first_record_makes_the_device_erase_nothing),
        WITH_FIXTURE(with_direct_xip_an_offer_for_the_slot_that_runs_is_refused),
        WITH_FIXTURE(with_direct_xip_an_image_that_is_linked_for_no_slot_makes_the_device_erase_nothing),
        WITH_FIXTURE(a_forged_record_never_reaches_flash),
        WITH_FIXTURE(an_image_by_another_key_under_a_true_offer_is_reported_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
