#include "agent/exchange.h"

#include "agent/download.h"
#include "agent/machine.h"
#include "agent/pairs.h"
#include "agent/report.h"
#include "core/base/assert.h"

#include <string.h>

/* Place of an answer's decoded form, at the end of the buffer. */
#define DECODED_SIZE ((sizeof(ud_offer_t) + 7) / 8 * 8)

_Static_assert(sizeof(ud_register_answer_t) <= sizeof(ud_offer_t), "an offer is the largest answer");
_Static_assert(DECODED_SIZE + UD_AGENT_ANSWER_SIZE_MIN <= UD_AGENT_MESSAGE_BUFFER_SIZE,
               "an answer fits the buffer beside its decoded form");
_Static_assert(UD_TRANSPORT_TAIL_SIZE + UD_REQUEST_SIZE_MAX <= UD_AGENT_MESSAGE_BUFFER_SIZE,
               "head, message and token fit the buffer");

void *ud_exchange_scratch(const ud_agent_t *agent)
{
    return agent->buffer + (agent->buffer_size - DECODED_SIZE) / 8 * 8;
}

size_t ud_exchange_room(const ud_agent_t *agent)
{
    size_t room = (agent->buffer_size - DECODED_SIZE) / 8 * 8;
    return room < UD_MESSAGE_SIZE_MAX ? room : UD_MESSAGE_SIZE_MAX;
}

/* Writes `text` unless there is none. */
static void put_maybe(ud_writer_t *pairs, uint8_t key, const char *text)
{
    if (text != NULL) {
        ud_pairs_put_text(pairs, key, text);
    }
}

static ud_err_t encode_register(const ud_agent_t *agent, ud_writer_t *pairs)
{
    uint8_t nonce[UD_IDENTITY_NONCE_SIZE];
    uint8_t secret[UD_IDENTITY_SECRET_SIZE];
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    UD_TRY(ud_identity_secrets(&agent->identity, agent->port, nonce, secret));
    ud_version_format(&agent->version, version);
    ud_pairs_put_text(pairs, UD_REGISTER_DEVICE_ID, agent->config->device_id);
    ud_pairs_put_text(pairs, UD_REGISTER_HARDWARE, agent->hardware);
    ud_pairs_put_bytes(pairs, UD_REGISTER_NONCE, nonce, sizeof nonce);
    ud_pairs_put_bytes(pairs, UD_REGISTER_SECRET, secret, sizeof secret);
    put_maybe(pairs, UD_REGISTER_CLAIM_KEY, agent->config->claim_key);
    put_maybe(pairs, UD_REGISTER_ONE_TIME_CODE, agent->config->one_time_code);
    ud_pairs_put_text(pairs, UD_REGISTER_VERSION, version);
    ud_pairs_put_bytes(pairs, UD_REGISTER_IMAGE_DIGEST, agent->image_digest, UD_SHA256_SIZE);
    return UD_OK;
}

static ud_err_t encode_token_request(const ud_agent_t *agent, ud_writer_t *pairs)
{
    uint8_t nonce[UD_IDENTITY_NONCE_SIZE];
    uint8_t secret[UD_IDENTITY_SECRET_SIZE];
    UD_TRY(ud_identity_secrets(&agent->identity, agent->port, nonce, secret));
    ud_pairs_put_text(pairs, UD_TOKEN_REQUEST_DEVICE_ID, agent->config->device_id);
    ud_pairs_put_bytes(pairs, UD_TOKEN_REQUEST_SECRET, secret, sizeof secret);
    return UD_OK;
}

