/* The bootloader's program: decide, then jump. */
#include "ports/skeleton/port.h"

#define VTOR ((volatile uint32_t *)0xE000ED08)

/* Takes the image's stack and enters it; one piece, since no C may run between the two. */
static _Noreturn void enter(uint32_t stack, uint32_t entry)
{
    __asm volatile("msr msp, %0\n"
                   "bx %1\n"
                   :
                   : "r"(stack), "r"(entry));
    __builtin_unreachable();
}

int main(void)
{
    ud_boot_result_t result;
    ud_boot_run(&ud_skeleton_port, &ud_skeleton_boot, &result);

    /* Twice, from memory each time, with work in between: one skipped instruction must not be enough. */
    const volatile ud_verdict_t *verdict = &result.verdict;
    if (*verdict != UD_VERDICT_VALID) {
        ud_port_recover(&ud_skeleton_port);
    }
    uint32_t address = ud_skeleton_address(result.area) + result.code_offset;
    const uint32_t *vectors = (const uint32_t *)address;
    *VTOR = address;
    ud_port_watchdog_feed(&ud_skeleton_port);
    if (*verdict != UD_VERDICT_VALID) {
        ud_port_recover(&ud_skeleton_port);
    }
    enter(vectors[0], vectors[1]);
}
