#include "server/door/operator_limit.h"

#include "core/crypto/crypto.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Entries a pair may lie in, from its own on: the oldest of them makes room. */
#define PROBE_COUNT 8

typedef struct {
    uint8_t key[16]; /* of SHA-256 over account and address */
    uint64_t last_ms;
    uint32_t attempts; /* 0: free */
} entry_t;

/* A check under way. */
typedef struct {
    bool taken;
    uint8_t source[UD_SHA256_SIZE]; /* digests: names and addresses of any length */
    uint8_t account[UD_SHA256_SIZE];
} place_t;

struct ud_operator_limit {
    pthread_mutex_t lock;
    entry_t entries[UD_SIGN_IN_PAIR_COUNT];
    place_t places[UD_SIGN_IN_COUNT_MAX];
};

ud_operator_limit_t *ud_operator_limit_create(void)
{
    ud_operator_limit_t *limit = calloc(1, sizeof *limit);
    if (limit != NULL && pthread_mutex_init(&limit->lock, NULL) != 0) {
        free(limit);
        return NULL;
    }
    return limit;
}

void ud_operator_limit_destroy(ud_operator_limit_t *limit)
{
    if (limit != NULL) {
        pthread_mutex_destroy(&limit->lock);
        free(limit);
    }
}

static void make_key(const char *account, const char *address, uint8_t digest[UD_SHA256_SIZE])
{
    ud_sha256_t hash;
    ud_sha256_init(&hash);
    ud_sha256_update(&hash, account, strlen(account) + 1);
    ud_sha256_update(&hash, address, strlen(address));
    ud_sha256_final(&hash, digest);
}

/* The pair's entry, or the one it takes over: free, or quiet for longest. */
static entry_t *find(ud_operator_limit_t *limit, const uint8_t digest[UD_SHA256_SIZE])
{
    size_t first = (size_t)(digest[30] << 8 | digest[31]);
    entry_t *oldest = NULL;
    for (size_t step = 0; step < PROBE_COUNT; step++) {
        entry_t *entry = &limit->entries[(first + step) % UD_SIGN_IN_PAIR_COUNT];
        if (entry->attempts > 0 && memcmp(entry->key, digest, sizeof entry->key) == 0) {
            return entry;
        }
        bool older =
            oldest == NULL || (oldest->attempts > 0 && (entry->attempts == 0 || entry->last_ms < oldest->last_ms));
        oldest = older ? entry : oldest;
    }
    oldest->attempts = 0;
    memcpy(oldest->key, digest, sizeof oldest->key);
    return oldest;
}

/* Wait after `attempts` of them. */
static uint64_t pause_ms(uint32_t attempts)
{
    if (attempts < UD_SIGN_IN_FREE_COUNT) {
        return 0;
    }
    uint32_t doublings = attempts - UD_SIGN_IN_FREE_COUNT;
    uint64_t pause = doublings < 16 ? UINT64_C(1000) << doublings : UD_SIGN_IN_WAIT_MS_MAX;
    return pause < UD_SIGN_IN_WAIT_MS_MAX ? pause : UD_SIGN_IN_WAIT_MS_MAX;
}

/* Who has one address of an IPv6 network of 64 bits has them all. */
static void source_of(const char *address, uint8_t digest[UD_SHA256_SIZE])
{
    struct in6_addr v6;
    if (inet_pton(AF_INET6, address, &v6) == 1 && !IN6_IS_ADDR_V4MAPPED(&v6)) {
        ud_sha256(v6.s6_addr, sizeof v6.s6_addr / 2, digest);
    } else {
        ud_sha256(address, strlen(address), digest);
    }
}

ud_err_t ud_operator_limit_enter(ud_operator_limit_t *limit, const char *account, const char *address, size_t *place)
{
    place_t wanted = {.taken = true};
    size_t of_source = 0;
    size_t of_account = 0;
    size_t free_place = UD_SIGN_IN_COUNT_MAX;
    source_of(address, wanted.source);
    ud_sha256(account, strlen(account), wanted.account);
    pthread_mutex_lock(&limit->lock);
    for (size_t index = 0; index < UD_SIGN_IN_COUNT_MAX; index++) {
        const place_t *other = &limit->places[index];
        free_place = other->taken ? free_place : index;
        of_source += other->taken && memcmp(other->source, wanted.source, sizeof wanted.source) == 0;
        of_account += other->taken && memcmp(other->account, wanted.account, sizeof wanted.account) == 0;
    }
    ud_err_t err = free_place == UD_SIGN_IN_COUNT_MAX ? UD_ERR_OVERLOADED : UD_OK;
    if (of_source >= UD_SIGN_IN_SOURCE_COUNT_MAX || of_account >= UD_SIGN_IN_ACCOUNT_COUNT_MAX) {
        err = UD_ERR_TOO_MANY;
    }
    if (err == UD_OK) {
        limit->places[free_place] = wanted;
        *place = free_place;
    }
    pthread_mutex_unlock(&limit->lock);
    return err;
}

void ud_operator_limit_leave(ud_operator_limit_t *limit, size_t place)
{
    pthread_mutex_lock(&limit->lock);
    limit->places[place].taken = false;
    pthread_mutex_unlock(&limit->lock);
}

uint32_t ud_operator_limit_begin(ud_operator_limit_t *limit, const char *account, const char *address, uint64_t now_ms)
{
    uint8_t digest[UD_SHA256_SIZE];
    make_key(account, address, digest);
    uint32_t wait_ms = 0;
    pthread_mutex_lock(&limit->lock);
    entry_t *entry = find(limit, digest);
    if (entry->attempts > 0 && now_ms - entry->last_ms > UD_SIGN_IN_FORGET_MS) {
        entry->attempts = 0;
    }
    uint64_t open_ms = entry->last_ms + pause_ms(entry->attempts);
    if (entry->attempts > 0 && now_ms < open_ms) {
        wait_ms = (uint32_t)(open_ms - now_ms);
    } else {
        entry->attempts++;
        entry->last_ms = now_ms;
    }
    pthread_mutex_unlock(&limit->lock);
    return wait_ms;
}

void ud_operator_limit_clear(ud_operator_limit_t *limit, const char *account, const char *address)
{
    uint8_t digest[UD_SHA256_SIZE];
    make_key(account, address, digest);
    pthread_mutex_lock(&limit->lock);
    find(limit, digest)->attempts = 0;
    pthread_mutex_unlock(&limit->lock);
}
