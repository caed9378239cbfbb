#include "tests/powercut/harness.h"

#include "core/image/sign.h"
#include "core/slot/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOT (16 * 1024)
#define UNIT UD_SLOT_UNIT_SIZE_MIN
#define OLD_PAYLOAD 7000
#define NEW_PAYLOAD 11000
#define HEADER 512

/* size, sector, word, erased value: journal, slot A, slot B, identity */
const powercut_geometry_t powercut_geometries[] = {
    {"nor-4096x1",
     {{4 * 4096, 4096, 1, 0xFF}, {SLOT, 4096, 1, 0xFF}, {SLOT + UNIT, 4096, 1, 0xFF}, {8192, 4096, 1, 0xFF}}},
    {"page-512x4", {{16 * 512, 512, 4, 0xFF}, {SLOT, 512, 4, 0xFF}, {SLOT + UNIT, 512, 4, 0xFF}, {2048, 512, 4, 0xFF}}},
    {"page-2048x8",
     {{4 * 2048, 2048, 8, 0xFF}, {SLOT, 2048, 8, 0xFF}, {SLOT + UNIT, 2048, 8, 0xFF}, {4096, 2048, 8, 0xFF}}},
    {"ecc-4096x32",
     {{4 * 4096, 4096, 32, 0xFF}, {SLOT, 4096, 32, 0xFF}, {SLOT + UNIT, 4096, 32, 0xFF}, {8192, 4096, 32, 0xFF}}},
    {"mixed-2048x8-4096x1",
     {{4 * 1024, 1024, 8, 0xFF}, {SLOT, 2048, 8, 0xFF}, {SLOT + UNIT, 4096, 1, 0xFF}, {4096, 2048, 8, 0xFF}}},
};
const size_t powercut_geometry_count = sizeof powercut_geometries / sizeof powercut_geometries[0];

static void need(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "powercut: %s\n", what);
        exit(2);
    }
}

static void make_image(const ud_key_t *key, const ud_sign_options_t *options, size_t payload_size,
                       powercut_image_t *image)
{
    static uint8_t payload[NEW_PAYLOAD];
    for (size_t index = 0; index < payload_size; index++) {
        payload[index] = (uint8_t)(index * (options->version.major + 6u) + index / 251);
    }
    size_t capacity = ud_sign_size_max(options, payload_size);
    ud_image_info_t info;
    image->bytes = malloc(capacity);
    need(image->bytes != NULL &&
             ud_sign_image(options, key, payload, payload_size, image->bytes, capacity, &image->size, &info) == UD_OK,
         "an image cannot be signed");
    memcpy(image->hash, info.hash, sizeof image->hash);
}

void powercut_image_make(const powercut_images_t *images, uint8_t major, uint32_t security_counter,
                         const char *hardware, powercut_image_t *image)
{
    ud_sign_options_t options = {.version = {.major = major},
                                 .hardware = hardware,
                                 .has_security_counter = true,
                                 .security_counter = security_counter,
                                 .header_size = HEADER,
                                 .pad_header = true};
    make_image(images->secret, &options, NEW_PAYLOAD, image);
}

void powercut_images_make(powercut_images_t *images)
{
    ud_key_t *stranger = NULL;
    ud_sign_options_t options = {
        .version = {.major = 1}, .hardware = POWERCUT_HARDWARE, .header_size = HEADER, .pad_header = true};
    need(ud_key_generate(&images->secret) == UD_OK && ud_key_generate(&stranger) == UD_OK, "no key can be made");
    ud_key_public(images->secret, images->public_key);
    ud_trusted_key_init(&images->key, &ud_scheme_ecdsa_p256, images->public_key);
    images->boot =
        (ud_boot_config_t){.mode = &ud_boot_swap, .keys = &images->key, .key_count = 1, .hardware = POWERCUT_HARDWARE};
    make_image(images->secret, &options, OLD_PAYLOAD, &images->images[POWERCUT_OLD]);
    options.version.major = 2;
    make_image(images->secret, &options, NEW_PAYLOAD, &images->images[POWERCUT_NEW]);
    make_image(stranger, &options, NEW_PAYLOAD, &images->images[POWERCUT_FORGED]);
    ud_key_destroy(stranger);
}

void powercut_images_free(powercut_images_t *images)
{
    for (int name = 0; name < POWERCUT_IMAGE_COUNT; name++) {
        free(images->images[name].bytes);
    }
    ud_key_destroy(images->secret);
}

ud_port_t *powercut_board(const powercut_geometry_t *geometry, const powercut_images_t *images,
                          powercut_image_name_t staged)
{
    ud_board_config_t config = {.seed = 1};
    ud_port_t *board = NULL;
    memcpy(config.areas, geometry->areas, sizeof config.areas);
    need(ud_board_create(&config, &board) == UD_OK && ud_slot_check_geometry(&ud_slot_swap, board) == UD_OK,
         geometry->name);
    const powercut_image_t *old = &images->images[POWERCUT_OLD];
    const powercut_image_t *other = &images->images[staged];
    ud_board_load(board, UD_AREA_SLOT_A, 0, old->bytes, old->size);
    ud_board_load(board, UD_AREA_SLOT_B, ud_slot_staging_offset(&ud_slot_swap, board), other->bytes, other->size);
    return board;
}

powercut_image_name_t powercut_running(ud_port_t *board, const powercut_images_t *images)
{
    static uint8_t content[SLOT];
    for (int name = 0; name < POWERCUT_IMAGE_COUNT; name++) {
        const powercut_image_t *image = &images->images[name];
        if (ud_port_flash_read(board, UD_AREA_SLOT_A, 0, content, image->size) == UD_OK &&
            memcmp(content, image->bytes, image->size) == 0) {
            return (powercut_image_name_t)name;
        }
    }
    return POWERCUT_IMAGE_COUNT;
}

const char *powercut_boot(ud_port_t *board, const powercut_images_t *images, powercut_image_name_t *name)
{
    ud_boot_result_t result;
    ud_boot_run(board, &images->boot, &result);
    *name = powercut_running(board, images);
    if (result.verdict != UD_VERDICT_VALID || result.area != UD_AREA_SLOT_A || result.code_offset != HEADER) {
        return "boot returned without saying where to jump to";
    }
    return *name == POWERCUT_OLD || *name == POWERCUT_NEW ? NULL : "boot would jump into something that nobody signed";
}
