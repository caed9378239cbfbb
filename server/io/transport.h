/* The bytes of a connection: the one place that reads and writes its descriptor. TLS joins here. */
#ifndef UD_IO_TRANSPORT_H
#define UD_IO_TRANSPORT_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads up to `capacity` bytes; `*size` 0 means that the other side has ended its sending.
 * Errors: UD_ERR_WOULD_BLOCK, UD_ERR_NETWORK (the connection is broken).
 */
UD_MUST_USE ud_err_t ud_transport_read(int fd, void *data, size_t capacity, size_t *size);

/* Writes some of `size` bytes, `*written` of them; `more` says that further bytes follow at once. Errors: as above. */
UD_MUST_USE ud_err_t ud_transport_write(int fd, const void *data, size_t size, bool more, size_t *written);

/* Writes some of `size` bytes of file `file` from `offset` on. Errors: as above; UD_ERR_NETWORK also when the file is
 * shorter than that.
 */
UD_MUST_USE ud_err_t ud_transport_send_file(int fd, int file, uint64_t offset, uint64_t size, size_t *written);

#endif
