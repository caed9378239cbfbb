/* The small parts: arena, hash, interned names, ids, and the table of executions. */
#include "server/domain/arena.h"
#include "server/domain/devices.h"
#include "server/domain/execution.h"
#include "server/domain/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* ---- arena -------------------------------------------------------------------------------------------------------- */

static void an_arena_gives_zeroed_memory_up_to_its_cap(void **state)
{
    (void)state;
    ud_arena_t *arena = ud_arena_create(8192);
    unsigned char *first = ud_arena_alloc(arena, 1000);
    assert_non_null(first);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(first[i], 0);
    }
    memset(first, 0xff, 1000);
    assert_non_null(ud_arena_alloc(arena, 4096));
    assert_null(ud_arena_alloc(arena, 4096));
    assert_null(ud_arena_alloc(arena, SIZE_MAX));
    ud_arena_destroy(arena);
    ud_arena_destroy(NULL);
}

static void an_arena_of_n_bytes_gives_n_and_not_one_more(void **state)
{
    (void)state;
    ud_arena_t *arena = ud_arena_create(64);
    assert_null(ud_arena_alloc(arena, 65));
    assert_non_null(ud_arena_alloc(arena, 64));
    assert_null(ud_arena_alloc(arena, 1));
    ud_arena_destroy(arena);
}

static void a_text_in_an_arena_ends_with_nul(void **state)
{
    (void)state;
    ud_arena_t *arena = ud_arena_create(100);
    assert_string_equal(ud_arena_text(arena, "abcdef", 3), "abc");
    assert_string_equal(ud_arena_text(arena, "", 0), "");
    ud_arena_destroy(arena);
}

/* ---- hash --------------------------------------------------------------------------------------------------------- */

/* From the paper, appendix A, and the authors' reference vectors for no and for eight bytes. */
static void siphash_gives_its_authors_values(void **state)
{
    (void)state;
    uint8_t message[15];
    for (uint8_t i = 0; i < sizeof(message); i++) {
        message[i] = i;
    }
    assert_true(ud_siphash(key, message, 15) == 0xa129ca6149be45e5u);
    assert_true(ud_siphash(key, message, 0) == 0x726fdb47dd0e0e31u);
    assert_true(ud_siphash(key, message, 8) == 0x93f5f5799a932462u);
}

/* ---- interned names ----------------------------------------------------------------------------------------------- */

static void an_interned_key_is_kept_once_and_counted(void **state)
{
    (void)state;
    ud_intern_t intern;
    ud_intern_init(&intern, 4, key);
    uint32_t a = ud_intern_take(&intern, "aaa");
    assert_int_equal(ud_intern_take(&intern, "aaa"), a);
    assert_int_not_equal(ud_intern_take(&intern, "bbb"), a);
    assert_int_equal(intern.counts[a], 2);
    ud_intern_drop(&intern, a);
    assert_int_equal(ud_intern_find(&intern, "aaa"), a);
    ud_intern_drop(&intern, a);
    assert_int_equal(ud_intern_find(&intern, "aaa"), UD_INTERN_NONE);
    ud_intern_free(&intern);
}

static void names_that_nobody_uses_any_more_take_no_room(void **state)
{
    (void)state;
    ud_intern_t intern;
    ud_intern_init(&intern, sizeof(uint32_t), key);
    for (uint32_t i = 0; i < 100000; i++) { /* a device that says another version each time */
        uint32_t next = ud_intern_take(&intern, &i);
        if (i > 0) {
            uint32_t before = i - 1;
            ud_intern_drop(&intern, ud_intern_find(&intern, &before));
        }
        assert_true(next < 2);
    }
    ud_intern_free(&intern);
}

static void many_names_are_found_again(void **state)
{
    (void)state;
    ud_intern_t intern;
    ud_intern_init(&intern, sizeof(uint32_t), key);
    for (uint32_t i = 0; i < 5000; i++) {
        assert_int_equal(ud_intern_take(&intern, &i), i);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        assert_int_equal(ud_intern_find(&intern, &i), i);
        assert_memory_equal(ud_intern_key(&intern, i), &i, sizeof(i));
    }
    ud_intern_free(&intern);
}

/* ---- ids ---------------------------------------------------------------------------------------------------------- */

