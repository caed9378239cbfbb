#include "boot/policy.h"

#define USABLE (UD_FACT_GOOD | UD_FACT_KNOWN_BAD)
#define ANY_STATE UD_FACT_STATE_ANY
#define ANY_INSTALL UD_FACT_INSTALL_ANY
#define ANY_CAUSE UD_FACT_CAUSE_ANY
#define ANY_PATIENCE UD_FACT_PATIENCE_ANY
#define ANY_A UD_FACT_A_ANY
#define ANY_B UD_FACT_B_ANY

/* First match. The last row takes everything, so that there is always an answer. */
static const struct {
    ud_boot_facts_t facts;
    ud_action_t action;
} table[] = {
    /* an install: complete it, begin it if its image is good, else drop it */
    {{ANY_STATE, UD_FACT_MOVING, ANY_CAUSE, ANY_PATIENCE, ANY_A, ANY_B}, UD_ACTION_RESUME},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, UD_FACT_STAGED, ANY_CAUSE, ANY_PATIENCE, ANY_A, ANY_B}, UD_ACTION_REFUSE},
    {{ANY_STATE, UD_FACT_STAGED, ANY_CAUSE, ANY_PATIENCE, ANY_A, UD_FACT_GOOD}, UD_ACTION_INSTALL},
    {{ANY_STATE, UD_FACT_STAGED, ANY_CAUSE, ANY_PATIENCE, ANY_A, ANY_B}, UD_ACTION_REFUSE},

    /* a trial: while there is patience; then back; and if there is no way back, on, as carefully as possible */
    {{UD_FACT_TRIAL, ANY_INSTALL, UD_FACT_ANNOUNCED, ANY_PATIENCE, UD_FACT_GOOD, ANY_B}, UD_ACTION_TRY_FREE},
    {{UD_FACT_TRIAL, ANY_INSTALL, ANY_CAUSE, UD_FACT_PATIENCE, UD_FACT_GOOD, ANY_B}, UD_ACTION_TRY},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, ANY_INSTALL, ANY_CAUSE, ANY_PATIENCE, UD_FACT_GOOD, USABLE}, UD_ACTION_REVERT},
    {{UD_FACT_TRIAL | UD_FACT_REJECTED, ANY_INSTALL, ANY_CAUSE, ANY_PATIENCE, UD_FACT_GOOD, ANY_B},
     UD_ACTION_BOOT_SAFE},

    /* a confirmed image that crashes again and again: the one before, if it never failed here */
    {{UD_FACT_CONFIRMED, ANY_INSTALL, UD_FACT_ABNORMAL, UD_FACT_NO_PATIENCE, UD_FACT_GOOD, UD_FACT_GOOD},
     UD_ACTION_REVERT},
    {{UD_FACT_CONFIRMED, ANY_INSTALL, ANY_CAUSE, UD_FACT_NO_PATIENCE, UD_FACT_GOOD, ANY_B}, UD_ACTION_BOOT_SAFE},

    /* calm; slot A lost; both lost */
    {{ANY_STATE, ANY_INSTALL, ANY_CAUSE, ANY_PATIENCE, UD_FACT_GOOD, ANY_B}, UD_ACTION_BOOT},
    {{ANY_STATE, ANY_INSTALL, ANY_CAUSE, ANY_PATIENCE, ANY_A, USABLE | UD_FACT_SPARE}, UD_ACTION_RESCUE},
    {{ANY_STATE, ANY_INSTALL, ANY_CAUSE, ANY_PATIENCE, ANY_A, ANY_B}, UD_ACTION_RECOVER},
};

#define ROW_COUNT (sizeof table / sizeof table[0])

static bool excludes(uint8_t row, uint8_t fact)
{
    return (row & fact) == 0;
}

static bool covers(uint8_t row, uint8_t fact)
{
    return (fact & ~row) == 0;
}

ud_action_t ud_boot_decide(const ud_boot_facts_t *facts)
{
    for (size_t index = 0; index < ROW_COUNT; index++) {
        const ud_boot_facts_t *row = &table[index].facts;
        if (excludes(row->state, facts->state) || excludes(row->install, facts->install) ||
            excludes(row->cause, facts->cause) || excludes(row->patience, facts->patience) ||
            excludes(row->a, facts->a) || excludes(row->b, facts->b)) {
            continue;
        }
        if (!covers(row->a, facts->a)) {
            return UD_ACTION_LOOK_A;
        }
        return covers(row->b, facts->b) ? table[index].action : UD_ACTION_LOOK_B;
    }
    return UD_ACTION_RECOVER;
}
