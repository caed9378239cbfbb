/* What every store must keep (conformance), and what is SQLite's own: files, versions, limits. */
#include "server/store/sqlite.h"

#include "server/store/migration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static ud_store_t *store;

static ud_err_t open_store(uint64_t size_max_bytes)
{
    return ud_sqlite_open(&(ud_sqlite_config_t){folder, size_max_bytes}, &store, NULL);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/test_store.XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(open_store(0), UD_OK);
    return 0;
}

static void database_path(char path[128])
{
    snprintf(path, 128, "%s/fleet.db", folder);
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"fleet.db", "fleet.db-wal", "fleet.db-shm", "fleet.lock"};
    ud_sqlite_close(store);
    store = NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

/* ---- rows made from the columns: every byte of every column differs ---------------------------------------------- */

#define TEXT_COUNT 32

typedef struct {
    _Alignas(max_align_t) unsigned char row[UD_ROW_SIZE_MAX];
    char texts[TEXT_COUNT][32];
} sample_t;

static void fill(sample_t *sample, ud_row_type_t type, unsigned seed)
{
    const ud_table_t *table = &ud_tables[type];
    memset(sample, 0, sizeof(*sample));
    for (unsigned i = 0; i < table->column_count; i++) {
        const ud_column_t *column = &table->columns[i];
        unsigned char *value = sample->row + column->offset;
        unsigned n = seed + i;
        switch (column->kind) {
        case UD_COLUMN_U8:
            *(uint8_t *)value = (uint8_t)(n % 200 + 1);
            break;
        case UD_COLUMN_BOOL:
            *(bool *)value = n % 2 == 0;
            break;
        case UD_COLUMN_U16:
            *(uint16_t *)value = (uint16_t)(0xf000 + n);
            break;
        case UD_COLUMN_I16:
            *(int16_t *)value = (int16_t)-(int)n;
            break;
        case UD_COLUMN_U32:
            *(uint32_t *)value = 0xf0000000u + n;
            break;
        case UD_COLUMN_U64:
            *(uint64_t *)value = UINT64_MAX - n;
            break;
        case UD_COLUMN_I64:
            *(int64_t *)value = -1000000000000ll - n;
            break;
        case UD_COLUMN_DOUBLE:
            *(double *)value = n + 0.5;
            break;
        case UD_COLUMN_TEXT:
            snprintf(sample->texts[i], sizeof(sample->texts[i]), "text %u 'quoted' \xc3\xa9", n);
            *(const char **)value = sample->texts[i];
            break;
        case UD_COLUMN_SIZED:
            *(uint16_t *)(void *)value = (uint16_t)(column->size - sizeof(uint16_t) - n % 2 * 128);
            memset(value + sizeof(uint16_t), (int)n, *(uint16_t *)(void *)value);
            break;
        case UD_COLUMN_BLOB:
            memset(value, (int)n, column->size);
            break;
        }
    }
    if (type == UD_ROW_EXECUTION) { /* loaded only when its rollout is open: see load_where */
        ((ud_row_execution_t *)(void *)sample->row)->number = seed;
    }
    if (type == UD_ROW_ROLLOUT) {
        ((ud_row_rollout_t *)(void *)sample->row)->first_update = 0;
        ((ud_row_rollout_t *)(void *)sample->row)->status = 0;
    }
    if (type == UD_ROW_EVENT) {
        ((ud_row_event_t *)(void *)sample->row)->number = seed;
    }
}

static void assert_same_row(ud_row_type_t type, const unsigned char *a, const unsigned char *b)
{
    for (unsigned i = 0; i < ud_tables[type].column_count; i++) {
        const ud_column_t *column = &ud_tables[type].columns[i];
        static const size_t sizes[] = {
            [UD_COLUMN_U8] = 1,  [UD_COLUMN_U16] = 2, [UD_COLUMN_I16] = 2,  [UD_COLUMN_U32] = 4,
            [UD_COLUMN_U64] = 8, [UD_COLUMN_I64] = 8, [UD_COLUMN_BOOL] = 1, [UD_COLUMN_DOUBLE] = 8,
        };
        const unsigned char *left = a + column->offset;
        const unsigned char *right = b + column->offset;
        if (column->kind == UD_COLUMN_TEXT) {
            assert_string_equal(*(const char *const *)(const void *)left, *(const char *const *)(const void *)right);
        } else {
            bool has_size = column->kind == UD_COLUMN_BLOB || column->kind == UD_COLUMN_SIZED;
            assert_memory_equal(left, right, has_size ? column->size : sizes[column->kind]);
        }
    }
}

