#include "server/io/artifact.h"

#include "core/base/hex.h"
#include "core/crypto/crypto.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "artifacts"
#define DRAFT_PREFIX "draft-"
#define PIECE_SIZE 65536

struct ud_artifact_store {
    int folder;
    atomic_uint next; /* number of the next draft */
};

static ud_err_t storage_error(int problem)
{
    return problem == ENOSPC || problem == EDQUOT || problem == EFBIG ? UD_ERR_STORAGE_FULL : UD_ERR_STORAGE;
}

/* ---- the folder ------------------------------------------------------------------------------------------------- */

static int open_folder(const char *parent)
{
    int outer = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (outer < 0) {
        return -1;
    }
    int folder = -1;
    if (mkdirat(outer, FOLDER, 0750) == 0 || errno == EEXIST) {
        folder = openat(outer, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    int problem = errno;
    close(outer);
    errno = problem;
    return folder;
}

static void remove_drafts(int folder)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
    if (list == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list)) {
        if (strncmp(entry->d_name, DRAFT_PREFIX, sizeof DRAFT_PREFIX - 1) == 0) {
            unlinkat(folder, entry->d_name, 0);
        }
    }
    closedir(list);
}

ud_err_t ud_artifact_store_open(const char *folder, ud_artifact_store_t **store)
{
    int descriptor = open_folder(folder);
    if (descriptor < 0) {
        return UD_ERR_FILE_WRITE;
    }
    ud_artifact_store_t *made = calloc(1, sizeof *made);
    if (made == NULL) {
        close(descriptor);
        return UD_ERR_INTERNAL;
    }
    made->folder = descriptor;
    remove_drafts(descriptor);
    *store = made;
    return UD_OK;
}

void ud_artifact_store_close(ud_artifact_store_t *store)
{
    if (store != NULL) {
        close(store->folder);
        free(store);
    }
}

/* ---- drafts ----------------------------------------------------------------------------------------------------- */

ud_err_t ud_artifact_begin(ud_artifact_store_t *store, ud_artifact_draft_t *draft)
{
    ud_artifact_draft_t made = {.store = store};
    snprintf(made.name, sizeof made.name, DRAFT_PREFIX "%ld-%u", (long)getpid(), atomic_fetch_add(&store->next, 1));
    made.fd = openat(store->folder, made.name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (made.fd < 0) {
        return storage_error(errno);
    }
    *draft = made;
    return UD_OK;
}

ud_err_t ud_artifact_write(ud_artifact_draft_t *draft, uint64_t offset, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t done = 0; done < size;) {
        ssize_t put = pwrite(draft->fd, bytes + done, size - done, (off_t)(offset + done));
        if (put < 0 && errno != EINTR) {
            return storage_error(errno);
        }
        done += put > 0 ? (size_t)put : 0;
    }
    draft->size = offset + size > draft->size ? offset + size : draft->size;
    return UD_OK;
}

ud_err_t ud_artifact_read(const ud_artifact_draft_t *draft, uint64_t offset, void *data, size_t size)
{
    uint8_t *bytes = data;
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(draft->fd, bytes + done, size - done, (off_t)(offset + done));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return UD_ERR_STORAGE;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return UD_OK;
}

ud_err_t ud_artifact_cut(ud_artifact_draft_t *draft, uint64_t size)
{
    if (ftruncate(draft->fd, (off_t)size) != 0) {
        return storage_error(errno);
    }
    draft->size = size;
    return UD_OK;
}

static ud_err_t hash_draft(const ud_artifact_draft_t *draft, uint8_t digest[UD_SHA256_SIZE])
{
    uint8_t *piece = malloc(PIECE_SIZE);
    if (piece == NULL) {
        return UD_ERR_INTERNAL;
    }
    ud_sha256_t hash;
    ud_sha256_init(&hash);
    ud_err_t err = UD_OK;
    for (uint64_t offset = 0; err == UD_OK && offset < draft->size; offset += PIECE_SIZE) {
        size_t size = draft->size - offset < PIECE_SIZE ? (size_t)(draft->size - offset) : PIECE_SIZE;
        err = ud_artifact_read(draft, offset, piece, size);
        ud_sha256_update(&hash, piece, size);
    }
    free(piece);
    if (err == UD_OK) {
        ud_sha256_final(&hash, digest);
    }
    return err;
}

ud_err_t ud_artifact_keep(ud_artifact_draft_t *draft, uint8_t digest[UD_SHA256_SIZE])
{
    uint8_t found[UD_SHA256_SIZE];
    char name[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    UD_TRY(hash_draft(draft, found));
    ud_hex_encode(found, sizeof found, name);
    int folder = draft->store->folder;
    if (fsync(draft->fd) != 0 || renameat(folder, draft->name, folder, name) != 0) {
        return storage_error(errno);
    }
    close(draft->fd);
    *draft = (ud_artifact_draft_t){0};
    if (fsync(folder) != 0) {
        return storage_error(errno);
    }
    memcpy(digest, found, sizeof found);
    return UD_OK;
}

void ud_artifact_drop(ud_artifact_draft_t *draft)
{
    if (draft->fd > 0) {
        unlinkat(draft->store->folder, draft->name, 0);
        close(draft->fd);
    }
    *draft = (ud_artifact_draft_t){0};
}

ud_err_t ud_artifact_open(ud_artifact_store_t *store, const uint8_t digest[UD_SHA256_SIZE], int *fd, uint64_t *size)
{
    char name[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    ud_hex_encode(digest, UD_SHA256_SIZE, name);
    int file = openat(store->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        return errno == ENOENT ? UD_ERR_NOT_FOUND : UD_ERR_STORAGE;
    }
    struct stat status;
    if (fstat(file, &status) != 0) {
        close(file);
        return UD_ERR_STORAGE;
    }
    *fd = file;
    *size = (uint64_t)status.st_size;
    return UD_OK;
}
