/* The application's program, as far as updates go: one agent, stepped for ever. */
#include "ports/skeleton/port.h"

#define CHUNK_SIZE_MAX UD_CHUNK_SIZE_DEFAULT

static ud_agent_t agent;
static ud_journal_t journal;
static uint8_t buffer[UD_AGENT_BUFFER_SIZE(CHUNK_SIZE_MAX)] __attribute__((aligned(8)));

int main(void)
{
    ud_err_t err = ud_agent_init(&agent, &ud_skeleton_port, &ud_skeleton_agent, &journal, buffer, sizeof buffer,
                                 ud_skeleton_now_ms());
    /* nothing to do about it here: the configuration or the geometry is wrong, which a first start on the desk shows */
    while (err == UD_OK) {
        uint64_t wake_ms;
        ud_agent_step(&agent, ud_skeleton_now_ms(), &wake_ms);
        ud_port_watchdog_feed(&ud_skeleton_port);
        ud_skeleton_sleep_until(wake_ms);
    }
    return 1;
}
