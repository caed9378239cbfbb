/* The server's side of HTTP/1.1: connections on libevent's raw events, one exchange at a time on each.
 *
 * A door gives ud_http_listen() one function, called when the head of a request has been read and nothing of its body.
 * Everything about that request and its reply hangs on the exchange; the door decides what happens next:
 *
 *     on_head ->  reply at once                        ud_exchange_reply(), ud_problem_reply() (door/problem.h)
 *             ->  collect the body, then go on         ud_exchange_collect(exchange, size_max, then)
 *             ->  take the body as it comes            ud_exchange_stream_body(exchange, size_max, part, then)
 *             ->  ask the engine, then any of these    ud_engine_submit() (io/engine.h), ud_worker_submit() (io/worker.h)
 *
 * Nothing is read before it is asked for: an upload is refused by its head alone, authorised or not, and what one
 * connection can make the server hold is bounded (limits below). "100 Continue" goes out when a body is asked for. A
 * request behind another on the same connection waits until that is answered. A reply given before the body was read
 * closes the connection behind it.
 *
 * Threads: an exchange belongs to one I/O thread; all calls and callbacks are on it. While a submission is out, the
 * exchange stays in memory though its client may go: its callback comes always and exactly once, ud_exchange_gone() tells,
 * and replies then go nowhere. Memory of the request is its arena, freed when the exchange ends; whatever else a handler
 * holds it frees in ud_exchange_on_end().
 */
#ifndef UD_IO_HTTP_H
#define UD_IO_HTTP_H

#include "core/base/err.h"
#include "core/base/span.h"
#include "server/domain/arena.h"
#include "server/domain/limits.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct ud_http_server ud_http_server_t;
typedef struct ud_exchange ud_exchange_t;

typedef void (*ud_exchange_fn)(ud_exchange_t *exchange);
typedef void (*ud_exchange_part_fn)(ud_exchange_t *exchange, ud_span_t part);

/* ---- the request: read with these; texts are in the arena, good until the exchange ends ------------------------------ */

/* The request's memory, for texts and results; freed when the exchange ends. */
ud_arena_t *ud_exchange_arena(const ud_exchange_t *exchange);

/* The door's own state: what ud_http_listen() was given, or what whoever shares an address between doors set before it
 * passed the request on.
 */
void *ud_exchange_door(const ud_exchange_t *exchange);
void ud_exchange_set_door(ud_exchange_t *exchange, void *door);

/* Unique while the process lives; in the log and in every problem. "7f3a-12c9" */
const char *ud_exchange_id(ud_exchange_t *exchange);

/* "GET", "POST", ...: as sent, a token of any letters. */
const char *ud_exchange_method(const ud_exchange_t *exchange);

/* Path as sent, without query, still percent-encoded; begins with '/'. */
const char *ud_exchange_path(const ud_exchange_t *exchange);

/* Decoded value of a query parameter (first of that name); NULL: absent. "+" means a blank. Errors: UD_ERR_MALFORMED (a bad
 * escape, not UTF-8, a control character), UD_ERR_OVERLOADED (memory).
 */
UD_MUST_USE ud_err_t ud_exchange_query(ud_exchange_t *exchange, const char *name, const char **value);

/* Name of the next query parameter, as sent; false behind the last. `*offset` is 0 for the first and kept for the next. */
bool ud_exchange_query_next(const ud_exchange_t *exchange, size_t *offset, ud_span_t *name);

/* Value of the first header of that name (lower case), or NULL. */
const char *ud_exchange_header(const ud_exchange_t *exchange, const char *lower_case);

/* Value of a cookie, or NULL. */
const char *ud_exchange_cookie(ud_exchange_t *exchange, const char *name);

/* The credential of "Authorization: Bearer ...", or NULL. */
const char *ud_exchange_bearer(const ud_exchange_t *exchange);

/* Decoded text of parameter `index` of the route's pattern (door/route.h), or "". */
const char *ud_exchange_param(const ud_exchange_t *exchange, unsigned index);
void ud_exchange_set_param(ud_exchange_t *exchange, unsigned index, const char *text);

/* Numeric address of the other side, without port. */
const char *ud_exchange_peer(const ud_exchange_t *exchange);

/* The collected body; one byte behind it is NUL. */
ud_span_t ud_exchange_body(const ud_exchange_t *exchange);

/* The body's size from Content-Length, or UINT64_MAX when chunked. */
uint64_t ud_exchange_body_size(const ud_exchange_t *exchange);

/* ---- what a handler keeps ------------------------------------------------------------------------------------------ */

/* A pointer of the handler's own, NULL at first. */
void ud_exchange_set_context(ud_exchange_t *exchange, void *context);
void *ud_exchange_context(const ud_exchange_t *exchange);

/* Called once when the exchange ends, whether answered or broken off: close files, free what is not in the arena. */
void ud_exchange_on_end(ud_exchange_t *exchange, ud_exchange_fn end);

/* Says that the door knows who asks. Until then the request is a stranger's: when connections run short, the one that has
 * waited longest for a silent or unknown peer makes room; a request vouched for is never cut for that.
 */
void ud_exchange_vouch(ud_exchange_t *exchange);

