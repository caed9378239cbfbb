/* The way of an update through the agent, with a server in place of a transport. */
#include "tests/unit/agent/fixture.h"

#include "agent/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_new_device_registers_and_checks_in(void **state)
{
    fixture_t *fixture = *state;
    fixture_register(fixture);
    const ud_checkin_t *checkin = fixture_last(fixture);
    assert_string_equal(fixture->server.enrol.device_id, "test-1");
    assert_string_equal(fixture->server.enrol.claim_key, "claim-me");
    assert_string_equal(checkin->version, "1.0.0");
    assert_string_equal(checkin->hardware, FIXTURE_HARDWARE);
    assert_memory_equal(checkin->image_digest, fixture->first.info.hash, UD_SHA256_SIZE);
    assert_int_equal(checkin->state, UD_DEVICE_IDLE);
    assert_int_equal(fixture->server.requests[UD_REQUEST_REGISTER], 1);
}

static void an_offer_is_downloaded_verified_and_staged(void **state)
{
    fixture_t *fixture = *state;
    fixture_offer(fixture, &fixture->second);
    assert_true(fixture_run_until(fixture, fixture_is_staged, 600000, NULL));
    assert_true(fixture_slot_b_holds(fixture, &fixture->second));
    ud_slot_status_t status;
    ud_slot_status(&fixture->journal, &status);
    assert_true(status.install_pending);
    assert_int_equal(fixture->server.artifact_bytes, fixture->second.artifact_size);
    assert_int_equal(fixture_last(fixture)->state, UD_DEVICE_STAGED);
    assert_int_equal(fixture_last(fixture)->update_id, FIXTURE_UPDATE_ID);
}

static void a_staged_update_resets_into_boot(void **state)
{
    fixture_t *fixture = *state;
    ud_board_end_t end;
    fixture_offer(fixture, &fixture->second);
    assert_false(fixture_run_until(fixture, fixture_never, 600000, &end));
    assert_int_equal(end, UD_BOARD_RESET);
    assert_int_equal(ud_port_reset_cause(fixture->board), UD_RESET_ORDERLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_device_registers_and_checks_in, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_offer_is_downloaded_verified_and_staged, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_staged_update_resets_into_boot, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
