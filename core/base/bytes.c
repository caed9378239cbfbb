#include "core/base/bytes.h"

#include <string.h>

void ud_bytes_copy(void *to, const void *from, size_t size)
{
    memmove(to, from, size);
}
