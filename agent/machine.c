#include "agent/machine.h"

#define RULE(state, event, action, next) {UD_AGENT_##state, UD_EVENT_##event, UD_ACT_##action, UD_AGENT_##next}

/* clang-format off */
static const ud_agent_rule_t rules[] = {
    RULE(UNREGISTERED,BLANK,    SAVE,     SAVING),
    RULE(UNREGISTERED,DUE,      REGISTER, REGISTERING),
    RULE(UNREGISTERED,PASSED,   CONFIRM,  UNREGISTERED),

    RULE(REGISTERING, DONE,     SAVE,     SAVING),
    RULE(REGISTERING, FAILED,   BACK_OFF, UNREGISTERED),
    RULE(REGISTERING, DENIED,   BACK_OFF, UNREGISTERED),
    RULE(REGISTERING, ORPHANED, BACK_OFF, UNREGISTERED),

    RULE(PENDING,     DUE,      REGISTER, REGISTERING),
    RULE(PENDING,     PASSED,   CONFIRM,  PENDING),

    RULE(SAVING,      DONE,     AGAIN,    HOME),
    RULE(SAVING,      MORE,     AGAIN,    UNREGISTERED),
    RULE(SAVING,      FAILED,   BACK_OFF, UNREGISTERED),

    RULE(CHECKING,    DONE,     SETTLE,   HOME),
    RULE(CHECKING,    INSTALL,  ACCEPT,   WAITING),
    RULE(CHECKING,    ORPHANED, FORGET,   HOME),

    RULE(RENEWING,    DONE,     SAVE,     SAVING),
    RULE(RENEWING,    DENIED,   BACK_OFF, UNREGISTERED),
    RULE(RENEWING,    ORPHANED, BACK_OFF, HOME),

    RULE(WAITING,     DONE,     NONE,     DOWNLOADING),

    RULE(DOWNLOADING, MORE,     NONE,     WRITING),
    RULE(DOWNLOADING, DONE,     NONE,     VERIFYING),
    RULE(DOWNLOADING, HOLD,     HOLD,     WAITING),

    RULE(WRITING,     MORE,     NONE,     DOWNLOADING),

    RULE(VERIFYING,   DONE,     NONE,     STAGED),

    RULE(STAGED,      DONE,     REBOOT,   STAGED),

    RULE(TRIAL,       PASSED,   CONFIRM,  IDLE),

    RULE(RETIRED,     DUE,      REGISTER, REGISTERING),
    RULE(RETIRED,     PASSED,   CONFIRM,  RETIRED),

    RULE(ANY,         DUE,      CHECK_IN, CHECKING),
    RULE(ANY,         PENDING,  SETTLE,   PENDING),
    RULE(ANY,         FAILED,   BACK_OFF, HOME),
    RULE(ANY,         UNKNOWN,  BACK_OFF, UNREGISTERED),
    RULE(ANY,         DENIED,   RENEW,    RENEWING),
    RULE(ANY,         RETIRED,  RETIRE,   RETIRED),
    RULE(ANY,         FATAL,    GIVE_UP,  IDLE),
    RULE(ANY,         EXPIRED,  REJECT,   HOME),
};
/* clang-format on */

_Static_assert(UD_AGENT_ANY < 16 && UD_EVENT_COUNT <= 16 && UD_ACT_COUNT <= 16, "each has four bits in a row");

const ud_agent_rule_t *ud_agent_rule(ud_agent_state_t state, ud_agent_event_t event)
{
    for (const ud_agent_rule_t *rule = rules; rule < rules + sizeof rules / sizeof rules[0]; rule++) {
        if (rule->event == event && (rule->state == state || rule->state == UD_AGENT_ANY)) {
            return rule;
        }
    }
    return NULL;
}
