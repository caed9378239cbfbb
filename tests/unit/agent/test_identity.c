#include "agent/identity.h"

#include "ports/posix/board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Bounds a save: erases and programs of both copies. */
#define OPERATIONS_MAX 100

typedef struct {
    const char *token;
    bool saved;
} save_t;

static ud_port_t *make_board(uint32_t sector_size, uint16_t write_size)
{
    ud_board_config_t config;
    ud_port_t *board = NULL;
    ud_board_config_default(&config);
    config.seed = 7;
    config.areas[UD_AREA_IDENTITY] = (ud_area_geometry_t){4096 * 2, sector_size, write_size, 0xFF};
    assert_int_equal(ud_board_create(&config, &board), UD_OK);
    return board;
}

static void save(ud_port_t *board, void *arg)
{
    save_t *task = arg;
    _Alignas(uint64_t) uint8_t buffer[UD_IDENTITY_RECORD_SIZE_MAX];
    ud_identity_t identity;
    ud_identity_save_t progress;
    ud_err_t err = ud_identity_open(&identity, board);
    assert_true(err == UD_OK || err == UD_ERR_NOT_FOUND);
    err = ud_identity_save_begin(&identity, board, task->token, buffer, &progress);
    for (int i = 0; i < OPERATIONS_MAX && (err == UD_OK || err == UD_ERR_WOULD_BLOCK); i++) {
        err = ud_identity_save_step(&identity, board, buffer, &progress);
        if (err == UD_OK) {
            break;
        }
    }
    task->saved = err == UD_OK;
}

static void save_token(ud_port_t *board, const char *token)
{
    save_t task = {.token = token};
    assert_int_equal(ud_board_run(board, save, &task), UD_BOARD_RETURNED);
    assert_true(task.saved);
}

typedef struct {
    ud_err_t err;
    ud_identity_t identity;
    ud_identity_secrets_t secrets;
    char token[UD_TOKEN_SIZE_MAX + 1];
} found_t;

static void look(ud_port_t *board, void *arg)
{
    found_t *found = arg;
    found->err = ud_identity_open(&found->identity, board);
    if (found->err == UD_OK) {
        assert_int_equal(ud_identity_secrets(&found->identity, board, &found->secrets), UD_OK);
        assert_int_equal(ud_identity_token(&found->identity, board, found->token), UD_OK);
    }
}

static found_t read_back(ud_port_t *board)
{
    found_t found = {.err = UD_ERR_INTERNAL};
    assert_int_equal(ud_board_run(board, look, &found), UD_BOARD_RETURNED);
    return found;
}

static void an_empty_flash_holds_no_identity(void **state)
{
    (void)state;
    ud_port_t *board = make_board(4096, 8);
    found_t found = read_back(board);
    assert_int_equal(found.err, UD_ERR_NOT_FOUND);
    assert_int_equal(found.identity.generation, 0);
    ud_board_destroy(board);
}

static void a_new_token_keeps_nonce_and_secret(void **state)
{
    (void)state;
    ud_port_t *board = make_board(4096, 8);
    save_token(board, "");
    found_t first = read_back(board);
    save_token(board, "token-one");
    found_t second = read_back(board);
    assert_string_equal(first.token, "");
    assert_string_equal(second.token, "token-one");
    assert_memory_equal(&first.secrets, &second.secrets, sizeof first.secrets);
    assert_false(second.identity.worn);
    ud_board_destroy(board);
}

static void the_longest_token_fits_every_geometry(void **state)
{
    (void)state;
    static const uint16_t write_sizes[] = {1, 2, 4, 8, 16, 32};
    char token[UD_TOKEN_SIZE_MAX + 1];
    memset(token, 'x', UD_TOKEN_SIZE_MAX);
    token[UD_TOKEN_SIZE_MAX] = '\0';
    for (size_t i = 0; i < sizeof write_sizes / sizeof write_sizes[0]; i++) {
        ud_port_t *board = make_board(i % 2 == 0 ? 512 : 4096, write_sizes[i]);
        save_token(board, "short");
        save_token(board, token);
        assert_string_equal(read_back(board).token, token);
        assert_int_equal(ud_board_refused_programs(board), 0);
        ud_board_destroy(board);
    }
}

