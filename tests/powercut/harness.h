/* Boards, images and checks for power-cut proofs of the real boot. */
#ifndef UD_TESTS_POWERCUT_HARNESS_H
#define UD_TESTS_POWERCUT_HARNESS_H

#include "core/crypto/key.h"
#include "core/image/trusted.h"
#include "include/updraft/boot.h"
#include "ports/posix/board.h"
#include "tests/powercut/explore.h"

#define POWERCUT_HARDWARE "board-r1"

/* The geometries that are declared to be supported and proved to survive. */
typedef struct {
    const char *name;
    ud_area_geometry_t areas[UD_AREA_COUNT];
} powercut_geometry_t;

extern const powercut_geometry_t powercut_geometries[];
extern const size_t powercut_geometry_count;

/* A signed image, and what an outsider needs to know it again. */
typedef struct {
    uint8_t *bytes; /* freed by powercut_images_free */
    size_t size;
    uint8_t hash[UD_SHA256_SIZE];
} powercut_image_t;

typedef enum {
    POWERCUT_OLD,    /* 1.0.0, of about two units */
    POWERCUT_NEW,    /* 2.0.0, of about three */
    POWERCUT_FORGED, /* as new, signed by a key that the board does not know */
    POWERCUT_IMAGE_COUNT
} powercut_image_name_t;

typedef struct {
    powercut_image_t images[POWERCUT_IMAGE_COUNT];
    ud_key_t *secret;
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
    ud_trusted_key_t key;
    ud_boot_config_t boot; /* trusts the key */
} powercut_images_t;

/* Makes the images with keys of its own: test keys, drawn anew each time. Ends the program if that fails. */
void powercut_images_make(powercut_images_t *images);
void powercut_images_free(powercut_images_t *images);

/* One more image that the board trusts, its content made of its major version. The caller frees its bytes. */
void powercut_image_make(const powercut_images_t *images, uint8_t major, uint32_t security_counter,
                         const char *hardware, powercut_image_t *image);

/* A board of that geometry with the old image in slot A and the one called `staged` at the staging offset of slot B.
 * Ends the program if that fails.
 */
ud_port_t *powercut_board(const powercut_geometry_t *geometry, const powercut_images_t *images,
                          powercut_image_name_t staged);

/* Which image slot A holds byte by byte, POWERCUT_IMAGE_COUNT if none: this does not ask boot's own code. */
powercut_image_name_t powercut_running(ud_port_t *board, const powercut_images_t *images);

/* Runs boot and checks what no boot may ever do: jump without a valid verdict, or into anything but an image that the
 * key signed. NULL or what is wrong; `name` is what runs.
 */
const char *powercut_boot(ud_port_t *board, const powercut_images_t *images, powercut_image_name_t *name);

#endif
