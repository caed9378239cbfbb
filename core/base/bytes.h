/* Bytes of known number, moved by a call: compilers that optimise for size still write short copies out in line, up to 64
 * bytes of them, three times as long as the call.
 */
#ifndef UD_BASE_BYTES_H
#define UD_BASE_BYTES_H

#include <stddef.h>

/* As memmove: both may overlap, or be the same. */
void ud_bytes_copy(void *to, const void *from, size_t size);

#endif