static void every_device_is_found_by_its_id(void **state)
{
    (void)state;
    ud_devices_t devices;
    char id[UD_DEVICE_ID_SIZE_MAX + 1];
    ud_devices_init(&devices, key);
    assert_int_equal(ud_devices_find(&devices, "d0"), 0);
    for (uint32_t i = 0; i < 20000; i++) {
        snprintf(id, sizeof(id), "d%u", i);
        assert_int_equal(ud_devices_find(&devices, id), 0);
        assert_int_equal(ud_devices_add(&devices, id), i + 1);
    }
    for (uint32_t i = 0; i < 20000; i++) {
        snprintf(id, sizeof(id), "d%u", i);
        assert_int_equal(ud_devices_find(&devices, id), i + 1);
        assert_string_equal(ud_devices_id(&devices, i + 1), id);
    }
    memset(id, 'x', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    assert_int_equal(ud_devices_add(&devices, id), 20001);
    assert_int_equal(ud_devices_id_size(&devices, 20001), UD_DEVICE_ID_SIZE_MAX);
    ud_devices_free(&devices);
}

static void a_large_fleet_stays_below_250_bytes_a_device(void **state)
{
    (void)state;
    ud_devices_t devices;
    char id[UD_DEVICE_ID_SIZE_MAX + 1];
    ud_devices_init(&devices, key);
    for (uint32_t i = 0; i < 200000; i++) {
        snprintf(id, sizeof(id), "serial-%010u", i);
        ud_devices_add(&devices, id);
        if (i >= 100000) { /* at every size: arrays that just grew hold the most slack */
            assert_true(ud_devices_bytes(&devices) <= 250ull * devices.count);
        }
    }
    ud_devices_free(&devices);
}

static void a_lost_identity_waits_beside_the_columns(void **state)
{
    (void)state;
    ud_devices_t devices;
    ud_digest_t hashes[3] = {{{1}}, {{2}}, {{3}}};
    ud_devices_init(&devices, key);
    for (uint32_t i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof(id), "d%u", i);
        ud_devices_add(&devices, id);
        assert_null(ud_devices_candidate(&devices, i + 1));
        ud_devices_set_candidate(&devices, i + 1, &hashes[i]);
    }
    ud_devices_clear_candidate(&devices, 1);
    assert_null(ud_devices_candidate(&devices, 1));
    assert_memory_equal(ud_devices_candidate(&devices, 3), &hashes[2], sizeof(hashes[2]));
    assert_memory_equal(ud_devices_candidate(&devices, 2), &hashes[1], sizeof(hashes[1]));
    ud_devices_free(&devices);
}

/* ---- executions --------------------------------------------------------------------------------------------------- */

static void no_report_brings_an_execution_where_only_the_server_may(void **state)
{
    (void)state;
    for (ud_execution_state_t from = 0; from < UD_EXECUTION_STATE_COUNT; from++) {
        for (ud_device_state_t told = 0; told < UD_DEVICE_STATE_COUNT; told++) {
            ud_execution_state_t to = ud_execution_next(from, told);
            assert_true(to < UD_EXECUTION_STATE_COUNT);
            assert_true(to != UD_EXECUTION_NONE || from == UD_EXECUTION_NONE);
            assert_true(to != UD_EXECUTION_RETRY || from == UD_EXECUTION_RETRY);
            if (ud_execution_is_final(from) || from == UD_EXECUTION_CANCELLED) {
                assert_true(to == from || to == UD_EXECUTION_SUCCEEDED || to == UD_EXECUTION_ROLLED_BACK);
            }
            if (to == UD_EXECUTION_SUCCEEDED && from != to) {
                assert_int_equal(told, UD_DEVICE_CONFIRMED);
            }
        }
    }
}

static void each_state_is_of_one_kind(void **state)
{
    (void)state;
    for (ud_execution_state_t s = 0; s < UD_EXECUTION_STATE_COUNT; s++) {
        assert_false(ud_execution_is_open(s) && ud_execution_is_final(s));
        assert_true(!ud_execution_is_busy(s) || ud_execution_is_open(s));
        assert_true(ud_execution_view(s) < UD_VIEW_STATE_COUNT);
        assert_non_null(ud_execution_name(s));
    }
}

static void a_verdict_on_the_image_is_never_tried_again(void **state)
{
    (void)state;
    static const ud_err_t verdicts[] = {UD_ERR_IMAGE_SIGNATURE, UD_ERR_WRONG_HARDWARE, UD_ERR_SELF_TEST_FAILED,
                                        UD_ERR_CRASHED,         UD_ERR_KNOWN_BAD,      UD_ERR_LOW_COUNTER};
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        assert_false(ud_execution_may_retry(verdicts[i]));
    }
    assert_true(ud_execution_may_retry(UD_ERR_TIMED_OUT));
    assert_true(ud_execution_may_retry(UD_ERR_DOWNLOAD_FAILED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_gives_zeroed_memory_up_to_its_cap),
        cmocka_unit_test(an_arena_of_n_bytes_gives_n_and_not_one_more),
        cmocka_unit_test(a_text_in_an_arena_ends_with_nul),
        cmocka_unit_test(siphash_gives_its_authors_values),
        cmocka_unit_test(an_interned_key_is_kept_once_and_counted),
        cmocka_unit_test(names_that_nobody_uses_any_more_take_no_room),
        cmocka_unit_test(many_names_are_found_again),
        cmocka_unit_test(every_device_is_found_by_its_id),
        cmocka_unit_test(a_large_fleet_stays_below_250_bytes_a_device),
        cmocka_unit_test(a_lost_identity_waits_beside_the_columns),
        cmocka_unit_test(no_report_brings_an_execution_where_only_the_server_may),
        cmocka_unit_test(each_state_is_of_one_kind),
        cmocka_unit_test(a_verdict_on_the_image_is_never_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
