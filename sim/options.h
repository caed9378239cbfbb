/* Command line of updraft-sim. */
#ifndef UD_SIM_OPTIONS_H
#define UD_SIM_OPTIONS_H

#include "core/base/err.h"
#include "core/image/image.h"
#include "core/slot/slot.h"
#include "include/updraft/boot.h"

#include <stdbool.h>

#define UD_SIM_DEVICES_MAX 100000
#define UD_SIM_KEYS_MAX 8

/* Where the slots of simulated devices begin for their processors; builds for direct XIP are linked for one of them. */
#define UD_SIM_SLOT_A_ADDRESS 0x08020000u
#define UD_SIM_SLOT_B_ADDRESS 0x08080000u

typedef struct {
    const char *server;
    const char *claim_key;
    char hardware[UD_HARDWARE_SIZE_MAX + 1]; /* given, or what the first image names */
    const char *prefix;
    uint8_t *image; /* the first image, header to last TLV */
    uint32_t image_size;
    uint8_t public_keys[UD_SIM_KEYS_MAX][UD_PUBLIC_KEY_SIZE_MAX];
    ud_trusted_key_t keys[UD_SIM_KEYS_MAX]; /* of those; does not move */
    size_t key_count;
    const ud_boot_mode_t *boot_mode; /* what --install named: boot's side... */
    const ud_slot_mode_t *slots;     /* ...and the agent's */
    uint8_t decryption_key[UD_P256_PRIVATE_KEY_SIZE];
    bool decrypts; /* devices have it */
    uint32_t device_count;
    uint64_t seed;
    uint32_t interval_s;        /* 0: the agent's default */
    uint32_t contact_timeout_s; /* on trial */
    uint32_t speed;             /* bytes a second of each device; 0: as fast as it goes */
    uint32_t cut_download;      /* devices that lose power in the download, once */
    uint32_t cut_swap;          /* devices that lose power in the swap, once */
    uint32_t drop;              /* devices that lose the connection in the download, once */
    bool allow_unsigned_chain;
    bool json;
    const char *until_version; /* stop when so many devices run it for good; NULL: never */
    uint32_t until_count;
    uint32_t timeout_s; /* end with an error then; 0: never */
} ud_sim_options_t;

/* Reads the command line and the files it names. `*done` if help or version was asked for and printed. On an error a line
 * that says what to do went to stderr. The image is freed by ud_sim_options_free().
 */
UD_MUST_USE ud_err_t ud_sim_options_read(ud_sim_options_t *options, int argc, char **argv, bool *done);
void ud_sim_options_free(ud_sim_options_t *options);

#endif
