/* One simulated device: a board, and on it the real boot and the real agent. A reset throws away all of its RAM. */
#ifndef UD_SIM_DEVICE_H
#define UD_SIM_DEVICE_H

#include "include/updraft/agent.h"
#include "include/updraft/boot.h"
#include "ports/posix/board.h"
#include "sim/options.h"

typedef enum {
    UD_SIM_POWER_CUT_DOWNLOAD = 1,
    UD_SIM_POWER_CUT_SWAP = 2,
    UD_SIM_DROP = 4,
} ud_sim_fault_t;

typedef enum {
    UD_SIM_EVENT_STATE, /* the agent's state changed: state, err */
    UD_SIM_EVENT_BOOTED,
    UD_SIM_EVENT_RESET,
    UD_SIM_EVENT_CRASHED,
    UD_SIM_EVENT_POWER_CUT,
    UD_SIM_EVENT_CONNECTION_LOST,
    UD_SIM_EVENT_DEAD, /* no authentic image, or the agent could not start: a bug */
    UD_SIM_EVENT_COUNT
} ud_sim_event_t;

/* What all devices of a fleet share. */
typedef struct {
    const ud_sim_options_t *options;
    ud_boot_config_t boot;
    ud_agent_config_t agent;    /* without the id and the hooks' context */
    ud_transport_t unreachable; /* of firmware that cannot reach the server */
    ud_flash_pool_t *pool;
    uint8_t **buffers; /* lent to devices that are not resting */
    size_t buffer_count;
    size_t buffer_size;
    void (*event)(void *context, uint32_t device, ud_sim_event_t event);
    void *event_context;
} ud_sim_world_t;

typedef struct {
    ud_port_t *board;
    const ud_sim_world_t *world;
    uint32_t index;
    char id[UD_DEVICE_ID_SIZE_MAX + 1];
    uint8_t faults; /* still to come: ud_sim_fault_t */
    bool on;
    bool dead;
    uint8_t firmware;   /* how the running image behaves */
    uint64_t paused_ms; /* deaf to the network before: the speed limit */

    /* RAM of the device */
    ud_agent_config_t config;
    ud_agent_t agent;
    ud_journal_t journal;
    uint8_t *buffer; /* NULL while resting */

    /* what an observer saw last, kept over resets */
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    uint8_t state; /* ud_device_state_t */
    uint8_t percent;
    ud_err_t err;
    bool confirmed;
    uint32_t resets;
} ud_sim_device_t;

/* Fills in what options decide; `event` hears what happens to devices. Errors: UD_ERR_INTERNAL (no memory). */
UD_MUST_USE ud_err_t ud_sim_world_init(ud_sim_world_t *world, const ud_sim_options_t *options,
                                       void (*event)(void *context, uint32_t device, ud_sim_event_t event),
                                       void *event_context);
void ud_sim_world_free(ud_sim_world_t *world);

/* A new device with the first image in slot A, off. Errors: those of ud_board_create. */
UD_MUST_USE ud_err_t ud_sim_device_init(ud_sim_device_t *device, ud_sim_world_t *world, uint32_t index, uint8_t faults);
void ud_sim_device_free(ud_sim_device_t *device);

/* Lets it run until it has nothing to do; gives when to call again at the latest. */
uint64_t ud_sim_device_run(ud_sim_device_t *device, ud_sim_world_t *world, uint64_t now_ms);

#endif
