#include "server/domain/intern.h"

#include "core/base/assert.h"
#include "server/domain/siphash.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64u

void ud_intern_init(ud_intern_t *intern, size_t key_size, const uint8_t hash_key[16])
{
    memset(intern, 0, sizeof(*intern));
    memcpy(intern->hash_key, hash_key, sizeof(intern->hash_key));
    intern->key_size = key_size;
    intern->free = UD_INTERN_NONE;
}

void ud_intern_free(ud_intern_t *intern)
{
    free(intern->keys);
    free(intern->counts);
    free(intern->shown);
    free(intern->next);
    free(intern->slots);
    memset(intern, 0, sizeof(*intern));
}

const void *ud_intern_key(const ud_intern_t *intern, uint32_t index)
{
    return intern->keys + (size_t)index * intern->key_size;
}

static uint32_t slot_of(const ud_intern_t *intern, const void *key)
{
    return (uint32_t)ud_siphash(intern->hash_key, key, intern->key_size) & (intern->slot_count - 1);
}

static void link(ud_intern_t *intern, uint32_t index)
{
    uint32_t slot = slot_of(intern, ud_intern_key(intern, index));
    intern->next[index] = intern->slots[slot];
    intern->slots[slot] = index;
}

static void grow(ud_intern_t *intern)
{
    uint32_t capacity = intern->capacity == 0 ? FIRST_CAPACITY : intern->capacity * 2;
    intern->keys = realloc(intern->keys, capacity * intern->key_size);
    intern->counts = realloc(intern->counts, capacity * sizeof(uint32_t));
    intern->shown = realloc(intern->shown, capacity * sizeof(uint32_t));
    intern->next = realloc(intern->next, capacity * sizeof(uint32_t));
    free(intern->slots);
    intern->slots = malloc(capacity * sizeof(uint32_t));
    UD_ASSERT(intern->keys != NULL && intern->counts != NULL && intern->shown != NULL && intern->next != NULL &&
              intern->slots != NULL);
    memset(intern->slots, 0xff, capacity * sizeof(uint32_t));
    intern->capacity = capacity;
    intern->slot_count = capacity;
    for (uint32_t i = 0; i < intern->used; i++) {
        link(intern, i);
    }
}

uint32_t ud_intern_find(const ud_intern_t *intern, const void *key)
{
    if (intern->capacity == 0) {
        return UD_INTERN_NONE;
    }
    uint32_t index = intern->slots[slot_of(intern, key)];
    while (index != UD_INTERN_NONE && memcmp(ud_intern_key(intern, index), key, intern->key_size) != 0) {
        index = intern->next[index];
    }
    return index;
}

uint32_t ud_intern_take(ud_intern_t *intern, const void *key)
{
    uint32_t index = ud_intern_find(intern, key);
    if (index != UD_INTERN_NONE) {
        intern->counts[index]++;
        return index;
    }
    if (intern->free != UD_INTERN_NONE) {
        index = intern->free;
        intern->free = intern->next[index];
    } else {
        if (intern->used == intern->capacity) {
            grow(intern);
        }
        index = intern->used++;
    }
    memcpy(intern->keys + (size_t)index * intern->key_size, key, intern->key_size);
    intern->counts[index] = 1;
    intern->shown[index] = 0;
    link(intern, index);
    return index;
}

void ud_intern_share(ud_intern_t *intern, uint32_t index)
{
    if (index != UD_INTERN_NONE) {
        intern->counts[index]++;
    }
}

void ud_intern_drop(ud_intern_t *intern, uint32_t index)
{
    if (index == UD_INTERN_NONE || --intern->counts[index] > 0) {
        return;
    }
    uint32_t *at = &intern->slots[slot_of(intern, ud_intern_key(intern, index))];
    while (*at != index) {
        at = &intern->next[*at];
    }
    *at = intern->next[index];
    intern->next[index] = intern->free;
    intern->free = index;
}