typedef struct {
    unsigned counts[UD_ROW_COUNT];
    ud_row_type_t last;
    const sample_t *samples; /* by type: what is expected; NULL: only count */
} seen_t;

static ud_err_t see(void *context, ud_row_type_t type, const void *row)
{
    seen_t *seen = context;
    assert_true(type >= seen->last);
    seen->last = type;
    seen->counts[type]++;
    if (seen->samples != NULL) {
        assert_same_row(type, row, seen->samples[type].row);
    }
    return UD_OK;
}

static void put(ud_row_type_t type, const void *row)
{
    assert_int_equal(store->ops->put(store, type, row), UD_OK);
}

static void begin(void)
{
    assert_int_equal(store->ops->begin(store), UD_OK);
}

static void commit(void)
{
    assert_int_equal(store->ops->commit(store), UD_OK);
}

static seen_t load(const sample_t *samples)
{
    seen_t seen = {.samples = samples};
    assert_int_equal(store->ops->load(store, see, &seen), UD_OK);
    return seen;
}

static void reopen(void)
{
    ud_sqlite_close(store);
    assert_int_equal(open_store(0), UD_OK);
}

/* ---- conformance -------------------------------------------------------------------------------------------------- */

static void every_column_of_every_table_comes_back(void **state)
{
    (void)state;
    static sample_t samples[UD_ROW_COUNT];
    begin();
    for (ud_row_type_t type = 0; type < UD_ROW_COUNT; type++) {
        fill(&samples[type], type, 40 + type);
        put(type, samples[type].row);
    }
    commit();
    reopen();
    seen_t seen = load(samples);
    for (ud_row_type_t type = 0; type < UD_ROW_COUNT; type++) {
        assert_int_equal(seen.counts[type], 1);
    }
}

static void the_same_key_replaces_the_row(void **state)
{
    (void)state;
    static sample_t samples[UD_ROW_COUNT];
    for (unsigned round = 0; round < 2; round++) {
        begin();
        for (ud_row_type_t type = 0; type < UD_ROW_EVENT; type++) {
            sample_t *sample = &samples[type];
            fill(sample, type, 40);
            if (round == 1) { /* the last column never is a part of the key */
                unsigned last = ud_tables[type].column_count - 1u;
                const ud_column_t *column = &ud_tables[type].columns[last];
                size_t skip = column->kind == UD_COLUMN_SIZED ? sizeof(uint16_t) : 0;
                *(column->kind == UD_COLUMN_TEXT ? (unsigned char *)sample->texts[last]
                                                 : &sample->row[column->offset + skip]) = 1;
            }
            put(type, sample->row);
        }
        commit();
    }
    seen_t seen = load(samples);
    for (ud_row_type_t type = 0; type < UD_ROW_EVENT; type++) {
        assert_int_equal(seen.counts[type], 1);
    }
}

static void what_is_rolled_back_was_never_there(void **state)
{
    (void)state;
    sample_t sample;
    fill(&sample, UD_ROW_DEVICE, 1);
    begin();
    put(UD_ROW_DEVICE, sample.row);
    store->ops->rollback(store);
    assert_int_equal(load(NULL).counts[UD_ROW_DEVICE], 0);
    store->ops->rollback(store); /* harmless when nothing was begun */
    begin();
    put(UD_ROW_DEVICE, sample.row);
    commit();
    assert_int_equal(load(NULL).counts[UD_ROW_DEVICE], 1);
}

