#include "server/domain/command.h"
#include "server/door/operator_input.h"
#include "tests/unit/server/door/exchange_double.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    ud_rollout_in_t rollout; /* first: the place of batches */
    const char *text;
    const char *name;
    bool flag;
    bool yes;
    int tristate;
    int choice;
    uint32_t count;
    size_t limit;
    double percent;
} thing_t;

static const char *const colours[] = {"red", "green", NULL};

static const ud_input_field_t fields[] = {
    {"text", UD_INPUT_TEXT, true, offsetof(thing_t, text), 1, 8, NULL},
    {"name", UD_INPUT_NAME, false, offsetof(thing_t, name), 1, 8, NULL},
    {"flag", UD_INPUT_BOOL, false, offsetof(thing_t, flag), 0, 0, NULL},
    {"yes", UD_INPUT_TRUE, false, offsetof(thing_t, yes), 0, 0, NULL},
    {"tristate", UD_INPUT_FLAG, false, offsetof(thing_t, tristate), 0, 0, NULL},
    {"colour", UD_INPUT_CHOICE, false, offsetof(thing_t, choice), 0, 0, colours},
    {"count", UD_INPUT_U32, false, offsetof(thing_t, count), 1, 200, NULL},
    {"limit", UD_INPUT_SIZE, false, offsetof(thing_t, limit), 1, 200, NULL},
    {"percent", UD_INPUT_NUMBER, false, offsetof(thing_t, percent), 0, 100, NULL},
    {"batches", UD_INPUT_BATCHES, false, 0, 0, 0, NULL},
    {.kind = UD_INPUT_END},
};

typedef struct {
    ud_exchange_t exchange;
    thing_t thing;
} fixture_t;

static int setup(void **state)
{
    static fixture_t fixture;
    fixture = (fixture_t){.exchange = {.method = "POST", .content_type = "application/json"}};
    fixture.exchange.arena = ud_arena_create(65536);
    fixture.thing.tristate = -1;
    *state = &fixture;
    return fixture.exchange.arena == NULL;
}

static int teardown(void **state)
{
    fixture_t *fixture = *state;
    ud_arena_destroy(fixture->exchange.arena);
    return 0;
}

static bool read_body(fixture_t *fixture, const char *body)
{
    fixture->exchange.body = body;
    fixture->exchange.err = UD_OK;
    return ud_input_body(&fixture->exchange, fields, &fixture->thing);
}

static void assert_refused(fixture_t *fixture, const char *body, ud_err_t err, const char *field)
{
    assert_false(read_body(fixture, body));
    assert_int_equal(fixture->exchange.err, err);
    assert_string_equal(fixture->exchange.field, field);
}

static void every_kind_of_field_is_read(void **state)
{
    fixture_t *fixture = *state;
    assert_true(read_body(fixture,
                          "{\"text\":\"\\u00e9 x\",\"name\":\"a-b_c.9\",\"flag\":true,\"yes\":true,\"tristate\":false,"
                          "\"colour\":\"green\",\"count\":200,\"limit\":1,\"percent\":2.5}"));
    assert_string_equal(fixture->thing.text, "\xc3\xa9 x");
    assert_string_equal(fixture->thing.name, "a-b_c.9");
    assert_true(fixture->thing.flag);
    assert_true(fixture->thing.yes);
    assert_int_equal(fixture->thing.tristate, 0);
    assert_int_equal(fixture->thing.choice, 1);
    assert_int_equal(fixture->thing.count, 200);
    assert_int_equal(fixture->thing.limit, 1);
    assert_true(fixture->thing.percent > 2.4 && fixture->thing.percent < 2.6);
}

static void fields_that_are_not_sent_keep_their_values(void **state)
{
    fixture_t *fixture = *state;
    fixture->thing.count = 77;
    assert_true(read_body(fixture, "{\"text\":\"x\"}"));
    assert_int_equal(fixture->thing.count, 77);
    assert_int_equal(fixture->thing.tristate, -1);
}

static void a_missing_required_field_is_named(void **state)
{
    assert_refused(*state, "{}", UD_ERR_INVALID_ARGUMENT, "text");
    assert_refused(*state, "", UD_ERR_INVALID_ARGUMENT, "text");
}

static void an_unknown_field_is_refused_by_name(void **state)
{
    assert_refused(*state, "{\"text\":\"x\",\"txet\":1}", UD_ERR_INVALID_ARGUMENT, "txet");
}

