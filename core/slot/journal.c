#include "core/slot/journal.h"

#include "core/base/bytes.h"
#include "core/base/crc32.h"

#include <string.h>

#define FORMAT 1
#define ROW_SIZE UD_JOURNAL_ROW_SIZE
#define HALF_SIZE (ROW_SIZE / 2)

/* A head that claims more rows than a device can write in its life is junk, whatever its check says. */
#define SEQUENCE_MAX 0xFFF00000u

/* Places in a row that may fail before a sector is left for the next; so many may also look erased and not be. */
#define TRIES_MAX 4

/* In place of a lane's next place: it refused a row since the journal was opened, and is left alone until it is opened again. */
#define WORN UINT32_MAX

/* A row as it is on flash. */
typedef struct {
    uint8_t kind;
    uint8_t format;
    uint16_t head_check;
    ud_journal_row_t content;
    uint32_t crc;
} row_t;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows are little-endian, and used as they are");
_Static_assert(sizeof(row_t) == ROW_SIZE && offsetof(row_t, crc) == 60, "a row is filled");

/* What was read of a row; nothing: it is erased. */
typedef enum {
    ROW_WRITTEN = 1, /* alone: junk that was never a row, or never more than its first half */
    ROW_HEADED = 2,  /* its head is good: if it is not whole it is torn, and may be whole tomorrow */
    ROW_WHOLE = 4,   /* valid */
} row_quality_t;

static const ud_area_geometry_t *geometry(const ud_journal_t *journal)
{
    return ud_port_area(journal->port, UD_AREA_JOURNAL);
}

/* Bytes of a lane: whole sectors. */
static uint32_t lane_size(const ud_area_geometry_t *area)
{
    return area->size_bytes / 2 & ~(area->sector_size_bytes - 1);
}

/* ---- rows ------------------------------------------------------------------------------------------------------- */

static uint16_t head_check(const row_t *row)
{
    return (uint16_t)ud_crc32(ud_crc32(0, row, 2), &row->content, HALF_SIZE - 4);
}

static uint32_t row_crc(const row_t *row)
{
    return ud_crc32(0, row, offsetof(row_t, crc));
}

static bool read_half(const ud_journal_t *journal, uint32_t offset, void *half)
{
    return ud_port_flash_read(journal->port, UD_AREA_JOURNAL, offset, half, HALF_SIZE) == UD_OK;
}

