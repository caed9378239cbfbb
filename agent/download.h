/* The download: which bytes to ask for, records to chunks to flash, and where to go on after a power cut.
 * Parts of the agent.
 *
 * The artifact's records are asked for in spans: one Range request brings many, and ends where a report of progress is
 * due, so that one stream serves both. A span covers report_step_percent of the artifact at most, and about
 * report_interval_ms of a slow link: it is halved when it took longer, doubled when it took less than half.
 */
#ifndef UD_AGENT_DOWNLOAD_H
#define UD_AGENT_DOWNLOAD_H

#include "agent/machine.h"

/* Takes up agent->update where the journal has it, or anew. Errors: UD_ERR_JOURNAL_WORN. */
UD_MUST_USE ud_err_t ud_download_begin(ud_agent_t *agent);

/* Fills in the range and address of the next span. */
void ud_download_request(ud_agent_t *agent, ud_request_t *request);

/* True if progress is to be reported before more is asked for. */
bool ud_download_report_due(const ud_agent_t *agent);

/* Receives: MORE when a chunk that matched the chain is at hand; otherwise as in the table of states. */
ud_agent_event_t ud_download_receive(ud_agent_t *agent);

/* Writes the chunk at hand, a step of it: NONE (call again), MORE (it is in flash), FATAL. */
ud_agent_event_t ud_download_write(ud_agent_t *agent);

#endif
