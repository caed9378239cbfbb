#include "core/slot/mcuboot.h"

#include "core/base/assert.h"
#include "core/image/image.h"
#include "core/slot/record.h"
#include "core/slot/trailer.h"

#include <string.h>

const ud_mcuboot_swap_t ud_mcuboot_scratch = {.records_per_sector = 3};
const ud_mcuboot_swap_t ud_mcuboot_move = {.records_per_sector = 3, .spare_sectors_a = 1, .equal_sectors = true};
const ud_mcuboot_swap_t ud_mcuboot_offset = {
    .records_per_sector = 2, .has_tlv_sizes = true, .spare_sectors_b = 1, .equal_sectors = true};

const ud_slot_mode_t ud_slot_mcuboot = {.number = 0, .has_way_back = true};

/* ---- where images lie ------------------------------------------------------------------------------------------- */

uint32_t ud_slot_unit_size(const ud_port_t *port)
{
    uint32_t a = ud_port_area(port, UD_AREA_SLOT_A)->sector_size_bytes;
    uint32_t b = ud_port_area(port, UD_AREA_SLOT_B)->sector_size_bytes;
    return a > b ? a : b;
}

uint32_t ud_slot_reach(const ud_port_t *port, uint32_t image_size)
{
    (void)image_size; /* MCUboot also moves what stands beside the longer of both images */
    return ud_port_area(port, UD_AREA_SLOT_B)->size_bytes;
}

uint32_t ud_slot_staging_offset(const ud_slot_mode_t *mode, const ud_port_t *port)
{
    (void)mode;
    return ud_mcuboot.swap->spare_sectors_b * ud_port_area(port, UD_AREA_SLOT_B)->sector_size_bytes;
}

/* Bytes of a slot without `spare` sectors and without those of its trailer. */
static uint32_t room(const ud_port_t *port, ud_area_t area, uint32_t spare)
{
    uint32_t unit = ud_slot_unit_size(port);
    uint32_t taken = (ud_trailer_size(&ud_mcuboot, port) + unit - 1) / unit * unit + spare * unit;
    uint32_t size = ud_port_area(port, area)->size_bytes;
    return size > taken ? size - taken : 0;
}

uint32_t ud_slot_image_size_max(const ud_slot_mode_t *mode, const ud_port_t *port)
{
    (void)mode;
    uint32_t a = room(port, UD_AREA_SLOT_A, ud_mcuboot.swap->spare_sectors_a);
    uint32_t b = room(port, UD_AREA_SLOT_B, ud_mcuboot.swap->spare_sectors_b);
    return a < b ? a : b;
}

/* The algorithm's spare sector may be more than the other slot has, or come out of the same number of sectors. */
static bool sectors_match(const ud_area_geometry_t *a, const ud_area_geometry_t *b)
{
    const ud_mcuboot_swap_t *swap = ud_mcuboot.swap;
    if (!swap->equal_sectors) {
        return a->size_bytes == b->size_bytes;
    }
    uint32_t spare_a = swap->spare_sectors_a * a->sector_size_bytes;
    uint32_t spare_b = swap->spare_sectors_b * b->sector_size_bytes;
    return a->sector_size_bytes == b->sector_size_bytes &&
           (a->size_bytes == b->size_bytes || a->size_bytes + spare_b == b->size_bytes + spare_a);
}

