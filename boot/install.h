/* How an image gets into slot A. One strategy is linked; swap.c is the one there is: the image before is kept in slot B
 * and can come back.
 *
 * ud_slot_record_t is the plan and the progress; core/slot/record.h draws the places. Only what images use is moved.
 * RAM: 512 bytes of stack. Each function feeds the watchdog once per flash operation.
 */
#ifndef UD_BOOT_INSTALL_H
#define UD_BOOT_INSTALL_H

#include "core/slot/record.h"

/* Writes the plan to move images of up to `size_bytes` (the longer of both): UD_INSTALL_UPGRADE takes the image at the
 * staging offset of slot B to slot A, UD_INSTALL_REVERT the one at its start. `record` is written as it is, but for the
 * plan. Nothing has moved yet.
 * Errors: UD_ERR_JOURNAL_WORN, UD_ERR_IMAGE_TOO_LARGE: nothing is begun.
 */
UD_MUST_USE ud_err_t ud_install_begin(ud_journal_t *journal, ud_slot_record_t *record, ud_install_t direction,
                                      uint32_t size_bytes);

/* Moves until the plan is done, from wherever a power cut left it; `record.hole` is at its end then. The caller writes
 * what it means. A source that cannot be read turns the direction, once (`record.turned`, `record.install`,
 * `record.reason`): the other image is still whole. What cannot be put away to slot B is given up: the image that goes
 * to slot A matters more.
 * When the journal takes no more rows it goes on all the same: stopping here would help nobody.
 * Errors: UD_ERR_FLASH_READ (neither image is whole), UD_ERR_FLASH_WRITE (slot A does not take it),
 * UD_ERR_INTERNAL (the plan does not fit the slots).
 * Power fail: to be called again, after the journal was opened again.
 */
UD_MUST_USE ud_err_t ud_install_move(ud_journal_t *journal, ud_slot_record_t *record);

/* Copies `size_bytes` at `offset` of slot B to slot A, whatever is there; slot B stays. No plan, no progress: it is for
 * a slot A that is lost, and is begun anew after a power cut.
 * Errors: UD_ERR_FLASH_READ, UD_ERR_FLASH_WRITE.
 */
UD_MUST_USE ud_err_t ud_install_rescue(ud_port_t *port, uint32_t offset, uint32_t size_bytes);

#endif
