#include "server/store/migration.h"

#include <errno.h>
#include <stdio.h>

/* "UDft" in SQLite's header: a file of another program is not touched. */
#define APPLICATION_ID 0x55446674

ud_err_t ud_sqlite_err(sqlite3 *db, int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return UD_OK;
    case SQLITE_FULL:
        return UD_ERR_STORAGE_FULL;
    default:
        return sqlite3_system_errno(db) == ENOSPC ? UD_ERR_STORAGE_FULL : UD_ERR_STORAGE;
    }
}

static ud_err_t number_of(sqlite3 *db, const char *sql, int *number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
    }
    ud_err_t err = code == SQLITE_ROW ? UD_OK : UD_ERR_STORAGE;
    if (err == UD_OK) {
        *number = sqlite3_column_int(statement, 0);
    }
    sqlite3_finalize(statement);
    return err;
}

static ud_err_t run(sqlite3 *db, const char *sql)
{
    return ud_sqlite_err(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static ud_err_t step(sqlite3 *db, int version)
{
    char mark[96];
    snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID, version + 1);
    ud_err_t err = run(db, "BEGIN IMMEDIATE");
    err = err == UD_OK ? run(db, ud_migrations[version]) : err;
    err = err == UD_OK ? run(db, mark) : err;
    err = err == UD_OK ? run(db, "COMMIT") : err;
    if (err != UD_OK && sqlite3_get_autocommit(db) == 0) {
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    return err;
}

ud_err_t ud_migrate(sqlite3 *db)
{
    int version = 0;
    int application = 0;
    int tables = 0;
    UD_TRY(number_of(db, "PRAGMA user_version", &version));
    UD_TRY(number_of(db, "PRAGMA application_id", &application));
    UD_TRY(number_of(db, "SELECT count(*) FROM sqlite_schema", &tables));
    if (application != APPLICATION_ID && (application != 0 || version != 0 || tables != 0)) {
        return UD_ERR_STORAGE;
    }
    if (version > ud_migration_count) {
        return UD_ERR_DATABASE_NEWER;
    }
    for (; version < ud_migration_count; version++) {
        UD_TRY(step(db, version));
    }
    return UD_OK;
}
