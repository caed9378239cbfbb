/* The real agent tells the story, from the first check-in to the report of the end. The server is a function without
 * memory.
 */
#include "agent/machine.h"
#include "core/base/crc32.h"
#include "core/image/chain.h"
#include "core/image/encrypted.h"
#include "tests/powercut/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UPDATE_ID 1
#define TOKEN "token"
#define NEXT_TOKEN "next token"

/* Bytes of the largest image. */
#define IMAGE_MAX (512 * 1024)

/* Times that a self-test says that it is not done yet: it is asked in each step, and the agent checks in meanwhile. */
#define SELF_TEST_PATIENCE 500

/* How many times the steps of a whole life one start may take: what a cut left behind is looked at and written anew. */
#define STEPS_ROOM 4

/* Bytes behind a download that may be like the image by chance. */
#define CHANCE 4

/* Of what the server knows in life->known, beside the identity's name: the device told that the update failed. A word that is
 * read anew each time can let the image pass here and not there; that download had come to its end, and the next begins.
 */
#define HEARD_FAILURE 0x80000000u

/* The server of one start. Runs are nested in each other's flash operations, so nothing of it is static: the transport
 * finds it by the name that the agent hands over, and keeps a pointer in its state.
 */
typedef struct {
    char name[8];
    const powercut_case_t *of;
    uint32_t *known;       /* the identity that registered, 0: none; HEARD_FAILURE */
    const char *complaint; /* what is wrong with what the device says */
    uint32_t first;        /* image offset of the first request; UINT32_MAX: none yet */
    uint16_t status;       /* of the exchange: 200, 206 or 401 */
    uint8_t body[UD_MESSAGE_SIZE_MAX];
    const uint8_t *data;
    size_t left;
} server_t;

/* ---- the server ------------------------------------------------------------ */

/* Whoever runs what the story begins with is offered what it is about; who tries that is offered a third image. */
static const ud_offer_t *choose_offer(const powercut_case_t *of, const char *version)
{
    static const ud_offer_t nothing = {.present = UD_FIELD(UD_OFFER_NEXT) | UD_FIELD(UD_OFFER_ACTION), .next_s = 60};
    const powercut_story_t *story = of->story;
    bool first = strcmp(version, of->offers[story->first].version) == 0;
    bool busy = story->trial == TRIAL_REJECT && of->mode->slots->has_way_back;
    if (!of->offering || (!first && !busy)) {
        return &nothing;
    }
    return &of->offers[first ? story->offered : POWERCUT_OTHER];
}

/* The token that the server takes. */
static const char *good_token(const powercut_case_t *of)
{
    return of->story->setting == SETTING_STALE && of->identity != 0 ? NEXT_TOKEN : TOKEN;
}

static ud_err_t answer_checkin(server_t *server, const ud_request_t *request)
{
    ud_checkin_t checkin;
    if (strcmp(request->token, good_token(server->of)) != 0) {
        server->status = 401;
        server->left = 0;
        return UD_OK;
    }
    if (ud_message_decode(UD_MESSAGE_CHECKIN, request->body, &checkin, NULL) != UD_OK) {
        return UD_ERR_MALFORMED;
    }
    return ud_message_encode(UD_MESSAGE_OFFER, choose_offer(server->of, checkin.version), server->body,
                             sizeof server->body, &server->left);
}

/* The image that an artifact's address names: the first byte of its digest, in two hexadecimal digits. */
static powercut_image_name_t artifact_of(const char *url)
{
    static const char prefix[] = "/v1/artifacts/";
    return (powercut_image_name_t)(url[sizeof prefix] - '0');
}

static uint32_t name_secret(const uint8_t secret[UD_IDENTITY_SECRET_SIZE])
{
    return (ud_crc32(0, secret, UD_IDENTITY_SECRET_SIZE) | 1) & ~HEARD_FAILURE;
}