ud_err_t ud_slot_check_geometry(const ud_slot_mode_t *mode, const ud_port_t *port)
{
    const ud_area_geometry_t *a = ud_port_area(port, UD_AREA_SLOT_A);
    const ud_area_geometry_t *b = ud_port_area(port, UD_AREA_SLOT_B);
    uint8_t align = ud_mcuboot.max_align;
    UD_TRY(ud_slot_check_areas(port));
    UD_REQUIRE(mode == &ud_slot_mcuboot && sectors_match(a, b), UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(align == 8 || align == 16 || align == 32, UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(a->write_size_bytes <= align && b->write_size_bytes <= align, UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(a->size_bytes / a->sector_size_bytes <= ud_mcuboot.sectors_max, UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(b->size_bytes / b->sector_size_bytes <= ud_mcuboot.sectors_max, UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(ud_slot_image_size_max(mode, port) > 0, UD_ERR_INVALID_ARGUMENT);
    return UD_OK;
}

/* ---- which images are there ------------------------------------------------------------------------------------- */

typedef struct {
    ud_port_t *port;
    ud_area_t area;
    uint32_t base;
} place_t;

static ud_err_t read_place(void *context, uint32_t offset, void *data, size_t size)
{
    const place_t *place = context;
    return ud_port_flash_read(place->port, place->area, place->base + offset, data, size);
}

/* Reads what the image there says of itself. False: none is there. */
static bool look(ud_port_t *port, ud_area_t area, uint32_t base, ud_image_info_t *info)
{
    place_t place = {port, area, base};
    ud_image_source_t source = {read_place, &place};
    return ud_image_parse(&source, ud_port_area(port, area)->size_bytes - base, info) == UD_OK;
}

static bool staging_holds(ud_port_t *port, const uint8_t digest[UD_SHA256_SIZE])
{
    ud_image_info_t info;
    return look(port, UD_AREA_SLOT_B, ud_slot_staging_offset(&ud_slot_mcuboot, port), &info) &&
           memcmp(info.hash, digest, UD_SHA256_SIZE) == 0;
}

/* ---- what MCUboot did -------------------------------------------------------------------------------------------- */

typedef struct {
    ud_trailer_t a;
    ud_trailer_t b;
    ud_image_info_t running; /* zeros if there is no image */
} seen_t;

typedef enum {
    FOUND_NOTHING,   /* nothing was asked, or power failed before it was */
    FOUND_TRIAL,     /* an image runs that the next start reverts */
    FOUND_CONFIRMED, /* what was asked for runs for good */
    FOUND_REVERTED,  /* it ran, and does no longer */
    FOUND_REFUSED,   /* it never ran */
} found_t;

static bool is_on_trial(const ud_trailer_t *a)
{
    return a->magic == UD_TRAILER_SET && a->copy_done == UD_TRAILER_SET && a->image_ok == UD_TRAILER_UNSET;
}

static found_t judge(ud_port_t *port, const ud_slot_record_t *record, const seen_t *seen)
{
    if (is_on_trial(&seen->a)) {
        return FOUND_TRIAL;
    }
    if (record->state != UD_SLOT_TRIAL && record->install != UD_INSTALL_STAGED) {
        return FOUND_NOTHING;
    }
    if (memcmp(seen->running.hash, record->digest, UD_SHA256_SIZE) == 0) {
        return FOUND_CONFIRMED;
    }
    if (record->state == UD_SLOT_TRIAL) {
        return FOUND_REVERTED;
    }
    if (seen->b.magic == UD_TRAILER_SET) {
        return FOUND_REFUSED;
    }
    if (seen->b.swap_type == UD_TRAILER_SWAP_TEST) {
        return FOUND_NOTHING; /* MCUboot clears it with the first step of a swap */
    }
    return staging_holds(port, record->digest) ? FOUND_REVERTED : FOUND_REFUSED;
}

/* MCUboot gives one start, whatever ends it; the image is to blame for a crash and for a failed self-test. */
static ud_err_t note_revert(ud_journal_t *journal, const ud_slot_record_t *record)
{
    ud_reset_cause_t cause = ud_port_reset_cause(journal->port);
    bool crashed = record->reason == UD_OK && (cause == UD_RESET_WATCHDOG || cause == UD_RESET_FAULT);
    if (crashed || record->reason == UD_ERR_SELF_TEST_FAILED) {
        UD_TRY(ud_slot_bad_put(journal, record->digest));
    }
    ud_err_t reason = record->reason != UD_OK ? record->reason : UD_ERR_CRASHED;
    return ud_slot_reason_put(journal, UD_BOOT_REVERTED, reason, record->digest);
}

/* The rows that Updraft's boot would have written, those with the reason before the one that ends the matter. */
static ud_err_t note(ud_journal_t *journal, const seen_t *seen)
{
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    ud_slot_record_t before = record;
    found_t found = judge(journal->port, &record, seen);
    record.install = UD_INSTALL_NONE;
    if (found == FOUND_TRIAL) {
        record.state = UD_SLOT_TRIAL;
        memcpy(record.digest, seen->running.hash, UD_SHA256_SIZE);
        UD_TRY(ud_slot_reason_put(journal, UD_BOOT_INSTALLED, UD_OK, record.digest));
    } else {
        record.state = UD_SLOT_CONFIRMED;
        record.reason = UD_OK;
        record.security_counter = seen->running.security_counter > record.security_counter
                                      ? seen->running.security_counter
                                      : record.security_counter;
    }
    if (found == FOUND_REVERTED) {
        UD_TRY(note_revert(journal, &before));
    } else if (found == FOUND_REFUSED) {
        UD_TRY(ud_slot_reason_put(journal, UD_BOOT_STAGED_REFUSED, UD_ERR_BOOT_REFUSED, record.digest));
    }
    bool changed = record.state != before.state || record.install != before.install || record.reason != before.reason ||
                   record.security_counter != before.security_counter ||
                   memcmp(record.digest, before.digest, UD_SHA256_SIZE) != 0;
    return changed ? ud_slot_record_put(journal, &record) : UD_OK;
}

static void see(ud_port_t *port, seen_t *seen)
{
    ud_trailer_read(&ud_mcuboot, port, UD_AREA_SLOT_A, &seen->a);
    ud_trailer_read(&ud_mcuboot, port, UD_AREA_SLOT_B, &seen->b);
    if (!look(port, UD_AREA_SLOT_A, 0, &seen->running)) {
        seen->running = (ud_image_info_t){0};
    }
}

ud_err_t ud_slot_open(ud_journal_t *journal, ud_port_t *port)
{
    seen_t seen;
    ud_err_t opened = ud_journal_open(journal, port);
    see(port, &seen);
    ud_err_t noted = note(journal, &seen);
    if (noted == UD_OK && !is_on_trial(&seen.a)) {
        /* What is left of a request that power cut short, or that MCUboot would not meet, must not come back later. */
        noted = ud_trailer_withdraw(&ud_mcuboot, port);
    }
    return opened != UD_OK ? opened : noted;
}

/* ---- what MCUboot is asked for ----------------------------------------------------------------------------------- */

/* The magic last: before it nothing is asked for, whatever stands in journal and trailer. */
static ud_err_t ask(ud_journal_t *journal, const ud_slot_record_t *record, bool anew)
{
    UD_TRY(ud_trailer_prepare(&ud_mcuboot, journal->port, anew));
    UD_TRY(ud_slot_record_put(journal, record));
    return ud_trailer_request(&ud_mcuboot, journal->port);
}

ud_err_t ud_slot_stage(ud_journal_t *journal, const uint8_t digest[UD_SHA256_SIZE])
{
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    UD_REQUIRE(record.state != UD_SLOT_TRIAL, UD_ERR_NOT_CONFIRMED);
    record.install = UD_INSTALL_STAGED;
    memcpy(record.digest, digest, UD_SHA256_SIZE);
    ud_err_t err = ask(journal, &record, false);
    if (err == UD_ERR_FLASH_WRITE) {
        err = ask(journal, &record, true);
    }
    if (err != UD_OK) {
        ud_err_t undone = ud_slot_unstage(journal);
        (void)undone; /* the next start tidies up */
    }
    return err;
}

ud_err_t ud_slot_unstage(ud_journal_t *journal)
{
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    if (record.install != UD_INSTALL_STAGED) {
        return UD_OK;
    }
    UD_TRY(ud_trailer_withdraw(&ud_mcuboot, journal->port));
    record.install = UD_INSTALL_NONE;
    return ud_slot_record_put(journal, &record);
}

ud_err_t ud_slot_confirm(ud_journal_t *journal)
{
    ud_trailer_t trailer;
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    ud_trailer_read(&ud_mcuboot, journal->port, UD_AREA_SLOT_A, &trailer);
    if (is_on_trial(&trailer)) {
        UD_TRY(ud_trailer_confirm(&ud_mcuboot, journal->port));
    }
    if (record.state != UD_SLOT_TRIAL) {
        return UD_OK;
    }
    record.state = UD_SLOT_CONFIRMED;
    record.reason = UD_OK;
    /* Without this row the next start finds the same in the trailer. */
    ud_err_t err = ud_slot_record_put(journal, &record);
    (void)err;
    return UD_OK;
}

ud_err_t ud_slot_reject(ud_journal_t *journal, ud_err_t reason)
{
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    UD_REQUIRE(record.state == UD_SLOT_TRIAL, UD_ERR_CONFLICT);
    record.reason = (uint16_t)reason;
    return ud_slot_record_put(journal, &record);
}

ud_err_t ud_slot_announce_reset(ud_journal_t *journal)
{
    (void)journal; /* MCUboot takes no notice: any reset ends a trial */
    return UD_OK;
}
