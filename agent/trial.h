/* The trial of new firmware: it is confirmed when its self-test passed and the server answered, whatever the answer was
 * (over an authenticated channel that proves the device can be updated again), or it reverts. Parts of the agent.
 */
#ifndef UD_AGENT_TRIAL_H
#define UD_AGENT_TRIAL_H

#include "agent/machine.h"

/* PASSED, EXPIRED, or NONE with the next step no later than the next look. NONE when nothing is on trial. */
ud_agent_event_t ud_trial_watch(ud_agent_t *agent);

/* Makes the running image permanent; the result is reported next. */
void ud_trial_confirm(ud_agent_t *agent);

/* Asks boot for the image before, at the next start. */
void ud_trial_reject(ud_agent_t *agent);

#endif
