/* Any bytes may stand in the journal area: opening must end, and afterwards the journal must work. */
#include "core/base/crc32.h"
#include "core/base/endian.h"
#include "core/slot/journal.h"
#include "core/slot/slot.h"
#include "ports/posix/board.h"

#include <stdlib.h>
#include <string.h>

#define SIZE (4 * 512)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

/* Makes the checks of rows hold that claim the right format: else no input would ever get behind them. */
static void complete_rows(uint8_t *area)
{
    for (uint8_t *row = area; row < area + SIZE; row += UD_JOURNAL_ROW_SIZE) {
        if (row[1] == 1) {
            ud_put_u16le(row + 2, (uint16_t)ud_crc32(ud_crc32(0, row, 2), row + 4, 28));
            ud_put_u32le(row + 60, ud_crc32(0, row, 60));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t area[SIZE];
    memset(area, 0xFF, sizeof area);
    memcpy(area, data, size < SIZE ? size : SIZE);
    complete_rows(area);
    ud_board_config_t config;
    ud_port_t *board = NULL;
    ud_journal_t journal;
    ud_slot_status_t status;
    uint8_t payload[UD_JOURNAL_PAYLOAD_SIZE];
    ud_board_config_default(&config);
    config.seed = 1;
    config.areas[UD_AREA_JOURNAL] = (ud_area_geometry_t){SIZE, 512, 8, 0xFF};
    check(ud_board_create(&config, &board) == UD_OK);
    ud_board_load(board, UD_AREA_JOURNAL, 0, area, sizeof area);
    check(ud_journal_open(&journal, board) == UD_OK);
    ud_slot_status(&journal, &status);
    check(status.state <= UD_SLOT_CONFIRMED && status.revert_reason < UD_ERR_COUNT);
    memset(payload, 0x42, sizeof payload);
    check(ud_journal_append(&journal, UD_ROW_REPORT, payload) == UD_OK);
    check(ud_journal_open(&journal, board) == UD_OK);
    check(memcmp(ud_journal_get(&journal, UD_ROW_REPORT), payload, sizeof payload) == 0);
    ud_board_destroy(board);
    return 0;
}
