/* The functions of slot.h that depend on the bootloader, for Updraft's own: all that is agreed is in the journal. */
#include "core/base/assert.h"
#include "core/slot/record.h"

ud_err_t ud_slot_open(ud_journal_t *journal, ud_port_t *port)
{
    return ud_journal_open(journal, port);
}

/* ---- what boot is asked for --------------------------------------------------------------------------------------- */

ud_err_t ud_slot_stage(ud_journal_t *journal, const uint8_t digest[UD_SHA256_SIZE])
{
    return ud_slot_record_stage(journal, digest, false);
}

ud_err_t ud_slot_unstage(ud_journal_t *journal)
{
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    if (record.install != UD_INSTALL_STAGED) {
        return UD_OK;
    }
    record.install = UD_INSTALL_NONE;
    record.crossed = false;
    return ud_slot_record_put(journal, &record);
}

ud_err_t ud_slot_confirm(ud_journal_t *journal)
{
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    if (record.state == UD_SLOT_CONFIRMED) {
        return UD_OK;
    }
    record.state = UD_SLOT_CONFIRMED;
    record.reason = UD_OK;
    record.announced = false;
    record.attempts = 0;
    record.abnormal_resets = 0;
    return ud_slot_record_put(journal, &record);
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
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    if (record.state != UD_SLOT_TRIAL || record.announced) {
        return UD_OK;
    }
    record.announced = true;
    return ud_slot_record_put(journal, &record);
}

/* ---- where images lie ---------------------------------------------------------------------------------------------- */

static uint32_t max_u32(uint32_t left, uint32_t right)
{
    return left > right ? left : right;
}

uint32_t ud_slot_unit_size(const ud_port_t *port)
{
    uint32_t largest = max_u32(ud_port_area(port, UD_AREA_SLOT_A)->sector_size_bytes,
                               ud_port_area(port, UD_AREA_SLOT_B)->sector_size_bytes);
    return max_u32(largest, UD_SLOT_UNIT_SIZE_MIN);
}

uint32_t ud_slot_staging_offset(const ud_slot_mode_t *mode, const ud_port_t *port)
{
    return mode->has_hole ? ud_slot_unit_size(port) : 0;
}

uint32_t ud_slot_image_size_max(const ud_slot_mode_t *mode, const ud_port_t *port)
{
    uint32_t a = ud_port_area(port, UD_AREA_SLOT_A)->size_bytes;
    uint32_t b = ud_port_area(port, UD_AREA_SLOT_B)->size_bytes - ud_slot_staging_offset(mode, port);
    return a < b ? a : b;
}

uint32_t ud_slot_reach(const ud_port_t *port, uint32_t image_size)
{
    uint32_t unit = ud_slot_unit_size(port);
    return (image_size + unit - 1) & ~(unit - 1);
}

ud_err_t ud_slot_check_geometry(const ud_slot_mode_t *mode, const ud_port_t *port)
{
    UD_TRY(ud_slot_check_areas(port));
    uint32_t unit = ud_slot_unit_size(port);
    uint32_t a = ud_port_area(port, UD_AREA_SLOT_A)->size_bytes;
    uint32_t b = ud_port_area(port, UD_AREA_SLOT_B)->size_bytes;
    UD_REQUIRE(a != 0 && b != 0 && ((a | b) & (unit - 1)) == 0, UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(!mode->has_hole || b >= a + unit, UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(a / unit <= UINT16_MAX / 2, UD_ERR_INVALID_ARGUMENT);
    return UD_OK;
}
