/* Messages as a device writes them: a map of fewer than 24 keys below 24, pair by pair, by rising key
 * (docs/decisions/0007). What such a message holds is known where it is written; only servers need tables for it. Parts of
 * the agent.
 */
#ifndef UD_AGENT_PAIRS_H
#define UD_AGENT_PAIRS_H

#include "core/base/cursor.h"

/* Begins a map of no pairs in `capacity` bytes at `data`. Whether all fitted, ud_writer_status() tells. */
void ud_pairs_begin(ud_writer_t *pairs, uint8_t *data, size_t capacity);

/* Each appends one pair. */
void ud_pairs_put_uint(ud_writer_t *pairs, uint8_t key, uint32_t value);
void ud_pairs_put_int(ud_writer_t *pairs, uint8_t key, int32_t value);
void ud_pairs_put_bool(ud_writer_t *pairs, uint8_t key, bool value);
void ud_pairs_put_bytes(ud_writer_t *pairs, uint8_t key, const void *data, size_t size);
void ud_pairs_put_text(ud_writer_t *pairs, uint8_t key, const char *text);
void ud_pairs_put_two(ud_writer_t *pairs, uint8_t key, const uint32_t values[2]); /* an array of two numbers */

/* Appends a pair whose value is a map: `inner` begins behind the key; ud_pairs_close() ends it. */
void ud_pairs_open(ud_writer_t *pairs, uint8_t key, ud_writer_t *inner);
void ud_pairs_close(ud_writer_t *pairs, const ud_writer_t *inner);

#endif
