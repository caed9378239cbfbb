/* The HTTP server: threads and listening sockets. */
#define _GNU_SOURCE /* accept4 */

#include "core/base/assert.h"
#include "server/io/http_internal.h"
#include "server/io/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections accepted in one turn, so that those that are there get theirs. */
#define ACCEPT_TURN_COUNT 64

/* Connections that the kernel may hold for us while we are busy. */
#define BACKLOG 1024

/* How often deadlines are looked at. */
#define SWEEP_MS 250

/* How long we read on after a reply in mid-upload. */
#define LINGER_MS 10000

/* Descriptors that are none of connections: database, log, event loops, listeners. */
#define DESCRIPTOR_RESERVE 128

void ud_http_config_default(ud_http_config_t *config)
{
    *config = (ud_http_config_t){
        .thread_count = 1, .connection_count_max = 20000, .idle_ms = 75000, .head_ms = 10000, .stall_ms = 30000};
}

/* Every connection may hold a file beside its socket: no more than the process may open. */
static unsigned connection_limit(unsigned wanted)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return wanted;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= 2 * DESCRIPTOR_RESERVE) {
        return wanted < DESCRIPTOR_RESERVE / 2 ? wanted : DESCRIPTOR_RESERVE / 2;
    }
    rlim_t possible = (limit.rlim_cur - DESCRIPTOR_RESERVE) / 2;
    return wanted < possible ? wanted : (unsigned)possible;
}

static void sweep(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    thread_t *thread = context;
    connection_sweep(thread);
    if (!thread->draining || ud_monotonic_ms() < thread->drain_until_ms) {
        return;
    }
    for (uint32_t i = 0; i < thread->slot_count; i++) { /* time is up */
        connection_t *connection = thread->slots[i].connection;
        if (connection != NULL && !connection->dead) {
            connection_enter(connection);
            connection_kill(connection);
            connection_leave(connection);
        }
    }
}

static ud_err_t create_thread(ud_http_server_t *server, uint16_t index, uint32_t slot_count)
{
    thread_t *thread = &server->threads[index];
    thread->server = server;
    thread->index = index;
    thread->slot_count = slot_count;
    thread->slots = calloc(slot_count, sizeof *thread->slots);
    UD_REQUIRE(thread->slots != NULL, UD_ERR_INTERNAL);
    for (uint32_t i = 0; i < slot_count; i++) {
        thread->slots[i].next_free = i + 1;
    }
    for (size_t i = 0; i < ENDPOINT_COUNT_MAX * WAIT_COUNT; i++) {
        TAILQ_INIT(&thread->shares[i / WAIT_COUNT].waits[i % WAIT_COUNT]);
    }
    UD_TRY(ud_loop_create(&thread->loop));
    struct timeval period = {.tv_usec = SWEEP_MS * 1000};
    thread->sweep_event = event_new(ud_loop_base(thread->loop), -1, EV_PERSIST, sweep, thread);
    UD_REQUIRE(thread->sweep_event != NULL && event_add(thread->sweep_event, &period) == 0, UD_ERR_INTERNAL);
    return UD_OK;
}

ud_err_t ud_http_server_create(const ud_http_config_t *config, ud_http_server_t **result)
{
    UD_REQUIRE(config->thread_count >= 1 && config->thread_count <= UD_IO_THREAD_COUNT_MAX, UD_ERR_INVALID_ARGUMENT);
    ud_http_server_t *server = calloc(1, sizeof *server);
    UD_REQUIRE(server != NULL, UD_ERR_INTERNAL);
    server->config = *config;
    server->wait_ms[WAIT_IDLE] = config->idle_ms;
    server->wait_ms[WAIT_HEAD] = config->head_ms;
    server->wait_ms[WAIT_STRANGER] = config->stall_ms;
    server->wait_ms[WAIT_STALL] = config->stall_ms;
    server->wait_ms[WAIT_LINGER] = LINGER_MS;
    signal(SIGPIPE, SIG_IGN); /* sendfile has no flag against it */
    bool random = getrandom(&server->mark, sizeof server->mark, 0) == (ssize_t)sizeof server->mark;
    server->threads = calloc(config->thread_count, sizeof *server->threads);
    ud_err_t err = random && server->threads != NULL ? UD_OK : UD_ERR_INTERNAL;
    uint32_t each = connection_limit(config->connection_count_max) / config->thread_count;
    for (unsigned i = 0; i < config->thread_count && err == UD_OK; i++) {
        err = create_thread(server, (uint16_t)i, each > 0 ? each : 1);
    }
    if (err != UD_OK) {
        ud_http_server_destroy(server);
        return err;
    }
    *result = server;
    return UD_OK;
}

