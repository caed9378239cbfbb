/* Start-up of a Cortex-M program: vectors, RAM, data, main. A vendor's start-up code does as well, if it clears the stack, too:
 * docs/porting.md, "Glitches".
 */
#include <stdint.h>

extern uint32_t ud_stack_end[];
extern uint32_t ud_data_load[];
extern uint32_t ud_data_begin[];
extern uint32_t ud_data_end[];

int main(void);
void ud_skeleton_start(void);
void ud_skeleton_halt(void);

/* A fault waits for the watchdog, so that boot sees the right cause. */
void ud_skeleton_halt(void)
{
    for (;;) {
    }
}

void ud_skeleton_start(void)
{
    /* What an earlier program left in registers and on the stack must not be there to return to. volatile: no call is made of
     * a loop.
     */
    __asm volatile("mov r4, %0\n"
                   "mov r5, %0\n"
                   "mov r6, %0\n"
                   "mov r7, %0\n"
                   "mov r8, %0\n"
                   "mov r9, %0\n"
                   "mov r10, %0\n"
                   "mov r11, %0\n"
                   "mov r12, %0\n"
                   :
                   : "l"(0)
                   : "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12");
    for (volatile uint32_t *to = ud_data_begin; to < ud_stack_end; to++) {
        *to = 0;
    }
    const uint32_t *from = ud_data_load;
    for (volatile uint32_t *to = ud_data_begin; to < ud_data_end; to++) {
        *to = *from++;
    }
    (void)main();
    ud_skeleton_halt();
}

/* The stack, the start, and the exceptions of the core; a board adds its interrupts. */
__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16] = {
    (uintptr_t)ud_stack_end,
    (uintptr_t)ud_skeleton_start,
    (uintptr_t)ud_skeleton_halt,
    (uintptr_t)ud_skeleton_halt,
};
