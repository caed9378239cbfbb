/* The machine's table, cell by cell: this is the specification, written a second time by state. */
#include "agent/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ROW(state, event, action, next) {UD_AGENT_##state, UD_EVENT_##event, UD_ACT_##action, UD_AGENT_##next}

static const struct {
    uint8_t state;
    uint8_t event;
    uint8_t action;
    uint8_t next;
} rows[] = {
    ROW(UNREGISTERED, BLANK, DRAW_IDENTITY, SAVING),
    ROW(UNREGISTERED, DUE, REGISTER, REGISTERING),
    ROW(UNREGISTERED, PASSED, CONFIRM, UNREGISTERED),
    ROW(UNREGISTERED, EXPIRED, REJECT, UNREGISTERED),

    ROW(REGISTERING, DONE, KEEP_TOKEN, SAVING),
    ROW(REGISTERING, PENDING, SETTLE, PENDING),
    ROW(REGISTERING, FAILED, BACK_OFF, UNREGISTERED),
    ROW(REGISTERING, DENIED, BACK_OFF, UNREGISTERED),
    ROW(REGISTERING, UNKNOWN, BACK_OFF, UNREGISTERED),
    ROW(REGISTERING, RETIRED, RETIRE, RETIRED),
    ROW(REGISTERING, EXPIRED, REJECT, REGISTERING),

    ROW(PENDING, DUE, REGISTER, REGISTERING),
    ROW(PENDING, PASSED, CONFIRM, PENDING),
    ROW(PENDING, EXPIRED, REJECT, PENDING),

    ROW(SAVING, DONE, AGAIN, HOME),
    ROW(SAVING, MORE, AGAIN, UNREGISTERED),
    ROW(SAVING, FAILED, BACK_OFF, UNREGISTERED),

    ROW(IDLE, DUE, CHECK_IN, CHECKING),

    ROW(CHECKING, DONE, SETTLE, HOME),
    ROW(CHECKING, INSTALL, ACCEPT, WAITING),
    ROW(CHECKING, REFUSED, GIVE_UP, IDLE),
    ROW(CHECKING, CANCEL, GIVE_UP, IDLE),
    ROW(CHECKING, REGISTER, BACK_OFF, UNREGISTERED),
    ROW(CHECKING, UNKNOWN, BACK_OFF, UNREGISTERED),
    ROW(CHECKING, DENIED, RENEW, RENEWING),
    ROW(CHECKING, RETIRED, RETIRE, RETIRED),
    ROW(CHECKING, FAILED, BACK_OFF, HOME),
    ROW(CHECKING, EXPIRED, REJECT, CHECKING),

    ROW(RENEWING, DONE, KEEP_TOKEN, SAVING),
    ROW(RENEWING, PENDING, SETTLE, PENDING),
    ROW(RENEWING, DENIED, BACK_OFF, UNREGISTERED),
    ROW(RENEWING, UNKNOWN, BACK_OFF, UNREGISTERED),
    ROW(RENEWING, RETIRED, RETIRE, RETIRED),
    ROW(RENEWING, FAILED, BACK_OFF, HOME),
    ROW(RENEWING, EXPIRED, REJECT, RENEWING),

    ROW(WAITING, GO, NONE, DOWNLOADING),
    ROW(WAITING, DUE, CHECK_IN, CHECKING),

    ROW(DOWNLOADING, MORE, NONE, WRITING),
    ROW(DOWNLOADING, DONE, NONE, VERIFYING),
    ROW(DOWNLOADING, HOLD, HOLD, WAITING),
    ROW(DOWNLOADING, DUE, CHECK_IN, CHECKING),
    ROW(DOWNLOADING, DENIED, RENEW, RENEWING),
    ROW(DOWNLOADING, FAILED, BACK_OFF, DOWNLOADING),
    ROW(DOWNLOADING, FATAL, GIVE_UP, IDLE),

    ROW(WRITING, MORE, NONE, DOWNLOADING),
    ROW(WRITING, FATAL, GIVE_UP, IDLE),

    ROW(VERIFYING, DONE, STAGE, STAGED),
    ROW(VERIFYING, FATAL, GIVE_UP, IDLE),

    ROW(STAGED, DUE, CHECK_IN, CHECKING),
    ROW(STAGED, GO, REBOOT, STAGED),
    ROW(STAGED, FATAL, GIVE_UP, IDLE),

    ROW(TRIAL, DUE, CHECK_IN, CHECKING),
    ROW(TRIAL, PASSED, CONFIRM, IDLE),
    ROW(TRIAL, EXPIRED, REJECT, TRIAL),

    ROW(RETIRED, DUE, REGISTER, REGISTERING),
    ROW(RETIRED, PASSED, CONFIRM, RETIRED),
    ROW(RETIRED, EXPIRED, REJECT, RETIRED),
};

static void each_row_acts_and_goes_on_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const ud_agent_rule_t *rule = ud_agent_rule((ud_agent_state_t)rows[i].state, (ud_agent_event_t)rows[i].event);
        assert_non_null(rule);
        assert_int_equal(rule->action, rows[i].action);
        assert_int_equal(rule->next, rows[i].next);
    }
}

static void every_other_cell_rejects(void **state)
{
    (void)state;
    size_t cells = 0;
    for (unsigned s = 0; s < UD_AGENT_STATE_COUNT; s++) {
        for (unsigned e = 0; e < UD_EVENT_COUNT; e++) {
            cells += ud_agent_rule((ud_agent_state_t)s, (ud_agent_event_t)e) != NULL ? 1 : 0;
        }
    }
    assert_int_equal(cells, sizeof rows / sizeof rows[0]);
}

static void numbers_outside_the_table_reject(void **state)
{
    (void)state;
    assert_null(ud_agent_rule(UD_AGENT_STATE_COUNT, UD_EVENT_DUE));
    assert_null(ud_agent_rule(UD_AGENT_IDLE, UD_EVENT_COUNT));
    assert_null(ud_agent_rule((ud_agent_state_t)0xA5A5, (ud_agent_event_t)0xA5A5));
}

/* Whatever happened, a device asks the server again: from each state some chain of rows leads to a check-in, or to the
 * reset that a staged update or a failed trial is.
 */
static void every_state_leads_to_a_check_in(void **state)
{
    (void)state;
    bool leads[UD_AGENT_STATE_COUNT] = {[UD_AGENT_CHECKING] = true};
    for (unsigned round = 0; round < UD_AGENT_STATE_COUNT; round++) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            bool next = rows[i].next == UD_AGENT_HOME ? leads[UD_AGENT_IDLE] : leads[rows[i].next];
            leads[rows[i].state] = leads[rows[i].state] || next;
        }
    }
    for (unsigned s = 0; s < UD_AGENT_STATE_COUNT; s++) {
        assert_true(leads[s]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_acts_and_goes_on_as_written),
        cmocka_unit_test(every_other_cell_rejects),
        cmocka_unit_test(numbers_outside_the_table_reject),
        cmocka_unit_test(every_state_leads_to_a_check_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
