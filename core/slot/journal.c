#include "core/slot/journal.h"

#include "core/base/assert.h"
#include "core/base/crc32.h"
#include "core/base/endian.h"

#include <string.h>

#define FORMAT 1
#define HALF_SIZE (UD_JOURNAL_ROW_SIZE / 2)
#define PAYLOAD_OFFSET 8
#define CRC_OFFSET 60

/* A head that claims more rows than a device can write in its life is torn, whatever its check says. */
#define SEQUENCE_MAX 0xFFFF0000u

/* A journal that claims nearly as many was never written by a device: it is lost, and begins anew with room to count. */
#define SEQUENCE_CREDIBLE 0xFFFE0000u

/* Places in a row that may fail before a sector is left for the next; so many may also look erased and not be. */
#define TRIES_MAX 4

typedef enum {
    ROW_ERASED,
    ROW_JUNK, /* nothing that was ever a row, or never more than its first half */
    ROW_TORN, /* the head is good, the whole is not: may be valid tomorrow */
    ROW_VALID,
} row_quality_t;

typedef struct {
    row_quality_t quality;
    ud_row_kind_t kind; /* of torn and valid rows */
    uint32_t sequence;
    uint8_t bytes[UD_JOURNAL_ROW_SIZE];
} row_t;

/* What reading all sectors gave, beside what went into the journal itself. */
typedef struct {
    uint32_t torn[UD_ROW_COUNT];    /* highest sequence of a torn row */
    uint32_t top[UD_JOURNAL_LANES]; /* highest sequence of a valid row in the lane, */
    bool twice[UD_JOURNAL_LANES];   /* which more than one sector holds: a rotation was cut short */
    int newest_lane;                /* where the highest sequence of all was seen, valid or torn */
    bool written;                   /* anything at all is not erased */
} survey_t;

_Static_assert(PAYLOAD_OFFSET + UD_JOURNAL_PAYLOAD_SIZE == CRC_OFFSET, "a row is filled");

static uint32_t sector_size(const ud_journal_t *journal)
{
    return ud_port_area(journal->port, UD_AREA_JOURNAL)->sector_size_bytes;
}

static uint32_t rows_per_sector(const ud_journal_t *journal)
{
    return sector_size(journal) / UD_JOURNAL_ROW_SIZE;
}

static uint32_t sectors_per_lane(const ud_journal_t *journal)
{
    return ud_port_area(journal->port, UD_AREA_JOURNAL)->size_bytes / sector_size(journal) / UD_JOURNAL_LANES;
}

