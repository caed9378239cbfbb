/* The real agent and the real boot, from an offer to the confirmed update, with a power cut at every flash operation: an
 * authentic image starts each time, the update comes to its end, and no start repeats more of the download than one unit.
 *
 *   download_cuts [--case GEOMETRY/CHUNK] [--depth CUTS] [--sample N] [--faults N] [--every 1] [--seed S] [--replay PATH]
 *
 * The server is a function without memory: whoever runs the old image is offered the new one.
 */
#include "agent/machine.h"
#include "core/image/chain.h"
#include "tests/powercut/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UPDATE_ID 1
#define TOKEN "token"

/* Bounds one start: more steps than any needs. */
#define STEPS_MAX 100000

static const uint16_t chunk_sizes[] = {512, 4096};

typedef struct {
    const powercut_images_t *images;
    ud_agent_config_t config;
    ud_offer_t offer;
    uint8_t *artifact;
    uint32_t unit;
    bool offering;
} context_t;

/* The server of one start. Runs are nested in each other's flash operations, so nothing of it is static: the transport
 * finds it by the name that the agent hands over, and keeps a pointer in its state.
 */
typedef struct {
    char name[8];
    const context_t *context;
    uint32_t first; /* image offset of the first request; UINT32_MAX: none yet */
    uint8_t status; /* of the exchange: 200 or 206 */
    uint8_t body[UD_MESSAGE_SIZE_MAX];
    const uint8_t *data;
    size_t left;
} server_t;

/* ---- the server ------------------------------------------------------------ */

static ud_err_t answer_checkin(server_t *server, const ud_request_t *request)
{
    static const ud_offer_t nothing = {.present = UD_FIELD(UD_OFFER_NEXT) | UD_FIELD(UD_OFFER_ACTION), .next_s = 60};
    ud_checkin_t checkin;
    if (ud_message_decode(UD_MESSAGE_CHECKIN, request->body, &checkin, NULL) != UD_OK) {
        return UD_ERR_MALFORMED;
    }
    bool offer = server->context->offering && strcmp(checkin.version, "1.0.0") == 0;
    return ud_message_encode(UD_MESSAGE_OFFER, offer ? &server->context->offer : &nothing, server->body,
                             sizeof server->body, &server->left);
}

static ud_err_t begin(void *state, ud_port_t *port, const ud_request_t *request, uint8_t *buffer, size_t size)
{
    static const ud_register_answer_t active = {
        .present = UD_FIELD(UD_REGISTER_ANSWER_STATUS) | UD_FIELD(UD_REGISTER_ANSWER_TOKEN) |
                   UD_FIELD(UD_REGISTER_ANSWER_NEXT),
        .token = TOKEN,
        .next_s = 1,
    };
    server_t *server = (server_t *)(uintptr_t)request->server;
    memcpy(state, &server, sizeof server);
    (void)port;
    (void)buffer;
    (void)size;
    server->data = server->body;
    server->status = 200;
    if (request->kind == UD_REQUEST_CHECKIN) {
        return answer_checkin(server, request);
    }
    if (request->kind != UD_REQUEST_ARTIFACT) {
        return ud_message_encode(UD_MESSAGE_REGISTER_ANSWER, &active, server->body, sizeof server->body, &server->left);
    }
    uint32_t chunk = server->context->offer.chunk_size;
    uint32_t offset = request->first / (chunk + UD_SHA256_SIZE) * chunk;
    server->first = server->first == UINT32_MAX ? offset : server->first;
    server->data = server->context->artifact + request->first;
    server->left = request->last - request->first + 1;
    server->status = 206;
    return UD_OK;
}

static ud_err_t poll(void *state, ud_port_t *port, uint8_t *buffer, size_t size, size_t want, size_t *fill,
                     ud_answer_t *answer)
{
    server_t *server;
    memcpy(&server, state, sizeof server);
    size_t piece = want - *fill < server->left ? want - *fill : server->left;
    (void)port;
    (void)size;
    memcpy(buffer + *fill, server->data, piece);
    server->data += piece;
    server->left -= piece;
    *fill += piece;
    answer->status = server->status;
    answer->complete = server->left == 0;
    return UD_OK;
}

static void close_stream(void *state, ud_port_t *port)
{
    (void)state;
    (void)port;
}

static bool was_stale(const void *state)
{
    (void)state;
    return false;
}

