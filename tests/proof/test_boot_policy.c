/* The boot decision once more: a second specification beside the tables of boot/, written from the words of docs/device.md
 * alone ("Install modes", "Boot"). Each combination of facts is asked in each mode.
 */
#include "boot/mode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

typedef struct {
    const ud_slot_mode_t *slots;
    const ud_boot_facts_t *facts;
} question_t;

/* ---- what the words mean ------------------------------------------------------------------------------------------- */

/* Good, and it never failed here. */
static bool is_fresh(uint8_t image)
{
    return (image & (UD_FACT_GOOD | UD_FACT_AHEAD | UD_FACT_BEHIND)) != 0;
}

/* Good, where the image before stands. */
static bool is_before(uint8_t image)
{
    return is_fresh(image) || image == UD_FACT_KNOWN_BAD;
}

/* "A way back, or in safe mode." */
static ud_action_t give_way(const question_t *ask, bool to_b)
{
    return ask->slots->has_way_back && to_b ? UD_ACTION_REVERT : UD_ACTION_BOOT_SAFE;
}

/* Nothing is to be done, and slot A is good. */
static ud_action_t start_a(const question_t *ask)
{
    const ud_boot_facts_t *facts = ask->facts;
    bool patience = facts->patience == UD_FACT_PATIENCE;
    switch (facts->state) {
    case UD_FACT_TRIAL: /* "power loss, watchdog, fault and a reset that nobody announced use one up" */
        if (facts->cause == UD_FACT_ANNOUNCED) {
            return UD_ACTION_TRY_FREE;
        }
        return patience ? UD_ACTION_TRY : give_way(ask, is_before(facts->b));
    case UD_FACT_REJECTED: /* "a failed trial goes back to any good image before" */
        return give_way(ask, is_before(facts->b));
    case UD_FACT_CONFIRMED: /* "the eighth goes back, to an image that never failed here" */
        return patience ? UD_ACTION_BOOT : give_way(ask, is_fresh(facts->b) && (facts->cause & UD_FACT_ABNORMAL) != 0);
    default: /* "the one with the higher (security counter, version) is tried; without another, A's is confirmed" */
        return facts->b == UD_FACT_AHEAD    ? UD_ACTION_INSTALL
               : facts->b == UD_FACT_BEHIND ? UD_ACTION_DOUBT
                                            : UD_ACTION_BOOT;
    }
}

static ud_action_t answer(const question_t *ask)
{
    const ud_boot_facts_t *facts = ask->facts;
    bool starts = facts->a == UD_FACT_GOOD;
    bool tried = facts->state == UD_FACT_TRIAL || facts->state == UD_FACT_REJECTED;
    switch (facts->install) {
    case 1 << UD_INSTALL_UPGRADE: /* "completes what was interrupted" */
    case 1 << UD_INSTALL_REVERT:
        return UD_ACTION_RESUME;
    case UD_FACT_STAGED: /* "what failed here before is not installed, and nothing is while an image is on trial" */
        return is_fresh(facts->b) && !tried ? UD_ACTION_INSTALL : UD_ACTION_REFUSE;
    case UD_FACT_ADRIFT: /* "where an image can be started, or copied back, it is not taken up again" */
        if (ask->slots->runs_both || !(starts || is_before(facts->b))) {
            return UD_ACTION_RESUME;
        }
        break;
    default:
        break;
    }
    if (starts) {
        return start_a(ask);
    }
    /* "an authentic image in slot B is copied over it", wherever it lies there; "neither: the board's own recovery" */
    return is_before(facts->b) || facts->b == UD_FACT_SPARE ? UD_ACTION_RESCUE : UD_ACTION_RECOVER;
}

/* ---- the tables are asked ------------------------------------------------------------------------------------------ */

/* Every combination of facts, one bit of each, counted through. */
static bool next_facts(ud_boot_facts_t *facts)
{
    uint8_t *const digits[] = {&facts->state, &facts->install, &facts->cause, &facts->patience, &facts->a, &facts->b};
    static const uint8_t any[] = {UD_ANY_STATE, UD_ANY_INSTALL, UD_ANY_CAUSE, UD_ANY_PATIENCE, UD_ANY_A, UD_ANY_B};
    for (size_t index = 0; index < sizeof any; index++) {
        *digits[index] = (uint8_t)(*digits[index] << 1);
        if ((*digits[index] & any[index]) != 0) {
            return true;
        }
        *digits[index] = 1;
    }
    return false;
}

/* Only direct XIP compares the two images, and only for a journal that knows nothing; only a slot with a hole has a staging
 * offset.
 */
static bool can_be(const question_t *ask)
{
    bool compared = (ask->facts->b & (UD_FACT_AHEAD | UD_FACT_BEHIND)) != 0;
    bool compares = ask->slots->runs_both && ask->facts->state == UD_FACT_UNKNOWN && ask->facts->a == UD_FACT_GOOD &&
                    ask->facts->install == UD_FACT_IDLE;
    bool spare = ask->facts->b == UD_FACT_SPARE;
    bool looks_there = ask->slots->has_hole && ask->facts->install != UD_FACT_STAGED;
    return (!compared || compares) && (!spare || looks_there);
}

static unsigned compare(const ud_boot_mode_t *mode, const char *name)
{
    ud_boot_facts_t facts = {1, 1, 1, 1, 1, 1};
    unsigned asked = 0;
    unsigned differ = 0;
    do {
        question_t ask = {mode->slots, &facts};
        if (!can_be(&ask)) {
            continue;
        }
        asked++;
        ud_action_t action = ud_boot_decide(&mode->policy, &facts);
        ud_action_t right = answer(&ask);
        if (action != right) {
            differ++;
            print_message("%s: state %u, install %u, cause %u, patience %u, A %u, B %u: action %d, right is %d\n", name,
                          facts.state, facts.install, facts.cause, facts.patience, facts.a, facts.b, (int)action,
                          (int)right);
        }
    } while (next_facts(&facts));
    print_message("%s: %u combinations\n", name, asked);
    return differ;
}

static void the_tables_say_what_the_words_say(void **state)
{
    (void)state;
    assert_int_equal(compare(&ud_boot_swap, "swap"), 0);
    assert_int_equal(compare(&ud_boot_overwrite, "overwrite"), 0);
    assert_int_equal(compare(&ud_boot_xip, "direct XIP"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_tables_say_what_the_words_say)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
