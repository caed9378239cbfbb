/* The proof of the journal's and the swap's format: a life of one install and one revert, three units a slot, on the
 * real journal and the real swap, and every way to cut it short.
 *
 * A state is a flash content with its faults. From each state the device runs undisturbed to its end, where all must be
 * well; at each operation on the way, each way to fail at it gives a new state (depth + 1). Equal states are entered
 * once. Before the first cut a fault out of nowhere may strike any word, row or sector of the journal at any operation.
 *
 *   journal_model [--case 1|8|32|once] [--depth CUTS] [--sample N] [--faults N] [--late N] [--seed S]
 *   journal_model --case CASE --replay PATH     show one failure again
 *
 * --sample N tries one cut of N, --faults N strikes at one of N places; both chosen by a hash of the place and the
 * seed, so that the same command always does the same. Without them every cut and, with --faults 1, every place.
 */
#include "boot/mode.h"
#include "core/base/crc32.h"
#include "ports/posix/board.h"
#include "tests/powercut/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNITS 3
#define IMAGE_SIZE (UNITS * UD_SLOT_UNIT_SIZE_MIN)
#define TURNS_MAX 8

/* Images are not encrypted. */
static const ud_boot_config_t plain = {.mode = &ud_boot_swap};

static uint8_t old_image[IMAGE_SIZE];
static uint8_t new_image[IMAGE_SIZE];

static bool holds(ud_port_t *board, ud_area_t area, uint32_t offset, const uint8_t *image)
{
    static uint8_t content[IMAGE_SIZE];
    return ud_port_flash_read(board, area, offset, content, sizeof content) == UD_OK &&
           memcmp(content, image, sizeof content) == 0;
}

/* What the agent does before it stages: rows of its own among those of boot. */
static const char *agent_stages(ud_journal_t *journal)
{
    ud_slot_report_t report = {.update_id = 1, .epoch = 2, .sequence = 3};
    ud_slot_download_t download = {.update_id = 1, .offset = IMAGE_SIZE};
    ud_slot_record_t record;
    if (ud_slot_report_put(journal, &report) != UD_OK || ud_slot_download_put(journal, &download) != UD_OK ||
        ud_slot_stage(journal, new_image) != UD_OK || ud_slot_download_clear(journal) != UD_OK) {
        return "the journal refused the agent's rows";
    }
    ud_slot_record_get(journal, &record);
    return ud_boot_swap.begin(journal, &record, UD_INSTALL_UPGRADE, IMAGE_SIZE) == UD_OK ? NULL : "no begin of upgrade";
}

static const char *finish_move(ud_journal_t *journal, ud_slot_record_t *record)
{
    if (ud_boot_swap.move(journal, &plain, record, false) != UD_OK || record->turned) {
        return "the move failed";
    }
    bool up = record->install == UD_INSTALL_UPGRADE;
    record->install = UD_INSTALL_NONE;
    record->state = up ? UD_SLOT_TRIAL : UD_SLOT_CONFIRMED;
    record->reason = UD_OK;
    if (!up && ud_slot_bad_put(journal, new_image) != UD_OK) {
        return "the journal refused the bad digest";
    }
    ud_boot_reason_t reason = up ? UD_BOOT_INSTALLED : UD_BOOT_REVERTED;
    if (ud_slot_reason_put(journal, reason, UD_OK, new_image) != UD_OK ||
        ud_slot_record_put(journal, record) != UD_OK) {
        return "the journal refused the end of a move";
    }
    return NULL;
}

static const char *try_and_reject(ud_journal_t *journal, ud_slot_record_t *record)
{
    if (!holds(journal->port, UD_AREA_SLOT_A, 0, new_image)) {
        return "on trial, but slot A does not hold the new image";
    }
    record->attempts = 1;
    if (ud_slot_record_put(journal, record) != UD_OK || ud_slot_reject(journal, UD_ERR_SELF_TEST_FAILED) != UD_OK) {
        return "the journal refused the attempt";
    }
    ud_slot_record_get(journal, record);
    return ud_boot_swap.begin(journal, record, UD_INSTALL_REVERT, IMAGE_SIZE) == UD_OK ? NULL : "no begin of revert";
}

