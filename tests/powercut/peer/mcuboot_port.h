/* What MCUboot's bootutil wants of a port: its configuration, flash, log, assertions, crypto. CMake makes headers of the
 * names that bootutil includes, each of which includes this one.
 *
 * Configuration: one image, ECDSA P-256 over SHA-256 with the key in the bootloader, the image in the primary slot checked
 * at each start, trailer fields of 8 bytes, no encryption, no bootstrap, no downgrade prevention. The swap algorithm
 * (MCUBOOT_SWAP_USING_*) is the build's.
 */
#ifndef UD_TESTS_POWERCUT_PEER_MCUBOOT_PORT_H
#define UD_TESTS_POWERCUT_PEER_MCUBOOT_PORT_H

#include "core/crypto/crypto.h"

#include <inttypes.h>

#define MCUBOOT_IMAGE_NUMBER 1
#define MCUBOOT_SIGN_EC256
#define MCUBOOT_USE_CUSTOM_CRYPTO
#define MCUBOOT_VALIDATE_PRIMARY_SLOT
#define MCUBOOT_MAX_IMG_SECTORS 8
#define MCUBOOT_BOOT_MAX_ALIGN 8
#define MCUBOOT_USE_FLASH_AREA_GET_SECTORS
#define MCUBOOT_HAVE_ASSERT_H
#define MCUBOOT_HAVE_LOGGING
#define MCUBOOT_WATCHDOG_FEED() ((void)0)
#define MCUBOOT_CPU_IDLE() ((void)0)

/* Where it has nothing left to do it panics. */
#define FIH_ENABLE_GLOBAL_FAIL

/* ---- log and assertions: a board whose assertion fails resets ---------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) void mcuboot_log(const char *format, ...);
__attribute__((format(printf, 1, 2))) void mcuboot_warn(const char *format, ...);
_Noreturn void mcuboot_assert_failed(const char *what, const char *file, int line);

#define MCUBOOT_LOG_MODULE_DECLARE(domain)
#define MCUBOOT_LOG_MODULE_REGISTER(domain)
#define MCUBOOT_LOG_ERR(...) mcuboot_warn(__VA_ARGS__)
#define MCUBOOT_LOG_WRN(...) mcuboot_warn(__VA_ARGS__)
#define MCUBOOT_LOG_INF(...) mcuboot_log(__VA_ARGS__)
#define MCUBOOT_LOG_DBG(...) ((void)0)
#define MCUBOOT_LOG_SIM(...) ((void)0)

#define ASSERT(x) ((x) ? (void)0 : mcuboot_assert_failed(#x, __FILE__, __LINE__))
#define assert ASSERT

/* ---- flash ------------------------------------------------------------------------------------------------------------- */

#define FLASH_AREA_IMAGE_PRIMARY(image) 1
#define FLASH_AREA_IMAGE_SECONDARY(image) 2
#define FLASH_AREA_IMAGE_SCRATCH 3

#define FLASH_DEVICE_ID 0

struct flash_area {
    uint8_t id;
    uint32_t offset; /* on the device */
    uint32_t size;
};

struct flash_sector {
    uint32_t offset; /* in the area */
    uint32_t size;
};

int flash_area_open(uint8_t id, const struct flash_area **area);
void flash_area_close(const struct flash_area *area);
int flash_area_read(const struct flash_area *area, uint32_t offset, void *data, uint32_t size);
int flash_area_write(const struct flash_area *area, uint32_t offset, const void *data, uint32_t size);
int flash_area_erase(const struct flash_area *area, uint32_t offset, uint32_t size);
uint32_t flash_area_align(const struct flash_area *area);
uint8_t flash_area_erased_val(const struct flash_area *area);
int flash_area_get_sectors(int id, uint32_t *count, struct flash_sector *sectors);
int flash_area_get_sector(const struct flash_area *area, uint32_t offset, struct flash_sector *sector);
int flash_area_id_from_multi_image_slot(int image, int slot);
int flash_area_id_from_image_slot(int slot);
int flash_area_id_to_multi_image_slot(int image, int id);

static inline uint8_t flash_area_get_id(const struct flash_area *area)
{
    return area->id;
}

static inline uint8_t flash_area_get_device_id(const struct flash_area *area)
{
    (void)area;
    return FLASH_DEVICE_ID;
}

static inline uint32_t flash_area_get_off(const struct flash_area *area)
{
    return area->offset;
}

static inline uint32_t flash_area_get_size(const struct flash_area *area)
{
    return area->size;
}

static inline uint32_t flash_sector_get_off(const struct flash_sector *sector)
{
    return sector->offset;
}

static inline uint32_t flash_sector_get_size(const struct flash_sector *sector)
{
    return sector->size;
}

/* ---- crypto ------------------------------------------------------------------------------------------------------------ */

#define MCUBOOT_ECDSA_NEED_ASN1_SIG

typedef ud_sha256_t bootutil_sha_context;

static inline int bootutil_sha_init(bootutil_sha_context *hash)
{
    ud_sha256_init(hash);
    return 0;
}

static inline int bootutil_sha_drop(bootutil_sha_context *hash)
{
    (void)hash;
    return 0;
}

static inline int bootutil_sha_update(bootutil_sha_context *hash, const void *data, uint32_t size)
{
    ud_sha256_update(hash, data, size);
    return 0;
}

static inline int bootutil_sha_finish(bootutil_sha_context *hash, uint8_t *digest)
{
    ud_sha256_final(hash, digest);
    return 0;
}

typedef int bootutil_ecdsa_context;

static inline void bootutil_ecdsa_init(bootutil_ecdsa_context *context)
{
    *context = 0;
}

static inline void bootutil_ecdsa_drop(bootutil_ecdsa_context *context)
{
    (void)context;
}

/* Moves `*key` on to x and y, which end the SubjectPublicKeyInfo. */
static inline int bootutil_ecdsa_parse_public_key(bootutil_ecdsa_context *context, uint8_t **key, uint8_t *end)
{
    (void)context;
    *key = end - UD_P256_PUBLIC_KEY_SIZE;
    return 0;
}

int bootutil_ecdsa_verify(bootutil_ecdsa_context *context, uint8_t *key, size_t key_size, uint8_t *hash,
                          size_t hash_size, uint8_t *signature, size_t signature_size);

#endif
