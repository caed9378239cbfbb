#include "tests/unit/agent/fixture.h"

#include "agent/machine.h"
#include "core/base/assert.h"
#include "core/base/hex.h"
#include "core/crypto/crypto.h"
#include "core/image/descriptor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Bounds a run: more steps than any test needs. */
#define STEPS_MAX 200000

/* The transport's state has no room for a pointer to the test; there is one fixture at a time. */
static fixture_t *present;

/* ---- the server ------------------------------------------------------------ */

/* The exchange under way: what is left to be said. */
static struct {
    uint8_t kind;
    uint16_t status;
    uint8_t body[UD_MESSAGE_SIZE_MAX];
    const uint8_t *data;
    size_t left;
    uint32_t position; /* in the artifact */
} answer;

static bool is_authentic(const ud_request_t *request)
{
    const char *token = present->server.token;
    return token != NULL && strcmp(request->token, token) == 0;
}

static void answer_message(ud_message_type_t type, const void *message)
{
    assert_int_equal(ud_message_encode(type, message, answer.body, sizeof answer.body, &answer.left), UD_OK);
    answer.data = answer.body;
    answer.status = 200;
}

static void answer_token(void)
{
    ud_register_answer_t message = {
        .present = UD_FIELD(UD_REGISTER_ANSWER_STATUS) | UD_FIELD(UD_REGISTER_ANSWER_NEXT),
        .status = present->server.register_status,
        .next_s = 5,
    };
    if (message.status == UD_STATUS_ACTIVE) {
        message.present |= UD_FIELD(UD_REGISTER_ANSWER_TOKEN);
        strcpy(message.token, present->server.token);
    }
    answer_message(UD_MESSAGE_REGISTER_ANSWER, &message);
}

static uint32_t place_of(uint32_t checkin)
{
    return checkin < FIXTURE_CHECKINS_MAX ? checkin : FIXTURE_CHECKINS_MAX - 1;
}

static void answer_checkin(const ud_request_t *request)
{
    fixture_server_t *server = &present->server;
    ud_checkin_t *checkin = &server->checkins[place_of(server->checkin_count)];
    assert_int_equal(ud_message_decode(UD_MESSAGE_CHECKIN, request->body, checkin, NULL), UD_OK);
    server->checkin_count++;
    bool named = (checkin->present & UD_FIELD(UD_CHECKIN_UPDATE_ID)) != 0;
    if (server->knows_last_only && named && checkin->update_id != server->offer.update_id) {
        answer.status = 409;
        return;
    }
    answer_message(UD_MESSAGE_OFFER, &server->offer);
}

static void answer_artifact(const ud_request_t *request)
{
    const fixture_release_t *release = present->server.release;
    answer.status = 404;
    if (release == NULL) {
        return;
    }
    char path[UD_URL_SIZE_MAX + 1] = "/v1/artifacts/";
    ud_hex_encode(release->digest, UD_SHA256_SIZE, path + strlen(path));
    if (strcmp(request->url, path) != 0 || request->last >= release->artifact_size ||
        request->total != release->artifact_size) {
        return;
    }
    answer.status = 206;
    answer.data = release->artifact + request->first;
    answer.left = request->last - request->first + 1;
    answer.position = request->first;
    if (request->first < present->server.artifact_first) {
        present->server.artifact_first = request->first;
    }
}

static ud_err_t begin(void *state, ud_port_t *port, const ud_request_t *request, uint8_t *buffer, size_t size)
{
    fixture_server_t *server = &present->server;
    (void)state;
    (void)port;
    (void)buffer;
    (void)size;
    if (server->unreachable) {
        return UD_ERR_NETWORK;
    }
    answer.kind = (uint8_t)request->kind;
    answer.left = 0;
    server->requests[request->kind]++;
    if (server->fail_count[request->kind] > 0) {
        server->fail_count[request->kind]--;
        answer.status = server->fail_status[request->kind];
        return UD_OK;
    }
    switch (request->kind) {
    case UD_REQUEST_REGISTER:
        assert_int_equal(ud_message_decode(UD_MESSAGE_REGISTER, request->body, &server->enrol, NULL), UD_OK);
        answer_token();
        break;
    case UD_REQUEST_TOKEN:
        answer_token();
        break;
    case UD_REQUEST_CHECKIN:
        if (server->whim != NULL) {
            server->whim(server);
        }
        answer.status = 401;
        if (is_authentic(request)) {
            answer_checkin(request);
        }
        break;
    case UD_REQUEST_ARTIFACT:
        answer.status = 401;
        if (is_authentic(request)) {
            answer_artifact(request);
        }
        break;
    case UD_REQUEST_COUNT:
        return UD_ERR_INTERNAL;
    }
    return UD_OK;
}

