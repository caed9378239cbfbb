/* Connections: bytes in, exchanges, bytes out. */
#include "core/base/assert.h"
#include "server/io/http_internal.h"
#include "server/io/transport.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- output ---------------------------------------------------------------------------------------------------------- */

size_t connection_waiting(const connection_t *connection)
{
    return connection->out.size - connection->out.begin;
}

void connection_put(connection_t *connection, const void *data, size_t size)
{
    buffer_t *out = &connection->out;
    if (connection->dead) {
        return;
    }
    if (out->size + size > out->capacity && out->begin > 0) { /* what was written makes room */
        out->size -= out->begin;
        memmove(out->data, out->data + out->begin, out->size);
        out->begin = 0;
    }
    if (out->size + size > out->capacity) {
        size_t capacity = out->capacity * 2 > out->size + size ? out->capacity * 2 : out->size + size;
        capacity = capacity < 1024 ? 1024 : capacity;
        uint8_t *grown = realloc(out->data, capacity);
        if (grown == NULL) {
            connection_kill(connection);
            return;
        }
        out->data = grown;
        out->capacity = capacity;
    }
    memcpy(out->data + out->size, data, size);
    out->size += size;
}

static bool has_output(const connection_t *connection)
{
    return connection_waiting(connection) > 0 || connection->file >= 0;
}

/* Writes what waits. UD_ERR_WOULD_BLOCK: the other side must read first. */
static ud_err_t write_buffer(connection_t *connection)
{
    buffer_t *out = &connection->out;
    while (out->begin < out->size) {
        size_t written = 0;
        UD_TRY(ud_transport_write(connection->fd, out->data + out->begin, out->size - out->begin, connection->file >= 0,
                                  &written));
        out->begin += written;
        connection->moved += written;
    }
    if (out->capacity > 0) {
        free(out->data);
        *out = (buffer_t){0};
    }
    return UD_OK;
}

static ud_err_t write_file(connection_t *connection)
{
    uint64_t turn = FILE_TURN_SIZE;
    while (connection->file_left > 0) {
        UD_REQUIRE(turn > 0, UD_ERR_WOULD_BLOCK); /* the event comes at once: others have their turn first */
        size_t written = 0;
        uint64_t size = connection->file_left < turn ? connection->file_left : turn;
        UD_TRY(ud_transport_send_file(connection->fd, connection->file, connection->file_offset, size, &written));
        connection->file_offset += written;
        connection->file_left -= written;
        connection->moved += written;
        turn -= written;
    }
    close(connection->file);
    connection->file = -1;
    return UD_OK;
}

/* Writes as much as goes; afterwards all is written, or the write event is awaited, or the connection is dead. */
static void flush(connection_t *connection)
{
    if (connection->dead || !has_output(connection)) {
        return;
    }
    ud_err_t err = write_buffer(connection);
    if (err == UD_OK && connection->file >= 0) {
        err = write_file(connection);
    }
    if (err == UD_ERR_WOULD_BLOCK) {
        event_add(&connection->write_event, NULL);
    } else if (err != UD_OK) {
        connection_kill(connection);
    }
}

/* ---- input ----------------------------------------------------------------------------------------------------------- */

/* True if further bytes of the other side may be looked at now. */
static bool wants_input(const connection_t *connection)
{
    const ud_exchange_t *exchange = connection->exchange;
    if (connection->dead || connection->closing || connection->broken || connection->file >= 0) {
        return false;
    }
    if (exchange == NULL) {
        return connection_waiting(connection) <= OUT_HIGH_WATER;
    }
    return exchange->reply == REPLY_NONE && (exchange->intake == INTAKE_HEAD || exchange->intake == INTAKE_BODY);
}

/* True if what comes is only read to see the end of it. */
static bool drops_input(const connection_t *connection)
{
    return connection->lingering || (connection->exchange != NULL && connection->exchange->reply == REPLY_STREAM);
}

/* The stream cannot be read any further: answers and closes. */
static void fail(connection_t *connection, int status, ud_err_t err, const char *detail)
{
    connection->broken = true;
    ud_exchange_t *exchange = connection->exchange;
    if (exchange == NULL) {
        exchange = exchange_begin(connection, ud_span("-", 1), ud_span("-", 1));
    }
    if (exchange == NULL || exchange->reply != REPLY_NONE) {
        connection_kill(connection);
        return;
    }
    exchange_fail(exchange, status, err, detail);
}

