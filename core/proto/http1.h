/* HTTP/1.1 without I/O, for both ends (RFC 9112 framing, RFC 9110 fields).
 *
 * Bytes go in, events come out: the caller reads from its socket when and as much as it likes, and calls ud_http1_next()
 * until that asks for more. Nothing is allocated and nothing points into the parser, which is 32 bytes. A line (request
 * line, status line, header, chunk size) that arrives in pieces is put together in a buffer of the caller; a line that
 * arrives whole is judged where it lies. Bodies are handed on in place and never collected.
 *
 *     LINE -> HEADER... -> HEAD_END -> BODY... -> END -> (server: the next request's LINE)
 *
 * Strict, because two readers who disagree about where a message ends can be played against each other. Refused: a
 * bare LF or CR (but in what a client drops of a long header), folded headers, a space before the colon,
 * Content-Length twice or with Transfer-Encoding or not of digits alone, any transfer coding but a single "chunked",
 * no Host or two in a request of HTTP/1.1, targets that are neither a path nor "http://..." (authority-form, "*";
 * whether the host of the latter is that of Host, as RFC 9112 section 3.2.2 has it, is for the server to judge, who
 * holds both), and anything above the limits of core/base/limits.h. After an error the stream has no known position
 * any more: answer with ud_http1_error_status() if you are the server, and close.
 *
 * HTTP/1.0 is understood: without keep-alive, without chunks.
 */
#ifndef UD_PROTO_HTTP1_H
#define UD_PROTO_HTTP1_H

#include "core/base/err.h"
#include "core/base/limits.h"
#include "core/base/span.h"

#include <stdbool.h>

typedef enum {
    UD_HTTP1_NEED_MORE, /* all input is consumed; give more, or ud_http1_finish() if the other side closed */
    UD_HTTP1_LINE,      /* server: name = method, value = target; client: the parser's status is known now */
    UD_HTTP1_HEADER,    /* name and value of one header, framing headers too; value without surrounding blanks */
    UD_HTTP1_HEAD_END,  /* the head is complete; body kind, size, keep-alive and expectation are known now */
    UD_HTTP1_BODY,      /* value = the next bytes of the body, inside the input, never empty */
    UD_HTTP1_END,       /* the message is complete; comes for messages without a body too */
} ud_http1_event_type_t;

/* Spans are good until the next call with the same parser, buffer or input. */
typedef struct {
    ud_http1_event_type_t type;
    ud_span_t name;
    ud_span_t value;
} ud_http1_event_t;

typedef enum {
    UD_HTTP1_BODY_NONE,
    UD_HTTP1_BODY_LENGTH,      /* body_left bytes at HEAD_END */
    UD_HTTP1_BODY_CHUNKED,     /* size not known before its end; trailers are read and dropped */
    UD_HTTP1_BODY_UNTIL_CLOSE, /* responses only: ends when the connection does, ud_http1_finish() tells */
} ud_http1_body_t;

/* What requests have and responses do not, or the other way round; a device links the latter alone (http1.c). */
struct ud_http1_side;

/* One direction of one connection. May be copied and moved; the caller reads the fields down to `body` after HEAD_END and
 * writes none.
 */
typedef struct {
    size_t body_left;     /* UD_HTTP1_BODY_LENGTH: bytes not yet handed on; chunked: bytes left of the chunk */
    uint16_t status;      /* client: of the response, 200 to 599 */
    uint8_t minor;        /* HTTP/1.<minor>; anything above 1 counts as 1 */
    bool keep_alive;      /* the other side lets the connection live after this message */
    bool expect_continue; /* server: the client waits for "100 Continue" before it sends the body */
    uint8_t body;         /* ud_http1_body_t */

    uint8_t state;
    uint8_t seen; /* what was met so far of what may be met once */
    uint8_t header_count;
    uint8_t interim_count;
    bool server;
    uint16_t line_size;
    uint16_t head_size;
    const struct ud_http1_side *side;
} ud_http1_t;

/* Begins to read requests (the server's side). After each END the parser stands ready for the next request of the same
 * connection by itself.
 */
void ud_http1_init_server(ud_http1_t *parser);

/* Begins to read the response to one request (the client's side) other than HEAD. Interim responses (1xx) are read and
 * dropped, at most UD_HTTP1_INTERIM_COUNT_MAX of them. Call it again for each request.
 */
void ud_http1_init_client(ud_http1_t *parser);

