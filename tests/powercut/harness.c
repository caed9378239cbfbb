#include "tests/powercut/harness.h"

#include "core/image/encrypted.h"
#include "core/image/sign.h"
#include "core/slot/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER 512

/* Bytes of TLVs, no fewer than images have. */
#define TLVS 512

/* Bytes of the largest slot A. */
#define SLOT_MAX (512 * 1024)

/* Bytes that tell one image from the others: its header. */
#define HEAD_SIZE 32

const powercut_mode_t powercut_modes[] = {
    {"swap", &ud_boot_swap, &ud_slot_swap},
    {"overwrite", &ud_boot_overwrite, &ud_slot_overwrite},
    {"xip", &ud_boot_xip, &ud_slot_xip},
};
const size_t powercut_mode_count = sizeof powercut_modes / sizeof powercut_modes[0];

static void need(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "powercut: %s\n", what);
        exit(2);
    }
}

static void make_image(const ud_key_t *key, const ud_sign_options_t *options, size_t payload_size,
                       powercut_image_t *image, ud_image_info_t *info)
{
    uint8_t *payload = malloc(payload_size);
    size_t capacity = ud_sign_size_max(options, payload_size);
    image->bytes = malloc(capacity);
    image->plain = image->bytes;
    need(payload != NULL && image->bytes != NULL, "no memory");
    for (size_t index = 0; index < payload_size; index++) {
        payload[index] = (uint8_t)(index * (options->version.major + 6u) + index / 251);
    }
    need(ud_sign_image(options, key, payload, payload_size, image->bytes, capacity, &image->size, info) == UD_OK,
         "an image cannot be signed");
    memcpy(image->hash, info->hash, sizeof image->hash);
    free(payload);
}