static void take_event(connection_t *connection, const ud_http1_event_t *event)
{
    ud_exchange_t *exchange = connection->exchange;
    switch (event->type) {
    case UD_HTTP1_LINE:
        if (exchange_begin(connection, event->name, event->value) == NULL) {
            connection_kill(connection);
        }
        return;
    case UD_HTTP1_HEADER:
        if (exchange_add_header(exchange, event->name, event->value) != UD_OK) {
            fail(connection, 431, UD_ERR_TOO_LARGE, NULL);
        }
        return;
    case UD_HTTP1_HEAD_END:
        exchange_head_done(exchange);
        return;
    case UD_HTTP1_BODY:
        exchange_take_body(exchange, event->value);
        return;
    case UD_HTTP1_END:
        exchange_body_done(exchange);
        return;
    case UD_HTTP1_NEED_MORE:
        return;
    }
}

/* Parses one event; false when there is none. A line in pieces lies in the thread's buffer until the turn ends. */
static bool parse(connection_t *connection, ud_http1_event_t *event)
{
    uint8_t *line = connection->line != NULL ? connection->line : connection->thread->line;
    ud_err_t err = ud_http1_next(&connection->parser, line, UD_HTTP1_SERVER_LINE_SIZE, &connection->input, event);
    if (err != UD_OK) {
        fail(connection, ud_http1_error_status(&connection->parser, err), err, "The request is not valid HTTP/1.1.");
        return false;
    }
    return event->type != UD_HTTP1_NEED_MORE;
}

/* An exchange is over when it has been answered and nothing is on its way back to it. */
static void end_exchange(connection_t *connection)
{
    ud_exchange_t *exchange = connection->exchange;
    if (exchange == NULL || exchange->reply != REPLY_DONE || connection->holds > 0) {
        return;
    }
    if (!connection->closing && exchange->intake == INTAKE_HELD) { /* without a body: its END is still to be taken */
        ud_http1_event_t event;
        ud_span_t nothing = ud_span("", 0);
        UD_ASSERT(ud_http1_next(&connection->parser, connection->thread->line, UD_HTTP1_SERVER_LINE_SIZE, &nothing,
                                &event) == UD_OK &&
                  event.type == UD_HTTP1_END);
    }
    exchange_end(exchange);
}

static void pump(connection_t *connection)
{
    ud_http1_event_t event;
    end_exchange(connection);
    while (wants_input(connection) && parse(connection, &event)) {
        take_event(connection, &event);
        end_exchange(connection);
    }
    end_exchange(connection);
}

/* What is left of the input, and of a line in pieces, outlives this turn in memory of the connection's own. */
static void save_input(connection_t *connection)
{
    uint8_t *saved = NULL;
    if (connection->input.size > 0 && connection->input.data != connection->saved) {
        saved = malloc(connection->input.size);
        if (saved == NULL) {
            connection_kill(connection);
            return;
        }
        memcpy(saved, connection->input.data, connection->input.size);
        connection->input.data = saved;
    }
    if (saved != NULL || connection->input.size == 0) {
        free(connection->saved);
        connection->saved = saved;
    }
    if (connection->parser.line_size == 0) {
        free(connection->line);
        connection->line = NULL;
    } else if (connection->line == NULL) {
        connection->line = malloc(UD_HTTP1_SERVER_LINE_SIZE);
        if (connection->line == NULL) {
            connection_kill(connection);
            return;
        }
        memcpy(connection->line, connection->thread->line, connection->parser.line_size);
    }
}

/* ---- deadlines ------------------------------------------------------------------------------------------------------- */

static wait_t wait_of(const connection_t *connection)
{
    const ud_exchange_t *exchange = connection->exchange;
    if (connection->lingering) {
        return WAIT_LINGER;
    }
    wait_t stall = connection->vouched ? WAIT_STALL : WAIT_STRANGER;
    if (has_output(connection)) {
        return stall;
    }
    if (exchange == NULL) {
        return ud_http1_idle(&connection->parser) ? WAIT_IDLE : WAIT_HEAD;
    }
    if (exchange->intake == INTAKE_HEAD) {
        return WAIT_HEAD;
    }
    return exchange->intake == INTAKE_BODY ? stall : WAIT_NONE;
}

