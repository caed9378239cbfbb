/* Any bytes may stand in the journal area: opening must end, and afterwards the journal must work, whatever boot and agent
 * then write. The bytes behind the area are what they do, one each.
 */
#include "core/base/crc32.h"
#include "core/base/endian.h"
#include "core/slot/journal.h"
#include "core/slot/record.h"
#include "ports/posix/board.h"

#include <stdlib.h>
#include <string.h>

#define SIZE (4 * 512)
#define FORMAT 1

/* Bounds one input. */
#define ACTS_MAX 256

/* The last sequence number of a row, and more numbers than one input uses. */
#define SEQUENCE_LAST 0xFFF00000u
#define SEQUENCES_LEFT 0x10000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

/* Keeps a row away from the last number that a row may have (journal.c): no device comes there, and none could go on. */
static void leave_numbers(uint8_t *sequence)
{
    uint32_t claimed = ud_get_u32le(sequence);
    if (claimed <= SEQUENCE_LAST && SEQUENCE_LAST - claimed < SEQUENCES_LEFT) {
        ud_put_u32le(sequence, claimed - SEQUENCES_LEFT);
    }
}

/* Makes the checks of rows hold that claim the right format, and of the head alone where one more is claimed: a torn row.
 * Else no input would ever get behind them.
 */
static void complete_rows(uint8_t *area)
{
    for (size_t offset = 0; offset < SIZE; offset += UD_JOURNAL_ROW_SIZE) {
        uint8_t *row = area + offset;
        bool is_torn = row[1] == FORMAT + 1;
        if (row[1] == FORMAT || is_torn) {
            row[1] = FORMAT;
            leave_numbers(row + 4);
            ud_put_u16le(row + 2, (uint16_t)ud_crc32(ud_crc32(0, row, 2), row + 4, 28));
            ud_put_u32le(row + 60, ud_crc32(0, row, 60) + is_torn);
        }
    }
}

/* ---- what boot and agent do ----------------------------------------------------------------------------------------- */

/* `tag` tells digests and numbers apart, eight of each. */
typedef struct {
    uint8_t digest[UD_SHA256_SIZE];
    uint8_t tag;
} act_t;

static ud_err_t put_report(ud_journal_t *journal, const act_t *act)
{
    ud_slot_report_t report = {
        .present = 1, .update_id = act->tag, .state = act->tag, .error = (uint16_t)(act->tag * 40)};
    ud_slot_report_t back;
    UD_TRY(ud_slot_report_put(journal, &report));
    UD_TRY(ud_slot_report_get(journal, &back));
    check(memcmp(&back, &report, sizeof back) == 0);
    return UD_OK;
}

static ud_err_t put_download(ud_journal_t *journal, const act_t *act)
{
    ud_slot_download_t download = {.present = 1, .update_id = act->tag, .offset = act->tag * 4096u};
    ud_slot_download_t back;
    memcpy(download.expected, act->digest, sizeof download.expected);
    UD_TRY(ud_slot_download_put(journal, &download));
    UD_TRY(ud_slot_download_get(journal, &back));
    check(memcmp(&back, &download, sizeof back) == 0);
    return UD_OK;
}

static ud_err_t put_bad(ud_journal_t *journal, const act_t *act)
{
    UD_TRY(ud_slot_bad_put(journal, act->digest));
    check(ud_slot_is_bad(journal, act->digest));
    return UD_OK;
}

static ud_err_t put_trial(ud_journal_t *journal, const act_t *act)
{
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    record.state = UD_SLOT_TRIAL;
    memcpy(record.digest, act->digest, sizeof record.digest);
    return ud_slot_record_put(journal, &record);
}

static ud_err_t act_once(ud_journal_t *journal, unsigned number, const act_t *act)
{
    switch (number) {
    case 0:
        return ud_slot_stage(journal, act->digest);
    case 1:
        return ud_slot_stage_before(journal, act->digest);
    case 2:
        return ud_slot_unstage(journal);
    case 3:
        return ud_slot_confirm(journal);
    case 4:
        return ud_slot_reject(journal, UD_ERR_NO_CONTACT);
    case 5:
        return ud_slot_announce_reset(journal);
    case 6:
        return ud_slot_contact(journal);
    case 7:
        return ud_slot_raise_counter(journal, act->tag);
    case 8:
        return ud_slot_revoke(journal, act->digest);
    case 9:
        return ud_slot_download_clear(journal);
    case 10:
        return put_download(journal, act);
    case 11:
        return put_report(journal, act);
    case 12:
        return put_bad(journal, act);
    case 13:
        return ud_slot_reason_put(journal, act->tag % (UD_BOOT_SAFE_MODE + 1u), UD_ERR_CRASHED, act->digest);
    case 14:
        return put_trial(journal, act);
    default:
        return ud_journal_open(journal, journal->port);
    }
}

static void check_status(const ud_journal_t *journal)
{
    ud_slot_status_t status;
    ud_slot_status(journal, &status);
    check(status.state <= UD_SLOT_CONFIRMED && status.revert_reason < UD_ERR_COUNT);
    check(ud_slot_boot_reason(journal) == status.boot_reason && status.boot_reason <= UD_BOOT_SAFE_MODE);
    check(ud_slot_revoked(journal, UD_SLOT_REVOKED_COUNT) == NULL);
}

/* What is not allowed just now is refused; the counter never falls. */
static void act_all(ud_journal_t *journal, const uint8_t *acts, size_t size)
{
    ud_slot_status_t before;
    ud_slot_status_t after;
    for (size_t index = 0; index < size && index < ACTS_MAX; index++) {
        act_t act = {.tag = acts[index] >> 4 & 7};
        memset(act.digest, act.tag + 1, sizeof act.digest);
        ud_slot_status(journal, &before);
        ud_err_t err = act_once(journal, acts[index] & 15, &act);
        check(err == UD_OK || err == UD_ERR_NOT_CONFIRMED || err == UD_ERR_CONFLICT);
        check_status(journal);
        ud_slot_status(journal, &after);
        check(after.security_counter >= before.security_counter);
    }
}

/* ---- the target ----------------------------------------------------------------------------------------------------- */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t area[SIZE];
    memset(area, 0xFF, sizeof area);
    memcpy(area, data, size < SIZE ? size : SIZE);
    complete_rows(area);
    ud_board_config_t config;
    ud_port_t *board = NULL;
    ud_journal_t journal;
    uint8_t payload[UD_JOURNAL_PAYLOAD_SIZE];
    ud_board_config_default(&config);
    config.seed = 1;
    config.areas[UD_AREA_JOURNAL] = (ud_area_geometry_t){SIZE, 512, 8, 0xFF};
    check(ud_board_create(&config, &board) == UD_OK);
    ud_board_load(board, UD_AREA_JOURNAL, 0, area, sizeof area);
    check(ud_journal_open(&journal, board) == UD_OK);
    check_status(&journal);
    act_all(&journal, data + SIZE, size > SIZE ? size - SIZE : 0);
    memset(payload, 0x42, sizeof payload);
    check(ud_journal_append(&journal, UD_ROW_REPORT, payload) == UD_OK);
    check(ud_journal_open(&journal, board) == UD_OK);
    check(memcmp(ud_journal_get(&journal, UD_ROW_REPORT), payload, sizeof payload) == 0);
    ud_board_destroy(board);
    return 0;
}
