/* Devices in RAM: columns (a structure of arrays), the ids and their index.
 *
 * A device is its number, 1 for the first; numbers are dense and never given again. Column i belongs to number i + 1.
 * Adding a device may move the columns: keep numbers, not pointers.
 * RAM: UD_DEVICE_ROW_SIZE bytes a device, its id with 2 more, 6 to 12 bytes of index; arrays grow by an eighth.
 */
#ifndef UD_DOMAIN_DEVICES_H
#define UD_DOMAIN_DEVICES_H

#include "core/base/err.h"
#include "core/base/limits.h"
#include "server/domain/intern.h"
#include "server/domain/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the column `flags`. The first group is told by people or the door and lives in the device row, the second by the
 * device itself and lives in the report row, the third is of this run only.
 */
enum {
    UD_DEVICE_PENDING = 1 << 0,
    UD_DEVICE_HOLD = 1 << 1,
    UD_DEVICE_RETIRED = 1 << 2,
    UD_DEVICE_CANDIDATE = 1 << 3, /* identity lost: see ud_candidate_t */

    UD_DEVICE_REPORTED = 1 << 4, /* epoch and sequence mean something */
    UD_DEVICE_WORN = 1 << 5,
    UD_DEVICE_HAS_BATTERY = 1 << 7,
    UD_DEVICE_HAS_LINK = 1 << 8,
    UD_DEVICE_HAS_SIGNAL = 1 << 9,

    UD_DEVICE_ONLINE = 1 << 10,
    UD_DEVICE_DIRTY = 1 << 11,      /* its device row waits for the commit */
    UD_DEVICE_DIRTY_HOT = 1 << 12,  /* its report row does */
    UD_DEVICE_DIRTY_SEEN = 1 << 13, /* only last seen and the sequence changed: flushed within 30 s */
};
#define UD_DEVICE_FLAGS_REPORT \
    (UD_DEVICE_REPORTED | UD_DEVICE_WORN | UD_DEVICE_HAS_BATTERY | UD_DEVICE_HAS_LINK | UD_DEVICE_HAS_SIGNAL)

typedef struct {
    uint8_t bytes[UD_SHA256_SIZE];
} ud_digest_t;

typedef struct {
    uint8_t bytes[16];
} ud_nonce_t;

/* X(type, name): every column. */
#define UD_DEVICE_COLUMNS(X)                                                               \
    X(uint64_t, revision) /* of the last visible change */                                 \
    X(uint64_t, last_event)                                                                \
    X(int64_t, last_seen_ms)                                                               \
    X(int64_t, registered_ms)                                                              \
    X(int64_t, offered_ms)                                                                 \
    X(ud_digest_t, secret_hash)                                                            \
    X(ud_nonce_t, nonce)                                                                   \
    X(uint32_t, id_offset) /* into the ids */                                              \
    X(uint32_t, generation)                                                                \
    X(uint32_t, group)    /* number */                                                     \
    X(uint32_t, hardware) /* interned */                                                   \
    X(uint32_t, firmware) /* interned */                                                   \
    X(uint32_t, epoch)                                                                     \
    X(uint32_t, epoch_before)                                                              \
    X(uint32_t, sequence)                                                                  \
    X(uint32_t, update_id)                                                                 \
    X(uint32_t, rollout) /* number, of update_id */                                        \
    X(uint32_t, security_counter)                                                          \
    X(uint32_t, slot_size)                                                                 \
    X(uint32_t, seen_s)     /* monotonic second of the last check-in */                    \
    X(uint32_t, deadline_s) /* of the open execution, or of its retry; UINT32_MAX: none */ \
    X(uint32_t, due_s)      /* not before then is the device looked at by ud_fleet_tick */ \
    X(uint32_t, events_s)   /* its bucket of events is full again then: ud_event() */      \
    X(uint32_t, unlogged)   /* only counted since */                                       \
    X(uint16_t, flags)                                                                     \
    X(uint16_t, err)                                                                       \
    X(uint16_t, revert_reason)                                                             \
    X(uint16_t, chunk_size_max)                                                            \
    X(int16_t, signal)                                                                     \
    X(uint8_t, batch) /* index */                                                          \
    X(uint8_t, attempt)                                                                    \
    X(uint8_t, state) /* ud_execution_state_t */                                           \
    X(uint8_t, progress)                                                                   \
    X(uint8_t, boot_reason)                                                                \
    X(uint8_t, trial_attempts)                                                             \
    X(uint8_t, abnormal_resets)                                                            \
    X(uint8_t, battery)                                                                    \
    X(uint8_t, link)

