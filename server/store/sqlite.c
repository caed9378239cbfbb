#include "server/store/sqlite.h"

#include "core/base/assert.h"
#include "server/store/migration.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Bytes of a statement over UD_COLUMN_COUNT_MAX columns. */
#define SQL_SIZE_MAX 2048

#define PAGE_SIZE 4096u

/* Pages in the write-ahead log at which they are moved into the database: reports of random devices write the same pages
 * again and again, and each is moved once. The log keeps its size; a burst may make it longer for a while.
 */
#define CHECKPOINT_PAGES 8192u
#define LOG_SIZE_MAX (CHECKPOINT_PAGES * PAGE_SIZE)

/* Pages kept in RAM, in KiB: the hot table of 300 000 devices. */
#define CACHE_KB 65536u

typedef struct {
    ud_store_t base; /* first */
    sqlite3 *write;
    sqlite3 *read; /* the same as write when in memory */
    int lock;      /* fleet.lock, -1: none */
    sqlite3_stmt *put[UD_ROW_COUNT];
    sqlite3_stmt *remove[UD_ROW_COUNT];
    sqlite3_stmt *begin;
    sqlite3_stmt *commit;
    sqlite3_stmt *event_at;   /* newest at or below a number */
    sqlite3_stmt *event_next; /* exactly a number */
} sqlite_store_t;

static _Thread_local char detail_text[512];

/* ---- statements from the columns ---------------------------------------------------------------------------------- */

static void append(char *sql, const char *text)
{
    size_t used = strlen(sql);
    size_t size = strlen(text);
    UD_ASSERT(used + size < SQL_SIZE_MAX);
    memcpy(sql + used, text, size + 1);
}

static void append_names(char *sql, const ud_table_t *table, size_t count, const char *between, const char *after)
{
    for (size_t i = 0; i < count; i++) {
        append(sql, i == 0 ? "" : between);
        append(sql, table->columns[i].name);
        append(sql, after);
    }
}

static ud_err_t prepare(sqlite3 *db, const char *sql, sqlite3_stmt **statement)
{
    return ud_sqlite_err(db, sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL));
}

static ud_err_t prepare_put(sqlite_store_t *store, ud_row_type_t type)
{
    const ud_table_t *table = &ud_tables[type];
    char sql[SQL_SIZE_MAX] = "";
    append(sql, type == UD_ROW_EVENT ? "INSERT INTO " : "INSERT OR REPLACE INTO ");
    append(sql, table->name);
    append(sql, "(");
    append_names(sql, table, table->column_count, ",", "");
    append(sql, ") VALUES (?");
    for (size_t i = 1; i < table->column_count; i++) {
        append(sql, ",?");
    }
    append(sql, ")");
    return prepare(store->write, sql, &store->put[type]);
}

static ud_err_t prepare_remove(sqlite_store_t *store, ud_row_type_t type)
{
    const ud_table_t *table = &ud_tables[type];
    char sql[SQL_SIZE_MAX] = "DELETE FROM ";
    append(sql, table->name);
    append(sql, " WHERE ");
    append_names(sql, table, table->key_count, " AND ", "=?");
    return prepare(store->write, sql, &store->remove[type]);
}

/* Rows of `type` in key order; of the two large histories only what the fleet needs to know. */
static void select_sql(ud_row_type_t type, const char *where, char sql[SQL_SIZE_MAX])
{
    const ud_table_t *table = &ud_tables[type];
    sql[0] = '\0';
    append(sql, "SELECT ");
    append_names(sql, table, table->column_count, ",", "");
    append(sql, " FROM ");
    append(sql, table->name);
    append(sql, where);
}

