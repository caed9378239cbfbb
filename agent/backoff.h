/* How long to wait before the next try: exponential, with full jitter, so that a fleet which lost its server together
 * does not come back together.
 */
#ifndef UD_AGENT_BACKOFF_H
#define UD_AGENT_BACKOFF_H

#include <stdint.h>

/* Milliseconds to wait after `failures` failures in a row (1 for the first): evenly spread over 0 to
 * min(max_ms, base_ms * 2^(failures - 1)) by `chance`, 32 random bits. With `retry_after_s` of the server, of which
 * UD_AGENT_SLEEP_MAX_S count, the wait is that long at least, and the spread comes on top of it.
 */
uint32_t ud_backoff_ms(uint32_t base_ms, uint32_t max_ms, uint8_t failures, uint32_t retry_after_s, uint32_t chance);

#endif
