/* Slots: what boot and agent tell each other, kept in the journal (core/slot/journal.h).
 *
 *                    ud_slot_stage                boot: install               ud_slot_confirm
 *      (download) ------------------> STAGED ---------------------> TRIAL ---------------------> CONFIRMED
 *                                       |                             |
 *                    not authentic, or the journal is worn            | attempts used up, ud_slot_reject, no contact
 *                                       v                             v
 *                                  reported, dropped              boot: revert; digest remembered as bad
 *                                                                 (except reason no_contact)
 *
 * What depends on the bootloader stands in a file of its own, of which a product links one: updraft.c for Updraft's (boot/),
 * mcuboot.c for MCUboot (mcuboot.h). The agent and what the journal alone knows are the same.
 *
 * All functions are bounded and take at most a handful of program operations and one journal sector rotation. Power may
 * fail at any point: afterwards the journal says either the old or the new state, never a third.
 * RAM: one ud_journal_t, below 512 bytes.
 */
#ifndef UD_SLOT_SLOT_H
#define UD_SLOT_SLOT_H

#include "core/base/limits.h"
#include "core/slot/journal.h"
#include "include/updraft/port.h"

/* What stands in the slot that runs (slot A, but for direct XIP), as far as boot and agent agreed. */
typedef enum {
    UD_SLOT_EMPTY,     /* journal is new: nothing is known, boot takes a valid image as confirmed */
    UD_SLOT_TRIAL,     /* runs on trial: confirm it or it reverts */
    UD_SLOT_CONFIRMED, /* runs for good */
} ud_slot_state_t;

/* What boot did last, reported by the agent with each check-in ("boot_reason"). */
typedef enum {
    UD_BOOT_NORMAL = 0,
    UD_BOOT_INSTALLED = 1,      /* a staged image was installed and is on trial */
    UD_BOOT_REVERTED = 2,       /* the image before came back; revert_reason says why */
    UD_BOOT_RESCUED = 3,        /* slot A was invalid, an authentic slot B was installed */
    UD_BOOT_JOURNAL_LOST = 4,   /* no record was readable; slot A was taken as confirmed */
    UD_BOOT_STAGED_REFUSED = 5, /* the staged image did not verify at boot; revert_reason says why */
    UD_BOOT_SAFE_MODE = 6,      /* crash loop and no other image to return to */
} ud_boot_reason_t;

typedef struct {
    ud_slot_state_t state;
    ud_boot_reason_t boot_reason;
    ud_err_t
        revert_reason; /* UD_OK, or why the last trial ended: SELF_TEST_FAILED, CRASHED, NO_CONTACT, CRASH_LOOP, IMAGE_* */
    uint8_t revert_digest[UD_SHA256_SIZE]; /* image hash of what was reverted or refused */
    uint8_t attempts;                      /* starts of the present trial that used up an attempt */
    uint8_t abnormal_resets;               /* since the last check-in that the server answered */
    uint32_t security_counter;             /* highest ever confirmed, as far as the journal knows */
    bool install_pending;                  /* staged, or an install is under way: boot acts at the next start */
    bool journal_worn;                     /* one lane refuses writes */
} ud_slot_status_t;

/* Opens the journal (ud_journal_open, with its errors) and, where the bootloader does not write it, notes there what that
 * did since. The agent calls it once per start, before any other function; boot opens the journal itself.
 * Power fail: open again.
 */
UD_MUST_USE ud_err_t ud_slot_open(ud_journal_t *journal, ud_port_t *port);

/* Reads the present status; RAM only. */
void ud_slot_status(const ud_journal_t *journal, ud_slot_status_t *status);

/* Asks boot to install the verified image in slot B at the next start, on trial. `digest` is its image hash.
 * Errors: UD_ERR_NOT_CONFIRMED (slot A is on trial), UD_ERR_JOURNAL_WORN (no lane took the record: nothing is staged),
 * on MCUboot UD_ERR_FLASH_WRITE and UD_ERR_FLASH_ERASE (slot B's trailer takes nothing: nothing is staged).
 */
