#include "boot/mode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Rounds that boot allows itself (boot/boot.c). */
#define ROUNDS_MAX 20

#define COMPARED (UD_FACT_AHEAD | UD_FACT_BEHIND)
#define USABLE (UD_FACT_GOOD | UD_FACT_KNOWN_BAD | UD_FACT_SPARE | COMPARED)
#define B_FACTS 7

/* The mode that is looked at, and what its slot B can be worth. */
static const ud_boot_mode_t *mode;
static uint8_t b_facts;

static int set_up_swap(void **state)
{
    (void)state;
    mode = &ud_boot_swap;
    b_facts = UD_FACT_B_ANY & ~COMPARED;
    return 0;
}

static int set_up_overwrite(void **state)
{
    (void)state;
    mode = &ud_boot_overwrite;
    b_facts = UD_FACT_B_ANY & ~(COMPARED | UD_FACT_SPARE);
    return 0;
}

static int set_up_xip(void **state)
{
    (void)state;
    mode = &ud_boot_xip;
    b_facts = UD_FACT_B_ANY & ~UD_FACT_SPARE;
    return 0;
}

static bool set_images(ud_boot_facts_t *facts, unsigned images)
{
    facts->a = (uint8_t)(1u << images / B_FACTS);
    facts->b = (uint8_t)(1u << images % B_FACTS);
    return (facts->b & b_facts) != 0;
}

#define IMAGES (3 * B_FACTS)

static ud_action_t decide(const ud_boot_facts_t *facts)
{
    return ud_boot_decide(&mode->policy, facts);
}

typedef void (*visit_t)(const ud_boot_facts_t *facts);

/* Each combination of facts that can be known. */
static void visit_all(visit_t visit)
{
    for (unsigned state = 1; state < UD_FACT_STATE_ANY; state <<= 1) {
        for (unsigned install = 1; install < UD_FACT_INSTALL_ANY; install <<= 1) {
            for (unsigned cause = 1; cause < UD_FACT_CAUSE_ANY; cause <<= 1) {
                for (unsigned patience = 1; patience < UD_FACT_PATIENCE_ANY; patience <<= 1) {
                    for (unsigned images = 0; images < IMAGES; images++) {
                        ud_boot_facts_t facts = {.state = (uint8_t)state,
                                                 .install = (uint8_t)install,
                                                 .cause = (uint8_t)cause,
                                                 .patience = (uint8_t)patience};
                        if (set_images(&facts, images)) {
                            visit(&facts);
                        }
                    }
                }
            }
        }
    }
}

static bool jumps(ud_action_t action)
{
    return action == UD_ACTION_BOOT || action == UD_ACTION_TRY || action == UD_ACTION_TRY_FREE ||
           action == UD_ACTION_BOOT_SAFE;
}

/* ---- what each answer presupposes ---------------------------------------------------------------------------------- */

static void check_answer_is_final(const ud_boot_facts_t *facts)
{
    ud_action_t action = decide(facts);
    assert_true(action < UD_ACTION_COUNT && action != UD_ACTION_LOOK_A && action != UD_ACTION_LOOK_B);
}

static void who_knows_all_is_not_told_to_look(void **state)
{
    (void)state;
    visit_all(check_answer_is_final);
}

static void check_jump(const ud_boot_facts_t *facts)
{
    if (jumps(decide(facts))) {
        assert_int_equal(facts->a, UD_FACT_GOOD);
        assert_int_equal(facts->install & UD_FACT_MOVING, 0);
    }
}

static void only_a_good_slot_a_is_jumped_into(void **state)
{
    (void)state;
    visit_all(check_jump);
}

static void check_source(const ud_boot_facts_t *facts)
{
    ud_action_t action = decide(facts);
    if (action == UD_ACTION_INSTALL) {
        assert_true((facts->b & (UD_FACT_GOOD | COMPARED)) != 0);
    }
    if (action == UD_ACTION_REVERT) {
        assert_true(mode->slots->has_way_back);
        assert_true((facts->b & (UD_FACT_GOOD | UD_FACT_KNOWN_BAD | COMPARED)) != 0);
    }
    if (action == UD_ACTION_RESCUE) {
        assert_true((facts->b & USABLE) != 0 && facts->a != UD_FACT_GOOD);
    }
}

static void only_an_authentic_and_permitted_slot_b_is_installed(void **state)
{
    (void)state;
    visit_all(check_source);
}

static void check_recover(const ud_boot_facts_t *facts)
{
    bool nothing_left = facts->install == UD_FACT_IDLE && facts->a != UD_FACT_GOOD && (facts->b & USABLE) == 0;
    assert_int_equal(decide(facts) == UD_ACTION_RECOVER, nothing_left);
}

static void it_recovers_exactly_when_neither_slot_is_usable(void **state)
{
    (void)state;
    visit_all(check_recover);
}

