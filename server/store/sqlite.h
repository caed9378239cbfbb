/* SQLite store: one file, WAL mode, synchronous=FULL, no set-up.
 *
 * Two connections: one writes, one reads pages of events; the reading one never keeps a transaction open between calls.
 * The file is `fleet.db` in the data folder, with SQLite's -wal and -shm beside it; a second server on the same folder is
 * refused (an exclusive lock on `fleet.lock`).
 * The schema is built by numbered migrations (migrations/NNNN-name.sql), each in a transaction of its own; they only go
 * forward.
 */
#ifndef UD_STORE_SQLITE_H
#define UD_STORE_SQLITE_H

#include "server/domain/store.h"

typedef struct {
    const char *folder;      /* exists and is writable; NULL: a database in memory, for tests */
    uint64_t size_max_bytes; /* the database grows no further, then UD_ERR_STORAGE_FULL; 0: no limit but the disk's */
} ud_sqlite_config_t;

/* Opens or makes the database and brings its schema up to date. `detail`, when not NULL, gets a static or thread-local
 * sentence for people on an error, good until the next call.
 * Errors: UD_ERR_FILE_WRITE (folder missing or not writable), UD_ERR_CONFLICT (another server uses it),
 * UD_ERR_DATABASE_NEWER, UD_ERR_STORAGE (not a database, damaged, or written by another program), UD_ERR_STORAGE_FULL.
 */
UD_MUST_USE ud_err_t ud_sqlite_open(const ud_sqlite_config_t *config, ud_store_t **store, const char **detail);

/* Checkpoints and closes; NULL is allowed. The same as store->ops->destroy. */
void ud_sqlite_close(ud_store_t *store);

#endif