UD_MUST_USE ud_err_t ud_slot_stage(ud_journal_t *journal, const uint8_t digest[UD_SHA256_SIZE]);

/* The same for the image before, where it lies: at the start of slot B, behind no hole (ud_slot_mode_t.has_hole). A rollback
 * without a download; it is as much on trial as any other image.
 */
UD_MUST_USE ud_err_t ud_slot_stage_before(ud_journal_t *journal, const uint8_t digest[UD_SHA256_SIZE]);

/* Withdraws a staged image before boot saw it. Harmless when nothing is staged. */
UD_MUST_USE ud_err_t ud_slot_unstage(ud_journal_t *journal);

/* Makes the running trial permanent. Idempotent. Errors: UD_ERR_JOURNAL_WORN, on MCUboot UD_ERR_FLASH_WRITE: the trial goes
 * on.
 */
UD_MUST_USE ud_err_t ud_slot_confirm(ud_journal_t *journal);

/* Ends the running trial: the next start reverts with `reason` (SELF_TEST_FAILED or NO_CONTACT).
 * Errors: UD_ERR_CONFLICT (nothing is on trial).
 */
UD_MUST_USE ud_err_t ud_slot_reject(ud_journal_t *journal, ud_err_t reason);

/* Says that the reset to come is meant; it uses up no attempt of a trial. */
UD_MUST_USE ud_err_t ud_slot_announce_reset(ud_journal_t *journal);

/* Says that the server answered an authenticated check-in: the count of abnormal resets begins anew.
 * Writes only when there is something to change.
 */
UD_MUST_USE ud_err_t ud_slot_contact(ud_journal_t *journal);

/* Raises the journal's security counter to that of the confirmed image. Never lowers it. */
UD_MUST_USE ud_err_t ud_slot_raise_counter(ud_journal_t *journal, uint32_t counter);

/* True if `digest` failed on this device before (crashed or failed its self-test); the last UD_SLOT_BAD_COUNT are kept. */
#define UD_SLOT_BAD_COUNT 2
bool ud_slot_is_bad(const ud_journal_t *journal, const uint8_t digest[UD_SHA256_SIZE]);

/* Keys that a confirmed image revoked, by the first UD_SLOT_REVOKED_SIZE bytes of their hash; written when the image is
 * confirmed, and by boot at the first start that finds it so. The first UD_SLOT_REVOKED_COUNT are kept; the image itself
 * names them, too.
 */
#define UD_SLOT_REVOKED_SIZE 16
#define UD_SLOT_REVOKED_COUNT 3

/* The key at `index`, or NULL if there is none; good until the next write. */
const uint8_t *ud_slot_revoked(const ud_journal_t *journal, size_t index);

/* Adds a key; writes only what is new, and nothing when there is no room. Errors: UD_ERR_JOURNAL_WORN. */
UD_MUST_USE ud_err_t ud_slot_revoke(ud_journal_t *journal, const uint8_t key_hash[UD_SHA256_SIZE]);

/* ---- where images lie -------------------------------------------------------------------------------------------- */

/* How a product uses its two slots: one constant for all its life, the same in its bootloader and its application. */
typedef struct {
    uint8_t number;    /* as devices say it: capabilities.install of api/device.cddl */
    bool runs_both;    /* an image runs in the slot that it was written to; else all run in slot A */
    bool has_way_back; /* the image before stays, and comes back when a trial fails */
    bool has_hole;     /* slot B is one unit larger than slot A, and a new image is written one unit into it */
} ud_slot_mode_t;

/* Slot A and slot B change places; images are linked for slot A. */
extern const ud_slot_mode_t ud_slot_swap;

/* Slot B is copied over slot A; images are linked for slot A. */
extern const ud_slot_mode_t ud_slot_overwrite;

/* Direct XIP: one build per slot, none is ever moved. */
extern const ud_slot_mode_t ud_slot_xip;

/* The slot a new image is to be written to while the image in `running` runs. */
ud_area_t ud_slot_spare(const ud_slot_mode_t *mode, ud_area_t running);