static unsigned row_read(const ud_journal_t *journal, const ud_area_geometry_t *area, uint32_t offset, row_t *row)
{
    uint8_t *bytes = (uint8_t *)row;
    unsigned quality = ROW_WRITTEN;
    if (!read_half(journal, offset, bytes)) {
        return quality;
    }
    if (row->kind < UD_ROW_COUNT && row->format == FORMAT && row->content.sequence - 1 < SEQUENCE_MAX &&
        row->head_check == head_check(row)) {
        quality |= ROW_HEADED;
    }
    if (!read_half(journal, offset + HALF_SIZE, bytes + HALF_SIZE)) {
        return quality;
    }
    if (bytes[0] == area->erased_value && memcmp(bytes, bytes + 1, ROW_SIZE - 1) == 0) {
        return 0; /* all bytes are like the first */
    }
    return (quality & ROW_HEADED) != 0 && row->crc == row_crc(row) ? quality | ROW_WHOLE : quality;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static bool row_write(const ud_journal_t *journal, uint32_t offset, const row_t *row)
{
    const uint8_t *bytes = (const uint8_t *)row;
    uint8_t back[ROW_SIZE];
    for (uint32_t done = 0; done < ROW_SIZE; done += HALF_SIZE) {
        if (ud_port_flash_program(journal->port, UD_AREA_JOURNAL, offset + done, bytes + done, HALF_SIZE) != UD_OK) {
            return false;
        }
    }
    return ud_port_flash_read(journal->port, UD_AREA_JOURNAL, offset, back, sizeof back) == UD_OK &&
           memcmp(back, bytes, sizeof back) == 0;
}

static bool put_kind(const ud_journal_t *journal, uint32_t offset, unsigned kind)
{
    row_t row;
    row.kind = (uint8_t)kind;
    row.format = FORMAT;
    ud_bytes_copy(&row.content, &journal->row[kind], sizeof row.content);
    row.head_check = head_check(&row);
    row.crc = row_crc(&row);
    return row_write(journal, offset, &row);
}

/* Brings the present rows above the sequence `after` to the lane, in its order. A sector that is full, or refuses TRIES_MAX
 * times, is left for the next one, which takes the present rows of all kinds: until the last one is there, the sector that
 * was left remains the one with the highest sequence. A lane none of whose other sectors takes them is worn.
 */
static void lane_take(ud_journal_t *journal, unsigned lane, uint32_t after)
{
    const ud_area_geometry_t *area = geometry(journal);
    uint32_t in_sector = area->sector_size_bytes - 1;
    uint32_t next = journal->next[lane];
    uint32_t home = (next - 1) | in_sector;
    unsigned refused = 0;
    while (after + 1 != journal->next_sequence && next != WORN) {
        ud_port_watchdog_feed(journal->port);
        if ((next & in_sector) == 0) {
            next -= next == (lane + 1) * lane_size(area) ? lane_size(area) : 0;
            if (next + in_sector == home) {
                next = WORN;
                continue;
            }
            if (ud_port_flash_erase(journal->port, UD_AREA_JOURNAL, next) != UD_OK) {
                next += in_sector + 1;
                continue;
            }
            after = 0;
            refused = 0;
        }
        uint32_t lowest = UINT32_MAX;
        unsigned found = 0;
        for (unsigned kind = 0; kind < UD_ROW_COUNT; kind++) {
            uint32_t distance = journal->row[kind].sequence - after - 1; /* great for those that are not above */
            if (distance < lowest) {
                lowest = distance;
                found = kind;
            }
        }
        refused++;
        if (put_kind(journal, next, found)) {
            after += lowest + 1;
            refused = 0;
        }
        next |= refused == TRIES_MAX ? in_sector : ROW_SIZE - 1;
        next++;
    }
    journal->next[lane] = next;
}

/* Brings the present rows above the sequence `after` to both lanes, one after the other. */
static ud_err_t take(ud_journal_t *journal, unsigned first_lane, uint32_t after)
{
    unsigned lane = first_lane;
    do {
        lane_take(journal, lane, after);
        lane = 1 - lane;
    } while (lane != first_lane);
    return (journal->next[0] & journal->next[1]) == WORN ? UD_ERR_JOURNAL_WORN : UD_OK;
}

ud_err_t ud_journal_append(ud_journal_t *journal, ud_row_kind_t kind, const uint8_t *payload)
{
    uint8_t before[UD_JOURNAL_PAYLOAD_SIZE];
    uint32_t after = journal->next_sequence - 1;
    ud_bytes_copy(before, journal->row[kind].payload, sizeof before);
    ud_bytes_copy(journal->row[kind].payload, payload, sizeof before);
    journal->row[kind].sequence = journal->next_sequence++;
    ud_err_t err = take(journal, 0, after);
    if (err != UD_OK) {
        ud_bytes_copy(journal->row[kind].payload, before, sizeof before);
    }
    return err;
}

/* ---- opening ---------------------------------------------------------------------------------------------------- */

/* What reading all rows gives, beside what goes into the journal itself. */
typedef struct {
    unsigned found;                 /* qualities of all rows, together */
    unsigned newest_lane;           /* where the highest sequence of all was seen first */
    uint32_t seen[UD_ROW_COUNT];    /* highest sequence of each kind, valid or torn */
    uint32_t top[UD_JOURNAL_LANES]; /* highest sequence of a valid row in the lane, */
    uint32_t top_here;              /* and in the sector that is read */
    uint32_t held;                  /* kinds whose highest sequence is a valid row in the lane's newest sector */
} survey_t;

/* `held` has a bit for each kind in a byte for each lane, and in a third one for the sector that is read. */
#define HELD_HERE(kind) (0x010000u << (kind))
#define HELD_ANYWHERE(kind) (0x010101u << (kind))

static void survey_row(ud_journal_t *journal, survey_t *survey, unsigned lane, const row_t *row, unsigned quality)
{
    unsigned kind = row->kind;
    uint32_t sequence = row->content.sequence;
    if (sequence >= journal->next_sequence) {
        journal->next_sequence = sequence + 1;
        survey->newest_lane = lane;
    }
    if (sequence > survey->seen[kind]) {
        survey->seen[kind] = sequence;
        survey->held &= ~HELD_ANYWHERE(kind);
    }
    if ((quality & ROW_WHOLE) == 0) {
        return;
    }
    if (sequence == survey->seen[kind]) {
        survey->held |= HELD_HERE(kind);
    }
    if (sequence > survey->top_here) {
        survey->top_here = sequence;
    }
    if (sequence > journal->row[kind].sequence) {
        ud_bytes_copy(&journal->row[kind], &row->content, sizeof row->content);
    }
}

/* Rows are written in order, but a place that failed may look erased: the end is there after a run of erased ones. */
static void survey_sector(ud_journal_t *journal, const ud_area_geometry_t *area, survey_t *survey, unsigned lane,
                          uint32_t offset)
{
    uint32_t end = offset + area->sector_size_bytes;
    uint32_t next = offset;
    row_t row;
    survey->top_here = 0;
    survey->held &= 0xFFFF;
    ud_port_watchdog_feed(journal->port);
    for (unsigned erased = 0; offset < end && erased <= TRIES_MAX; offset += ROW_SIZE) {
        unsigned quality = row_read(journal, area, offset, &row);
        survey->found |= quality;
        erased++;
        if (quality != 0) {
            erased = 0;
            next = offset + ROW_SIZE;
        }
        if ((quality & ROW_HEADED) != 0) {
            survey_row(journal, survey, lane, &row, quality);
        }
    }
    if (survey->top_here >= survey->top[lane]) {
        survey->held &= ~(0xFFu << 8 * lane); /* the same one twice: a rotation was cut short */
        if (survey->top_here > survey->top[lane]) {
            survey->top[lane] = survey->top_here;
            survey->held |= survey->held >> 16 << 8 * lane;
            journal->next[lane] = next;
        }
    }
}

/* Writes again, above all that was seen, the kinds that not both lanes hold: what one lane lacks, what a torn row may change
 * tomorrow, and all of a lane whose rotation was cut short. The lane of the newest row comes last: to make room it may have
 * to erase that row, perhaps a torn one, and an erase cut short may read as done and be undone. By then the other lane
 * says what is newer.
 */
static ud_err_t settle(ud_journal_t *journal, const survey_t *survey)
{
    uint32_t firm = survey->held & survey->held >> 8;
    uint32_t after = journal->next_sequence - 1;
    for (unsigned kind = 0; kind < UD_ROW_COUNT; kind++) {
        if (survey->seen[kind] != 0 && (firm >> kind & 1) == 0) {
            journal->row[kind].sequence = journal->next_sequence++;
        }
    }
    return take(journal, 1 - survey->newest_lane, after);
}

/* Nothing valid is there: make it so for good. What reads as erased, or as junk, may be an erase that power cut short, and
 * its rows may come back.
 */
static void blank(const ud_journal_t *journal, const ud_area_geometry_t *area)
{
    for (uint32_t offset = 0; offset < area->size_bytes; offset += area->sector_size_bytes) {
        ud_port_watchdog_feed(journal->port);
        /* a sector that refuses is found out by the first row that goes there */
        ud_err_t err = ud_port_flash_erase(journal->port, UD_AREA_JOURNAL, offset);
        (void)err;
    }
}

ud_err_t ud_journal_open(ud_journal_t *journal, ud_port_t *port)
{
    survey_t survey = {.found = 0};
    *journal = (ud_journal_t){.port = port, .next_sequence = 1};
    const ud_area_geometry_t *area = geometry(journal);
    uint32_t size = lane_size(area);
    journal->next[0] = size;
    journal->next[1] = 2 * size;
    for (uint32_t offset = 0; offset < 2 * size; offset += area->sector_size_bytes) {
        survey_sector(journal, area, &survey, offset >= size, offset);
    }
    if ((survey.found & ROW_WHOLE) != 0) {
        journal->condition = UD_JOURNAL_PRESENT;
        return settle(journal, &survey);
    }
    journal->condition = survey.found == 0 ? UD_JOURNAL_NEW : UD_JOURNAL_LOST;
    blank(journal, area);
    return UD_OK;
}

bool ud_journal_is_worn(const ud_journal_t *journal)
{
    return journal->next[0] == WORN || journal->next[1] == WORN;
}
