/* Arena: memory of one request, given back as a whole.
 *
 * Grows in pieces up to the cap given at creation; nothing is freed singly. Not shared between threads at the same time.
 */
#ifndef UD_DOMAIN_ARENA_H
#define UD_DOMAIN_ARENA_H

#include <stddef.h>

typedef struct ud_arena ud_arena_t;

/* Makes an arena that never holds more than `cap_bytes`. NULL when memory is short. */
ud_arena_t *ud_arena_create(size_t cap_bytes);

/* Gives all of it back; NULL is allowed. */
void ud_arena_destroy(ud_arena_t *arena);

/* `size` zeroed bytes, aligned for any type, good until the arena is destroyed; NULL when the cap is reached. */
void *ud_arena_alloc(ud_arena_t *arena, size_t size);

/* A copy of the first `size` bytes at `text` with a final NUL; NULL when the cap is reached. */
char *ud_arena_text(ud_arena_t *arena, const char *text, size_t size);

#endif
