#include "core/slot/slot.h"

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/endian.h"
#include "core/slot/record.h"

/* First byte of the agent's rows: a row of zeros is none. */
#define PRESENT 1

_Static_assert(sizeof(ud_slot_download_t) == UD_JOURNAL_PAYLOAD_SIZE, "the download row is filled");
_Static_assert(offsetof(ud_slot_download_t, artifact_tag) == 12 + UD_SHA256_SIZE, "without gaps");
_Static_assert(sizeof(ud_slot_report_t) == 24 && offsetof(ud_slot_report_t, image_tag) == 16, "without gaps");

void ud_slot_status(const ud_journal_t *journal, ud_slot_status_t *status)
{
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    const uint8_t *row = ud_journal_get(journal, UD_ROW_REASON);
    uint16_t revert_reason = ud_get_u16le(row + 2);
    status->state = record.state;
    status->boot_reason = ud_slot_boot_reason(journal);
    status->revert_reason = revert_reason < UD_ERR_COUNT ? (ud_err_t)revert_reason : UD_ERR_INTERNAL;
    ud_bytes_copy(status->revert_digest, row + 4, UD_SHA256_SIZE);
    status->attempts = record.attempts;
    status->abnormal_resets = record.abnormal_resets;
    status->security_counter = record.security_counter;
    status->install_pending = record.install != UD_INSTALL_NONE;
    status->journal_worn = ud_journal_is_worn(journal);
}

/* ---- what the journal alone knows --------------------------------------------------------------------------------------- */

ud_err_t ud_slot_contact(ud_journal_t *journal)
{
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    if (record.abnormal_resets == 0) {
        return UD_OK;
    }
    record.abnormal_resets = 0;
    return ud_slot_record_put(journal, &record);
}

ud_err_t ud_slot_raise_counter(ud_journal_t *journal, uint32_t counter)
{
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    if (counter <= record.security_counter) {
        return UD_OK;
    }
    record.security_counter = counter;
    return ud_slot_record_put(journal, &record);
}

ud_err_t ud_slot_stage_before(ud_journal_t *journal, const uint8_t digest[UD_SHA256_SIZE])
{
    return ud_slot_record_stage(journal, digest, true);
}

/* ---- where images lie --------------------------------------------------------------------------------------------- */

const ud_slot_mode_t ud_slot_swap = {.number = 0, .has_way_back = true, .has_hole = true};
const ud_slot_mode_t ud_slot_xip = {.number = 1, .runs_both = true, .has_way_back = true};
const ud_slot_mode_t ud_slot_overwrite = {.number = 2};

ud_area_t ud_slot_spare(const ud_slot_mode_t *mode, ud_area_t running)
{
    return mode->runs_both && running == UD_AREA_SLOT_B ? UD_AREA_SLOT_A : UD_AREA_SLOT_B;
}

bool ud_slot_takes(const ud_slot_mode_t *mode, const uint32_t slot_address[2], ud_area_t area, bool fixed,
                   uint32_t load_address)
{
    bool in_b = mode->runs_both && area == UD_AREA_SLOT_B;
    return fixed ? load_address == slot_address[in_b] : !mode->runs_both;
}

static bool is_power_of_two(uint32_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static bool area_is_sound(const ud_area_geometry_t *area)
{
    return is_power_of_two(area->sector_size_bytes) && area->sector_size_bytes >= UD_SECTOR_SIZE_MIN &&
           area->sector_size_bytes <= UD_SECTOR_SIZE_MAX && is_power_of_two(area->write_size_bytes) &&
           area->write_size_bytes <= UD_WRITE_SIZE_MAX && (area->size_bytes & (area->sector_size_bytes - 1)) == 0 &&
           (area->erased_value == 0xFF || area->erased_value == 0x00);
}

ud_err_t ud_slot_check_areas(const ud_port_t *port)
{
    for (int area = 0; area < UD_AREA_COUNT; area++) {
        UD_REQUIRE(area_is_sound(ud_port_area(port, (ud_area_t)area)), UD_ERR_INVALID_ARGUMENT);
    }
    const ud_area_geometry_t *journal = ud_port_area(port, UD_AREA_JOURNAL);
    const ud_area_geometry_t *identity = ud_port_area(port, UD_AREA_IDENTITY);
    uint32_t copy_size = identity->size_bytes / 2 & ~(identity->sector_size_bytes - 1);
    UD_REQUIRE(journal->size_bytes >= 4 * journal->sector_size_bytes, UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(copy_size >= UD_IDENTITY_RECORD_SIZE_MAX, UD_ERR_INVALID_ARGUMENT);
    return UD_OK;
}

/* ---- the agent's own rows ----------------------------------------------------------------------------------------- */

static ud_err_t own_get(const ud_journal_t *journal, ud_row_kind_t kind, void *row, size_t size)
{
    const uint8_t *payload = ud_journal_get(journal, kind);
    UD_REQUIRE(payload[0] == PRESENT, UD_ERR_NOT_FOUND);
    ud_bytes_copy(row, payload, size);
    return UD_OK;
}

/* No bytes: the row is to be none. */
static ud_err_t own_put(ud_journal_t *journal, ud_row_kind_t kind, const void *row, size_t size)
{
    uint8_t payload[UD_JOURNAL_PAYLOAD_SIZE] = {0};
    ud_bytes_copy(payload, row, size);
    payload[0] = size != 0 ? PRESENT : 0;
    return ud_journal_append(journal, kind, payload);
}

ud_err_t ud_slot_download_get(const ud_journal_t *journal, ud_slot_download_t *download)
{
    return own_get(journal, UD_ROW_DOWNLOAD, download, sizeof *download);
}

ud_err_t ud_slot_download_put(ud_journal_t *journal, const ud_slot_download_t *download)
{
    return own_put(journal, UD_ROW_DOWNLOAD, download, sizeof *download);
}

ud_err_t ud_slot_download_clear(ud_journal_t *journal)
{
    if (ud_journal_get(journal, UD_ROW_DOWNLOAD)[0] != PRESENT) {
        return UD_OK;
    }
    return own_put(journal, UD_ROW_DOWNLOAD, "", 0);
}

ud_err_t ud_slot_report_get(const ud_journal_t *journal, ud_slot_report_t *report)
{
    return own_get(journal, UD_ROW_REPORT, report, sizeof *report);
}

ud_err_t ud_slot_report_put(ud_journal_t *journal, const ud_slot_report_t *report)
{
    return own_put(journal, UD_ROW_REPORT, report, sizeof *report);
}
