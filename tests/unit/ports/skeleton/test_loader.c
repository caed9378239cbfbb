/* The loader of ports/skeleton against a sender that does what senders do, and what they should not. */
#include "ports/posix/board.h"
#include "ports/skeleton/loader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { SOH = 0x01, EOT = 0x04, ACK = 0x06, NAK = 0x15, CAN = 0x18 };

#define BLOCK_SIZE 128u
#define FILL 0x1A
#define NEVER UINT32_MAX

/* The other end of the line. */
typedef struct {
    uint8_t image[300 * BLOCK_SIZE];
    uint32_t blocks;    /* to send */
    uint32_t next;      /* that the receiver has not acknowledged */
    uint32_t damage;    /* the block that arrives damaged, once */
    uint32_t deaf_to;   /* the block whose acknowledgement is not heard, once */
    uint32_t skip;      /* the block that is left out */
    uint32_t stop;      /* the block before which the sender goes away */
    uint32_t cancelled; /* CAN received */
    uint32_t asked;     /* C received */
    bool done;          /* the end was acknowledged */
    uint8_t queue[256];
    size_t first;
    size_t count;
} sender_t;

static sender_t sender;

static void queue(uint8_t byte)
{
    sender.queue[(sender.first + sender.count++) % sizeof sender.queue] = byte;
}

/* The published check value of this CRC is 0x31C3 for "123456789". */
static uint16_t crc_of(const uint8_t *data, size_t size)
{
    uint16_t crc = 0;
    for (size_t bit = 0; bit < size * 8; bit++) {
        bool one = ((crc >> 15) ^ (data[bit / 8] >> (7 - bit % 8) & 1)) != 0;
        crc = (uint16_t)(one ? (crc << 1) ^ 0x1021 : crc << 1);
    }
    return crc;
}

static void send_next(void)
{
    if (sender.next == sender.stop) {
        return;
    }
    if (sender.next == sender.blocks) {
        queue(EOT);
        return;
    }
    if (sender.next == sender.skip) {
        sender.next++;
    }
    const uint8_t *data = sender.image + sender.next * BLOCK_SIZE;
    uint16_t crc = crc_of(data, BLOCK_SIZE);
    queue(SOH);
    queue((uint8_t)(sender.next + 1));
    queue((uint8_t)~(sender.next + 1));
    for (size_t index = 0; index < BLOCK_SIZE; index++) {
        queue(data[index] ^ (sender.next == sender.damage && index == 77));
    }
    queue((uint8_t)(crc >> 8));
    queue((uint8_t)crc);
    sender.damage = sender.next == sender.damage ? NEVER : sender.damage;
}

void ud_skeleton_uart_put(uint8_t byte)
{
    sender.asked += byte == 'C';
    sender.cancelled += byte == CAN;
    if (byte == ACK && sender.next == sender.blocks) {
        sender.done = true;
        return;
    }
    if (byte == ACK && sender.next == sender.deaf_to) {
        sender.deaf_to = NEVER; /* it sends the same block again */
    } else if (byte == ACK) {
        sender.next++;
    }
    if (byte == ACK || byte == NAK || (byte == 'C' && sender.next == 0)) {
        send_next();
    }
}

bool ud_skeleton_uart_get(uint8_t *byte, uint32_t wait_ms)
{
    assert_in_range(wait_ms, 1, 1000);
    if (sender.count == 0) {
        return false;
    }
    *byte = sender.queue[sender.first];
    sender.first = (sender.first + 1) % sizeof sender.queue;
    sender.count--;
    return true;
}

static ud_port_t *begin_in(uint32_t blocks, uint32_t slot_size)
{
    ud_board_config_t config;
    ud_port_t *board = NULL;
    sender = (sender_t){.blocks = blocks, .damage = NEVER, .deaf_to = NEVER, .skip = NEVER, .stop = NEVER};
    for (size_t index = 0; index < sizeof sender.image; index++) {
        sender.image[index] = (uint8_t)(index * 31 + index / 256);
    }
    ud_board_config_default(&config);
    config.areas[UD_AREA_SLOT_A].size_bytes = slot_size;
    config.areas[UD_AREA_SLOT_A].write_size_bytes = 32;
    assert_int_equal(ud_board_create(&config, &board), UD_OK);
    return board;
}

static ud_port_t *begin(uint32_t blocks)
{
    return begin_in(blocks, 40960);
}

static void assert_slot_holds_the_image(ud_port_t *board)
{
    uint8_t block[BLOCK_SIZE];
    for (uint32_t index = 0; index < sender.blocks; index++) {
        assert_int_equal(ud_port_flash_read(board, UD_AREA_SLOT_A, index * BLOCK_SIZE, block, BLOCK_SIZE), UD_OK);
        assert_memory_equal(block, sender.image + index * BLOCK_SIZE, BLOCK_SIZE);
    }
    assert_int_equal(ud_board_refused_programs(board), 0);
}

static void an_image_arrives_whole_with_block_numbers_that_wrap(void **state)
{
    (void)state;
    ud_port_t *board = begin(300);
    assert_true(ud_skeleton_load(board));
    assert_true(sender.done);
    assert_slot_holds_the_image(board);
    assert_int_equal(ud_board_erase_count(board, UD_AREA_SLOT_A, 0), 1);
    ud_board_destroy(board);
}

