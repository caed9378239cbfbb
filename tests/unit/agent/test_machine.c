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

typedef struct {
    uint8_t state;
    uint8_t event;
    uint8_t action;
    uint8_t next;
} row_t;

static const row_t rows[] = {
    ROW(UNREGISTERED, BLANK, SAVE, SAVING),
    ROW(UNREGISTERED, DUE, REGISTER, REGISTERING),
    ROW(UNREGISTERED, PASSED, CONFIRM, UNREGISTERED),

    ROW(REGISTERING, DONE, SAVE, SAVING),
    ROW(REGISTERING, FAILED, BACK_OFF, UNREGISTERED),
    ROW(REGISTERING, DENIED, BACK_OFF, UNREGISTERED),
    ROW(REGISTERING, ORPHANED, BACK_OFF, UNREGISTERED),

    ROW(PENDING, DUE, REGISTER, REGISTERING),
    ROW(PENDING, PASSED, CONFIRM, PENDING),

    ROW(SAVING, DONE, AGAIN, HOME),
    ROW(SAVING, MORE, AGAIN, UNREGISTERED),
    ROW(SAVING, FAILED, BACK_OFF, UNREGISTERED),

    ROW(CHECKING, DONE, SETTLE, HOME),
    ROW(CHECKING, INSTALL, ACCEPT, WAITING),
    ROW(CHECKING, ORPHANED, FORGET, HOME),

    ROW(RENEWING, DONE, SAVE, SAVING),
    ROW(RENEWING, DENIED, BACK_OFF, UNREGISTERED),
    ROW(RENEWING, ORPHANED, BACK_OFF, HOME),

    ROW(WAITING, DONE, NONE, DOWNLOADING),

    ROW(DOWNLOADING, MORE, NONE, WRITING),
    ROW(DOWNLOADING, DONE, NONE, VERIFYING),
    ROW(DOWNLOADING, HOLD, HOLD, WAITING),

    ROW(WRITING, MORE, NONE, DOWNLOADING),

    ROW(VERIFYING, DONE, NONE, STAGED),

    ROW(STAGED, DONE, REBOOT, STAGED),

    ROW(TRIAL, PASSED, CONFIRM, IDLE),

    ROW(RETIRED, DUE, REGISTER, REGISTERING),
    ROW(RETIRED, PASSED, CONFIRM, RETIRED),

    ROW(ANY, DUE, CHECK_IN, CHECKING),
    ROW(ANY, PENDING, SETTLE, PENDING),
    ROW(ANY, FAILED, BACK_OFF, HOME),
    ROW(ANY, UNKNOWN, BACK_OFF, UNREGISTERED),
    ROW(ANY, DENIED, RENEW, RENEWING),
    ROW(ANY, RETIRED, RETIRE, RETIRED),
    ROW(ANY, FATAL, GIVE_UP, IDLE),
    ROW(ANY, EXPIRED, REJECT, HOME),
};

#define ROW_COUNT (sizeof rows / sizeof rows[0])

#define MAY(event) (1u << UD_EVENT_##event)
#define MAY_END (MAY(PASSED) | MAY(EXPIRED))
#define MAY_ANSWER (MAY(DONE) | MAY(FAILED) | MAY(UNKNOWN) | MAY(DENIED) | MAY(RETIRED) | MAY(ORPHANED) | MAY(EXPIRED))

/* What the work of each state finds out, or the watch over a trial. */
static const uint32_t possible[UD_AGENT_STATE_COUNT] = {
    [UD_AGENT_UNREGISTERED] = MAY(BLANK) | MAY(DUE) | MAY_END,
    [UD_AGENT_REGISTERING] = MAY_ANSWER | MAY(PENDING),
    [UD_AGENT_PENDING] = MAY(DUE) | MAY_END,
    [UD_AGENT_SAVING] = MAY(DONE) | MAY(MORE) | MAY(FAILED) | MAY(EXPIRED),
    [UD_AGENT_IDLE] = MAY(DUE),
    [UD_AGENT_CHECKING] = MAY_ANSWER | MAY(INSTALL) | MAY(FATAL),
    [UD_AGENT_RENEWING] = MAY_ANSWER | MAY(PENDING),
    [UD_AGENT_WAITING] = MAY(DONE) | MAY(DUE) | MAY(FATAL),
    [UD_AGENT_DOWNLOADING] = MAY(MORE) | MAY(DONE) | MAY(HOLD) | MAY(DUE) | MAY(DENIED) | MAY(FAILED) | MAY(FATAL),
    [UD_AGENT_WRITING] = MAY(MORE) | MAY(FATAL),
    [UD_AGENT_VERIFYING] = MAY(DONE) | MAY(FATAL),
    [UD_AGENT_STAGED] = MAY(DONE) | MAY(DUE) | MAY(FATAL),
    [UD_AGENT_TRIAL] = MAY(DUE) | MAY_END,
    [UD_AGENT_RETIRED] = MAY(DUE) | MAY_END,
};

