/* Overwrite: slot B is copied over slot A, and the image before is gone. The smallest, and without a way back: an image whose
 * trial fails goes on running, in safe mode, until the next update. Slot B stays as it is until the agent writes there, so
 * that it can be copied once more if slot A is lost.
 */
#include "boot/cipher.h"
#include "boot/mode.h"
#include "boot/window.h"
#include "core/base/assert.h"

#define LOST (UD_FACT_BAD | UD_FACT_LOW)

/* ---- decisions ------------------------------------------------------------------------------------------------------ */

static const ud_boot_rule_t rules[] = {
    /* an install: complete it (adrift: only if there is nothing to start), begin it if its image is good, else drop it */
    {{UD_ANY_STATE, UD_FACT_MOVING, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B}, UD_ACTION_RESUME},
    {{UD_ANY_STATE, UD_FACT_ADRIFT, UD_ANY_CAUSE, UD_ANY_PATIENCE, LOST, LOST}, UD_ACTION_RESUME},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, UD_FACT_STAGED, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B},
     UD_ACTION_REFUSE},
    {{UD_ANY_STATE, UD_FACT_STAGED, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_FACT_GOOD}, UD_ACTION_INSTALL},
    {{UD_ANY_STATE, UD_FACT_STAGED, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B}, UD_ACTION_REFUSE},

    /* a trial: while there is patience; then on, as carefully as possible */
    {{UD_FACT_TRIAL, UD_ANY_INSTALL, UD_FACT_ANNOUNCED, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_ANY_B}, UD_ACTION_TRY_FREE},
    {{UD_FACT_TRIAL, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_FACT_PATIENCE, UD_FACT_GOOD, UD_ANY_B}, UD_ACTION_TRY},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_ANY_B},
     UD_ACTION_BOOT_SAFE},

    /* a confirmed image that crashes again and again */
    {{UD_FACT_CONFIRMED, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_FACT_NO_PATIENCE, UD_FACT_GOOD, UD_ANY_B},
     UD_ACTION_BOOT_SAFE},

    /* calm; slot A lost; both lost */
    {{UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_ANY_B}, UD_ACTION_BOOT},
    {{UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_FACT_GOOD | UD_FACT_KNOWN_BAD},
     UD_ACTION_RESCUE},
    {{UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B}, UD_ACTION_RECOVER},
};

/* ---- one copy ------------------------------------------------------------------------------------------------------- */

static ud_err_t begin(ud_journal_t *journal, ud_slot_record_t *record, ud_install_t direction, uint32_t size_bytes)
{
    record->install = (uint8_t)direction;
    record->units = (uint16_t)ud_copy_units(journal->port, size_bytes);
    record->hole = 0;
    return ud_slot_record_put(journal, record);
}

typedef struct {
    ud_port_t *port;
    ud_journal_t *journal; /* NULL: a rescue, which keeps no record */
    ud_slot_record_t *record;
    ud_copy_filter_t filter;
} copy_t;

/* The source stays, so each unit may be copied any number of times: a row that was lost costs a copy, no image. */
static ud_err_t copy(void *context)
{
    const copy_t *copy = context;
    ud_slot_record_t *record = copy->record;
    while (record->hole < record->units) {
        UD_TRY(ud_copy_unit(copy->port, &copy->filter, 2u * record->hole, 2u * record->hole + 1));
        record->hole++;
        if (copy->journal != NULL) {
            ud_err_t noted = ud_slot_record_put(copy->journal, record);
            (void)noted;
        }
    }
    return UD_OK;
}

static ud_err_t start(const ud_boot_config_t *config, ud_port_t *port, ud_journal_t *journal, ud_slot_record_t *record)
{
    copy_t all = {.port = port, .journal = journal, .record = record};
    if (config->cipher == NULL) {
        return copy(&all);
    }
    ud_window_t window = {port, UD_AREA_SLOT_B, 0};
    ud_image_source_t source = {.read = ud_window_read, .context = &window};
    uint32_t room = ud_slot_image_size_max(&ud_slot_overwrite, port);
    return config->cipher->with_key(config->decryption_key, &source, room, &all.filter, copy, &all);
}

static ud_err_t move(ud_journal_t *journal, const ud_boot_config_t *config, ud_slot_record_t *record, bool unnoted)
{
    ud_port_t *port = journal->port;
    uint32_t units_max = ud_copy_units(port, ud_slot_image_size_max(&ud_slot_overwrite, port));
    UD_REQUIRE(record->units <= units_max, UD_ERR_INTERNAL);
    bool noted = ud_slot_record_put(journal, record) == UD_OK;
    UD_REQUIRE(noted || unnoted, UD_ERR_JOURNAL_WORN);
    return start(config, port, journal, record);
}

static ud_err_t rescue(ud_port_t *port, const ud_boot_config_t *config, ud_slot_record_t *record,
                       const ud_boot_found_t *found)
{
    ud_slot_record_t way = {.units = (uint16_t)ud_copy_units(port, found->size)};
    (void)record;
    return start(config, port, NULL, &way);
}

const ud_boot_mode_t ud_boot_overwrite = {
    .slots = &ud_slot_overwrite,
    .policy = {rules, sizeof rules / sizeof rules[0]},
    .begin = begin,
    .move = move,
    .rescue = rescue,
};
