/* How many erases an update costs: 1 000 updates must stay within the 10 000 cycles that flash is good for. */
#include "boot/mode.h"
#include "ports/posix/board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define UPDATES 24
#define UPDATES_PROMISED 1000
#define CYCLES_PROMISED 10000

/* Rows that the agent writes beside its download progress: reports, contact, counter. */
#define REPORTS 10

#define KB 1024u

/* size, sector, word, erased value: journal, slot A, slot B, identity */
static const struct {
    const char *name;
    uint32_t image_size;
    ud_area_geometry_t areas[UD_AREA_COUNT];
} devices[] = {
    {"64 KB, pages of 512 B",
     16 * KB,
     {{4 * 512, 512, 4, 0xFF}, {24 * KB, 512, 4, 0xFF}, {28 * KB, 512, 4, 0xFF}, {2 * KB, 512, 4, 0xFF}}},
    {"256 KB, pages of 512 B",
     100 * KB,
     {{16 * 512, 512, 4, 0xFF}, {104 * KB, 512, 4, 0xFF}, {108 * KB, 512, 4, 0xFF}, {2 * KB, 512, 4, 0xFF}}},
    {"512 KB, pages of 2 KB, words of 8 B",
     220 * KB,
     {{8 * KB, 2 * KB, 8, 0xFF}, {224 * KB, 2 * KB, 8, 0xFF}, {228 * KB, 2 * KB, 8, 0xFF}, {4 * KB, 2 * KB, 8, 0xFF}}},
    {"2 MB, sectors of 4 KB",
     960 * KB,
     {{16 * KB, 4 * KB, 1, 0xFF}, {960 * KB, 4 * KB, 1, 0xFF}, {964 * KB, 4 * KB, 1, 0xFF}, {8 * KB, 4 * KB, 1, 0xFF}}},
    {"2 MB, sectors of 128 KB, words of 32 B",
     640 * KB,
     {{512 * KB, 128 * KB, 32, 0xFF},
      {640 * KB, 128 * KB, 32, 0xFF},
      {768 * KB, 128 * KB, 32, 0xFF},
      {256 * KB, 128 * KB, 32, 0xFF}}},
    {"512 KB with pages of 2 KB, slot B on SPI NOR with sectors of 4 KB",
     400 * KB,
     {{8 * KB, 2 * KB, 8, 0xFF}, {400 * KB, 2 * KB, 8, 0xFF}, {404 * KB, 4 * KB, 1, 0xFF}, {4 * KB, 2 * KB, 8, 0xFF}}},
};

static uint32_t larger(uint32_t left, uint32_t right)
{
    return left > right ? left : right;
}

static uint32_t most_erased(const ud_port_t *board, ud_area_t area)
{
    const ud_area_geometry_t *geometry = ud_port_area(board, area);
    uint32_t most = 0;
    for (uint32_t offset = 0; offset < geometry->size_bytes; offset += geometry->sector_size_bytes) {
        most = larger(most, ud_board_erase_count(board, area, offset));
    }
    return most;
}

/* As the agent writes it: data is erased before it is written, and noted once per unit. */
static void download(ud_journal_t *journal, uint32_t image_size)
{
    ud_port_t *board = journal->port;
    uint32_t unit = ud_slot_unit_size(board);
    uint32_t sector = ud_port_area(board, UD_AREA_SLOT_B)->sector_size_bytes;
    for (uint32_t offset = 0; offset < image_size; offset += sector) {
        assert_int_equal(
            ud_port_flash_erase(board, UD_AREA_SLOT_B, ud_slot_staging_offset(&ud_slot_swap, board) + offset), UD_OK);
    }
    for (uint32_t offset = 0; offset < image_size; offset += unit) {
        ud_slot_download_t progress = {.update_id = 1, .offset = offset};
        assert_int_equal(ud_slot_download_put(journal, &progress), UD_OK);
    }
    assert_int_equal(ud_slot_download_clear(journal), UD_OK);
    for (uint32_t report = 0; report < REPORTS; report++) {
        ud_slot_report_t row = {.update_id = 1, .epoch = 1, .sequence = report};
        assert_int_equal(ud_slot_report_put(journal, &row), UD_OK);
    }
}

/* Images are not encrypted. */
static const ud_boot_config_t plain = {.mode = &ud_boot_swap};

static void install(ud_journal_t *journal, uint32_t image_size)
{
    static const uint8_t digest[UD_SHA256_SIZE] = {1};
    ud_slot_record_t record;
    assert_int_equal(ud_slot_stage(journal, digest), UD_OK);
    ud_slot_record_get(journal, &record);
    assert_int_equal(ud_boot_swap.begin(journal, &record, UD_INSTALL_UPGRADE, image_size), UD_OK);
    assert_int_equal(ud_boot_swap.move(journal, &plain, &record, false), UD_OK);
    record.state = UD_SLOT_TRIAL;
    record.install = UD_INSTALL_NONE;
    assert_int_equal(ud_slot_reason_put(journal, UD_BOOT_INSTALLED, UD_OK, digest), UD_OK);
    assert_int_equal(ud_slot_record_put(journal, &record), UD_OK);
    record.attempts = 1;
    assert_int_equal(ud_slot_record_put(journal, &record), UD_OK);
    assert_int_equal(ud_slot_confirm(journal), UD_OK);
}

static void a_thousand_updates_stay_within_ten_thousand_cycles(void **state)
{
    (void)state;
    for (size_t index = 0; index < sizeof devices / sizeof devices[0]; index++) {
        ud_board_config_t config = {.seed = 1};
        ud_port_t *board = NULL;
        ud_journal_t journal;
        memcpy(config.areas, devices[index].areas, sizeof config.areas);
        assert_int_equal(ud_board_create(&config, &board), UD_OK);
        assert_int_equal(ud_slot_check_geometry(&ud_slot_swap, board), UD_OK);
        assert_int_equal(ud_journal_open(&journal, board), UD_OK);
        for (int update = 0; update < UPDATES; update++) {
            download(&journal, devices[index].image_size);
            install(&journal, devices[index].image_size);
        }
        uint32_t journal_erases = most_erased(board, UD_AREA_JOURNAL) * UPDATES_PROMISED / UPDATES;
        uint32_t slot_erases =
            larger(most_erased(board, UD_AREA_SLOT_A), most_erased(board, UD_AREA_SLOT_B)) * UPDATES_PROMISED / UPDATES;
        print_message("%-68s image %3u KB: %5u erases of the journal, %u of slots in %d updates\n", devices[index].name,
                      devices[index].image_size / KB, journal_erases, slot_erases, UPDATES_PROMISED);
        assert_true(journal_erases <= CYCLES_PROMISED && slot_erases <= CYCLES_PROMISED);
        ud_board_destroy(board);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_thousand_updates_stay_within_ten_thousand_cycles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
