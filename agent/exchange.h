/* One exchange with the server: request out, answer in, time limit. Parts of the agent; not for applications. */
#ifndef UD_AGENT_EXCHANGE_H
#define UD_AGENT_EXCHANGE_H

#include "include/updraft/agent.h"

typedef enum {
    UD_EXCHANGE_BUSY,   /* come back when the stream or the clock says so */
    UD_EXCHANGE_MOVED,  /* something came; there may be more at once */
    UD_EXCHANGE_DONE,   /* the answer is complete: agent->answer, and agent->fill bytes of body in the buffer */
    UD_EXCHANGE_FAILED, /* no connection, no answer in time, or not an answer; the stream is closed */
} ud_exchange_progress_t;

/* Begins. A failure shows at the first ud_exchange_poll(). */
void ud_exchange_begin(ud_agent_t *agent, ud_request_kind_t kind);

/* Grants the answer, or the next record of a download, the whole time again. */
void ud_exchange_expect(ud_agent_t *agent);

/* Goes on until `want` bytes of body are in the buffer. `*err` is set when FAILED. */
ud_exchange_progress_t ud_exchange_poll(ud_agent_t *agent, size_t want, ud_err_t *err);

/* Ends what is under way and closes the stream. */
void ud_exchange_close(ud_agent_t *agent);

/* Where the decoded form of an answer lies: at the end of the buffer, at the widest alignment. */
void *ud_exchange_scratch(const ud_agent_t *agent);

/* Bytes that an answer may have: the buffer, but for the place of its decoded form. */
size_t ud_exchange_room(const ud_agent_t *agent);

#endif
