/* What the agent tells the server: check-ins, and results that must arrive exactly once. Parts of the agent.
 *
 * A result (confirmed, reverted, failed, refused, cancelled) is repeated until a check-in that carries it is answered, if
 * only by the word that the server does not know that update.
 * What a reset may not lose stands in the journal's report row: the update that boot was asked to install, from before
 * ud_slot_stage() until its outcome was reported. What became of it shows in boot's words and in the running image.
 */
#ifndef UD_AGENT_REPORT_H
#define UD_AGENT_REPORT_H

#include "core/base/cursor.h"
#include "include/updraft/agent.h"

/* Reads the report row after a reset and finds out what became of the update it names; `status` is boot's word. */
void ud_report_open(ud_agent_t *agent, const ud_slot_status_t *status);

/* Puts the version of the running image under `key`, its digest under the next one. */
void ud_report_image(const ud_agent_t *agent, uint8_t key, ud_writer_t *pairs);

/* Encodes the check-in of this moment, behind the device's id; the same numbers again if nothing changed since one that was
 * not answered.
 */
void ud_report_encode(ud_agent_t *agent, ud_writer_t *pairs);

/* The progress of this moment is known: the next report of it is due after its interval, or the next step of percent. */
void ud_report_progress(ud_agent_t *agent);

/* A check-in was answered: what it carried is done with. */
void ud_report_acknowledged(ud_agent_t *agent);

/* The server does not know the update of the last check-in: result and row of it go, nothing of it is reported again. */
void ud_report_forget(ud_agent_t *agent);

/* Sets the result to be reported next. */
void ud_report_result(ud_agent_t *agent, uint32_t update_id, ud_device_state_t state, ud_err_t err);

/* Notes in the journal that agent->update is to be installed. Errors: UD_ERR_JOURNAL_WORN. */
UD_MUST_USE ud_err_t ud_report_keep(ud_agent_t *agent);

/* Takes the note out again; nothing is written if there is none. A journal that takes no rows is no reason to report it any
 * more before the next reset, which finds the note once again.
 */
void ud_report_drop(ud_agent_t *agent);

/* Tells the progress hook, if something changed. */
void ud_report_tell(ud_agent_t *agent);

#endif