static void a_batch_without_commit_does_not_survive(void **state)
{
    (void)state;
    sample_t sample;
    fill(&sample, UD_ROW_DEVICE, 1);
    begin();
    put(UD_ROW_DEVICE, sample.row);
    reopen();
    assert_int_equal(load(NULL).counts[UD_ROW_DEVICE], 0);
}

static void a_removed_row_is_gone(void **state)
{
    (void)state;
    sample_t sample;
    sample_t other;
    fill(&sample, UD_ROW_SESSION, 1);
    fill(&other, UD_ROW_SESSION, 2);
    begin();
    put(UD_ROW_SESSION, sample.row);
    put(UD_ROW_SESSION, other.row);
    assert_int_equal(store->ops->remove(store, UD_ROW_SESSION, sample.row), UD_OK);
    commit();
    assert_int_equal(load(NULL).counts[UD_ROW_SESSION], 1);
}

static ud_err_t refuse(void *context, ud_row_type_t type, const void *row)
{
    (void)context;
    (void)type;
    (void)row;
    return UD_ERR_INTERNAL;
}

static void a_refused_row_ends_the_load_with_its_error(void **state)
{
    (void)state;
    sample_t sample;
    fill(&sample, UD_ROW_DEVICE, 1);
    begin();
    put(UD_ROW_DEVICE, sample.row);
    commit();
    assert_int_equal(store->ops->load(store, refuse, NULL), UD_ERR_INTERNAL);
    begin(); /* and leaves nothing locked */
    commit();
}

static void executions_of_finished_rollouts_are_not_loaded(void **state)
{
    (void)state;
    begin();
    for (uint32_t n = 1; n <= 4; n++) {
        put(UD_ROW_ROLLOUT, &(ud_row_rollout_t){.number = n, .status = n <= 2 ? 3 : 0, .first_update = 10 * n});
        for (uint32_t i = 0; i < 10; i++) {
            put(UD_ROW_EXECUTION, &(ud_row_execution_t){.number = 10 * n + i, .rollout = n});
        }
    }
    commit();
    assert_int_equal(load(NULL).counts[UD_ROW_EXECUTION], 20);
    begin();
    put(UD_ROW_ROLLOUT, &(ud_row_rollout_t){.number = 3, .status = 3, .first_update = 30});
    put(UD_ROW_ROLLOUT, &(ud_row_rollout_t){.number = 4, .status = 3, .first_update = 40});
    commit();
    assert_int_equal(load(NULL).counts[UD_ROW_EXECUTION], 1); /* the newest: numbers go on from there */
}

/* Ten events: the even ones of device 1, the others of device 2. */
static void write_events(void)
{
    begin();
    for (uint64_t n = 1; n <= 10; n++) {
        ud_row_event_t event = {.number = n,
                                .kind = "state",
                                .device = n % 2 == 0 ? 1 : 2,
                                .device_before = n > 2 ? n - 2 : 0,
                                .text = "t"};
        put(UD_ROW_EVENT, &event);
    }
    commit();
}

static void events_are_paged_newest_first(void **state)
{
    (void)state;
    write_events();
    ud_arena_t *arena = ud_arena_create(1 << 20);
    ud_event_rows_t page;
    ud_event_query_t query = {UD_EVENTS_ALL, 1000, 4};
    assert_int_equal(store->ops->events(store, &query, arena, &page), UD_OK);
    assert_int_equal(page.count, 4);
    assert_int_equal(page.rows[0].number, 10);
    assert_int_equal(page.next, 6);
    assert_string_equal(page.rows[3].kind, "state");
    query.from = 2;
    assert_int_equal(store->ops->events(store, &query, arena, &page), UD_OK);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.next, 0);
    ud_arena_destroy(arena);
}

