#include "core/crypto/crypto.h"

/* What the verdict INVALID lacks to be VALID, in two parts. */
#define FIRST_PART 0x1234E9F1u
#define SECOND_PART ((uint32_t)UD_VERDICT_VALID ^ (uint32_t)UD_VERDICT_INVALID ^ FIRST_PART)

/* Written so that no skipped instruction makes VALID of two runs that differ: the verdict begins as INVALID and is put
 * together of two parts, each behind a condition of its own, which begins as not met and is kept in memory, so that compilers
 * do not make one of the two. A loop that was left early has not counted to `size`, which is kept twice: a copy that was
 * skipped, with nothing in its place, must not be what the count is compared with. A run compared with itself is no proof:
 * setting one of the arguments was skipped.
 */
ud_verdict_t ud_crypto_equal(const void *left, const void *right, size_t size)
{
    const volatile uint8_t *a = left;
    const volatile uint8_t *b = right;
    volatile uint32_t difference = UINT32_MAX;
    volatile uint32_t remainder = UINT32_MAX;
    volatile size_t limit = size;
    volatile size_t expected = size;
    volatile size_t done = 0;
    uint32_t found = size == 0 || left == right;
    while (done < limit) {
        found |= a[done] ^ b[done];
        done++;
    }
    difference = found;
    remainder = found | (uint32_t)(done ^ expected);
    uint32_t verdict = UD_VERDICT_INVALID;
    if (difference == 0) {
        verdict ^= FIRST_PART;
    }
    if (remainder == 0) {
        verdict ^= SECOND_PART;
    }
    return (ud_verdict_t)verdict;
}
