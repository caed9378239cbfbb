#include "core/slot/trailer.h"
#include "tests/unit/core/slot/mcuboot_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The product's; these tests name their own. */
const ud_mcuboot_t ud_mcuboot = {.swap = &ud_mcuboot_scratch, .max_align = 8, .sectors_max = 128};

static const ud_mcuboot_swap_t *const swaps[] = {&ud_mcuboot_scratch, &ud_mcuboot_move, &ud_mcuboot_offset};
static const uint8_t aligns[] = {8, 16, 32};
static const uint16_t write_sizes[] = {1, 2, 4, 8, 16, 32};

static const struct {
    uint32_t sector, sectors;
} geometries[] = {{512, 64}, {2048, 16}, {4096, 12}, {8192, 6}, {65536, 3}, {131072, 3}};

/* One case of the product of all of the above. */
typedef struct {
    ud_mcuboot_t mcuboot;
    ud_port_t *board;
    const model_layout_t *layout;
    uint32_t size, sector;
} case_t;

static void open_case(case_t *test, const ud_mcuboot_swap_t *swap, uint8_t align, uint16_t write_size, size_t geometry)
{
    ud_board_config_t config;
    ud_board_config_default(&config);
    *test = (case_t){.mcuboot = {swap, align, 128, 0},
                     .layout = model_layout(align),
                     .sector = geometries[geometry].sector,
                     .size = geometries[geometry].sector * geometries[geometry].sectors};
    ud_area_geometry_t slot = {test->size, test->sector, write_size, 0xFF};
    config.areas[UD_AREA_SLOT_A] = slot;
    config.areas[UD_AREA_SLOT_B] = slot;
    config.seed = 1;
    assert_int_equal(ud_board_create(&config, &test->board), UD_OK);
}

/* Runs `body` for every algorithm, alignment, write size and geometry. */
static void each_case(void (*body)(case_t *test))
{
    size_t count = 0;
    for (size_t swap = 0; swap < 3; swap++) {
        for (size_t align = 0; align < 3; align++) {
            for (size_t write = 0; write < 6 && write_sizes[write] <= aligns[align]; write++) {
                for (size_t geometry = 0; geometry < 6; geometry++) {
                    case_t test;
                    open_case(&test, swaps[swap], aligns[align], write_sizes[write], geometry);
                    body(&test);
                    ud_board_destroy(test.board);
                    count++;
                }
            }
        }
    }
    assert_int_equal(count, 3 * (4 + 5 + 6) * 6);
}

static void fill(case_t *test, ud_area_t area, uint8_t byte)
{
    uint8_t *content = malloc(test->size);
    assert_non_null(content);
    memset(content, byte, test->size);
    ud_board_load(test->board, area, 0, content, test->size);
    free(content);
}

/* What the slot should hold: `body` below the sectors of the trailer, then erased. */
static uint8_t *expect(const case_t *test, uint8_t body, uint32_t trailer_size)
{
    uint8_t *content = malloc(test->size);
    assert_non_null(content);
    memset(content, 0xFF, test->size);
    memset(content, body, (test->size - trailer_size) / test->sector * test->sector);
    return content;
}

static void put(const case_t *test, uint8_t *content, uint32_t from_end, uint8_t value)
{
    content[test->size - from_end] = value;
}

static void check(const case_t *test, ud_area_t area, uint8_t *wanted)
{
    uint8_t *found = malloc(test->size);
    assert_non_null(found);
    ud_board_peek(test->board, area, 0, found, test->size);
    assert_memory_equal(found, wanted, test->size);
    free(found);
    free(wanted);
}

static void request(case_t *test)
{
    assert_int_equal(ud_trailer_prepare(&test->mcuboot, test->board, false), UD_OK);
    assert_int_equal(ud_trailer_request(&test->mcuboot, test->board), UD_OK);
}

/* ---- bytes -------------------------------------------------------------------------------------------------------- */

