/* What the drivers of this folder have in common. Not compiled into any program: Eva reads it (scripts/prove.sh). */
#ifndef UD_TESTS_PROOF_EVA_ANYTHING_H
#define UD_TESTS_PROOF_EVA_ANYTHING_H

#include "core/base/err.h"

#include <__fc_builtin.h>

#include <stdint.h>
#include <string.h>

/* Bytes of which nothing is known, as many as are ever asked for at once. */
static uint8_t anything[2048];

static void fill_anything(void)
{
    for (size_t index = 0; index < sizeof anything; index++) {
        anything[index] = (uint8_t)Frama_C_interval(0, UINT8_MAX);
    }
}

static int is_so(void)
{
    return Frama_C_interval(0, 1);
}

/* What a source that may fail reads. */
static ud_err_t give_anything(void *data, size_t size)
{
    if (is_so()) {
        return UD_ERR_FLASH_READ;
    }
    memcpy(data, anything, size);
    return UD_OK;
}

#endif