/* The row of the state itself, else of any, or NULL. */
static const row_t *row_of(unsigned state, unsigned event)
{
    const row_t *found = NULL;
    for (size_t i = ROW_COUNT; i-- > 0;) {
        bool own = rows[i].state == state;
        bool any = rows[i].state == UD_AGENT_ANY && found == NULL;
        found = rows[i].event == event && (own || any) ? &rows[i] : found;
    }
    return found;
}

static void each_cell_acts_and_goes_on_as_written(void **state)
{
    (void)state;
    for (unsigned s = 0; s < UD_AGENT_STATE_COUNT; s++) {
        for (unsigned e = 0; e < UD_EVENT_COUNT; e++) {
            const ud_agent_rule_t *rule = ud_agent_rule((ud_agent_state_t)s, (ud_agent_event_t)e);
            const row_t *row = row_of(s, e);
            assert_int_equal(rule != NULL, row != NULL);
            if (rule != NULL) {
                assert_int_equal(rule->action, row->action);
                assert_int_equal(rule->next, row->next);
            }
        }
    }
}

static void all_that_may_happen_has_a_row_and_each_row_may_happen(void **state)
{
    (void)state;
    bool used[ROW_COUNT] = {false};
    for (unsigned s = 0; s < UD_AGENT_STATE_COUNT; s++) {
        for (unsigned e = 0; e < UD_EVENT_COUNT; e++) {
            if ((possible[s] >> e & 1) != 0) {
                assert_non_null(row_of(s, e));
                used[row_of(s, e) - rows] = true;
            }
        }
    }
    for (size_t i = 0; i < ROW_COUNT; i++) {
        assert_true(used[i]);
    }
}

static void numbers_outside_the_table_reject(void **state)
{
    (void)state;
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
    NAME(NONE),    NAME(DUE),     NAME(BLANK),  NAME(DONE),    NAME(MORE),    NAME(HOLD),
    NAME(FAILED),  NAME(FATAL),   NAME(DENIED), NAME(UNKNOWN), NAME(PENDING), NAME(ORPHANED),
    NAME(RETIRED), NAME(INSTALL), NAME(PASSED), NAME(EXPIRED),
};
#undef NAME
#define NAME(name) [UD_ACT_##name] = #name
static const char *const action_names[UD_ACT_COUNT] = {
    NAME(NONE), NAME(REGISTER), NAME(CHECK_IN), NAME(RENEW),  NAME(SAVE),   NAME(SETTLE),  NAME(BACK_OFF), NAME(AGAIN),
    NAME(HOLD), NAME(ACCEPT),   NAME(GIVE_UP),  NAME(FORGET), NAME(REBOOT), NAME(CONFIRM), NAME(REJECT),   NAME(RETIRE),
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
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "| %s | %s | %s | %s |\n",
                       rows[i].state == UD_AGENT_ANY ? "any" : state_names[rows[i].state], event_names[rows[i].event],
                       action_names[rows[i].action], state_names[rows[i].next]);
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
    assert_int_equal(lines, ROW_COUNT + 2);
}

/* Whatever happened, a device asks the server again: from each state some chain of rows leads to a check-in, or to the
 * reset that a staged update or a failed trial is.
 */
static void every_state_leads_to_a_check_in(void **state)
{
    (void)state;
    bool leads[UD_AGENT_STATE_COUNT] = {[UD_AGENT_CHECKING] = true};
    for (unsigned round = 0; round < UD_AGENT_STATE_COUNT; round++) {
        for (unsigned cell = 0; cell < UD_AGENT_STATE_COUNT * UD_EVENT_COUNT; cell++) {
            unsigned from = cell / UD_EVENT_COUNT;
            unsigned event = cell % UD_EVENT_COUNT;
            if ((possible[from] >> event & 1) != 0) {
                unsigned next = row_of(from, event)->next;
                leads[from] = leads[from] || leads[next == UD_AGENT_HOME ? UD_AGENT_IDLE : next];
            }
        }
    }
    for (unsigned s = 0; s < UD_AGENT_STATE_COUNT; s++) {
        assert_true(leads[s]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cell_acts_and_goes_on_as_written),
        cmocka_unit_test(all_that_may_happen_has_a_row_and_each_row_may_happen),
        cmocka_unit_test(numbers_outside_the_table_reject),
        cmocka_unit_test(every_state_leads_to_a_check_in),
        cmocka_unit_test(the_documented_table_is_this_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
