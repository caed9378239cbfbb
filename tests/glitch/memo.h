/* Remembers what costly functions did. A call with the same inputs then is one step, and leaves what the first one left.
 *
 * Inputs are r0 to r3, the stack pointer, and all RAM that is read before it is written; outputs are all RAM that is written
 * (the dead stack too), r0 to r3, r12, lr and the flags. That is exact for functions that keep to the procedure call
 * standard, but for the copies of saved registers that they leave below the stack pointer.
 */
#ifndef UD_GLITCH_MEMO_H
#define UD_GLITCH_MEMO_H

#include "tests/glitch/thumb.h"

/* Steps after which a costly call, done for real, counts as hung. */
#define MEMO_STEPS_MAX 200000000u

/* Does the whole call that begins at the instruction to come; it counts as one step. False if it is not to be done so: from
 * inside an IT block, or with a return address that is none.
 */
bool memo_call(thumb_t *cpu);

#endif
