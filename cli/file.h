/* Files of the command line: read whole with a limit, written whole or not at all. */
#ifndef UD_CLI_FILE_H
#define UD_CLI_FILE_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes of the largest image or firmware binary that is read: far above any microcontroller's flash. */
#define UD_CLI_FILE_SIZE_MAX (512u * 1024 * 1024)

/* Reads a whole regular file; `*data` is the caller's to free. The user has been told about any error.
 * Errors: UD_ERR_FILE_READ (missing, a folder, not permitted, empty), UD_ERR_TOO_LARGE (above `size_max` bytes).
 */
UD_MUST_USE ud_err_t ud_cli_read_file(const char *path, size_t size_max, uint8_t **data, size_t *size);

typedef enum {
    UD_CLI_REPLACE,    /* an older file of the name is replaced */
    UD_CLI_CREATE_NEW, /* an older file of the name is an error: UD_ERR_EXISTS */
} ud_cli_write_t;

/* Writes a file under another name, syncs it and gives it its name: nobody ever sees half of it. `mode` as in open(2).
 * The user has been told about any error. Errors: UD_ERR_FILE_WRITE, UD_ERR_EXISTS.
 */
UD_MUST_USE ud_err_t ud_cli_write_file(const char *path, const void *data, size_t size, mode_t mode,
                                       ud_cli_write_t how);

#endif
