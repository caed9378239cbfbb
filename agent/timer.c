#include "agent/timer.h"

#include "include/updraft/config.h"

void ud_timers_pass(ud_timers_t *timers, uint64_t passed_ms)
{
    for (unsigned i = 0; i < UD_TIMER_COUNT; i++) {
        timers->left_ms[i] = timers->left_ms[i] > passed_ms ? timers->left_ms[i] - (uint32_t)passed_ms : 0;
    }
    timers->wait_ms = UINT32_MAX;
}

bool ud_timers_wait(ud_timers_t *timers, uint32_t left_ms)
{
    if (left_ms == 0) {
        return true;
    }
    timers->wait_ms = left_ms < timers->wait_ms ? left_ms : timers->wait_ms;
    return false;
}

uint32_t ud_timer_ms(uint32_t count, uint32_t unit_ms)
{
    uint64_t product_ms = (uint64_t)count * unit_ms;
    return product_ms < UINT32_MAX ? (uint32_t)product_ms : UINT32_MAX;
}

uint32_t ud_timer_sleep_ms(uint32_t wait_s)
{
    return (wait_s < UD_AGENT_SLEEP_MAX_S ? wait_s : UD_AGENT_SLEEP_MAX_S) * 1000;
}
