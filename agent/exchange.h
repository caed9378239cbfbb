/* One exchange with the server: request out, answer in, time limit. Parts of the agent; not for applications. */
#ifndef UD_AGENT_EXCHANGE_H
#define UD_AGENT_EXCHANGE_H

#include "include/updraft/agent.h"

/* Begins. A failure shows at the first ud_exchange_poll(). */
void ud_exchange_begin(ud_agent_t *agent, ud_request_kind_t kind);

/* Grants the answer, or the next record of a download, the whole time again. */
void ud_exchange_expect(ud_agent_t *agent);

/* Goes on until `want` bytes of body are in the buffer. UD_OK: something came, and there may be more at once; agent->answer tells
 * whether it is complete, agent->fill how much of its body is in the buffer. UD_ERR_WOULD_BLOCK: come back when the stream or
 * the clock says so. Other errors: no connection or no answer in time (UD_ERR_NETWORK), not an answer; the caller closes.
 */
UD_MUST_USE ud_err_t ud_exchange_poll(ud_agent_t *agent, size_t want);

/* Ends what is under way and closes the stream. */
void ud_exchange_close(ud_agent_t *agent);

/* Bytes that an answer may have: the buffer, but for the place of its decoded form. */
size_t ud_exchange_room(const ud_agent_t *agent);

/* Where the decoded form of an answer lies: behind that room, at the widest alignment. */
void *ud_exchange_scratch(const ud_agent_t *agent);

#endif
