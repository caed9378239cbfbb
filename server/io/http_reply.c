/* Exchanges: the reply. */
#include "core/base/assert.h"
#include "server/io/http_internal.h"
#include "server/io/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Bytes of a reply's head without what handlers add. */
#define HEAD_SIZE 512

_Static_assert(sizeof(size_t) == sizeof(uint64_t),
               "numbers of headers are a size_t, and artifacts are as large as they like");

void exchange_fail(ud_exchange_t *exchange, int status, ud_err_t err, const char *detail)
{
    ud_exchange_problem_fn problem = exchange->connection->thread->server->config.problem;
    if (problem != NULL) {
        problem(exchange, status, err, detail);
    } else {
        ud_exchange_note(exchange, err, detail);
        ud_exchange_reply(exchange, status, NULL, NULL, 0);
    }
}

void ud_exchange_reply_header(ud_exchange_t *exchange, const char *name, const char *value)
{
    if (exchange->extra.data == NULL) {
        uint8_t *data = ud_arena_alloc(exchange->arena, EXTRA_HEAD_SIZE);
        ud_http1_writer_init(&exchange->extra, data, data == NULL ? 0 : EXTRA_HEAD_SIZE);
    }
    size_t before = exchange->extra.size;
    ud_http1_write_header(&exchange->extra, name, value);
    if (exchange->extra.err != UD_OK) {
        exchange->extra.size = before;
        exchange->extra.err = UD_OK;
        ud_log(UD_LOG_WARN, "reply_header_dropped", "id", ud_exchange_id(exchange), "name", name, "value", value);
    }
}

/* The text of the Date header (RFC 9110 section 5.6.7), made once a second. */
static const char *date(thread_t *thread)
{
    int64_t now = ud_wall_ms() / 1000;
    if (now != thread->date_s) {
        struct tm parts;
        time_t seconds = (time_t)now;
        gmtime_r(&seconds, &parts);
        strftime(thread->date, sizeof thread->date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        thread->date_s = now;
    }
    return thread->date;
}

/* Whether the connection must end behind this reply. */
static bool must_close(const ud_exchange_t *exchange)
{
    const connection_t *connection = exchange->connection;
    bool unread = exchange->intake != INTAKE_DONE && exchange->body_size > 0;
    return connection->broken || unread || !connection->parser.keep_alive || connection->thread->draining;
}

/* `size` UINT64_MAX: not known. False when the client has gone. */
static bool put_head(ud_exchange_t *exchange, int status, const char *content_type, uint64_t size)
{
    connection_t *connection = exchange->connection;
    UD_ASSERT(exchange->reply == REPLY_NONE);
    exchange->status = status;
    exchange->chunked = size == UINT64_MAX && connection->parser.minor >= 1;
    bool close =
        must_close(exchange) || size == UINT64_MAX; /* during a stream, input only tells that the client went */
    connection->closing = connection->closing || close;
    connection->unread = connection->broken || (exchange->intake != INTAKE_DONE && exchange->body_size > 0);
    if (connection->dead) {
        return false;
    }
    uint8_t data[HEAD_SIZE + EXTRA_HEAD_SIZE];
    ud_http1_writer_t head;
    ud_http1_writer_init(&head, data, sizeof data);
    ud_http1_write_response(&head, status);
    ud_http1_write_header(&head, "Date", date(connection->thread));
    if (content_type != NULL) {
        ud_http1_write_header(&head, "Content-Type", content_type);
    }
    if (exchange->chunked) {
        ud_http1_write_header(&head, "Transfer-Encoding", "chunked");
    } else if (size != UINT64_MAX && status != 204 && status != 304) {
        ud_http1_write_header_number(&head, "Content-Length", size);
    }
    if (close || connection->parser.minor == 0) {
        ud_http1_write_header(&head, "Connection", close ? "close" : "keep-alive");
    }
    if (head.size + exchange->extra.size + 2 <= sizeof data && exchange->extra.size > 0) {
        memcpy(data + head.size, exchange->extra.data, exchange->extra.size);
        head.size += exchange->extra.size;
    }
    UD_ASSERT(ud_http1_write_end(&head) == UD_OK); /* all of it is ours or was checked before */
    connection_put(connection, data, head.size);
    return true;
}

void ud_exchange_reply(ud_exchange_t *exchange, int status, const char *content_type, const void *data, size_t size)
{
    if (put_head(exchange, status, content_type, size) && !exchange->head_only && size > 0) {
        connection_put(exchange->connection, data, size);
        exchange->sent = size;
    }
    exchange->reply = REPLY_DONE;
}

void ud_exchange_reply_file(ud_exchange_t *exchange, int status, const char *content_type, int fd, uint64_t offset,
                            uint64_t size)
{
    connection_t *connection = exchange->connection;
    if (put_head(exchange, status, content_type, size) && !exchange->head_only && size > 0) {
        connection->file = fd;
        connection->file_offset = offset;
        connection->file_left = size;
        exchange->sent = size;
    } else {
        close(fd);
    }
    exchange->reply = REPLY_DONE;
}

void ud_exchange_stream_begin(ud_exchange_t *exchange, int status, const char *content_type)
{
    put_head(exchange, status, content_type, UINT64_MAX);
    exchange->reply = REPLY_STREAM;
}

ud_err_t ud_exchange_stream_write(ud_exchange_t *exchange, const void *data, size_t size)
{
    connection_t *connection = exchange->connection;
    UD_ASSERT(exchange->reply == REPLY_STREAM);
    if (connection->dead || exchange->head_only || size == 0) {
        return UD_OK;
    }
    size_t waiting = connection_waiting(connection);
    UD_REQUIRE(waiting == 0 || waiting + size <= UD_EXCHANGE_PENDING_SIZE_MAX, UD_ERR_WOULD_BLOCK);
    char text[24];
    if (exchange->chunked) {
        connection_put(connection, text, (size_t)snprintf(text, sizeof text, "%zx\r\n", size));
    }
    connection_put(connection, data, size);
    if (exchange->chunked) {
        connection_put(connection, "\r\n", 2);
    }
    exchange->sent += size;
    return UD_OK;
}

void ud_exchange_stream_end(ud_exchange_t *exchange)
{
    UD_ASSERT(exchange->reply == REPLY_STREAM);
    if (exchange->chunked && !exchange->head_only && !exchange->connection->dead) {
        connection_put(exchange->connection, "0\r\n\r\n", 5);
    }
    exchange->reply = REPLY_DONE;
}
