#include "tests/unit/server/io/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

client_t client_open(uint16_t port)
{
    client_t client = {.fd = socket(AF_INET, SOCK_STREAM, 0), .text = calloc(1, 1)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(client.fd, (struct sockaddr *)&address, sizeof address), 0);
    return client;
}

void client_close(client_t *client)
{
    close(client->fd);
    free(client->text);
    client->text = NULL;
}

void client_send(client_t *client, const char *text)
{
    size_t size = strlen(text);
    assert_int_equal(send(client->fd, text, size, MSG_NOSIGNAL), size);
}

/* Reads once; false when the connection is closed. */
static bool client_read(client_t *client)
{
    struct pollfd wait = {.fd = client->fd, .events = POLLIN};
    char data[65536];
    if (client->closed) {
        return false;
    }
    assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
    ssize_t got = recv(client->fd, data, sizeof data, 0);
    client->closed = got <= 0;
    if (got > 0) {
        client->text = realloc(client->text, client->size + (size_t)got + 1);
        memcpy(client->text + client->size, data, (size_t)got);
        client->size += (size_t)got;
        client->text[client->size] = '\0';
    }
    return got > 0;
}

void client_expect(client_t *client, const char *text)
{
    while (strstr(client->text, text) == NULL) {
        if (!client_read(client)) {
            fail_msg("closed before \"%s\"; got: %s", text, client->text);
        }
    }
}

void client_expect_closed(client_t *client)
{
    while (client_read(client)) {
    }
}

client_t client_ask(uint16_t port, const char *request)
{
    client_t client = client_open(port);
    client_send(&client, request);
    client_expect_closed(&client);
    return client;
}
