#include "agent/backoff.h"

#include "agent/timer.h"
#include "include/updraft/config.h"

uint32_t ud_backoff_ms(uint32_t base_ms, uint32_t max_ms, uint8_t failures, uint32_t retry_after_s, uint32_t chance)
{
    uint32_t bound_ms = base_ms;
    for (; failures > 1 && bound_ms < max_ms; failures--) {
        bound_ms = ud_timer_ms(bound_ms, 2);
    }
    bound_ms = bound_ms < max_ms ? bound_ms : max_ms;
    uint32_t after_s = retry_after_s < UD_AGENT_SLEEP_MAX_S ? retry_after_s : UD_AGENT_SLEEP_MAX_S;
    uint64_t wait_ms = after_s * UINT64_C(1000) + (((uint64_t)bound_ms + 1) * chance >> 32);
    return wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX;
}
