#include "agent/backoff.h"

#include "agent/timer.h"

uint32_t ud_backoff_ms(uint32_t base_ms, uint32_t max_ms, uint8_t failures, uint32_t retry_after_s, uint32_t chance)
{
    uint32_t bound_ms = base_ms < max_ms ? base_ms : max_ms;
    for (; failures > 1; failures--) {
        bound_ms = bound_ms < max_ms - bound_ms ? 2 * bound_ms : max_ms;
    }
    uint32_t spread_ms = (uint32_t)(((uint64_t)bound_ms * chance + bound_ms) >> 32);
    uint32_t wait_ms = ud_timer_sleep_ms(retry_after_s) + spread_ms;
    return wait_ms >= spread_ms ? wait_ms : UINT32_MAX;
}