static void check_trial(const ud_boot_facts_t *facts)
{
    ud_action_t action = decide(facts);
    bool free = action == UD_ACTION_TRY_FREE;
    bool counted = action == UD_ACTION_TRY;
    assert_true(!free || facts->cause == UD_FACT_ANNOUNCED);
    assert_true(!counted || facts->patience == UD_FACT_PATIENCE);
    assert_true(!(free || counted) || facts->state == UD_FACT_TRIAL);
    assert_true(action != UD_ACTION_BOOT || (facts->state & (UD_FACT_TRIAL | UD_FACT_REJECTED)) == 0);
}

static void nothing_on_trial_starts_uncounted_unless_announced(void **state)
{
    (void)state;
    visit_all(check_trial);
}

/* ---- looking late gives the same answer ----------------------------------------------------------------------------- */

static void check_lazy(const ud_boot_facts_t *known)
{
    ud_boot_facts_t facts = *known;
    facts.a = UD_FACT_A_ANY;
    facts.b = UD_FACT_B_ANY;
    ud_action_t action = decide(&facts);
    for (int looks = 0; looks < 2 && (action == UD_ACTION_LOOK_A || action == UD_ACTION_LOOK_B); looks++) {
        facts.a = action == UD_ACTION_LOOK_A ? known->a : facts.a;
        facts.b = action == UD_ACTION_LOOK_B ? known->b : facts.b;
        action = decide(&facts);
    }
    assert_int_equal(action, decide(known));
}

static void looking_at_images_late_changes_no_answer(void **state)
{
    (void)state;
    visit_all(check_lazy);
}

static void a_calm_start_looks_at_slot_a_alone(void **state)
{
    (void)state;
    ud_boot_facts_t facts = {UD_FACT_CONFIRMED, UD_FACT_IDLE,  UD_FACT_POWER_ON,
                             UD_FACT_PATIENCE,  UD_FACT_A_ANY, UD_FACT_B_ANY};
    assert_int_equal(decide(&facts), UD_ACTION_LOOK_A);
    facts.a = UD_FACT_GOOD;
    assert_int_equal(decide(&facts), UD_ACTION_BOOT);
}

/* ---- no row leads in circles ---------------------------------------------------------------------------------------- */

/* Where boot stands inside one start: the facts, what is being moved, and what has failed it already. */
typedef struct {
    ud_boot_facts_t facts;
    bool reverting;
    bool worn; /* the journal took no row in this start, and is not asked again: nothing new is tried */
    bool distrusts_b;
} place_t;

static unsigned rounds_from(place_t place, unsigned depth);

/* The longest way on after an action left these facts, whatever the images are found to be. */
static unsigned longest(place_t place, unsigned state, unsigned patience, unsigned install, unsigned depth)
{
    unsigned most = 0;
    place.facts.state = place.worn && state == UD_FACT_TRIAL ? UD_FACT_REJECTED : (uint8_t)state;
    place.facts.patience = (uint8_t)patience;
    place.facts.install = (uint8_t)install;
    for (unsigned images = 0; images < IMAGES; images++) {
        if (!set_images(&place.facts, images)) {
            continue;
        }
        bool impossible =
            (place.distrusts_b && place.facts.b != UD_FACT_BAD) || (place.worn && (place.facts.b & COMPARED) != 0);
        if (impossible) {
            continue;
        }
        unsigned rounds = rounds_from(place, depth);
        most = rounds > most ? rounds : most;
    }
    return most;
}

static unsigned larger(unsigned left, unsigned right)
{
    return left > right ? left : right;
}

/* A move ends as planned, turned, or not at all; a choice of slots, which moves nothing, as planned. */
static unsigned after_resume(place_t place, unsigned depth)
{
    unsigned state = place.facts.state;
    unsigned patience = place.facts.patience;
    unsigned planned =
        longest(place, place.reverting ? UD_FACT_CONFIRMED : UD_FACT_TRIAL, UD_FACT_PATIENCE, UD_FACT_IDLE, depth);
    if (mode->slots->runs_both) {
        return planned;
    }
    unsigned adrift = 0;
    if ((place.facts.install & UD_FACT_MOVING) != 0) {
        place_t worn = place;
        worn.worn = true;
        adrift = longest(worn, state, patience, UD_FACT_ADRIFT, depth);
    }
    unsigned failed = longest(place, UD_FACT_UNKNOWN, UD_FACT_PATIENCE, UD_FACT_IDLE, depth);
    place.distrusts_b = true;
    unsigned turned = longest(place, place.reverting ? state : UD_FACT_CONFIRMED, patience, UD_FACT_IDLE, depth);
    return larger(larger(planned, failed), larger(turned, adrift));
}

