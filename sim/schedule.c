#include "sim/schedule.h"

#include "core/base/assert.h"

#include <stdlib.h>

ud_err_t ud_schedule_init(ud_schedule_t *schedule, uint32_t count)
{
    *schedule = (ud_schedule_t){
        .at_ms = calloc(count, sizeof *schedule->at_ms),
        .place = calloc(count, sizeof *schedule->place),
        .heap = calloc(count, sizeof *schedule->heap),
        .count = count,
    };
    if (schedule->at_ms == NULL || schedule->place == NULL || schedule->heap == NULL) {
        ud_schedule_free(schedule);
        return UD_ERR_INTERNAL;
    }
    for (uint32_t device = 0; device < count; device++) {
        schedule->at_ms[device] = UINT64_MAX;
        schedule->place[device] = device;
        schedule->heap[device] = device;
    }
    return UD_OK;
}

void ud_schedule_free(ud_schedule_t *schedule)
{
    free(schedule->at_ms);
    free(schedule->place);
    free(schedule->heap);
    *schedule = (ud_schedule_t){0};
}

static uint64_t at(const ud_schedule_t *schedule, uint32_t place)
{
    return schedule->at_ms[schedule->heap[place]];
}

static void swap(ud_schedule_t *schedule, uint32_t left, uint32_t right)
{
    uint32_t device = schedule->heap[left];
    schedule->heap[left] = schedule->heap[right];
    schedule->heap[right] = device;
    schedule->place[schedule->heap[left]] = left;
    schedule->place[schedule->heap[right]] = right;
}

static uint32_t soonest_below(const ud_schedule_t *schedule, uint32_t place)
{
    uint32_t soonest = place;
    for (uint32_t child = 2 * place + 1; child <= 2 * place + 2 && child < schedule->count; child++) {
        if (at(schedule, child) < at(schedule, soonest)) {
            soonest = child;
        }
    }
    return soonest;
}

void ud_schedule_set(ud_schedule_t *schedule, uint32_t device, uint64_t at_ms)
{
    uint32_t place = schedule->place[device];
    schedule->at_ms[device] = at_ms;
    while (place > 0 && at(schedule, place) < at(schedule, (place - 1) / 2)) {
        swap(schedule, place, (place - 1) / 2);
        place = (place - 1) / 2;
    }
    for (uint32_t next = soonest_below(schedule, place); next != place; next = soonest_below(schedule, place)) {
        swap(schedule, place, next);
        place = next;
    }
}

uint32_t ud_schedule_first(const ud_schedule_t *schedule, uint64_t *at_ms)
{
    *at_ms = at(schedule, 0);
    return schedule->heap[0];
}
