/* What an answer of the server means for the machine. Parts of the agent. */
#ifndef UD_AGENT_ANSWER_H
#define UD_AGENT_ANSWER_H

#include "agent/machine.h"

/* DONE (a token came: it lies in ud_exchange_scratch()), PENDING, or what the status says. */
ud_agent_event_t ud_answer_to_register(ud_agent_t *agent);

/* DONE, INSTALL, REFUSED, CANCEL, REGISTER, RETIRED, or what the status says. Acknowledges what was reported. */
ud_agent_event_t ud_answer_to_checkin(ud_agent_t *agent);

#endif
