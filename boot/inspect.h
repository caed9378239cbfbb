/* Whether an image in a slot may run here. */
#ifndef UD_BOOT_INSPECT_H
#define UD_BOOT_INSPECT_H

#include "boot/policy.h"
#include "include/updraft/boot.h"

/* What images are judged by. */
typedef struct {
    ud_port_t *port;
    const ud_boot_config_t *config;
    ud_trust_t trust; /* without the keys that port, journal or a confirmed image revoked */
    uint32_t counter; /* the least security counter permitted: the highest of port, journal and confirmed image */
} ud_boot_judge_t;

/* What boot keeps of an image that it looked at. */
typedef struct {
    ud_verdict_t verdict; /* VALID only if the image may run: authentic, for this board, counter permitted */
    uint32_t offset;      /* where in its slot it begins */
    uint32_t size;        /* bytes with all TLVs; 0: no image */
    uint32_t header_size;
    uint32_t security_counter;
    uint32_t key;     /* the one that signed it, a bit as in ud_trust_t.revoked; only of an image that may run */
    uint32_t revokes; /* keys that it revokes once it is confirmed, as ud_trust_t.revoked; likewise */
    ud_version_t version;
    uint8_t hash[UD_SHA256_SIZE];
    ud_err_t reason; /* why it may not run */
} ud_boot_found_t;

/* Reads and verifies the image at `offset` of `area`; blocks for its hash and its signature, feeds the watchdog.
 * Returns UD_FACT_BAD, UD_FACT_LOW or UD_FACT_GOOD.
 */
uint8_t ud_boot_inspect(const ud_boot_judge_t *judge, ud_area_t area, uint32_t offset, ud_boot_found_t *found);

/* Judges again, shortly before the jump, what ud_boot_inspect() found at the start of `area`: all but hash and signature,
 * whose verdict it passes on. Nothing here rests on what the first judgement left in memory but that verdict and key.
 */
ud_verdict_t ud_boot_inspect_again(const ud_boot_judge_t *judge, ud_area_t area, const ud_boot_found_t *found);

/* Bytes of the image at the start of slot A, believed unverified; 0 if there is none. For what is only put away. */
uint32_t ud_boot_size_in_a(ud_port_t *port);

#endif
