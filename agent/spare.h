/* The spare slot, written chunk by chunk: erases only what it must, programs only what is erased, reads all back.
 *
 * A sector is judged when its first byte is reached. It is erased if a word in it can be neither kept (it matches the
 * chunk at hand) nor programmed (it is erased). Where a power cut may have struck, right behind the place of a resume,
 * it is erased in any case: a word that was torn may read true today and false tomorrow. A word that turns out bad
 * later costs its sector, and the data before it in the sector must come again.
 * Offsets are of the image; the image begins at ud_slot_staging_offset() in the slot that ud_slot_spare() names.
 */
#ifndef UD_AGENT_SPARE_H
#define UD_AGENT_SPARE_H

#include "core/base/err.h"
#include "include/updraft/port.h"

#include <stdint.h>

typedef struct {
    uint32_t base;        /* bytes into the slot where the image begins */
    uint32_t judged_end;  /* sectors below are fit: erased, or hold what this download wrote */
    uint32_t suspect_end; /* sectors that begin below are erased, whatever they seem to hold */
    uint16_t written;     /* bytes of the present chunk that are in flash */
    uint8_t area;         /* ud_area_t: the slot */
    uint8_t retries;      /* erases of the last sector below judged_end, in a row */
} ud_spare_t;

typedef enum {
    UD_SPARE_MORE,  /* call again */
    UD_SPARE_DONE,  /* the chunk is in flash and was read back */
    UD_SPARE_AGAIN, /* a sector that began before this chunk was erased: give data from its anchor again */
} ud_spare_progress_t;

/* Begins to write the image that begins at `base` of `area`, from its byte `offset`, a multiple of the anchor unit. A power
 * cut may have torn words in the `suspect_size` bytes from there: the anchor unit after a resume, 0 for a new download.
 */
void ud_spare_begin(ud_spare_t *spare, ud_area_t area, uint32_t base, uint32_t offset, uint32_t suspect_size);

/* Does at most one page program, one erase and a look at a sector for the chunk of `size` bytes at `offset`; `written` counts
 * on and begins anew with each chunk. Errors: UD_ERR_FLASH_WRITE, UD_ERR_FLASH_ERASE (after UD_AGENT_SECTOR_RETRIES).
 */
UD_MUST_USE ud_err_t ud_spare_step(ud_spare_t *spare, ud_port_t *port, uint32_t offset, const uint8_t *data,
                                   uint32_t size, ud_spare_progress_t *progress);

/* After the last chunk: boot reads beyond the image's end (ud_slot_reach), so what is there must be readable, whatever it
 * says; a sector there that is not is erased. UD_ERR_WOULD_BLOCK: call again. Errors:
 * UD_ERR_FLASH_ERASE.
 */
UD_MUST_USE ud_err_t ud_spare_finish(ud_spare_t *spare, ud_port_t *port, uint32_t image_size);

/* Bytes between two download records of the journal: max(chunk, 4 KB, sector of the spare slot). */
uint32_t ud_spare_anchor_unit(const ud_port_t *port, ud_area_t area, uint32_t chunk_size);

#endif
