#include "server/domain/devices.h"

#include "core/base/assert.h"
#include "server/domain/siphash.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256u
#define FIRST_INDEX_SIZE 1024u

void ud_devices_init(ud_devices_t *devices, const uint8_t hash_key[16])
{
    memset(devices, 0, sizeof(*devices));
    memcpy(devices->hash_key, hash_key, sizeof(devices->hash_key));
    ud_intern_init(&devices->hardware_names, sizeof(ud_hardware_key_t), hash_key);
    ud_intern_init(&devices->firmwares, sizeof(ud_firmware_key_t), hash_key);
}

void ud_devices_free(ud_devices_t *devices)
{
#define FREE_COLUMN(type, name) free(devices->name);
    UD_DEVICE_COLUMNS(FREE_COLUMN)
#undef FREE_COLUMN
    free(devices->ids);
    free(devices->index);
    free(devices->candidates);
    ud_intern_free(&devices->hardware_names);
    ud_intern_free(&devices->firmwares);
    memset(devices, 0, sizeof(*devices));
}

static void *grown(void *data, size_t count, size_t capacity, size_t item_size)
{
    uint8_t *bytes = realloc(data, capacity * item_size);
    UD_ASSERT(bytes != NULL);
    memset(bytes + count * item_size, 0, (capacity - count) * item_size);
    return bytes;
}

static void grow_columns(ud_devices_t *devices)
{
    uint32_t capacity = devices->capacity + devices->capacity / 8;
    capacity = capacity < FIRST_CAPACITY ? FIRST_CAPACITY : capacity;
#define GROW_COLUMN(type, name) devices->name = grown(devices->name, devices->count, capacity, sizeof(type));
    UD_DEVICE_COLUMNS(GROW_COLUMN)
#undef GROW_COLUMN
    devices->capacity = capacity;
}

static uint32_t slot_of(const ud_devices_t *devices, const char *id, size_t size)
{
    return (uint32_t)ud_siphash(devices->hash_key, id, size) & (devices->index_size - 1);
}

const char *ud_devices_id(const ud_devices_t *devices, uint32_t number)
{
    return devices->ids + devices->id_offset[number - 1] + 1;
}

size_t ud_devices_id_size(const ud_devices_t *devices, uint32_t number)
{
    return (uint8_t)devices->ids[devices->id_offset[number - 1]];
}

static void index_put(ud_devices_t *devices, uint32_t number)
{
    uint32_t slot = slot_of(devices, ud_devices_id(devices, number), ud_devices_id_size(devices, number));
    while (devices->index[slot] != 0) {
        slot = (slot + 1) & (devices->index_size - 1);
    }
    devices->index[slot] = number;
}

static void grow_index(ud_devices_t *devices)
{
    devices->index_size = devices->index_size == 0 ? FIRST_INDEX_SIZE : devices->index_size * 2;
    free(devices->index);
    devices->index = calloc(devices->index_size, sizeof(*devices->index));
    UD_ASSERT(devices->index != NULL);
    for (uint32_t number = 1; number <= devices->count; number++) {
        index_put(devices, number);
    }
}

uint32_t ud_devices_find(const ud_devices_t *devices, const char *id)
{
    size_t size = strlen(id);
    if (devices->index_size == 0 || size > UD_DEVICE_ID_SIZE_MAX) {
        return 0;
    }
    uint32_t slot = slot_of(devices, id, size);
    while (devices->index[slot] != 0) {
        uint32_t number = devices->index[slot];
        if (ud_devices_id_size(devices, number) == size && memcmp(ud_devices_id(devices, number), id, size) == 0) {
            return number;
        }
        slot = (slot + 1) & (devices->index_size - 1);
    }
    return 0;
}

static uint32_t keep_id(ud_devices_t *devices, const char *id)
{
    size_t size = strlen(id);
    UD_ASSERT(size >= 1 && size <= UD_DEVICE_ID_SIZE_MAX);
    if (devices->ids_size - devices->ids_used < size + 2) {
        devices->ids_size += devices->ids_size / 8 + FIRST_CAPACITY;
        UD_ASSERT(devices->ids_size <= UINT32_MAX);
        devices->ids = realloc(devices->ids, devices->ids_size);
        UD_ASSERT(devices->ids != NULL);
    }
    size_t offset = devices->ids_used;
    devices->ids[offset] = (char)size;
    memcpy(devices->ids + offset + 1, id, size + 1);
    devices->ids_used += size + 2;
    return (uint32_t)offset;
}

