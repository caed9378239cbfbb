/* HTTP/1.1 for the agent: requests of the device protocol (docs/protocol.md) on one kept-alive stream. */
#include "agent/transport.h"

#include "core/base/assert.h"
#include "core/proto/http1.h"
#include "core/proto/message.h"

#include <string.h>

#define PARTIAL_CONTENT 206
#define PIECE_SIZE 256

/* A record of the chain that is not the last fills more than the piece in which an answer's head ends. */
_Static_assert(PIECE_SIZE < UD_SHA256_SIZE + UD_CHUNK_SIZE_MIN, "what a piece holds behind a head fits every buffer");
_Static_assert(PIECE_SIZE + UD_HTTP1_DEVICE_LINE_SIZE <= sizeof(ud_offer_t),
               "a message leaves room for a piece and a line where it will be decoded");

typedef struct {
    ud_http1_t parser;
    uint32_t first;        /* artifact: first byte asked for */
    uint32_t total;        /* artifact: bytes of all of it; 0 for messages */
    uint32_t request_size; /* bytes of the request in the buffer */
    uint32_t sent;         /* of them */
    bool open;             /* there is a stream... */
    bool own;              /* ...to our own server... */
    bool stale;            /* ...which answered before, and not yet to this request */
    bool range_ok;         /* the answer is of the range asked for */
} http_t;

_Static_assert(sizeof(http_t) <= UD_TRANSPORT_STATE_SIZE, "the state fits the agent's place for it");

static const struct {
    const char *method;
    const char *target; /* NULL: the request's url */
} requests[UD_REQUEST_COUNT] = {
    [UD_REQUEST_REGISTER] = {"POST", "/v1/register"},
    [UD_REQUEST_TOKEN] = {"POST", "/v1/token"},
    [UD_REQUEST_CHECKIN] = {"POST", "/v1/checkin"},
    [UD_REQUEST_ARTIFACT] = {"GET", NULL},
};

/* ---- request ------------------------------------------------------------ */

/* Copies the host of "http://name:port/path" to `host`, and leaves the path. */
static ud_err_t split_url(const char **url, char host[UD_URL_SIZE_MAX + 1])
{
    static const char scheme[] = "http://";
    UD_REQUIRE(strncmp(*url, scheme, sizeof scheme - 1) == 0, UD_ERR_UNSUPPORTED);
    const char *name = *url + sizeof scheme - 1;
    const char *path = strchr(name, '/');
    UD_REQUIRE(path != NULL && path != name && path - name <= UD_URL_SIZE_MAX, UD_ERR_UNSUPPORTED);
    memcpy(host, name, (size_t)(path - name));
    host[path - name] = '\0';
    *url = path;
    return UD_OK;
}

static ud_err_t compose(const ud_request_t *request, const char *host, const char *path, bool own, uint8_t *buffer,
                        size_t size, uint32_t *request_size)
{
    ud_http1_writer_t writer;
    ud_http1_writer_init(&writer, buffer, size - UD_TRANSPORT_TAIL_SIZE);
    ud_http1_write_request(&writer, requests[request->kind].method, path, host);
    if (own && request->token[0] != '\0') {
        ud_http1_write_bearer(&writer, request->token);
    }
    if (request->kind == UD_REQUEST_ARTIFACT) {
        ud_http1_write_range(&writer, request->first, request->last);
    } else {
        ud_http1_write_header(&writer, "Content-Type", "application/cbor");
        ud_http1_write_header(&writer, "Accept", "application/cbor");
        ud_http1_write_header_number(&writer, "Content-Length", request->body.size);
    }
    UD_TRY(ud_http1_write_end(&writer));
    if (request->body.size > 0) {
        memmove(buffer + writer.size, request->body.data, request->body.size);
    }
    *request_size = (uint32_t)(writer.size + request->body.size);
    return UD_OK;
}

static ud_err_t begin(void *state, ud_port_t *port, const ud_request_t *request, uint8_t *buffer, size_t size)
{
    http_t *http = state;
    char other_host[UD_URL_SIZE_MAX + 1];
    const char *host = request->server;
    const char *path = requests[request->kind].target;
    if (path == NULL) {
        path = request->url;
    }
    if (path[0] != '/') {
        UD_TRY(split_url(&path, other_host));
        host = strcmp(other_host, host) == 0 ? host : other_host;
    }
    bool own = host == request->server;
    uint32_t request_size;
    UD_TRY(compose(request, host, path, own, buffer, size, &request_size));

    bool reuse = http->open && http->own && own;
    *http = (http_t){
        .first = request->first,
        .total = request->total,
        .request_size = request_size,
        .own = own,
        .stale = reuse,
    };
    ud_http1_init_client(&http->parser);
    if (!reuse) {
        UD_TRY(ud_port_net_open(port, own ? NULL : host));
    }
    http->open = true;
    return UD_OK;
}

/* ---- answer ------------------------------------------------------------ */