/* The document's figures: records, then the fields down from the magic. */
static void the_trailer_has_the_documented_size(void **state)
{
    static const struct {
        int swap;
        uint8_t align;
        uint16_t write_size, sectors_max, key_size;
        uint32_t size;
    } sizes[] = {
        {0, 8, 1, 128, 0, 384 + 4 * 8 + 16},          {0, 8, 4, 128, 0, 1536 + 4 * 8 + 16},
        {1, 8, 8, 128, 0, 3072 + 4 * 8 + 16},         {2, 8, 8, 128, 0, 2048 + 5 * 8 + 16},
        {0, 16, 16, 128, 0, 6144 + 4 * 16 + 16},      {2, 32, 32, 128, 0, 8192 + 5 * 32 + 32},
        {1, 32, 32, 512, 0, 49152 + 4 * 32 + 32},     {0, 8, 8, 128, 16, 3072 + 4 * 8 + 32 + 16},
        {2, 32, 8, 128, 16, 2048 + 5 * 32 + 64 + 32}, {1, 8, 8, 64, 113, 1536 + 4 * 8 + 240 + 16},
    };
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        case_t test;
        open_case(&test, swaps[sizes[i].swap], sizes[i].align, sizes[i].write_size, 5);
        test.mcuboot.sectors_max = sizes[i].sectors_max;
        test.mcuboot.key_size = sizes[i].key_size;
        assert_int_equal(ud_trailer_size(&test.mcuboot, test.board), sizes[i].size);
        ud_board_destroy(test.board);
    }
}

static void check_request(case_t *test)
{
    const model_layout_t *layout = test->layout;
    fill(test, UD_AREA_SLOT_B, 0x5A);
    fill(test, UD_AREA_SLOT_A, 0xA5);
    request(test);
    uint8_t *wanted = expect(test, 0x5A, ud_trailer_size(&test->mcuboot, test->board));
    memcpy(wanted + test->size - layout->magic, layout->magic_bytes, 16);
    put(test, wanted, layout->swap_info, 2);
    if (test->mcuboot.swap == &ud_mcuboot_offset) {
        memset(wanted, 0xFF, test->sector);
    }
    check(test, UD_AREA_SLOT_B, wanted);
    check(test, UD_AREA_SLOT_A, memset(malloc(test->size), 0xA5, test->size));
    assert_int_equal(ud_board_refused_programs(test->board), 0);
}

static void a_request_writes_the_documented_bytes_and_no_others(void **state)
{
    (void)state;
    each_case(check_request);
}

static void check_blank_request(case_t *test)
{
    request(test);
    for (uint32_t at = 0; at < test->size; at += test->sector) {
        assert_int_equal(ud_board_erase_count(test->board, UD_AREA_SLOT_B, at), 0);
    }
    assert_int_equal(ud_board_operations(test->board), 2);
    assert_int_equal(model_type(&test->mcuboot, test->board), MODEL_TEST);
}

static void a_blank_trailer_takes_two_programs_and_no_erase(void **state)
{
    (void)state;
    each_case(check_blank_request);
}

static void check_confirm(case_t *test)
{
    model_poke_magic(test->board, UD_AREA_SLOT_A, test->mcuboot.max_align);
    model_poke(test->board, UD_AREA_SLOT_A, test->layout->copy_done, 1);
    model_poke(test->board, UD_AREA_SLOT_A, test->layout->swap_info, 2);
    assert_int_equal(model_type(&test->mcuboot, test->board), MODEL_REVERT);
    uint8_t *wanted = malloc(test->size);
    ud_board_peek(test->board, UD_AREA_SLOT_A, 0, wanted, test->size);
    put(test, wanted, test->layout->image_ok, 1);
    assert_int_equal(ud_trailer_confirm(&test->mcuboot, test->board), UD_OK);
    assert_int_equal(ud_board_operations(test->board), 1);
    assert_int_equal(model_type(&test->mcuboot, test->board), MODEL_NONE);
    check(test, UD_AREA_SLOT_A, wanted);
}

