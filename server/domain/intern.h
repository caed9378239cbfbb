/* Interned keys: byte strings of one size, each kept once and counted.
 *
 * Devices name their hardware and firmware by index; the count of an entry is the number of devices that do, and an
 * entry nobody names any more is given to the next new key, so what devices say of themselves cannot fill memory: there
 * are never more entries than devices. Texts are zero-padded to the key's size.
 */
#ifndef UD_DOMAIN_INTERN_H
#define UD_DOMAIN_INTERN_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define UD_INTERN_NONE UINT32_MAX

typedef struct {
    uint8_t hash_key[16];
    size_t key_size;
    uint8_t *keys;    /* key_size each */
    uint32_t *counts; /* users; 0: free */
    uint32_t *shown;  /* the owner's own count, 0 for a new entry: devices that people see */
    uint32_t *next;   /* of the same slot, or of the free list */
    uint32_t *slots;
    uint32_t slot_count; /* power of two */
    uint32_t used;       /* entries ever used: indexes are below */
    uint32_t capacity;
    uint32_t free;
} ud_intern_t;

/* An empty table of keys of `key_size` bytes; `hash_key` is secret and random. Freed by ud_intern_free(). */
void ud_intern_init(ud_intern_t *intern, size_t key_size, const uint8_t hash_key[16]);
void ud_intern_free(ud_intern_t *intern);

/* Finds or adds `key` and counts one user more. Ends the program when memory is short. */
uint32_t ud_intern_take(ud_intern_t *intern, const void *key);

/* Counts one user more, or less, of an entry. UD_INTERN_NONE is allowed for both. */
void ud_intern_share(ud_intern_t *intern, uint32_t index);
void ud_intern_drop(ud_intern_t *intern, uint32_t index);

/* UD_INTERN_NONE if nobody uses `key`. */
uint32_t ud_intern_find(const ud_intern_t *intern, const void *key);

/* The key of an entry in use; good until the next ud_intern_take(). */
const void *ud_intern_key(const ud_intern_t *intern, uint32_t index);

#endif
