/* Writing into the spare slot, with sectors smaller than chunks and larger ones. */
#include "agent/spare.h"

#include "core/slot/slot.h"
#include "include/updraft/config.h"
#include "ports/posix/board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define CHUNK 1024
#define STEPS_MAX 1000

typedef struct {
    ud_port_t *board;
    ud_spare_t spare;
    uint32_t base;
    uint8_t data[16384];
    uint32_t erases;
    uint32_t programs;
    uint32_t operations_in_step; /* most of them */
    uint32_t operations;
} fixture_t;

static fixture_t fixture;
static uint8_t erased_value = 0xFF;

static void watch(void *context, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    (void)context;
    (void)offset;
    assert_int_equal(area, UD_AREA_SLOT_B);
    assert_true(data == NULL || size <= UD_AGENT_PAGE_SIZE);
    fixture.operations++;
    fixture.erases += data == NULL ? 1 : 0;
    fixture.programs += data == NULL ? 0 : 1;
}

static void make(uint32_t sector_size, uint16_t write_size)
{
    ud_board_config_t config;
    ud_board_config_default(&config);
    config.areas[UD_AREA_SLOT_A] = (ud_area_geometry_t){32768, sector_size, write_size, erased_value};
    config.areas[UD_AREA_SLOT_B] = (ud_area_geometry_t){65536, sector_size, write_size, erased_value};
    config.seed = 3;
    memset(&fixture, 0, sizeof fixture);
    assert_int_equal(ud_board_create(&config, &fixture.board), UD_OK);
    for (size_t i = 0; i < sizeof fixture.data; i++) {
        fixture.data[i] = (uint8_t)(i * 7 + i / 256);
    }
    fixture.base = ud_slot_staging_offset(&ud_slot_swap, fixture.board);
    ud_board_watch_set(fixture.board, watch, NULL);
    ud_spare_begin(&fixture.spare, UD_AREA_SLOT_B, fixture.base, 0, 0);
}

static int teardown(void **state)
{
    (void)state;
    ud_board_destroy(fixture.board);
    return 0;
}

typedef struct {
    uint32_t offset;
    uint32_t size;
    ud_spare_progress_t progress;
    ud_err_t err;
} write_t;

static void write_chunk(ud_port_t *board, void *arg)
{
    write_t *write = arg;
    write->progress = UD_SPARE_MORE;
    write->err = UD_OK;
    for (int i = 0; i < STEPS_MAX && write->progress == UD_SPARE_MORE && write->err == UD_OK; i++) {
        fixture.operations = 0;
        write->err = ud_spare_step(&fixture.spare, board, write->offset, fixture.data + write->offset, write->size,
                                   &write->progress);
        fixture.operations_in_step =
            fixture.operations > fixture.operations_in_step ? fixture.operations : fixture.operations_in_step;
    }
}

static write_t put(uint32_t offset, uint32_t size)
{
    write_t write = {.offset = offset, .size = size};
    assert_int_equal(ud_board_run(fixture.board, write_chunk, &write), UD_BOARD_RETURNED);
    return write;
}

/* Writes `size` bytes from the start in chunks; all must succeed. */
static void put_all(uint32_t size)
{
    for (uint32_t offset = 0; offset < size; offset += CHUNK) {
        write_t write = put(offset, size - offset < CHUNK ? size - offset : CHUNK);
        assert_int_equal(write.err, UD_OK);
        assert_int_equal(write.progress, UD_SPARE_DONE);
    }
}

static void assert_holds(uint32_t size)
{
    uint8_t found[sizeof fixture.data];
    ud_board_peek(fixture.board, UD_AREA_SLOT_B, fixture.base, found, size);
    assert_memory_equal(found, fixture.data, size);
    assert_int_equal(ud_board_refused_programs(fixture.board), 0);
}

static void a_blank_slot_is_not_erased(void **state)
{
    (void)state;
    make(512, 4);
    put_all(5000);
    assert_holds(5000);
    assert_int_equal(fixture.erases, 0);
}

static void a_step_does_one_operation_at_most(void **state)
{
    static uint8_t old[32768];
    (void)state;
    make(512, 4);
    memset(old, 0x11, sizeof old);
    ud_board_load(fixture.board, UD_AREA_SLOT_B, 0, old, sizeof old);
    put_all(8000);
    assert_holds(8000);
    assert_int_equal(fixture.operations_in_step, 1);
    assert_int_equal(fixture.erases, (8000 + 511) / 512);
}

