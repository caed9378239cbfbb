/* The life of a device as boot's tests tell it: a simulated board with signed images, its starts, and what its agent says
 * to the journal in between.
 */
#ifndef UD_TESTS_UNIT_BOOT_LIFE_H
#define UD_TESTS_UNIT_BOOT_LIFE_H

#include "core/slot/slot.h"
#include "tests/powercut/harness.h"

/* The signed images of all boards; made by set_up. */
extern powercut_images_t life_images;

/* One start, and what came of it. */
typedef struct {
    ud_board_end_t end;
    ud_boot_result_t result;
    powercut_image_name_t name;
    ud_slot_status_t status;
} start_t;

/* Starts the device; a start that returns must have a valid verdict. */
start_t start(ud_port_t *board, ud_reset_cause_t cause);

/* What the agent does to the journal of a running device. */
typedef ud_err_t (*agent_act_t)(ud_journal_t *journal);
void act(ud_port_t *board, agent_act_t what);
ud_err_t act_stage(ud_journal_t *journal);
ud_err_t act_confirm(ud_journal_t *journal);
ud_err_t act_reject(ud_journal_t *journal);
ud_err_t act_give_up_contact(ud_journal_t *journal);
ud_err_t act_announce(ud_journal_t *journal);
ud_err_t act_contact(ud_journal_t *journal);

/* True if the journal remembers the new image as bad. */
bool new_is_bad(ud_port_t *board);

/* The geometry of these boards. */
const powercut_geometry_t *geometry(void);

/* A board that runs the old image; `staged` lies in slot B, and act_stage stages it. */
ud_port_t *make_board(powercut_image_name_t staged);

/* A board on which the new image was installed and is in its first start, and one on which it was confirmed. */
ud_port_t *make_trial(void);
ud_port_t *make_confirmed(void);

/* A board with a staged image of that version, counter and hardware. */
ud_port_t *make_other(uint8_t major, uint32_t counter, const char *hardware);

/* Of each group of tests. */
int set_up(void **state);
int tear_down(void **state);

#endif
