#include "agent/budget.h"

#include "include/updraft/config.h"

static const struct {
    uint64_t period_ms;
    uint64_t span_ms; /* of an empty bucket until it is full */
} limits[UD_BUDGET_COUNT] = {
#define LIMIT(count, period_ms) {period_ms, (uint64_t)(count) * (period_ms)}
    [UD_BUDGET_SAVE] = LIMIT(UD_AGENT_SAVES_MAX, UD_AGENT_SAVE_PERIOD_MS),
    [UD_BUDGET_OFFER] = LIMIT(UD_AGENT_OFFERS_MAX, UD_AGENT_OFFER_PERIOD_MS),
    [UD_BUDGET_CHECKIN] = LIMIT(UD_AGENT_CHECKINS_MAX, UD_AGENT_CHECKIN_PERIOD_MS),
#undef LIMIT
};

uint64_t ud_budget_ready_ms(const ud_budget_t *budget, ud_budget_kind_t kind)
{
    uint64_t full_ms = budget->full_ms[kind] + limits[kind].period_ms;
    return full_ms > limits[kind].span_ms ? full_ms - limits[kind].span_ms : 0;
}

bool ud_budget_take(ud_budget_t *budget, ud_budget_kind_t kind, uint64_t now_ms)
{
    if (now_ms < ud_budget_ready_ms(budget, kind)) {
        return false;
    }
    uint64_t from_ms = budget->full_ms[kind] > now_ms ? budget->full_ms[kind] : now_ms;
    budget->full_ms[kind] = from_ms + limits[kind].period_ms;
    return true;
}