static void events_of_a_device_follow_its_chain(void **state)
{
    (void)state;
    write_events();
    ud_arena_t *arena = ud_arena_create(1 << 20);
    ud_event_rows_t page;
    ud_event_query_t query = {UD_EVENTS_OF_DEVICE, 9, 3};
    assert_int_equal(store->ops->events(store, &query, arena, &page), UD_OK);
    assert_int_equal(page.count, 3);
    assert_int_equal(page.rows[2].number, 5);
    assert_int_equal(page.next, 3);
    begin(); /* history that was deleted ends the chain, no more */
    assert_int_equal(store->ops->remove(store, UD_ROW_EVENT, &(ud_row_event_t){.number = 3}), UD_OK);
    commit();
    query = (ud_event_query_t){UD_EVENTS_OF_DEVICE, 9, 200};
    assert_int_equal(store->ops->events(store, &query, arena, &page), UD_OK);
    assert_int_equal(page.count, 3);
    assert_int_equal(page.next, 0);
    ud_arena_destroy(arena);
}

static void a_page_larger_than_the_arena_is_refused(void **state)
{
    (void)state;
    write_events();
    ud_arena_t *arena = ud_arena_create(300);
    ud_event_rows_t page;
    ud_event_query_t query = {UD_EVENTS_ALL, 1000, 10};
    assert_int_equal(store->ops->events(store, &query, arena, &page), UD_ERR_TOO_LARGE);
    ud_arena_destroy(arena);
}

/* ---- SQLite's own ------------------------------------------------------------------------------------------------- */