static void decrypt(const ud_image_info_t *info, const uint8_t *private_key, powercut_image_t *image)
{
    ud_image_memory_t memory = {image->bytes, image->size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    ud_aes_t aes;
    image->plain = malloc(image->size);
    need(image->plain != NULL && ud_image_unwrap_key(&source, info, private_key, &aes) == UD_OK,
         "an image cannot be decrypted");
    memcpy(image->plain, image->bytes, image->size);
    ud_image_crypt(&aes, info, 0, image->plain, image->size);
}

static ud_sign_options_t options_of(uint8_t major, uint32_t counter, const char *hardware)
{
    return (ud_sign_options_t){.version = {.major = major},
                               .hardware = hardware,
                               .has_security_counter = true,
                               .security_counter = counter,
                               .header_size = HEADER,
                               .pad_header = true};
}

void powercut_image_make(const powercut_images_t *images, uint8_t major, uint32_t security_counter,
                         const char *hardware, powercut_image_t *image)
{
    ud_sign_options_t options = options_of(major, security_counter, hardware);
    ud_image_info_t info;
    make_image(images->secret, &options, images->images[POWERCUT_NEW].size - HEADER - TLVS, image, &info);
}

/* Payload of the longest image, up to the last unit of slot A, and of one that is a unit shorter. */
static void choose_sizes(const powercut_images_for_t *what, uint32_t *longer, uint32_t *shorter)
{
    const powercut_geometry_t *geometry = what->geometry;
    ud_board_config_t config = {.seed = 1};
    ud_port_t *board = NULL;
    memcpy(config.areas, geometry->areas, sizeof config.areas);
    need(ud_board_create(&config, &board) == UD_OK, geometry->name);
    uint32_t unit = ud_slot_unit_size(board);
    uint32_t room = what->room != 0 ? what->room : geometry->areas[UD_AREA_SLOT_A].size_bytes - unit / 4;
    *longer = room - HEADER - TLVS;
    *shorter = *longer > unit ? *longer - unit : *longer / 2;
    ud_board_destroy(board);
}

void powercut_images_make(powercut_images_t *images, const powercut_images_for_t *what)
{
    ud_key_t *stranger = NULL;
    uint32_t longer;
    uint32_t shorter;
    choose_sizes(what, &longer, &shorter);
    need(ud_key_generate(&images->secret) == UD_OK && ud_key_generate(&stranger) == UD_OK, "no key can be made");
    ud_key_public(images->secret, images->public_key);
    ud_trusted_key_init(&images->keys[0], &ud_scheme_ecdsa_p256, images->public_key);
    images->older = NULL;
    if (what->revokes) {
        need(ud_key_generate(&images->older) == UD_OK, "no key can be made");
        ud_key_public(images->older, images->older_public_key);
        ud_trusted_key_init(&images->keys[1], &ud_scheme_ecdsa_p256, images->older_public_key);
    }
    images->slots = what->mode->slots;
    images->boot = (ud_boot_config_t){.mode = what->mode->boot,
                                      .slot_address = {POWERCUT_ADDRESS_A, POWERCUT_ADDRESS_B},
                                      .keys = images->keys,
                                      .key_count = what->revokes ? 2 : 1,
                                      .hardware = POWERCUT_HARDWARE};
    images->device = NULL;
    if (what->encrypted) {
        need(ud_key_generate(&images->device) == UD_OK &&
                 ud_key_private(images->device, images->decryption_key) == UD_OK,
             "no key can be made");
        images->boot.cipher = &ud_boot_ecies_p256;
        images->boot.decryption_key = images->decryption_key;
    }
    for (int name = 0; name < POWERCUT_IMAGE_COUNT; name++) {
        static const uint8_t majors[POWERCUT_IMAGE_COUNT] = {1, 2, 3, 2};
        bool is_old = name == POWERCUT_OLD;
        ud_sign_options_t options = options_of(majors[name], is_old ? 0 : what->counter, POWERCUT_HARDWARE);
        options.has_rom_address = what->mode->slots->runs_both;
        options.rom_address = name == (int)what->first ? POWERCUT_ADDRESS_A : POWERCUT_ADDRESS_B;
        options.encrypt_for = images->device;
        options.encrypt_key_size = is_old ? 16 : 32;
        options.revoked = &images->keys[1].key_hash;
        options.revoked_count = what->revokes && name == POWERCUT_NEW;
        const ud_key_t *key = is_old && what->revokes ? images->older : images->secret;
        ud_image_info_t info;
        make_image(name == POWERCUT_FORGED ? stranger : key, &options, is_old ? shorter : longer, &images->images[name],
                   &info);
        if (what->encrypted) {
            decrypt(&info, images->decryption_key, &images->images[name]);
        }
    }
    ud_key_destroy(stranger);
}

void powercut_images_free(powercut_images_t *images)
{
    for (int name = 0; name < POWERCUT_IMAGE_COUNT; name++) {
        if (images->images[name].plain != images->images[name].bytes) {
            free(images->images[name].plain);
        }
        free(images->images[name].bytes);
    }
    ud_key_destroy(images->device);
    ud_key_destroy(images->older);
    ud_key_destroy(images->secret);
}

ud_port_t *powercut_board(const powercut_geometry_t *geometry, const powercut_images_t *images,
                          powercut_image_name_t running, powercut_image_name_t staged, bool hardware_counter)
{
    ud_board_config_t config = {.seed = 1, .hardware_counter = hardware_counter};
    const ud_slot_mode_t *slots = images->slots;
    ud_port_t *board = NULL;
    memcpy(config.areas, geometry->areas, sizeof config.areas);
    need(ud_board_create(&config, &board) == UD_OK && ud_slot_check_geometry(slots, board) == UD_OK, geometry->name);
    const powercut_image_t *first = &images->images[running];
    const powercut_image_t *other = &images->images[staged];
    uint32_t room = ud_slot_image_size_max(slots, board);
    need(room <= SLOT_MAX && first->size <= room && other->size <= room, "an image is too large");
    ud_board_load(board, UD_AREA_SLOT_A, 0, first->plain, first->size);
    ud_board_load(board, UD_AREA_SLOT_B, ud_slot_staging_offset(slots, board), other->bytes, other->size);
    return board;
}

static bool holds(ud_port_t *board, ud_area_t slot, const powercut_image_t *image)
{
    static uint8_t content[SLOT_MAX];
    return ud_port_flash_read(board, slot, 0, content, HEAD_SIZE) == UD_OK &&
           memcmp(content, image->plain, HEAD_SIZE) == 0 &&
           ud_port_flash_read(board, slot, 0, content, image->size) == UD_OK &&
           memcmp(content, image->plain, image->size) == 0;
}

powercut_image_name_t powercut_standing(ud_port_t *board, ud_area_t slot, const powercut_images_t *images)
{
    int name = 0;
    while (name < POWERCUT_IMAGE_COUNT && !holds(board, slot, &images->images[name])) {
        name++;
    }
    return (powercut_image_name_t)name;
}

const char *powercut_boot(ud_port_t *board, const powercut_images_t *images, powercut_start_t *start)
{
    ud_boot_result_t result;
    ud_boot_run(board, &images->boot, &result);
    bool in_place = result.area == UD_AREA_SLOT_A || (result.area == UD_AREA_SLOT_B && images->slots->runs_both);
    if (result.verdict != UD_VERDICT_VALID || !in_place || result.code_offset != HEADER) {
        return "boot returned without saying where to jump to";
    }
    start->slot = result.area;
    start->name = powercut_standing(board, result.area, images);
    return start->name < POWERCUT_FORGED ? NULL : "boot would jump into what nobody signed";
}
