/* Transports: how messages and artifacts travel. One file each (transport_http.c); an agent is given one by its config.
 *
 * Sans-IO towards the network: only ud_port_net_* is called, nothing blocks. A transport keeps its state in
 * UD_TRANSPORT_STATE_SIZE bytes of the agent, zeroed at the beginning, and works in the agent's buffer: it composes the
 * request there, and the answer's body comes to lie there.
 */
#ifndef UD_AGENT_TRANSPORT_H
#define UD_AGENT_TRANSPORT_H

#include "core/base/err.h"
#include "core/base/limits.h"
#include "core/base/span.h"
#include "include/updraft/port.h"

#include <stdbool.h>

#define UD_TRANSPORT_STATE_SIZE 56

/* The end of the agent's buffer, where message and token lie while a request is composed at its beginning. */
#define UD_TRANSPORT_TAIL_SIZE (UD_REQUEST_SIZE_MAX + UD_TOKEN_SIZE_MAX + 1)

typedef enum {
    UD_REQUEST_REGISTER,
    UD_REQUEST_TOKEN,
    UD_REQUEST_CHECKIN,
    UD_REQUEST_ARTIFACT,
    UD_REQUEST_COUNT
} ud_request_kind_t;

typedef struct {
    ud_request_kind_t kind;
    const char *server; /* name of the server, as in ud_agent_config_t */
    const char *token;  /* "" for none; may lie in the buffer's tail */
    ud_span_t body; /* the message, at most UD_REQUEST_SIZE_MAX bytes, empty for an artifact; may lie in the tail too */
    const char *url; /* artifact: path on the server, or "http://name:port/path" of another (gets no token) */
    uint32_t first;  /* artifact: first and last byte asked for */
    uint32_t last;
    uint32_t total; /* artifact: bytes of all of it; 0 for messages */
} ud_request_t;

/* The answer, as far as it has come. */
typedef struct {
    uint16_t status;        /* as in HTTP; 0 while the head is not complete */
    bool complete;          /* no body is left */
    uint32_t retry_after_s; /* 0: not said */
} ud_answer_t;

typedef struct {
    /* Begins an exchange: composes the request in `buffer`, opens a stream or takes the open one.
     * Errors: UD_ERR_NETWORK, UD_ERR_BUFFER_TOO_SMALL, UD_ERR_UNSUPPORTED (the url).
     */
    ud_err_t (*begin)(void *state, ud_port_t *port, const ud_request_t *request, uint8_t *buffer, size_t size);

    /* Goes on: sends, receives the head, appends body to the first `*fill` bytes of the buffer until there are `want`. What
     * `want` leaves of the buffer is the transport's until the body begins, and of a message to its end: there it is at
     * least the size of a ud_offer_t.
     * UD_OK: something moved, look at `*fill` and `answer`. UD_ERR_WOULD_BLOCK: wait for the stream.
     * UD_ERR_NETWORK: the stream broke. UD_ERR_PROTOCOL: the answer is not allowed or is of another range.
     * UD_ERR_TOO_LARGE: a body longer than `want` (messages).
     */
    ud_err_t (*poll)(void *state, ud_port_t *port, uint8_t *buffer, size_t size, size_t want, size_t *fill,
                     ud_answer_t *answer);

    /* Ends whatever is under way and closes the stream. */
    void (*close)(void *state, ud_port_t *port);

    /* True if the stream that broke had served an exchange before and not a byte of this one's answer came: the server
     * had closed it meanwhile, and asking once more on a new stream is no failure.
     */
    bool (*was_stale)(const void *state);
} ud_transport_t;

/* HTTP/1.1, one stream, kept alive between the requests of a download (agent/transport_http.c). */
extern const ud_transport_t ud_transport_http;

#endif