static void a_wrong_type_is_refused(void **state)
{
    assert_refused(*state, "{\"text\":1}", UD_ERR_INVALID_ARGUMENT, "text");
    assert_refused(*state, "{\"text\":null}", UD_ERR_INVALID_ARGUMENT, "text");
    assert_refused(*state, "{\"text\":\"x\",\"flag\":\"true\"}", UD_ERR_INVALID_ARGUMENT, "flag");
    assert_refused(*state, "{\"text\":\"x\",\"tristate\":1}", UD_ERR_INVALID_ARGUMENT, "tristate");
    assert_refused(*state, "{\"text\":\"x\",\"count\":\"5\"}", UD_ERR_INVALID_ARGUMENT, "count");
    assert_refused(*state, "{\"text\":\"x\",\"count\":5.5}", UD_ERR_INVALID_ARGUMENT, "count");
    assert_refused(*state, "{\"text\":\"x\",\"percent\":true}", UD_ERR_INVALID_ARGUMENT, "percent");
    assert_refused(*state, "{\"text\":\"x\",\"colour\":0}", UD_ERR_INVALID_ARGUMENT, "colour");
}

static void a_constant_true_takes_no_false(void **state)
{
    assert_refused(*state, "{\"text\":\"x\",\"yes\":false}", UD_ERR_INVALID_ARGUMENT, "yes");
}

static void values_are_bounded_on_both_sides(void **state)
{
    assert_true(read_body(*state, "{\"text\":\"12345678\",\"count\":1,\"percent\":100}"));
    assert_refused(*state, "{\"text\":\"123456789\"}", UD_ERR_INVALID_ARGUMENT, "text");
    assert_refused(*state, "{\"text\":\"\"}", UD_ERR_INVALID_ARGUMENT, "text");
    assert_refused(*state, "{\"text\":\"x\",\"count\":0}", UD_ERR_INVALID_ARGUMENT, "count");
    assert_refused(*state, "{\"text\":\"x\",\"count\":201}", UD_ERR_INVALID_ARGUMENT, "count");
    assert_refused(*state, "{\"text\":\"x\",\"count\":-1}", UD_ERR_INVALID_ARGUMENT, "count");
    assert_refused(*state, "{\"text\":\"x\",\"count\":4294967297}", UD_ERR_INVALID_ARGUMENT, "count");
    assert_refused(*state, "{\"text\":\"x\",\"percent\":100.1}", UD_ERR_INVALID_ARGUMENT, "percent");
    assert_refused(*state, "{\"text\":\"x\",\"percent\":-0.1}", UD_ERR_INVALID_ARGUMENT, "percent");
}

static void the_refusal_tells_value_and_range(void **state)
{
    fixture_t *fixture = *state;
    assert_false(read_body(fixture, "{\"text\":\"x\",\"count\":201}"));
    assert_string_equal(fixture->exchange.detail, "\"count\" must be a whole number from 1 to 200, not 201");
    assert_false(read_body(fixture, "{\"text\":\"x\",\"colour\":\"blue\"}"));
    assert_string_equal(fixture->exchange.detail, "\"colour\" must be one of: red green, not \"blue\"");
}

static void control_characters_and_nul_do_not_pass(void **state)
{
    assert_refused(*state, "{\"text\":\"a\\u001bb\"}", UD_ERR_INVALID_ARGUMENT, "text");
    assert_refused(*state, "{\"text\":\"a\\nb\"}", UD_ERR_INVALID_ARGUMENT, "text");
    assert_refused(*state, "{\"text\":\"a\\u0000b\"}", UD_ERR_MALFORMED, "");
    assert_refused(*state, "{\"text\":\"x\",\"name\":\"a b\"}", UD_ERR_INVALID_ARGUMENT, "name");
    assert_refused(*state, "{\"text\":\"x\",\"name\":\"../a\"}", UD_ERR_INVALID_ARGUMENT, "name");
}

static void what_is_no_json_object_is_malformed(void **state)
{
    assert_refused(*state, "{\"text\":", UD_ERR_MALFORMED, "");
    assert_refused(*state, "[1]", UD_ERR_MALFORMED, "");
    assert_refused(*state, "{\"text\":\"x\"} {}", UD_ERR_MALFORMED, "");
    assert_refused(*state, "{\"text\":\"x\",\"text\":\"y\"}", UD_ERR_MALFORMED, "");
    assert_refused(*state, "{\"text\":\"\xff\"}", UD_ERR_MALFORMED, "");
}

static void deep_nesting_is_refused_without_harm(void **state)
{
    static char deep[40000];
    memset(deep, '[', sizeof deep - 1);
    assert_refused(*state, deep, UD_ERR_MALFORMED, "");
}

static void another_content_type_is_unsupported(void **state)
{
    fixture_t *fixture = *state;
    fixture->exchange.content_type = "application/x-www-form-urlencoded";
    assert_refused(fixture, "{\"text\":\"x\"}", UD_ERR_UNSUPPORTED, "");
    fixture->exchange.content_type = "application/jsonp";
    assert_refused(fixture, "{\"text\":\"x\"}", UD_ERR_UNSUPPORTED, "");
    fixture->exchange.content_type = "Application/JSON; charset=utf-8";
    assert_true(read_body(fixture, "{\"text\":\"x\"}"));
}