static void a_confirmation_is_one_byte(void **state)
{
    (void)state;
    each_case(check_confirm);
}

static void check_withdrawal(case_t *test)
{
    fill(test, UD_AREA_SLOT_B, 0x5A);
    request(test);
    uint8_t *wanted = expect(test, 0x5A, ud_trailer_size(&test->mcuboot, test->board));
    if (test->mcuboot.swap == &ud_mcuboot_offset) {
        memset(wanted, 0xFF, test->sector);
    }
    assert_int_equal(ud_trailer_withdraw(&test->mcuboot, test->board), UD_OK);
    assert_int_equal(model_type(&test->mcuboot, test->board), MODEL_NONE);
    check(test, UD_AREA_SLOT_B, wanted);
    uint64_t before = ud_board_operations(test->board);
    assert_int_equal(ud_trailer_withdraw(&test->mcuboot, test->board), UD_OK);
    assert_int_equal(ud_board_operations(test->board), before);
    request(test);
    assert_int_equal(model_type(&test->mcuboot, test->board), MODEL_TEST);
}

static void what_was_requested_can_be_withdrawn_and_requested_again(void **state)
{
    (void)state;
    each_case(check_withdrawal);
}

/* ---- power cuts ----------------------------------------------------------------------------------------------------- */

static const case_t *present;

static void run_request(ud_port_t *board, void *arg)
{
    ud_err_t *err = arg;
    *err = UD_ERR_FLASH_WRITE;
    for (int anew = 0; anew < 2 && *err == UD_ERR_FLASH_WRITE; anew++) {
        *err = ud_trailer_prepare(&present->mcuboot, board, anew == 1);
        *err = *err == UD_OK ? ud_trailer_request(&present->mcuboot, board) : *err;
    }
}

static void run_confirm(ud_port_t *board, void *arg)
{
    *(ud_err_t *)arg = ud_trailer_confirm(&present->mcuboot, board);
}

/* Cuts `run` at its operation `fuse->operation` on a copy of the case's board; false if it has fewer. */
static bool cut(const case_t *test, const ud_board_fuse_t *fuse, void (*run)(ud_port_t *, void *), ud_port_t **board)
{
    ud_err_t err = UD_OK;
    present = test;
    *board = ud_board_clone(test->board);
    ud_board_fuse_set(*board, fuse);
    if (ud_board_run(*board, run, &err) == UD_BOARD_POWER_CUT) {
        return true;
    }
    ud_board_destroy(*board);
    return false;
}

/* Calls `judge` with the board after each cut of `run`; gives how many there were. */
static uint32_t each_cut(const case_t *test, void (*run)(ud_port_t *, void *),
                         void (*judge)(const case_t *test, ud_port_t *board, const ud_board_fuse_t *fuse))
{
    uint32_t count = 0;
    for (uint32_t operation = 1;; operation++) {
        uint32_t before = count;
        for (int way = 0; way < 2 + 3 * (UD_WORD_UNREADABLE + 1); way++) {
            ud_board_fuse_t fuse = {.operation = operation, .cut = way == 0 ? UD_CUT_BEFORE : UD_CUT_AFTER};
            if (way >= 2) {
                fuse.cut = UD_CUT_INSIDE;
                fuse.words_done = (uint32_t)(way - 2) % 3 == 1;
                fuse.all_torn = (way - 2) % 3 == 2;
                fuse.fault = (ud_word_fault_t)((way - 2) / 3);
            }
            ud_port_t *board;
            if (!cut(test, &fuse, run, &board)) {
                continue;
            }
            count++;
            judge(test, board, &fuse);
            ud_board_destroy(board);
        }
        if (count == before) {
            return count;
        }
    }
}

static uint32_t magic_operation;

