/* The other backend of slot.h: the agent on a device whose bootloader is MCUboot (docs/mcuboot.md).
 *
 * The agent and its journal stay the same; what MCUboot is to be told stands in MCUboot's own trailers (trailer.h), what it
 * cannot keep (which image was staged, why a trial was given up, which images failed) in the journal. What became of
 * a staged image is found out at the next start, by ud_slot_open(), from both trailers and both images.
 *
 * A product links core/slot/mcuboot.c and trailer.c in place of updraft.c, defines `ud_mcuboot`, and names ud_mcuboot.slots
 * in its ud_agent_config_t.
 */
#ifndef UD_SLOT_MCUBOOT_H
#define UD_SLOT_MCUBOOT_H

#include "core/slot/slot.h"

/* What one of MCUboot's swap algorithms asks of the slots. */
typedef struct {
    uint8_t records_per_sector; /* status records: 3, or 2 */
    bool has_tlv_sizes;         /* the trailer has a field for sizes of TLV areas */
    uint8_t spare_sectors_a;    /* sectors of slot A that only serve the moving */
    uint8_t spare_sectors_b;    /* the same of slot B: a new image begins behind them */
    bool equal_sectors;         /* both slots' sectors must be of one size */
} ud_mcuboot_swap_t;

extern const ud_mcuboot_swap_t ud_mcuboot_scratch; /* MCUBOOT_SWAP_USING_SCRATCH, the default */
extern const ud_mcuboot_swap_t ud_mcuboot_move;    /* MCUBOOT_SWAP_USING_MOVE */
extern const ud_mcuboot_swap_t ud_mcuboot_offset;  /* MCUBOOT_SWAP_USING_OFFSET */

/* How the product's MCUboot was built. */
typedef struct {
    const ud_mcuboot_swap_t *swap;
    uint8_t max_align;    /* MCUBOOT_BOOT_MAX_ALIGN: 8, 16 or 32 bytes, no less than any slot's write size */
    uint16_t sectors_max; /* MCUBOOT_MAX_IMG_SECTORS */
    uint16_t key_size; /* bytes of each of the two keys (or their TLVs) that the trailer keeps; 0 without encryption */
} ud_mcuboot_t;

/* The product's; it defines this. */
extern const ud_mcuboot_t ud_mcuboot;

/* Slot A and slot B change places, by any of the three algorithms; for ud_agent_config_t.slots. */
extern const ud_slot_mode_t ud_slot_mcuboot;

#endif
