#include "tests/unit/server/domain/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static world_t world;

static int set_up(void **state)
{
    (void)state;
    world_begin(&world, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_end(&world);
    return 0;
}

/* Makes an account of that role and signs the tests' session in with it. */
static void become(ud_role_t role)
{
    ud_command_t *command = world_ask(&world, UD_COMMAND_ACCOUNT_CREATE);
    command->in.account = (ud_account_in_t){"someone", "hash", role, false};
    assert_int_equal(world_do(&world), UD_OK);
    command = world_ask(&world, UD_COMMAND_SESSION_CREATE);
    command->in.session.account = "someone";
    command->in.session.expires_ms = world.now.wall_ms + 3600000;
    memset(command->in.session.session, 9, UD_SHA256_SIZE);
    assert_int_equal(world_do(&world), UD_OK);
    memset(world.session, 9, sizeof(world.session));
}

static void every_command_asks_for_its_role(void **state)
{
    (void)state;
    become(UD_ROLE_VIEWER);
    for (ud_command_type_t type = 0; type < UD_COMMAND_COUNT; type++) {
        if (ud_command_role(type) > UD_ROLE_VIEWER) {
            world_ask(&world, type);
            assert_int_equal(world_do(&world), UD_ERR_FORBIDDEN);
            memset(world_ask(&world, type)->session, 0, UD_SHA256_SIZE);
            assert_int_equal(world_do(&world), UD_ERR_UNAUTHENTICATED);
        }
    }
    world_ask(&world, UD_COMMAND_QUERY_SUMMARY);
    assert_int_equal(world_do(&world), UD_OK);
}

static void an_operator_may_halt_but_not_add_keys(void **state)
{
    (void)state;
    become(UD_ROLE_OPERATOR);
    ud_command_t *command = world_ask(&world, UD_COMMAND_ROLLOUT_ACT);
    command->in.rollout_act = (ud_rollout_act_in_t){"R-1", UD_ROLLOUT_HALT, NULL};
    assert_int_equal(world_do(&world), UD_ERR_NOT_FOUND); /* allowed, but there is none */
    world_ask(&world, UD_COMMAND_KEY_ADD)->in.key.name = "k";
    assert_int_equal(world_do(&world), UD_ERR_FORBIDDEN);
}

static void a_session_ends_with_its_time(void **state)
{
    (void)state;
    become(UD_ROLE_VIEWER);
    world_ask(&world, UD_COMMAND_SESSION_CHECK);
    assert_int_equal(world_do(&world), UD_OK);
    assert_string_equal(world.command.out.session.account, "someone");
    world.now.wall_ms += 3600001;
    world_ask(&world, UD_COMMAND_SESSION_CHECK);
    assert_int_equal(world_do(&world), UD_ERR_UNAUTHENTICATED);
}

static void a_session_can_be_asked_what_it_may(void **state)
{
    (void)state;
    become(UD_ROLE_VIEWER);
    world_ask(&world, UD_COMMAND_SESSION_CHECK)->in.session.may = UD_COMMAND_RELEASE_CREATE;
    assert_int_equal(world_do(&world), UD_ERR_FORBIDDEN);
    world_ask(&world, UD_COMMAND_SESSION_CHECK)->in.session.may = UD_COMMAND_QUERY_DEVICES;
    assert_int_equal(world_do(&world), UD_OK);
}

static void signing_out_ends_one_session_and_no_other(void **state)
{
    (void)state;
    uint8_t admin[UD_SHA256_SIZE];
    memcpy(admin, world.session, sizeof(admin));
    become(UD_ROLE_VIEWER);
    world_ask(&world, UD_COMMAND_SESSION_END);
    assert_int_equal(world_do(&world), UD_OK);
    world_restart(&world);
    world_ask(&world, UD_COMMAND_SESSION_CHECK);
    assert_int_equal(world_do(&world), UD_ERR_UNAUTHENTICATED);
    memcpy(world.session, admin, sizeof(admin));
    world_ask(&world, UD_COMMAND_SESSION_CHECK);
    assert_int_equal(world_do(&world), UD_OK);
}

static void sessions_made_and_ended_in_one_window_leave_the_right_rows(void **state)
{
    (void)state;
    uint8_t hashes[3][UD_SHA256_SIZE];
    for (unsigned i = 0; i < 3; i++) {
        memset(hashes[i], 50 + (int)i, UD_SHA256_SIZE);
        ud_command_t *command = world_ask(&world, UD_COMMAND_SESSION_CREATE);
        command->in.session.account = "admin";
        command->in.session.expires_ms = world.now.wall_ms + 1000;
        memcpy(command->in.session.session, hashes[i], UD_SHA256_SIZE);
        ud_fleet_apply(world.fleet, world.now, command);
        assert_int_equal(command->err, UD_OK);
    }
    memcpy(world_ask(&world, UD_COMMAND_SESSION_END)->session, hashes[0], UD_SHA256_SIZE);
    assert_int_equal(world_do(&world), UD_OK);
    world_restart(&world);
    for (unsigned i = 0; i < 3; i++) {
        memcpy(world_ask(&world, UD_COMMAND_SESSION_CHECK)->session, hashes[i], UD_SHA256_SIZE);
        assert_int_equal(world_do(&world), i == 0 ? UD_ERR_UNAUTHENTICATED : UD_OK);
    }
}

static void the_first_admin_is_made_once(void **state)
{
    (void)state;
    ud_command_t *command = world_ask(&world, UD_COMMAND_ACCOUNT_CREATE);
    command->in.account = (ud_account_in_t){"second", "hash", UD_ROLE_ADMIN, true};
    memset(command->session, 0, sizeof(command->session));
    assert_int_equal(world_do(&world), UD_ERR_EXISTS);
    world_ask(&world, UD_COMMAND_ACCOUNT_GET)->in.account_name = "admin";
    assert_int_equal(world_do(&world), UD_OK);
    assert_string_equal(world.command.out.account.password_hash, "hash of a password");
    world_ask(&world, UD_COMMAND_ACCOUNT_GET)->in.account_name = "second";
    assert_int_equal(world_do(&world), UD_ERR_NOT_FOUND);
}

static void names_keep_to_their_characters(void **state)
{
    (void)state;
    char longest[UD_NAME_SIZE_MAX + 2];
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    const char *const bad[] = {"", "with blank", "sl/ash", "<b>", "\xc3\xa9", longest, NULL};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        world_ask(&world, UD_COMMAND_GROUP_CREATE)->in.group.name = bad[i];
        assert_int_equal(world_do(&world), UD_ERR_INVALID_ARGUMENT);
        assert_string_equal(world.command.field, "name");
    }
    longest[UD_NAME_SIZE_MAX] = '\0';
    world_ask(&world, UD_COMMAND_GROUP_CREATE)->in.group.name = longest;
    assert_int_equal(world_do(&world), UD_OK);
    world_ask(&world, UD_COMMAND_GROUP_CREATE)->in.group.name = longest;
    assert_int_equal(world_do(&world), UD_ERR_EXISTS);
}