static void judge_request(const case_t *test, ud_port_t *board, const ud_board_fuse_t *fuse)
{
    ud_err_t err = UD_OK;
    for (int start = 0; start < 3; start++) {
        model_type_t type = model_type(&test->mcuboot, board);
        assert_true(type == MODEL_NONE || (type == MODEL_TEST && fuse->operation >= magic_operation));
    }
    if (fuse->operation == magic_operation && fuse->cut == UD_CUT_AFTER) {
        assert_int_equal(model_type(&test->mcuboot, board), MODEL_TEST);
    }
    assert_int_equal(ud_board_run(board, run_request, &err), UD_BOARD_RETURNED);
    assert_int_equal(err, UD_OK);
    assert_int_equal(model_type(&test->mcuboot, board), MODEL_TEST);
}

static uint32_t cuts;

static void check_request_cuts(case_t *test)
{
    if (test->sector > 4096) {
        return; /* they differ in nothing but the time it takes */
    }
    fill(test, UD_AREA_SLOT_B, 0x5A);
    ud_port_t *whole = ud_board_clone(test->board);
    ud_err_t err = UD_OK;
    present = test;
    assert_int_equal(ud_board_run(whole, run_request, &err), UD_BOARD_RETURNED);
    magic_operation = (uint32_t)ud_board_operations(whole);
    ud_board_destroy(whole);
    cuts += each_cut(test, run_request, judge_request);
}

static void every_cut_of_a_request_leaves_old_or_new_and_can_be_made_good(void **state)
{
    (void)state;
    cuts = 0;
    each_case(check_request_cuts);
    printf("cuts of a request: %u\n", cuts);
    assert_true(cuts > 10000);
}

static void judge_confirm(const case_t *test, ud_port_t *board, const ud_board_fuse_t *fuse)
{
    model_type_t type = model_type(&test->mcuboot, board);
    bool unreadable = fuse->cut == UD_CUT_INSIDE && fuse->fault >= UD_WORD_UNSTABLE;
    assert_true(type == MODEL_REVERT || type == MODEL_NONE || (type == MODEL_PANIC && unreadable));
    assert_true(fuse->cut != UD_CUT_AFTER || type == MODEL_NONE);
    assert_true(fuse->cut != UD_CUT_BEFORE || type == MODEL_REVERT);
}

static void check_confirm_cuts(case_t *test)
{
    model_poke_magic(test->board, UD_AREA_SLOT_A, test->mcuboot.max_align);
    model_poke(test->board, UD_AREA_SLOT_A, test->layout->copy_done, 1);
    cuts += each_cut(test, run_confirm, judge_confirm);
}

/* PANIC, only where the torn word cannot be read: that is MCUboot's own answer to it, docs/mcuboot.md. */
static void every_cut_of_a_confirmation_leaves_old_or_new(void **state)
{
    (void)state;
    cuts = 0;
    each_case(check_confirm_cuts);
    printf("cuts of a confirmation: %u\n", cuts);
}

/* ---- what is there already ------------------------------------------------------------------------------------------ */

static ud_trailer_mark_t mark_of(uint8_t byte)
{
    return byte == 1 ? UD_TRAILER_SET : byte == 0xFF ? UD_TRAILER_UNSET : UD_TRAILER_BAD;
}

