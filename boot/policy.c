#include "boot/policy.h"

ud_action_t ud_boot_decide(const ud_boot_policy_t *policy, const ud_boot_facts_t *facts)
{
    const ud_boot_rule_t *rule = policy->rules;
    for (size_t count = policy->rule_count; count > 0; count--, rule++) {
        const uint8_t *asked = (const uint8_t *)&rule->facts;
        const uint8_t *known = (const uint8_t *)facts;
        size_t index = 0;
        while (index < sizeof *facts && (asked[index] & known[index]) != 0) {
            index++;
        }
        if (index < sizeof *facts) {
            continue;
        }
        if ((facts->a & ~rule->facts.a) != 0) {
            return UD_ACTION_LOOK_A;
        }
        return (facts->b & ~rule->facts.b) != 0 ? UD_ACTION_LOOK_B : rule->action;
    }
    return UD_ACTION_RECOVER;
}
