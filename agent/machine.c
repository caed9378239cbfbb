#include "agent/machine.h"

#define RULE(state, event, action, next) {UD_AGENT_##state, UD_AGENT_##next, UD_EVENT_##event, UD_ACT_##action}

/* clang-format off */
static const ud_agent_rule_t rules[] = {
    RULE(UNREGISTERED, BLANK,    DRAW_IDENTITY, SAVING),
    RULE(UNREGISTERED, DUE,      REGISTER,      REGISTERING),
    RULE(UNREGISTERED, PASSED,   CONFIRM,       UNREGISTERED),
    RULE(UNREGISTERED, EXPIRED,  REJECT,        UNREGISTERED),

    RULE(REGISTERING,  DONE,     KEEP_TOKEN,    SAVING),
    RULE(REGISTERING,  PENDING,  SETTLE,        PENDING),
    RULE(REGISTERING,  FAILED,   BACK_OFF,      UNREGISTERED),
    RULE(REGISTERING,  DENIED,   BACK_OFF,      UNREGISTERED),
    RULE(REGISTERING,  UNKNOWN,  BACK_OFF,      UNREGISTERED),
    RULE(REGISTERING,  ORPHANED, BACK_OFF,      UNREGISTERED),
    RULE(REGISTERING,  RETIRED,  RETIRE,        RETIRED),
    RULE(REGISTERING,  EXPIRED,  REJECT,        REGISTERING),

    RULE(PENDING,      DUE,      REGISTER,      REGISTERING),
    RULE(PENDING,      PASSED,   CONFIRM,       PENDING),
    RULE(PENDING,      EXPIRED,  REJECT,        PENDING),

    RULE(SAVING,       DONE,     AGAIN,         HOME),
    RULE(SAVING,       MORE,     AGAIN,         UNREGISTERED),
    RULE(SAVING,       FAILED,   BACK_OFF,      UNREGISTERED),

    RULE(IDLE,         DUE,      CHECK_IN,      CHECKING),

    RULE(CHECKING,     DONE,     SETTLE,        HOME),
    RULE(CHECKING,     INSTALL,  ACCEPT,        WAITING),
    RULE(CHECKING,     REFUSED,  GIVE_UP,       IDLE),
    RULE(CHECKING,     CANCEL,   GIVE_UP,       IDLE),
    RULE(CHECKING,     REGISTER, BACK_OFF,      UNREGISTERED),
    RULE(CHECKING,     UNKNOWN,  BACK_OFF,      UNREGISTERED),
    RULE(CHECKING,     DENIED,   RENEW,         RENEWING),
    RULE(CHECKING,     RETIRED,  RETIRE,        RETIRED),
    RULE(CHECKING,     ORPHANED, FORGET,        HOME),
    RULE(CHECKING,     FAILED,   BACK_OFF,      HOME),
    RULE(CHECKING,     EXPIRED,  REJECT,        CHECKING),

    RULE(RENEWING,     DONE,     KEEP_TOKEN,    SAVING),
    RULE(RENEWING,     PENDING,  SETTLE,        PENDING),
    RULE(RENEWING,     DENIED,   BACK_OFF,      UNREGISTERED),
    RULE(RENEWING,     UNKNOWN,  BACK_OFF,      UNREGISTERED),
    RULE(RENEWING,     RETIRED,  RETIRE,        RETIRED),
    RULE(RENEWING,     ORPHANED, BACK_OFF,      HOME),
    RULE(RENEWING,     FAILED,   BACK_OFF,      HOME),
    RULE(RENEWING,     EXPIRED,  REJECT,        RENEWING),

    RULE(WAITING,      GO,       NONE,          DOWNLOADING),
    RULE(WAITING,      DUE,      CHECK_IN,      CHECKING),
    RULE(WAITING,      FATAL,    GIVE_UP,       IDLE),

    RULE(DOWNLOADING,  MORE,     NONE,          WRITING),
    RULE(DOWNLOADING,  DONE,     NONE,          VERIFYING),
    RULE(DOWNLOADING,  HOLD,     HOLD,          WAITING),
    RULE(DOWNLOADING,  DUE,      CHECK_IN,      CHECKING),
    RULE(DOWNLOADING,  DENIED,   RENEW,         RENEWING),
    RULE(DOWNLOADING,  FAILED,   BACK_OFF,      DOWNLOADING),
    RULE(DOWNLOADING,  FATAL,    GIVE_UP,       IDLE),

    RULE(WRITING,      MORE,     NONE,          DOWNLOADING),
    RULE(WRITING,      FATAL,    GIVE_UP,       IDLE),

    RULE(VERIFYING,    DONE,     STAGE,         STAGED),
    RULE(VERIFYING,    FATAL,    GIVE_UP,       IDLE),

    RULE(STAGED,       DUE,      CHECK_IN,      CHECKING),
    RULE(STAGED,       GO,       REBOOT,        STAGED),
    RULE(STAGED,       FATAL,    GIVE_UP,       IDLE),

    RULE(TRIAL,        DUE,      CHECK_IN,      CHECKING),
    RULE(TRIAL,        PASSED,   CONFIRM,       IDLE),
    RULE(TRIAL,        EXPIRED,  REJECT,        TRIAL),

    RULE(RETIRED,      DUE,      REGISTER,      REGISTERING),
    RULE(RETIRED,      PASSED,   CONFIRM,       RETIRED),
    RULE(RETIRED,      EXPIRED,  REJECT,        RETIRED),
};
/* clang-format on */

_Static_assert(UD_AGENT_HOME < 16, "a state has four bits in a row");

const ud_agent_rule_t *ud_agent_rule(ud_agent_state_t state, ud_agent_event_t event)
{
    for (const ud_agent_rule_t *rule = rules; rule < rules + sizeof rules / sizeof rules[0]; rule++) {
        if (rule->state == state && rule->event == event) {
            return rule;
        }
    }
    return NULL;
}