static uint32_t sector_offset(const ud_journal_t *journal, int lane, uint32_t sector)
{
    return ((uint32_t)lane * sectors_per_lane(journal) + sector) * sector_size(journal);
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static uint16_t head_check(const uint8_t *bytes)
{
    uint32_t crc = ud_crc32(0, bytes, 2);
    return (uint16_t)ud_crc32(crc, bytes + 4, HALF_SIZE - 4);
}

static void row_encode(uint8_t *bytes, ud_row_kind_t kind, uint32_t sequence, const uint8_t *payload)
{
    bytes[0] = (uint8_t)kind;
    bytes[1] = FORMAT;
    ud_put_u32le(bytes + 4, sequence);
    memcpy(bytes + PAYLOAD_OFFSET, payload, UD_JOURNAL_PAYLOAD_SIZE);
    ud_put_u16le(bytes + 2, head_check(bytes));
    ud_put_u32le(bytes + CRC_OFFSET, ud_crc32(0, bytes, CRC_OFFSET));
}

static bool is_erased(const uint8_t *bytes, size_t size)
{
    for (size_t index = 0; index < size; index++) {
        if (bytes[index] != 0xFF) {
            return false;
        }
    }
    return true;
}

static void row_read(const ud_journal_t *journal, uint32_t offset, row_t *row)
{
    row->quality = ROW_JUNK;
    if (ud_port_flash_read(journal->port, UD_AREA_JOURNAL, offset, row->bytes, HALF_SIZE) != UD_OK) {
        return;
    }
    bool head_erased = is_erased(row->bytes, HALF_SIZE);
    uint32_t sequence = ud_get_u32le(row->bytes + 4);
    bool head_good = row->bytes[0] < UD_ROW_COUNT && row->bytes[1] == FORMAT && sequence != 0 &&
                     sequence <= SEQUENCE_MAX && ud_get_u16le(row->bytes + 2) == head_check(row->bytes);
    if (head_good) {
        row->quality = ROW_TORN;
        row->kind = (ud_row_kind_t)row->bytes[0];
        row->sequence = sequence;
    }
    uint8_t *tail = row->bytes + HALF_SIZE;
    if (ud_port_flash_read(journal->port, UD_AREA_JOURNAL, offset + HALF_SIZE, tail, HALF_SIZE) != UD_OK) {
        return;
    }
    if (head_erased && is_erased(tail, HALF_SIZE)) {
        row->quality = ROW_ERASED;
    } else if (head_good && ud_get_u32le(row->bytes + CRC_OFFSET) == ud_crc32(0, row->bytes, CRC_OFFSET)) {
        row->quality = ROW_VALID;
    }
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* Takes the next place of the lane's sector, whether the row gets there or not. */
static bool place_row(ud_journal_t *journal, int lane, const uint8_t *bytes)
{
    ud_journal_lane_t *state = &journal->lane[lane];
    uint32_t offset = sector_offset(journal, lane, state->sector) + state->row * UD_JOURNAL_ROW_SIZE;
    uint8_t back[UD_JOURNAL_ROW_SIZE];
    state->row++;
    ud_port_watchdog_feed(journal->port);
    return ud_port_flash_program(journal->port, UD_AREA_JOURNAL, offset, bytes, HALF_SIZE) == UD_OK &&
           ud_port_flash_program(journal->port, UD_AREA_JOURNAL, offset + HALF_SIZE, bytes + HALF_SIZE, HALF_SIZE) ==
               UD_OK &&
           ud_port_flash_read(journal->port, UD_AREA_JOURNAL, offset, back, sizeof back) == UD_OK &&
           memcmp(back, bytes, sizeof back) == 0;
}

static bool put_row(ud_journal_t *journal, int lane, const uint8_t *bytes)
{
    for (int tries = 0; tries < TRIES_MAX && journal->lane[lane].row < rows_per_sector(journal); tries++) {
        if (place_row(journal, lane, bytes)) {
            return true;
        }
    }
    return false;
}

static bool put_kind(ud_journal_t *journal, int lane, int kind)
{
    uint8_t bytes[UD_JOURNAL_ROW_SIZE];
    row_encode(bytes, (ud_row_kind_t)kind, journal->sequence[kind], journal->payload[kind]);
    return put_row(journal, lane, bytes);
}

/* The kind with the lowest sequence above `after`, UD_ROW_COUNT if there is none. */
static int next_kind(const ud_journal_t *journal, uint32_t after)
{
    int found = UD_ROW_COUNT;
    for (int kind = 0; kind < UD_ROW_COUNT; kind++) {
        if (journal->sequence[kind] > after &&
            (found == UD_ROW_COUNT || journal->sequence[kind] < journal->sequence[found])) {
            found = kind;
        }
    }
    return found;
}

/* Writes the present rows above the sequence `after`, in its order: until the last one is there, a sector that is left
 * remains the one with the highest.
 */
static bool put_rows(ud_journal_t *journal, int lane, uint32_t after)
{
    bool good = true;
    int kind = next_kind(journal, after);
    for (; good && kind != UD_ROW_COUNT; kind = next_kind(journal, journal->sequence[kind])) {
        good = put_kind(journal, lane, kind);
    }
    return good;
}

/* Moves the lane to its next sector that takes the present row of every kind. */
static bool rotate(ud_journal_t *journal, int lane)
{
    ud_journal_lane_t *state = &journal->lane[lane];
    uint32_t count = sectors_per_lane(journal);
    uint32_t home = state->sector;
    for (uint32_t step = 1; step < count; step++) {
        state->sector = (home + step) % count;
        state->row = 0;
        ud_port_watchdog_feed(journal->port);
        uint32_t offset = sector_offset(journal, lane, state->sector);
        if (ud_port_flash_erase(journal->port, UD_AREA_JOURNAL, offset) == UD_OK && put_rows(journal, lane, 0)) {
            return true;
        }
    }
    return false;
}

/* Brings the present rows above the sequence `after` to the lane. */
static bool lane_take(ud_journal_t *journal, int lane, uint32_t after)
{
    ud_journal_lane_t *state = &journal->lane[lane];
    state->worn = state->worn || !(put_rows(journal, lane, after) || rotate(journal, lane));
    return !state->worn;
}

/* Brings the present rows above the sequence `after` to both lanes, one after the other. */
static ud_err_t take(ud_journal_t *journal, int first_lane, uint32_t after)
{
    bool first = lane_take(journal, first_lane, after);
    bool second = lane_take(journal, UD_JOURNAL_LANES - 1 - first_lane, after);
    return first || second ? UD_OK : UD_ERR_JOURNAL_WORN;
}

ud_err_t ud_journal_append(ud_journal_t *journal, ud_row_kind_t kind, const uint8_t *payload)
{
    uint8_t payload_before[UD_JOURNAL_PAYLOAD_SIZE];
    uint32_t sequence_before = journal->sequence[kind];
    uint32_t after = journal->next_sequence - 1;
    memcpy(payload_before, journal->payload[kind], sizeof payload_before);
    memmove(journal->payload[kind], payload, UD_JOURNAL_PAYLOAD_SIZE);
    journal->sequence[kind] = journal->next_sequence++;
    ud_err_t err = take(journal, 0, after);
    if (err != UD_OK) {
        journal->sequence[kind] = sequence_before;
        memcpy(journal->payload[kind], payload_before, sizeof payload_before);
    }
    return err;
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

static void survey_row(ud_journal_t *journal, survey_t *survey, int lane, uint32_t sector, const row_t *row)
{
    survey->written = true;
    if (row->quality == ROW_JUNK) {
        return;
    }
    if (row->sequence >= journal->next_sequence) {
        journal->next_sequence = row->sequence + 1;
        survey->newest_lane = lane;
    }
    if (row->quality == ROW_TORN) {
        survey->torn[row->kind] = row->sequence > survey->torn[row->kind] ? row->sequence : survey->torn[row->kind];
        return;
    }
    if (row->sequence > journal->sequence[row->kind]) {
        journal->sequence[row->kind] = row->sequence;
        memcpy(journal->payload[row->kind], row->bytes + PAYLOAD_OFFSET, UD_JOURNAL_PAYLOAD_SIZE);
    }
    ud_journal_lane_t *state = &journal->lane[lane];
    if (row->sequence > survey->top[lane]) {
        survey->top[lane] = row->sequence;
        survey->twice[lane] = false;
        state->sector = sector;
    } else if (row->sequence == survey->top[lane] && sector != state->sector) {
        survey->twice[lane] = true;
    }
}

/* Rows are written in order, but a place that failed may look erased: the end is there after a run of erased ones. */
static void survey_sector(ud_journal_t *journal, survey_t *survey, int lane, uint32_t sector)
{
    uint32_t offset = sector_offset(journal, lane, sector);
    uint32_t rows = rows_per_sector(journal);
    row_t row;
    ud_port_watchdog_feed(journal->port);
    for (uint32_t index = 0, erased = 0; index < rows && erased <= TRIES_MAX; index++) {
        row_read(journal, offset + index * UD_JOURNAL_ROW_SIZE, &row);
        erased = row.quality == ROW_ERASED ? erased + 1 : 0;
        if (row.quality != ROW_ERASED) {
            survey_row(journal, survey, lane, sector, &row);
        }
    }
}

/* Finds the next free place of the lane's sector, and says as bits which kinds have their newest row there. */
static unsigned survey_lane(ud_journal_t *journal, int lane)
{
    ud_journal_lane_t *state = &journal->lane[lane];
    uint32_t offset = sector_offset(journal, lane, state->sector);
    uint32_t rows = rows_per_sector(journal);
    unsigned held = 0;
    row_t row;
    state->row = 0;
    for (uint32_t index = 0, erased = 0; index < rows && erased <= TRIES_MAX; index++) {
        row_read(journal, offset + index * UD_JOURNAL_ROW_SIZE, &row);
        erased = row.quality == ROW_ERASED ? erased + 1 : 0;
        state->row = row.quality == ROW_ERASED ? state->row : index + 1;
        if (row.quality == ROW_VALID && row.sequence == journal->sequence[row.kind]) {
            held |= 1u << row.kind;
        }
    }
    return held;
}

/* Finds the free places of both lanes, and says as bits which kinds are to be written again: what one lane lacks, what a
 * torn row may change tomorrow, and what only a cut rotation has.
 */
static unsigned find_loose(ud_journal_t *journal, const survey_t *survey)
{
    unsigned loose = 0;
    for (int lane = 0; lane < UD_JOURNAL_LANES; lane++) {
        if (survey->top[lane] == 0) {
            journal->lane[lane].sector = sectors_per_lane(journal) - 1;
            journal->lane[lane].row = rows_per_sector(journal);
            loose = ~0u;
            continue;
        }
        loose |= ~survey_lane(journal, lane);
        for (int kind = 0; kind < UD_ROW_COUNT; kind++) {
            loose |= survey->twice[lane] && journal->sequence[kind] == survey->top[lane] ? 1u << kind : 0;
        }
    }
    for (int kind = 0; kind < UD_ROW_COUNT; kind++) {
        bool newer = survey->torn[kind] > journal->sequence[kind];
        bool exists = journal->sequence[kind] != 0;
        loose = newer || (exists && (loose >> kind & 1)) ? loose | 1u << kind : loose & ~(1u << kind);
    }
    return loose;
}

/* Writes the loose kinds again, above all that was seen. The lane of the newest row comes last: to make room it may have
 * to erase that row, perhaps a torn one, and an erase cut short may read as done and be undone. By then the other lane
 * says what is newer.
 */
static ud_err_t settle(ud_journal_t *journal, const survey_t *survey)
{
    unsigned loose = find_loose(journal, survey);
    uint32_t after = journal->next_sequence - 1;
    for (int kind = 0; kind < UD_ROW_COUNT; kind++) {
        if ((loose >> kind & 1) != 0) {
            journal->sequence[kind] = journal->next_sequence++;
        }
    }
    return loose == 0 ? UD_OK : take(journal, UD_JOURNAL_LANES - 1 - survey->newest_lane, after);
}

/* Nothing valid is there: make it so for good. What reads as erased, or as junk, may be an erase that power cut short, and
 * its rows may come back.
 */
static void blank(ud_journal_t *journal)
{
    const ud_area_geometry_t *area = ud_port_area(journal->port, UD_AREA_JOURNAL);
    for (uint32_t offset = 0; offset < area->size_bytes; offset += area->sector_size_bytes) {
        ud_port_watchdog_feed(journal->port);
        /* a sector that refuses is found out by the first row that goes there */
        ud_err_t err = ud_port_flash_erase(journal->port, UD_AREA_JOURNAL, offset);
        (void)err;
    }
}

ud_err_t ud_journal_open(ud_journal_t *journal, ud_port_t *port)
{
    survey_t survey = {.written = false};
    *journal = (ud_journal_t){.port = port, .next_sequence = 1};
    UD_ASSERT(sector_size(journal) % UD_JOURNAL_ROW_SIZE == 0 && sectors_per_lane(journal) >= 2);
    for (int lane = 0; lane < UD_JOURNAL_LANES; lane++) {
        for (uint32_t sector = 0; sector < sectors_per_lane(journal); sector++) {
            survey_sector(journal, &survey, lane, sector);
        }
    }
    bool credible = journal->next_sequence <= SEQUENCE_CREDIBLE;
    if (credible && (survey.top[0] != 0 || survey.top[1] != 0)) {
        journal->condition = UD_JOURNAL_PRESENT;
        return settle(journal, &survey);
    }
    *journal = (ud_journal_t){.port = port, .next_sequence = credible ? journal->next_sequence : 1};
    journal->condition = survey.written ? UD_JOURNAL_LOST : UD_JOURNAL_NEW;
    blank(journal);
    return UD_OK;
}

const uint8_t *ud_journal_get(const ud_journal_t *journal, ud_row_kind_t kind)
{
    return journal->payload[kind];
}

bool ud_journal_is_worn(const ud_journal_t *journal)
{
    return journal->lane[0].worn || journal->lane[1].worn;
}
