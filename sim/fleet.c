#include "sim/fleet.h"

#include "core/base/assert.h"
#include "sim/device.h"
#include "sim/schedule.h"
#include "sim/status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define STATUS_INTERVAL_MS 1000
#define EVENTS_MAX 256

/* Milliseconds over which the devices of a fleet are switched on, for each thousand of them. */
#define START_SPREAD_MS 1000

typedef struct {
    const ud_sim_options_t *options;
    ud_sim_world_t world;
    ud_sim_device_t *devices;
    ud_schedule_t schedule;
    int epoll;
    uint64_t started_ms;
    uint64_t status_ms;  /* when the next status is due */
    ud_sim_count_t told; /* to people: not again if nothing changed */
    bool lost;
} fleet_t;

static uint64_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static double seconds(const fleet_t *fleet)
{
    return (double)(clock_ms() - fleet->started_ms) / 1000.0;
}

static void hear(void *context, uint32_t device, ud_sim_event_t event)
{
    fleet_t *fleet = context;
    fleet->lost = fleet->lost || event == UD_SIM_EVENT_DEAD;
    ud_sim_tell_event(&fleet->devices[device], event, seconds(fleet), fleet->options->json);
}

/* ---- who suffers ------------------------------------------------------------ */

static uint32_t gcd(uint32_t left, uint32_t right)
{
    while (right != 0) {
        uint32_t rest = left % right;
        left = right;
        right = rest;
    }
    return left;
}

/* Each fault strikes the next devices of an order that the seed decides: every seed visits every device. */
static void plan_faults(const ud_sim_options_t *options, uint8_t *faults)
{
    const struct {
        uint32_t count;
        uint8_t fault;
    } plan[] = {
        {options->cut_download, UD_SIM_POWER_CUT_DOWNLOAD},
        {options->cut_swap, UD_SIM_POWER_CUT_SWAP},
        {options->drop, UD_SIM_DROP},
    };
    uint32_t count = options->device_count;
    uint32_t stride = (uint32_t)(options->seed * 2 % count) + 1;
    while (gcd(stride, count) != 1) {
        stride++;
    }
    uint64_t place = options->seed * 2 % count;
    for (size_t i = 0; i < sizeof plan / sizeof plan[0]; i++) {
        for (uint32_t j = 0; j < plan[i].count; j++) {
            faults[place] |= plan[i].fault;
            place = (place + stride) % count;
        }
    }
}

/* ---- devices ------------------------------------------------------------ */

static ud_err_t create_devices(fleet_t *fleet)
{
    uint32_t count = fleet->options->device_count;
    uint8_t *faults = calloc(count, 1);
    fleet->devices = calloc(count, sizeof *fleet->devices);
    UD_REQUIRE(faults != NULL && fleet->devices != NULL, UD_ERR_INTERNAL);
    plan_faults(fleet->options, faults);
    ud_err_t err = ud_schedule_init(&fleet->schedule, count);
    for (uint32_t i = 0; i < count && err == UD_OK; i++) {
        err = ud_sim_device_init(&fleet->devices[i], &fleet->world, i, faults[i]);
    }
    free(faults);
    uint64_t now_ms = clock_ms();
    for (uint32_t i = 0; i < count && err == UD_OK; i++) {
        ud_schedule_set(&fleet->schedule, i, now_ms + (uint64_t)i * START_SPREAD_MS / 1000);
    }
    return err;
}

/* Descriptors come and go with each connection: a closed one left epoll by itself, and its number may be in use again. */
static void watch_stream(fleet_t *fleet, uint32_t device)
{
    int stream = ud_board_net_fd(fleet->devices[device].board);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u32 = device};
    if (stream >= 0 && epoll_ctl(fleet->epoll, EPOLL_CTL_ADD, stream, &event) != 0 && errno == EEXIST) {
        (void)epoll_ctl(fleet->epoll, EPOLL_CTL_MOD, stream, &event);
    }
}

static void run_device(fleet_t *fleet, uint32_t device, uint64_t now_ms)
{
    int before = ud_board_net_fd(fleet->devices[device].board);
    uint64_t wake_ms = ud_sim_device_run(&fleet->devices[device], &fleet->world, now_ms);
    ud_schedule_set(&fleet->schedule, device, wake_ms);
    if (ud_board_net_fd(fleet->devices[device].board) != before || before >= 0) {
        watch_stream(fleet, device);
    }
}