/* ---- listening ------------------------------------------------------------------------------------------------------- */

static void peer_text(const struct sockaddr_storage *address, char text[46])
{
    const void *bytes = address->ss_family == AF_INET ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
                                                      : &((const struct sockaddr_in6 *)address)->sin6_addr;
    if (inet_ntop(address->ss_family, bytes, text, 46) == NULL) {
        text[0] = '\0';
    }
}

static void on_connection(evutil_socket_t listener, short what, void *context)
{
    (void)what;
    thread_t *thread = context;
    size_t index = 0; /* which of the thread's listeners this is */
    while (index + 1 < ENDPOINT_COUNT_MAX && event_get_fd(thread->listen_events[index]) != listener) {
        index++;
    }
    for (int i = 0; i < ACCEPT_TURN_COUNT; i++) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof address;
        int fd = accept4(listener, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return; /* none waits, or it went already; out of descriptors cannot be: connection_limit() */
        }
        int on = 1;
        char peer[46];
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        peer_text(&address, peer);
        connection_accept(thread, index, fd, peer);
    }
}

/* "1.2.3.4:80" or "[::1]:80" */
static ud_err_t parse_address(const char *text, struct sockaddr_storage *address)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    char host[64];
    const char *colon = strrchr(text, ':');
    bool brackets = text[0] == '[';
    size_t size = colon == NULL ? 0 : (size_t)(colon - text);
    UD_REQUIRE(size > (brackets ? 2u : 0u) && size < sizeof host, UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(!brackets || colon[-1] == ']', UD_ERR_INVALID_ARGUMENT);
    memcpy(host, text + brackets, size - (brackets ? 2u : 0u));
    host[size - (brackets ? 2u : 0u)] = '\0';
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    UD_REQUIRE(colon[1] >= '0' && colon[1] <= '9' && *end == '\0' && port <= UINT16_MAX, UD_ERR_INVALID_ARGUMENT);
    memset(address, 0, sizeof *address);
    if (brackets) {
        *v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
        return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 ? UD_OK : UD_ERR_INVALID_ARGUMENT;
    }
    *v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, host, &v4->sin_addr) == 1 ? UD_OK : UD_ERR_INVALID_ARGUMENT;
}

static ud_err_t bind_err(int why)
{
    switch (why) {
    case EADDRINUSE:
        return UD_ERR_ADDRESS_IN_USE;
    case EADDRNOTAVAIL:
        return UD_ERR_INVALID_ARGUMENT;
    case EACCES:
        return UD_ERR_FORBIDDEN;
    default:
        return UD_ERR_INTERNAL;
    }
}

/* Binds and listens; `address` receives the real port. */
static ud_err_t open_listener(struct sockaddr_storage *address, bool shared, int *result)
{
    socklen_t size = address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int on = 1, fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    UD_REQUIRE(fd >= 0, UD_ERR_INTERNAL);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    }
    if (bind(fd, (struct sockaddr *)address, size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)address, &size) != 0) {
        int why = errno;
        close(fd);
        return bind_err(why);
    }
    *result = fd;
    return UD_OK;
}

static void address_text(const struct sockaddr_storage *address, char text[64])
{
    char host[46];
    peer_text(address, host);
    bool v4 = address->ss_family == AF_INET;
    unsigned port =
        ntohs(v4 ? ((const struct sockaddr_in *)address)->sin_port : ((const struct sockaddr_in6 *)address)->sin6_port);
    snprintf(text, 64, v4 ? "%s:%u" : "[%s]:%u", host, port);
}

