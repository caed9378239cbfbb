/* The row UD_ROW_SLOT: all that boot and agent agree upon, so that each change of it is one row.
 *
 * While an image is moved, slot A and slot B are one chain of places, each one unit large:
 *
 *     place   0     1     2     3     ...  2n-1    2n
 *             B[0]  A[0]  B[1]  A[1]  ...  A[n-1]  B[n]
 *
 * Exactly one of them is free: the hole. An upgrade begins with the hole at 0 (the new image lies in B[1..n]) and moves
 * it to 2n: whatever is behind the hole is copied into it. A revert moves it back. At each moment both images are whole,
 * in the places beside the hole, and a copy that was cut short is simply done again: its source is still there.
 * Boot moves (boot/swap.c); the agent only stages, confirms and rejects (core/slot/slot.h). That is swap; overwriting
 * counts copied units (boot/overwrite.c), and direct XIP moves nothing but `runs_b` (boot/xip.c).
 */
#ifndef UD_SLOT_RECORD_H
#define UD_SLOT_RECORD_H

#include "core/slot/slot.h"

#include <stddef.h>

/* What is to be done with slot B, or is being done. The numbers are on flash: never change them. */
typedef enum {
    UD_INSTALL_NONE,
    UD_INSTALL_STAGED,  /* begin an upgrade at the next start */
    UD_INSTALL_UPGRADE, /* the hole moves up: the image of slot B goes to slot A */
    UD_INSTALL_REVERT,  /* the hole moves down: the image before comes back */
    UD_INSTALL_COUNT
} ud_install_t;

/* The row as it is on flash, byte for byte: never move a member. The flags fill their byte from its lowest bit upwards. */
typedef struct {
    uint8_t state;           /* ud_slot_state_t */
    uint8_t install;         /* ud_install_t */
    uint8_t attempts;        /* starts of the present trial that used up an attempt */
    uint8_t abnormal_resets; /* of the confirmed image since the last contact */
    bool announced : 1;      /* the reset to come is meant */
    bool turned : 1;         /* this install changed its direction once: it will not again */
    bool runs_b : 1;         /* direct XIP: slot B is the one that runs, or that `state` speaks of */
    bool crossed : 1;        /* the image before is installed by moving the hole down, and given back by moving it up */
    uint8_t announced_count; /* of them in the present trial; saturates, and then they are no longer free */
    uint16_t reason;         /* ud_err_t: UD_OK, or why the trial is to end or the revert is under way */
    uint16_t hole;           /* swap: its place, 0 to 2 * units; overwrite: units copied */
    uint16_t units;          /* length of the longer of both images; overwrite: of the new one */
    uint32_t security_counter;
    uint8_t spare[4];
    uint8_t digest[UD_SHA256_SIZE]; /* image hash of what is staged, being installed or on trial */
} ud_slot_record_t;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows are little-endian, and used as they are");
_Static_assert(sizeof(ud_slot_record_t) == UD_JOURNAL_PAYLOAD_SIZE, "the slot row is filled");
_Static_assert(offsetof(ud_slot_record_t, reason) == 6 && offsetof(ud_slot_record_t, digest) == 20, "without gaps");

/* The present record; all zero (EMPTY, NONE, UD_OK) if there is none. A value that no version wrote reads as zero. */
void ud_slot_record_get(const ud_journal_t *journal, ud_slot_record_t *record);

/* Writes the record, changed or not. Errors: UD_ERR_JOURNAL_WORN. Power fail: old or new. */
UD_MUST_USE ud_err_t ud_slot_record_put(ud_journal_t *journal, const ud_slot_record_t *record);

/* Notes that boot is to install the image with this hash; `crossed` as in the record. Errors: UD_ERR_NOT_CONFIRMED (slot A is
 * on trial), UD_ERR_JOURNAL_WORN.
 */
UD_MUST_USE ud_err_t ud_slot_record_stage(ud_journal_t *journal, const uint8_t digest[UD_SHA256_SIZE], bool crossed);

/* Remembers what boot did, for the agent to report; writes only what is new. Errors: UD_ERR_JOURNAL_WORN. */
UD_MUST_USE ud_err_t ud_slot_reason_put(ud_journal_t *journal, ud_boot_reason_t boot_reason, ud_err_t revert_reason,
                                        const uint8_t digest[UD_SHA256_SIZE]);

/* What boot remembered last, of all that ud_slot_status() tells. */
ud_boot_reason_t ud_slot_boot_reason(const ud_journal_t *journal);

/* Puts `digest` first in the list of bad images; writes only what is new. Errors: UD_ERR_JOURNAL_WORN. */
UD_MUST_USE ud_err_t ud_slot_bad_put(ud_journal_t *journal, const uint8_t digest[UD_SHA256_SIZE]);

#endif
