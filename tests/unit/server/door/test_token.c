/* Device tokens: issued, verified, expired, and everything that is not quite one. */
#include "server/door/token.h"
#include "tests/unit/server/door/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_S 1800000000

static ud_token_key_t *key;

static int open_key(void **state)
{
    static char folder[FOLDER_PATH_SIZE];
    make_folder(folder);
    *state = folder;
    return ud_token_key_open(*state, &key) == UD_OK ? 0 : -1;
}

static int close_key(void **state)
{
    ud_token_key_close(key);
    remove_folder(*state);
    return 0;
}

static void a_token_is_good_until_it_expires(void **state)
{
    (void)state;
    char token[UD_TOKEN_SIZE_MAX + 1];
    ud_token_claims_t claims = {0};
    assert_int_equal(ud_token_issue(key, "gw-1", 7, NOW_S, 60, token), UD_OK);
    for (int round = 0; round < 2; round++) { /* the second time from memory */
        assert_int_equal(ud_token_verify(key, token, NOW_S + 59, &claims), UD_OK);
        assert_string_equal(claims.device_id, "gw-1");
        assert_int_equal(claims.generation, 7);
        assert_int_equal(claims.expires_s, NOW_S + 60);
        assert_int_equal(ud_token_verify(key, token, NOW_S + 60, &claims), UD_ERR_TOKEN_EXPIRED);
    }
}

static void the_longest_values_fit(void **state)
{
    (void)state;
    char token[UD_TOKEN_SIZE_MAX + 1], name[UD_DEVICE_ID_SIZE_MAX + 1] = "";
    ud_token_claims_t claims;
    memset(name, 'x', UD_DEVICE_ID_SIZE_MAX);
    assert_int_equal(ud_token_issue(key, name, UINT32_MAX, INT64_C(99999999999), UINT32_MAX, token), UD_OK);
    assert_int_equal(ud_token_verify(key, token, NOW_S, &claims), UD_OK);
    assert_string_equal(claims.device_id, name);
    assert_int_equal(claims.generation, UINT32_MAX);
}

static void a_token_changed_anywhere_is_refused(void **state)
{
    (void)state;
    char token[UD_TOKEN_SIZE_MAX + 1];
    ud_token_claims_t claims;
    assert_int_equal(ud_token_issue(key, "gw-1", 7, NOW_S, 60, token), UD_OK);
    size_t size = strlen(token);
    for (size_t i = 0; i < size; i++) {
        char kept = token[i];
        token[i] = kept == 'A' ? 'B' : 'A';
        assert_int_equal(ud_token_verify(key, token, NOW_S, &claims), UD_ERR_UNAUTHENTICATED);
        token[i] = '\0';
        assert_int_equal(ud_token_verify(key, token, NOW_S, &claims), UD_ERR_UNAUTHENTICATED);
        token[i] = kept;
    }
    assert_int_equal(ud_token_verify(key, token, NOW_S, &claims), UD_OK);
}

static void a_token_with_more_behind_it_is_refused(void **state)
{
    (void)state;
    char token[2 * UD_TOKEN_SIZE_MAX];
    ud_token_claims_t claims;
    static const char *const tails[] = {".", "=", "A", ".x", " "};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        assert_int_equal(ud_token_issue(key, "gw-1", 7, NOW_S, 60, token), UD_OK);
        strcat(token, tails[i]);
        assert_int_equal(ud_token_verify(key, token, NOW_S, &claims), UD_ERR_UNAUTHENTICATED);
    }
    memset(token, 'a', sizeof token - 1);
    token[sizeof token - 1] = '\0';
    assert_int_equal(ud_token_verify(key, token, NOW_S, &claims), UD_ERR_UNAUTHENTICATED);
}

static void the_key_is_kept_for_the_owner_alone_and_read_again(void **state)
{
    char token[UD_TOKEN_SIZE_MAX + 1], path[FOLDER_PATH_SIZE + 16];
    ud_token_claims_t claims;
    struct stat info;
    ud_token_key_t *again;
    snprintf(path, sizeof path, "%s/token.key", (const char *)*state);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(ud_token_issue(key, "gw-1", 7, NOW_S, 60, token), UD_OK);
    assert_int_equal(ud_token_key_open(*state, &again), UD_OK);
    assert_int_equal(ud_token_verify(again, token, NOW_S, &claims), UD_OK);
    ud_token_key_close(again);
}

static void a_file_that_is_no_key_is_told(void **state)
{
    char path[FOLDER_PATH_SIZE + 16];
    ud_token_key_t *none;
    snprintf(path, sizeof path, "%s/token.key", (const char *)*state);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("nonsense", file);
    fclose(file);
    assert_int_equal(ud_token_key_open(*state, &none), UD_ERR_KEY_FORMAT);
    assert_int_equal(ud_token_key_open("/nowhere", &none), UD_ERR_FILE_WRITE);
}

static void more_tokens_than_are_remembered_are_all_good(void **state)
{
    (void)state;
    char token[UD_TOKEN_SIZE_MAX + 1], first[UD_TOKEN_SIZE_MAX + 1];
    ud_token_claims_t claims;
    assert_int_equal(ud_token_issue(key, "first", 1, NOW_S, 60, first), UD_OK);
    for (uint32_t i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "gw-%u", i);
        assert_int_equal(ud_token_issue(key, name, i, NOW_S, 60, token), UD_OK);
        assert_int_equal(ud_token_verify(key, token, NOW_S, &claims), UD_OK);
        assert_string_equal(claims.device_id, name);
    }
    assert_int_equal(ud_token_verify(key, first, NOW_S, &claims), UD_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_token_is_good_until_it_expires, open_key, close_key),
        cmocka_unit_test_setup_teardown(the_longest_values_fit, open_key, close_key),
        cmocka_unit_test_setup_teardown(a_token_changed_anywhere_is_refused, open_key, close_key),
        cmocka_unit_test_setup_teardown(a_token_with_more_behind_it_is_refused, open_key, close_key),
        cmocka_unit_test_setup_teardown(the_key_is_kept_for_the_owner_alone_and_read_again, open_key, close_key),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_key_is_told, open_key, close_key),
        cmocka_unit_test_setup_teardown(more_tokens_than_are_remembered_are_all_good, open_key, close_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