static ud_err_t serve(uint8_t *buffer, size_t want, size_t *fill)
{
    fixture_server_t *server = &present->server;
    size_t size = want - *fill < answer.left ? want - *fill : answer.left;
    size = size < server->piece ? size : server->piece;
    if (answer.kind == UD_REQUEST_ARTIFACT && server->break_after > 0) {
        if (size >= server->break_after) {
            server->break_after = 0;
            return UD_ERR_NETWORK;
        }
        server->break_after -= (uint32_t)size;
    }
    memcpy(buffer + *fill, answer.data, size);
    if (answer.kind == UD_REQUEST_ARTIFACT) {
        int64_t flip = server->flip_at - (int64_t)answer.position;
        if (server->flip_at >= 0 && flip >= 0 && flip < (int64_t)size) {
            buffer[*fill + (size_t)flip] ^= 0x10;
        }
        answer.position += (uint32_t)size;
        server->artifact_bytes += (uint32_t)size;
    }
    answer.data += size;
    answer.left -= size;
    *fill += size;
    return UD_OK;
}

static ud_err_t poll(void *state, ud_port_t *port, uint8_t *buffer, size_t size, size_t want, size_t *fill,
                     ud_answer_t *reply)
{
    (void)state;
    (void)port;
    (void)size;
    reply->status = answer.status;
    reply->retry_after_s = answer.status >= 300 ? present->server.retry_after_s : 0;
    if (answer.left > 0) {
        UD_TRY(serve(buffer, want, fill));
    }
    bool drips = present->server.drip_ms > 0 && (answer.kind == UD_REQUEST_ARTIFACT || answer.status >= 300);
    present->now_ms += drips ? present->server.drip_ms : 0;
    reply->complete = answer.left == 0 && !(drips && answer.status >= 300);
    return UD_OK;
}

static void close_stream(void *state, ud_port_t *port)
{
    (void)state;
    (void)port;
    answer.left = 0;
}

static bool was_stale(const void *state)
{
    (void)state;
    return false;
}

const ud_transport_t fixture_transport = {begin, poll, close_stream, was_stale};

/* ---- releases ------------------------------------------------------------ */

static ud_err_t write_artifact(void *context, uint64_t offset, const void *data, size_t size)
{
    fixture_release_t *release = context;
    memcpy(release->artifact + offset, data, size);
    return UD_OK;
}

