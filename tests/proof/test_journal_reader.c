/* The journal's reader against its specification, for every content of a small scope: two lanes of two sectors, the first row
 * of each and the second row of each lane's first sector, each of them erased, junk, torn or valid, of two kinds and two
 * sequence numbers. 10^6 journals; the specification below shares nothing with core/slot/journal.c but the row's layout.
 */
#include "core/base/crc32.h"
#include "core/base/endian.h"
#include "core/slot/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECTOR_SIZE 512
#define SECTOR_COUNT 4
#define CELL_COUNT 6
#define HALF_SIZE (UD_JOURNAL_ROW_SIZE / 2)

/* One row of each lane and kind may be written again, in a sector that was erased for it. */
#define PROGRAMS_MAX (UD_JOURNAL_LANES * UD_ROW_COUNT * 2)
#define ERASES_MAX UD_JOURNAL_LANES

/* ---- a port that is a piece of memory ---------------------------------------------------------------------------------- */

struct ud_port {
    uint8_t flash[SECTOR_COUNT * SECTOR_SIZE];
    unsigned programs;
    unsigned erases;
};

const ud_area_geometry_t *ud_port_area(const ud_port_t *port, ud_area_t area)
{
    static const ud_area_geometry_t journal = {SECTOR_COUNT * SECTOR_SIZE, SECTOR_SIZE, 8, 0xFF};
    (void)port;
    assert_int_equal(area, UD_AREA_JOURNAL);
    return &journal;
}

ud_err_t ud_port_flash_read(ud_port_t *port, ud_area_t area, uint32_t offset, void *data, size_t size)
{
    (void)area;
    assert_true(offset <= sizeof port->flash && size <= sizeof port->flash - offset);
    memcpy(data, port->flash + offset, size);
    return UD_OK;
}

ud_err_t ud_port_flash_program(ud_port_t *port, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    (void)area;
    assert_true(offset <= sizeof port->flash && size <= sizeof port->flash - offset);
    for (size_t index = 0; index < size; index++) {
        assert_int_equal(port->flash[offset + index], 0xFF);
    }
    memcpy(port->flash + offset, data, size);
    port->programs++;
    return UD_OK;
}

ud_err_t ud_port_flash_erase(ud_port_t *port, ud_area_t area, uint32_t offset)
{
    (void)area;
    assert_true(offset < sizeof port->flash && offset % SECTOR_SIZE == 0);
    memset(port->flash + offset, 0xFF, SECTOR_SIZE);
    port->erases++;
    return UD_OK;
}

void ud_port_watchdog_feed(ud_port_t *port)
{
    (void)port;
}

/* ---- the scope ----------------------------------------------------------------------------------------------------------- */

typedef enum { ERASED, JUNK, TORN, VALID } quality_t;

typedef struct {
    quality_t quality;
    ud_row_kind_t kind;
    uint32_t sequence;
} cell_t;

/* What a row can be. */
static const cell_t choices[] = {
    {ERASED, UD_ROW_SLOT, 0}, {JUNK, UD_ROW_SLOT, 0}, {TORN, UD_ROW_SLOT, 1},  {TORN, UD_ROW_SLOT, 2},
    {TORN, UD_ROW_BAD, 1},    {TORN, UD_ROW_BAD, 2},  {VALID, UD_ROW_SLOT, 1}, {VALID, UD_ROW_SLOT, 2},
    {VALID, UD_ROW_BAD, 1},   {VALID, UD_ROW_BAD, 2},
};

#define CHOICE_COUNT (sizeof choices / sizeof choices[0])

/* Where the rows stand. */
static const uint32_t places[CELL_COUNT] = {
    0, UD_JOURNAL_ROW_SIZE, SECTOR_SIZE, 2 * SECTOR_SIZE, 2 * SECTOR_SIZE + UD_JOURNAL_ROW_SIZE, 3 * SECTOR_SIZE,
};

static uint8_t rows[CHOICE_COUNT][UD_JOURNAL_ROW_SIZE];
static uint8_t whole_rows[CHOICE_COUNT][UD_JOURNAL_ROW_SIZE]; /* what torn ones may read as tomorrow */

static uint8_t mark_of(ud_row_kind_t kind, uint32_t sequence)
{
    return (uint8_t)(0x10 * ((unsigned)kind + 1) + sequence);
}

static void make_row(const cell_t *cell, uint8_t *row)
{
    memset(row, cell->quality == JUNK ? 0x5A : 0xFF, UD_JOURNAL_ROW_SIZE);
    if (cell->quality == ERASED || cell->quality == JUNK) {
        return;
    }
    memset(row, mark_of(cell->kind, cell->sequence), UD_JOURNAL_ROW_SIZE);
    row[0] = (uint8_t)cell->kind;
    row[1] = 1;
    ud_put_u32le(row + 4, cell->sequence);
    ud_put_u16le(row + 2, (uint16_t)ud_crc32(ud_crc32(0, row, 2), row + 4, HALF_SIZE - 4));
    ud_put_u32le(row + 60, ud_crc32(0, row, 60));
    if (cell->quality == TORN) {
        memset(row + HALF_SIZE, 0xFF, HALF_SIZE);
    }
}

