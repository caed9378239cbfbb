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
 * A bucket is one number, the time when it is full again.
 */
#ifndef UD_AGENT_BUDGET_H
#define UD_AGENT_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { UD_BUDGET_SAVE, UD_BUDGET_OFFER, UD_BUDGET_CHECKIN, UD_BUDGET_COUNT } ud_budget_kind_t;

/* All zero: full. */
typedef struct {
    uint64_t full_ms[UD_BUDGET_COUNT];
} ud_budget_t;

/* When there is one to take: a time that has come, or is still to come. */
uint64_t ud_budget_ready_ms(const ud_budget_t *budget, ud_budget_kind_t kind);

/* Takes one, if there is one. */
bool ud_budget_take(ud_budget_t *budget, ud_budget_kind_t kind, uint64_t now_ms);

#endif
