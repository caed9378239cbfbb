/* The boot decision once more, in words turned into questions: a second specification beside the tables of boot/, which it
 * does not read. Its sentences are those of docs/device.md, "Install modes" and "Boot"; each combination of facts is asked
 * in each mode. Where the words leave a choice, both answers are right.
 */
#include "boot/mode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* Answers as a set, a bit each. */
#define ANSWER(action) (1u << UD_ACTION_##action)

typedef struct {
    const ud_slot_mode_t *slots;
    const ud_boot_facts_t *facts;
} question_t;

/* ---- what the words mean ------------------------------------------------------------------------------------------- */

static bool is_permitted(uint8_t image)
{
    return (image & (UD_FACT_GOOD | UD_FACT_AHEAD)) != 0;
}

static bool is_authentic(uint8_t image)
{
    return is_permitted(image) || (image & (UD_FACT_KNOWN_BAD | UD_FACT_SPARE)) != 0;
}

/* "An authentic B is installed (rescue)"; "neither valid: the board's own recovery". */
static unsigned without_a(const question_t *ask)
{
    return is_authentic(ask->facts->b) ? ANSWER(RESCUE) : ANSWER(RECOVER);
}

/* "With a way back: the image before; without one: stays, in safe mode." An image that failed here before is better than one
 * that fails now; what lies at the staging offset is not the image before.
 */
static unsigned failed_trial(const question_t *ask)
{
    bool before = is_permitted(ask->facts->b) || ask->facts->b == UD_FACT_KNOWN_BAD;
    return ask->slots->has_way_back && before ? ANSWER(REVERT) : ANSWER(BOOT_SAFE);
}

/* "Watchdog, fault and power-on use up attempts, an orderly reset announced by the agent does not." */
static unsigned on_trial(const question_t *ask)
{
    if (ask->facts->cause == UD_FACT_ANNOUNCED) {
        return ANSWER(TRY_FREE);
    }
    return ask->facts->patience == UD_FACT_PATIENCE ? ANSWER(TRY) : failed_trial(ask);
}

/* "8 abnormal resets without a check-in: the authentic other image if the counter permits, else the same with a safe-mode
 * flag." The eighth abnormal reset is what returns, not a start that comes later.
 */
static unsigned confirmed(const question_t *ask)
{
    if (ask->facts->patience == UD_FACT_PATIENCE) {
        return ANSWER(BOOT);
    }
    bool returns =
        (ask->facts->cause & UD_FACT_ABNORMAL) != 0 && ask->slots->has_way_back && is_permitted(ask->facts->b);
    return returns ? ANSWER(REVERT) : ANSWER(BOOT_SAFE);
}

/* "Journal lost: swap boots a valid A as confirmed; XIP tries the highest (counter, version)." */
static unsigned unknown(const question_t *ask)
{
    return ask->slots->runs_both && ask->facts->b == UD_FACT_AHEAD ? ANSWER(INSTALL) : ANSWER(BOOT);
}

static unsigned with_a(const question_t *ask)
{
    switch (ask->facts->state) {
    case UD_FACT_TRIAL:
        return on_trial(ask);
    case UD_FACT_REJECTED:
        return failed_trial(ask);
    case UD_FACT_CONFIRMED:
        return confirmed(ask);
    default:
        return unknown(ask);
    }
}

static unsigned nothing_pending(const question_t *ask)
{
    return ask->facts->a == UD_FACT_GOOD ? with_a(ask) : without_a(ask);
}

/* "The other slot is never touched unless the running image is confirmed"; "not what failed here before". */
static unsigned staged(const question_t *ask)
{
    bool tried = ask->facts->state == UD_FACT_TRIAL || ask->facts->state == UD_FACT_REJECTED;
    return !tried && is_permitted(ask->facts->b) ? ANSWER(INSTALL) : ANSWER(REFUSE);
}

/* "Where an image can be started, or copied back, it is not taken up again"; under direct XIP nothing moves, so nothing can be
 * lost by completing it. What lies at the staging offset may be of the move itself.
 */
static unsigned adrift(const question_t *ask)
{
    if (ask->slots->runs_both) {
        return ANSWER(RESUME);
    }
    if (ask->facts->a == UD_FACT_GOOD || is_permitted(ask->facts->b) || ask->facts->b == UD_FACT_KNOWN_BAD) {
        return nothing_pending(ask);
    }
    return ask->facts->b == UD_FACT_SPARE ? ANSWER(RESUME) | ANSWER(RESCUE) : ANSWER(RESUME);
}

static unsigned answers(const question_t *ask)
{
    switch (ask->facts->install) {
    case 1 << UD_INSTALL_UPGRADE:
    case 1 << UD_INSTALL_REVERT:
        return ANSWER(RESUME);
    case UD_FACT_ADRIFT:
        return adrift(ask);
    case UD_FACT_STAGED:
        return staged(ask);
    default:
        return nothing_pending(ask);
    }
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
    bool ahead = ask->facts->b == UD_FACT_AHEAD;
    bool compares = ask->slots->runs_both && ask->facts->state == UD_FACT_UNKNOWN && ask->facts->a == UD_FACT_GOOD;
    bool spare = ask->facts->b == UD_FACT_SPARE;
    bool looks_there = ask->slots->has_hole && ask->facts->install != UD_FACT_STAGED;
    return (!ahead || compares) && (!spare || looks_there);
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
        unsigned right = answers(&ask);
        if ((right >> action & 1) == 0) {
            differ++;
            print_message("%s: state %u, install %u, cause %u, patience %u, A %u, B %u: action %d, right are 0x%x\n",
                          name, facts.state, facts.install, facts.cause, facts.patience, facts.a, facts.b, (int)action,
                          right);
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