static const char *load_where(ud_row_type_t type)
{
    if (type == UD_ROW_EVENT) {
        return " ORDER BY number DESC LIMIT 1";
    }
    if (type == UD_ROW_EXECUTION) {
        return " WHERE number >= min(ifnull((SELECT min(first_update) FROM rollout WHERE status <> 3), 4294967295),"
               " (SELECT max(number) FROM execution)) ORDER BY number";
    }
    return " ORDER BY 1";
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

static int bind_value(sqlite3_stmt *statement, int at, const ud_column_t *column, const unsigned char *row)
{
    const void *value = row + column->offset;
    switch (column->kind) {
    case UD_COLUMN_U8:
        return sqlite3_bind_int(statement, at, *(const uint8_t *)value);
    case UD_COLUMN_BOOL:
        return sqlite3_bind_int(statement, at, *(const bool *)value);
    case UD_COLUMN_U16:
        return sqlite3_bind_int(statement, at, *(const uint16_t *)value);
    case UD_COLUMN_I16:
        return sqlite3_bind_int(statement, at, *(const int16_t *)value);
    case UD_COLUMN_U32:
        return sqlite3_bind_int64(statement, at, *(const uint32_t *)value);
    case UD_COLUMN_U64:
        return sqlite3_bind_int64(statement, at, (int64_t)*(const uint64_t *)value);
    case UD_COLUMN_I64:
        return sqlite3_bind_int64(statement, at, *(const int64_t *)value);
    case UD_COLUMN_DOUBLE:
        return sqlite3_bind_double(statement, at, *(const double *)value);
    case UD_COLUMN_TEXT:
        return sqlite3_bind_text(statement, at, *(const char *const *)value, -1, SQLITE_STATIC);
    case UD_COLUMN_BLOB:
        return sqlite3_bind_blob(statement, at, value, column->size, SQLITE_STATIC);
    case UD_COLUMN_SIZED:
        return sqlite3_bind_blob(statement, at, (const uint8_t *)value + sizeof(uint16_t), *(const uint16_t *)value,
                                 SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

/* The size, then the bytes: of a value that does not fit, nothing. */
static void read_sized(sqlite3_stmt *statement, int at, const ud_column_t *column, void *value)
{
    size_t size = (size_t)sqlite3_column_bytes(statement, at);
    if (size > 0 && size <= column->size - sizeof(uint16_t)) {
        *(uint16_t *)value = (uint16_t)size;
        memcpy((uint8_t *)value + sizeof(uint16_t), sqlite3_column_blob(statement, at), size);
    }
}

static void read_value(sqlite3_stmt *statement, int at, const ud_column_t *column, unsigned char *row)
{
    void *value = row + column->offset;
    int64_t integer = sqlite3_column_int64(statement, at);
    switch (column->kind) {
    case UD_COLUMN_U8:
        *(uint8_t *)value = (uint8_t)integer;
        return;
    case UD_COLUMN_BOOL:
        *(bool *)value = integer != 0;
        return;
    case UD_COLUMN_U16:
        *(uint16_t *)value = (uint16_t)integer;
        return;
    case UD_COLUMN_I16:
        *(int16_t *)value = (int16_t)integer;
        return;
    case UD_COLUMN_U32:
        *(uint32_t *)value = (uint32_t)integer;
        return;
    case UD_COLUMN_U64:
        *(uint64_t *)value = (uint64_t)integer;
        return;
    case UD_COLUMN_I64:
        *(int64_t *)value = integer;
        return;
    case UD_COLUMN_DOUBLE:
        *(double *)value = sqlite3_column_double(statement, at);
        return;
    case UD_COLUMN_TEXT:
        *(const char **)value = (const char *)sqlite3_column_text(statement, at);
        return;
    case UD_COLUMN_BLOB:
        if (sqlite3_column_bytes(statement, at) == column->size) {
            memcpy(value, sqlite3_column_blob(statement, at), column->size);
        }
        return;
    case UD_COLUMN_SIZED:
        read_sized(statement, at, column, value);
        return;
    }
}

static void read_row(sqlite3_stmt *statement, const ud_table_t *table, void *row)
{
    memset(row, 0, table->row_size);
    for (int i = 0; i < table->column_count; i++) {
        read_value(statement, i, &table->columns[i], row);
    }
}

/* ---- operations --------------------------------------------------------------------------------------------------- */

static ud_err_t run(sqlite_store_t *store, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    ud_err_t err = ud_sqlite_err(store->write, code);
    sqlite3_reset(statement);
    return err;
}

/* A file that was moved or deleted takes rows for nobody to find; SQLite itself looks only without a write-ahead log. */
static bool is_moved(sqlite3 *db)
{
    int moved = 0;
    return sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
}

static ud_err_t store_begin(ud_store_t *base)
{
    sqlite_store_t *store = (sqlite_store_t *)base;
    UD_REQUIRE(!is_moved(store->write), UD_ERR_STORAGE);
    return run(store, store->begin);
}

static ud_err_t bind_and_run(sqlite_store_t *store, sqlite3_stmt *statement, const ud_table_t *table, size_t count,
                             const void *row)
{
    for (size_t i = 0; i < count; i++) {
        if (bind_value(statement, (int)i + 1, &table->columns[i], row) != SQLITE_OK) {
            return UD_ERR_STORAGE;
        }
    }
    return run(store, statement);
}

static ud_err_t store_put(ud_store_t *base, ud_row_type_t type, const void *row)
{
    sqlite_store_t *store = (sqlite_store_t *)base;
    return bind_and_run(store, store->put[type], &ud_tables[type], ud_tables[type].column_count, row);
}

static ud_err_t store_remove(ud_store_t *base, ud_row_type_t type, const void *row)
{
    sqlite_store_t *store = (sqlite_store_t *)base;
    return bind_and_run(store, store->remove[type], &ud_tables[type], ud_tables[type].key_count, row);
}

static ud_err_t store_commit(ud_store_t *base)
{
    sqlite_store_t *store = (sqlite_store_t *)base;
    return run(store, store->commit);
}

static void store_rollback(ud_store_t *base)
{
    sqlite_store_t *store = (sqlite_store_t *)base;
    if (sqlite3_get_autocommit(store->write) == 0) {
        (void)sqlite3_exec(store->write, "ROLLBACK", NULL, NULL, NULL);
    }
}

static ud_err_t load_table(sqlite_store_t *store, ud_row_type_t type, ud_row_fn fn, void *context)
{
    _Alignas(max_align_t) unsigned char row[UD_ROW_SIZE_MAX];
    char sql[SQL_SIZE_MAX];
    select_sql(type, load_where(type), sql);
    sqlite3_stmt *statement = NULL;
    UD_TRY(prepare(store->write, sql, &statement));
    ud_err_t err = UD_OK;
    int code = sqlite3_step(statement);
    while (code == SQLITE_ROW && err == UD_OK) {
        read_row(statement, &ud_tables[type], row);
        err = fn(context, type, row);
        code = sqlite3_step(statement);
    }
    err = err == UD_OK ? ud_sqlite_err(store->write, code) : err;
    sqlite3_finalize(statement);
    return err;
}

static ud_err_t store_load(ud_store_t *base, ud_row_fn fn, void *context)
{
    for (ud_row_type_t type = 0; type < UD_ROW_COUNT; type++) {
        UD_TRY(load_table((sqlite_store_t *)base, type, fn, context));
    }
    return UD_OK;
}

/* ---- pages of events ---------------------------------------------------------------------------------------------- */

static ud_err_t keep_texts(ud_arena_t *arena, ud_row_event_t *row)
{
    const char **texts[] = {&row->kind, &row->actor, &row->source_address, &row->text};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (*texts[i] != NULL) {
            *texts[i] = ud_arena_text(arena, *texts[i], strlen(*texts[i]));
            UD_REQUIRE(*texts[i] != NULL, UD_ERR_TOO_LARGE);
        }
    }
    return UD_OK;
}

/* UD_ERR_NOT_FOUND when the event is gone: there the chain ends. */
static ud_err_t read_event(sqlite_store_t *store, sqlite3_stmt *statement, uint64_t number, ud_arena_t *arena,
                           ud_row_event_t *row)
{
    sqlite3_bind_int64(statement, 1, (int64_t)number);
    int code = sqlite3_step(statement);
    ud_err_t err = code == SQLITE_DONE ? UD_ERR_NOT_FOUND : ud_sqlite_err(store->read, code);
    if (err == UD_OK) {
        read_row(statement, &ud_tables[UD_ROW_EVENT], row);
        err = keep_texts(arena, row);
    }
    sqlite3_reset(statement);
    return err;
}

static uint64_t before(const ud_row_event_t *row, ud_event_chain_t chain)
{
    switch (chain) {
    case UD_EVENTS_OF_DEVICE:
        return row->device_before;
    case UD_EVENTS_OF_OBJECT:
        return row->object_before;
    case UD_EVENTS_ALL:
        break;
    }
    return row->number - 1;
}

static ud_err_t store_events(ud_store_t *base, const ud_event_query_t *query, ud_arena_t *arena, ud_event_rows_t *page)
{
    sqlite_store_t *store = (sqlite_store_t *)base;
    sqlite3_stmt *statement = query->chain == UD_EVENTS_ALL ? store->event_at : store->event_next;
    ud_row_event_t *rows = ud_arena_alloc(arena, query->limit * sizeof(*rows));
    UD_REQUIRE(rows != NULL, UD_ERR_TOO_LARGE);
    uint64_t next = query->from;
    size_t count = 0;
    while (next != 0 && count < query->limit) {
        ud_err_t err = read_event(store, statement, next, arena, &rows[count]);
        if (err == UD_ERR_NOT_FOUND) {
            next = 0;
            break;
        }
        UD_TRY(err);
        next = before(&rows[count], query->chain);
        count++;
    }
    *page = (ud_event_rows_t){rows, count, next};
    return UD_OK;
}

/* ---- open and close ----------------------------------------------------------------------------------------------- */

static void store_destroy(ud_store_t *base)
{
    sqlite_store_t *store = (sqlite_store_t *)base;
    for (ud_row_type_t type = 0; type < UD_ROW_COUNT; type++) {
        sqlite3_finalize(store->put[type]);
        sqlite3_finalize(store->remove[type]);
    }
    sqlite3_finalize(store->begin);
    sqlite3_finalize(store->commit);
    sqlite3_finalize(store->event_at);
    sqlite3_finalize(store->event_next);
    if (store->read != store->write) {
        sqlite3_close(store->read);
    }
    sqlite3_close(store->write);
    if (store->lock >= 0) {
        close(store->lock);
    }
    free(store);
}

static const ud_store_ops_t sqlite_ops = {
    .load = store_load,
    .begin = store_begin,
    .put = store_put,
    .remove = store_remove,
    .commit = store_commit,
    .rollback = store_rollback,
    .events = store_events,
    .destroy = store_destroy,
};

static ud_err_t lock_folder(sqlite_store_t *store, const char *folder)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/fleet.lock", folder);
    store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store->lock < 0) {
        ud_err_t err = errno == ENOSPC ? UD_ERR_STORAGE_FULL : UD_ERR_FILE_WRITE;
        snprintf(detail_text, sizeof(detail_text), "%.300s: %s", path, strerror(errno));
        return err;
    }
    if (flock(store->lock, LOCK_EX | LOCK_NB) != 0) {
        snprintf(detail_text, sizeof(detail_text),
                 "Another updraftd works in %.300s; stop it or give another --data folder.", folder);
        return UD_ERR_CONFLICT;
    }
    return UD_OK;
}

static ud_err_t configure(sqlite_store_t *store, uint64_t size_max_bytes)
{
    char sql[256];
    snprintf(sql, sizeof(sql),
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = %u; "
             "PRAGMA journal_size_limit = %u; PRAGMA cache_size = -%u; PRAGMA temp_store = MEMORY; "
             "PRAGMA max_page_count = %llu",
             CHECKPOINT_PAGES, LOG_SIZE_MAX, CACHE_KB,
             size_max_bytes == 0 ? 4294967294ull : (unsigned long long)(size_max_bytes / PAGE_SIZE));
    return ud_sqlite_err(store->write, sqlite3_exec(store->write, sql, NULL, NULL, NULL));
}

static ud_err_t prepare_all(sqlite_store_t *store)
{
    for (ud_row_type_t type = 0; type < UD_ROW_COUNT; type++) {
        UD_TRY(prepare_put(store, type));
        UD_TRY(prepare_remove(store, type));
    }
    UD_TRY(prepare(store->write, "BEGIN IMMEDIATE", &store->begin));
    UD_TRY(prepare(store->write, "COMMIT", &store->commit));
    char sql[SQL_SIZE_MAX];
    select_sql(UD_ROW_EVENT, " WHERE number <= ? ORDER BY number DESC LIMIT 1", sql);
    UD_TRY(prepare(store->read, sql, &store->event_at));
    select_sql(UD_ROW_EVENT, " WHERE number = ?", sql);
    return prepare(store->read, sql, &store->event_next);
}

static ud_err_t open_files(sqlite_store_t *store, const ud_sqlite_config_t *config)
{
    char path[4096] = ":memory:";
    if (config->folder != NULL) {
        UD_TRY(lock_folder(store, config->folder));
        snprintf(path, sizeof(path), "%s/fleet.db", config->folder);
    }
    UD_TRY(ud_sqlite_err(
        store->write,
        sqlite3_open_v2(path, &store->write, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL)));
    UD_TRY(configure(store, config->size_max_bytes));
    UD_TRY(ud_migrate(store->write));
    if (config->folder == NULL) {
        store->read = store->write;
        return UD_OK;
    }
    return ud_sqlite_err(store->write,
                         sqlite3_open_v2(path, &store->read, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL));
}

ud_err_t ud_sqlite_open(const ud_sqlite_config_t *config, ud_store_t **result, const char **detail)
{
    sqlite_store_t *store = calloc(1, sizeof(*store));
    UD_REQUIRE(store != NULL, UD_ERR_INTERNAL);
    store->base.ops = &sqlite_ops;
    store->lock = -1;
    detail_text[0] = '\0';
    ud_err_t err = open_files(store, config);
    err = err == UD_OK ? prepare_all(store) : err;
    if (err != UD_OK) {
        if (detail_text[0] == '\0') {
            const char *why = sqlite3_errmsg(store->write);
            if (err == UD_ERR_DATABASE_NEWER) {
                why = "its schema is newer than this program";
            } else if (sqlite3_errcode(store->write) == SQLITE_OK) {
                why = "it is a database of another program";
            }
            snprintf(detail_text, sizeof(detail_text), "%.300s/fleet.db: %.150s",
                     config->folder == NULL ? "" : config->folder, why);
        }
        if (detail != NULL) {
            *detail = detail_text;
        }
        store_destroy(&store->base);
        return err;
    }
    *result = &store->base;
    return UD_OK;
}

void ud_sqlite_close(ud_store_t *store)
{
    if (store != NULL) {
        store_destroy(store);
    }
}
