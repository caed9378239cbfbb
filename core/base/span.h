/* A borrowed run of bytes: whoever gives it keeps it, and it is good until the next call to the giver. */
#ifndef UD_BASE_SPAN_H
#define UD_BASE_SPAN_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const uint8_t *data;
    size_t size;
} ud_span_t;

static inline ud_span_t ud_span(const void *data, size_t size)
{
    return (ud_span_t){(const uint8_t *)data, size};
}

#endif
