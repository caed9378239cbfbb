/* Start-up of a Cortex-M program: vectors, data, bss, main. A vendor's start-up code does as well. */
#include <stdint.h>

extern uint32_t ud_stack_end[];
extern uint32_t ud_data_load[];
extern uint32_t ud_data_begin[];
extern uint32_t ud_data_end[];
extern uint32_t ud_bss_begin[];
extern uint32_t ud_bss_end[];

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
    const uint32_t *from = ud_data_load;
    for (uint32_t *to = ud_data_begin; to < ud_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = ud_bss_begin; to < ud_bss_end; to++) {
        *to = 0;
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
