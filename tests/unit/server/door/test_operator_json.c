#include "server/door/operator_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_json(const ud_json_field_t *fields, const void *view, const char *expected)
{
    json_t *wanted = json_loads(expected, 0, NULL);
    json_t *made = ud_operator_json(fields, view);
    assert_non_null(wanted);
    assert_non_null(made);
    char *text = json_dumps(made, JSON_COMPACT);
    assert_true(json_equal(made, wanted) || (print_error("%s\n", text), 0));
    free(text);
    json_decref(wanted);
    json_decref(made);
}

static ud_device_t device(void)
{
    return (ud_device_t){.id = "d1",
                         .hardware = "hw",
                         .group = "default",
                         .version = "1.0.0",
                         .state = UD_VIEW_ROLLED_BACK,
                         .progress = 100,
                         .err = UD_ERR_SELF_TEST_FAILED,
                         .online = true,
                         .last_seen_ms = 1700000000123,
                         .revision = 5};
}

static void a_device_is_shown_with_names_for_numbers_and_null_for_nothing(void **state)
{
    (void)state;
    ud_device_t view = device();
    assert_json(
        ud_json_device, &view,
        "{\"id\":\"d1\",\"hardware\":\"hw\",\"group\":\"default\",\"version\":\"1.0.0\",\"target\":null,"
        "\"rollout\":null,\"state\":\"rolled_back\",\"progress\":100,\"error\":\"self_test_failed\",\"reason\":null,"
        "\"online\":true,\"pending\":false,\"hold\":false,\"batch\":null,\"last_seen_ms\":1700000000123,"
        "\"registered_ms\":0,\"revision\":5}");
}

static void a_page_counts_states_by_name(void **state)
{
    (void)state;
    ud_device_page_t page = {.offset = 50, .total = 51, .states = {1, 2, 3, 4, 5, 6}};
    assert_json(ud_json_device_page, &page,
                "{\"items\":[],\"offset\":50,\"total\":51,\"states\":{\"idle\":1,\"downloading\":2,\"updating\":3,"
                "\"success\":4,\"failed\":5,\"rolled_back\":6}}");
}

static void lists_hold_as_many_items_as_are_counted(void **state)
{
    (void)state;
    const ud_count_t versions[] = {{"2.0.0", 7}, {"1.0.0", 3}};
    ud_summary_t summary = {.devices = 10, .versions = versions, .version_count = 2, .revision = UINT64_C(1) << 40};
    json_t *made = ud_operator_json(ud_json_summary, &summary);
    json_t *list = json_object_get(made, "versions");
    assert_int_equal(json_array_size(list), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "count")), 3);
    assert_int_equal(json_array_size(json_object_get(made, "hardware")), 0);
    assert_int_equal(json_integer_value(json_object_get(made, "revision")), INT64_C(1) << 40);
    json_decref(made);
}

static void a_release_shows_digests_as_hex_and_its_artifacts(void **state)
{
    (void)state;
    ud_release_t release = {.id = "F-1", .artifact_count = 1};
    memset(release.file_digest, 0xAB, sizeof release.file_digest);
    release.artifacts[0] = (ud_release_artifact_t){.chunk_size = 16384, .artifact_size = 99, .has_descriptor = true};
    json_t *made = ud_operator_json(ud_json_release, &release);
    const char *digest = json_string_value(json_object_get(made, "file_digest"));
    assert_string_equal(digest, "abababababababababababababababababababababababababababababababab");
    json_t *artifact = json_array_get(json_object_get(made, "artifacts"), 0);
    assert_int_equal(json_integer_value(json_object_get(artifact, "chunk_size")), 16384);
    assert_true(json_is_true(json_object_get(artifact, "descriptor")));
    assert_true(json_is_null(json_object_get(made, "notes")));
    assert_string_equal(json_string_value(json_object_get(made, "version")), "");
    json_decref(made);
}

