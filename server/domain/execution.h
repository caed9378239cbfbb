/* Execution: one device x one rollout x one attempt, from the offer to the outcome.
 *
 *              offer            first report           verified, staged, trial
 *      NONE ---------> OFFERED -------------> DOWNLOADING -----------------> UPDATING --+--> SUCCEEDED
 *       ^                 |                        |                            |       +--> ROLLED_BACK
 *       |                 +-------- failed, refused, timed out -----------------+----------> FAILED
 *       |                                          | and may be tried again                    |
 *       +--- backoff passed: a new attempt --- RETRY             a late success still counts: SUCCEEDED
 *
 * CANCELLED: taken back by a halt before the install; the device waits in its rollout again. While the rollout goes on a
 * report of CANCELLED is a failed attempt, so that no device makes executions without end. The transitions by what devices
 * report are one const table (execution.c); a test goes through every cell.
 */
#ifndef UD_DOMAIN_EXECUTION_H
#define UD_DOMAIN_EXECUTION_H

#include "core/base/err.h"
#include "core/proto/message.h"
#include "server/domain/view.h"

/* Kept in the database: numbers never change. */
typedef enum {
    UD_EXECUTION_NONE = 0,
    UD_EXECUTION_OFFERED = 1,
    UD_EXECUTION_DOWNLOADING = 2,
    UD_EXECUTION_UPDATING = 3,
    UD_EXECUTION_RETRY = 4, /* an attempt failed; the next waits for its time */
    UD_EXECUTION_SUCCEEDED = 5,
    UD_EXECUTION_FAILED = 6,
    UD_EXECUTION_ROLLED_BACK = 7,
    UD_EXECUTION_CANCELLED = 8,
    UD_EXECUTION_STATE_COUNT
} ud_execution_state_t;

/* Where a report about this execution leads; the same state where it changes nothing. */
ud_execution_state_t ud_execution_next(ud_execution_state_t state, ud_device_state_t reported);

/* Offered, downloading or updating: the device is busy with it. */
bool ud_execution_is_busy(ud_execution_state_t state);

/* Busy, or waiting for the next attempt. */
bool ud_execution_is_open(ud_execution_state_t state);

/* Succeeded, failed or rolled back: counts as an outcome. */
bool ud_execution_is_final(ud_execution_state_t state);

/* A failure that another attempt may mend: transport, flash, time, a cancel; never a verdict on the image itself. */
bool ud_execution_may_retry(ud_err_t err);

/* What a person sees. */
ud_view_state_t ud_execution_view(ud_execution_state_t state);

/* Stable name, for event texts. */
const char *ud_execution_name(ud_execution_state_t state);

#endif
