#include "core/slot/record.h"

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/endian.h"

#include <string.h>

/* Bytes of a digest that the list of bad images keeps: two of them fill a row, and nobody finds a second image. */
#define BAD_SIZE 24

_Static_assert(1 + UD_SLOT_REVOKED_COUNT * UD_SLOT_REVOKED_SIZE <= UD_JOURNAL_PAYLOAD_SIZE, "revoked keys fit");
_Static_assert(UD_SLOT_BAD_COUNT *BAD_SIZE <= UD_JOURNAL_PAYLOAD_SIZE, "the list of bad images fits");

void ud_slot_record_get(const ud_journal_t *journal, ud_slot_record_t *record)
{
    ud_bytes_copy(record, ud_journal_get(journal, UD_ROW_SLOT), sizeof *record);
    if (record->state > UD_SLOT_CONFIRMED) {
        record->state = UD_SLOT_EMPTY;
    }
    if (record->install >= UD_INSTALL_COUNT) {
        record->install = UD_INSTALL_NONE;
    }
    if (record->reason >= UD_ERR_COUNT) {
        record->reason = UD_ERR_INTERNAL;
    }
}

ud_err_t ud_slot_record_put(ud_journal_t *journal, const ud_slot_record_t *record)
{
    return ud_journal_append(journal, UD_ROW_SLOT, (const uint8_t *)record);
}

ud_err_t ud_slot_record_stage(ud_journal_t *journal, const uint8_t digest[UD_SHA256_SIZE], bool crossed)
{
    ud_slot_record_t record;
    ud_slot_record_get(journal, &record);
    UD_REQUIRE(record.state != UD_SLOT_TRIAL, UD_ERR_NOT_CONFIRMED);
    record.install = UD_INSTALL_STAGED;
    record.crossed = crossed;
    ud_bytes_copy(record.digest, digest, UD_SHA256_SIZE);
    return ud_slot_record_put(journal, &record);
}

static ud_err_t put_if_new(ud_journal_t *journal, ud_row_kind_t kind, const uint8_t *row)
{
    if (memcmp(row, ud_journal_get(journal, kind), UD_JOURNAL_PAYLOAD_SIZE) == 0) {
        return UD_OK;
    }
    return ud_journal_append(journal, kind, row);
}

ud_boot_reason_t ud_slot_boot_reason(const ud_journal_t *journal)
{
    uint8_t reason = ud_journal_get(journal, UD_ROW_REASON)[0];
    return reason <= UD_BOOT_SAFE_MODE ? (ud_boot_reason_t)reason : UD_BOOT_NORMAL;
}

ud_err_t ud_slot_reason_put(ud_journal_t *journal, ud_boot_reason_t boot_reason, ud_err_t revert_reason,
                            const uint8_t digest[UD_SHA256_SIZE])
{
    uint8_t row[UD_JOURNAL_PAYLOAD_SIZE] = {0};
    row[0] = (uint8_t)boot_reason;
    ud_put_u16le(row + 2, (uint16_t)revert_reason);
    ud_bytes_copy(row + 4, digest, UD_SHA256_SIZE);
    return put_if_new(journal, UD_ROW_REASON, row);
}

ud_err_t ud_slot_bad_put(ud_journal_t *journal, const uint8_t digest[UD_SHA256_SIZE])
{
    if (ud_slot_is_bad(journal, digest)) {
        return UD_OK;
    }
    uint8_t row[UD_JOURNAL_PAYLOAD_SIZE] = {0};
    ud_bytes_copy(row, digest, BAD_SIZE);
    ud_bytes_copy(row + BAD_SIZE, ud_journal_get(journal, UD_ROW_BAD), (UD_SLOT_BAD_COUNT - 1) * BAD_SIZE);
    return ud_journal_append(journal, UD_ROW_BAD, row);
}

bool ud_slot_is_bad(const ud_journal_t *journal, const uint8_t digest[UD_SHA256_SIZE])
{
    const uint8_t *row = ud_journal_get(journal, UD_ROW_BAD);
    for (int index = 0; index < UD_SLOT_BAD_COUNT; index++) {
        if (memcmp(row + index * BAD_SIZE, digest, BAD_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

const uint8_t *ud_slot_revoked(const ud_journal_t *journal, size_t index)
{
    const uint8_t *row = ud_journal_get(journal, UD_ROW_REVOKED);
    return index < row[0] && index < UD_SLOT_REVOKED_COUNT ? row + 1 + index * UD_SLOT_REVOKED_SIZE : NULL;
}

ud_err_t ud_slot_revoke(ud_journal_t *journal, const uint8_t key_hash[UD_SHA256_SIZE])
{
    uint8_t row[UD_JOURNAL_PAYLOAD_SIZE];
    const uint8_t *known;
    unsigned count = 0;
    for (; (known = ud_slot_revoked(journal, count)) != NULL; count++) {
        if (memcmp(known, key_hash, UD_SLOT_REVOKED_SIZE) == 0) {
            return UD_OK;
        }
    }
    if (count == UD_SLOT_REVOKED_COUNT) {
        return UD_OK;
    }
    ud_bytes_copy(row, ud_journal_get(journal, UD_ROW_REVOKED), sizeof row);
    ud_bytes_copy(row + 1 + count * UD_SLOT_REVOKED_SIZE, key_hash, UD_SLOT_REVOKED_SIZE);
    row[0] = (uint8_t)(count + 1);
    return ud_journal_append(journal, UD_ROW_REVOKED, row);
}