static const char *check_end(ud_journal_t *journal)
{
    ud_slot_report_t report;
    ud_slot_status_t status;
    ud_slot_status(journal, &status);
    if (!holds(journal->port, UD_AREA_SLOT_A, 0, old_image)) {
        return "reverted, but slot A does not hold the old image";
    }
    if (!holds(journal->port, UD_AREA_SLOT_B, UD_SLOT_UNIT_SIZE_MIN, new_image)) {
        return "the new image is gone";
    }
    if (ud_slot_report_get(journal, &report) != UD_OK || report.epoch != 2 || report.sequence != 3) {
        return "the agent's report is gone";
    }
    if (!ud_slot_is_bad(journal, new_image) || status.boot_reason != UD_BOOT_REVERTED) {
        return "why it reverted is gone";
    }
    return NULL;
}

static const char *turn(ud_journal_t *journal, bool *done)
{
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    if (record.install != UD_INSTALL_NONE && memcmp(record.digest, new_image, UD_SHA256_SIZE) != 0) {
        return "the digest in the record is wrong";
    }
    if (record.install == UD_INSTALL_UPGRADE || record.install == UD_INSTALL_REVERT) {
        return finish_move(journal, &record);
    }
    if (record.state == UD_SLOT_TRIAL) {
        return try_and_reject(journal, &record);
    }
    if (record.state == UD_SLOT_EMPTY) {
        return agent_stages(journal);
    }
    *done = true;
    return check_end(journal);
}

/* The first start only opens the journal and resets: what it was told must be told the second, whatever torn words have
 * made up their minds about in between. The second goes on to the end. Where words that were firm change their minds, too,
 * only the end counts: nothing that can be written would help against both at once.
 */
static void start(ud_port_t *board, void *arg)
{
    explore_life_t *life = arg;
    ud_journal_t journal;
    if (ud_journal_open(&journal, board) != UD_OK) {
        life->complaint = "the journal took no repair";
        return;
    }
    const bool *once = life->context;
    uint32_t told = 1;
    for (int kind = 0; kind < UD_ROW_COUNT; kind++) {
        told = ud_crc32(told, ud_journal_get(&journal, (ud_row_kind_t)kind), UD_JOURNAL_PAYLOAD_SIZE);
    }
    told |= 1;
    if (life->told == 0 && !*once) {
        life->told = told;
        ud_port_reset(board);
    }
    if (life->told != told && !*once && !life->fickle) {
        life->complaint = "two starts were told different things";
    }
    for (int turns = 0; life->complaint == NULL && !life->done; turns++) {
        life->complaint = turns < TURNS_MAX ? turn(&journal, &life->done) : "it turns in circles";
    }
}

static ud_port_t *make_board(uint16_t word)
{
    ud_board_config_t config = {.seed = 1};
    config.areas[UD_AREA_JOURNAL] = (ud_area_geometry_t){4 * 512, 512, word, 0xFF};
    config.areas[UD_AREA_SLOT_A] = (ud_area_geometry_t){IMAGE_SIZE, UD_SLOT_UNIT_SIZE_MIN, word, 0xFF};
    config.areas[UD_AREA_SLOT_B] =
        (ud_area_geometry_t){IMAGE_SIZE + UD_SLOT_UNIT_SIZE_MIN, UD_SLOT_UNIT_SIZE_MIN, word, 0xFF};
    ud_port_t *board = NULL;
    if (ud_board_create(&config, &board) != UD_OK) {
        exit(2);
    }
    for (size_t index = 0; index < IMAGE_SIZE; index++) {
        old_image[index] = (uint8_t)(index * 7 + index / 256);
        new_image[index] = (uint8_t)(index * 11 + index / 128 + 1);
    }
    ud_board_load(board, UD_AREA_SLOT_A, 0, old_image, IMAGE_SIZE);
    ud_board_load(board, UD_AREA_SLOT_B, UD_SLOT_UNIT_SIZE_MIN, new_image, IMAGE_SIZE);
    return board;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        const char *program;
        uint16_t word;
        bool once; /* without the first start that only opens: torn words are young when they are acted upon */
    } cases[] = {{"1", "journal_model --case 1", 1, false},
                 {"8", "journal_model --case 8", 8, false},
                 {"32", "journal_model --case 32", 32, false},
                 {"once", "journal_model --case once", 8, true}};
    explore_options_t options;
    bool good = explore_options_read(&options, argc, argv);
    for (size_t index = 0; good && index < sizeof cases / sizeof cases[0]; index++) {
        if (options.name == NULL || strcmp(options.name, cases[index].name) == 0) {
            ud_port_t *board = make_board(cases[index].word);
            options.program = cases[index].program;
            good = explore(board, start, &cases[index].once, &options) && good;
            ud_board_destroy(board);
        }
    }
    return good ? 0 : 1;
}