static const ud_transport_t transport = {begin, poll, close_stream, was_stale};

/* ---- the device ------------------------------------------------------------ */

/* Bytes from the start of the new image that stand in slot B, as far as the cells go. */
static uint32_t bytes_in_flash(ud_port_t *board, const powercut_image_t *image)
{
    static uint8_t content[64 * 1024];
    uint32_t same = 0;
    ud_board_peek(board, UD_AREA_SLOT_B, ud_slot_staging_offset(&ud_slot_swap, board), content, image->size);
    while (same < image->size && content[same] == image->bytes[same]) {
        same++;
    }
    return same;
}

static bool is_settled(const ud_agent_t *agent, const ud_journal_t *journal, bool registering)
{
    ud_slot_status_t status;
    ud_slot_status(journal, &status);
    bool resting = agent->state == UD_AGENT_IDLE && !agent->result_pending && agent->answered_ms != 0;
    return resting && (registering || (agent->version.major == 2 && status.state == UD_SLOT_CONFIRMED));
}

/* Runs the agent until it is settled, or resets. NULL or what is wrong. */
static const char *run_agent(ud_port_t *board, const context_t *context, uint32_t in_flash)
{
    server_t server = {.name = "server", .context = context, .first = UINT32_MAX};
    ud_agent_config_t config = context->config;
    ud_agent_t agent;
    ud_journal_t journal;
    _Alignas(uint64_t) uint8_t buffer[UD_AGENT_BUFFER_SIZE(UD_CHUNK_SIZE_DEFAULT)];
    memset(&agent, 0xA5, sizeof agent);
    memset(&journal, 0xA5, sizeof journal);
    config.server = server.name;
    if (ud_agent_init(&agent, board, &config, &journal, buffer, sizeof buffer, 0) != UD_OK) {
        return "the agent does not start";
    }
    uint64_t now_ms = 0;
    for (uint32_t steps = 0; steps < STEPS_MAX; steps++) {
        uint64_t wake_ms;
        ud_agent_step(&agent, now_ms, &wake_ms);
        now_ms = wake_ms > now_ms ? wake_ms : now_ms;
        if (agent.result_pending && agent.result != UD_DEVICE_CONFIRMED && agent.result != UD_DEVICE_FAILED) {
            return "the update has another outcome than success";
        }
        if (server.first != UINT32_MAX && server.first + context->unit < in_flash) {
            return "more than one unit of the download was repeated";
        }
        if (is_settled(&agent, &journal, !context->offering)) {
            return NULL;
        }
    }
    return "the agent comes to no end";
}

static void start(ud_port_t *board, void *arg)
{
    explore_life_t *life = arg;
    const context_t *context = life->context;
    powercut_image_name_t name;
    life->complaint = powercut_boot(board, context->images, &name);
    if (life->complaint != NULL) {
        return;
    }
    uint32_t in_flash = name == POWERCUT_OLD ? bytes_in_flash(board, &context->images->images[POWERCUT_NEW]) : 0;
    life->complaint = run_agent(board, context, in_flash);
    life->done = life->complaint == NULL;
}

/* ---- cases ------------------------------------------------------------ */

static ud_err_t write_artifact(void *context, uint64_t offset, const void *data, size_t size)
{
    memcpy((uint8_t *)context + offset, data, size);
    return UD_OK;
}

