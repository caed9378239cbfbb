#include "sim/device.h"

#include "core/base/assert.h"
#include "core/image/encrypted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Milliseconds that a device is off after a reset and after a power cut; real ones differ, the order is right. */
#define RESET_MS 200
#define POWER_CUT_MS 1000

/* Steps of one device before the others have their turn. */
#define STEPS_MAX 64

/* Where the faults strike: percent of the download; operations from the start of boot. */
#define FAULT_PERCENT_MIN 20
#define FAULT_PERCENT_SPAN 60
#define SWAP_OPERATION_MIN 20
#define SWAP_OPERATION_SPAN 150

enum { FIRMWARE_FAILS_SELF_TEST = 1, FIRMWARE_CRASHES = 2, FIRMWARE_NO_CONTACT = 4 };

static const struct {
    const char *text;
    uint8_t behaviour;
} markers[] = {
    {"UPDRAFT-SIM:SELFTEST=FAIL", FIRMWARE_FAILS_SELF_TEST},
    {"UPDRAFT-SIM:CRASH", FIRMWARE_CRASHES},
    {"UPDRAFT-SIM:NOCONTACT", FIRMWARE_NO_CONTACT},
};

/* ---- the application around the agent ------------------------------------------------------------ */

static ud_self_test_t self_test(void *context)
{
    const ud_sim_device_t *device = context;
    return (device->firmware & FIRMWARE_FAILS_SELF_TEST) != 0 ? UD_SELF_TEST_FAILED : UD_SELF_TEST_PASSED;
}

static void tell(ud_sim_device_t *device, ud_sim_event_t event)
{
    device->world->event(device->world->event_context, device->index, event);
}

static void progress(void *context, ud_device_state_t state, uint8_t percent, ud_err_t err)
{
    ud_sim_device_t *device = context;
    bool news = device->state != state || device->err != err;
    device->state = (uint8_t)state;
    device->percent = percent;
    device->err = err;
    if (news) {
        tell(device, UD_SIM_EVENT_STATE);
    }
}

static ud_err_t no_network(void *state, ud_port_t *port, const ud_request_t *request, uint8_t *buffer, size_t size)
{
    (void)state;
    (void)port;
    (void)request;
    (void)buffer;
    (void)size;
    return UD_ERR_NETWORK;
}

/* How the image that runs behaves, by the texts in it. */
static uint8_t read_firmware(ud_port_t *board, ud_area_t running)
{
    ud_image_info_t info;
    uint8_t behaviour = 0;
    if (ud_update_running(board, running, &info) != UD_OK) {
        return 0;
    }
    uint8_t *payload = malloc(info.total_size);
    if (payload == NULL) {
        abort();
    }
    ud_board_peek(board, running, 0, payload, info.total_size);
    for (size_t i = 0; i < sizeof markers / sizeof markers[0]; i++) {
        size_t size = strlen(markers[i].text);
        if (memmem(payload, info.total_size, markers[i].text, size) != NULL) {
            behaviour |= markers[i].behaviour;
        }
    }
    free(payload);
    return behaviour;
}

/* ---- what all share ------------------------------------------------------------ */

/* Milliseconds of the longest backoff: a fleet on a desk shall find a server that came back. */
#define RETRY_MAX_MS 30000

ud_err_t ud_sim_world_init(ud_sim_world_t *world, const ud_sim_options_t *options,
                           void (*event)(void *context, uint32_t device, ud_sim_event_t event), void *event_context)
{
    *world = (ud_sim_world_t){
        .options = options,
        .boot = {.mode = options->boot_mode,
                 .slot_address = {UD_SIM_SLOT_A_ADDRESS, UD_SIM_SLOT_B_ADDRESS},
                 .cipher = options->decrypts ? &ud_boot_ecies_p256 : NULL,
                 .decryption_key = options->decryption_key,
                 .keys = options->keys,
                 .key_count = options->key_count,
                 .hardware = options->hardware},
        .agent =
            {
                .claim_key = options->claim_key,
                .hardware = options->hardware,
                .server = options->server,
                .slots = options->slots,
                .verify_encrypted = options->decrypts ? ud_image_verify_encrypted : NULL,
                .decryption_key = options->decryption_key,
                .slot_address = {UD_SIM_SLOT_A_ADDRESS, UD_SIM_SLOT_B_ADDRESS},
                .keys = options->keys,
                .key_count = options->key_count,
                .allow_unsigned_chain = options->allow_unsigned_chain,
                .checkin_interval_s = options->interval_s,
                .contact_timeout_s = options->contact_timeout_s,
                .retry_max_ms = RETRY_MAX_MS,
            },
        .unreachable = ud_transport_http,
        .buffer_size = (UD_AGENT_BUFFER_SIZE((size_t)UD_CHUNK_SIZE_DEFAULT) + 63) / 64 * 64,
        .event = event,
        .event_context = event_context,
    };
    world->unreachable.begin = no_network;
    ud_agent_config_complete(&world->agent);
    world->buffers = calloc(options->device_count, sizeof *world->buffers);
    world->pool = ud_flash_pool_create();
    return world->buffers != NULL && world->pool != NULL ? UD_OK : UD_ERR_INTERNAL;
}