void fixture_release(fixture_t *fixture, const char *version, uint32_t counter, size_t payload_size,
                     uint16_t chunk_size, fixture_release_t *release)
{
    static uint8_t payload[FIXTURE_IMAGE_SIZE_MAX];
    uint32_t noise = 0x12345678u + counter + (uint32_t)version[0];
    for (size_t i = 0; i < payload_size; i++) {
        noise = noise * 1664525u + 1013904223u;
        payload[i] = (uint8_t)(noise >> 24);
    }
    ud_sign_options_t options = {.hardware = FIXTURE_HARDWARE,
                                 .has_security_counter = true,
                                 .security_counter = counter,
                                 .header_size = UD_IMAGE_HEADER_SIZE,
                                 .pad_header = true,
                                 .scheme = fixture_scheme};
    assert_int_equal(ud_version_parse(version, strlen(version), &options.version), UD_OK);
    assert_int_equal(ud_sign_image(&options, fixture->key, payload, payload_size, release->image, sizeof release->image,
                                   &release->size, &release->info),
                     UD_OK);

    ud_offer_t *offer = &release->offer;
    *offer = (ud_offer_t){
        .next_s = 60,
        .action = UD_ACTION_INSTALL,
        .update_id = FIXTURE_UPDATE_ID,
        .image_size = (uint32_t)release->size,
        .artifact_size = (uint32_t)ud_chain_artifact_size((uint32_t)release->size, chunk_size),
        .chunk_size = chunk_size,
        .security_counter = counter,
        .hardware = FIXTURE_HARDWARE,
    };
    for (uint32_t key = UD_OFFER_NEXT; key <= UD_OFFER_HARDWARE; key++) {
        offer->present |= UD_FIELD(key);
    }
    offer->present &= ~(UD_FIELD(UD_OFFER_URL) | UD_FIELD(UD_OFFER_BASE_DIGEST) | UD_FIELD(UD_OFFER_NOTES_URL) |
                        UD_FIELD(UD_OFFER_POLICY));
    strcpy(offer->version, version);
    memcpy(offer->image_digest, release->info.hash, UD_SHA256_SIZE);
    memcpy(offer->key_hash, fixture->trusted.key_hash, UD_SHA256_SIZE);

    ud_image_memory_t memory = {release->image, release->size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    size_t signature_size;
    assert_int_equal(ud_image_signature(&source, &release->info, offer->signature.data, &signature_size), UD_OK);
    offer->signature.size = (uint16_t)signature_size;
    assert_int_equal(
        ud_chain_build(&source, (uint32_t)release->size, chunk_size, write_artifact, release, offer->chain_root),
        UD_OK);
    release->artifact_size = offer->artifact_size;
    ud_sha256(release->artifact, release->artifact_size, release->digest);
    memcpy(offer->artifact_digest, release->digest, UD_SHA256_SIZE);

    uint8_t digest[UD_SHA256_SIZE];
    ud_descriptor_t descriptor;
    ud_descriptor_from_image(&release->info, chunk_size, offer->chain_root, &descriptor);
    ud_descriptor_digest(&descriptor, digest);
    assert_int_equal(ud_sign_raw(fixture->key, digest, &offer->descriptor), UD_OK);
}

void fixture_offer(fixture_t *fixture, const fixture_release_t *release)
{
    fixture->server.offer = release->offer;
    fixture->server.release = release;
}

/* ---- the device ------------------------------------------------------------ */

static bool may_download(void *context, const ud_agent_question_t *question)
{
    (void)question;
    return !((fixture_t *)context)->deny_download;
}

static bool may_reboot(void *context, const ud_agent_question_t *question)
{
    (void)question;
    return !((fixture_t *)context)->deny_reboot;
}

static ud_self_test_t self_test(void *context)
{
    return ((fixture_t *)context)->self_test;
}

static uint8_t battery(void *context)
{
    return ((fixture_t *)context)->battery;
}

static void tell_link(void *context, ud_agent_link_t *link)
{
    *link = ((fixture_t *)context)->link;
}

static void watch(void *context, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    fixture_t *fixture = context;
    (void)offset;
    (void)size;
    fixture->erases[area] += data == NULL ? 1 : 0;
}

ud_key_kind_t fixture_kind = UD_KEY_ECDSA_P256;
const ud_image_scheme_t *fixture_scheme = &ud_scheme_ecdsa_p256;

int fixture_setup(void **state)
{
    ud_board_config_t board;
    ud_board_config_default(&board);
    return fixture_setup_on(state, &board, &ud_slot_swap);
}

int fixture_setup_on(void **state, ud_board_config_t *board, const ud_slot_mode_t *slots)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    present = fixture;
    *state = fixture;
    assert_int_equal(ud_key_generate_kind(fixture_kind, &fixture->key), UD_OK);
    (void)ud_key_public_raw(fixture->key, fixture->public_key);
    ud_trusted_key_init(&fixture->trusted, fixture_scheme, fixture->public_key);

    board->seed = 42;
    assert_int_equal(ud_board_create(board, &fixture->board), UD_OK);
    fixture_release(fixture, "1.0.0", 1, 9000, 4096, &fixture->first);
    fixture_release(fixture, "2.0.0", 2, 30000, 4096, &fixture->second);
    ud_board_load(fixture->board, UD_AREA_SLOT_A, 0, fixture->first.image, fixture->first.size);
    static uint8_t old[FIXTURE_IMAGE_SIZE_MAX];
    memset(old, 0x5A, sizeof old);
    ud_board_load(fixture->board, UD_AREA_SLOT_B, 0, old, sizeof old);
    ud_board_watch_set(fixture->board, watch, fixture);

    fixture->config = (ud_agent_config_t){
        .device_id = "test-1",
        .claim_key = "claim-me",
        .server = "updates.example",
        .transport = &fixture_transport,
        .keys = &fixture->trusted,
        .key_count = 1,
        .slots = slots,
        .hooks = {fixture, may_download, may_reboot, self_test, battery, tell_link, NULL},
    };
    ud_agent_config_complete(&fixture->config);
    fixture->self_test = UD_SELF_TEST_PASSED;
    fixture->battery = 80;
    fixture->now_ms = 1000;
    fixture->server = (fixture_server_t){
        .token = "token-one",
        .offer = {.present = UD_FIELD(UD_OFFER_NEXT) | UD_FIELD(UD_OFFER_ACTION), .next_s = 60},
        .flip_at = -1,
        .piece = 1000,
        .artifact_first = UINT32_MAX,
    };
    fixture_restart(fixture);
    return 0;
}

