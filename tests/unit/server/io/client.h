/* A client of a loopback server that sends what a test wants, well-formed or not. Failures end the test. */
#ifndef UD_TESTS_UNIT_SERVER_IO_CLIENT_H
#define UD_TESTS_UNIT_SERVER_IO_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reached only by a failing test; long enough for a loaded machine. */
#define PATIENCE_MS 20000

typedef struct {
    int fd;
    char *text; /* all that came, with a NUL */
    size_t size;
    bool closed;
} client_t;

client_t client_open(uint16_t port);
void client_close(client_t *client);
void client_send(client_t *client, const char *text);

/* Reads until `text` has come, or until the server closes. */
void client_expect(client_t *client, const char *text);
void client_expect_closed(client_t *client);

/* One request on a connection of its own, read until the server closes; the client is still to be closed. */
client_t client_ask(uint16_t port, const char *request);

#endif