static void one_lost_copy_costs_nothing(void **state)
{
    (void)state;
    for (uint32_t copy = 0; copy < 2; copy++) {
        ud_port_t *board = make_board(4096, 8);
        save_token(board, "token-one");
        found_t before = read_back(board);
        ud_board_fault_words(board, UD_AREA_IDENTITY, copy * 4096, 64, UD_WORD_UNREADABLE);
        found_t after = read_back(board);
        assert_int_equal(after.err, UD_OK);
        assert_string_equal(after.token, "token-one");
        assert_memory_equal(&after.secrets, &before.secrets, sizeof before.secrets);
        assert_true(after.identity.worn);
        save_token(board, "token-two");
        assert_false(read_back(board).identity.worn);
        ud_board_destroy(board);
    }
}

static void a_copy_that_takes_nothing_is_no_failure(void **state)
{
    (void)state;
    for (uint32_t copy = 0; copy < 2; copy++) {
        ud_port_t *board = make_board(4096, 8);
        save_token(board, "token-one");
        ud_board_refuse_writes(board, UD_AREA_IDENTITY, copy * 4096, 4096, true);
        save_token(board, "token-two");
        found_t after = read_back(board);
        assert_string_equal(after.token, "token-two");
        assert_true(after.identity.worn);
        ud_board_destroy(board);
    }
}

static void a_save_that_no_copy_takes_fails(void **state)
{
    (void)state;
    save_t task = {.token = "token-two"};
    ud_port_t *board = make_board(4096, 8);
    save_token(board, "token-one");
    ud_board_refuse_writes(board, UD_AREA_IDENTITY, 0, 8192, true);
    assert_int_equal(ud_board_run(board, save, &task), UD_BOARD_RETURNED);
    assert_false(task.saved);
    ud_board_destroy(board);
}

static void a_token_that_is_too_long_is_refused(void **state)
{
    (void)state;
    char token[UD_TOKEN_SIZE_MAX + 2];
    save_t task = {.token = token};
    ud_port_t *board = make_board(4096, 8);
    memset(token, 'x', sizeof token - 1);
    token[sizeof token - 1] = '\0';
    assert_int_equal(ud_board_run(board, save, &task), UD_BOARD_RETURNED);
    assert_false(task.saved);
    assert_int_equal(read_back(board).err, UD_ERR_NOT_FOUND);
    ud_board_destroy(board);
}

static void a_flipped_bit_is_seen(void **state)
{
    (void)state;
    ud_port_t *board = make_board(4096, 8);
    save_token(board, "token-one");
    uint8_t zeros[8] = {0};
    ud_board_patch(board, UD_AREA_IDENTITY, 40, zeros, sizeof zeros);
    ud_board_patch(board, UD_AREA_IDENTITY, 4096 + 40, zeros, sizeof zeros);
    assert_int_equal(read_back(board).err, UD_ERR_NOT_FOUND);
    ud_board_destroy(board);
}

/* A power cut before, inside and after every operation of a save: the identity stays, with the old token or the new. */
static void no_power_cut_loses_the_identity(void **state)
{
    (void)state;
    static const ud_cut_t cuts[] = {UD_CUT_BEFORE, UD_CUT_INSIDE, UD_CUT_AFTER};
    static const ud_word_fault_t faults[] = {UD_WORD_MIXED, UD_WORD_OLD_FIRST, UD_WORD_NEW_FIRST, UD_WORD_UNSTABLE,
                                             UD_WORD_UNREADABLE};
    uint32_t tried = 0;
    ud_port_t *origin = make_board(4096, 8);
    save_token(origin, "token-one");
    found_t before = read_back(origin);
    for (uint32_t operation = 1; operation < OPERATIONS_MAX; operation++) {
        ud_board_end_t end = UD_BOARD_RETURNED;
        for (size_t i = 0; i < 15; i++) {
            ud_port_t *board = ud_board_clone(origin);
            ud_board_fuse_t fuse = {operation, cuts[i % 3], operation % 3, false, faults[i / 3]};
            save_t task = {.token = "token-two"};
            ud_board_fuse_set(board, &fuse);
            end = ud_board_run(board, save, &task);
            ud_board_fuse_set(board, &(ud_board_fuse_t){0});
            found_t after = read_back(board);
            assert_int_equal(after.err, UD_OK);
            assert_memory_equal(&after.secrets, &before.secrets, sizeof before.secrets);
            assert_true(strcmp(after.token, "token-one") == 0 || strcmp(after.token, "token-two") == 0);
            save_token(board, "token-three");
            assert_string_equal(read_back(board).token, "token-three");
            ud_board_destroy(board);
            tried++;
        }
        if (end == UD_BOARD_RETURNED) {
            break;
        }
    }
    assert_true(tried > 60);
    ud_board_destroy(origin);
}