static void what_people_keep_survives_a_restart(void **state)
{
    (void)state;
    ud_command_t *command = world_ask(&world, UD_COMMAND_KEY_ADD);
    command->in.key.name = "release-key";
    command->in.key.type = "ecdsa-p256";
    memset(command->in.key.key_hash, 3, UD_SHA256_SIZE);
    assert_int_equal(world_do(&world), UD_OK);
    assert_string_equal(command->out.keys.items[0].name, "release-key");
    command = world_ask(&world, UD_COMMAND_GROUP_CREATE);
    command->in.group = (ud_group_in_t){"beta", "early ones"};
    assert_int_equal(world_do(&world), UD_OK);
    world_restart(&world);
    world_ask(&world, UD_COMMAND_QUERY_KEYS);
    assert_int_equal(world_do(&world), UD_OK);
    assert_int_equal(world.command.out.keys.count, 1);
    world_ask(&world, UD_COMMAND_QUERY_GROUPS);
    assert_int_equal(world_do(&world), UD_OK);
    assert_int_equal(world.command.out.groups.count, 2);
    assert_string_equal(world.command.out.groups.items[1].description, "early ones");
}

static void begin_session(uint8_t byte)
{
    ud_command_t *command = world_ask(&world, UD_COMMAND_SESSION_CREATE);
    command->in.session = (ud_session_in_t){.account = "admin", .expires_ms = world.now.wall_ms + 3600000};
    memset(command->in.session.session, byte, UD_SHA256_SIZE);
    assert_int_equal(world_do(&world), UD_OK);
}