void ud_sim_world_free(ud_sim_world_t *world)
{
    while (world->buffer_count > 0) {
        free(world->buffers[--world->buffer_count]);
    }
    free(world->buffers);
    ud_flash_pool_destroy(world->pool);
}

/* ---- life ------------------------------------------------------------ */

ud_err_t ud_sim_device_init(ud_sim_device_t *device, ud_sim_world_t *world, uint32_t index, uint8_t faults)
{
    ud_board_config_t config;
    ud_board_config_default(&config);
    config.pool = world->pool;
    config.server = world->options->server;
    config.seed = (world->options->seed + 1) * UINT64_C(0x9E3779B97F4A7C15) + index + 1;
    *device = (ud_sim_device_t){.world = world, .index = index, .faults = faults};
    (void)snprintf(device->id, sizeof device->id, "%s%05u", world->options->prefix, index + 1);
    UD_TRY(ud_board_create(&config, &device->board));
    ud_board_load(device->board, UD_AREA_SLOT_A, 0, world->options->image, world->options->image_size);
    return UD_OK;
}

void ud_sim_device_free(ud_sim_device_t *device)
{
    ud_board_destroy(device->board);
    free(device->buffer);
}

static void lend_buffer(ud_sim_device_t *device, ud_sim_world_t *world)
{
    if (device->buffer == NULL) {
        device->buffer = world->buffer_count > 0 ? world->buffers[--world->buffer_count]
                                                 : aligned_alloc(sizeof(uint64_t), world->buffer_size);
        if (device->buffer == NULL) {
            abort();
        }
    }
    device->agent.buffer = device->buffer;
}

static void take_buffer_back(ud_sim_device_t *device, ud_sim_world_t *world)
{
    if (!device->on || ud_agent_is_resting(&device->agent)) {
        world->buffers[world->buffer_count++] = device->buffer;
        device->buffer = NULL;
    }
}

typedef struct {
    ud_sim_device_t *device;
    uint64_t now_ms;
    uint64_t wake_ms;
    bool chunk; /* a chunk went to flash: the speed limit counts it */
} turn_t;

/* Reset to application: boot, then the agent's start. Whatever was in RAM is gone. */
static void start(ud_port_t *board, void *arg)
{
    turn_t *turn = arg;
    ud_sim_device_t *device = turn->device;
    ud_boot_result_t result = {0};
    ud_boot_run(board, &device->world->boot, &result);
    UD_ASSERT(result.verdict == UD_VERDICT_VALID);

    device->firmware = read_firmware(board, result.area);
    bool reachable = (device->firmware & FIRMWARE_NO_CONTACT) == 0;
    device->config = device->world->agent;
    device->config.device_id = device->id;
    device->config.running = result.area;
    device->config.transport = reachable ? &ud_transport_http : &device->world->unreachable;
    device->config.hooks = (ud_agent_hooks_t){.context = device, .self_test = self_test, .progress = progress};
    ud_err_t err = ud_agent_init(&device->agent, board, &device->config, &device->journal, device->buffer,
                                 device->world->buffer_size, turn->now_ms);
    UD_ASSERT(err == UD_OK);
    ud_version_format(&device->agent.version, device->version);
    device->confirmed = !device->agent.on_trial;
    if ((device->firmware & FIRMWARE_CRASHES) != 0 && device->agent.on_trial) {
        ud_board_crash(board, UD_RESET_WATCHDOG);
    }
    device->on = true;
}

static void work(ud_port_t *board, void *arg)
{
    turn_t *turn = arg;
    ud_agent_t *agent = &turn->device->agent;
    (void)board;
    for (int steps = 0; steps < STEPS_MAX && turn->wake_ms <= turn->now_ms && !turn->chunk; steps++) {
        bool writing = agent->state == UD_AGENT_WRITING;
        ud_agent_step(agent, turn->now_ms, &turn->wake_ms);
        turn->chunk = writing && agent->state != UD_AGENT_WRITING;
    }
    turn->device->confirmed = !agent->on_trial;
}

