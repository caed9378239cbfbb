/* The bootloader: what a board's start-up code calls before it jumps into an image.
 *
 *   start-up --> ud_boot_run --> ud_boot_result_t --> the port checks the verdict twice more and jumps
 *
 * ud_boot_run() completes what a power cut interrupted, installs what was staged, takes back what failed its trial, and
 * verifies what it gives back: hash, signature by a trusted key that was not revoked, security counter, hardware id, address,
 * dependencies. What it decides is one table for each install mode: boot/swap.c and its like, docs/device.md "Boot".
 * Power may fail at any instant: the next start goes on. The watchdog is fed at least once per flash operation.
 * RAM: no static data; the stack holds the journal (356 bytes), two copy buffers and the verification.
 */
#ifndef UPDRAFT_BOOT_H
#define UPDRAFT_BOOT_H

#include "core/image/image.h"
#include "include/updraft/port.h"

/* Starts of an image on trial that may end in power loss, watchdog or fault before it is taken back. */
#define UD_BOOT_ATTEMPTS 3

/* Abnormal resets (watchdog, fault) of a confirmed image without an answer of the server in between. */
#define UD_BOOT_CRASH_LOOP 8

/* How images get to where they run: one file each in boot/, of which a product links the one that it names. The agent must be
 * told the same (ud_agent_config_t.slots).
 */
typedef struct ud_boot_mode ud_boot_mode_t;
extern const ud_boot_mode_t ud_boot_swap;      /* the image before is kept in slot B and can come back */
extern const ud_boot_mode_t ud_boot_overwrite; /* smallest; no way back */
extern const ud_boot_mode_t ud_boot_xip;       /* one build per slot, runs where it was written */

/* What decrypts images while they are installed. */
typedef struct ud_boot_cipher ud_boot_cipher_t;
extern const ud_boot_cipher_t ud_boot_ecies_p256; /* ECIES over P-256 with AES-128 or AES-256 */

/* What this bootloader is and trusts; compiled in. */
typedef struct {
    const ud_boot_mode_t *mode;
    uint32_t slot_address[2]; /* where slots A and B begin for the processor; images with ROM_FIXED name it. Direct XIP
                                 needs both; else 0 will do, and images with ROM_FIXED are refused */
    const ud_boot_cipher_t
        *cipher; /* NULL: encrypted images are refused. With direct XIP it says that the port decrypts what
                                       it reads, since nothing is ever copied */
    const uint8_t *decryption_key; /* 32 bytes, the private key that images are encrypted for; with `cipher` */
    const ud_trusted_key_t *keys;
    size_t key_count;     /* at most UD_TRUSTED_KEYS_MAX */
    const char *hardware; /* this board's hardware id, NUL-terminated, at most UD_HARDWARE_SIZE_MAX bytes */
} ud_boot_config_t;

/* Where to jump to. Written only when there is an authentic image. */
typedef struct {
    ud_area_t area;       /* UD_AREA_SLOT_A; UD_AREA_SLOT_B only under direct XIP */
    uint32_t code_offset; /* bytes from the area's start to the vector table, behind the image header */
    ud_verdict_t verdict; /* UD_VERDICT_VALID, or do not jump; compare it twice, with something in between */
    bool safe_mode; /* the image crashes again and again and there is no other: start with as little as possible */
} ud_boot_result_t;

/* Decides, installs, verifies. Blocks for as long as an install takes; to be called once per reset, first of all.
 * Does not return (ud_port_recover) when neither slot holds an authentic image.
 */
void ud_boot_run(ud_port_t *port, const ud_boot_config_t *config, ud_boot_result_t *result);

#endif
