/* Boards, images and checks for power-cut proofs of the real boot. */
#ifndef UD_TESTS_POWERCUT_HARNESS_H
#define UD_TESTS_POWERCUT_HARNESS_H

#include "core/crypto/key.h"
#include "core/image/trusted.h"
#include "core/slot/slot.h"
#include "include/updraft/boot.h"
#include "ports/posix/board.h"
#include "tests/powercut/layouts.h"

#define POWERCUT_HARDWARE "board-r1"

/* Where slots A and B begin for the processor. */
#define POWERCUT_ADDRESS_A 0x08020000u
#define POWERCUT_ADDRESS_B 0x08200000u

/* A signed image, and what an outsider needs to know it again. */
typedef struct {
    uint8_t *bytes; /* as it is downloaded, and lies in slot B; freed by powercut_images_free */
    uint8_t *plain; /* as it runs: the same, or decrypted */
    size_t size;
    uint8_t hash[UD_SHA256_SIZE];
} powercut_image_t;

typedef enum {
    POWERCUT_OLD,    /* 1.0.0, a unit shorter than the new one where a slot has more than one */
    POWERCUT_NEW,    /* 2.0.0, up to the last unit of slot A */
    POWERCUT_OTHER,  /* 3.0.0, as long as the new one: offered to whoever tries that */
    POWERCUT_FORGED, /* as new, signed by a key that the board does not know */
    POWERCUT_IMAGE_COUNT
} powercut_image_name_t;

typedef struct {
    powercut_image_t images[POWERCUT_IMAGE_COUNT];
    ud_key_t *secret;
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
    ud_key_t *older; /* the old image is signed with it where the new one revokes it; else NULL */
    uint8_t older_public_key[UD_P256_PUBLIC_KEY_SIZE];
    ud_trusted_key_t keys[2]; /* of `secret`, of `older` */
    ud_boot_config_t boot;    /* trusts the keys that there are */
    ud_key_t *device;         /* what images are encrypted for, if they are; else NULL */
    uint8_t decryption_key[UD_P256_PRIVATE_KEY_SIZE];
    const ud_slot_mode_t *slots;
} powercut_images_t;

/* An install mode, as boot and as the agent name it. */
typedef struct {
    const char *name;
    const ud_boot_mode_t *boot;
    const ud_slot_mode_t *slots;
} powercut_mode_t;

extern const powercut_mode_t powercut_modes[];
extern const size_t powercut_mode_count;

/* What the images are made for. */
typedef struct {
    const powercut_geometry_t *geometry;
    const powercut_mode_t *mode;
    uint32_t counter;            /* security counter of the new image; the old one has 0 */
    powercut_image_name_t first; /* runs in slot A: under direct XIP it is linked for it, the others for slot B */
    bool encrypted;
    uint32_t room; /* bytes that the longest image may take; 0: slot A up to its last unit */
    bool revokes;  /* the new image revokes the key of the old one */
} powercut_images_for_t;

/* Makes the images with keys of their own: test keys, drawn anew each time. Ends the program if that fails. */
void powercut_images_make(powercut_images_t *images, const powercut_images_for_t *what);
void powercut_images_free(powercut_images_t *images);

/* One more image that the board trusts, its content made of its major version. The caller frees its bytes. */
void powercut_image_make(const powercut_images_t *images, uint8_t major, uint32_t security_counter,
                         const char *hardware, powercut_image_t *image);

/* A board of that geometry with the image called `running` in slot A and the one called `staged` at the staging offset of
 * slot B. `hardware_counter`: it keeps the security counter itself, too. Ends the program if that fails.
 */
ud_port_t *powercut_board(const powercut_geometry_t *geometry, const powercut_images_t *images,
                          powercut_image_name_t running, powercut_image_name_t staged, bool hardware_counter);

/* Which image a slot holds byte by byte, POWERCUT_IMAGE_COUNT if none: this does not ask boot's own code. */
powercut_image_name_t powercut_standing(ud_port_t *board, ud_area_t slot, const powercut_images_t *images);

/* What boot came to. */
typedef struct {
    powercut_image_name_t name; /* what runs */
    ud_area_t slot;             /* where */
} powercut_start_t;

/* Runs boot and checks what no boot may ever do: jump without a valid verdict, or into anything but an image that the
 * key signed, whole and in its place. NULL or what is wrong.
 */
const char *powercut_boot(ud_port_t *board, const powercut_images_t *images, powercut_start_t *start);

#endif