/* ---- faults ------------------------------------------------------------ */

/* A number below `bound` that this device always has. */
static uint32_t lot(const ud_sim_device_t *device, uint32_t bound)
{
    uint64_t bits = (device->world->options->seed + device->index + 1) * UINT64_C(0xD1342543DE82EF95);
    return (uint32_t)((bits >> 33) % bound);
}

static void fault_in_download(ud_sim_device_t *device)
{
    uint8_t percent = ud_agent_progress(&device->agent);
    if (device->agent.state != UD_AGENT_DOWNLOADING || !device->agent.busy ||
        percent < FAULT_PERCENT_MIN + lot(device, FAULT_PERCENT_SPAN)) {
        return;
    }
    if ((device->faults & UD_SIM_DROP) != 0) {
        device->faults &= (uint8_t)~UD_SIM_DROP;
        ud_board_net_drop(device->board);
        tell(device, UD_SIM_EVENT_CONNECTION_LOST);
    } else if ((device->faults & UD_SIM_POWER_CUT_DOWNLOAD) != 0) {
        device->faults &= (uint8_t)~UD_SIM_POWER_CUT_DOWNLOAD;
        ud_board_fuse_t fuse = {.operation = 1 + lot(device, 4), .cut = UD_CUT_INSIDE, .words_done = lot(device, 8)};
        ud_board_fuse_set(device->board, &fuse);
    }
}

static void fault_in_swap(ud_sim_device_t *device)
{
    ud_board_fuse_t fuse = {0};
    if ((device->faults & UD_SIM_POWER_CUT_SWAP) != 0 && device->agent.staged) {
        device->faults &= (uint8_t)~UD_SIM_POWER_CUT_SWAP;
        fuse = (ud_board_fuse_t){.operation = SWAP_OPERATION_MIN + lot(device, SWAP_OPERATION_SPAN),
                                 .cut = UD_CUT_INSIDE,
                                 .words_done = lot(device, 32)};
    }
    ud_board_fuse_set(device->board, &fuse);
}

/* ---- a turn ------------------------------------------------------------ */

static void forget_ram(ud_sim_device_t *device)
{
    memset(&device->agent, 0xA5, sizeof device->agent);
    memset(&device->journal, 0xA5, sizeof device->journal);
    memset(&device->config, 0xA5, sizeof device->config);
    memset(device->buffer, 0xA5, device->world->buffer_size);
}

/* The power is gone, or a reset came: off for a while, and nothing in RAM. Gives when it starts again. */
static uint64_t go_down(ud_sim_device_t *device, ud_board_end_t end, uint64_t now_ms)
{
    static const ud_sim_event_t events[] = {
        [UD_BOARD_RETURNED] = UD_SIM_EVENT_RESET,      [UD_BOARD_RESET] = UD_SIM_EVENT_RESET,
        [UD_BOARD_POWER_CUT] = UD_SIM_EVENT_POWER_CUT, [UD_BOARD_FAULT] = UD_SIM_EVENT_CRASHED,
        [UD_BOARD_RECOVER] = UD_SIM_EVENT_DEAD,
    };
    if (end == UD_BOARD_RESET && device->on) {
        fault_in_swap(device);
    }
    tell(device, events[end]);
    device->on = false;
    device->dead = end == UD_BOARD_RECOVER;
    device->resets++;
    forget_ram(device);
    if (device->dead) {
        return UINT64_MAX;
    }
    return now_ms + (end == UD_BOARD_POWER_CUT ? POWER_CUT_MS : RESET_MS);
}

uint64_t ud_sim_device_run(ud_sim_device_t *device, ud_sim_world_t *world, uint64_t now_ms)
{
    if (device->dead) {
        return UINT64_MAX;
    }
    lend_buffer(device, world);
    turn_t turn = {.device = device, .now_ms = now_ms, .wake_ms = now_ms};
    bool was_on = device->on;
    if (was_on && device->faults != 0) {
        fault_in_download(device);
    }
    ud_board_end_t end = ud_board_run(device->board, was_on ? work : start, &turn);
    if (end != UD_BOARD_RETURNED) {
        turn.wake_ms = go_down(device, end, now_ms);
    } else if (!was_on) {
        ud_board_fuse_set(device->board, &(ud_board_fuse_t){0});
        tell(device, UD_SIM_EVENT_BOOTED);
    }
    if (turn.chunk && world->options->speed > 0) {
        device->paused_ms = now_ms + (uint64_t)device->agent.chunk_size * 1000 / world->options->speed;
        turn.wake_ms = device->paused_ms;
    }
    take_buffer_back(device, world);
    return turn.wake_ms;
}
