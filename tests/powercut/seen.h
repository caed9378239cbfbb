/* A set of numbers that only grows: the states that were seen. */
#ifndef UD_TESTS_POWERCUT_SEEN_H
#define UD_TESTS_POWERCUT_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: empty. `numbers` is the caller's to free. */
typedef struct {
    uint64_t *numbers; /* open addressing, 0: free */
    size_t count;
    size_t capacity; /* a power of two */
} seen_t;

/* True if the number was not in the set; then it is. Ends the program when memory is short. */
bool seen_add(seen_t *seen, uint64_t number);

#endif