static void run_sql(const char *sql)
{
    char path[128];
    sqlite3 *db = NULL;
    database_path(path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static ud_err_t look_at_old_row(void *context, ud_row_type_t type, const void *row)
{
    if (type == UD_ROW_KEY) {
        const ud_row_key_t *key = row;
        assert_string_equal(key->type, "ecdsa-p256");
        assert_int_equal(key->public_key.size, 64);
        *(int *)context += 1;
    }
    if (type == UD_ROW_RELEASE) {
        const ud_row_release_t *release = row;
        assert_false(release->encrypted);
        assert_int_equal(release->signature.size, 64);
        *(int *)context += 1;
    }
    return UD_OK;
}

/* As the first version left it: a key of the only kind there was, a release of the only kind there was. */
static void a_database_of_the_version_before_is_brought_up(void **state)
{
    (void)state;
    ud_sqlite_close(store);
    store = NULL;
    run_sql(
        "ALTER TABLE signing_key DROP COLUMN type; ALTER TABLE release DROP COLUMN encrypted;"
        "ALTER TABLE report DROP COLUMN trial_attempts; ALTER TABLE report DROP COLUMN abnormal_resets;"
        "PRAGMA user_version = 1;"
        "INSERT INTO signing_key (name, public_key, key_hash, created_ms) VALUES ('k', zeroblob(64), zeroblob(32), 7);"
        "INSERT INTO release VALUES (1, '1.0.0', 'hw', 9, zeroblob(32), zeroblob(32), zeroblob(32), zeroblob(64), 0,"
        " NULL, NULL, 7, 0)");
    const char *detail = NULL;
    assert_int_equal(ud_sqlite_open(&(ud_sqlite_config_t){folder, 0}, &store, &detail), UD_OK);
    int seen = 0;
    assert_int_equal(store->ops->load(store, look_at_old_row, &seen), UD_OK);
    assert_int_equal(seen, 2);
}

static void a_newer_database_is_refused(void **state)
{
    (void)state;
    char sql[64];
    snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", ud_migration_count + 1);
    ud_sqlite_close(store);
    store = NULL;
    run_sql(sql);
    const char *detail = NULL;
    assert_int_equal(ud_sqlite_open(&(ud_sqlite_config_t){folder, 0}, &store, &detail), UD_ERR_DATABASE_NEWER);
    assert_non_null(strstr(detail, folder));
}

static void a_file_that_is_no_database_of_ours_is_not_touched(void **state)
{
    (void)state;
    char path[128];
    database_path(path);
    ud_sqlite_close(store);
    store = NULL;
    assert_int_equal(unlink(path), 0);
    run_sql("CREATE TABLE theirs (x)");
    const char *detail = NULL;
    assert_int_equal(ud_sqlite_open(&(ud_sqlite_config_t){folder, 0}, &store, &detail), UD_ERR_STORAGE);
    assert_non_null(strstr(detail, "a database of another program"));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 4096; i++) {
        fputc('x', file);
    }
    fclose(file);
    assert_int_equal(open_store(0), UD_ERR_STORAGE);
}

static void two_servers_never_share_a_folder(void **state)
{
    (void)state;
    ud_store_t *second = NULL;
    const char *detail = NULL;
    assert_int_equal(ud_sqlite_open(&(ud_sqlite_config_t){folder, 0}, &second, &detail), UD_ERR_CONFLICT);
    assert_non_null(strstr(detail, "Another updraftd"));
}

static void a_folder_that_is_missing_is_named(void **state)
{
    (void)state;
    ud_store_t *none = NULL;
    const char *detail = NULL;
    assert_int_equal(ud_sqlite_open(&(ud_sqlite_config_t){"/tmp/there is no such folder", 0}, &none, &detail),
                     UD_ERR_FILE_WRITE);
    assert_non_null(strstr(detail, "/tmp/there is no such folder"));
}

static void a_full_database_says_so_and_keeps_what_it_had(void **state)
{
    (void)state;
    ud_sqlite_close(store);
    assert_int_equal(open_store(300000), UD_OK);
    ud_err_t err = UD_OK;
    uint32_t kept = 0;
    while (err == UD_OK && kept < 100000) {
        begin();
        for (uint32_t i = 0; i < 100 && err == UD_OK; i++) {
            sample_t sample;
            fill(&sample, UD_ROW_DEVICE, 1);
            ((ud_row_device_t *)(void *)sample.row)->number = kept + i + 1;
            err = store->ops->put(store, UD_ROW_DEVICE, sample.row);
        }
        err = err == UD_OK ? store->ops->commit(store) : err;
        kept += err == UD_OK ? 100 : 0;
    }
    assert_int_equal(err, UD_ERR_STORAGE_FULL);
    store->ops->rollback(store);
    assert_int_equal(load(NULL).counts[UD_ROW_DEVICE], kept);
    ud_sqlite_close(store);
    assert_int_equal(open_store(0), UD_OK); /* more space: it goes on */
    begin();
    put(UD_ROW_DEVICE, &(ud_row_device_t){.number = 99999, .id = "x", .hardware = "h"});
    commit();
}

static void the_schema_is_that_of_the_columns(void **state)
{
    (void)state;
    char path[128];
    sqlite3 *db = NULL;
    database_path(path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (ud_row_type_t type = 0; type < UD_ROW_COUNT; type++) {
        const ud_table_t *table = &ud_tables[type];
        sqlite3_stmt *statement = NULL;
        assert_int_equal(sqlite3_prepare_v2(db, "SELECT name, pk FROM pragma_table_info(?)", -1, &statement, NULL),
                         SQLITE_OK);
        sqlite3_bind_text(statement, 1, table->name, -1, SQLITE_STATIC);
        unsigned at = 0;
        while (sqlite3_step(statement) == SQLITE_ROW) {
            assert_true(at < table->column_count);
            assert_string_equal((const char *)sqlite3_column_text(statement, 0), table->columns[at].name);
            assert_int_equal(sqlite3_column_int(statement, 1) != 0, at < table->key_count);
            at++;
        }
        assert_int_equal(at, table->column_count);
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_column_of_every_table_comes_back),
        TEST(the_same_key_replaces_the_row),
        TEST(what_is_rolled_back_was_never_there),
        TEST(a_batch_without_commit_does_not_survive),
        TEST(a_removed_row_is_gone),
        TEST(a_refused_row_ends_the_load_with_its_error),
        TEST(executions_of_finished_rollouts_are_not_loaded),
        TEST(events_are_paged_newest_first),
        TEST(events_of_a_device_follow_its_chain),
        TEST(a_page_larger_than_the_arena_is_refused),
        TEST(a_database_of_the_version_before_is_brought_up),
        TEST(a_newer_database_is_refused),
        TEST(a_file_that_is_no_database_of_ours_is_not_touched),
        TEST(two_servers_never_share_a_folder),
        TEST(a_folder_that_is_missing_is_named),
        TEST(a_full_database_says_so_and_keeps_what_it_had),
        TEST(the_schema_is_that_of_the_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
