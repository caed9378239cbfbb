/* A board whose flash is memory: what the emulator of tests/glitch runs the bootloader on. */
#include "tests/glitch/board.h"
#include "core/base/assert.h"
#include "ports/skeleton/port.h"

#include <string.h>

struct ud_port {
    uint8_t unused;
};

ud_port_t ud_skeleton_port;

/* ---- what the runner decides: by macros when it compiles, by writing over what is in flash (--poke) --------------------- */

#define SLOTS {BOARD_FLASH + BOARD_SLOT_A, BOARD_FLASH + BOARD_SLOT_B}

extern const uint8_t board_public_keys[2][BOARD_KEY_SIZE];
extern const ud_trusted_key_t board_keys[2];
extern const uint8_t board_decryption_key[UD_P256_PRIVATE_KEY_SIZE];
extern const uint32_t board_counter;

const uint8_t board_public_keys[2][BOARD_KEY_SIZE] = {{1}};
const ud_trusted_key_t board_keys[2] = {
    {.scheme = &BOARD_SCHEME, .public_key = board_public_keys[0], .key_hash = {1}},
    {.scheme = &BOARD_SCHEME, .public_key = board_public_keys[1], .key_hash = {2}}, /* hardware keeps it revoked */
};
const uint8_t board_decryption_key[UD_P256_PRIVATE_KEY_SIZE] = {1};
const uint32_t board_counter = 0;

const ud_boot_config_t ud_skeleton_boot = {
    .mode = &BOARD_MODE,
    .slot_address = SLOTS,
    .cipher = BOARD_CIPHER,
    .decryption_key = board_decryption_key,
    .keys = board_keys,
    .key_count = 2,
    .hardware = "glitch-r1",
};

/* ---- flash -------------------------------------------------------------------------------------------------------- */

#define GEOMETRY(size)                          \
    {                                           \
        .size_bytes = (size),                   \
        .sector_size_bytes = BOARD_SECTOR_SIZE, \
        .write_size_bytes = 8,                  \
        .erased_value = 0xFF,                   \
    }

static const struct {
    ud_area_geometry_t geometry;
    uint32_t address;
} areas[UD_AREA_COUNT] = {
    [UD_AREA_JOURNAL] = {GEOMETRY(BOARD_JOURNAL_SIZE), BOARD_FLASH + BOARD_JOURNAL},
    [UD_AREA_IDENTITY] = {GEOMETRY(BOARD_IDENTITY_SIZE), BOARD_FLASH + BOARD_IDENTITY},
    [UD_AREA_SLOT_A] = {GEOMETRY(BOARD_SLOT_A_SIZE), BOARD_FLASH + BOARD_SLOT_A},
    [UD_AREA_SLOT_B] = {GEOMETRY(BOARD_SLOT_B_SIZE), BOARD_FLASH + BOARD_SLOT_B},
};

const ud_area_geometry_t *ud_port_area(const ud_port_t *port, ud_area_t area)
{
    (void)port;
    return &areas[area].geometry;
}

uint32_t ud_skeleton_address(ud_area_t area)
{
    return areas[area].address;
}

static uint8_t *place(ud_area_t area, uint32_t offset, size_t size)
{
    const ud_area_geometry_t *geometry = &areas[area].geometry;
    bool fits = offset <= geometry->size_bytes && size <= geometry->size_bytes - offset;
    return fits ? (uint8_t *)(areas[area].address + offset) : NULL;
}

ud_err_t ud_port_flash_read(ud_port_t *port, ud_area_t area, uint32_t offset, void *data, size_t size)
{
    const uint8_t *from = place(area, offset, size);
    (void)port;
    UD_REQUIRE(from != NULL, UD_ERR_INVALID_ARGUMENT);
    memcpy(data, from, size);
    return UD_OK;
}

ud_err_t ud_port_flash_program(ud_port_t *port, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    uint8_t *to = place(area, offset, size);
    (void)port;
    UD_REQUIRE(to != NULL, UD_ERR_INVALID_ARGUMENT);
    memcpy(to, data, size);
    return UD_OK;
}

ud_err_t ud_port_flash_erase(ud_port_t *port, ud_area_t area, uint32_t offset)
{
    uint8_t *to = place(area, offset, areas[area].geometry.sector_size_bytes);
    (void)port;
    UD_REQUIRE(to != NULL, UD_ERR_INVALID_ARGUMENT);
    memset(to, 0xFF, areas[area].geometry.sector_size_bytes);
    return UD_OK;
}

/* ---- the rest ----------------------------------------------------------------------------------------------------- */

void ud_port_watchdog_feed(ud_port_t *port)
{
    (void)port;
}

ud_reset_cause_t ud_port_reset_cause(const ud_port_t *port)
{
    (void)port;
    return UD_RESET_POWER_ON;
}

_Noreturn void ud_port_reset(ud_port_t *port)
{
    volatile uint32_t *const aircr = (volatile uint32_t *)0xE000ED0C;
    (void)port;
    for (;;) {
        *aircr = 0x05FA0004;
    }
}

/* The emulator ends the run here. */
_Noreturn void ud_port_recover(ud_port_t *port)
{
    (void)port;
    for (;;) {
        __asm volatile("nop");
    }
}

uint32_t ud_port_security_counter(ud_port_t *port)
{
    (void)port;
    return *(const volatile uint32_t *)&board_counter;
}

void ud_port_security_counter_raise(ud_port_t *port, uint32_t counter)
{
    (void)port;
    (void)counter;
}

bool ud_port_key_is_revoked(ud_port_t *port, const uint8_t key_hash[32])
{
    (void)port;
    return memcmp(key_hash, board_keys[1].key_hash, UD_SHA256_SIZE) == 0;
}

void ud_port_key_revoke(ud_port_t *port, const uint8_t key_hash[32])
{
    (void)port;
    (void)key_hash;
}

_Noreturn void ud_assert_failed(const char *file, int line)
{
    (void)file;
    (void)line;
    ud_port_reset(&ud_skeleton_port);
}