/* A device registers under one identity for ever, and one that holds a token never does again. */
static ud_err_t answer_register(server_t *server, const ud_request_t *request)
{
    ud_register_answer_t active = {
        .present = UD_FIELD(UD_REGISTER_ANSWER_STATUS) | UD_FIELD(UD_REGISTER_ANSWER_TOKEN) |
                   UD_FIELD(UD_REGISTER_ANSWER_NEXT),
        .next_s = 1,
    };
    ud_register_t device;
    ud_token_request_t renewal;
    uint32_t identity;
    (void)snprintf(active.token, sizeof active.token, "%s", good_token(server->of));
    if (request->kind == UD_REQUEST_REGISTER) {
        UD_TRY(ud_message_decode(UD_MESSAGE_REGISTER, request->body, &device, NULL));
        identity = name_secret(device.secret);
        server->complaint =
            server->of->identity != 0 ? "a device that was registered registers again" : server->complaint;
    } else {
        UD_TRY(ud_message_decode(UD_MESSAGE_TOKEN_REQUEST, request->body, &renewal, NULL));
        identity = name_secret(renewal.secret);
    }
    uint32_t before = *server->known & ~HEARD_FAILURE;
    if (before != 0 && before != identity) {
        server->complaint = "the device has another identity than before";
    }
    *server->known = identity | (*server->known & HEARD_FAILURE);
    return ud_message_encode(UD_MESSAGE_REGISTER_ANSWER, &active, server->body, sizeof server->body, &server->left);
}

static ud_err_t begin(void *state, ud_port_t *port, const ud_request_t *request, uint8_t *buffer, size_t size)
{
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
        return answer_register(server, request);
    }
    uint32_t chunk = server->of->story->chunk_size;
    uint32_t offset = request->first / (chunk + UD_SHA256_SIZE) * chunk;
    server->first = server->first == UINT32_MAX ? offset : server->first;
    server->data = server->of->artifacts[artifact_of(request->url)] + request->first;
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

/* Bytes from the start of an image that stand where it is downloaded to, as far as the cells go. */
static uint32_t bytes_in_flash(ud_port_t *board, const ud_slot_mode_t *slots, const powercut_image_t *image)
{
    static uint8_t content[IMAGE_MAX];
    uint32_t same = 0;
    ud_board_peek(board, UD_AREA_SLOT_B, ud_slot_staging_offset(slots, board), content, image->size);
    while (same < image->size && content[same] == image->bytes[same]) {
        same++;
    }
    return same;
}

static ud_self_test_t fail_late(void *context)
{
    unsigned *asked = context;
    return ++*asked < SELF_TEST_PATIENCE ? UD_SELF_TEST_RUNNING : UD_SELF_TEST_FAILED;
}

static bool is_settled(const ud_agent_t *agent, const ud_journal_t *journal, const powercut_case_t *of,
                       powercut_image_name_t name)
{
    ud_slot_status_t status;
    ud_slot_status(journal, &status);
    if (agent->state != UD_AGENT_IDLE || agent->result_pending || agent->timers.left_ms[UD_TIMER_FRESH] == 0) {
        return false;
    }
    const powercut_story_t *story = of->story;
    bool tried = story->trial != TRIAL_REJECT || ud_slot_is_bad(journal, of->images.images[story->offered].hash);
    return !of->offering || (name == powercut_end(of)->last && status.state == UD_SLOT_CONFIRMED && tried);
}

/* What may be wrong in the middle of a start. */
static const char *check_step(const ud_agent_t *agent, const server_t *server, uint32_t in_flash)
{
    const powercut_case_t *of = server->of;
    if (server->complaint != NULL) {
        return server->complaint;
    }
    bool succeeds = of->story->trial == TRIAL_CONFIRM;
    if (succeeds && agent->result_pending && agent->result != UD_DEVICE_CONFIRMED &&
        agent->result != UD_DEVICE_FAILED) {
        return "the update has another outcome than success";
    }
    if (agent->result_pending && agent->result == UD_DEVICE_FAILED) {
        *server->known |= HEARD_FAILURE;
    }
    bool resumes = server->first != UINT32_MAX && (*server->known & HEARD_FAILURE) == 0;
    bool repeats = resumes && server->first + of->unit + CHANCE < in_flash;
    return repeats ? "more than one unit of the download was repeated" : NULL;
}

/* What a device that only speaks to the server comes to. */
static const char *check_identity(const powercut_case_t *of, ud_port_t *board)
{
    ud_identity_t identity;
    char token[UD_TOKEN_SIZE_MAX + 1];
    if (ud_identity_open(&identity, board) != UD_OK || ud_identity_token(&identity, board, token) != UD_OK) {
        return "the identity is not kept";
    }
    return strcmp(token, good_token(of)) == 0 ? NULL : "the token that the server takes is not kept";
}

