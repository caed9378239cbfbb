/* SipHash-2-4: a keyed 64-bit hash (Aumasson and Bernstein, 2012).
 *
 * The fleet hashes ids that devices choose themselves; without the key nobody can make them collide, or pick a place in
 * the first batch of a rollout.
 */
#ifndef UD_DOMAIN_SIPHASH_H
#define UD_DOMAIN_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* The hash of `size` bytes under a secret key. */
uint64_t ud_siphash(const uint8_t key[16], const void *data, size_t size);

#endif
