/* A device whose bootloader is MCUboot: the agent's fixture, on slots for the algorithm SWAP. MCUboot's part is played by
 * tests/unit/core/slot/mcuboot_model.h.
 */
#ifndef UD_TESTS_AGENT_ON_MCUBOOT_H
#define UD_TESTS_AGENT_ON_MCUBOOT_H

#include "tests/unit/agent/fixture.h"
#include "tests/unit/core/slot/mcuboot_model.h"

#define LIMIT_MS 3000000
#define SECTOR 4096u

/* 64 usable sectors in each slot, max_align 16. */
int on_mcuboot_setup(void **state);

ud_slot_status_t on_mcuboot_status(const fixture_t *fixture);

/* True if slot A holds the release. */
bool on_mcuboot_runs(const fixture_t *fixture, const fixture_release_t *release);

/* The device resets for `cause`; MCUboot acts, the agent starts anew. */
model_type_t on_mcuboot_reset(fixture_t *fixture, ud_reset_cause_t cause);

/* Runs until the agent resets the device. */
void on_mcuboot_run_to_reset(fixture_t *fixture);

/* From the offer to the start of the new image; then nothing is offered any more. */
void on_mcuboot_update(fixture_t *fixture, const fixture_release_t *release);

void on_mcuboot_settle(fixture_t *fixture);

/* Runs until the agent is idle; the last check-in must have said this of the fixture's update. */
void on_mcuboot_expect_report(fixture_t *fixture, ud_device_state_t state, ud_err_t err);

#endif
