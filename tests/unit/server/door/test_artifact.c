#include "server/io/artifact.h"

#include "core/base/hex.h"
#include "core/crypto/crypto.h"
#include "tests/unit/server/door/folder.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
    char folder[FOLDER_PATH_SIZE];
    ud_artifact_store_t *store;
} fixture_t;

static int setup(void **state)
{
    static fixture_t fixture;
    make_folder(fixture.folder);
    *state = &fixture;
    return ud_artifact_store_open(fixture.folder, &fixture.store) != UD_OK;
}

static int teardown(void **state)
{
    fixture_t *fixture = *state;
    ud_artifact_store_close(fixture->store);
    remove_folder(fixture->folder);
    return 0;
}

static void keep(fixture_t *fixture, const char *text, uint8_t digest[UD_SHA256_SIZE])
{
    ud_artifact_draft_t draft = {0};
    assert_int_equal(ud_artifact_begin(fixture->store, &draft), UD_OK);
    assert_int_equal(ud_artifact_write(&draft, 0, text, strlen(text)), UD_OK);
    assert_int_equal(ud_artifact_keep(&draft, digest), UD_OK);
    ud_artifact_drop(&draft);
}

static void a_kept_file_is_found_by_the_digest_of_its_content(void **state)
{
    fixture_t *fixture = *state;
    uint8_t digest[UD_SHA256_SIZE];
    uint8_t expected[UD_SHA256_SIZE];
    char content[8] = "";
    int file = -1;
    uint64_t size = 0;
    keep(fixture, "content", digest);
    ud_sha256("content", 7, expected);
    assert_memory_equal(digest, expected, sizeof digest);
    assert_int_equal(ud_artifact_open(fixture->store, digest, &file, &size), UD_OK);
    assert_int_equal(size, 7);
    assert_int_equal(read(file, content, sizeof content), 7);
    assert_string_equal(content, "content");
    close(file);
}

static void a_file_that_is_not_there_is_not_found(void **state)
{
    fixture_t *fixture = *state;
    uint8_t digest[UD_SHA256_SIZE] = {1};
    int file = -1;
    uint64_t size = 0;
    assert_int_equal(ud_artifact_open(fixture->store, digest, &file, &size), UD_ERR_NOT_FOUND);
}

static void the_same_content_twice_is_one_file(void **state)
{
    fixture_t *fixture = *state;
    uint8_t first[UD_SHA256_SIZE];
    uint8_t second[UD_SHA256_SIZE];
    keep(fixture, "content", first);
    keep(fixture, "content", second);
    assert_memory_equal(first, second, sizeof first);
    assert_int_equal(count_files(fixture->folder, "artifacts", ""), 1);
}

static void a_dropped_draft_leaves_nothing(void **state)
{
    fixture_t *fixture = *state;
    ud_artifact_draft_t draft = {0};
    assert_int_equal(ud_artifact_begin(fixture->store, &draft), UD_OK);
    assert_int_equal(count_files(fixture->folder, "artifacts", "draft-"), 1);
    ud_artifact_drop(&draft);
    ud_artifact_drop(&draft);
    assert_int_equal(count_files(fixture->folder, "artifacts", ""), 0);
}

static void pieces_may_be_written_back_to_front_and_cut(void **state)
{
    fixture_t *fixture = *state;
    ud_artifact_draft_t draft = {0};
    uint8_t digest[UD_SHA256_SIZE];
    uint8_t expected[UD_SHA256_SIZE];
    assert_int_equal(ud_artifact_begin(fixture->store, &draft), UD_OK);
    assert_int_equal(ud_artifact_write(&draft, 3, "defgh", 5), UD_OK);
    assert_int_equal(ud_artifact_write(&draft, 0, "abc", 3), UD_OK);
    assert_int_equal(ud_artifact_cut(&draft, 6), UD_OK);
    assert_int_equal(ud_artifact_keep(&draft, digest), UD_OK);
    ud_sha256("abcdef", 6, expected);
    assert_memory_equal(digest, expected, sizeof digest);
}

static void reading_past_the_end_is_an_error(void **state)
{
    fixture_t *fixture = *state;
    ud_artifact_draft_t draft = {0};
    char data[8];
    assert_int_equal(ud_artifact_begin(fixture->store, &draft), UD_OK);
    assert_int_equal(ud_artifact_write(&draft, 0, "abc", 3), UD_OK);
    assert_int_equal(ud_artifact_read(&draft, 0, data, 3), UD_OK);
    assert_int_equal(ud_artifact_read(&draft, 0, data, 4), UD_ERR_STORAGE);
    ud_artifact_drop(&draft);
}

static void drafts_of_an_earlier_run_are_removed_and_files_kept(void **state)
{
    fixture_t *fixture = *state;
    ud_artifact_draft_t draft = {0};
    uint8_t digest[UD_SHA256_SIZE];
    keep(fixture, "content", digest);
    assert_int_equal(ud_artifact_begin(fixture->store, &draft), UD_OK);
    ud_artifact_store_close(fixture->store);
    close(draft.fd);
    assert_int_equal(count_files(fixture->folder, "artifacts", ""), 2);
    assert_int_equal(ud_artifact_store_open(fixture->folder, &fixture->store), UD_OK);
    assert_int_equal(count_files(fixture->folder, "artifacts", ""), 1);
    assert_int_equal(count_files(fixture->folder, "artifacts", "draft-"), 0);
}

static void a_link_in_the_folder_is_not_followed(void **state)
{
    fixture_t *fixture = *state;
    uint8_t digest[UD_SHA256_SIZE] = {0};
    char name[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    char path[512];
    int file = -1;
    uint64_t size = 0;
    ud_hex_encode(digest, sizeof digest, name);
    snprintf(path, sizeof path, "%s/artifacts/%s", fixture->folder, name);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    assert_int_equal(ud_artifact_open(fixture->store, digest, &file, &size), UD_ERR_STORAGE);
}

static void a_folder_that_cannot_be_used_is_told(void **state)
{
    fixture_t *fixture = *state;
    char path[512];
    ud_artifact_store_t *store = NULL;
    snprintf(path, sizeof path, "%s/none", fixture->folder);
    assert_int_equal(ud_artifact_store_open(path, &store), UD_ERR_FILE_WRITE);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    assert_int_equal(ud_artifact_store_open(path, &store), UD_ERR_FILE_WRITE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_kept_file_is_found_by_the_digest_of_its_content, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_there_is_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_content_twice_is_one_file, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dropped_draft_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(pieces_may_be_written_back_to_front_and_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(reading_past_the_end_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(drafts_of_an_earlier_run_are_removed_and_files_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_in_the_folder_is_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_used_is_told, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
