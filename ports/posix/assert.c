/* A failed assertion of device code resets its board. A file of its own: tests bring theirs. */
#include "core/base/assert.h"

#include "ports/posix/board_internal.h"

#include <stdio.h>
#include <stdlib.h>

void ud_assert_failed(const char *file, int line)
{
    (void)fprintf(stderr, "assertion failed at %s:%d\n", file, line);
    if (ud_board_running() == NULL) {
        abort();
    }
    ud_board_crash(ud_board_running(), UD_RESET_FAULT);
}
