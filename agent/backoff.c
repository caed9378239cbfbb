#include "agent/backoff.h"

#include "include/updraft/config.h"

/* Doublings after which any base of a millisecond or more is above 32 bits. */
#define DOUBLINGS_MAX 32

uint64_t ud_backoff_ms(uint32_t base_ms, uint32_t max_ms, uint8_t failures, uint32_t retry_after_s, uint32_t chance)
{
    uint8_t doublings = failures > 0 ? (uint8_t)(failures - 1) : 0;
    uint64_t bound_ms = max_ms;
    if (doublings < DOUBLINGS_MAX && ((uint64_t)base_ms << doublings) < max_ms) {
        bound_ms = (uint64_t)base_ms << doublings;
    }
    uint64_t spread_ms = ((bound_ms + 1) * chance) >> 32;
    uint32_t after_s = retry_after_s < UD_AGENT_SLEEP_MAX_S ? retry_after_s : UD_AGENT_SLEEP_MAX_S;
    return after_s * UINT64_C(1000) + spread_ms;
}