static void set_wait(connection_t *connection, wait_t wait)
{
    share_t *share = connection->share;
    if (connection->wait != WAIT_NONE) {
        TAILQ_REMOVE(&share->waits[connection->wait], connection, waiting);
    }
    connection->wait = wait;
    connection->renew = false;
    connection->moved = 0;
    if (wait != WAIT_NONE) {
        connection->deadline_ms = ud_monotonic_ms() + connection->thread->server->wait_ms[wait];
        TAILQ_INSERT_TAIL(&share->waits[wait], connection, waiting);
    }
}

static void expire(connection_t *connection)
{
    wait_t wait = connection->wait;
    bool stall = wait == WAIT_STALL || wait == WAIT_STRANGER;
    bool moving = stall && connection->moved >= UD_HTTP_STALL_SIZE;
    set_wait(connection, moving ? wait : WAIT_NONE);
    if (moving) {
        return;
    }
    if (wait == WAIT_HEAD || (stall && !has_output(connection))) {
        fail(connection, 408, UD_ERR_TIMED_OUT, "The request came too slowly.");
    } else {
        connection_kill(connection);
    }
}

void connection_sweep(thread_t *thread)
{
    uint64_t now_ms = ud_monotonic_ms();
    for (size_t i = 0; i < ENDPOINT_COUNT_MAX * WAIT_COUNT; i++) {
        const struct connection_list *waits = &thread->shares[i / WAIT_COUNT].waits[i % WAIT_COUNT];
        connection_t *connection = TAILQ_FIRST(waits);
        while (connection != NULL && connection->deadline_ms <= now_ms) {
            connection_enter(connection);
            expire(connection);
            connection_leave(connection); /* a later deadline, or none */
            connection = TAILQ_FIRST(waits);
        }
    }
}

/* ---- life ------------------------------------------------------------------------------------------------------------ */

void connection_kill(connection_t *connection)
{
    if (connection->dead) {
        return;
    }
    connection->dead = true;
    set_wait(connection, WAIT_NONE);
    event_del(&connection->read_event);
    event_del(&connection->write_event);
    close(connection->fd);
    if (connection->file >= 0) {
        close(connection->file);
        connection->file = -1;
    }
}

static void release(connection_t *connection)
{
    thread_t *thread = connection->thread;
    if (connection->exchange != NULL) {
        exchange_end(connection->exchange);
    }
    slot_t *slot = &thread->slots[connection->slot];
    slot->connection = NULL;
    slot->generation++;
    slot->next_free = thread->first_free;
    thread->first_free = connection->slot;
    thread->connection_count--;
    connection->share->connection_count--;
    free(connection->out.data);
    free(connection->line);
    free(connection->saved);
    free(connection);
    if (thread->draining && thread->connection_count == 0) {
        ud_loop_break(thread->loop);
    }
}

/* All is written and nothing more is to come: closes, or lingers so that a reply in mid-upload is not lost to a reset
 * (RFC 9112 section 9.6).
 */
static void finish(connection_t *connection)
{
    bool idle = connection->exchange == NULL && !has_output(connection);
    bool drained = connection->thread->draining && ud_http1_idle(&connection->parser);
    if (connection->dead || connection->lingering || !idle || !(connection->closing || drained)) {
        return;
    }
    if (connection->unread && shutdown(connection->fd, SHUT_WR) == 0) {
        connection->lingering = true;
        connection->input.size = 0;
    } else {
        connection_kill(connection);
    }
}

void connection_enter(connection_t *connection)
{
    UD_ASSERT(!connection->entered);
    connection->entered = true;
}