static void configure(const powercut_case_t *of, const powercut_start_t *start, const char *server, unsigned *asked,
                      ud_agent_config_t *config)
{
    *config = (ud_agent_config_t){.device_id = "cut-1",
                                  .server = server,
                                  .transport = &transport,
                                  .keys = of->images.keys,
                                  .key_count = of->images.boot.key_count,
                                  .slots = of->mode->slots,
                                  .running = start->slot,
                                  .slot_address = {POWERCUT_ADDRESS_A, POWERCUT_ADDRESS_B},
                                  .allow_unsigned_chain = true};
    if (of->story->setting == SETTING_ENCRYPTED) {
        config->verify_encrypted = ud_image_verify_encrypted;
        config->decryption_key = of->images.decryption_key;
    }
    if (of->story->trial == TRIAL_REJECT && start->name == of->story->offered) {
        config->hooks.context = asked;
        config->hooks.self_test = fail_late;
    }
    ud_agent_config_complete(config);
}

/* A step writes a page, ends a chunk, or asks the self-test; the few that speak to the server are room. */
static uint32_t most_steps(const powercut_case_t *of)
{
    const powercut_story_t *story = of->story;
    uint32_t size = (uint32_t)of->images.images[story->offered].size;
    return STEPS_ROOM * (size / UD_AGENT_PAGE_SIZE + size / story->chunk_size + SELF_TEST_PATIENCE);
}

const char *powercut_agent_run(ud_port_t *board, explore_life_t *life, const powercut_start_t *start)
{
    const powercut_case_t *of = life->context;
    life->known = life->known == 0 ? of->identity : life->known;
    server_t server = {.name = "server", .of = of, .known = &life->known, .first = UINT32_MAX};
    ud_agent_config_t config;
    ud_agent_t agent;
    ud_journal_t journal;
    unsigned asked = 0;
    uint32_t in_flash = 0;
    _Alignas(uint64_t) uint8_t buffer[UD_AGENT_BUFFER_SIZE(UD_CHUNK_SIZE_DEFAULT)];
    memset(&agent, 0xA5, sizeof agent);
    memset(&journal, 0xA5, sizeof journal);
    configure(of, start, server.name, &asked, &config);
    if (start->name == of->story->first) {
        in_flash = bytes_in_flash(board, config.slots, &of->images.images[of->story->offered]);
    }
    if (ud_agent_init(&agent, board, &config, &journal, buffer, sizeof buffer, 0) != UD_OK) {
        return "the agent does not start";
    }
    uint64_t now_ms = 0;
    for (uint32_t left = most_steps(of); left > 0; left--) {
        uint64_t wake_ms;
        ud_agent_step(&agent, now_ms, &wake_ms);
        now_ms = wake_ms > now_ms ? wake_ms : now_ms;
        const char *complaint = check_step(&agent, &server, in_flash);
        if (complaint != NULL) {
            return complaint;
        }
        if (is_settled(&agent, &journal, of, start->name)) {
            return of->offering ? powercut_check_end(of, &journal, start->name) : check_identity(of, board);
        }
    }
    return "the agent does not come to an end";
}

/* ---- the case ------------------------------------------------------------ */

static void need(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "powercut: %s\n", what);
        exit(2);
    }
}

static ud_err_t write_artifact(void *context, uint64_t offset, const void *data, size_t size)
{
    memcpy((uint8_t *)context + offset, data, size);
    return UD_OK;
}

