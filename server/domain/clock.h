/* Time as the domain sees it: always given, never read. */
#ifndef UD_DOMAIN_CLOCK_H
#define UD_DOMAIN_CLOCK_H

#include <stdint.h>

/* Both clocks at one moment. Intervals (time-outs, soak, online) use the monotonic one, which never goes back; what
 * people read (events, last seen, created) uses the wall clock, which may.
 */
typedef struct {
    int64_t wall_ms;       /* since 1970 in UTC */
    uint64_t monotonic_ms; /* since any moment; grows */
} ud_time_t;

#endif
