#include "agent/budget.h"

#include "include/updraft/config.h"

static const struct {
    uint32_t period_ms; /* for which one is taken */
    uint32_t rest_ms;   /* until the bucket is full, when there is just one to take */
} limits[] = {
#define LIMIT(count, period_ms) {period_ms, ((count) - 1) * (period_ms)}
    LIMIT(UD_AGENT_SAVES_MAX, UD_AGENT_SAVE_PERIOD_MS),
    LIMIT(UD_AGENT_OFFERS_MAX, UD_AGENT_OFFER_PERIOD_MS),
    LIMIT(UD_AGENT_CHECKINS_MAX, UD_AGENT_CHECKIN_PERIOD_MS),
#undef LIMIT
};

bool ud_budget_take(ud_timers_t *timers, ud_timer_t bucket)
{
    uint32_t *full_ms = &timers->left_ms[bucket];
    uint32_t rest_ms = limits[bucket - UD_TIMER_SAVES].rest_ms;
    if (!ud_timers_wait(timers, *full_ms > rest_ms ? *full_ms - rest_ms : 0)) {
        return false;
    }
    *full_ms += limits[bucket - UD_TIMER_SAVES].period_ms;
    return true;
}