static void batches_are_shares_or_counts(void **state)
{
    fixture_t *fixture = *state;
    assert_true(read_body(fixture, "{\"text\":\"x\",\"batches\":[{\"percent\":0.5},{\"count\":3}]}"));
    assert_int_equal(fixture->thing.rollout.plan_count, 2);
    assert_true(fixture->thing.rollout.plans[0].percent > 0.4);
    assert_int_equal(fixture->thing.rollout.plans[1].count, 3);
}

static void batches_of_nothing_or_of_both_are_refused(void **state)
{
    static const char *const bad[] = {"[]",
                                      "[{}]",
                                      "[{\"percent\":0}]",
                                      "[{\"percent\":101}]",
                                      "[{\"count\":0}]",
                                      "[{\"count\":1.5}]",
                                      "[{\"count\":4294967296}]",
                                      "[{\"percent\":1,\"count\":1}]",
                                      "[{\"share\":1}]",
                                      "[1]",
                                      "{\"percent\":1}"};
    for (size_t index = 0; index < sizeof bad / sizeof bad[0]; index++) {
        char body[128];
        snprintf(body, sizeof body, "{\"text\":\"x\",\"batches\":%s}", bad[index]);
        assert_refused(*state, body, UD_ERR_INVALID_ARGUMENT, "batches");
    }
}

static void more_than_twenty_batches_are_refused(void **state)
{
    char body[1024] = "{\"text\":\"x\",\"batches\":[{\"count\":1}";
    for (size_t index = 1; index < UD_BATCH_COUNT_MAX; index++) {
        strncat(body, ",{\"count\":1}", sizeof body - strlen(body) - 1);
    }
    char one_more[1024];
    snprintf(one_more, sizeof one_more, "%.900s,{\"count\":1}]}", body);
    strncat(body, "]}", sizeof body - strlen(body) - 1);
    assert_true(read_body(*state, body));
    assert_refused(*state, one_more, UD_ERR_INVALID_ARGUMENT, "batches");
}

static bool read_query(fixture_t *fixture, const char *name, const char *value)
{
    fixture->exchange.query_name = name;
    fixture->exchange.query_value = value;
    return ud_input_query(&fixture->exchange, fields, &fixture->thing);
}

static void query_parameters_are_read_by_the_same_table(void **state)
{
    fixture_t *fixture = *state;
    assert_true(read_query(fixture, "limit", "200"));
    assert_int_equal(fixture->thing.limit, 200);
    assert_true(read_query(fixture, "tristate", "true"));
    assert_int_equal(fixture->thing.tristate, 1);
    assert_true(read_query(fixture, "colour", "red"));
    assert_int_equal(fixture->thing.choice, 0);
}

static void an_unknown_query_parameter_is_refused_by_name(void **state)
{
    fixture_t *fixture = *state;
    assert_false(read_query(fixture, "limits", "5"));
    assert_int_equal(fixture->exchange.err, UD_ERR_INVALID_ARGUMENT);
    assert_string_equal(fixture->exchange.field, "limits");
    assert_non_null(strstr(fixture->exchange.detail, "there is no parameter \"limits\" here; known are: "));
    assert_non_null(strstr(fixture->exchange.detail, " limit"));
    assert_false(read_query(fixture, "lim", "5"));
    assert_false(ud_input_query_names(&fixture->exchange, NULL));
    assert_non_null(strstr(fixture->exchange.detail, "known are: none"));
}

static void a_query_that_is_no_text_is_refused(void **state)
{
    fixture_t *fixture = *state;
    assert_false(read_query(fixture, "colour", NULL));
    assert_int_equal(fixture->exchange.err, UD_ERR_INVALID_ARGUMENT);
    assert_string_equal(fixture->exchange.field, "colour");
}

static void query_numbers_are_digits_in_range(void **state)
{
    static const char *const bad[] = {"0", "201", "-1", "+5", "5x", "", "1e2", "99999999999999999999"};
    for (size_t index = 0; index < sizeof bad / sizeof bad[0]; index++) {
        fixture_t *fixture = *state;
        assert_false(read_query(fixture, "limit", bad[index]));
        assert_string_equal(fixture->exchange.field, "limit");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_of_field_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_that_are_not_sent_keep_their_values, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_required_field_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_field_is_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_type_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_constant_true_takes_no_false, setup, teardown),
        cmocka_unit_test_setup_teardown(values_are_bounded_on_both_sides, setup, teardown),
        cmocka_unit_test_setup_teardown(the_refusal_tells_value_and_range, setup, teardown),
        cmocka_unit_test_setup_teardown(control_characters_and_nul_do_not_pass, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_json_object_is_malformed, setup, teardown),
        cmocka_unit_test_setup_teardown(deep_nesting_is_refused_without_harm, setup, teardown),
        cmocka_unit_test_setup_teardown(another_content_type_is_unsupported, setup, teardown),
        cmocka_unit_test_setup_teardown(batches_are_shares_or_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(batches_of_nothing_or_of_both_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_twenty_batches_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(query_parameters_are_read_by_the_same_table, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unknown_query_parameter_is_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_query_that_is_no_text_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(query_numbers_are_digits_in_range, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
