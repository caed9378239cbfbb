/* What an answer of the server means for the machine. Parts of the agent. */
#ifndef UD_AGENT_ANSWER_H
#define UD_AGENT_ANSWER_H

#include "agent/machine.h"

/* The complete answer to agent->request, a message. Of a registration or a token: DONE (a token came: it lies in
 * ud_exchange_scratch()) or PENDING. Of a check-in: DONE, INSTALL, FATAL (refused or cancelled), UNKNOWN (to register again)
 * or RETIRED; what was reported is acknowledged. Of any: what its status says, or FAILED.
 */
ud_agent_event_t ud_answer_judge(ud_agent_t *agent);

#endif
