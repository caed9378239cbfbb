/* For Eva (scripts/prove.sh): the journal and its rows on flash that holds anything, and whose every operation may fail. */
#include "core/slot/record.h"

#include "tests/proof/eva/anything.h"

struct ud_port {
    ud_area_geometry_t journal;
};

const ud_area_geometry_t *ud_port_area(const ud_port_t *port, ud_area_t area)
{
    //@ assert only_the_journal: area == UD_AREA_JOURNAL;
    return &port->journal;
}

ud_err_t ud_port_flash_read(ud_port_t *port, ud_area_t area, uint32_t offset, void *data, size_t size)
{
    if (is_so()) {
        return UD_ERR_FLASH_READ;
    }
    memcpy(data, anything, size);
    return UD_OK;
}

ud_err_t ud_port_flash_program(ud_port_t *port, ud_area_t area, uint32_t offset, const void *data, size_t size)
{
    //@ assert readable: \valid_read((char *)data + (0 .. size - 1)) && \initialized((char *)data + (0 .. size - 1));
    return is_so() ? UD_ERR_FLASH_WRITE : UD_OK;
}

ud_err_t ud_port_flash_erase(ud_port_t *port, ud_area_t area, uint32_t offset)
{
    return is_so() ? UD_ERR_FLASH_ERASE : UD_OK;
}

void ud_port_watchdog_feed(ud_port_t *port)
{
    (void)port;
}

static void make_port(ud_port_t *port)
{
    uint32_t sector_size = (uint32_t)UD_SECTOR_SIZE_MIN << Frama_C_unsigned_int_interval(0, 9); /* UD_SECTOR_SIZE_MAX */
    port->journal.sector_size_bytes = sector_size;
    port->journal.size_bytes = sector_size * Frama_C_unsigned_int_interval(4, 64);
    port->journal.write_size_bytes = 8;
    port->journal.erased_value = 0xFF;
}

/* Any flash. */
void prove_open_main(void)
{
    ud_port_t port;
    ud_journal_t journal;
    fill_anything();
    make_port(&port);
    ud_err_t err = ud_journal_open(&journal, &port);
}

/* Any payloads in rows that are valid. */
void prove_rows_main(void)
{
    ud_journal_t journal = {0};
    ud_slot_record_t record;
    ud_slot_status_t status;
    ud_slot_download_t download;
    ud_slot_report_t report;
    fill_anything();
    for (int kind = 0; kind < UD_ROW_COUNT; kind++) {
        memcpy(journal.row[kind].payload, anything, UD_JOURNAL_PAYLOAD_SIZE);
    }
    ud_slot_record_get(&journal, &record);
    //@ assert state: record.state <= UD_SLOT_CONFIRMED && record.install < UD_INSTALL_COUNT && record.reason < UD_ERR_COUNT;
    ud_slot_status(&journal, &status);
    //@ assert reason: status.revert_reason < UD_ERR_COUNT;
    ud_err_t err = ud_slot_download_get(&journal, &download);
    err = ud_slot_report_get(&journal, &report);
    for (size_t index = 0; index < 2 * UD_SLOT_REVOKED_COUNT; index++) {
        const uint8_t *revoked = ud_slot_revoked(&journal, index);
        //@ assert place: revoked == \null || \valid_read(revoked + (0 .. UD_SLOT_REVOKED_SIZE - 1));
    }
}
