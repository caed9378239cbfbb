/* The journal: a small table of rows, the last value of each kind wins, kept twice, on flash that may lie.
 *
 *   journal area      | sector 0 | sector 1 | ... | sector n-1 |        at least four sectors
 *                     |<---- lane 0 ---->|<---- lane 1 ------->|        half of them each
 *   sector            | row | row | row | ...                  |        64 bytes each, written in order
 *
 *   row, 64 bytes     0 kind u8 | 1 format u8 (1) | 2 head check u16 | 4 sequence u32 | 8 payload, first 24 bytes
 *                     32 payload, last 28 bytes | 60 CRC-32 of bytes 0 to 59
 *
 * Writing: a row goes to lane 0 and is read back, then to lane 1 and is read back; it counts when one lane has it. Its
 * two halves are two program operations: a row torn in the first can never become valid, a row torn in the second can
 * be seen to be torn (its head check holds) and its sequence number is known.
 * Reading: per kind, the valid row with the highest sequence, of any sector of either lane.
 * Opening: where the lanes disagree about the newest row of a kind, or a torn row is newer, the newest valid row is
 * written again to both lanes under a sequence above all that was seen, before anybody acts on it. So a word that reads
 * differently tomorrow (torn by a power cut, neither erased nor programmed) changes nothing that was acted upon today.
 * A journal without a valid row is erased as a whole first: an erase that power cut short may read as done, and be undone.
 * Rotation: when a lane's sector is full, its next one is erased and takes the present row of every kind first; the
 * full one stays until the lane comes round to it, when each of its rows is elsewhere in the same lane. Cut short, it is
 * begun anew by opening, which writes all present rows again.
 * Geometry is as ud_slot_check_areas() asks: a lane with one sector is worn when that is full.
 *
 * Proved by tests/powercut/journal_model.c; why it is so: docs/decisions/0002-journal.md.
 * RAM: one ud_journal_t, about 360 bytes on a 32-bit machine. Two program operations and one erase per lane at most, in the
 * absence of defects.
 */
#ifndef UD_SLOT_JOURNAL_H
#define UD_SLOT_JOURNAL_H

#include "core/base/err.h"
#include "include/updraft/port.h"

#include <stdbool.h>
#include <stdint.h>

#define UD_JOURNAL_LANES 2
#define UD_JOURNAL_ROW_SIZE 64
#define UD_JOURNAL_PAYLOAD_SIZE 52

/* Kinds of rows. The numbers are on flash: never change them. */
typedef enum {
    UD_ROW_SLOT,     /* what boot and agent agreed: state, attempts, install (core/slot/record.h) */
    UD_ROW_REASON,   /* what boot did last, and to which image */
    UD_ROW_BAD,      /* images that failed here */
    UD_ROW_DOWNLOAD, /* the agent's download */
    UD_ROW_REPORT,   /* the agent's report numbering */
    UD_ROW_REVOKED,  /* keys that a confirmed image revoked */
    UD_ROW_COUNT
} ud_row_kind_t;

/* What opening found. */
typedef enum {
    UD_JOURNAL_NEW,     /* every sector erased: a new device */
    UD_JOURNAL_LOST,    /* something is written, nothing of it is valid */
    UD_JOURNAL_PRESENT, /* at least one valid row */
} ud_journal_condition_t;

/* The present row of a kind, as it is on flash but for what checks it. */
typedef struct {
    uint32_t sequence;                        /* 0: there is none */
    uint8_t payload[UD_JOURNAL_PAYLOAD_SIZE]; /* zeros where there is none */
} ud_journal_row_t;

/* The journal in RAM: the caller's, for as long as it is used. Opened again at each start. */
typedef struct {
    ud_port_t *port;
    ud_journal_condition_t condition;
    uint32_t next_sequence;
    uint32_t next[UD_JOURNAL_LANES]; /* offset of the next place; where a sector begins, it is to be erased first */
    ud_journal_row_t row[UD_ROW_COUNT];
} ud_journal_t;

/* Reads the journal of `port` and settles what the last power cut left open (see above). To be called once per start,
 * by boot and by the agent each for itself, before any other function. Takes as long as reading what is written there.
 * Errors: UD_ERR_JOURNAL_WORN (neither lane took a repair: the journal can be read, and what was read may be acted on
 * only by reading). A lost journal is no error: see `condition`.
 * Power fail: open again.
 */
UD_MUST_USE ud_err_t ud_journal_open(ud_journal_t *journal, ud_port_t *port);

/* The present payload of `kind`: UD_JOURNAL_PAYLOAD_SIZE bytes, zeros if there is none; good until the next append. */
static inline const uint8_t *ud_journal_get(const ud_journal_t *journal, ud_row_kind_t kind)
{
    return journal->row[kind].payload;
}

/* Replaces the payload of `kind` with UD_JOURNAL_PAYLOAD_SIZE bytes. On return both lanes have it, or one lane has and
 * the other is worn. `payload` may be what ud_journal_get gave: the same row is made firm by writing it again.
 * Errors: UD_ERR_JOURNAL_WORN (neither lane took it; RAM and flash still hold what was there before).
 * Power fail: old or new; never in between, and what the next open says stays so.
 */
UD_MUST_USE ud_err_t ud_journal_append(ud_journal_t *journal, ud_row_kind_t kind, const uint8_t *payload);

/* True if a lane refused a row since the journal was opened. */
bool ud_journal_is_worn(const ud_journal_t *journal);

#endif