int fixture_teardown(void **state)
{
    fixture_t *fixture = *state;
    ud_board_destroy(fixture->board);
    ud_key_destroy(fixture->key);
    free(fixture);
    return 0;
}

static void start(ud_port_t *board, void *arg)
{
    fixture_t *fixture = arg;
    assert_int_equal(ud_agent_init(&fixture->agent, board, &fixture->config, &fixture->journal, fixture->buffer,
                                   sizeof fixture->buffer, fixture->now_ms),
                     UD_OK);
}

void fixture_restart(fixture_t *fixture)
{
    memset(&fixture->agent, 0xA5, sizeof fixture->agent);
    memset(&fixture->journal, 0xA5, sizeof fixture->journal);
    memset(fixture->buffer, 0xA5, sizeof fixture->buffer);
    assert_int_equal(ud_board_run(fixture->board, start, fixture), UD_BOARD_RETURNED);
}

typedef struct {
    fixture_t *fixture;
    uint64_t wake_ms;
} turn_t;

static void step(ud_port_t *board, void *arg)
{
    turn_t *turn = arg;
    (void)board;
    ud_agent_step(&turn->fixture->agent, turn->fixture->now_ms, &turn->wake_ms);
}

bool fixture_run_until(fixture_t *fixture, bool (*done)(const fixture_t *fixture), uint64_t limit_ms,
                       ud_board_end_t *end)
{
    ud_board_end_t ended = UD_BOARD_RETURNED;
    bool reached = false;
    for (uint32_t steps = 0; steps < STEPS_MAX && !reached && ended == UD_BOARD_RETURNED; steps++) {
        turn_t turn = {.fixture = fixture};
        ended = ud_board_run(fixture->board, step, &turn);
        if (ended != UD_BOARD_RETURNED) {
            break;
        }
        reached = done(fixture);
        if (!reached && turn.wake_ms > fixture->now_ms) {
            if (turn.wake_ms > limit_ms) {
                break;
            }
            fixture->now_ms = turn.wake_ms;
        }
    }
    if (end != NULL) {
        *end = ended;
    }
    return reached;
}

bool fixture_is_idle(const fixture_t *fixture)
{
    return fixture->agent.state == UD_AGENT_IDLE && fixture->server.checkin_count > 0 && !fixture->agent.result_pending;
}

bool fixture_is_staged(const fixture_t *fixture)
{
    return fixture->agent.state == UD_AGENT_STAGED && fixture->agent.timers.left_ms[UD_TIMER_FRESH] > 0;
}

bool fixture_has_result(const fixture_t *fixture)
{
    return fixture->agent.result_pending;
}

bool fixture_is_downloading(const fixture_t *fixture)
{
    return fixture->agent.state == UD_AGENT_WRITING && fixture->agent.chain.offset > fixture->agent.chunk_size;
}

bool fixture_is_waiting(const fixture_t *fixture)
{
    return fixture->agent.state == UD_AGENT_WAITING && fixture_last(fixture)->state == UD_DEVICE_WAITING;
}

bool fixture_never(const fixture_t *fixture)
{
    (void)fixture;
    return false;
}

void fixture_register(fixture_t *fixture)
{
    assert_true(fixture_run_until(fixture, fixture_is_idle, fixture->now_ms + 60000, NULL));
}

const ud_checkin_t *fixture_last(const fixture_t *fixture)
{
    assert_true(fixture->server.checkin_count > 0);
    return &fixture->server.checkins[place_of(fixture->server.checkin_count - 1)];
}

bool fixture_slot_b_holds(const fixture_t *fixture, const fixture_release_t *release)
{
    static uint8_t found[FIXTURE_IMAGE_SIZE_MAX];
    ud_board_peek(fixture->board, UD_AREA_SLOT_B, ud_slot_staging_offset(fixture->config.slots, fixture->board), found,
                  release->size);
    return memcmp(found, release->image, release->size) == 0;
}