static ud_err_t compose(ud_agent_t *agent, ud_request_t *request)
{
    uint8_t *message = agent->buffer + agent->buffer_size - UD_TRANSPORT_TAIL_SIZE;
    char *token = (char *)message + UD_REQUEST_SIZE_MAX;
    ud_writer_t pairs;
    ud_pairs_begin(&pairs, message, UD_REQUEST_SIZE_MAX);
    token[0] = '\0';
    switch (request->kind) {
    case UD_REQUEST_REGISTER:
        UD_TRY(encode_register(agent, &pairs));
        break;
    case UD_REQUEST_TOKEN:
        UD_TRY(encode_token_request(agent, &pairs));
        break;
    case UD_REQUEST_CHECKIN:
        ud_report_encode(agent, &pairs);
        UD_TRY(ud_identity_token(&agent->identity, agent->port, token));
        break;
    case UD_REQUEST_ARTIFACT:
        pairs.size = 0;
        ud_download_request(agent, request);
        UD_TRY(ud_identity_token(&agent->identity, agent->port, token));
        break;
    case UD_REQUEST_COUNT:
        return UD_ERR_INTERNAL;
    }
    request->token = token;
    request->body = ud_span(message, pairs.size);
    return ud_writer_status(&pairs);
}

void ud_exchange_expect(ud_agent_t *agent)
{
    agent->timers.left_ms[UD_TIMER_ANSWER] = ud_timer_ms(agent->config->answer_timeout_ms, UD_AGENT_ANSWER_TIMEOUTS);
}

static void expect_byte(ud_agent_t *agent)
{
    agent->timers.left_ms[UD_TIMER_SILENCE] = agent->config->answer_timeout_ms;
}

void ud_exchange_begin(ud_agent_t *agent, ud_request_kind_t kind)
{
    ud_request_t request = {.kind = kind, .server = agent->config->server};
    agent->request = (uint8_t)kind;
    agent->answer = (ud_answer_t){0};
    agent->fill = 0;
    ud_exchange_expect(agent);
    expect_byte(agent);
    ud_err_t err = compose(agent, &request);
    if (err != UD_OK) {
        /* A copy of the identity went bad under way: from now on the other one, if there is one. */
        ud_agent_may_fail(ud_identity_open(&agent->identity, agent->port));
    } else {
        err = agent->config->transport->begin(agent->transport_state, agent->port, &request, agent->buffer,
                                              agent->buffer_size);
    }
    agent->begin_error = (uint16_t)err;
    agent->busy = err == UD_OK;
}

void ud_exchange_close(ud_agent_t *agent)
{
    agent->config->transport->close(agent->transport_state, agent->port);
    agent->busy = false;
}

static ud_exchange_progress_t fail(ud_agent_t *agent)
{
    ud_exchange_close(agent);
    return UD_EXCHANGE_FAILED;
}

ud_exchange_progress_t ud_exchange_poll(ud_agent_t *agent, size_t want, ud_err_t *err)
{
    const ud_transport_t *transport = agent->config->transport;
    ud_timers_t *timers = &agent->timers;
    if (!agent->busy) {
        *err = (ud_err_t)agent->begin_error;
        return fail(agent);
    }
    *err = UD_ERR_NETWORK;
    if (timers->left_ms[UD_TIMER_ANSWER] == 0) {
        return fail(agent);
    }
    ud_err_t moved = transport->poll(agent->transport_state, agent->port, agent->buffer, agent->buffer_size, want,
                                     &agent->fill, &agent->answer);
    if (moved == UD_ERR_WOULD_BLOCK) {
        (void)ud_timers_wait(timers, timers->left_ms[UD_TIMER_ANSWER]);
        return ud_timers_wait(timers, timers->left_ms[UD_TIMER_SILENCE]) ? fail(agent) : UD_EXCHANGE_BUSY;
    }
    timers->wait_ms = 0;
    if (moved == UD_ERR_NETWORK && transport->was_stale(agent->transport_state)) {
        ud_exchange_close(agent);
        ud_exchange_begin(agent, (ud_request_kind_t)agent->request);
        return UD_EXCHANGE_MOVED;
    }
    if (moved != UD_OK) {
        *err = moved;
        return fail(agent);
    }
    expect_byte(agent);
    agent->contact = agent->contact || agent->answer.complete;
    agent->busy = !agent->answer.complete;
    return agent->answer.complete ? UD_EXCHANGE_DONE : UD_EXCHANGE_MOVED;
}