/* True if an image may run in `area`, as far as addresses go: `fixed` is its flag ROM_FIXED, `load_address` what it then says,
 * `slot_address` where slots A and B begin for the processor. Builds for one address need the same one; direct XIP has no
 * others.
 */
bool ud_slot_takes(const ud_slot_mode_t *mode, const uint32_t slot_address[2], ud_area_t area, bool fixed,
                   uint32_t load_address);

/* Images are moved unit by unit: the largest of both slots' sector sizes and 4 KB, so that a journal with small sectors
 * is not worn by its own notes. A slot is a whole number of units.
 */
#define UD_SLOT_UNIT_SIZE_MIN 4096
uint32_t ud_slot_unit_size(const ud_port_t *port);

/* Bytes of the spare slot, from where an image of `image_size` bytes begins, that boot reads when it installs that image: the
 * units it fills. More than the slot has means all of it.
 */
uint32_t ud_slot_reach(const ud_port_t *port, uint32_t image_size);

/* Where in the spare slot a new image is to be written, bytes; with a hole the image before, if any, begins at 0. */
uint32_t ud_slot_staging_offset(const ud_slot_mode_t *mode, const ud_port_t *port);

/* Largest image, header and TLVs included, that can be installed, bytes. */
uint32_t ud_slot_image_size_max(const ud_slot_mode_t *mode, const ud_port_t *port);

/* Checks the geometry of a new board once, in its start-up or a test.
 * Errors: UD_ERR_INVALID_ARGUMENT (what port.h and this file ask for does not hold).
 */
UD_MUST_USE ud_err_t ud_slot_check_geometry(const ud_slot_mode_t *mode, const ud_port_t *port);

/* The part of it that no bootloader changes: areas, journal, identity. Errors: UD_ERR_INVALID_ARGUMENT. */
UD_MUST_USE ud_err_t ud_slot_check_areas(const ud_port_t *port);

/* ---- the agent's own rows: boot keeps but never reads them ------------------------------------------------------ */

/* Both are rows as they are on flash, byte for byte: never move a member. */

/* A download in progress; survives power cuts. */
typedef struct {
    uint8_t present; /* 1 in a row that is there, whatever is given to put */
    uint8_t spare[3];
    uint32_t update_id;
    uint32_t offset;                  /* bytes of the image that are in slot B, verified */
    uint8_t expected[UD_SHA256_SIZE]; /* SHA-256 of the next record of the chunk chain */
    uint8_t artifact_tag[8];          /* first bytes of the chain root: another chain starts anew */
} ud_slot_download_t;

/* Errors: UD_ERR_NOT_FOUND (no download in progress). */
UD_MUST_USE ud_err_t ud_slot_download_get(const ud_journal_t *journal, ud_slot_download_t *download);

/* Records progress; call it after the data is in flash and read back, at most once per max(chunk, 4 KB, sector). */
UD_MUST_USE ud_err_t ud_slot_download_put(ud_journal_t *journal, const ud_slot_download_t *download);

/* Forgets the download (finished, cancelled or refused). */
UD_MUST_USE ud_err_t ud_slot_download_clear(ud_journal_t *journal);

/* What the agent must remember to report exactly once: the update under way and the report numbering. */
typedef struct {
    uint8_t present;
    uint8_t state;        /* agent's own state code (ud_device_state_t) at the last report */
    uint16_t error;       /* ud_err_t to be reported with it */
    uint32_t update_id;   /* 0: none */
    uint32_t epoch;       /* random; drawn anew only when the journal lost it */
    uint32_t sequence;    /* first number not yet reserved: numbers below may have been used */
    uint8_t image_tag[8]; /* first bytes of the update's image hash: what boot says is of this update, or is not */
} ud_slot_report_t;

/* Errors: UD_ERR_NOT_FOUND (the journal is new or lost). */
UD_MUST_USE ud_err_t ud_slot_report_get(const ud_journal_t *journal, ud_slot_report_t *report);
UD_MUST_USE ud_err_t ud_slot_report_put(ud_journal_t *journal, const ud_slot_report_t *report);

#endif
