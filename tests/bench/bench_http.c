/* What the HTTP server costs: requests per CPU-second of its thread, against a bare loop that only answers.
 *
 *     echo      libevent's raw events: recv, look for the end of the head, send a fixed answer; no parsing at all
 *     poll      the whole server: codec, headers, arena, route, bearer compared, 195 bytes of JSON
 *     range 4K  the whole server: Range parsed, 4 KB of a file by sendfile
 *
 * 250 keep-alive connections, server thread on the first processor and the client on the second, rounds interleaved, medians.
 * Only CPU time of the server thread counts, so other load on the machine blurs the figures but does not set them.
 */
#define _GNU_SOURCE /* pthread_setaffinity_np, memmem */

#include "core/proto/http1.h"
#include "server/door/route.h"
#include "server/io/http.h"
#include "server/io/loop.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTION_COUNT 250
#define REQUEST_COUNT 100000
#define ROUND_COUNT 5
#define FILE_SIZE (1024 * 1024)

static const char poll_request[] = "GET /v1/poll HTTP/1.1\r\nHost: fleet.example:8480\r\nUser-Agent: updraft/1\r\n"
                                   "Accept: application/json\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n";
static const char range_request[] = "GET /v1/file HTTP/1.1\r\nHost: fleet.example:8480\r\nUser-Agent: updraft/1\r\n"
                                    "Authorization: Bearer 0123456789abcdef\r\nRange: bytes=40960-45055\r\n\r\n";
static char json[196];
static char echo_answer[400];
static int file_fd;

_Noreturn static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void pin(int processor)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)processor, &set);
    if (sysconf(_SC_NPROCESSORS_ONLN) > processor) {
        (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    }
}

static uint64_t thread_cpu_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

/* CPU time of the server thread that answered last, written by it with each answer. */
static _Atomic uint64_t server_ns;
static atomic_int samples;

static void sample(void)
{
    static _Thread_local bool pinned;
    if (!pinned) {
        pin(0);
        pinned = true;
    }
    if (atomic_fetch_add(&samples, 1) % 1000 == 999) { /* seldom: the clock is a system call */
        atomic_store(&server_ns, thread_cpu_ns());
    }
}

/* ---- the bare loop --------------------------------------------------------------------------------------------------- */

static void echo_readable(evutil_socket_t fd, short what, void *context)
{
    (void)what;
    char data[4096];
    ssize_t size = recv(fd, data, sizeof data, 0);
    if (size <= 0) {
        event_free(*(struct event **)context);
        free(context);
        close(fd);
        return;
    }
    if (memmem(data, (size_t)size, "\r\n\r\n", 4) != NULL) {
        ssize_t sent = send(fd, echo_answer, strlen(echo_answer), MSG_NOSIGNAL);
        (void)sent;
        sample();
    }
}

static void echo_accept(evutil_socket_t listener, short what, void *context)
{
    (void)what;
    int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd >= 0) {
        struct event **event = malloc(sizeof(struct event *));
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        *event = event_new(context, fd, EV_READ | EV_PERSIST, echo_readable, event);
        event_add(*event, NULL);
    }
}

static uint16_t start_echo(void)
{
    ud_loop_t *loop;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0 || ud_loop_create(&loop) != UD_OK) {
        fail("echo");
    }
    event_add(event_new(ud_loop_base(loop), fd, EV_READ | EV_PERSIST, echo_accept, ud_loop_base(loop)), NULL);
    if (ud_loop_start(loop) != UD_OK) {
        fail("echo");
    }
    return ntohs(address.sin_port);
}

/* ---- the server ------------------------------------------------------------------------------------------------------ */

static bool authorised(ud_exchange_t *exchange)
{
    const char *bearer = ud_exchange_bearer(exchange);
    sample();
    return bearer != NULL && strcmp(bearer, "0123456789abcdef") == 0;
}

static void get_poll(ud_exchange_t *exchange)
{
    ud_exchange_reply(exchange, authorised(exchange) ? 200 : 401, "application/json", json, sizeof json - 1);
}

static void get_file(ud_exchange_t *exchange)
{
    uint64_t first = 0, last = 0;
    const char *range = ud_exchange_header(exchange, "range");
    if (!authorised(exchange) || range == NULL ||
        ud_http1_parse_range(ud_span(range, strlen(range)), FILE_SIZE, &first, &last) != UD_OK) {
        ud_exchange_reply(exchange, 400, NULL, NULL, 0);
        return;
    }
    ud_exchange_reply_header(exchange, "Content-Range", "bytes 40960-45055/1048576");
    ud_exchange_reply_file(exchange, 206, "application/octet-stream", dup(file_fd), first, last - first + 1);
}

static void on_head(ud_exchange_t *exchange)
{
    static const ud_route_t routes[] = {{"GET", "/v1/poll", get_poll}, {"GET", "/v1/file", get_file}};
    ud_route(exchange, routes, UD_ROUTE_COUNT(routes));
}