static void every_word_size_takes_an_odd_end(void **state)
{
    static const uint16_t sizes[] = {1, 2, 4, 8, 16, 32};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        make(4096, sizes[i]);
        put_all(4999);
        assert_holds(4999);
        ud_board_destroy(fixture.board);
    }
    make(512, 1);
}

static void a_sector_that_holds_the_chunk_already_is_kept(void **state)
{
    (void)state;
    make(512, 8);
    ud_board_load(fixture.board, UD_AREA_SLOT_B, fixture.base, fixture.data, 4096);
    put_all(4096);
    assert_int_equal(fixture.erases + fixture.programs, 0);
    assert_holds(4096);
}

static void a_sector_larger_than_the_chunk_is_kept_only_if_its_rest_is_blank(void **state)
{
    (void)state;
    make(4096, 8);
    ud_board_load(fixture.board, UD_AREA_SLOT_B, fixture.base, fixture.data, CHUNK);
    put_all(4096);
    assert_int_equal(fixture.erases, 0);
    assert_int_equal(fixture.programs, (4096 - CHUNK) / UD_AGENT_PAGE_SIZE);
    assert_holds(4096);
}

static void behind_a_resume_even_true_words_are_written_again(void **state)
{
    (void)state;
    make(512, 8);
    ud_board_load(fixture.board, UD_AREA_SLOT_B, fixture.base, fixture.data, 12288);
    ud_spare_begin(&fixture.spare, UD_AREA_SLOT_B, fixture.base, 4096, 4096);
    for (uint32_t offset = 4096; offset < 12288; offset += CHUNK) {
        assert_int_equal(put(offset, CHUNK).progress, UD_SPARE_DONE);
    }
    assert_int_equal(fixture.erases, 4096 / 512);
    assert_int_equal(fixture.programs, 4096 / UD_AGENT_PAGE_SIZE);
    assert_holds(12288);
}

static void a_word_that_goes_bad_in_the_chunk_costs_its_sector(void **state)
{
    (void)state;
    make(512, 4);
    fixture.data[600] = 0; /* the byte there is programmed by a stranger */
    put_all(CHUNK);
    uint8_t bad[4] = {0xFE, 0xFF, 0xFF, 0xFF};
    ud_board_load(fixture.board, UD_AREA_SLOT_B, 0, NULL, 0);
    ud_spare_begin(&fixture.spare, UD_AREA_SLOT_B, fixture.base, 0, 0);
    fixture.spare.judged_end = CHUNK; /* both sectors were fit when they were judged */
    ud_board_patch(fixture.board, UD_AREA_SLOT_B, fixture.base + 512 + 300, bad, sizeof bad);
    fixture.erases = 0;
    assert_int_equal(put(0, CHUNK).progress, UD_SPARE_DONE);
    assert_int_equal(fixture.erases, 1);
    assert_holds(CHUNK);
}

static void a_word_that_goes_bad_in_a_sector_begun_before_asks_for_its_data_again(void **state)
{
    (void)state;
    make(4096, 8);
    put_all(2 * CHUNK);
    uint8_t bad[8] = {0x5A};
    ud_board_patch(fixture.board, UD_AREA_SLOT_B, fixture.base + 2 * CHUNK + 64, bad, sizeof bad);
    assert_int_equal(put(2 * CHUNK, CHUNK).progress, UD_SPARE_AGAIN);
    assert_int_equal(fixture.erases, 1);
    put_all(4 * CHUNK);
    assert_holds(4 * CHUNK);
}

static void an_unreadable_word_is_erased(void **state)
{
    (void)state;
    make(512, 4);
    ud_board_fault_words(fixture.board, UD_AREA_SLOT_B, fixture.base + 700, 4, UD_WORD_UNREADABLE);
    put_all(CHUNK);
    assert_int_equal(fixture.erases, 1);
    assert_holds(CHUNK);
}

