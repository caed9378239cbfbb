/* How often a server may have the agent write flash: a token bucket for each thing that a server can order as often as it
 * answers. Honest use never empties one. Parts of the agent.
 *
 *     what                      at once   then one in   what it costs
 *     identity saved            8         an hour       two sectors of the identity's area
 *     offer accepted            8         an hour       the spare slot, each sector once; rows of the journal
 *     check-in when it is due   64        a second      every UD_AGENT_SEQUENCE_BLOCK-th a row of the journal
 *
 * Reports of progress are bounded by the downloads, which are bounded by the offers.
 * So the worst server costs 32 saves and 32 erases of the spare slot a day. The buckets are in RAM and full after a reset:
 * a server cannot order a reset but by an image that is signed for this device, complete, verified and staged.
 * A bucket is one timer (agent/timer.h): how long until it is full again, 0 when it is.
 */
#ifndef UD_AGENT_BUDGET_H
#define UD_AGENT_BUDGET_H

#include "agent/timer.h"

/* Takes one of UD_TIMER_SAVES, _OFFERS or _CHECKINS, if there is one; else the next step comes no later than there is. */
bool ud_budget_take(ud_timers_t *timers, ud_timer_t bucket);

#endif