ud_err_t ud_http_listen(ud_http_server_t *server, const char *text, ud_exchange_fn on_head, void *door, char bound[64])
{
    struct sockaddr_storage address;
    int fd;
    UD_REQUIRE(server->endpoint_count < ENDPOINT_COUNT_MAX, UD_ERR_TOO_MANY);
    UD_TRY(parse_address(text, &address));
    UD_TRY(open_listener(&address, false, &fd)); /* alone, to find out whether another program has the port: */
    close(fd);                                   /* shared, two servers would both succeed and halve the fleet */
    unsigned index = server->endpoint_count++;
    server->endpoints[index] = (endpoint_t){.on_head = on_head, .door = door};
    for (unsigned i = 0; i < server->config.thread_count; i++) {
        thread_t *thread = &server->threads[i];
        UD_TRY(open_listener(&address, true, &fd));
        struct event *event = event_new(ud_loop_base(thread->loop), fd, EV_READ | EV_PERSIST, on_connection, thread);
        if (event == NULL || event_add(event, NULL) != 0) {
            close(fd);
            return UD_ERR_INTERNAL;
        }
        thread->listen_events[index] = event;
    }
    if (bound != NULL) {
        address_text(&address, bound);
    }
    return UD_OK;
}

/* ---- life ------------------------------------------------------------------------------------------------------------ */

ud_err_t ud_http_server_start(ud_http_server_t *server)
{
    for (unsigned i = 0; i < server->config.thread_count; i++) {
        UD_TRY(ud_loop_start(server->threads[i].loop));
    }
    return UD_OK;
}

static void close_listeners(thread_t *thread)
{
    for (size_t i = 0; i < ENDPOINT_COUNT_MAX; i++) {
        if (thread->listen_events[i] != NULL) {
            int fd = event_get_fd(thread->listen_events[i]);
            event_free(thread->listen_events[i]); /* first: once closed, the number may be another thread's file */
            close(fd);
            thread->listen_events[i] = NULL;
        }
    }
}

/* On the thread: no more connections; those between requests and those that only listen end now, others after theirs. */
static void drain(ud_post_t *post)
{
    thread_t *thread = (thread_t *)((char *)post - offsetof(thread_t, drain_post));
    thread->drain_until_ms = ud_monotonic_ms() + thread->server->drain_ms;
    thread->draining = true;
    close_listeners(thread);
    for (uint32_t i = 0; i < thread->slot_count; i++) {
        connection_t *connection = thread->slots[i].connection;
        if (connection == NULL || connection->dead) {
            continue;
        }
        connection_enter(connection);
        if (connection->exchange != NULL && connection->exchange->reply == REPLY_STREAM) {
            connection_kill(connection);
        }
        connection_leave(connection);
    }
    if (thread->connection_count == 0) {
        ud_loop_break(thread->loop);
    }
}

void ud_http_server_stop(ud_http_server_t *server, uint32_t drain_ms)
{
    server->drain_ms = drain_ms;
    for (unsigned i = 0; i < server->config.thread_count; i++) {
        server->threads[i].drain_post.run = drain;
        ud_loop_post(server->threads[i].loop, &server->threads[i].drain_post);
    }
    for (unsigned i = 0; i < server->config.thread_count; i++) {
        ud_loop_join(server->threads[i].loop);
    }
}

void ud_http_server_destroy(ud_http_server_t *server)
{
    if (server == NULL) {
        return;
    }
    for (unsigned i = 0; server->threads != NULL && i < server->config.thread_count; i++) {
        thread_t *thread = &server->threads[i];
        close_listeners(thread);
        if (thread->sweep_event != NULL) {
            event_free(thread->sweep_event);
        }
        ud_loop_destroy(thread->loop);
        free(thread->slots);
    }
    free(server->threads);
    free(server);
}
