#include "agent/trial.h"

#include "agent/report.h"

/* Milliseconds until a self-test that is running is asked again. */
#define SELF_TEST_INTERVAL_MS 1000

ud_agent_event_t ud_trial_watch(ud_agent_t *agent)
{
    const ud_agent_hooks_t *hooks = &agent->config->hooks;
    if (!agent->on_trial || agent->trial_error == UD_ERR_JOURNAL_WORN) {
        return UD_EVENT_NONE;
    }
    ud_self_test_t verdict = UD_SELF_TEST_PASSED;
    if (!agent->self_test_passed && hooks->self_test != NULL) {
        verdict = hooks->self_test(hooks->context);
    }
    agent->trial_error = UD_ERR_SELF_TEST_FAILED;
    if (verdict == UD_SELF_TEST_PASSED) {
        agent->self_test_passed = true;
        agent->trial_error = UD_ERR_NO_CONTACT;
        if (agent->contact) {
            return UD_EVENT_PASSED;
        }
    } else if (verdict == UD_SELF_TEST_FAILED) {
        return UD_EVENT_EXPIRED;
    } else {
        (void)ud_timers_wait(&agent->timers, SELF_TEST_INTERVAL_MS);
    }
    bool over = ud_timers_wait(&agent->timers, agent->timers.left_ms[UD_TIMER_CONTACT]);
    return over ? UD_EVENT_EXPIRED : UD_EVENT_NONE;
}

/* What the image revokes counts from now on. It is written down here, too: the next start may be the one that installs the
 * next image, and boot asks the confirmed one only at a start that leaves it where it is.
 */
static void take_revoked(ud_agent_t *agent)
{
    ud_image_info_t info;
    if (ud_update_running(agent->port, agent->config->running, &info) != UD_OK) {
        return;
    }
    uint32_t revoked = ~agent->trust.revoked;
    ud_update_trust(agent, &info);
    revoked &= agent->trust.revoked;
    for (size_t index = 0; revoked != 0; index++, revoked >>= 1) {
        if ((revoked & 1) != 0) {
            ud_agent_may_fail(ud_slot_revoke(agent->journal, agent->trust.keys[index].key_hash));
        }
    }
}

void ud_trial_confirm(ud_agent_t *agent)
{
    /* A journal that refuses leaves the image on trial: boot ends it, and until the next reset nothing is left to do. */
    if (ud_slot_confirm(agent->journal) != UD_OK) {
        agent->trial_error = UD_ERR_JOURNAL_WORN;
        return;
    }
    agent->on_trial = false;
    take_revoked(agent);
    if (agent->report.update_id != 0) {
        ud_report_result(agent, agent->report.update_id, UD_DEVICE_CONFIRMED, UD_OK);
    }
}

void ud_trial_reject(ud_agent_t *agent)
{
    /* If the journal takes neither row, the reset counts as an attempt, and they end. */
    ud_agent_may_fail(ud_slot_reject(agent->journal, agent->trial_error));
    ud_agent_may_fail(ud_slot_announce_reset(agent->journal));
}