static void check_all_flags(case_t *test)
{
    static const uint8_t bytes[] = {0x00, 0x01, 0x02, 0x03, 0x10, 0x12, 0x24, 0x7F, 0x81, 0xF1, 0xF2, 0xFE, 0xFF};
    if (test->sector != 4096) {
        return;
    }
    for (size_t i = 0; i < sizeof bytes * sizeof bytes * sizeof bytes; i++) {
        uint8_t ok = bytes[i % sizeof bytes];
        uint8_t done = bytes[i / sizeof bytes % sizeof bytes];
        uint8_t info = bytes[i / sizeof bytes / sizeof bytes];
        ud_trailer_t trailer;
        model_poke(test->board, UD_AREA_SLOT_A, test->layout->image_ok, ok);
        model_poke(test->board, UD_AREA_SLOT_A, test->layout->copy_done, done);
        model_poke(test->board, UD_AREA_SLOT_A, test->layout->swap_info, info);
        ud_trailer_read(&test->mcuboot, test->board, UD_AREA_SLOT_A, &trailer);
        assert_int_equal(trailer.image_ok, mark_of(ok));
        assert_int_equal(trailer.copy_done, mark_of(done));
        uint8_t type = info & 0x0F;
        assert_int_equal(trailer.swap_type, info != 0xFF && type >= 2 && type <= 4 ? type : 1);
    }
}

static void every_value_of_a_field_is_read_as_documented(void **state)
{
    (void)state;
    each_case(check_all_flags);
}

static void check_wrong_magics(case_t *test)
{
    ud_trailer_t trailer;
    if (test->sector != 512) {
        return;
    }
    for (size_t other = 0; other < 3; other++) {
        model_poke_magic(test->board, UD_AREA_SLOT_B, aligns[other]);
        ud_trailer_read(&test->mcuboot, test->board, UD_AREA_SLOT_B, &trailer);
        assert_int_equal(trailer.magic == UD_TRAILER_SET, aligns[other] == test->mcuboot.max_align);
    }
    for (uint32_t byte = 1; byte <= 16; byte++) {
        uint8_t value;
        model_poke_magic(test->board, UD_AREA_SLOT_B, test->mcuboot.max_align);
        ud_board_peek(test->board, UD_AREA_SLOT_B, test->size - byte, &value, 1);
        model_poke(test->board, UD_AREA_SLOT_B, byte, value ^ 0x40);
        ud_trailer_read(&test->mcuboot, test->board, UD_AREA_SLOT_B, &trailer);
        assert_int_equal(trailer.magic, UD_TRAILER_BAD);
        assert_int_equal(model_type(&test->mcuboot, test->board), MODEL_NONE);
    }
}

static void a_magic_of_another_alignment_or_with_a_wrong_byte_is_none(void **state)
{
    (void)state;
    each_case(check_wrong_magics);
}

static void check_garbage(case_t *test)
{
    uint32_t noise = test->sector + test->mcuboot.max_align;
    uint8_t garbage[512];
    if (test->sector > 4096) {
        return;
    }
    for (int round = 0; round < 20; round++) {
        ud_trailer_t trailer;
        for (size_t i = 0; i < sizeof garbage; i++) {
            noise = noise * 1664525u + 1013904223u;
            garbage[i] = round % 2 == 0 ? (uint8_t)(noise >> 24) : (noise >> 24) % 3 == 0 ? 0x01 : 0xFF;
        }
        ud_board_patch(test->board, UD_AREA_SLOT_B, test->size - (uint32_t)sizeof garbage, garbage, sizeof garbage);
        ud_board_patch(test->board, UD_AREA_SLOT_A, test->size - (uint32_t)sizeof garbage, garbage, sizeof garbage);
        ud_trailer_read(&test->mcuboot, test->board, UD_AREA_SLOT_B, &trailer);
        assert_true(trailer.magic != UD_TRAILER_SET && trailer.swap_type >= 1 && trailer.swap_type <= 4);
        uint64_t before = ud_board_operations(test->board);
        bool confirmed = ud_trailer_confirm(&test->mcuboot, test->board) == UD_OK;
        assert_int_equal(ud_board_operations(test->board) - before, confirmed);
        request(test);
        assert_int_equal(model_type(&test->mcuboot, test->board), MODEL_TEST);
    }
    assert_int_equal(ud_board_refused_programs(test->board), 0);
}

static void garbage_asks_for_nothing_and_hinders_no_request(void **state)
{
    (void)state;
    each_case(check_garbage);
}

