/* MCUboot's image trailer: the last bytes of both slots, by which its bootloader and an application agree.
 *
 *     start of the trailer                                                                       end of the slot
 *     | status records | keys | swap size | TLV sizes | swap info | copy done | image ok | padding | magic, 16 |
 *                                           (offset)
 *
 * From swap size to image ok each field fills max_align bytes; the magic ends the slot and says max_align. A flag is one
 * byte: 1 is set, erased is unset. What MCUboot does follows from magic, image ok and copy done of both slots, first match:
 *
 *     slot B: magic    image ok   copy done   slot A: magic   image ok   copy done   it does
 *     good             unset      set         -               -          -           revert (offset only)
 *     good             unset      -           -               -          -           test: install, on trial
 *     good             set        -           -               -          -           install for good
 *     -                -          -           good            unset      set         revert
 *     otherwise                                                                      start slot A
 *
 * So the magic is what asks, and is written last. Of these fields the application writes, in slot B, swap info and magic
 * to ask for a test, and in slot A image ok to confirm: each one program on words that read as erased, never a second one.
 * Source: MCUboot's docs/design.md, "Image trailer", "Image trailers"; bootutil's headers.
 * RAM: none.
 */
#ifndef UD_SLOT_TRAILER_H
#define UD_SLOT_TRAILER_H

#include "core/slot/mcuboot.h"

/* A field as MCUboot reads it. */
typedef enum {
    UD_TRAILER_UNSET, /* erased */
    UD_TRAILER_SET,   /* 1; of the magic: the sixteen bytes for max_align */
    UD_TRAILER_BAD,   /* anything else, or unreadable */
} ud_trailer_mark_t;

/* Swap types, as they stand in the low half of swap info. */
#define UD_TRAILER_SWAP_NONE 1
#define UD_TRAILER_SWAP_TEST 2
#define UD_TRAILER_SWAP_PERMANENT 3
#define UD_TRAILER_SWAP_REVERT 4

typedef struct {
    ud_trailer_mark_t magic;
    ud_trailer_mark_t copy_done;
    ud_trailer_mark_t image_ok;
    uint8_t swap_type; /* UD_TRAILER_SWAP_*; NONE if erased, unreadable or unknown */
} ud_trailer_t;

/* Bytes of the trailer of a slot, status records included. */
uint32_t ud_trailer_size(const ud_mcuboot_t *mcuboot, const ud_port_t *port);

/* Reads the trailer of slot A or B. Nothing there, or nothing readable, is no error. */
void ud_trailer_read(const ud_mcuboot_t *mcuboot, ud_port_t *port, ud_area_t area, ud_trailer_t *trailer);

/* Makes the trailer of slot B blank and, with the offset algorithm, the first sector, where the image before began; then
 * writes swap info. Asks for nothing yet. Erases only what is not blank; may block for an erase of each of those sectors.
 * `anew`: erases the last sector in any case, for when words there read as erased and take nothing (an erase was cut short).
 * Errors: UD_ERR_FLASH_ERASE, UD_ERR_FLASH_WRITE.
 */
UD_MUST_USE ud_err_t ud_trailer_prepare(const ud_mcuboot_t *mcuboot, ud_port_t *port, bool anew);

/* Writes the magic of slot B, after ud_trailer_prepare: MCUboot tests the image there at the next start. One program.
 * Errors: UD_ERR_FLASH_WRITE (it does not read back as good).
 */
UD_MUST_USE ud_err_t ud_trailer_request(const ud_mcuboot_t *mcuboot, ud_port_t *port);

/* Erases the last sector of slot B if anything is written in the fields there. Errors: UD_ERR_FLASH_ERASE. */
UD_MUST_USE ud_err_t ud_trailer_withdraw(const ud_mcuboot_t *mcuboot, ud_port_t *port);

/* Writes image ok of slot A: the running image stays. One program.
 * Errors: UD_ERR_FLASH_WRITE (the word was not erased, or does not read back).
 */
UD_MUST_USE ud_err_t ud_trailer_confirm(const ud_mcuboot_t *mcuboot, ud_port_t *port);

#endif
