/* Who is next: a binary heap of wake-up times, one entry for each device, moved in place when its time changes. */
#ifndef UD_SIM_SCHEDULE_H
#define UD_SIM_SCHEDULE_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t *at_ms; /* by device */
    uint32_t *place; /* by device: where in the heap */
    uint32_t *heap;  /* devices, the soonest first */
    uint32_t count;
} ud_schedule_t;

/* All `count` devices, at UINT64_MAX. Errors: UD_ERR_INTERNAL (no memory). */
UD_MUST_USE ud_err_t ud_schedule_init(ud_schedule_t *schedule, uint32_t count);
void ud_schedule_free(ud_schedule_t *schedule);

/* Moves the device's time. */
void ud_schedule_set(ud_schedule_t *schedule, uint32_t device, uint64_t at_ms);

/* The device whose time comes first, and that time. */
uint32_t ud_schedule_first(const ud_schedule_t *schedule, uint64_t *at_ms);

#endif
