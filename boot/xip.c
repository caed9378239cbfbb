/* Direct XIP: images run where they were written, one build per slot (flag ROM_FIXED and the slot's address), and nothing is
 * ever moved or erased here. To install, to revert and to rescue is to choose the other slot: one bit of one row.
 */
#include "boot/mode.h"

#define USABLE (UD_FACT_GOOD | UD_FACT_KNOWN_BAD | UD_FACT_AHEAD | UD_FACT_BEHIND)
#define FRESH (UD_FACT_GOOD | UD_FACT_AHEAD)

/* "Slot A" is the slot that runs, "slot B" the other one. */
static const ud_boot_rule_t rules[] = {
    /* a choice: complete it, take it if its image is good, else drop it */
    {{UD_ANY_STATE, UD_FACT_MOVING | UD_FACT_ADRIFT, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B},
     UD_ACTION_RESUME},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, UD_FACT_STAGED, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B},
     UD_ACTION_REFUSE},
    {{UD_ANY_STATE, UD_FACT_STAGED, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, FRESH}, UD_ACTION_INSTALL},
    {{UD_ANY_STATE, UD_FACT_STAGED, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B}, UD_ACTION_REFUSE},

    /* a trial: while there is patience; then back; and if there is no way back, on, as carefully as possible */
    {{UD_FACT_TRIAL, UD_ANY_INSTALL, UD_FACT_ANNOUNCED, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_ANY_B}, UD_ACTION_TRY_FREE},
    {{UD_FACT_TRIAL, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_FACT_PATIENCE, UD_FACT_GOOD, UD_ANY_B}, UD_ACTION_TRY},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, USABLE},
     UD_ACTION_REVERT},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_ANY_B},
     UD_ACTION_BOOT_SAFE},

    /* a confirmed image that crashes again and again: the one before, if it never failed here */
    {{UD_FACT_CONFIRMED, UD_ANY_INSTALL, UD_FACT_ABNORMAL, UD_FACT_NO_PATIENCE, UD_FACT_GOOD, FRESH}, UD_ACTION_REVERT},
    {{UD_FACT_CONFIRMED, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_FACT_NO_PATIENCE, UD_FACT_GOOD, UD_ANY_B},
     UD_ACTION_BOOT_SAFE},

    /* nothing is known: the image that is ahead is tried, as it may never have started; the other one is its way back */
    {{UD_FACT_UNKNOWN, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_FACT_AHEAD}, UD_ACTION_INSTALL},
    {{UD_FACT_UNKNOWN, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_FACT_BEHIND}, UD_ACTION_DOUBT},

    /* calm; the slot that runs lost; both lost */
    {{UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_FACT_GOOD, UD_ANY_B}, UD_ACTION_BOOT},
    {{UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, USABLE}, UD_ACTION_RESCUE},
    {{UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B}, UD_ACTION_RECOVER},
};

static ud_err_t begin(ud_journal_t *journal, ud_slot_record_t *record, ud_install_t direction, uint32_t size_bytes)
{
    (void)size_bytes;
    record->install = (uint8_t)direction;
    return ud_slot_record_put(journal, record);
}

/* In RAM alone: the row that says what it means says where, too. */
static ud_err_t move(ud_journal_t *journal, const ud_boot_config_t *config, ud_slot_record_t *record, bool unnoted)
{
    (void)journal;
    (void)config;
    (void)unnoted;
    record->runs_b = !record->runs_b;
    return UD_OK;
}

static ud_err_t rescue(ud_port_t *port, const ud_boot_config_t *config, ud_slot_record_t *record,
                       const ud_boot_found_t *found)
{
    (void)port;
    (void)config;
    (void)found;
    record->runs_b = !record->runs_b;
    return UD_OK;
}

/* By security counter, then version. */
static int compare(const ud_boot_found_t *b, const ud_boot_found_t *a)
{
    if (b->security_counter != a->security_counter) {
        return b->security_counter > a->security_counter ? 1 : -1;
    }
    return ud_version_compare_full(&b->version, &a->version);
}

const ud_boot_mode_t ud_boot_xip = {
    .slots = &ud_slot_xip,
    .policy = {rules, sizeof rules / sizeof rules[0]},
    .begin = begin,
    .move = move,
    .rescue = rescue,
    .compare = compare,
};
