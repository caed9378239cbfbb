#include "core/slot/record.h"

#include "core/base/endian.h"

#include <string.h>

#define ANNOUNCED 0x01
#define TURNED 0x02
#define RUNS_B 0x04
#define CROSSED 0x08

/* Bytes of a digest that the list of bad images keeps: two of them fill a row, and nobody finds a second image. */
#define BAD_SIZE 24

_Static_assert(20 + UD_SHA256_SIZE == UD_JOURNAL_PAYLOAD_SIZE, "the slot row is filled");
_Static_assert(1 + UD_SLOT_REVOKED_COUNT * UD_SLOT_REVOKED_SIZE <= UD_JOURNAL_PAYLOAD_SIZE, "revoked keys fit");
_Static_assert(UD_SLOT_BAD_COUNT *BAD_SIZE <= UD_JOURNAL_PAYLOAD_SIZE, "the list of bad images fits");

void ud_slot_record_get(const ud_journal_t *journal, ud_slot_record_t *record)
{
    const uint8_t *row = ud_journal_get(journal, UD_ROW_SLOT);
    uint16_t reason = ud_get_u16le(row + 6);
    *record = (ud_slot_record_t){
        .state = row[0] <= UD_SLOT_CONFIRMED ? (ud_slot_state_t)row[0] : UD_SLOT_EMPTY,
        .install = row[1] < UD_INSTALL_COUNT ? (ud_install_t)row[1] : UD_INSTALL_NONE,
        .attempts = row[2],
        .abnormal_resets = row[3],
        .announced = (row[4] & ANNOUNCED) != 0,
        .turned = (row[4] & TURNED) != 0,
        .runs_b = (row[4] & RUNS_B) != 0,
        .crossed = (row[4] & CROSSED) != 0,
        .announced_count = row[5],
        .reason = reason < UD_ERR_COUNT ? (ud_err_t)reason : UD_ERR_INTERNAL,
        .hole = ud_get_u16le(row + 8),
        .units = ud_get_u16le(row + 10),
        .security_counter = ud_get_u32le(row + 12),
    };
    memcpy(record->digest, row + 20, UD_SHA256_SIZE);
}

ud_err_t ud_slot_record_put(ud_journal_t *journal, const ud_slot_record_t *record)
{
    uint8_t row[UD_JOURNAL_PAYLOAD_SIZE] = {0};
    row[0] = (uint8_t)record->state;
    row[1] = (uint8_t)record->install;
    row[2] = record->attempts;
    row[3] = record->abnormal_resets;
    row[4] = (uint8_t)((record->announced ? ANNOUNCED : 0) | (record->turned ? TURNED : 0) |
                       (record->runs_b ? RUNS_B : 0) | (record->crossed ? CROSSED : 0));
    row[5] = record->announced_count;
    ud_put_u16le(row + 6, (uint16_t)record->reason);
    ud_put_u16le(row + 8, record->hole);
    ud_put_u16le(row + 10, record->units);
    ud_put_u32le(row + 12, record->security_counter);
    memcpy(row + 20, record->digest, UD_SHA256_SIZE);
    return ud_journal_append(journal, UD_ROW_SLOT, row);
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
    memcpy(row + 4, digest, UD_SHA256_SIZE);
    return put_if_new(journal, UD_ROW_REASON, row);
}

ud_err_t ud_slot_bad_put(ud_journal_t *journal, const uint8_t digest[UD_SHA256_SIZE])
{
    if (ud_slot_is_bad(journal, digest)) {
        return UD_OK;
    }
    uint8_t row[UD_JOURNAL_PAYLOAD_SIZE] = {0};
    memcpy(row, digest, BAD_SIZE);
    memcpy(row + BAD_SIZE, ud_journal_get(journal, UD_ROW_BAD), (UD_SLOT_BAD_COUNT - 1) * BAD_SIZE);
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
    memcpy(row, ud_journal_get(journal, UD_ROW_REVOKED), sizeof row);
    for (size_t index = 0; index < row[0]; index++) {
        const uint8_t *known = ud_slot_revoked(journal, index);
        if (known == NULL || memcmp(known, key_hash, UD_SLOT_REVOKED_SIZE) == 0) {
            return UD_OK;
        }
    }
    if (row[0] >= UD_SLOT_REVOKED_COUNT) {
        return UD_OK;
    }
    memcpy(row + 1 + row[0] * UD_SLOT_REVOKED_SIZE, key_hash, UD_SLOT_REVOKED_SIZE);
    row[0]++;
    return ud_journal_append(journal, UD_ROW_REVOKED, row);
}
