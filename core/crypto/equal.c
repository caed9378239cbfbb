#include "core/crypto/crypto.h"

ud_verdict_t ud_crypto_equal(const void *left, const void *right, size_t size)
{
    const volatile uint8_t *a = left;
    const volatile uint8_t *b = right;
    uint8_t difference = size == 0;
    for (size_t index = 0; index < size; index++) {
        difference = (uint8_t)(difference | (a[index] ^ b[index]));
    }
    return difference == 0 ? UD_VERDICT_VALID : UD_VERDICT_INVALID;
}