static void a_sector_that_refuses_writes_is_given_up(void **state)
{
    (void)state;
    make(512, 4);
    ud_board_refuse_writes(fixture.board, UD_AREA_SLOT_B, fixture.base + 512, 512, true);
    write_t write = put(0, CHUNK);
    assert_true(write.err == UD_ERR_FLASH_WRITE || write.err == UD_ERR_FLASH_ERASE);
    assert_true(fixture.erases <= UD_AGENT_SECTOR_RETRIES);
}

/* Spoils a word of each sector behind the step that judges it, so that each has to be erased once. */
static void write_and_spoil(ud_port_t *board, void *arg)
{
    write_t *write = arg;
    uint8_t bad[4] = {0x5A, 0x5A, 0x5A, 0x5A};
    uint32_t judged = 0;
    write->progress = UD_SPARE_MORE;
    write->err = UD_OK;
    for (int i = 0; i < STEPS_MAX && write->progress == UD_SPARE_MORE && write->err == UD_OK; i++) {
        write->err = ud_spare_step(&fixture.spare, board, 0, fixture.data, write->size, &write->progress);
        if (fixture.spare.judged_end > judged) {
            ud_board_patch(board, UD_AREA_SLOT_B, fixture.base + judged + 100, bad, sizeof bad);
            judged = fixture.spare.judged_end;
        }
    }
}

static void each_sector_has_retries_of_its_own(void **state)
{
    (void)state;
    make(512, 4);
    write_t write = {.size = (UD_AGENT_SECTOR_RETRIES + 2) * 512};
    assert_int_equal(ud_board_run(fixture.board, write_and_spoil, &write), UD_BOARD_RETURNED);
    assert_int_equal(write.err, UD_OK);
    assert_int_equal(write.progress, UD_SPARE_DONE);
    assert_int_equal(fixture.erases, UD_AGENT_SECTOR_RETRIES + 2);
    assert_holds(write.size);
}

static void finish(ud_port_t *board, void *arg)
{
    ud_err_t *err = arg;
    do {
        *err = ud_spare_finish(&fixture.spare, board, 5000);
    } while (*err == UD_ERR_WOULD_BLOCK);
}

static void what_is_behind_the_image_in_its_unit_becomes_readable(void **state)
{
    (void)state;
    ud_err_t err = UD_ERR_INTERNAL;
    make(512, 4);
    put_all(5000);
    ud_board_fault_words(fixture.board, UD_AREA_SLOT_B, fixture.base + 6000, 4, UD_WORD_UNREADABLE);
    ud_board_fault_words(fixture.board, UD_AREA_SLOT_B, fixture.base + 8188, 4, UD_WORD_UNREADABLE);
    ud_board_fault_words(fixture.board, UD_AREA_SLOT_B, fixture.base + 8192, 4, UD_WORD_UNREADABLE);
    assert_int_equal(ud_board_run(fixture.board, finish, &err), UD_BOARD_RETURNED);
    assert_int_equal(err, UD_OK);
    assert_int_equal(fixture.erases, 2); /* the third word lies in the next unit, which is nobody's matter */
    assert_holds(5000);
}

#define TORN_DOWN(test) cmocka_unit_test_teardown(test, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TORN_DOWN(a_blank_slot_is_not_erased),
        TORN_DOWN(a_step_does_one_operation_at_most),
        TORN_DOWN(every_word_size_takes_an_odd_end),
        TORN_DOWN(a_sector_that_holds_the_chunk_already_is_kept),
        TORN_DOWN(a_sector_larger_than_the_chunk_is_kept_only_if_its_rest_is_blank),
        TORN_DOWN(behind_a_resume_even_true_words_are_written_again),
        TORN_DOWN(a_word_that_goes_bad_in_the_chunk_costs_its_sector),
        TORN_DOWN(a_word_that_goes_bad_in_a_sector_begun_before_asks_for_its_data_again),
        TORN_DOWN(an_unreadable_word_is_erased),
        TORN_DOWN(a_sector_that_refuses_writes_is_given_up),
        TORN_DOWN(each_sector_has_retries_of_its_own),
        TORN_DOWN(what_is_behind_the_image_in_its_unit_becomes_readable),
    };
    int failed = cmocka_run_group_tests_name("erased to 0xFF", tests, NULL, NULL);
    erased_value = 0x00;
    return failed + cmocka_run_group_tests_name("erased to 0x00", tests, NULL, NULL);
}
