#include "sim/status.h"

#include <stdio.h>
#include <string.h>

static const char *const state_names[UD_DEVICE_STATE_COUNT] = {
    "idle",      "waiting",  "downloading", "verifying", "staged",    "trial",
    "confirmed", "reverted", "failed",      "refused",   "cancelled",
};

static const char *const event_names[UD_SIM_EVENT_COUNT] = {
    [UD_SIM_EVENT_STATE] = "state",         [UD_SIM_EVENT_BOOTED] = "booted",
    [UD_SIM_EVENT_RESET] = "reset",         [UD_SIM_EVENT_CRASHED] = "crashed",
    [UD_SIM_EVENT_POWER_CUT] = "power_cut", [UD_SIM_EVENT_CONNECTION_LOST] = "connection_lost",
    [UD_SIM_EVENT_DEAD] = "dead",
};

static void count_version(ud_sim_count_t *count, const ud_sim_device_t *device)
{
    size_t index = 0;
    while (index < count->version_count && strcmp(count->versions[index].version, device->version) != 0) {
        index++;
    }
    if (index == UD_SIM_VERSIONS_MAX) {
        return;
    }
    if (index == count->version_count) {
        count->version_count++;
        memcpy(count->versions[index].version, device->version, sizeof device->version);
    }
    count->versions[index].count++;
    count->versions[index].confirmed += device->confirmed ? 1 : 0;
}

void ud_sim_count(const ud_sim_device_t *devices, uint32_t device_count, ud_sim_count_t *count)
{
    memset(count, 0, sizeof *count); /* padding too: counts are compared as bytes */
    for (uint32_t i = 0; i < device_count; i++) {
        const ud_sim_device_t *device = &devices[i];
        count->dead += device->dead ? 1 : 0;
        count->off += !device->dead && !device->on ? 1 : 0;
        count->states[device->state] += device->on ? 1 : 0;
        if (device->version[0] != '\0') {
            count_version(count, device);
        }
    }
}

uint32_t ud_sim_count_confirmed(const ud_sim_count_t *count, const char *version)
{
    for (size_t i = 0; i < count->version_count; i++) {
        if (strcmp(count->versions[i].version, version) == 0) {
            return count->versions[i].confirmed;
        }
    }
    return 0;
}

/* Everyday to a person: registering, going through the states of an update. */
static bool is_everyday(const ud_sim_device_t *device, ud_sim_event_t event)
{
    if (event == UD_SIM_EVENT_STATE) {
        return device->err == UD_OK;
    }
    return event == UD_SIM_EVENT_BOOTED || event == UD_SIM_EVENT_RESET;
}

void ud_sim_tell_event(const ud_sim_device_t *device, ud_sim_event_t event, double seconds, bool json)
{
    if (json) {
        (void)printf("{\"type\":\"event\",\"seconds\":%.3f,\"device\":\"%s\",\"event\":\"%s\",\"in\":\"%s\","
                     "\"version\":\"%s\",\"state\":\"%s\",\"progress\":%u,\"error\":\"%s\"}\n",
                     seconds, device->id, event_names[event], device->on ? "application" : "boot", device->version,
                     state_names[device->state], device->percent, ud_err_code(device->err));
    } else if (event == UD_SIM_EVENT_STATE && !is_everyday(device, event)) {
        (void)printf("%8.1f s  %s  %s on %s: %s\n", seconds, device->id, state_names[device->state], device->version,
                     ud_err_text(device->err));
    } else if (!is_everyday(device, event)) {
        (void)printf("%8.1f s  %s  %s while %s at %u %%\n", seconds, device->id, event_names[event],
                     device->on ? state_names[device->state] : "booting", device->percent);
    }
}

static void tell_count_json(const ud_sim_count_t *count, const char *kind, double seconds)
{
    (void)printf("{\"type\":\"%s\",\"seconds\":%.3f,\"states\":{", kind, seconds);
    for (size_t i = 0; i < UD_DEVICE_STATE_COUNT; i++) {
        (void)printf("\"%s\":%u,", state_names[i], count->states[i]);
    }
    (void)printf("\"off\":%u,\"dead\":%u},\"versions\":{", count->off, count->dead);
    for (size_t i = 0; i < count->version_count; i++) {
        (void)printf("%s\"%s\":{\"count\":%u,\"confirmed\":%u}", i > 0 ? "," : "", count->versions[i].version,
                     count->versions[i].count, count->versions[i].confirmed);
    }
    (void)printf("}}\n");
}

void ud_sim_tell_count(const ud_sim_count_t *count, const char *kind, double seconds, bool json)
{
    if (json) {
        tell_count_json(count, kind, seconds);
        return;
    }
    (void)printf("%8.1f s  ", seconds);
    for (size_t i = 0; i < count->version_count; i++) {
        const ud_sim_version_count_t *version = &count->versions[i];
        (void)printf("%s%u on %s", i > 0 ? ", " : "", version->count, version->version);
        if (version->confirmed < version->count) {
            (void)printf(" (%u on trial)", version->count - version->confirmed);
        }
    }
    const char *separator = " | ";
    for (size_t i = 0; i < UD_DEVICE_STATE_COUNT; i++) {
        if (count->states[i] > 0) {
            (void)printf("%s%u %s", separator, count->states[i], state_names[i]);
            separator = ", ";
        }
    }
    if (count->off > 0) {
        (void)printf("%s%u off", separator, count->off);
    }
    (void)printf("%s\n", count->dead > 0 ? "  DEVICES LOST" : "");
}
