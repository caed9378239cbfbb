#include "server/domain/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of an ordinary piece: most requests need one. */
#define PIECE_SIZE 4096

typedef struct piece {
    struct piece *next;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char data[];
} piece_t;

struct ud_arena {
    piece_t *pieces; /* the newest first */
    size_t cap_bytes;
    size_t held;
};

ud_arena_t *ud_arena_create(size_t cap_bytes)
{
    ud_arena_t *arena = calloc(1, sizeof(*arena));
    if (arena != NULL) {
        arena->cap_bytes = cap_bytes;
    }
    return arena;
}

void ud_arena_destroy(ud_arena_t *arena)
{
    if (arena == NULL) {
        return;
    }
    while (arena->pieces != NULL) {
        piece_t *piece = arena->pieces;
        arena->pieces = piece->next;
        free(piece);
    }
    free(arena);
}

static piece_t *piece_add(ud_arena_t *arena, size_t size)
{
    size_t left = arena->cap_bytes - arena->held;
    if (size > left) {
        return NULL;
    }
    size_t wanted = size > PIECE_SIZE ? size : PIECE_SIZE;
    wanted = wanted > left ? left : wanted;
    piece_t *piece = calloc(1, sizeof(*piece) + wanted);
    if (piece == NULL) {
        return NULL;
    }
    piece->size = wanted;
    piece->next = arena->pieces;
    arena->pieces = piece;
    arena->held += wanted;
    return piece;
}

void *ud_arena_alloc(ud_arena_t *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size > arena->cap_bytes) {
        return NULL;
    }
    size_t rounded = (size + unit - 1) / unit * unit;
    piece_t *piece = arena->pieces;
    if (piece == NULL || piece->size - piece->used < rounded) {
        piece = piece_add(arena, rounded);
    }
    if (piece == NULL) {
        return NULL;
    }
    void *data = piece->data + piece->used;
    piece->used += rounded;
    return data;
}

char *ud_arena_text(ud_arena_t *arena, const char *text, size_t size)
{
    char *copy = ud_arena_alloc(arena, size + 1);
    if (copy != NULL && size > 0) {
        memcpy(copy, text, size);
    }
    return copy;
}
