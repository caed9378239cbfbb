/* MCUboot on the simulated board. Its RAM is set to what its start-up code would make of it at each start (ram.h), and kept
 * from the lives that the engine leads while an operation of the flash goes on.
 */
#include "core/image/der.h"
#include "core/image/trusted.h"
#include "tests/powercut/peer/mcuboot_port.h"
#include "tests/powercut/peer/peer.h"
#include "tests/powercut/peer/ram.h"

#include <bootutil/bootutil.h>
#include <bootutil/bootutil_public.h>
#include <bootutil/fault_injection_hardening.h>
#include <bootutil/sign_key.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Calls of the flash in one start, far more than any needs that comes to an end: then the watchdog bites. */
#define CALLS_MAX 200000

/* Bytes of one program at most: bootutil copies in pieces of 1 KB. */
#define PAGE_SIZE_MAX 1024

#if defined(MCUBOOT_SWAP_USING_SCRATCH)
#define NAME "mcuboot-scratch"
#define SCRATCH_SECTORS 1
#define HOLE_SECTORS 0
#elif defined(MCUBOOT_SWAP_USING_MOVE)
#define NAME "mcuboot-move"
#define SCRATCH_SECTORS 0
#define HOLE_SECTORS 0
#else
#define NAME "mcuboot-offset"
#define SCRATCH_SECTORS 0
#define HOLE_SECTORS 1
#endif

/* Set at each start. */
static ud_port_t *board;
static unsigned long calls;
static uint8_t key[UD_PUBLIC_KEY_DER_SIZE_MAX];
static unsigned key_size;
static struct flash_area areas[3];

const struct bootutil_key bootutil_keys[] = {{.key = key, .len = &key_size}};
const int bootutil_key_cnt = 1;

/* ---- flash ------------------------------------------------------------------------------------------------------------- */

static ud_area_t area_of(const struct flash_area *area)
{
    static const ud_area_t of[] = {UD_AREA_SLOT_A, UD_AREA_SLOT_B, UD_AREA_JOURNAL};
    return of[area->id - 1];
}

static const ud_area_geometry_t *geometry_of(const struct flash_area *area)
{
    return ud_port_area(board, area_of(area));
}

static void count_call(void)
{
    if (++calls > CALLS_MAX) {
        (void)snprintf(peer_last_words, sizeof peer_last_words, "it never ends");
        ud_board_crash(board, UD_RESET_WATCHDOG);
    }
}

int flash_area_open(uint8_t id, const struct flash_area **area)
{
    if (id < 1 || id > 3 || areas[id - 1].size == 0) {
        return -1;
    }
    *area = &areas[id - 1];
    return 0;
}

void flash_area_close(const struct flash_area *area)
{
    (void)area;
}

int flash_area_read(const struct flash_area *area, uint32_t offset, void *data, uint32_t size)
{
    count_call();
    return ud_port_flash_read(board, area_of(area), offset, data, size) == UD_OK ? 0 : -1;
}

int flash_area_write(const struct flash_area *area, uint32_t offset, const void *data, uint32_t size)
{
    uint8_t kept[RAM_SIZE_MAX];
    uint8_t page[PAGE_SIZE_MAX]; /* `data` may be in the RAM that other lives use meanwhile */
    uint32_t sector_size = geometry_of(area)->sector_size_bytes;
    ud_err_t err = UD_OK;
    count_call();
    for (uint32_t done = 0; done < size && err == UD_OK;) {
        uint32_t room = sector_size - (offset + done) % sector_size;
        uint32_t part = size - done < room ? size - done : room;
        part = part < sizeof page ? part : (uint32_t)sizeof page;
        memcpy(page, (const uint8_t *)data + done, part);
        ram_keep(kept);
        err = ud_port_flash_program(board, area_of(area), offset + done, page, part);
        ram_restore(kept);
        done += part;
    }
    return err == UD_OK ? 0 : -1;
}

int flash_area_erase(const struct flash_area *area, uint32_t offset, uint32_t size)
{
    uint8_t kept[RAM_SIZE_MAX];
    uint32_t sector_size = geometry_of(area)->sector_size_bytes;
    ud_err_t err = offset % sector_size == 0 && size % sector_size == 0 ? UD_OK : UD_ERR_INVALID_ARGUMENT;
    count_call();
    for (uint32_t done = 0; done < size && err == UD_OK; done += sector_size) {
        ram_keep(kept);
        err = ud_port_flash_erase(board, area_of(area), offset + done);
        ram_restore(kept);
    }
    return err == UD_OK ? 0 : -1;
}

uint32_t flash_area_align(const struct flash_area *area)
{
    return geometry_of(area)->write_size_bytes;
}

uint8_t flash_area_erased_val(const struct flash_area *area)
{
    return geometry_of(area)->erased_value;
}

int flash_area_get_sectors(int id, uint32_t *count, struct flash_sector *sectors)
{
    const ud_area_geometry_t *geometry = geometry_of(&areas[id - 1]);
    uint32_t needed = geometry->size_bytes / geometry->sector_size_bytes;
    if (*count < needed) {
        return -1;
    }
    *count = needed;
    for (uint32_t index = 0; index < needed; index++) {
        sectors[index] = (struct flash_sector){index * geometry->sector_size_bytes, geometry->sector_size_bytes};
    }
    return 0;
}

