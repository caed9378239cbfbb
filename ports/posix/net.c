/* Network of the simulated board: one non-blocking TCP stream. */
#include "ports/posix/board_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Characters of a host and of a port in "host:port"; a host name has 253. */
#define HOST_SIZE 256
#define SERVICE_SIZE 16

static int connect_one(const struct addrinfo *address)
{
    int stream = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (stream < 0) {
        return -1;
    }
    int yes = 1;
    (void)setsockopt(stream, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(stream, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) {
        (void)close(stream);
        return -1;
    }
    return stream;
}

ud_err_t ud_port_net_open(ud_port_t *board, const char *host)
{
    char name[HOST_SIZE];
    char service[SERVICE_SIZE];
    const char *server = host != NULL ? host : board->server;
    ud_port_net_close(board);
    const char *colon = server == NULL ? NULL : strrchr(server, ':');
    UD_REQUIRE(colon != NULL && (size_t)(colon - server) < sizeof name && strlen(colon + 1) < sizeof service,
               UD_ERR_NETWORK);
    bool bracketed = server[0] == '[' && colon[-1] == ']';
    (void)snprintf(name, sizeof name, "%.*s", (int)(colon - server) - (bracketed ? 2 : 0), server + bracketed);
    (void)snprintf(service, sizeof service, "%s", colon + 1);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    UD_REQUIRE(getaddrinfo(name, service, &hints, &found) == 0, UD_ERR_NETWORK);
    board->stream = connect_one(found);
    board->wants_write = true;
    freeaddrinfo(found);
    return board->stream >= 0 ? UD_OK : UD_ERR_NETWORK;
}

static ud_err_t stream_error(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? UD_ERR_WOULD_BLOCK : UD_ERR_NETWORK;
}

ud_err_t ud_port_net_send(ud_port_t *board, const void *data, size_t size, size_t *sent)
{
    UD_REQUIRE(board->stream >= 0, UD_ERR_NETWORK);
    ssize_t count = send(board->stream, data, size, MSG_NOSIGNAL);
    board->wants_write = count < 0 || (size_t)count < size;
    if (count < 0) {
        return stream_error();
    }
    *sent = (size_t)count;
    return UD_OK;
}

ud_err_t ud_port_net_receive(ud_port_t *board, void *data, size_t size, size_t *received)
{
    UD_REQUIRE(board->stream >= 0, UD_ERR_NETWORK);
    ssize_t count = recv(board->stream, data, size, 0);
    if (count < 0) {
        return stream_error();
    }
    *received = (size_t)count;
    return UD_OK;
}

void ud_port_net_close(ud_port_t *board)
{
    if (board->stream >= 0) {
        (void)close(board->stream);
    }
    board->stream = -1;
    board->wants_write = false;
}

int ud_board_net_fd(const ud_port_t *board)
{
    return board->stream;
}

bool ud_board_net_wants_write(const ud_port_t *board)
{
    return board->stream >= 0 && board->wants_write;
}

void ud_board_net_drop(ud_port_t *board)
{
    ud_port_net_close(board);
}