void connection_leave(connection_t *connection)
{
    do {
        pump(connection);
        flush(connection);
    } while (wants_input(connection) && connection->input.size > 0);
    finish(connection);
    if (!connection->dead) {
        save_input(connection);
    }
    connection->entered = false;
    if (connection->dead) {
        if (connection->holds == 0) {
            release(connection);
        }
        return;
    }
    if (!connection->reading && (drops_input(connection) || wants_input(connection))) {
        connection->reading = event_add(&connection->read_event, NULL) == 0;
    }
    wait_t wait = wait_of(connection);
    if (wait != connection->wait || (connection->renew && wait == WAIT_IDLE)) {
        set_wait(connection, wait);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    connection_t *connection = context;
    thread_t *thread = connection->thread;
    if (!drops_input(connection) && !wants_input(connection)) { /* not now; leaving asks again */
        event_del(&connection->read_event);
        connection->reading = false;
        return;
    }
    size_t size = 0;
    ud_err_t err = ud_transport_read(fd, thread->input, sizeof thread->input, &size);
    if (err == UD_ERR_WOULD_BLOCK) {
        return;
    }
    bool served = connection->exchange == NULL && has_output(connection);
    connection_enter(connection);
    if (err == UD_OK && size == 0 && served) {
        connection->closing = true; /* it says no more, but may still read its answer */
    } else if (err != UD_OK || size == 0) {
        connection_kill(connection);
    } else if (!drops_input(connection)) {
        connection->moved += size;
        connection->input = ud_span(thread->input, size);
    }
    connection_leave(connection);
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    connection_enter(context);
    connection_leave(context);
}

/* True if this endpoint, or the thread, has all the connections it may have. */
static bool is_full(const thread_t *thread, const share_t *share)
{
    uint32_t count_max = thread->slot_count / thread->server->endpoint_count;
    return thread->first_free == thread->slot_count || share->connection_count >= (count_max > 0 ? count_max : 1);
}

/* The connection that has waited longest for its peer, unless the peer is known and in mid-request; NULL: none. */
static connection_t *longest_waiting(const thread_t *thread, const share_t *share)
{
    connection_t *longest = NULL;
    uint64_t since_ms = UINT64_MAX;
    for (wait_t wait = 0; wait < WAIT_STALL; wait++) {
        connection_t *first = TAILQ_FIRST(&share->waits[wait]);
        if (first != NULL && first->deadline_ms - thread->server->wait_ms[wait] < since_ms) {
            longest = first;
            since_ms = first->deadline_ms - thread->server->wait_ms[wait];
        }
    }
    return longest;
}

/* Who only holds connections open, silent or in requests that never end, keeps nobody else out. */
static void make_room(const thread_t *thread, const share_t *share)
{
    connection_t *longest = is_full(thread, share) ? longest_waiting(thread, share) : NULL;
    if (longest != NULL) {
        connection_enter(longest);
        connection_kill(longest);
        connection_leave(longest);
    }
}

void connection_accept(thread_t *thread, size_t endpoint_index, int fd, const char *peer)
{
    share_t *share = &thread->shares[endpoint_index];
    make_room(thread, share);
    connection_t *connection = is_full(thread, share) ? NULL : calloc(1, sizeof *connection);
    if (connection == NULL) {
        close(fd);
        return;
    }
    connection->thread = thread;
    connection->endpoint = &thread->server->endpoints[endpoint_index];
    connection->share = share;
    connection->fd = fd;
    connection->file = -1;
    connection->wait = WAIT_NONE;
    connection->slot = thread->first_free;
    thread->first_free = thread->slots[connection->slot].next_free;
    thread->slots[connection->slot].connection = connection;
    thread->connection_count++;
    share->connection_count++;
    strncpy(connection->peer, peer, sizeof connection->peer - 1);
    ud_http1_init_server(&connection->parser);
    struct event_base *base = ud_loop_base(thread->loop);
    event_assign(&connection->read_event, base, fd, EV_READ | EV_PERSIST, on_readable, connection);
    event_assign(&connection->write_event, base, fd, EV_WRITE, on_writable, connection);
    connection_enter(connection);
    connection_leave(connection);
}

/* ---- completions ------------------------------------------------------------------------------------------------------ */

static void come_home(ud_post_t *post)
{
    ud_completion_t *completion = (ud_completion_t *)post;
    thread_t *thread = &completion->server->threads[completion->thread];
    const slot_t *slot = &thread->slots[completion->slot];
    UD_ASSERT(slot->connection != NULL && slot->generation == completion->generation);
    connection_t *connection = slot->connection;
    connection_enter(connection);
    connection->holds--;
    completion->run(connection->exchange, completion);
    connection_leave(connection);
}

void ud_exchange_hold(ud_exchange_t *exchange, ud_completion_t *completion, ud_completion_fn run)
{
    connection_t *connection = exchange->connection;
    thread_t *thread = connection->thread;
    connection->holds++;
    *completion = (ud_completion_t){.post.run = come_home,
                                    .server = thread->server,
                                    .slot = connection->slot,
                                    .generation = thread->slots[connection->slot].generation,
                                    .thread = thread->index,
                                    .run = run};
}

void ud_completion_send(ud_completion_t *completion)
{
    ud_loop_post(completion->server->threads[completion->thread].loop, &completion->post);
}

void ud_exchange_release(ud_exchange_t *exchange)
{
    exchange->connection->holds--;
}
