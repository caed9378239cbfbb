/* Migrations: the numbered files of migrations/, embedded at build time. Entry n brings schema n to schema n + 1. */
#ifndef UD_STORE_MIGRATION_H
#define UD_STORE_MIGRATION_H

#include "core/base/err.h"

#include <sqlite3.h>

extern const char *const ud_migrations[];
extern const int ud_migration_count;

/* Brings the schema of `db` up to that of this program, each step in a transaction of its own.
 * Errors: UD_ERR_DATABASE_NEWER, UD_ERR_STORAGE (not a database of ours, or a step failed: sqlite3_errmsg says why),
 * UD_ERR_STORAGE_FULL.
 */
UD_MUST_USE ud_err_t ud_migrate(sqlite3 *db);

/* The error of a result code of SQLite: UD_OK, UD_ERR_STORAGE_FULL or UD_ERR_STORAGE. */
ud_err_t ud_sqlite_err(sqlite3 *db, int code);

#endif