static void a_trailer_that_cannot_be_read_is_erased_before_a_request(void **state)
{
    case_t test;
    ud_trailer_t trailer;
    (void)state;
    open_case(&test, &ud_mcuboot_offset, 16, 16, 2);
    ud_board_fault_words(test.board, UD_AREA_SLOT_B, test.size - 128, 128, UD_WORD_UNREADABLE);
    ud_board_fault_words(test.board, UD_AREA_SLOT_B, 64, 16, UD_WORD_UNREADABLE);
    ud_trailer_read(&test.mcuboot, test.board, UD_AREA_SLOT_B, &trailer);
    assert_int_equal(trailer.magic, UD_TRAILER_BAD);
    request(&test);
    assert_int_equal(model_type(&test.mcuboot, test.board), MODEL_TEST);
    assert_int_equal(ud_board_erase_count(test.board, UD_AREA_SLOT_B, 0), 1);
    ud_board_destroy(test.board);
}

static void flash_that_takes_nothing_is_told(void **state)
{
    case_t test;
    (void)state;
    open_case(&test, &ud_mcuboot_move, 8, 8, 2);
    ud_board_refuse_writes(test.board, UD_AREA_SLOT_B, 0, test.size, true);
    ud_board_refuse_writes(test.board, UD_AREA_SLOT_A, 0, test.size, true);
    assert_int_equal(ud_trailer_prepare(&test.mcuboot, test.board, false), UD_ERR_FLASH_WRITE);
    assert_int_equal(ud_trailer_request(&test.mcuboot, test.board), UD_ERR_FLASH_WRITE);
    assert_int_equal(ud_trailer_confirm(&test.mcuboot, test.board), UD_ERR_FLASH_WRITE);
    model_poke(test.board, UD_AREA_SLOT_B, 20, 0);
    assert_int_equal(ud_trailer_withdraw(&test.mcuboot, test.board), UD_ERR_FLASH_ERASE);
    ud_board_destroy(test.board);
}

static void a_word_that_keeps_nothing_is_told(void **state)
{
    case_t test;
    (void)state;
    open_case(&test, &ud_mcuboot_move, 8, 8, 2);
    ud_board_fault_words(test.board, UD_AREA_SLOT_B, test.size - 8, 8, UD_WORD_STUCK);
    ud_board_fault_words(test.board, UD_AREA_SLOT_A, test.size - test.layout->image_ok, 8, UD_WORD_STUCK);
    assert_int_equal(ud_trailer_prepare(&test.mcuboot, test.board, false), UD_OK);
    assert_int_equal(ud_trailer_request(&test.mcuboot, test.board), UD_ERR_FLASH_WRITE);
    assert_int_equal(ud_trailer_confirm(&test.mcuboot, test.board), UD_ERR_FLASH_WRITE);
    ud_board_destroy(test.board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_trailer_has_the_documented_size),
        cmocka_unit_test(a_request_writes_the_documented_bytes_and_no_others),
        cmocka_unit_test(a_blank_trailer_takes_two_programs_and_no_erase),
        cmocka_unit_test(a_confirmation_is_one_byte),
        cmocka_unit_test(what_was_requested_can_be_withdrawn_and_requested_again),
        cmocka_unit_test(every_cut_of_a_request_leaves_old_or_new_and_can_be_made_good),
        cmocka_unit_test(every_cut_of_a_confirmation_leaves_old_or_new),
        cmocka_unit_test(every_value_of_a_field_is_read_as_documented),
        cmocka_unit_test(a_magic_of_another_alignment_or_with_a_wrong_byte_is_none),
        cmocka_unit_test(garbage_asks_for_nothing_and_hinders_no_request),
        cmocka_unit_test(a_trailer_that_cannot_be_read_is_erased_before_a_request),
        cmocka_unit_test(flash_that_takes_nothing_is_told),
        cmocka_unit_test(a_word_that_keeps_nothing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