static ud_err_t check_session(uint8_t byte)
{
    memset(world_ask(&world, UD_COMMAND_SESSION_CHECK)->session, byte, UD_SHA256_SIZE);
    return world_do(&world);
}

static const char *hash_of_admin(void)
{
    world_ask(&world, UD_COMMAND_ACCOUNT_GET)->in.account_name = "admin";
    assert_int_equal(world_do(&world), UD_OK);
    return world.command.out.account.password_hash;
}

static void another_password_ends_the_other_sessions_and_is_kept(void **state)
{
    (void)state;
    begin_session(1);
    begin_session(2);
    ud_command_t *command = world_ask(&world, UD_COMMAND_PASSWORD_SET);
    command->in.password_hash = "another hash";
    memset(command->session, 1, UD_SHA256_SIZE);
    assert_int_equal(world_do(&world), UD_OK);
    for (int turn = 0; turn < 2; turn++) {
        assert_int_equal(check_session(1), UD_OK);
        assert_int_equal(check_session(2), UD_ERR_UNAUTHENTICATED);
        assert_int_equal(check_session(7), UD_ERR_UNAUTHENTICATED); /* the world's own */
        assert_string_equal(hash_of_admin(), "another hash");
        world_restart(&world);
    }
}

static void a_reset_admin_is_an_admin_who_is_signed_in_nowhere(void **state)
{
    (void)state;
    world_ask(&world, UD_COMMAND_ACCOUNT_RESET)->in.account =
        (ud_account_in_t){"admin", "reset hash", UD_ROLE_ADMIN, false};
    assert_int_equal(world_do(&world), UD_OK);
    assert_string_equal(hash_of_admin(), "reset hash");
    assert_int_equal(check_session(7), UD_ERR_UNAUTHENTICATED);
    world_ask(&world, UD_COMMAND_ACCOUNT_RESET)->in.account =
        (ud_account_in_t){"second", "a hash", UD_ROLE_ADMIN, false};
    assert_int_equal(world_do(&world), UD_OK);
    assert_int_equal(world.command.out.account.role, UD_ROLE_ADMIN);
}

static void who_did_what_is_in_the_events(void **state)
{
    (void)state;
    world_ask(&world, UD_COMMAND_GROUP_CREATE)->in.group.name = "beta";
    assert_int_equal(world_do(&world), UD_OK);
    world_ask(&world, UD_COMMAND_QUERY_EVENTS)->in.lookup.limit = 1;
    assert_int_equal(world_do(&world), UD_OK);
    const ud_event_t *event = &world.command.out.events.items[0];
    assert_string_equal(event->kind, "group_created");
    assert_string_equal(event->actor, "admin");
    assert_string_equal(event->text, "Group beta.");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_command_asks_for_its_role),
        TEST(an_operator_may_halt_but_not_add_keys),
        TEST(a_session_ends_with_its_time),
        TEST(a_session_can_be_asked_what_it_may),
        TEST(signing_out_ends_one_session_and_no_other),
        TEST(sessions_made_and_ended_in_one_window_leave_the_right_rows),
        TEST(the_first_admin_is_made_once),
        TEST(names_keep_to_their_characters),
        TEST(what_people_keep_survives_a_restart),
        TEST(another_password_ends_the_other_sessions_and_is_kept),
        TEST(a_reset_admin_is_an_admin_who_is_signed_in_nowhere),
        TEST(who_did_what_is_in_the_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
