/* What a failed UD_ASSERT does in a unit test: says where, and ends the program. A test may bring its own. */
#include "core/base/assert.h"

#include <stdio.h>
#include <stdlib.h>

__attribute__((weak)) _Noreturn void ud_assert_failed(const char *file, int line)
{
    fprintf(stderr, "%s:%d: assertion failed\n", file, line);
    abort();
}
