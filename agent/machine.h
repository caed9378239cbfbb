/* The agent's machine as a table: (state, event) -> action, next. A row of ANY is of all states without one of
 * their own for its event; what has no row at all is rejected, agent.c says how.
 * docs/device.md, "Agent", shows the same table; tests/unit/agent/test_machine.c walks every pair.
 */
#ifndef UD_AGENT_MACHINE_H
#define UD_AGENT_MACHINE_H

#include "include/updraft/agent.h"

/* What may happen. The work of a state (agent.c) finds out; NONE means: nothing yet, stay. */
typedef enum {
    UD_EVENT_NONE,
    UD_EVENT_DUE,      /* the time to register, check in or report has come */
    UD_EVENT_BLANK,    /* there is no identity in flash */
    UD_EVENT_DONE,     /* the work of this state is complete, what it waited for has come */
    UD_EVENT_MORE,     /* a part of it is: a chunk came, a chunk is written */
    UD_EVENT_HOLD,     /* window, battery or application stopped the download */
    UD_EVENT_FAILED,   /* try again later */
    UD_EVENT_FATAL,    /* this update cannot succeed, was refused, or the server takes it back */
    UD_EVENT_DENIED,   /* the server does not take the token or secret */
    UD_EVENT_UNKNOWN,  /* the server does not know the device, or wants it to register again */
    UD_EVENT_PENDING,  /* a person has to approve the device */
    UD_EVENT_ORPHANED, /* the server does not know the update that was reported */
    UD_EVENT_RETIRED,  /* the device is out of service */
    UD_EVENT_INSTALL,  /* an offer was accepted */
    UD_EVENT_PASSED,   /* on trial: self-test passed and the server answered */
    UD_EVENT_EXPIRED,  /* on trial: self-test failed, or no contact in time */
    UD_EVENT_COUNT
} ud_agent_event_t;

typedef enum {
    UD_ACT_NONE,
    UD_ACT_REGISTER, /* begin the exchange */
    UD_ACT_CHECK_IN, /* begin the exchange */
    UD_ACT_RENEW,    /* begin the exchange */
    UD_ACT_SAVE,     /* begin to save the identity: with the token that came, or a new one without */
    UD_ACT_SETTLE,   /* the exchange is over; the next is due when the server said */
    UD_ACT_BACK_OFF, /* the exchange is over; try again after a while */
    UD_ACT_AGAIN,    /* what was interrupted goes on; a check-in is due at once */
    UD_ACT_HOLD,     /* the download stops; say why at once */
    UD_ACT_ACCEPT,   /* take back what boot was asked for before, wait for a good moment */
    UD_ACT_GIVE_UP,  /* forget the update and report why */
    UD_ACT_FORGET,   /* drop the update that was reported without a word, ask again after a while */
    UD_ACT_REBOOT,   /* ask boot to install, and reset */
    UD_ACT_CONFIRM,  /* the trial is passed */
    UD_ACT_REJECT,   /* the trial failed: boot shall revert */
    UD_ACT_RETIRE,   /* forget the update, sleep */
    UD_ACT_COUNT
} ud_agent_action_t;

/* As `next`: the state that the exchange interrupted (ud_agent_t.home). As `state`: each that has no row of its own. */
#define UD_AGENT_HOME UD_AGENT_STATE_COUNT
#define UD_AGENT_ANY UD_AGENT_STATE_COUNT

typedef struct {
    uint8_t state : 4;  /* ud_agent_state_t or UD_AGENT_ANY */
    uint8_t event : 4;  /* ud_agent_event_t */
    uint8_t action : 4; /* ud_agent_action_t */
    uint8_t next : 4;   /* ud_agent_state_t or UD_AGENT_HOME */
} ud_agent_rule_t;

/* For writes whose loss costs nothing but what the comment beside the call says. */
static inline void ud_agent_may_fail(ud_err_t err)
{
    (void)err;
}

/* Random bits, or, from a port that has none just now, a poor spread, which is better than none. */
uint32_t ud_agent_draw(const ud_agent_t *agent);

/* The row, or NULL where there is none. */
const ud_agent_rule_t *ud_agent_rule(ud_agent_state_t state, ud_agent_event_t event);

#endif