static void take_header(http_t *http, const ud_http1_event_t *event, ud_answer_t *answer)
{
    size_t number;
    ud_http1_range_t range;
    if (ud_http1_name_is(event->name, "retry-after")) {
        if (ud_http1_parse_number(event->value, &number) == UD_OK && number <= UINT32_MAX) {
            answer->retry_after_s = (uint32_t)number;
        }
    } else if (ud_http1_name_is(event->name, "content-range")) {
        http->range_ok = ud_http1_parse_content_range(event->value, &range) == UD_OK && range.first == http->first &&
                         range.total == http->total;
    }
}

/* The head is complete: may this body be taken? A whole artifact (200) is none of ours: the range was asked for. */
static ud_err_t judge_head(const http_t *http)
{
    uint16_t status = http->parser.status;
    UD_REQUIRE(status < 300 || status >= 400, UD_ERR_PROTOCOL);
    if (http->total > 0 && status < 300) {
        UD_REQUIRE(status == PARTIAL_CONTENT && http->range_ok && http->parser.body == UD_HTTP1_BODY_LENGTH,
                   UD_ERR_PROTOCOL);
    }
    return UD_OK;
}

static ud_err_t take_event(http_t *http, const ud_http1_event_t *event, uint8_t *buffer, size_t want, size_t *fill,
                           ud_answer_t *answer)
{
    switch (event->type) {
    case UD_HTTP1_HEADER:
        take_header(http, event, answer);
        break;
    case UD_HTTP1_HEAD_END:
        answer->status = http->parser.status;
        return judge_head(http);
    case UD_HTTP1_BODY:
        /* What an error says to people is not for devices. */
        if (answer->status >= 300) {
            break;
        }
        UD_REQUIRE(event->value.size <= want - *fill, UD_ERR_TOO_LARGE);
        memmove(buffer + *fill, event->value.data, event->value.size);
        *fill += event->value.size;
        break;
    case UD_HTTP1_END:
        answer->complete = true;
        break;
    case UD_HTTP1_NEED_MORE:
    case UD_HTTP1_LINE:
        break;
    }
    return UD_OK;
}

/* Feeds `input` to the parser; every event but the last leaves a byte less, so the loop ends. */
static ud_err_t feed(http_t *http, ud_span_t input, uint8_t *buffer, size_t size, size_t want, size_t *fill,
                     ud_answer_t *answer)
{
    uint8_t *line = buffer + size - UD_HTTP1_DEVICE_LINE_SIZE;
    ud_http1_event_t event;
    do {
        ud_err_t err = ud_http1_next(&http->parser, line, UD_HTTP1_DEVICE_LINE_SIZE, &input, &event);
        UD_REQUIRE(err == UD_OK, UD_ERR_PROTOCOL);
        UD_TRY(take_event(http, &event, buffer, want, fill, answer));
    } while (event.type != UD_HTTP1_NEED_MORE && event.type != UD_HTTP1_END);
    return input.size == 0 ? UD_OK : UD_ERR_PROTOCOL;
}

/* Bytes come to lie where the body goes on: of a body with a length there is nothing else, and from a piece of anything else
 * it is moved down by what framed it.
 */
static ud_err_t receive(http_t *http, ud_port_t *port, uint8_t *buffer, size_t size, size_t want, size_t *fill,
                        ud_answer_t *answer)
{
    bool in_body = answer->status > 0 && answer->status < 300;
    size_t room = in_body && http->parser.body == UD_HTTP1_BODY_LENGTH ? want - *fill : PIECE_SIZE;
    UD_REQUIRE(room > 0, UD_ERR_TOO_LARGE);
    size_t received = 0;
    UD_TRY(ud_port_net_receive(port, buffer + *fill, room, &received));
    if (received == 0) {
        answer->complete = ud_http1_finish(&http->parser) == UD_OK;
        return answer->complete ? UD_OK : UD_ERR_NETWORK;
    }
    http->stale = false;
    return feed(http, ud_span(buffer + *fill, received), buffer, size, want, fill, answer);
}

static ud_err_t send_request(http_t *http, ud_port_t *port, const uint8_t *buffer)
{
    size_t sent = 0;
    UD_TRY(ud_port_net_send(port, buffer + http->sent, http->request_size - http->sent, &sent));
    http->sent += (uint32_t)sent;
    return UD_OK;
}

static ud_err_t poll(void *state, ud_port_t *port, uint8_t *buffer, size_t size, size_t want, size_t *fill,
                     ud_answer_t *answer)
{
    http_t *http = state;
    UD_REQUIRE(http->open, UD_ERR_NETWORK);
    if (http->sent < http->request_size) {
        return send_request(http, port, buffer);
    }
    UD_TRY(receive(http, port, buffer, size, want, fill, answer));
    if (answer->complete && !http->parser.keep_alive) {
        ud_port_net_close(port);
        http->open = false;
    }
    return UD_OK;
}

static void close_stream(void *state, ud_port_t *port)
{
    http_t *http = state;
    ud_port_net_close(port);
    *http = (http_t){0};
}

static bool was_stale(const void *state)
{
    const http_t *http = state;
    return http->stale;
}

const ud_transport_t ud_transport_http = {begin, poll, close_stream, was_stale};
