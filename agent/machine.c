#include "agent/machine.h"

#define RULE(action, next) {1, UD_ACT_##action, UD_AGENT_##next}

/* clang-format off */
static const ud_agent_rule_t rules[UD_AGENT_STATE_COUNT][UD_EVENT_COUNT] = {
    [UD_AGENT_UNREGISTERED] = {
        [UD_EVENT_BLANK]    = RULE(DRAW_IDENTITY, SAVING),
        [UD_EVENT_DUE]      = RULE(REGISTER,      REGISTERING),
        [UD_EVENT_PASSED]   = RULE(CONFIRM,       UNREGISTERED),
        [UD_EVENT_EXPIRED]  = RULE(REJECT,        UNREGISTERED),
    },
    [UD_AGENT_REGISTERING] = {
        [UD_EVENT_DONE]     = RULE(KEEP_TOKEN,    SAVING),
        [UD_EVENT_PENDING]  = RULE(SETTLE,        PENDING),
        [UD_EVENT_FAILED]   = RULE(BACK_OFF,      UNREGISTERED),
        [UD_EVENT_DENIED]   = RULE(BACK_OFF,      UNREGISTERED),
        [UD_EVENT_UNKNOWN]  = RULE(BACK_OFF,      UNREGISTERED),
        [UD_EVENT_ORPHANED] = RULE(BACK_OFF,      UNREGISTERED),
        [UD_EVENT_RETIRED]  = RULE(RETIRE,        RETIRED),
        [UD_EVENT_EXPIRED]  = RULE(REJECT,        REGISTERING),
    },
    [UD_AGENT_PENDING] = {
        [UD_EVENT_DUE]      = RULE(REGISTER,      REGISTERING),
        [UD_EVENT_PASSED]   = RULE(CONFIRM,       PENDING),
        [UD_EVENT_EXPIRED]  = RULE(REJECT,        PENDING),
    },
    [UD_AGENT_SAVING] = {
        [UD_EVENT_DONE]     = RULE(AGAIN,         HOME),
        [UD_EVENT_MORE]     = RULE(AGAIN,         UNREGISTERED),
        [UD_EVENT_FAILED]   = RULE(BACK_OFF,      UNREGISTERED),
    },
    [UD_AGENT_IDLE] = {
        [UD_EVENT_DUE]      = RULE(CHECK_IN,      CHECKING),
    },
    [UD_AGENT_CHECKING] = {
        [UD_EVENT_DONE]     = RULE(SETTLE,        HOME),
        [UD_EVENT_INSTALL]  = RULE(ACCEPT,        WAITING),
        [UD_EVENT_REFUSED]  = RULE(GIVE_UP,       IDLE),
        [UD_EVENT_CANCEL]   = RULE(GIVE_UP,       IDLE),
        [UD_EVENT_REGISTER] = RULE(BACK_OFF,      UNREGISTERED),
        [UD_EVENT_UNKNOWN]  = RULE(BACK_OFF,      UNREGISTERED),
        [UD_EVENT_DENIED]   = RULE(RENEW,         RENEWING),
        [UD_EVENT_RETIRED]  = RULE(RETIRE,        RETIRED),
        [UD_EVENT_ORPHANED] = RULE(FORGET,        HOME),
        [UD_EVENT_FAILED]   = RULE(BACK_OFF,      HOME),
        [UD_EVENT_EXPIRED]  = RULE(REJECT,        CHECKING),
    },
    [UD_AGENT_RENEWING] = {
        [UD_EVENT_DONE]     = RULE(KEEP_TOKEN,    SAVING),
        [UD_EVENT_PENDING]  = RULE(SETTLE,        PENDING),
        [UD_EVENT_DENIED]   = RULE(BACK_OFF,      UNREGISTERED),
        [UD_EVENT_UNKNOWN]  = RULE(BACK_OFF,      UNREGISTERED),
        [UD_EVENT_RETIRED]  = RULE(RETIRE,        RETIRED),
        [UD_EVENT_ORPHANED] = RULE(BACK_OFF,      HOME),
        [UD_EVENT_FAILED]   = RULE(BACK_OFF,      HOME),
        [UD_EVENT_EXPIRED]  = RULE(REJECT,        RENEWING),
    },
    [UD_AGENT_WAITING] = {
        [UD_EVENT_GO]       = RULE(NONE,          DOWNLOADING),
        [UD_EVENT_DUE]      = RULE(CHECK_IN,      CHECKING),
        [UD_EVENT_FATAL]    = RULE(GIVE_UP,       IDLE),
    },
    [UD_AGENT_DOWNLOADING] = {
        [UD_EVENT_MORE]     = RULE(NONE,          WRITING),
        [UD_EVENT_DONE]     = RULE(NONE,          VERIFYING),
        [UD_EVENT_HOLD]     = RULE(HOLD,          WAITING),
        [UD_EVENT_DUE]      = RULE(CHECK_IN,      CHECKING),
        [UD_EVENT_DENIED]   = RULE(RENEW,         RENEWING),
        [UD_EVENT_FAILED]   = RULE(BACK_OFF,      DOWNLOADING),
        [UD_EVENT_FATAL]    = RULE(GIVE_UP,       IDLE),
    },
    [UD_AGENT_WRITING] = {
        [UD_EVENT_MORE]     = RULE(NONE,          DOWNLOADING),
        [UD_EVENT_FATAL]    = RULE(GIVE_UP,       IDLE),
    },
    [UD_AGENT_VERIFYING] = {
        [UD_EVENT_DONE]     = RULE(STAGE,         STAGED),
        [UD_EVENT_FATAL]    = RULE(GIVE_UP,       IDLE),
    },
    [UD_AGENT_STAGED] = {
        [UD_EVENT_DUE]      = RULE(CHECK_IN,      CHECKING),
        [UD_EVENT_GO]       = RULE(REBOOT,        STAGED),
        [UD_EVENT_FATAL]    = RULE(GIVE_UP,       IDLE),
    },
    [UD_AGENT_TRIAL] = {
        [UD_EVENT_DUE]      = RULE(CHECK_IN,      CHECKING),
        [UD_EVENT_PASSED]   = RULE(CONFIRM,       IDLE),
        [UD_EVENT_EXPIRED]  = RULE(REJECT,        TRIAL),
    },
    [UD_AGENT_RETIRED] = {
        [UD_EVENT_DUE]      = RULE(REGISTER,      REGISTERING),
        [UD_EVENT_PASSED]   = RULE(CONFIRM,       RETIRED),
        [UD_EVENT_EXPIRED]  = RULE(REJECT,        RETIRED),
    },
};
/* clang-format on */

const ud_agent_rule_t *ud_agent_rule(ud_agent_state_t state, ud_agent_event_t event)
{
    if ((unsigned)state >= UD_AGENT_STATE_COUNT || (unsigned)event >= UD_EVENT_COUNT) {
        return NULL;
    }
    const ud_agent_rule_t *rule = &rules[state][event];
    return rule->valid ? rule : NULL;
}
