#include <mbedtls/platform_util.h>
#include <stdint.h>

/* Overwrites secrets; volatile, so that no compiler knows better. */
void mbedtls_platform_zeroize(void *data, size_t size)
{
    volatile uint8_t *bytes = data;
    for (size_t index = 0; index < size; index++) {
        bytes[index] = 0;
    }
}
