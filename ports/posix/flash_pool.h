/* Flash sectors of many boards, each content stored once. Sectors are immutable and counted; their erased tail is not
 * stored, an erased sector is NULL. What erased bytes are, their area knows. Thread-confined.
 */
#ifndef UD_POSIX_FLASH_POOL_H
#define UD_POSIX_FLASH_POOL_H

#include "ports/posix/board.h"

typedef struct ud_sector {
    struct ud_sector *next; /* in its bucket */
    uint64_t hash;          /* of the stored bytes */
    uint32_t references;
    uint32_t size; /* stored bytes; whatever is behind is erased */
    uint8_t bytes[];
} ud_sector_t;

/* The sector with this content, found or made, counted once more for the caller; NULL if all of it is `erased`. */
ud_sector_t *ud_flash_pool_put(ud_flash_pool_t *pool, const uint8_t *bytes, size_t size, uint8_t erased);

/* Counts `sector` (may be NULL) once more, and gives it back. */
ud_sector_t *ud_flash_pool_share(ud_sector_t *sector);

/* Gives up one count of `sector` (may be NULL). */
void ud_flash_pool_drop(ud_flash_pool_t *pool, ud_sector_t *sector);

/* Mixes `size` bytes into a hash; not for keys or strangers. */
uint64_t ud_flash_hash(uint64_t hash, const void *data, size_t size);

/* Copies `size` bytes at `offset` of the content of `sector` (may be NULL), in an area of that erased value. */
void ud_sector_read(const ud_sector_t *sector, size_t offset, uint8_t *data, size_t size, uint8_t erased);

#endif
