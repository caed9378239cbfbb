/* Artifacts: files named by the SHA-256 of what they hold, in the folder "artifacts" beside the database.
 *
 * A file is written under a temporary name, synced, and renamed to its digest: whoever finds a name finds all of the
 * content. Files never change, may be cached for ever, and may be served by anything that can serve a folder. What was
 * not finished when the server died is removed at the next start; a finished file that no release names is harmless, and is
 * found again when the same image is uploaded.
 *
 * Functions block on the disk and may be called from any thread; one draft belongs to one thread at a time.
 */
#ifndef UD_IO_ARTIFACT_H
#define UD_IO_ARTIFACT_H

#include "core/base/err.h"
#include "core/base/limits.h"

#include <stddef.h>
#include <stdint.h>

typedef struct ud_artifact_store ud_artifact_store_t;

/* A file under way. Zero it before first use (fd 0 is never a draft's); ud_artifact_drop() is safe at any time. */
typedef struct {
    ud_artifact_store_t *store;
    int fd;
    uint64_t size; /* bytes: the furthest written */
    char name[40];
} ud_artifact_draft_t;

/* Opens `folder`/artifacts, makes it if need be (mode 0750) and removes drafts of an earlier run.
 * Errors: UD_ERR_FILE_WRITE (not possible there; errno tells), UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_artifact_store_open(const char *folder, ud_artifact_store_t **store);
void ud_artifact_store_close(ud_artifact_store_t *store);

/* Begins a draft. Errors: UD_ERR_STORAGE_FULL, UD_ERR_STORAGE. */
UD_MUST_USE ud_err_t ud_artifact_begin(ud_artifact_store_t *store, ud_artifact_draft_t *draft);

/* Writes `size` bytes at `offset`. Errors: UD_ERR_STORAGE_FULL (no space, quota, or the process' file size limit),
 * UD_ERR_STORAGE.
 */
UD_MUST_USE ud_err_t ud_artifact_write(ud_artifact_draft_t *draft, uint64_t offset, const void *data, size_t size);

/* Reads exactly `size` bytes at `offset`. Errors: UD_ERR_STORAGE (also at the end). */
UD_MUST_USE ud_err_t ud_artifact_read(const ud_artifact_draft_t *draft, uint64_t offset, void *data, size_t size);

/* Cuts the draft to `size` bytes. Errors: UD_ERR_STORAGE. */
UD_MUST_USE ud_err_t ud_artifact_cut(ud_artifact_draft_t *draft, uint64_t size);

/* Hashes the draft, syncs it and gives it its name, written to `digest`; the draft is over. An equal file that is
 * there already is replaced by it, which nobody notices. Power may fail at any point: the name is there with all of the
 * content, or not at all.
 * Errors: UD_ERR_STORAGE_FULL, UD_ERR_STORAGE; the draft is then still to be dropped.
 */
UD_MUST_USE ud_err_t ud_artifact_keep(ud_artifact_draft_t *draft, uint8_t digest[UD_SHA256_SIZE]);

/* Removes a draft that was not kept. */
void ud_artifact_drop(ud_artifact_draft_t *draft);

/* Opens a file by digest for reading; the descriptor is the caller's. Errors: UD_ERR_NOT_FOUND, UD_ERR_STORAGE. */
UD_MUST_USE ud_err_t ud_artifact_open(ud_artifact_store_t *store, const uint8_t digest[UD_SHA256_SIZE], int *fd,
                                      uint64_t *size);

#endif
