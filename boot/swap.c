/* Swap: the image before is kept in slot B and can come back. */
#include "boot/cipher.h"
#include "boot/mode.h"
#include "core/base/assert.h"

#define USABLE (UD_FACT_GOOD | UD_FACT_KNOWN_BAD)
#define LOST (UD_FACT_BAD | UD_FACT_LOW)

/* ---- decisions ------------------------------------------------------------------------------------------------------ */

static const ud_boot_rule_t rules[] = {
    /* an install: complete it (adrift: only if there is nothing to start), begin it if its image is good, else drop it */
    {{UD_ANY_STATE, UD_FACT_MOVING, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B}, UD_ACTION_RESUME},
    {{UD_ANY_STATE, UD_FACT_ADRIFT, UD_ANY_CAUSE, UD_ANY_PATIENCE, LOST, LOST | UD_FACT_SPARE}, UD_ACTION_RESUME},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, UD_FACT_STAGED, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B},
     UD_ACTION_REFUSE},
    {{UD_ANY_STATE, UD_FACT_STAGED, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_FACT_GOOD}, UD_ACTION_INSTALL},
    {{UD_ANY_STATE, UD_FACT_STAGED, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B}, UD_ACTION_REFUSE},

    /* a trial: while there is patience; then back; and if there is no way back, on, as carefully as possible */
    {{UD_FACT_TRIAL, UD_ANY_INSTALL, UD_FACT_ANNOUNCED, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_ANY_B}, UD_ACTION_TRY_FREE},
    {{UD_FACT_TRIAL, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_FACT_PATIENCE, UD_FACT_GOOD, UD_ANY_B}, UD_ACTION_TRY},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, USABLE},
     UD_ACTION_REVERT},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_ANY_B},
     UD_ACTION_BOOT_SAFE},

    /* a confirmed image that crashes again and again: the one before, if it never failed here */
    {{UD_FACT_CONFIRMED, UD_ANY_INSTALL, UD_FACT_ABNORMAL, UD_FACT_NO_PATIENCE, UD_FACT_GOOD, UD_FACT_GOOD},
     UD_ACTION_REVERT},
    {{UD_FACT_CONFIRMED, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_FACT_NO_PATIENCE, UD_FACT_GOOD, UD_ANY_B},
     UD_ACTION_BOOT_SAFE},

    /* calm; slot A lost; both lost */
    {{UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_ANY_B}, UD_ACTION_BOOT},
    {{UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, USABLE | UD_FACT_SPARE}, UD_ACTION_RESCUE},
    {{UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B}, UD_ACTION_RECOVER},
};

/* ---- the hole (core/slot/record.h) ------------------------------------------------------------------------------ */

static ud_err_t begin(ud_journal_t *journal, ud_slot_record_t *record, ud_install_t direction, uint32_t size_in,
                      uint32_t size_out)
{
    uint32_t size_bytes = size_in > size_out ? size_in : size_out;
    if (size_bytes > ud_slot_image_size_max(&ud_slot_swap, journal->port)) {
        return UD_ERR_IMAGE_TOO_LARGE;
    }
    record->install = (uint8_t)direction;
    record->units = (uint16_t)ud_copy_units(journal->port, size_bytes);
    record->hole = direction == UD_INSTALL_UPGRADE ? 0 : (uint16_t)(2 * record->units);
    record->turned = false;
    return ud_slot_record_put(journal, record);
}

typedef struct {
    ud_journal_t *journal;
    ud_slot_record_t *record;
    bool noted;
    ud_copy_filter_t filters[UD_CIPHER_IMAGES];
} walk_t;

/* Moves the hole by one place, or turns. What is copied comes to slot A, or goes from it, at its own offset. */
static ud_err_t step(const walk_t *walk, ud_slot_record_t *record, bool up)
{
    ud_port_t *port = walk->journal->port;
    uint16_t from = (uint16_t)(up ? record->hole + 1 : record->hole - 1);
    ud_place_t source = ud_copy_place(port, from);
    ud_place_t target = ud_copy_place(port, record->hole);
    bool comes = target.area == UD_AREA_SLOT_A;
    const ud_copy_filter_t *filter = &walk->filters[comes == up ? UD_CIPHER_NEW : UD_CIPHER_BEFORE];
    ud_err_t err = ud_copy_unit(port, source, target, filter, comes ? target.offset : source.offset);
    if (err == UD_OK || !comes) {
        record->hole = from;
        return UD_OK;
    }
    if (err != UD_ERR_FLASH_READ || record->turned) {
        return err;
    }
    record->turned = true;
    record->install = up ? UD_INSTALL_REVERT : UD_INSTALL_UPGRADE;
    record->reason = (uint16_t)err;
    return UD_OK;
}

static ud_err_t walk(void *context)
{
    walk_t *walk = context;
    ud_slot_record_t *record = walk->record;
    for (;;) {
        bool up = record->install == UD_INSTALL_UPGRADE;
        if (record->hole == (up ? 2 * record->units : 0)) {
            return UD_OK;
        }
        UD_TRY(step(walk, record, up));
        walk->noted = walk->noted && ud_slot_record_put(walk->journal, record) == UD_OK;
    }
}

static ud_err_t move(ud_journal_t *journal, const ud_boot_config_t *config, ud_slot_record_t *record, bool unnoted)
{
    /* what was read becomes firm before it is acted upon: a row may read differently after the next power cut */
    walk_t all = {.journal = journal, .record = record, .noted = ud_slot_record_put(journal, record) == UD_OK};
    uint32_t units_max = ud_copy_units(journal->port, ud_slot_image_size_max(&ud_slot_swap, journal->port));
    UD_REQUIRE(all.noted || unnoted, UD_ERR_JOURNAL_WORN);
    UD_REQUIRE(record->units <= units_max && record->hole <= 2 * record->units, UD_ERR_INTERNAL);
    return config->cipher != NULL
               ? config->cipher->with_both_keys(config->decryption_key, journal->port, record, all.filters, walk, &all)
               : walk(&all);
}

const ud_boot_mode_t ud_boot_swap = {
    .slots = &ud_slot_swap,
    .policy = {rules, sizeof rules / sizeof rules[0]},
    .begin = begin,
    .move = move,
    .rescue = ud_copy_to_a,
};