static void make_offer(context_t *context, uint16_t chunk_size)
{
    const powercut_image_t *image = &context->images->images[POWERCUT_NEW];
    ud_image_memory_t memory = {image->bytes, image->size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    ud_image_info_t info;
    uint32_t size = (uint32_t)ud_chain_artifact_size((uint32_t)image->size, chunk_size);
    context->artifact = malloc(size);
    ud_offer_t *offer = &context->offer;
    *offer = (ud_offer_t){
        .present = UD_FIELD(UD_OFFER_NEXT) | UD_FIELD(UD_OFFER_ACTION) | UD_FIELD(UD_OFFER_UPDATE_ID) |
                   UD_FIELD(UD_OFFER_VERSION) | UD_FIELD(UD_OFFER_KIND) | UD_FIELD(UD_OFFER_IMAGE_SIZE) |
                   UD_FIELD(UD_OFFER_ARTIFACT_SIZE) | UD_FIELD(UD_OFFER_IMAGE_DIGEST) | UD_FIELD(UD_OFFER_KEY_HASH) |
                   UD_FIELD(UD_OFFER_SIGNATURE) | UD_FIELD(UD_OFFER_ARTIFACT_DIGEST) | UD_FIELD(UD_OFFER_CHUNK_SIZE) |
                   UD_FIELD(UD_OFFER_CHAIN_ROOT) | UD_FIELD(UD_OFFER_HARDWARE),
        .next_s = 60,
        .action = UD_ACTION_INSTALL,
        .update_id = UPDATE_ID,
        .version = "2.0.0",
        .image_size = (uint32_t)image->size,
        .artifact_size = size,
        .chunk_size = chunk_size,
        .hardware = POWERCUT_HARDWARE,
    };
    uint8_t signature[UD_SIGNATURE_SIZE_MAX];
    size_t signature_size;
    if (context->artifact == NULL || ud_image_parse(&source, (uint32_t)image->size, &info) != UD_OK ||
        ud_image_signature(&source, &info, signature, &signature_size) != UD_OK ||
        ud_chain_build(&source, (uint32_t)image->size, chunk_size, write_artifact, context->artifact,
                       offer->chain_root) != UD_OK) {
        (void)fprintf(stderr, "download_cuts: no artifact can be made\n");
        exit(2);
    }
    memcpy(offer->image_digest, info.hash, UD_SHA256_SIZE);
    memcpy(offer->key_hash, info.key_hash, UD_SHA256_SIZE);
    memcpy(offer->signature, signature, sizeof offer->signature);
}

/* A device that is registered, with rubbish in slot B where the image before may have been. */
static ud_port_t *make_device(const powercut_geometry_t *geometry, context_t *context)
{
    static uint8_t rubbish[20 * 1024];
    memset(rubbish, 0x5A, sizeof rubbish);
    ud_port_t *board = powercut_board(geometry, context->images, POWERCUT_NEW);
    const ud_area_geometry_t *slot = ud_port_area(board, UD_AREA_SLOT_B);
    ud_board_load(board, UD_AREA_SLOT_B, 0, rubbish,
                  slot->size_bytes < sizeof rubbish ? slot->size_bytes : sizeof rubbish);
    explore_life_t life = {.context = context};
    context->unit = ud_spare_anchor_unit(board, UD_AREA_SLOT_B, context->offer.chunk_size);
    context->offering = false;
    if (ud_board_run(board, start, &life) != UD_BOARD_RETURNED || life.complaint != NULL) {
        (void)fprintf(stderr, "download_cuts: the device cannot register: %s\n",
                      life.complaint == NULL ? "it reset" : life.complaint);
        exit(2);
    }
    context->offering = true;
    ud_board_reset_cause_set(board, UD_RESET_POWER_ON);
    return board;
}

static bool explore_case(const powercut_geometry_t *geometry, const powercut_images_t *images, uint16_t chunk_size,
                         const explore_options_t *options)
{
    char program[128];
    explore_options_t own = *options;
    (void)snprintf(program, sizeof program, "download_cuts --every %lu --case %s/%u", options->every, geometry->name,
                   chunk_size);
    own.program = program;
    const char *wanted = options->name == NULL ? "" : options->name;
    if (strncmp(strrchr(program, ' ') + 1, wanted, strlen(wanted)) != 0) {
        return true;
    }
    context_t context = {.images = images,
                         .config = {.device_id = "cut-1",
                                    .transport = &transport,
                                    .keys = &images->key,
                                    .key_count = 1,
                                    .allow_unsigned_chain = true}};
    ud_agent_config_complete(&context.config);
    make_offer(&context, chunk_size);
    ud_port_t *board = make_device(geometry, &context);
    bool good = explore(board, start, &context, &own);
    ud_board_destroy(board);
    free(context.artifact);
    return good;
}

int main(int argc, char **argv)
{
    explore_options_t options = {.depth = 1, .sample = 1, .seed = 1};
    if (!explore_options_read(&options, argc, argv)) {
        return 2;
    }
    powercut_images_t images;
    powercut_images_make(&images);
    bool good = true;
    for (size_t index = 0; index < powercut_geometry_count; index++) {
        for (size_t i = 0; i < sizeof chunk_sizes / sizeof chunk_sizes[0]; i++) {
            good = explore_case(&powercut_geometries[index], &images, chunk_sizes[i], &options) && good;
        }
    }
    powercut_images_free(&images);
    return good ? 0 : 1;
}