/* True when nobody waits for the answer any more. */
bool ud_exchange_gone(const ud_exchange_t *exchange);

/* ---- the body ------------------------------------------------------------------------------------------------------ */

/* Collects the body in the arena, then calls `then`. A body above `size_max` bytes is refused (UD_ERR_TOO_LARGE) as soon as
 * that is known, from Content-Length before a byte of it is read.
 */
void ud_exchange_collect(ud_exchange_t *exchange, size_t size_max, ud_exchange_fn then);

/* Hands the body on in parts as they come, then calls `then`. From within `part` the handler may reply (refuse), after
 * which no more parts come. An end of connection in mid-body calls neither, only on_end.
 */
void ud_exchange_stream_body(ud_exchange_t *exchange, uint64_t size_max, ud_exchange_part_fn part, ud_exchange_fn then);

/* ---- the reply: exactly one per exchange ----------------------------------------------------------------------------- */

/* Adds a header to the reply, before the reply is begun. Date, Content-Type, Content-Length, Transfer-Encoding and
 * Connection are set by the functions below. A value with control characters is dropped and logged.
 */
void ud_exchange_reply_header(ud_exchange_t *exchange, const char *name, const char *value);

/* Replies with `size` bytes, which are copied. `content_type` NULL: none (with size 0). To HEAD only the head goes out. */
void ud_exchange_reply(ud_exchange_t *exchange, int status, const char *content_type, const void *data, size_t size);

/* Replies with `size` bytes of file `fd` from `offset` on, sent as fast as the other side reads. Takes `fd` over, also on
 * failure. The file must not shrink meanwhile: the connection is cut if it does.
 */
void ud_exchange_reply_file(ud_exchange_t *exchange, int status, const char *content_type, int fd, uint64_t offset,
                            uint64_t size);

/* A reply of unknown length, for as long as the handler keeps it open (server-sent events, exports). */
void ud_exchange_stream_begin(ud_exchange_t *exchange, int status, const char *content_type);

/* Appends bytes to it. Errors: UD_ERR_WOULD_BLOCK (the other side reads too slowly: UD_EXCHANGE_PENDING_SIZE_MAX bytes are
 * waiting; nothing was taken, try again later or end it).
 */
UD_MUST_USE ud_err_t ud_exchange_stream_write(ud_exchange_t *exchange, const void *data, size_t size);

/* Ends it; the exchange is over. */
void ud_exchange_stream_end(ud_exchange_t *exchange);

/* Calls `then` once after `delay_ms`, unless the exchange has ended. One timer per exchange: a new one replaces it. */
void ud_exchange_after(ud_exchange_t *exchange, uint32_t delay_ms, ud_exchange_fn then);

/* What the log's line of this exchange says beside status and time; `detail` is copied into the arena. */
void ud_exchange_note(ud_exchange_t *exchange, ud_err_t err, const char *detail);

/* ---- the server ---------------------------------------------------------------------------------------------------- */

/* Answers `exchange` with `status` for `err`: heads and bodies that are malformed, too large or too slow. */
typedef void (*ud_exchange_problem_fn)(ud_exchange_t *exchange, int status, ud_err_t err, const char *detail);

typedef struct {
    unsigned thread_count;          /* 1 to UD_IO_THREAD_COUNT_MAX */
    unsigned connection_count_max;  /* in equal shares to threads and addresses; see ud_exchange_vouch() */
    uint32_t idle_ms;               /* between requests: 75 s outlasts the pauses of a device's own download */
    uint32_t head_ms;               /* for a head from its first byte to its last */
    uint32_t stall_ms;              /* a body or reply must move at least UD_HTTP_STALL_SIZE bytes in this time */
    ud_exchange_problem_fn problem; /* answers what fails below the doors; NULL: status and no body */
} ud_http_config_t;

/* Fills in what suits most. */
void ud_http_config_default(ud_http_config_t *config);

/* Makes the server; no thread runs yet. Errors: UD_ERR_INTERNAL (memory, descriptors). */
UD_MUST_USE ud_err_t ud_http_server_create(const ud_http_config_t *config, ud_http_server_t **server);

/* Binds `address` ("0.0.0.0:8480", "[::1]:0"; port 0 takes any free one) and serves it by `on_head`, one listening socket
 * per thread (SO_REUSEPORT). `bound`, when not NULL, receives the address with its real port (at most 63 characters).
 * Errors: UD_ERR_INVALID_ARGUMENT (no address, or none of this machine), UD_ERR_ADDRESS_IN_USE, UD_ERR_FORBIDDEN (the
 * system keeps the port for others), UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_http_listen(ud_http_server_t *server, const char *address, ud_exchange_fn on_head, void *door,
                                    char bound[64]);

/* Starts the threads. Errors: UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_http_server_start(ud_http_server_t *server);

/* Graceful end, callable from any thread but the I/O threads: accepts no more, closes idle connections, lets exchanges
 * finish for at most `drain_ms`, then cuts the rest and joins the threads. The engine and the workers must still run.
 */
void ud_http_server_stop(ud_http_server_t *server, uint32_t drain_ms);

/* After stop. NULL is allowed. */
void ud_http_server_destroy(ud_http_server_t *server);

#endif