uint32_t ud_devices_add(ud_devices_t *devices, const char *id)
{
    if (devices->count == devices->capacity) {
        grow_columns(devices);
    }
    uint32_t offset = keep_id(devices, id);
    uint32_t i = devices->count++;
    devices->id_offset[i] = offset;
    devices->hardware[i] = UD_INTERN_NONE;
    devices->firmware[i] = UD_INTERN_NONE;
    devices->deadline_s[i] = UINT32_MAX;
    /* three quarters full at most: a search sees few slots, and an empty one ends it */
    if (devices->count >= devices->index_size / 4 * 3) {
        grow_index(devices);
    } else {
        index_put(devices, i + 1);
    }
    return i + 1;
}

const char *ud_devices_hardware(const ud_devices_t *devices, uint32_t number)
{
    uint32_t index = devices->hardware[number - 1];
    return index == UD_INTERN_NONE ? ""
                                   : ((const ud_hardware_key_t *)ud_intern_key(&devices->hardware_names, index))->id;
}

const ud_firmware_key_t *ud_devices_firmware(const ud_devices_t *devices, uint32_t number)
{
    uint32_t index = devices->firmware[number - 1];
    return index == UD_INTERN_NONE ? NULL : ud_intern_key(&devices->firmwares, index);
}

/* Takes the new entry before the old one is dropped, so that an unchanged entry never becomes free between. */
static bool replace(ud_intern_t *intern, uint32_t *index, const void *key)
{
    uint32_t before = *index;
    *index = ud_intern_take(intern, key);
    ud_intern_drop(intern, before);
    return *index != before;
}

static void copy_text(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size - 1);
    memset(to, 0, size);
    memcpy(to, from, length);
}

bool ud_devices_set_hardware(ud_devices_t *devices, uint32_t number, const char *hardware)
{
    ud_hardware_key_t key;
    copy_text(key.id, sizeof(key.id), hardware);
    return replace(&devices->hardware_names, &devices->hardware[number - 1], &key);
}

bool ud_devices_set_firmware(ud_devices_t *devices, uint32_t number, const char *version, const uint8_t *image_digest)
{
    ud_firmware_key_t key;
    copy_text(key.version, sizeof(key.version), version);
    memcpy(key.image_digest, image_digest, sizeof(key.image_digest));
    return replace(&devices->firmwares, &devices->firmware[number - 1], &key);
}

static ud_candidate_t *candidate_of(const ud_devices_t *devices, uint32_t number)
{
    for (size_t i = 0; i < devices->candidate_count; i++) {
        if (devices->candidates[i].device == number) {
            return &devices->candidates[i];
        }
    }
    return NULL;
}

const ud_digest_t *ud_devices_candidate(const ud_devices_t *devices, uint32_t number)
{
    if ((devices->flags[number - 1] & UD_DEVICE_CANDIDATE) == 0) {
        return NULL;
    }
    ud_candidate_t *candidate = candidate_of(devices, number);
    UD_ASSERT(candidate != NULL);
    return &candidate->secret_hash;
}

ud_candidate_t *ud_devices_set_candidate(ud_devices_t *devices, uint32_t number, const ud_digest_t *secret_hash)
{
    ud_candidate_t *candidate = candidate_of(devices, number);
    if (candidate == NULL) {
        devices->candidates =
            realloc(devices->candidates, (devices->candidate_count + 1) * sizeof(*devices->candidates));
        UD_ASSERT(devices->candidates != NULL);
        candidate = &devices->candidates[devices->candidate_count++];
        *candidate = (ud_candidate_t){.device = number};
    }
    candidate->secret_hash = *secret_hash;
    devices->flags[number - 1] |= UD_DEVICE_CANDIDATE;
    return candidate;
}

void ud_devices_clear_candidate(ud_devices_t *devices, uint32_t number)
{
    ud_candidate_t *candidate = candidate_of(devices, number);
    if (candidate != NULL) {
        *candidate = devices->candidates[--devices->candidate_count];
    }
    devices->flags[number - 1] &= (uint16_t)~UD_DEVICE_CANDIDATE;
}

static size_t intern_bytes(const ud_intern_t *intern)
{
    return intern->capacity * (intern->key_size + 3 * sizeof(uint32_t)) + intern->slot_count * sizeof(uint32_t);
}

size_t ud_devices_bytes(const ud_devices_t *devices)
{
    return devices->capacity * UD_DEVICE_ROW_SIZE + devices->ids_size + devices->index_size * sizeof(uint32_t) +
           intern_bytes(&devices->hardware_names) + intern_bytes(&devices->firmwares) +
           devices->candidate_count * sizeof(ud_candidate_t);
}
