/* What updraft-sim says: lines for people, or one JSON object a line. */
#ifndef UD_SIM_STATUS_H
#define UD_SIM_STATUS_H

#include "sim/device.h"

#define UD_SIM_VERSIONS_MAX 16

typedef struct {
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    uint32_t count; /* devices that run it */
    uint32_t confirmed;
} ud_sim_version_count_t;

typedef struct {
    uint32_t states[UD_DEVICE_STATE_COUNT];
    uint32_t off;  /* between reset and start */
    uint32_t dead; /* no authentic image: must stay 0 */
    ud_sim_version_count_t versions[UD_SIM_VERSIONS_MAX];
    size_t version_count;
} ud_sim_count_t;

/* Counts the fleet anew. */
void ud_sim_count(const ud_sim_device_t *devices, uint32_t device_count, ud_sim_count_t *count);

/* Devices that run `version` for good. */
uint32_t ud_sim_count_confirmed(const ud_sim_count_t *count, const char *version);

/* One event of one device. For people only what is not everyday. */
void ud_sim_tell_event(const ud_sim_device_t *device, ud_sim_event_t event, double seconds, bool json);

/* The fleet, with `kind` "status" or "summary". */
void ud_sim_tell_count(const ud_sim_count_t *count, const char *kind, double seconds, bool json);

#endif
