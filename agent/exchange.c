#include "agent/exchange.h"

#include "agent/download.h"
#include "agent/machine.h"
#include "agent/pairs.h"
#include "agent/report.h"
#include "core/base/assert.h"

#include <string.h>

/* Bytes of an answer's decoded form, at ud_exchange_room() of the buffer. */
#define DECODED_SIZE ((sizeof(ud_offer_t) + 7) / 8 * 8)

_Static_assert(sizeof(ud_register_answer_t) <= sizeof(ud_offer_t), "an offer is the largest answer");
_Static_assert(DECODED_SIZE + UD_AGENT_ANSWER_SIZE_MIN <= UD_AGENT_MESSAGE_BUFFER_SIZE,
               "an answer fits the buffer beside its decoded form");
_Static_assert(UD_TRANSPORT_TAIL_SIZE + UD_REQUEST_SIZE_MAX <= UD_AGENT_MESSAGE_BUFFER_SIZE,
               "head, message and token fit the buffer");

_Static_assert(UD_MESSAGE_SIZE_MAX % 8 == 0, "behind the longest answer is a place for its decoded form");
_Static_assert(UD_REGISTER_DEVICE_ID == 1 && UD_TOKEN_REQUEST_DEVICE_ID == 1 && UD_CHECKIN_DEVICE_ID == 1,
               "every message begins with the device's id");

size_t ud_exchange_room(const ud_agent_t *agent)
{
    size_t room = (agent->buffer_size - DECODED_SIZE) / 8 * 8;
    return room < UD_MESSAGE_SIZE_MAX ? room : UD_MESSAGE_SIZE_MAX;
}

void *ud_exchange_scratch(const ud_agent_t *agent)
{
    return agent->buffer + ud_exchange_room(agent);
}

/* Writes `text` unless there is none. */
static void put_maybe(ud_writer_t *pairs, uint8_t key, const char *text)
{
    if (text != NULL) {
        ud_pairs_put_text(pairs, key, text);
    }
}

/* Behind the device's id: what registers it, or asks for a new token. */
static ud_err_t encode_secrets(const ud_agent_t *agent, ud_request_kind_t kind, ud_writer_t *pairs)
{
    ud_identity_secrets_t secrets;
    UD_TRY(ud_identity_secrets(&agent->identity, agent->port, &secrets));
    if (kind == UD_REQUEST_TOKEN) {
        ud_pairs_put_bytes(pairs, UD_TOKEN_REQUEST_SECRET, secrets.secret, UD_IDENTITY_SECRET_SIZE);
        return UD_OK;
    }
    ud_pairs_put_text(pairs, UD_REGISTER_HARDWARE, agent->hardware);
    ud_pairs_put_bytes(pairs, UD_REGISTER_NONCE, secrets.nonce, UD_IDENTITY_NONCE_SIZE);
    ud_pairs_put_bytes(pairs, UD_REGISTER_SECRET, secrets.secret, UD_IDENTITY_SECRET_SIZE);
    put_maybe(pairs, UD_REGISTER_CLAIM_KEY, agent->config->claim_key);
    put_maybe(pairs, UD_REGISTER_ONE_TIME_CODE, agent->config->one_time_code);
    ud_report_image(agent, UD_REGISTER_VERSION, pairs);
    return UD_OK;
}

static ud_err_t compose(ud_agent_t *agent, ud_request_kind_t kind, ud_request_t *request)
{
    uint8_t *message = agent->buffer + agent->buffer_size - UD_TRANSPORT_TAIL_SIZE;
    char *token = (char *)message + UD_REQUEST_SIZE_MAX;
    ud_writer_t pairs;
    ud_pairs_begin(&pairs, message, UD_REQUEST_SIZE_MAX);
    if (kind == UD_REQUEST_ARTIFACT) {
        pairs.size = 0;
        ud_download_request(agent, request);
    } else {
        ud_pairs_put_text(&pairs, UD_CHECKIN_DEVICE_ID, agent->config->device_id);
    }
    if (kind == UD_REQUEST_CHECKIN) {
        ud_report_encode(agent, &pairs);
    }
    if (kind == UD_REQUEST_REGISTER || kind == UD_REQUEST_TOKEN) {
        token[0] = '\0';
        UD_TRY(encode_secrets(agent, kind, &pairs));
    } else {
        UD_TRY(ud_identity_token(&agent->identity, agent->port, token));
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
    ud_err_t err = compose(agent, kind, &request);
    if (err != UD_OK) {
        /* A copy of the identity went bad under way: from now on the other one, if there is one. */
        ud_agent_may_fail(ud_identity_open(&agent->identity, agent->port));
    } else {
        err = agent->config->transport->begin(agent->transport_state, agent->port, &request, agent->buffer,
                                              agent->buffer_size);
    }
    agent->begin_error = err;
    agent->busy = err == UD_OK;
}

void ud_exchange_close(ud_agent_t *agent)
{
    agent->config->transport->close(agent->transport_state, agent->port);
    agent->busy = false;
}

ud_err_t ud_exchange_poll(ud_agent_t *agent, size_t want)
{
    const ud_transport_t *transport = agent->config->transport;
    ud_timers_t *timers = &agent->timers;
    if (!agent->busy) {
        return agent->begin_error;
    }
    if (timers->left_ms[UD_TIMER_ANSWER] == 0) {
        return UD_ERR_NETWORK;
    }
    ud_err_t err = transport->poll(agent->transport_state, agent->port, agent->buffer, agent->buffer_size, want,
                                   &agent->fill, &agent->answer);
    if (err == UD_ERR_WOULD_BLOCK) {
        (void)ud_timers_wait(timers, timers->left_ms[UD_TIMER_ANSWER]);
        return ud_timers_wait(timers, timers->left_ms[UD_TIMER_SILENCE]) ? UD_ERR_NETWORK : UD_ERR_WOULD_BLOCK;
    }
    timers->wait_ms = 0;
    if (err == UD_ERR_NETWORK && transport->was_stale(agent->transport_state)) {
        ud_exchange_close(agent);
        ud_exchange_begin(agent, (ud_request_kind_t)agent->request);
        return agent->begin_error;
    }
    if (err == UD_OK) {
        expect_byte(agent);
        agent->busy = !agent->answer.complete;
        agent->contact |= agent->answer.complete;
    }
    return err;
}
