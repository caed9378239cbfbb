#include "ports/posix/flash_pool.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS_FIRST 64

/* Erased bytes that are compared at once. */
#define TAIL_PIECE 16

struct ud_flash_pool {
    ud_sector_t **buckets;
    size_t bucket_count; /* a power of two */
    size_t sector_count;
    size_t size_bytes; /* of the sectors */
};

static void *need(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

ud_flash_pool_t *ud_flash_pool_create(void)
{
    ud_flash_pool_t *pool = need(calloc(1, sizeof *pool));
    pool->bucket_count = BUCKETS_FIRST;
    pool->buckets = need(calloc(pool->bucket_count, sizeof(ud_sector_t *)));
    return pool;
}

void ud_flash_pool_destroy(ud_flash_pool_t *pool)
{
    if (pool == NULL) {
        return;
    }
    for (size_t index = 0; index < pool->bucket_count; index++) {
        while (pool->buckets[index] != NULL) {
            ud_sector_t *sector = pool->buckets[index];
            pool->buckets[index] = sector->next;
            free(sector);
        }
    }
    free(pool->buckets);
    free(pool);
}

size_t ud_flash_pool_size_bytes(const ud_flash_pool_t *pool)
{
    return sizeof *pool + pool->bucket_count * sizeof(ud_sector_t *) + pool->size_bytes;
}

uint64_t ud_flash_hash(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    while (size > 0) {
        uint64_t word = size;
        size_t taken = size < sizeof word ? size : sizeof word;
        memcpy(&word, bytes, taken);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
        bytes += taken;
        size -= taken;
    }
    return hash;
}

static void grow(ud_flash_pool_t *pool)
{
    size_t count = pool->bucket_count * 2;
    ud_sector_t **buckets = need(calloc(count, sizeof(ud_sector_t *)));
    for (size_t index = 0; index < pool->bucket_count; index++) {
        while (pool->buckets[index] != NULL) {
            ud_sector_t *sector = pool->buckets[index];
            pool->buckets[index] = sector->next;
            sector->next = buckets[sector->hash & (count - 1)];
            buckets[sector->hash & (count - 1)] = sector;
        }
    }
    free(pool->buckets);
    pool->buckets = buckets;
    pool->bucket_count = count;
}

/* Bytes before the erased tail. */
static size_t written_size(const uint8_t *bytes, size_t size, uint8_t erased)
{
    uint8_t piece[TAIL_PIECE];
    memset(piece, erased, sizeof piece);
    while (size >= TAIL_PIECE && memcmp(bytes + size - TAIL_PIECE, piece, TAIL_PIECE) == 0) {
        size -= TAIL_PIECE;
    }
    while (size > 0 && bytes[size - 1] == erased) {
        size--;
    }
    return size;
}

ud_sector_t *ud_flash_pool_put(ud_flash_pool_t *pool, const uint8_t *bytes, size_t size, uint8_t erased)
{
    size = written_size(bytes, size, erased);
    if (size == 0) {
        return NULL;
    }
    uint64_t hash = ud_flash_hash(size, bytes, size);
    ud_sector_t *sector = pool->buckets[hash & (pool->bucket_count - 1)];
    for (; sector != NULL; sector = sector->next) {
        if (sector->hash == hash && sector->size == size && memcmp(sector->bytes, bytes, size) == 0) {
            return ud_flash_pool_share(sector);
        }
    }
    if (pool->sector_count == pool->bucket_count) {
        grow(pool);
    }
    sector = need(malloc(sizeof *sector + size));
    ud_sector_t **bucket = &pool->buckets[hash & (pool->bucket_count - 1)];
    *sector = (ud_sector_t){.next = *bucket, .hash = hash, .references = 1, .size = (uint32_t)size};
    memcpy(sector->bytes, bytes, size);
    *bucket = sector;
    pool->sector_count++;
    pool->size_bytes += sizeof *sector + size;
    return sector;
}

ud_sector_t *ud_flash_pool_share(ud_sector_t *sector)
{
    if (sector != NULL) {
        sector->references++;
    }
    return sector;
}

void ud_flash_pool_drop(ud_flash_pool_t *pool, ud_sector_t *sector)
{
    if (sector == NULL || --sector->references > 0) {
        return;
    }
    ud_sector_t **link = &pool->buckets[sector->hash & (pool->bucket_count - 1)];
    while (*link != sector) {
        link = &(*link)->next;
    }
    *link = sector->next;
    pool->sector_count--;
    pool->size_bytes -= sizeof *sector + sector->size;
    free(sector);
}

void ud_sector_read(const ud_sector_t *sector, size_t offset, uint8_t *data, size_t size, uint8_t erased)
{
    size_t stored = sector != NULL && sector->size > offset ? sector->size - offset : 0;
    stored = stored < size ? stored : size;
    if (stored > 0) {
        memcpy(data, sector->bytes + offset, stored);
    }
    memset(data + stored, erased, size - stored);
}