static int make_rows(void **state)
{
    (void)state;
    for (size_t index = 0; index < CHOICE_COUNT; index++) {
        cell_t whole = choices[index];
        whole.quality = whole.quality == TORN ? VALID : whole.quality;
        make_row(&choices[index], rows[index]);
        make_row(&whole, whole_rows[index]);
    }
    return 0;
}

/* ---- the specification ----------------------------------------------------------------------------------------------------- */

typedef struct {
    ud_journal_condition_t condition;
    uint8_t mark[UD_ROW_COUNT]; /* each byte of the payload; 0: there is no row of that kind */
} expected_t;

/* The newest valid row of each kind counts, wherever it stands; nothing else does. */
static expected_t expect(const cell_t *const cells[CELL_COUNT])
{
    expected_t expected = {.condition = UD_JOURNAL_NEW};
    uint32_t newest[UD_ROW_COUNT] = {0};
    for (size_t index = 0; index < CELL_COUNT; index++) {
        const cell_t *cell = cells[index];
        if (cell->quality == VALID) {
            expected.condition = UD_JOURNAL_PRESENT;
            newest[cell->kind] = cell->sequence > newest[cell->kind] ? cell->sequence : newest[cell->kind];
        } else if (cell->quality != ERASED && expected.condition == UD_JOURNAL_NEW) {
            expected.condition = UD_JOURNAL_LOST;
        }
    }
    for (int kind = 0; kind < UD_ROW_COUNT; kind++) {
        expected.mark[kind] = newest[kind] == 0 ? 0 : mark_of((ud_row_kind_t)kind, newest[kind]);
    }
    return expected;
}

static bool is_as_expected(const ud_journal_t *journal, const expected_t *expected)
{
    for (int kind = 0; kind < UD_ROW_COUNT; kind++) {
        const uint8_t *payload = ud_journal_get(journal, (ud_row_kind_t)kind);
        for (size_t index = 0; index < UD_JOURNAL_PAYLOAD_SIZE; index++) {
            if (payload[index] != expected->mark[kind]) {
                return false;
            }
        }
    }
    return true;
}

/* ---- the proof ------------------------------------------------------------------------------------------------------------- */

/* Words that a power cut tore may read differently after any start: let all torn rows that still stand become whole. */
static void complete_torn_rows(ud_port_t *port)
{
    for (size_t place = 0; place < CELL_COUNT; place++) {
        uint8_t *row = port->flash + places[place];
        for (size_t index = 0; index < CHOICE_COUNT; index++) {
            if (choices[index].quality == TORN && memcmp(row, rows[index], UD_JOURNAL_ROW_SIZE) == 0) {
                memcpy(row, whole_rows[index], UD_JOURNAL_ROW_SIZE);
            }
        }
    }
}

static const char *judge(ud_port_t *port, const expected_t *expected)
{
    ud_journal_t journal;
    if (ud_journal_open(&journal, port) != UD_OK) {
        return "refused";
    }
    if (journal.condition != expected->condition || !is_as_expected(&journal, expected)) {
        return "other values than the newest valid rows";
    }
    bool lost = expected->condition != UD_JOURNAL_PRESENT;
    if (port->programs > (lost ? 0 : PROGRAMS_MAX) || port->erases > (lost ? SECTOR_COUNT : ERASES_MAX)) {
        return "more writing than one row of each kind and lane";
    }
    port->programs = 0;
    port->erases = 0;
    if (ud_journal_open(&journal, port) != UD_OK || !is_as_expected(&journal, expected)) {
        return "other values when opened again";
    }
    if (!lost && port->programs + port->erases != 0) {
        return "not settled by opening once";
    }
    complete_torn_rows(port);
    return ud_journal_open(&journal, port) == UD_OK && is_as_expected(&journal, expected)
               ? NULL
               : "other values after torn rows became whole";
}

static void every_small_journal_is_read_as_specified(void **state)
{
    uint32_t count = 1;
    (void)state;
    for (size_t index = 0; index < CELL_COUNT; index++) {
        count *= (uint32_t)CHOICE_COUNT;
    }
    for (uint32_t number = 0; number < count; number++) {
        const cell_t *cells[CELL_COUNT];
        ud_port_t port = {.programs = 0};
        memset(port.flash, 0xFF, sizeof port.flash);
        uint32_t rest = number;
        for (size_t index = 0; index < CELL_COUNT; index++, rest /= (uint32_t)CHOICE_COUNT) {
            cells[index] = &choices[rest % CHOICE_COUNT];
            memcpy(port.flash + places[index], rows[rest % CHOICE_COUNT], UD_JOURNAL_ROW_SIZE);
        }
        expected_t expected = expect(cells);
        const char *fault = judge(&port, &expected);
        if (fault != NULL) {
            fail_msg("journal %u: %s", (unsigned)number, fault); /* its digits choose the cells, the first one last */
        }
    }
    print_message("%u journals\n", (unsigned)count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_small_journal_is_read_as_specified),
    };
    return cmocka_run_group_tests(tests, make_rows, NULL);
}