static void a_rollout_shows_its_batches_and_what_stopped_it(void **state)
{
    (void)state;
    ud_rollout_t rollout = {.id = "R-1",
                            .status = UD_ROLLOUT_HALTED,
                            .stop = UD_STOP_FAILURE_LIMIT,
                            .batch_count = 2,
                            .batches = {{.state = UD_BATCH_HALTED, .planned = 2, .rolled_back = 2}}};
    json_t *made = ud_operator_json(ud_json_rollout, &rollout);
    json_t *batches = json_object_get(made, "batches");
    assert_string_equal(json_string_value(json_object_get(made, "status")), "halted");
    assert_string_equal(json_string_value(json_object_get(made, "stop")), "failure_limit");
    assert_int_equal(json_array_size(batches), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(batches, 0), "state")), "halted");
    assert_true(json_is_null(json_object_get(made, "ended_ms")));
    json_decref(made);
}

static void nothing_stopped_a_running_rollout(void **state)
{
    (void)state;
    ud_rollout_t rollout = {.stop = UD_STOP_NONE};
    json_t *made = ud_operator_json(ud_json_rollout, &rollout);
    assert_true(json_is_null(json_object_get(made, "stop")));
    json_decref(made);
}

static void unknown_measurements_are_null(void **state)
{
    (void)state;
    ud_device_detail_t detail = {.device = device(), .battery = -1, .link = -1, .signal = 0, .boot_reason = 2};
    json_t *made = ud_operator_json(ud_json_device_detail, &detail);
    assert_true(json_is_null(json_object_get(made, "battery")));
    assert_true(json_is_null(json_object_get(made, "link")));
    assert_true(json_is_null(json_object_get(made, "signal")));
    assert_true(json_is_null(json_object_get(made, "revert_reason")));
    assert_string_equal(json_string_value(json_object_get(made, "boot_reason")), "reverted");
    assert_string_equal(json_string_value(json_object_get(json_object_get(made, "device"), "id")), "d1");
    json_decref(made);
}

static void known_measurements_are_shown(void **state)
{
    (void)state;
    ud_device_detail_t detail = {.device = device(), .battery = 0, .link = 7, .signal = -90};
    json_t *made = ud_operator_json(ud_json_device_detail, &detail);
    assert_int_equal(json_integer_value(json_object_get(made, "battery")), 0);
    assert_true(json_is_integer(json_object_get(made, "battery")));
    assert_string_equal(json_string_value(json_object_get(made, "link")), "ble");
    assert_int_equal(json_integer_value(json_object_get(made, "signal")), -90);
    json_decref(made);
}

static void a_number_outside_of_its_names_is_null(void **state)
{
    (void)state;
    const int outside[] = {-1, 5, 99};
    for (size_t index = 0; index < 3; index++) {
        ud_session_t session = {.account = "admin", .role = outside[index]};
        json_t *made = ud_operator_json(ud_json_session, &session);
        assert_true(json_is_null(json_object_get(made, "role")));
        json_decref(made);
    }
}

static void text_that_is_no_utf8_cannot_break_an_answer(void **state)
{
    (void)state;
    ud_session_t session = {.account = "\xff\xfe", .role = 4};
    assert_json(ud_json_session, &session, "{\"account\":\"\",\"role\":\"admin\",\"expires_ms\":0}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_shown_with_names_for_numbers_and_null_for_nothing),
        cmocka_unit_test(a_page_counts_states_by_name),
        cmocka_unit_test(lists_hold_as_many_items_as_are_counted),
        cmocka_unit_test(a_release_shows_digests_as_hex_and_its_artifacts),
        cmocka_unit_test(a_rollout_shows_its_batches_and_what_stopped_it),
        cmocka_unit_test(nothing_stopped_a_running_rollout),
        cmocka_unit_test(unknown_measurements_are_null),
        cmocka_unit_test(known_measurements_are_shown),
        cmocka_unit_test(a_number_outside_of_its_names_is_null),
        cmocka_unit_test(text_that_is_no_utf8_cannot_break_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