/* ---- the loop ------------------------------------------------------------ */

static bool tell_status(fleet_t *fleet, uint64_t now_ms)
{
    ud_sim_count_t count;
    if (now_ms < fleet->status_ms) {
        return false;
    }
    fleet->status_ms = now_ms + STATUS_INTERVAL_MS;
    ud_sim_count(fleet->devices, fleet->options->device_count, &count);
    /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): ud_sim_count() clears the padding */
    if (fleet->options->json || memcmp(&count, &fleet->told, sizeof count) != 0) {
        ud_sim_tell_count(&count, "status", seconds(fleet), fleet->options->json);
    }
    fleet->told = count;
    (void)fflush(stdout);
    return fleet->options->until_version != NULL &&
           ud_sim_count_confirmed(&count, fleet->options->until_version) >= fleet->options->until_count;
}

static void run_due(fleet_t *fleet, uint64_t now_ms)
{
    uint64_t at_ms;
    uint32_t device = ud_schedule_first(&fleet->schedule, &at_ms);
    for (uint32_t turns = 0; at_ms <= now_ms && turns < fleet->options->device_count; turns++) {
        run_device(fleet, device, now_ms);
        device = ud_schedule_first(&fleet->schedule, &at_ms);
    }
}

static int time_to_wait(const fleet_t *fleet, uint64_t now_ms)
{
    uint64_t at_ms;
    (void)ud_schedule_first(&fleet->schedule, &at_ms);
    at_ms = at_ms < fleet->status_ms ? at_ms : fleet->status_ms;
    return at_ms <= now_ms ? 0 : (int)(at_ms - now_ms);
}

static ud_sim_end_t loop(fleet_t *fleet, const volatile sig_atomic_t *stop)
{
    struct epoll_event events[EVENTS_MAX];
    while (*stop == 0) {
        uint64_t now_ms = clock_ms();
        run_due(fleet, now_ms);
        bool reached = tell_status(fleet, now_ms);
        if (fleet->lost) {
            return UD_SIM_LOST;
        }
        if (reached) {
            return UD_SIM_REACHED;
        }
        if (fleet->options->timeout_s > 0 && now_ms - fleet->started_ms >= fleet->options->timeout_s * UINT64_C(1000)) {
            return UD_SIM_TIMEOUT;
        }
        int count = epoll_wait(fleet->epoll, events, EVENTS_MAX, time_to_wait(fleet, now_ms));
        now_ms = clock_ms();
        for (int i = 0; i < count; i++) {
            uint32_t device = events[i].data.u32;
            if (now_ms >= fleet->devices[device].paused_ms) {
                run_device(fleet, device, now_ms);
            }
        }
    }
    return UD_SIM_STOPPED;
}

static void allow_many_streams(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void destroy(fleet_t *fleet)
{
    for (uint32_t i = 0; fleet->devices != NULL && i < fleet->options->device_count; i++) {
        ud_sim_device_free(&fleet->devices[i]);
    }
    free(fleet->devices);
    ud_schedule_free(&fleet->schedule);
    ud_sim_world_free(&fleet->world);
    if (fleet->epoll >= 0) {
        (void)close(fleet->epoll);
    }
}

ud_err_t ud_sim_fleet_run(const ud_sim_options_t *options, const volatile sig_atomic_t *stop, ud_sim_end_t *end)
{
    fleet_t fleet = {.options = options, .started_ms = clock_ms(), .epoll = epoll_create1(EPOLL_CLOEXEC)};
    allow_many_streams();
    ud_err_t err = ud_sim_world_init(&fleet.world, options, hear, &fleet);
    if (err == UD_OK) {
        err = fleet.epoll >= 0 ? create_devices(&fleet) : UD_ERR_INTERNAL;
    }
    if (err == UD_OK) {
        ud_sim_count_t count;
        *end = loop(&fleet, stop);
        ud_sim_count(fleet.devices, options->device_count, &count);
        ud_sim_tell_count(&count, "summary", seconds(&fleet), options->json);
    }
    destroy(&fleet);
    return err;
}