/* Takes bytes from the front of `*input`, moving it on, until there is one event. `line` holds a line in pieces; it has
 * `line_capacity` bytes, which is also the longest line accepted (at most UD_HTTP1_HEAD_SIZE_MAX), and must be the same
 * memory until NEED_MORE is over. A client drops longer headers instead, as long as they do not decide where the message
 * ends: what a proxy adds must not cost a small device its updates. Never blocks.
 * Errors: UD_ERR_MALFORMED; UD_ERR_TOO_LARGE (a line longer than `line_capacity`, or a head above
 * UD_HTTP1_HEAD_SIZE_MAX, or on a server UD_HTTP1_HEADER_COUNT_MAX); UD_ERR_UNSUPPORTED (HTTP major version or transfer coding).
 * The parser is then unusable until initialised again.
 */
UD_MUST_USE ud_err_t ud_http1_next(ud_http1_t *parser, uint8_t *line, size_t line_capacity, ud_span_t *input,
                                   ud_http1_event_t *event);

/* Client: the other side closed. OK if that was the end of a body of UNTIL_CLOSE, or if the message had ended.
 * Errors: UD_ERR_MALFORMED (it was cut off, or never came).
 */
UD_MUST_USE ud_err_t ud_http1_finish(const ud_http1_t *parser);

/* Server: true between messages, before any byte of the next request. */
bool ud_http1_idle(const ud_http1_t *parser);

/* Server: the status to answer when ud_http1_next() gave `err`: 400, 413, 414, 431, 501 or 505. */
int ud_http1_error_status(const ud_http1_t *parser, ud_err_t err);

/* Writes a head into a buffer of the caller. The calls cannot fail; what went wrong first is kept and told by
 * ud_http1_write_end(), so they need no checks in between.
 */
typedef struct {
    uint8_t *data;
    size_t capacity;
    size_t size; /* bytes written so far */
    ud_err_t err;
} ud_http1_writer_t;

/* A writer at the first of `capacity` bytes at `data`. */
void ud_http1_writer_init(ud_http1_writer_t *writer, uint8_t *data, size_t capacity);

/* "GET /path HTTP/1.1" and the Host header; `host` as in a URL, with ":port" where it is not 80. */
void ud_http1_write_request(ud_http1_writer_t *writer, const char *method, const char *target, const char *host);

/* "HTTP/1.1 200 OK"; always 1.1, whatever the request was (RFC 9110 section 6.2). An unknown status gets no reason. */
void ud_http1_write_response(ud_http1_writer_t *writer, int status);

/* One header. A name that is no word, or a control character in the value, is UD_ERR_INVALID_ARGUMENT at the end. */
void ud_http1_write_header(ud_http1_writer_t *writer, const char *name, const char *value);
void ud_http1_write_header_number(ud_http1_writer_t *writer, const char *name, size_t value);

/* Client: the header that carries a token ("Authorization: Bearer", RFC 6750 section 2.1), and the one that asks for the
 * bytes `first` to `last`.
 */
void ud_http1_write_bearer(ud_http1_writer_t *writer, const char *token);
void ud_http1_write_range(ud_http1_writer_t *writer, size_t first, size_t last);

/* The empty line behind the headers. Errors: UD_ERR_BUFFER_TOO_SMALL, UD_ERR_INVALID_ARGUMENT. */
UD_MUST_USE ud_err_t ud_http1_write_end(ud_http1_writer_t *writer);

/* The words behind a status ("Not Found"), or "". */
const char *ud_http1_reason(int status);

/* Fields. Names and values are spans as the parser gives them. */

/* True if `name` is `lower_case` in any case. */
bool ud_http1_name_is(ud_span_t name, const char *lower_case);

/* Decimal digits alone, at most 18 of them (9 where a size_t has 32 bits). Errors: UD_ERR_MALFORMED. */
UD_MUST_USE ud_err_t ud_http1_parse_number(ud_span_t value, size_t *number);

/* Bytes `first` to `last` of `total`: first <= last < total. */
typedef struct {
    size_t first;
    size_t last;
    size_t total;
} ud_http1_range_t;

/* Client: "bytes 4096-8191/65536" of a 206 (RFC 9110 section 14.4). An unknown total ("*") is refused.
 * Errors: UD_ERR_MALFORMED.
 */
UD_MUST_USE ud_err_t ud_http1_parse_content_range(ud_span_t value, ud_http1_range_t *range);

/* Server: a single range "bytes=0-99", "bytes=100-" or "bytes=-100" of a thing of `size` bytes, cut to its end (RFC 9110
 * section 14.1.2). Errors: UD_ERR_RANGE_NOT_SATISFIABLE (answer 416); UD_ERR_UNSUPPORTED (another unit, several ranges,
 * or not a range at all: ignore the header and answer 200).
 */
UD_MUST_USE ud_err_t ud_http1_parse_range(ud_span_t value, uint64_t size, uint64_t *first, uint64_t *last);

#endif
