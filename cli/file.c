#include "cli/file.h"

#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ud_err_t fail_read(const char *path, const char *why)
{
    return ud_cli_fail(UD_ERR_FILE_READ, "cannot read '%s': %s", path, why);
}

/* Reads `size` bytes, or fewer if the file ends before. Returns how many, or -1. */
static ssize_t read_fully(int file, uint8_t *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(file, data + done, size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -1;
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    return (ssize_t)done;
}

/* Judges an opened file before anything of it is read. */
static ud_err_t check_file(int file, const char *path, size_t size_max, size_t *size)
{
    struct stat status;
    if (fstat(file, &status) != 0) {
        return fail_read(path, strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        return fail_read(path, "it is a folder; name a file");
    }
    if (!S_ISREG(status.st_mode)) {
        return fail_read(path, "it is not a regular file");
    }
    if (status.st_size == 0) {
        return fail_read(path, "the file is empty");
    }
    if ((uint64_t)status.st_size > size_max) {
        return ud_cli_fail(UD_ERR_TOO_LARGE, "'%s' has %lld bytes; at most %zu are read", path,
                           (long long)status.st_size, size_max);
    }
    *size = (size_t)status.st_size;
    return UD_OK;
}

static ud_err_t read_open(int file, const char *path, size_t size_max, uint8_t **data, size_t *size)
{
    size_t wanted = 0;
    UD_TRY(check_file(file, path, size_max, &wanted));
    uint8_t *bytes = malloc(wanted);
    if (bytes == NULL) {
        return fail_read(path, "not enough memory");
    }
    ssize_t got = read_fully(file, bytes, wanted);
    if (got != (ssize_t)wanted) {
        free(bytes);
        return fail_read(path, got < 0 ? strerror(errno) : "it became shorter while it was read");
    }
    *data = bytes;
    *size = wanted;
    return UD_OK;
}

ud_err_t ud_cli_read_file(const char *path, size_t size_max, uint8_t **data, size_t *size)
{
    /* without O_NONBLOCK, opening a named pipe would wait for its writer */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return fail_read(path, strerror(errno));
    }
    ud_err_t err = read_open(file, path, size_max, data, size);
    close(file);
    return err;
}

static bool write_fully(int file, const uint8_t *data, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t put = write(file, data + done, size - done);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* Writes the temporary file and gives it its name. Returns 0 or an errno. */
static int write_and_name(int file, const char *temporary, const char *path, const void *data, size_t size,
                          ud_cli_write_t how)
{
    if (!write_fully(file, data, size) || fsync(file) != 0) {
        return errno;
    }
    if (how == UD_CLI_CREATE_NEW) {
        return link(temporary, path) == 0 ? 0 : errno;
    }
    return rename(temporary, path) == 0 ? 0 : errno;
}

ud_err_t ud_cli_write_file(const char *path, const void *data, size_t size, mode_t mode, ud_cli_write_t how)
{
    struct stat status;
    if (stat(path, &status) == 0 && how == UD_CLI_CREATE_NEW) {
        return ud_cli_fail(UD_ERR_EXISTS, "'%s' exists already and is not overwritten", path);
    }
    char temporary[4096];
    int length = snprintf(temporary, sizeof temporary, "%s.tmp-%ld", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof temporary) {
        return ud_cli_fail(UD_ERR_FILE_WRITE, "the name of the file to write is too long");
    }
    int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) {
        return ud_cli_fail(UD_ERR_FILE_WRITE, "cannot write '%s': %s", path, strerror(errno));
    }
    int problem = write_and_name(file, temporary, path, data, size, how);
    close(file);
    if (problem != 0 || how == UD_CLI_CREATE_NEW) {
        unlink(temporary);
    }
    if (problem == EEXIST) {
        return ud_cli_fail(UD_ERR_EXISTS, "'%s' exists already and is not overwritten", path);
    }
    return problem == 0 ? UD_OK : ud_cli_fail(UD_ERR_FILE_WRITE, "cannot write '%s': %s", path, strerror(problem));
}