#define UD_DEVICE_COLUMN_SIZE(type, name) +sizeof(type)
#define UD_DEVICE_ROW_SIZE (0 UD_DEVICE_COLUMNS(UD_DEVICE_COLUMN_SIZE))
_Static_assert(UD_DEVICE_ROW_SIZE <= 180, "a device with id, index and slack stays below 250 bytes");

/* What hardware and firmware are interned by; texts zero-padded. */
typedef struct {
    char id[UD_HARDWARE_SIZE_MAX + 1];
} ud_hardware_key_t;

typedef struct {
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    uint8_t image_digest[UD_SHA256_SIZE];
} ud_firmware_key_t;

/* A credential that was presented with a claim key for an id that has another: waits for a person. Rare. */
typedef struct {
    uint32_t device;
    uint32_t noted_s; /* monotonic second of its last event; 0: none in this run */
    ud_digest_t secret_hash;
} ud_candidate_t;

typedef struct {
#define UD_DEVICE_COLUMN_FIELD(type, name) type *name;
    UD_DEVICE_COLUMNS(UD_DEVICE_COLUMN_FIELD)
#undef UD_DEVICE_COLUMN_FIELD
    uint32_t count;
    uint32_t capacity;

    char *ids; /* size byte, text, NUL */
    size_t ids_used;
    size_t ids_size;

    uint8_t hash_key[16];
    uint32_t *index; /* open addressing: device numbers, 0 empty */
    uint32_t index_size;

    ud_intern_t hardware_names;
    ud_intern_t firmwares;

    ud_candidate_t *candidates;
    size_t candidate_count;
} ud_devices_t;

/* `hash_key` keeps ids from being chosen to collide. */
void ud_devices_init(ud_devices_t *devices, const uint8_t hash_key[16]);
void ud_devices_free(ud_devices_t *devices);

/* Number of the device of that id, or 0. */
uint32_t ud_devices_find(const ud_devices_t *devices, const char *id);

/* Adds a device that is not there yet, all columns zero but hardware and firmware (none); returns its number. Ends the
 * program when memory is short.
 */
uint32_t ud_devices_add(ud_devices_t *devices, const char *id);

/* Id of a device, NUL-terminated, and its bytes; good until the next device is added. */
const char *ud_devices_id(const ud_devices_t *devices, uint32_t number);
size_t ud_devices_id_size(const ud_devices_t *devices, uint32_t number);

/* "" while unknown. */
const char *ud_devices_hardware(const ud_devices_t *devices, uint32_t number);

/* NULL while unknown. */
const ud_firmware_key_t *ud_devices_firmware(const ud_devices_t *devices, uint32_t number);

/* Replaces the interned names; true if that changed anything. */
bool ud_devices_set_hardware(ud_devices_t *devices, uint32_t number, const char *hardware);
bool ud_devices_set_firmware(ud_devices_t *devices, uint32_t number, const char *version, const uint8_t *image_digest);

/* The credential that waits for approval, or NULL. */
const ud_digest_t *ud_devices_candidate(const ud_devices_t *devices, uint32_t number);

/* Keeps another one; its place is good until the next is set or cleared. */
ud_candidate_t *ud_devices_set_candidate(ud_devices_t *devices, uint32_t number, const ud_digest_t *secret_hash);
void ud_devices_clear_candidate(ud_devices_t *devices, uint32_t number);

/* Bytes allocated. */
size_t ud_devices_bytes(const ud_devices_t *devices);

#endif