/* The save before was cut in its second copy: the one whole copy may not be the first that the next save erases. */
static void a_cut_in_each_of_two_saves_does_not_lose_the_identity(void **state)
{
    (void)state;
    for (uint32_t first = 1; first < 8; first++) {
        for (uint32_t second = 1; second < 8; second++) {
            ud_port_t *board = make_board(4096, 8);
            save_token(board, "token-one");
            const uint32_t operations[] = {first, second};
            for (size_t i = 0; i < 2; i++) {
                ud_board_fuse_t fuse = {operations[i], UD_CUT_INSIDE, 0, false, UD_WORD_UNREADABLE};
                save_t task = {.token = "token-two"};
                ud_board_fuse_set(board, &fuse);
                (void)ud_board_run(board, save, &task);
                ud_board_fuse_set(board, &(ud_board_fuse_t){0});
            }
            assert_int_equal(read_back(board).err, UD_OK);
            ud_board_destroy(board);
        }
    }
}

/* Reads as often as it takes for a word that is read differently each time to show every face. */
#define LOOKS 300

/* The word at `offset` of copy 0 reads differently each time; what is found must be as it was. */
static void look_often(uint32_t offset)
{
    ud_port_t *board = make_board(4096, 4);
    save_token(board, "first");
    found_t before = read_back(board);
    ud_board_fault_words(board, UD_AREA_IDENTITY, offset, 4, UD_WORD_UNSTABLE);
    for (int looks = 0; looks < LOOKS; looks++) {
        found_t after = {.err = UD_ERR_INTERNAL};
        assert_int_equal(ud_identity_open(&after.identity, board), UD_OK);
        assert_int_equal(after.identity.generation, before.identity.generation);
        assert_int_equal(ud_identity_secrets(&after.identity, board, &after.secrets), UD_OK);
        assert_memory_equal(&after.secrets, &before.secrets, sizeof before.secrets);
    }
    ud_board_destroy(board);
}

static void a_generation_that_reads_differently_each_time_is_never_believed(void **state)
{
    (void)state;
    look_often(4);
}

static void a_secret_that_reads_differently_each_time_comes_from_the_other_copy(void **state)
{
    (void)state;
    look_often(28);
    look_often(56);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_flash_holds_no_identity),
        cmocka_unit_test(a_new_token_keeps_nonce_and_secret),
        cmocka_unit_test(the_longest_token_fits_every_geometry),
        cmocka_unit_test(one_lost_copy_costs_nothing),
        cmocka_unit_test(a_copy_that_takes_nothing_is_no_failure),
        cmocka_unit_test(a_save_that_no_copy_takes_fails),
        cmocka_unit_test(a_token_that_is_too_long_is_refused),
        cmocka_unit_test(a_flipped_bit_is_seen),
        cmocka_unit_test(no_power_cut_loses_the_identity),
        cmocka_unit_test(a_cut_in_each_of_two_saves_does_not_lose_the_identity),
        cmocka_unit_test(a_generation_that_reads_differently_each_time_is_never_believed),
        cmocka_unit_test(a_secret_that_reads_differently_each_time_comes_from_the_other_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