/* The offer of an image, and its artifact, which the caller frees. */
static uint8_t *make_offer(const powercut_image_t *image, uint16_t chunk_size, powercut_image_name_t name,
                           ud_offer_t *offer)
{
    bool is_old = name == POWERCUT_OLD;
    ud_image_memory_t memory = {image->bytes, image->size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    ud_image_info_t info;
    ud_signature_t signature;
    size_t signature_size = 0;
    uint32_t size = (uint32_t)ud_chain_artifact_size((uint32_t)image->size, chunk_size);
    uint8_t *artifact = malloc(size);
    need(artifact != NULL && ud_image_parse(&source, (uint32_t)image->size, &info) == UD_OK &&
             ud_image_signature(&source, &info, signature.data, &signature_size) == UD_OK,
         "no artifact can be made");
    *offer = (ud_offer_t){
        .present = UD_FIELD(UD_OFFER_NEXT) | UD_FIELD(UD_OFFER_ACTION) | UD_FIELD(UD_OFFER_UPDATE_ID) |
                   UD_FIELD(UD_OFFER_VERSION) | UD_FIELD(UD_OFFER_KIND) | UD_FIELD(UD_OFFER_IMAGE_SIZE) |
                   UD_FIELD(UD_OFFER_ARTIFACT_SIZE) | UD_FIELD(UD_OFFER_IMAGE_DIGEST) | UD_FIELD(UD_OFFER_KEY_HASH) |
                   UD_FIELD(UD_OFFER_SIGNATURE) | UD_FIELD(UD_OFFER_ARTIFACT_DIGEST) | UD_FIELD(UD_OFFER_CHUNK_SIZE) |
                   UD_FIELD(UD_OFFER_CHAIN_ROOT) | UD_FIELD(UD_OFFER_HARDWARE) | UD_FIELD(UD_OFFER_SECURITY_COUNTER),
        .next_s = 60,
        .action = is_old ? UD_ACTION_ROLLBACK : UD_ACTION_INSTALL,
        .update_id = UPDATE_ID + (uint32_t)name,
        .image_size = (uint32_t)image->size,
        .artifact_size = size,
        .chunk_size = chunk_size,
        .security_counter = info.security_counter,
        .hardware = POWERCUT_HARDWARE,
    };
    need(ud_chain_build(&source, (uint32_t)image->size, chunk_size, write_artifact, artifact, offer->chain_root) ==
             UD_OK,
         "no chain can be made");
    (void)snprintf(offer->version, sizeof offer->version, "%u.0.0", (unsigned)name + 1);
    offer->artifact_digest[0] = (uint8_t)name;
    memcpy(offer->image_digest, info.hash, UD_SHA256_SIZE);
    memcpy(offer->key_hash, info.key_hash, UD_SHA256_SIZE);
    signature.size = (uint16_t)signature_size;
    offer->signature = signature;
    return artifact;
}

void powercut_agent_make(powercut_case_t *made)
{
    for (powercut_image_name_t name = POWERCUT_OLD; name < POWERCUT_FORGED; name++) {
        ud_offer_t *offer = &made->offers[name];
        made->artifacts[name] = make_offer(&made->images.images[name], made->story->chunk_size, name, offer);
        if (made->mode->slots->runs_both) {
            offer->present |= UD_FIELD(UD_OFFER_SLOT);
            offer->slot = name != made->story->first;
        }
    }
}

/* What slot B holds at first. */
static void fill_slot_b(const powercut_case_t *of, ud_port_t *board)
{
    static uint8_t rubbish[IMAGE_MAX];
    const powercut_image_t *before = &of->images.images[of->story->offered];
    uint32_t size = ud_port_area(board, UD_AREA_SLOT_B)->size_bytes;
    if (of->story->setting == SETTING_KEPT) {
        ud_board_load(board, UD_AREA_SLOT_B, 0, before->bytes, before->size);
        return;
    }
    memset(rubbish, 0x5A, sizeof rubbish);
    ud_board_load(board, UD_AREA_SLOT_B, 0, rubbish, size < sizeof rubbish ? size : sizeof rubbish);
}

void powercut_agent_register(powercut_case_t *of, ud_port_t *board)
{
    fill_slot_b(of, board);
    explore_life_t life = {.context = of};
    of->identity = 0;
    of->unit = ud_spare_anchor_unit(board, UD_AREA_SLOT_B, of->story->chunk_size);
    of->offering = false;
    if (of->story->setting == SETTING_BLANK) {
        return;
    }
    need(ud_board_run(board, powercut_start, &life) == UD_BOARD_RETURNED && life.complaint == NULL,
         life.complaint == NULL ? "a device that registers resets" : life.complaint);
    of->identity = life.known;
    of->offering = of->story->setting != SETTING_STALE;
    ud_board_reset_cause_set(board, UD_RESET_POWER_ON);
}
