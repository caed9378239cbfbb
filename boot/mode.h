/* What an install mode is to boot: its table of decisions, and how images get to where they run. One file each: swap.c,
 * overwrite.c, xip.c; a product links the one that its ud_boot_config_t names.
 *
 * ud_slot_record_t is the plan and the progress; core/slot/record.h draws the places. Only what images use is moved.
 * RAM: 512 bytes of stack. Each function feeds the watchdog once per flash operation.
 */
#ifndef UD_BOOT_MODE_H
#define UD_BOOT_MODE_H

#include "boot/inspect.h"
#include "boot/policy.h"
#include "core/slot/record.h"
#include "include/updraft/boot.h"

struct ud_boot_mode {
    const ud_slot_mode_t *slots;
    ud_boot_policy_t policy;

    /* Writes the plan to take an image of `size_bytes` to where images run: UD_INSTALL_UPGRADE takes the one at the staging
     * offset of the spare slot, UD_INSTALL_REVERT brings back the one before. `record` is written as it is, but for the
     * plan. Nothing has moved yet. The image fits, as ud_boot_inspect() saw.
     * Errors: UD_ERR_JOURNAL_WORN: nothing is begun, whatever `record` says.
     */
    ud_err_t (*begin)(ud_journal_t *journal, ud_slot_record_t *record, ud_install_t direction, uint32_t size_bytes);

    /* Moves until the plan is done, from wherever a power cut left it. The caller writes what it means. A swap whose
     * source cannot be read turns its direction, once (`record.turned`, `record.install`, `record.reason`): the other
     * image is still whole. What cannot be put away to slot B is given up: the image that goes to slot A matters more.
     * A journal that takes no row to begin with: nothing moves, unless `unnoted`. When it takes no more rows later the
     * move goes on all the same: stopping here would help nobody.
     * Errors: UD_ERR_JOURNAL_WORN (nothing has moved), UD_ERR_FLASH_READ (neither image is whole),
     * UD_ERR_FLASH_WRITE (slot A does not take it),
     * UD_ERR_INTERNAL (the plan does not fit the slots).
     * Power fail: to be called again, after the journal was opened again.
     */
    ud_err_t (*move)(ud_journal_t *journal, const ud_boot_config_t *config, ud_slot_record_t *record, bool unnoted);

    /* Makes the image that was found in the spare slot the one that runs, whatever is there; the spare slot stays as it is.
     * No plan, no progress: it is for an image that is lost, and is begun anew after a power cut.
     * Errors: UD_ERR_FLASH_READ, UD_ERR_FLASH_WRITE.
     */
    ud_err_t (*rescue)(ud_port_t *port, const ud_boot_config_t *config, ud_slot_record_t *record,
                       const ud_boot_found_t *found);

    /* Whether the good image `b` of the spare slot is above (> 0) or below (< 0) the good one that runs: the higher one is tried
     * when nothing is known of either. NULL: slot A's runs for good.
     */
    int (*compare)(const ud_boot_found_t *b, const ud_boot_found_t *a);
};

#endif
