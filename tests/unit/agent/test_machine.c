/* The machine's table, cell by cell: this is the specification, written a second time by state. */
#include "agent/machine.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

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
    ROW(REGISTERING, ORPHANED, BACK_OFF, UNREGISTERED),
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
    ROW(CHECKING, ORPHANED, FORGET, HOME),
    ROW(CHECKING, FAILED, BACK_OFF, HOME),
    ROW(CHECKING, EXPIRED, REJECT, CHECKING),

    ROW(RENEWING, DONE, KEEP_TOKEN, SAVING),
    ROW(RENEWING, PENDING, SETTLE, PENDING),
    ROW(RENEWING, DENIED, BACK_OFF, UNREGISTERED),
    ROW(RENEWING, UNKNOWN, BACK_OFF, UNREGISTERED),
    ROW(RENEWING, RETIRED, RETIRE, RETIRED),
    ROW(RENEWING, ORPHANED, BACK_OFF, HOME),
    ROW(RENEWING, FAILED, BACK_OFF, HOME),
    ROW(RENEWING, EXPIRED, REJECT, RENEWING),

    ROW(WAITING, GO, NONE, DOWNLOADING),
    ROW(WAITING, DUE, CHECK_IN, CHECKING),
    ROW(WAITING, FATAL, GIVE_UP, IDLE),

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

/* ---- docs/device.md shows the same table ------------------------------------------------------------------------------- */

#define NAME(name) [UD_AGENT_##name] = #name
static const char *const state_names[UD_AGENT_STATE_COUNT + 1] = {
    NAME(UNREGISTERED), NAME(REGISTERING), NAME(PENDING), NAME(SAVING),      NAME(IDLE),
    NAME(CHECKING),     NAME(RENEWING),    NAME(WAITING), NAME(DOWNLOADING), NAME(WRITING),
    NAME(VERIFYING),    NAME(STAGED),      NAME(TRIAL),   NAME(RETIRED),     [UD_AGENT_HOME] = "HOME",
};
#undef NAME
#define NAME(name) [UD_EVENT_##name] = #name
static const char *const event_names[UD_EVENT_COUNT] = {
    NAME(NONE),    NAME(DUE),    NAME(BLANK),    NAME(DONE),    NAME(MORE),    NAME(GO),       NAME(HOLD),
    NAME(FAILED),  NAME(FATAL),  NAME(DENIED),   NAME(UNKNOWN), NAME(PENDING), NAME(RETIRED),  NAME(INSTALL),
    NAME(REFUSED), NAME(CANCEL), NAME(REGISTER), NAME(PASSED),  NAME(EXPIRED), NAME(ORPHANED),
};
#undef NAME
#define NAME(name) [UD_ACT_##name] = #name
static const char *const action_names[UD_ACT_COUNT] = {
    NAME(NONE),   NAME(DRAW_IDENTITY), NAME(REGISTER), NAME(CHECK_IN), NAME(RENEW),  NAME(KEEP_TOKEN),
    NAME(SETTLE), NAME(BACK_OFF),      NAME(AGAIN),    NAME(HOLD),     NAME(ACCEPT), NAME(GIVE_UP),
    NAME(STAGE),  NAME(REBOOT),        NAME(CONFIRM),  NAME(REJECT),   NAME(RETIRE), NAME(FORGET),
};
#undef NAME

static void the_documented_table_is_this_one(void **state)
{
    (void)state;
    static char text[65536];
    FILE *file = fopen("docs/device.md", "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    const char *at = strstr(text, "<!-- agent table -->");
    assert_non_null(at);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "| %s | %s | %s | %s |\n", state_names[rows[i].state],
                       event_names[rows[i].event], action_names[rows[i].action], state_names[rows[i].next]);
        for (char *c = line; *c != '\0'; c++) {
            *c = *c == '_' ? ' ' : (char)tolower((unsigned char)*c);
        }
        if (strstr(at, line) == NULL) {
            fail_msg("docs/device.md lacks the row %s", line);
        }
    }
    size_t lines = 0;
    const char *end = strstr(at, "<!-- end of agent table -->");
    assert_non_null(end);
    for (const char *c = strchr(at, '\n'); c != NULL && c < end; c = strchr(c + 1, '\n')) {
        lines += c[1] == '|' ? 1 : 0;
    }
    assert_int_equal(lines, sizeof rows / sizeof rows[0] + 2);
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
        cmocka_unit_test(each_row_acts_and_goes_on_as_written), cmocka_unit_test(every_other_cell_rejects),
        cmocka_unit_test(numbers_outside_the_table_reject),     cmocka_unit_test(every_state_leads_to_a_check_in),
        cmocka_unit_test(the_documented_table_is_this_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
