/* What the MCU backend takes from Mbed TLS 3.6 (MBEDTLS_CONFIG_FILE): the smaller of each choice it offers. */
#ifndef UD_MCU_MBEDTLS_CONFIG_H
#define UD_MCU_MBEDTLS_CONFIG_H

#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_SHA512_C
#define MBEDTLS_SHA512_SMALLER

#endif
