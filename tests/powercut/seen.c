#include "tests/powercut/seen.h"

#include <stdlib.h>

#define CAPACITY_FIRST 1024

static bool put(seen_t *seen, uint64_t number)
{
    size_t at = number & (seen->capacity - 1);
    for (; seen->numbers[at] != 0; at = (at + 1) & (seen->capacity - 1)) {
        if (seen->numbers[at] == number) {
            return false;
        }
    }
    seen->numbers[at] = number;
    seen->count++;
    return true;
}

static void grow(seen_t *seen)
{
    seen_t larger = {.capacity = seen->capacity == 0 ? CAPACITY_FIRST : seen->capacity * 2};
    larger.numbers = calloc(larger.capacity, sizeof *larger.numbers);
    if (larger.numbers == NULL) {
        abort();
    }
    for (size_t index = 0; index < seen->capacity; index++) {
        if (seen->numbers[index] != 0) {
            (void)put(&larger, seen->numbers[index]);
        }
    }
    free(seen->numbers);
    *seen = larger;
}

bool seen_add(seen_t *seen, uint64_t number)
{
    if ((seen->count + 1) * 2 > seen->capacity) {
        grow(seen);
    }
    return put(seen, number + (number == 0));
}