int flash_area_get_sector(const struct flash_area *area, uint32_t offset, struct flash_sector *sector)
{
    uint32_t size = geometry_of(area)->sector_size_bytes;
    *sector = (struct flash_sector){offset - offset % size, size};
    return offset < area->size ? 0 : -1;
}

int flash_area_id_from_multi_image_slot(int image, int slot)
{
    (void)image;
    return slot + 1;
}

int flash_area_id_from_image_slot(int slot)
{
    return slot + 1;
}

int flash_area_id_to_multi_image_slot(int image, int id)
{
    (void)image;
    return id - 1;
}

/* ---- log, assertions, signatures --------------------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list arguments)
{
    if (peer_is_loud) {
        printf("       ");
        (void)vprintf(format, arguments);
        printf("\n");
    }
}

void mcuboot_log(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void mcuboot_warn(const char *format, ...)
{
    va_list arguments;
    if (peer_warning[0] == '\0') {
        va_start(arguments, format);
        (void)vsnprintf(peer_warning, sizeof peer_warning, format, arguments);
        va_end(arguments);
    }
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void mcuboot_assert_failed(const char *what, const char *file, int line)
{
    const char *slash = strrchr(file, '/');
    (void)snprintf(peer_last_words, sizeof peer_last_words, "assertion %s, %s:%d", what,
                   slash == NULL ? file : slash + 1, line);
    ud_board_crash(board, UD_RESET_FAULT);
}

/* In place of bootutil's fault_injection_hardening.c, whose panic is a loop in Arm's language. */
fih_ret FIH_SUCCESS = FIH_POSITIVE_VALUE;
fih_ret FIH_FAILURE = FIH_NEGATIVE_VALUE;
fih_ret FIH_NO_BOOTABLE_IMAGE = FIH_CONST1;
fih_ret FIH_BOOT_HOOK_REGULAR = FIH_CONST2;

void fih_panic_loop(void)
{
    (void)snprintf(peer_last_words, sizeof peer_last_words, "it panics");
    ud_board_crash(board, UD_RESET_WATCHDOG);
}

int bootutil_ecdsa_verify(bootutil_ecdsa_context *context, uint8_t *public_key, size_t public_key_size, uint8_t *hash,
                          size_t hash_size, uint8_t *signature, size_t signature_size)
{
    uint8_t raw[UD_P256_SIGNATURE_SIZE];
    (void)context;
    bool fits = public_key_size == UD_P256_PUBLIC_KEY_SIZE && hash_size == UD_SHA256_SIZE;
    return fits && ud_der_signature_decode(signature, signature_size, raw) == UD_OK &&
                   ud_ecdsa_p256_verify(public_key, hash, raw) == UD_VERDICT_VALID
               ? 0
               : -1;
}

/* ---- the bootloader, and the application's part of it ------------------------------------------------------------------ */

static void start_up(ud_port_t *port)
{
    static const ud_area_t of[] = {UD_AREA_SLOT_A, UD_AREA_SLOT_B, UD_AREA_JOURNAL};
    ram_reset();
    board = port;
    for (uint8_t index = 0; index < 3; index++) {
        areas[index] = (struct flash_area){.id = (uint8_t)(index + 1),
                                           .offset = 0x10000u * (index + 1u),
                                           .size = ud_port_area(port, of[index])->size_bytes};
    }
}

static uint32_t staging_offset(const ud_port_t *port)
{
    return HOLE_SECTORS * ud_port_area(port, UD_AREA_SLOT_B)->sector_size_bytes;
}

static const char *boot(ud_port_t *port, const powercut_images_t *images, powercut_start_t *start)
{
    struct boot_rsp answer;
    start_up(port);
    key_size = (unsigned)ud_public_key_der(&ud_scheme_ecdsa_p256, images->public_key, key);
    if (boot_go(&answer) != FIH_SUCCESS) {
        (void)snprintf(peer_last_words, sizeof peer_last_words, "boot_go finds nothing to start");
        ud_board_crash(port, UD_RESET_WATCHDOG);
    }
    start->slot = UD_AREA_SLOT_A;
    start->name = powercut_standing(port, UD_AREA_SLOT_A, images);
    return start->name < POWERCUT_FORGED ? NULL : "boot would jump into what nobody signed";
}

static bool stage(ud_port_t *port, const powercut_images_t *images)
{
    (void)images;
    start_up(port);
    return boot_set_pending(0) == 0;
}

static bool confirm(ud_port_t *port)
{
    start_up(port);
    return boot_set_confirmed() == 0;
}

static void give_up(ud_port_t *port)
{
    (void)port;
}

const peer_t peer = {
    .name = NAME,
    .own_sectors = SCRATCH_SECTORS,
    .staging_offset = staging_offset,
    .boot = boot,
    .stage = stage,
    .confirm = confirm,
    .give_up = give_up,
};
