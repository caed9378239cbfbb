/* The board's own side of the port: what its two programs share. */
#ifndef UD_SKELETON_PORT_H
#define UD_SKELETON_PORT_H

#include "include/updraft/agent.h"
#include "include/updraft/boot.h"

/* The board; there is one. */
extern ud_port_t ud_skeleton_port;

/* Where an area begins for the processor; 0 for one that it cannot execute from. */
uint32_t ud_skeleton_address(ud_area_t area);

/* Milliseconds since the last reset; goes on while the processor sleeps. */
uint64_t ud_skeleton_now_ms(void);

/* Sleeps until that time, or until the network stream has something to say. */
void ud_skeleton_sleep_until(uint64_t wake_ms);

/* What the product decides (product.c). */
extern const ud_boot_config_t ud_skeleton_boot;
extern const ud_agent_config_t ud_skeleton_agent;

#endif