static void what_stood_in_the_slot_is_overwritten(void **state)
{
    (void)state;
    ud_port_t *board = begin(40);
    assert_true(ud_skeleton_load(board));
    memset(sender.image, FILL, sizeof sender.image);
    sender.next = 0;
    assert_true(ud_skeleton_load(board));
    assert_slot_holds_the_image(board);
    ud_board_destroy(board);
}

static void a_damaged_block_is_asked_for_again(void **state)
{
    (void)state;
    ud_port_t *board = begin(40);
    sender.damage = 33;
    assert_true(ud_skeleton_load(board));
    assert_int_equal(sender.damage, NEVER);
    assert_slot_holds_the_image(board);
    ud_board_destroy(board);
}

static void a_block_that_comes_twice_is_written_once(void **state)
{
    (void)state;
    ud_port_t *board = begin(40);
    sender.deaf_to = 32;
    assert_true(ud_skeleton_load(board));
    assert_int_equal(sender.deaf_to, NEVER);
    assert_slot_holds_the_image(board);
    assert_int_equal(ud_board_erase_count(board, UD_AREA_SLOT_A, 4096), 1);
    ud_board_destroy(board);
}

static void a_missing_block_ends_the_transfer(void **state)
{
    (void)state;
    ud_port_t *board = begin(40);
    sender.skip = 7;
    assert_false(ud_skeleton_load(board));
    assert_true(sender.cancelled >= 2);
    ud_board_destroy(board);
}

static void an_image_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    ud_port_t *board = begin_in(300, 36864);
    assert_false(ud_skeleton_load(board));
    assert_int_equal(sender.next, 36864 / BLOCK_SIZE);
    assert_true(sender.cancelled >= 2);
    ud_board_destroy(board);
}

static void flash_that_refuses_ends_the_transfer(void **state)
{
    (void)state;
    ud_port_t *board = begin(40);
    ud_board_refuse_writes(board, UD_AREA_SLOT_A, 4096, 4096, true);
    assert_false(ud_skeleton_load(board));
    assert_true(sender.cancelled >= 2);
    ud_board_destroy(board);
}

static void a_sender_that_went_away_may_begin_again(void **state)
{
    (void)state;
    ud_port_t *board = begin(40);
    sender.stop = 20;
    assert_false(ud_skeleton_load(board));
    assert_int_equal(sender.cancelled, 0);
    sender.stop = NEVER;
    sender.next = 0;
    assert_true(ud_skeleton_load(board));
    assert_slot_holds_the_image(board);
    ud_board_destroy(board);
}

static void silence_changes_nothing_and_ends(void **state)
{
    (void)state;
    ud_port_t *board = begin(40);
    sender.stop = 0;
    assert_false(ud_skeleton_load(board));
    assert_int_equal(sender.asked, 10);
    assert_int_equal(ud_board_operations(board), 0);
    ud_board_destroy(board);
}

static void the_end_before_any_block_is_no_image(void **state)
{
    (void)state;
    ud_port_t *board = begin(0);
    assert_false(ud_skeleton_load(board));
    assert_int_equal(ud_board_operations(board), 0);
    ud_board_destroy(board);
}

static void a_sender_that_cancels_is_let_go(void **state)
{
    (void)state;
    ud_port_t *board = begin(40);
    sender.stop = 0;
    queue(CAN);
    assert_false(ud_skeleton_load(board));
    assert_int_equal(sender.asked, 1);
    ud_board_destroy(board);
}

static void junk_on_the_line_is_passed_over(void **state)
{
    (void)state;
    ud_port_t *board = begin(40);
    for (int index = 0; index < 100; index++) {
        queue((uint8_t)(0x80 + index));
    }
    sender.stop = 0;
    assert_false(ud_skeleton_load(board));
    assert_int_equal(sender.count, 0);
    sender.stop = NEVER;
    assert_true(ud_skeleton_load(board));
    assert_slot_holds_the_image(board);
    ud_board_destroy(board);
}

static void the_test_s_own_crc_is_the_published_one(void **state)
{
    (void)state;
    assert_int_equal(crc_of((const uint8_t *)"123456789", 9), 0x31C3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_test_s_own_crc_is_the_published_one),
        cmocka_unit_test(an_image_arrives_whole_with_block_numbers_that_wrap),
        cmocka_unit_test(what_stood_in_the_slot_is_overwritten),
        cmocka_unit_test(a_damaged_block_is_asked_for_again),
        cmocka_unit_test(a_block_that_comes_twice_is_written_once),
        cmocka_unit_test(a_missing_block_ends_the_transfer),
        cmocka_unit_test(an_image_that_does_not_fit_is_refused),
        cmocka_unit_test(flash_that_refuses_ends_the_transfer),
        cmocka_unit_test(a_sender_that_went_away_may_begin_again),
        cmocka_unit_test(silence_changes_nothing_and_ends),
        cmocka_unit_test(the_end_before_any_block_is_no_image),
        cmocka_unit_test(a_sender_that_cancels_is_let_go),
        cmocka_unit_test(junk_on_the_line_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