static uint16_t start_server(void)
{
    ud_http_server_t *server;
    ud_http_config_t config;
    char bound[64];
    ud_http_config_default(&config);
    if (ud_http_server_create(&config, &server) != UD_OK ||
        ud_http_listen(server, "127.0.0.1:0", on_head, NULL, bound) != UD_OK || ud_http_server_start(server) != UD_OK) {
        fail("server");
    }
    return (uint16_t)atoi(strrchr(bound, ':') + 1);
}

/* ---- the client ------------------------------------------------------------------------------------------------------ */

typedef struct {
    int fds[CONNECTION_COUNT];
    size_t got[CONNECTION_COUNT]; /* of the answer under way */
    int epoll;
    const char *request;
    size_t answer_size; /* the same for every answer of a round: measured on the first */
} client_t;

static void client_open(client_t *client, uint16_t port, const char *request)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *client = (client_t){.epoll = epoll_create1(0), .request = request};
    for (uint32_t i = 0; i < CONNECTION_COUNT; i++) {
        int on = 1;
        client->fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        if (connect(client->fds[i], (struct sockaddr *)&address, sizeof address) != 0 ||
            epoll_ctl(client->epoll, EPOLL_CTL_ADD, client->fds[i], &event) != 0) {
            fail("connect");
        }
        setsockopt(client->fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
}

static void client_send(const client_t *client, uint32_t index)
{
    size_t size = strlen(client->request);
    if (send(client->fds[index], client->request, size, MSG_NOSIGNAL) != (ssize_t)size) {
        fail("send");
    }
}

/* Bytes of one answer, by asking once. */
static size_t measure_answer(client_t *client)
{
    char data[16384];
    size_t size = 0, whole = 0;
    client_send(client, 0);
    do {
        ssize_t part = recv(client->fds[0], data + size, sizeof data - size - 1, 0);
        if (part <= 0) {
            fail("recv");
        }
        size += (size_t)part;
        data[size] = '\0';
        const char *end = strstr(data, "\r\n\r\n"), *length = strstr(data, "Content-Length: ");
        whole = end == NULL || length == NULL ? 0 : (size_t)(end + 4 - data) + (size_t)atol(length + 16);
    } while (whole == 0 || size < whole);
    if (strncmp(data, "HTTP/1.1 20", 11) != 0) {
        fail(data);
    }
    return whole;
}

static double run_round(uint16_t port, const char *request)
{
    client_t client;
    client_open(&client, port, request);
    client.answer_size = measure_answer(&client);
    for (uint32_t i = 0; i < CONNECTION_COUNT; i++) {
        client_send(&client, i);
    }
    uint64_t begin_ns = 0;
    int begin_samples = 0, answered = 0;
    while (answered < REQUEST_COUNT) {
        struct epoll_event events[CONNECTION_COUNT];
        int count = epoll_wait(client.epoll, events, CONNECTION_COUNT, -1);
        for (int i = 0; i < count; i++) {
            char data[16384];
            uint32_t index = events[i].data.u32;
            ssize_t size = recv(client.fds[index], data, sizeof data, 0);
            if (size <= 0) {
                fail("recv");
            }
            client.got[index] += (size_t)size;
            if (client.got[index] >= client.answer_size) {
                client.got[index] = 0;
                answered++;
                client_send(&client, index);
            }
        }
        if (begin_ns == 0 && answered > REQUEST_COUNT / 10) { /* warm */
            begin_ns = atomic_load(&server_ns);
            begin_samples = atomic_load(&samples) / 1000;
        }
    }
    uint64_t used_ns = atomic_load(&server_ns) - begin_ns;
    int done = (atomic_load(&samples) / 1000 - begin_samples) * 1000;
    for (int i = 0; i < CONNECTION_COUNT; i++) {
        close(client.fds[i]);
    }
    close(client.epoll);
    return (double)done * 1e9 / (double)used_ns;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

int main(void)
{
    memset(json, 'x', sizeof json - 1);
    snprintf(echo_answer, sizeof echo_answer,
             "HTTP/1.1 200 OK\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             sizeof json - 1, json);
    char name[] = "/tmp/updraft-bench-XXXXXX";
    file_fd = mkstemp(name);
    if (file_fd < 0 || unlink(name) != 0 || ftruncate(file_fd, FILE_SIZE) != 0) {
        fail("file");
    }
    uint16_t echo = start_echo(), server = start_server();
    pin(1);
    const struct {
        const char *name;
        uint16_t port;
        const char *request;
    } kinds[] = {{"echo", echo, poll_request}, {"poll", server, poll_request}, {"range 4K", server, range_request}};
    double figures[3][ROUND_COUNT];
    for (int round = 0; round < ROUND_COUNT; round++) {
        for (int kind = 0; kind < 3; kind++) {
            figures[kind][round] = run_round(kinds[kind].port, kinds[kind].request);
        }
    }
    printf("requests per CPU-second of the server's thread, median of %d rounds (least to most):\n", ROUND_COUNT);
    for (int kind = 0; kind < 3; kind++) {
        qsort(figures[kind], ROUND_COUNT, sizeof(double), compare);
        printf("  %-9s %7.0f  (%.0f to %.0f)\n", kinds[kind].name, figures[kind][ROUND_COUNT / 2], figures[kind][0],
               figures[kind][ROUND_COUNT - 1]);
    }
    return 0;
}
