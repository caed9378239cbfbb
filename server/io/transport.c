#include "server/io/transport.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

static ud_err_t failure(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? UD_ERR_WOULD_BLOCK : UD_ERR_NETWORK;
}

ud_err_t ud_transport_read(int fd, void *data, size_t capacity, size_t *size)
{
    ssize_t got = recv(fd, data, capacity, 0);
    if (got < 0) {
        return failure();
    }
    *size = (size_t)got;
    return UD_OK;
}

ud_err_t ud_transport_write(int fd, const void *data, size_t size, bool more, size_t *written)
{
    ssize_t put = send(fd, data, size, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    if (put < 0) {
        return failure();
    }
    *written = (size_t)put;
    return UD_OK;
}

ud_err_t ud_transport_send_file(int fd, int file, uint64_t offset, uint64_t size, size_t *written)
{
    off_t from = (off_t)offset;
    ssize_t put = sendfile(fd, file, &from, (size_t)size);
    if (put < 0) {
        return failure();
    }
    if (put == 0) {
        return UD_ERR_NETWORK;
    }
    *written = (size_t)put;
    return UD_OK;
}