/* Rounds until a jump or the recovery, two looks for each decision included; fails when there may be no end. */
static unsigned rounds_from(place_t place, unsigned depth)
{
    assert_true(depth < ROUNDS_MAX);
    ud_action_t action = decide(&place.facts);
    unsigned patience = place.facts.patience;
    if (action == UD_ACTION_TRY || action == UD_ACTION_TRY_FREE) {
        place.worn = true;
        return 3 + longest(place, UD_FACT_REJECTED, patience, place.facts.install, depth + 1);
    }
    if (jumps(action) || action == UD_ACTION_RECOVER) {
        return 3;
    }
    place.reverting = action == UD_ACTION_RESUME ? place.reverting : action == UD_ACTION_REVERT;
    unsigned rounds = 0;
    if (action == UD_ACTION_RESUME) {
        return 1 + after_resume(place, depth + 1);
    }
    if (action == UD_ACTION_DOUBT) {
        place_t refused = place;
        refused.worn = true;
        rounds = larger(longest(place, UD_FACT_TRIAL, UD_FACT_PATIENCE, UD_FACT_IDLE, depth + 1),
                        longest(refused, UD_FACT_UNKNOWN, UD_FACT_PATIENCE, UD_FACT_IDLE, depth + 1));
    } else if (action == UD_ACTION_REFUSE) {
        rounds = longest(place, place.facts.state, patience, UD_FACT_IDLE, depth + 1);
    } else if (action == UD_ACTION_INSTALL) {
        place_t refused = place;
        refused.worn = true;
        rounds = longest(refused, place.facts.state, patience, UD_FACT_IDLE, depth + 1);
    }
    if (!place.worn && (action == UD_ACTION_INSTALL || action == UD_ACTION_REVERT)) {
        rounds = larger(rounds, longest(place, place.facts.state, patience, 1 << UD_INSTALL_UPGRADE, depth + 1));
    }
    if (action == UD_ACTION_RESCUE || action == UD_ACTION_REVERT) {
        place.distrusts_b = true;
        rounds = larger(rounds, longest(place, UD_FACT_CONFIRMED, UD_FACT_PATIENCE, UD_FACT_IDLE, depth + 1));
        rounds = larger(rounds, longest(place, place.facts.state, patience, place.facts.install, depth + 1));
    }
    return 3 + rounds;
}

static unsigned most_rounds;

static void check_end(const ud_boot_facts_t *facts)
{
    for (int reverting = 0; reverting < 2; reverting++) {
        most_rounds = larger(
            most_rounds, rounds_from((place_t){*facts, reverting != 0, facts->install == UD_FACT_ADRIFT, false}, 0));
    }
}

static void each_row_ends_in_a_jump_or_in_recovery(void **state)
{
    (void)state;
    most_rounds = 0;
    visit_all(check_end);
    print_message("longest way: %u rounds\n", most_rounds);
    assert_true(most_rounds <= ROUNDS_MAX);
}

/* ---- what the modes differ in --------------------------------------------------------------------------------------- */

static void without_a_way_back_a_failed_trial_stays_in_safe_mode(void **state)
{
    (void)state;
    ud_boot_facts_t facts = {UD_FACT_REJECTED,    UD_FACT_IDLE, UD_FACT_ORDERLY,
                             UD_FACT_NO_PATIENCE, UD_FACT_GOOD, UD_FACT_GOOD};
    assert_int_equal(ud_boot_decide(&ud_boot_overwrite.policy, &facts), UD_ACTION_BOOT_SAFE);
    assert_int_equal(ud_boot_decide(&ud_boot_swap.policy, &facts), UD_ACTION_REVERT);
    assert_int_equal(ud_boot_decide(&ud_boot_xip.policy, &facts), UD_ACTION_REVERT);
}

static void direct_xip_tries_the_image_that_is_ahead_when_nothing_is_known(void **state)
{
    (void)state;
    ud_boot_facts_t facts = {UD_FACT_UNKNOWN,  UD_FACT_IDLE, UD_FACT_POWER_ON,
                             UD_FACT_PATIENCE, UD_FACT_GOOD, UD_FACT_AHEAD};
    assert_int_equal(ud_boot_decide(&ud_boot_xip.policy, &facts), UD_ACTION_INSTALL);
    facts.state = UD_FACT_CONFIRMED;
    assert_int_equal(ud_boot_decide(&ud_boot_xip.policy, &facts), UD_ACTION_BOOT);
}

int main(void)
{
    const struct CMUnitTest every[] = {
        cmocka_unit_test(who_knows_all_is_not_told_to_look),
        cmocka_unit_test(only_a_good_slot_a_is_jumped_into),
        cmocka_unit_test(only_an_authentic_and_permitted_slot_b_is_installed),
        cmocka_unit_test(it_recovers_exactly_when_neither_slot_is_usable),
        cmocka_unit_test(nothing_on_trial_starts_uncounted_unless_announced),
        cmocka_unit_test(looking_at_images_late_changes_no_answer),
        cmocka_unit_test(a_calm_start_looks_at_slot_a_alone),
        cmocka_unit_test(each_row_ends_in_a_jump_or_in_recovery),
    };
    const struct CMUnitTest some[] = {
        cmocka_unit_test(without_a_way_back_a_failed_trial_stays_in_safe_mode),
        cmocka_unit_test(direct_xip_tries_the_image_that_is_ahead_when_nothing_is_known),
    };
    int failed = cmocka_run_group_tests_name("swap", every, set_up_swap, NULL);
    failed += cmocka_run_group_tests_name("overwrite", every, set_up_overwrite, NULL);
    failed += cmocka_run_group_tests_name("direct XIP", every, set_up_xip, NULL);
    return failed + cmocka_run_group_tests_name("differences", some, NULL, NULL);
}
