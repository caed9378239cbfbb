#include "tests/unit/server/domain/world.h"

#include "core/crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static world_t world;
static actor_t actor;

static int set_up(void **state)
{
    (void)state;
    world_begin(&world, NULL);
    actor_make(&actor, 1, "1.0.0");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

static ud_register_status_t registered_status(void)
{
    return world.command.out.enrol.status;
}

static ud_err_t ask_token(ud_command_type_t type)
{
    ud_token_request_t message = {0};
    strcpy(message.device_id, actor.id);
    memcpy(message.secret, actor.secret, sizeof(message.secret));
    ud_command_t *command = world_ask(&world, type);
    command->in.credential = &message;
    return world_do(&world);
}

static void update_device(ud_device_update_in_t in)
{
    in.device_id = actor.id;
    world_ask(&world, UD_COMMAND_DEVICE_UPDATE)->in.device = in;
    assert_int_equal(world_do(&world), UD_OK);
}

static void a_claim_key_makes_a_device_active(void **state)
{
    (void)state;
    assert_int_equal(actor_register(&world, &actor, WORLD_CLAIM_KEY), UD_OK);
    assert_int_equal(registered_status(), UD_STATUS_ACTIVE);
    assert_int_equal(world.command.out.enrol.generation, 1);
    assert_int_equal(actor_checkin(&world, &actor), UD_OK);
}

static void a_wrong_claim_key_is_refused(void **state)
{
    (void)state;
    assert_int_equal(actor_register(&world, &actor, "line-b-key"), UD_ERR_CLAIM_KEY_UNKNOWN);
    assert_int_equal(actor_register(&world, &actor, NULL), UD_ERR_CLAIM_KEY_UNKNOWN);
    assert_int_equal(actor_checkin(&world, &actor), UD_ERR_DEVICE_UNKNOWN);
}

static void registering_again_gives_the_same_device(void **state)
{
    (void)state;
    actor_register(&world, &actor, WORLD_CLAIM_KEY);
    assert_int_equal(actor_register(&world, &actor, NULL), UD_OK);
    assert_int_equal(registered_status(), UD_STATUS_ACTIVE);
    assert_int_equal(world.command.out.enrol.generation, 1);
    world_ask(&world, UD_COMMAND_QUERY_SUMMARY);
    assert_int_equal(world_do(&world), UD_OK);
    assert_int_equal(world.command.out.summary.devices, 1);
}

static void another_secret_takes_nothing_over(void **state)
{
    (void)state;
    actor_register(&world, &actor, WORLD_CLAIM_KEY);
    actor_t thief = actor;
    thief.secret[0] ^= 1;
    assert_int_equal(actor_register(&world, &thief, WORLD_CLAIM_KEY), UD_OK);
    assert_int_equal(registered_status(), UD_STATUS_IDENTITY_LOST);
    assert_int_equal(actor_checkin(&world, &actor), UD_OK); /* the first is as it was */
    assert_true(world_device_view(&world, actor.id)->pending);
    assert_int_equal(actor_register(&world, &thief, NULL), UD_ERR_CLAIM_KEY_UNKNOWN);
}

static unsigned identity_events(void)
{
    unsigned count = 0;
    ud_command_t *command = world_ask(&world, UD_COMMAND_QUERY_DEVICE_EVENTS);
    command->in.lookup = (ud_lookup_in_t){.id = actor.id};
    assert_int_equal(world_do(&world), UD_OK);
    for (size_t i = 0; i < command->out.events.count; i++) {
        count += strcmp(command->out.events.items[i].kind, "identity_lost") == 0 ? 1 : 0;
    }
    return count;
}

static void ever_new_secrets_leave_one_event_an_hour(void **state)
{
    (void)state;
    actor_register(&world, &actor, WORLD_CLAIM_KEY);
    actor_t thief = actor;
    for (unsigned n = 0; n < 100; n++) {
        thief.secret[0]++;
        assert_int_equal(actor_register(&world, &thief, WORLD_CLAIM_KEY), UD_OK);
        assert_int_equal(registered_status(), UD_STATUS_IDENTITY_LOST);
    }
    assert_int_equal(identity_events(), 1);
    world_sleep(&world, UD_IDENTITY_EVENT_PERIOD_S);
    thief.secret[0]++;
    actor_register(&world, &thief, WORLD_CLAIM_KEY);
    assert_int_equal(identity_events(), 2);
    update_device((ud_device_update_in_t){.hold = -1, .approve = true}); /* the last secret is the one that waits */
    assert_int_equal(actor_register(&world, &thief, NULL), UD_OK);
    assert_int_equal(registered_status(), UD_STATUS_ACTIVE);
}

static void a_person_may_give_a_lost_identity_to_the_new_secret(void **state)
{
    (void)state;
    actor_register(&world, &actor, WORLD_CLAIM_KEY);
    actor_t again = actor;
    again.secret[0] ^= 1;
    actor_register(&world, &again, WORLD_CLAIM_KEY);
    world_restart(&world); /* what waits for a person waits over a restart */
    update_device((ud_device_update_in_t){.hold = -1, .approve = true});
    assert_int_equal(actor_register(&world, &again, NULL), UD_OK);
    assert_int_equal(registered_status(), UD_STATUS_ACTIVE);
    assert_int_equal(actor_checkin(&world, &again), UD_OK);
    assert_int_equal(actor_checkin(&world, &actor), UD_ERR_TOKEN_REVOKED);
}

static void a_claim_key_may_ask_for_approval(void **state)
{
    (void)state;
    ud_command_t *command = world_ask(&world, UD_COMMAND_CLAIM_KEY_CREATE);
    command->in.claim_key = (ud_claim_key_in_t){.name = "careful", .approve = true};
    ud_sha256("careful-key", 11, command->in.claim_key.secret_hash);
    assert_int_equal(world_do(&world), UD_OK);
    actor_register(&world, &actor, "careful-key");
    assert_int_equal(registered_status(), UD_STATUS_PENDING);
    assert_string_equal(world_device_view(&world, actor.id)->reason, "Waits for approval");
    actor.generation = 1;
    assert_int_equal(actor_checkin(&world, &actor), UD_ERR_PENDING);
    update_device((ud_device_update_in_t){.hold = -1, .approve = true});
    actor_register(&world, &actor, NULL);
    assert_int_equal(registered_status(), UD_STATUS_ACTIVE);
    assert_int_equal(actor_checkin(&world, &actor), UD_OK);
}

static void the_secret_gives_a_token_at_any_age(void **state)
{
    (void)state;
    actor_register(&world, &actor, WORLD_CLAIM_KEY);
    world.now.wall_ms += 1000ll * 3600 * 24 * 3650;
    assert_int_equal(ask_token(UD_COMMAND_TOKEN), UD_OK);
    assert_int_equal(world.command.out.enrol.generation, 1);
    actor.secret[5] ^= 1;
    assert_int_equal(ask_token(UD_COMMAND_TOKEN), UD_ERR_UNAUTHENTICATED);
}

static void a_retired_device_gets_nothing_any_more(void **state)
{
    (void)state;
    actor_register(&world, &actor, WORLD_CLAIM_KEY);
    assert_int_equal(ask_token(UD_COMMAND_RETIRE), UD_OK);
    assert_int_equal(ask_token(UD_COMMAND_TOKEN), UD_ERR_RETIRED);
    assert_int_equal(actor_register(&world, &actor, WORLD_CLAIM_KEY), UD_ERR_RETIRED);
    assert_int_equal(actor_checkin(&world, &actor), UD_OK);
    assert_int_equal(actor.offer.action, UD_ACTION_DECOMMISSION);
    actor.update_id = 99; /* not known, but that is not what it must hear */
    assert_int_equal(actor_report(&world, &actor, UD_DEVICE_DOWNLOADING, UD_OK), UD_OK);
    ud_command_t *command = world_ask(&world, UD_COMMAND_DEVICE_AUTH);
    command->in.device_auth = (ud_device_auth_in_t){actor.id, actor.generation};
    assert_int_equal(world_do(&world), UD_ERR_RETIRED);
}

static void an_old_token_generation_is_refused(void **state)
{
    (void)state;
    actor_register(&world, &actor, WORLD_CLAIM_KEY);
    actor.generation++;
    assert_int_equal(actor_checkin(&world, &actor), UD_ERR_TOKEN_REVOKED);
    ud_command_t *command = world_ask(&world, UD_COMMAND_DEVICE_AUTH);
    command->in.device_auth = (ud_device_auth_in_t){actor.id, 1};
    assert_int_equal(world_do(&world), UD_OK);
}

static void a_full_fleet_takes_no_more(void **state)
{
    (void)state;
    ud_fleet_destroy(world.fleet);
    world.config.device_count_max = 2;
    assert_int_equal(ud_fleet_create(&world.config, world.store, world.now, &world.fleet), UD_OK);
    actor_t more;
    actor_join(&world, &more, 10, "1.0.0");
    actor_join(&world, &more, 11, "1.0.0");
    actor_make(&more, 12, "1.0.0");
    assert_int_equal(actor_register(&world, &more, WORLD_CLAIM_KEY), UD_ERR_TOO_MANY);
}

static void the_claim_key_counts_what_it_made(void **state)
{
    (void)state;
    actor_register(&world, &actor, WORLD_CLAIM_KEY);
    world_restart(&world);
    world_ask(&world, UD_COMMAND_QUERY_CLAIM_KEYS);
    assert_int_equal(world_do(&world), UD_OK);
    assert_int_equal(world.command.out.claim_keys.items[0].used, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_claim_key_makes_a_device_active),
        TEST(a_wrong_claim_key_is_refused),
        TEST(registering_again_gives_the_same_device),
        TEST(another_secret_takes_nothing_over),
        TEST(ever_new_secrets_leave_one_event_an_hour),
        TEST(a_person_may_give_a_lost_identity_to_the_new_secret),
        TEST(a_claim_key_may_ask_for_approval),
        TEST(the_secret_gives_a_token_at_any_age),
        TEST(a_retired_device_gets_nothing_any_more),
        TEST(an_old_token_generation_is_refused),
        TEST(a_full_fleet_takes_no_more),
        TEST(the_claim_key_counts_what_it_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
