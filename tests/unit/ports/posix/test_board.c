#include "ports/posix/board.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static ud_port_t *make_board(void)
{
    ud_board_config_t config;
    ud_port_t *board = NULL;
    ud_board_config_default(&config);
    config.seed = 1;
    assert_int_equal(ud_board_create(&config, &board), UD_OK);
    return board;
}

static uint8_t byte_at(ud_port_t *board, uint32_t offset)
{
    uint8_t byte = 0;
    assert_int_equal(ud_port_flash_read(board, UD_AREA_SLOT_A, offset, &byte, 1), UD_OK);
    return byte;
}

static const uint8_t words[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

/* ---- rules ----------------------------------------------------------------------------------------------------------- */

static void flash_begins_erased_and_keeps_what_is_programmed(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    assert_int_equal(byte_at(board, 100), 0xFF);
    assert_int_equal(ud_port_flash_program(board, UD_AREA_SLOT_A, 8, words, sizeof words), UD_OK);
    assert_int_equal(byte_at(board, 7), 0xFF);
    assert_int_equal(byte_at(board, 8), 1);
    assert_int_equal(byte_at(board, 23), 16);
    assert_int_equal(ud_port_flash_erase(board, UD_AREA_SLOT_A, 0), UD_OK);
    assert_int_equal(byte_at(board, 8), 0xFF);
    assert_int_equal(ud_board_erase_count(board, UD_AREA_SLOT_A, 0), 1);
    ud_board_destroy(board);
}

static void a_word_is_programmed_once_between_erases(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    assert_int_equal(ud_port_flash_program(board, UD_AREA_SLOT_A, 0, words, 8), UD_OK);
    assert_int_equal(ud_port_flash_program(board, UD_AREA_SLOT_A, 0, words, 8), UD_ERR_FLASH_WRITE);
    assert_int_equal(ud_board_refused_programs(board), 1);
    assert_int_equal(byte_at(board, 0), 1);
    ud_board_destroy(board);
}

static void flash_may_be_erased_to_zeros(void **state)
{
    (void)state;
    ud_board_config_t config;
    ud_port_t *board = NULL;
    ud_board_config_default(&config);
    config.areas[UD_AREA_SLOT_A].erased_value = 0x00;
    assert_int_equal(ud_board_create(&config, &board), UD_OK);
    assert_int_equal(byte_at(board, 100), 0x00);
    assert_int_equal(ud_port_flash_program(board, UD_AREA_SLOT_A, 8, words, 8), UD_OK);
    assert_int_equal(ud_port_flash_program(board, UD_AREA_SLOT_A, 8, words, 8), UD_ERR_FLASH_WRITE);
    assert_int_equal(byte_at(board, 16), 0x00);
    assert_int_equal(ud_port_flash_program(board, UD_AREA_SLOT_A, 16, words, 8), UD_OK);
    assert_int_equal(ud_port_flash_erase(board, UD_AREA_SLOT_A, 0), UD_OK);
    assert_int_equal(byte_at(board, 8), 0x00);
    uint8_t other = 0;
    assert_int_equal(ud_port_flash_read(board, UD_AREA_SLOT_B, 0, &other, 1), UD_OK);
    assert_int_equal(other, 0xFF);
    ud_board_destroy(board);

    config.areas[UD_AREA_SLOT_A].erased_value = 0x5A;
    assert_int_equal(ud_board_create(&config, &board), UD_ERR_INVALID_ARGUMENT);
}

static void parts_of_words_and_places_outside_are_refused(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    uint32_t size = ud_port_area(board, UD_AREA_SLOT_A)->size_bytes;
    uint8_t data[8];
    assert_int_equal(ud_port_flash_program(board, UD_AREA_SLOT_A, 4, words, 8), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_port_flash_program(board, UD_AREA_SLOT_A, 0, words, 4), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_port_flash_program(board, UD_AREA_SLOT_A, size - 8, words, 16), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_port_flash_erase(board, UD_AREA_SLOT_A, 8), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_port_flash_erase(board, UD_AREA_SLOT_A, size), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_port_flash_read(board, UD_AREA_SLOT_A, size - 4, data, 8), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_port_flash_read(board, UD_AREA_SLOT_A, UINT32_MAX, data, 8), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(ud_board_operations(board), 0);
    ud_board_destroy(board);
}

/* ---- power ------------------------------------------------------------------------------------------------------------ */

static void program_two_words(ud_port_t *board, void *arg)
{
    *(ud_err_t *)arg = ud_port_flash_program(board, UD_AREA_SLOT_A, 0, words, sizeof words);
}

static ud_board_end_t cut(ud_port_t *board, ud_board_fuse_t fuse)
{
    ud_err_t err = UD_ERR_INTERNAL;
    ud_board_fuse_set(board, &fuse);
    return ud_board_run(board, program_two_words, &err);
}

static void a_cut_before_leaves_the_old_and_after_the_new(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    assert_int_equal(cut(board, (ud_board_fuse_t){.operation = 1, .cut = UD_CUT_BEFORE}), UD_BOARD_POWER_CUT);
    assert_int_equal(byte_at(board, 0), 0xFF);
    assert_int_equal(cut(board, (ud_board_fuse_t){.operation = 1, .cut = UD_CUT_AFTER}), UD_BOARD_POWER_CUT);
    assert_int_equal(byte_at(board, 15), 16);
    assert_int_equal(ud_port_reset_cause(board), UD_RESET_POWER_ON);
    ud_board_destroy(board);
}

static void a_cut_inside_tears_one_word(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    ud_board_fuse_t fuse = {.operation = 1, .cut = UD_CUT_INSIDE, .words_done = 1, .fault = UD_WORD_UNREADABLE};
    uint8_t data[16];
    assert_int_equal(cut(board, fuse), UD_BOARD_POWER_CUT);
    assert_int_equal(ud_port_flash_read(board, UD_AREA_SLOT_A, 0, data, 8), UD_OK);
    assert_memory_equal(data, words, 8);
    assert_int_equal(ud_port_flash_read(board, UD_AREA_SLOT_A, 0, data, 16), UD_ERR_FLASH_READ);
    assert_int_equal(ud_port_flash_program(board, UD_AREA_SLOT_A, 8, words, 8), UD_ERR_FLASH_WRITE);
    assert_int_equal(ud_port_flash_erase(board, UD_AREA_SLOT_A, 0), UD_OK);
    assert_int_equal(ud_port_flash_read(board, UD_AREA_SLOT_A, 0, data, 16), UD_OK);
    ud_board_destroy(board);
}

static void do_nothing(ud_port_t *board, void *arg)
{
    (void)arg;
    ud_port_reset(board);
}

static void a_weak_word_changes_its_mind_at_the_second_power_up(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    ud_board_fuse_t fuse = {.operation = 1, .cut = UD_CUT_INSIDE, .fault = UD_WORD_NEW_FIRST};
    assert_int_equal(cut(board, fuse), UD_BOARD_POWER_CUT);
    assert_int_equal(byte_at(board, 0), 1);
    assert_int_equal(ud_board_run(board, do_nothing, NULL), UD_BOARD_RESET);
    assert_int_equal(ud_port_reset_cause(board), UD_RESET_ORDERLY);
    assert_int_equal(byte_at(board, 0), 0xFF);
    ud_board_destroy(board);
}

static void erase_first(ud_port_t *board, void *arg)
{
    *(ud_err_t *)arg = ud_port_flash_erase(board, UD_AREA_SLOT_A, 0);
}

static void a_cut_erase_leaves_part_of_the_sector(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    uint8_t content[4096];
    ud_err_t err = UD_OK;
    memset(content, 0x11, sizeof content);
    ud_board_load(board, UD_AREA_SLOT_A, 0, content, sizeof content);
    ud_board_fuse_set(board, &(ud_board_fuse_t){.operation = 1, .cut = UD_CUT_INSIDE, .words_done = 256});
    assert_int_equal(ud_board_run(board, erase_first, &err), UD_BOARD_POWER_CUT);
    assert_int_equal(byte_at(board, 2047), 0xFF);
    assert_int_equal(byte_at(board, 4095), 0x11);
    ud_board_destroy(board);
}

/* ---- sharing ---------------------------------------------------------------------------------------------------------- */

static void clones_share_until_one_writes(void **state)
{
    (void)state;
    ud_port_t *board = make_board();
    assert_int_equal(ud_port_flash_program(board, UD_AREA_SLOT_A, 0, words, 16), UD_OK);
    ud_port_t *other = ud_board_clone(board);
    assert_int_equal(ud_board_state_hash(board), ud_board_state_hash(other));
    assert_int_equal(ud_port_flash_erase(other, UD_AREA_SLOT_A, 0), UD_OK);
    assert_int_equal(byte_at(board, 0), 1);
    assert_int_equal(byte_at(other, 0), 0xFF);
    ud_board_destroy(other);
    assert_int_equal(byte_at(board, 0), 1);
    /* the clone shared this board's own pool */
    ud_board_destroy(board);
}

static void a_thousand_boards_with_one_firmware_store_it_once(void **state)
{
    (void)state;
    enum { COUNT = 1000, FIRMWARE = 128 * 1024 };
    static uint8_t firmware[FIRMWARE];
    static ud_port_t *boards[COUNT];
    ud_board_config_t config;
    ud_board_config_default(&config);
    config.pool = ud_flash_pool_create();
    for (size_t index = 0; index < FIRMWARE; index++) {
        firmware[index] = (uint8_t)(index * 31 + index / 256);
    }
    size_t own = 0;
    for (uint32_t index = 0; index < COUNT; index++) {
        assert_int_equal(ud_board_create(&config, &boards[index]), UD_OK);
        ud_board_load(boards[index], UD_AREA_SLOT_A, 0, firmware, FIRMWARE);
        ud_board_patch(boards[index], UD_AREA_JOURNAL, 0, &index, sizeof index);
        own += ud_board_size_bytes(boards[index]);
    }
    size_t pool = ud_flash_pool_size_bytes(config.pool);
    print_message("%d boards with %d KB of firmware: %zu bytes each, %zu in the pool\n", COUNT, FIRMWARE / 1024,
                  own / COUNT, pool);
    assert_true(pool < FIRMWARE + COUNT * 128 + 65536);
    assert_true(own / COUNT < 4096);
    for (uint32_t index = 0; index < COUNT; index++) {
        ud_board_destroy(boards[index]);
    }
    ud_flash_pool_destroy(config.pool);
}

static void a_flash_file_outlives_its_board(void **state)
{
    (void)state;
    char path[] = "/tmp/updraft-flash-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    (void)close(file);
    ud_board_config_t config;
    ud_port_t *board = NULL;
    ud_board_config_default(&config);
    config.flash_path = path;
    assert_int_equal(ud_board_create(&config, &board), UD_OK);
    assert_int_equal(ud_port_flash_program(board, UD_AREA_SLOT_B, 4096, words, 16), UD_OK);
    ud_board_destroy(board);
    assert_int_equal(ud_board_create(&config, &board), UD_OK);
    uint8_t data[16];
    assert_int_equal(ud_port_flash_read(board, UD_AREA_SLOT_B, 4096, data, 16), UD_OK);
    assert_memory_equal(data, words, 16);
    assert_int_equal(byte_at(board, 0), 0xFF);
    ud_board_destroy(board);
    (void)unlink(path);
}

/* ---- network ---------------------------------------------------------------------------------------------------------- */

static void a_stream_carries_bytes_both_ways_without_blocking(void **state)
{
    (void)state;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    char server[32];
    (void)snprintf(server, sizeof server, "127.0.0.1:%u", ntohs(address.sin_port));
    ud_board_config_t config;
    ud_port_t *board = NULL;
    ud_board_config_default(&config);
    config.server = server;
    assert_int_equal(ud_board_create(&config, &board), UD_OK);
    assert_int_equal(ud_port_net_open(board, NULL), UD_OK);
    int peer = accept(listener, NULL, NULL);
    char data[8] = {0};
    size_t size = 0;
    assert_int_equal(ud_port_net_receive(board, data, sizeof data, &size), UD_ERR_WOULD_BLOCK);
    assert_int_equal(ud_port_net_send(board, "hello", 5, &size), UD_OK);
    assert_int_equal(read(peer, data, sizeof data), 5);
    assert_int_equal(write(peer, "ok", 2), 2);
    (void)close(peer);
    struct pollfd poller = {.fd = ud_board_net_fd(board), .events = POLLIN};
    assert_int_equal(poll(&poller, 1, 5000), 1);
    assert_int_equal(ud_port_net_receive(board, data, sizeof data, &size), UD_OK);
    assert_int_equal(size, 2);
    assert_int_equal(ud_port_net_receive(board, data, sizeof data, &size), UD_OK);
    assert_int_equal(size, 0);
    ud_board_net_drop(board);
    assert_int_equal(ud_port_net_send(board, "x", 1, &size), UD_ERR_NETWORK);
    (void)close(listener);
    ud_board_destroy(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flash_begins_erased_and_keeps_what_is_programmed),
        cmocka_unit_test(a_word_is_programmed_once_between_erases),
        cmocka_unit_test(flash_may_be_erased_to_zeros),
        cmocka_unit_test(parts_of_words_and_places_outside_are_refused),
        cmocka_unit_test(a_cut_before_leaves_the_old_and_after_the_new),
        cmocka_unit_test(a_cut_inside_tears_one_word),
        cmocka_unit_test(a_weak_word_changes_its_mind_at_the_second_power_up),
        cmocka_unit_test(a_cut_erase_leaves_part_of_the_sector),
        cmocka_unit_test(clones_share_until_one_writes),
        cmocka_unit_test(a_thousand_boards_with_one_firmware_store_it_once),
        cmocka_unit_test(a_flash_file_outlives_its_board),
        cmocka_unit_test(a_stream_carries_bytes_both_ways_without_blocking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
