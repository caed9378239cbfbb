#include "boot/policy.h"

static bool excludes(uint8_t row, uint8_t fact)
{
    return (row & fact) == 0;
}

static bool covers(uint8_t row, uint8_t fact)
{
    return (fact & ~row) == 0;
}

ud_action_t ud_boot_decide(const ud_boot_policy_t *policy, const ud_boot_facts_t *facts)
{
    for (size_t index = 0; index < policy->rule_count; index++) {
        const ud_boot_facts_t *row = &policy->rules[index].facts;
        if (excludes(row->state, facts->state) || excludes(row->install, facts->install) ||
            excludes(row->cause, facts->cause) || excludes(row->patience, facts->patience) ||
            excludes(row->a, facts->a) || excludes(row->b, facts->b)) {
            continue;
        }
        if (!covers(row->a, facts->a)) {
            return UD_ACTION_LOOK_A;
        }
        return covers(row->b, facts->b) ? policy->rules[index].action : UD_ACTION_LOOK_B;
    }
    return UD_ACTION_RECOVER;
}
