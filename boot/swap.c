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

static void plan(ud_port_t *port, ud_slot_record_t *record, ud_install_t direction, uint32_t size_bytes)
{
    uint32_t units = ud_copy_units(port, size_bytes);
    record->install = (uint8_t)direction;
    record->units = (uint16_t)units;
    record->hole = direction == UD_INSTALL_UPGRADE ? 0 : (uint16_t)(2 * units);
}

/* What stands in slot A is only put away: believed unverified, it fills no more than slot A. */
static ud_err_t begin(ud_journal_t *journal, ud_slot_record_t *record, ud_install_t direction, uint32_t size_bytes)
{
    uint32_t size_out = ud_boot_size_in_a(journal->port);
    plan(journal->port, record, direction, size_bytes > size_out ? size_bytes : size_out);
    record->turned = false;
    return ud_slot_record_put(journal, record);
}

typedef struct {
    ud_port_t *port;
    ud_journal_t *journal; /* NULL: a rescue, which leaves slot B as it is and keeps no record */
    ud_slot_record_t *record;
    ud_copy_filter_t filters[UD_CIPHER_IMAGES];
} walk_t;

/* Moves the hole place by place, and turns where it must. When the journal takes no more rows it goes on all the same. */
static ud_err_t walk(void *context)
{
    const walk_t *walk = context;
    ud_slot_record_t *record = walk->record;
    for (;;) {
        bool up = record->install == UD_INSTALL_UPGRADE;
        uint32_t to = record->hole;
        if (to == (up ? 2u * record->units : 0)) {
            return UD_OK;
        }
        uint32_t from = up ? to + 1 : to - 1;
        bool comes = to % 2 != 0; /* to slot A; else it goes to slot B, which is given up where it takes nothing */
        const ud_copy_filter_t *filter = &walk->filters[comes == up ? UD_CIPHER_NEW : UD_CIPHER_BEFORE];
        ud_err_t err = UD_OK;
        if (comes || walk->journal != NULL) {
            err = ud_copy_unit(walk->port, filter, from, to);
        }
        if (err == UD_OK || !comes) {
            record->hole = (uint16_t)from;
        } else if (err != UD_ERR_FLASH_READ || record->turned) {
            return err;
        } else {
            record->turned = true;
            record->install = up ? UD_INSTALL_REVERT : UD_INSTALL_UPGRADE;
            record->reason = (uint16_t)err;
        }
        if (walk->journal != NULL) {
            ud_err_t noted = ud_slot_record_put(walk->journal, record);
            (void)noted;
        }
    }
}

static ud_err_t start(const ud_boot_config_t *config, ud_port_t *port, ud_journal_t *journal, ud_slot_record_t *record)
{
    walk_t all = {.port = port, .journal = journal, .record = record};
    return config->cipher != NULL
               ? config->cipher->with_both_keys(config->decryption_key, port, record, all.filters, walk, &all)
               : walk(&all);
}

static ud_err_t move(ud_journal_t *journal, const ud_boot_config_t *config, ud_slot_record_t *record, bool unnoted)
{
    /* what was read becomes firm before it is acted upon: a row may read differently after the next power cut */
    bool noted = ud_slot_record_put(journal, record) == UD_OK;
    uint32_t units_max = ud_copy_units(journal->port, ud_slot_image_size_max(&ud_slot_swap, journal->port));
    UD_REQUIRE(noted || unnoted, UD_ERR_JOURNAL_WORN);
    UD_REQUIRE(record->units <= units_max && record->hole <= 2 * record->units, UD_ERR_INTERNAL);
    return start(config, journal->port, journal, record);
}

/* What comes to slot A when the hole moves, without what goes: up if the image lies behind the hole, down if before it. */
static ud_err_t rescue(ud_port_t *port, const ud_boot_config_t *config, ud_slot_record_t *record,
                       const ud_boot_found_t *found)
{
    ud_slot_record_t way = {.turned = true};
    (void)record;
    plan(port, &way, found->offset != 0 ? UD_INSTALL_UPGRADE : UD_INSTALL_REVERT, found->size);
    return start(config, port, NULL, &way);
}

const ud_boot_mode_t ud_boot_swap = {
    .slots = &ud_slot_swap,
    .policy = {rules, sizeof rules / sizeof rules[0]},
    .begin = begin,
    .move = move,
    .rescue = rescue,
};
