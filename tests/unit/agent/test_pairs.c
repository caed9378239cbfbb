/* Messages as a device writes them, against the encoder that servers have. */
#include "agent/pairs.h"

#include "core/proto/cbor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* On both sides of each length of a head. */
static const uint32_t numbers[] = {0, 1, 23, 24, 255, 256, 65535, 65536, UINT32_MAX};

typedef struct {
    uint8_t found[128];
    uint8_t wanted[128];
    ud_writer_t pairs;
    ud_writer_t cbor;
} both_t;

/* A message of `count` pairs: `wanted` has its head, and takes the rest. */
static void begin(both_t *both, size_t count)
{
    ud_pairs_begin(&both->pairs, both->found, sizeof both->found);
    both->cbor = ud_writer(both->wanted, sizeof both->wanted);
    ud_cbor_put_map(&both->cbor, count);
}

static void assert_same(const both_t *both)
{
    assert_int_equal(ud_writer_status(&both->pairs), UD_OK);
    assert_int_equal(both->pairs.size, both->cbor.size);
    assert_memory_equal(both->found, both->wanted, both->cbor.size);
}

static void every_number_has_its_shortest_head(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        both_t both;
        int32_t negative = (int32_t)(-1 - (int64_t)(numbers[i] >> 1));
        begin(&both, 3);
        ud_pairs_put_uint(&both.pairs, 1, numbers[i]);
        ud_pairs_put_int(&both.pairs, 2, negative);
        ud_pairs_put_int(&both.pairs, 23, (int32_t)(numbers[i] >> 1));
        ud_cbor_put_uint(&both.cbor, 1);
        ud_cbor_put_uint(&both.cbor, numbers[i]);
        ud_cbor_put_uint(&both.cbor, 2);
        ud_cbor_put_int(&both.cbor, negative);
        ud_cbor_put_uint(&both.cbor, 23);
        ud_cbor_put_int(&both.cbor, (int32_t)(numbers[i] >> 1));
        assert_same(&both);
    }
}

static void strings_arrays_and_truths_are_as_a_server_writes_them(void **state)
{
    (void)state;
    both_t both;
    begin(&both, 5);
    ud_pairs_put_text(&both.pairs, 1, "a text of more than twenty-three bytes");
    ud_pairs_put_bytes(&both.pairs, 2, numbers, 24);
    ud_pairs_put_bool(&both.pairs, 3, true);
    ud_pairs_put_bool(&both.pairs, 4, false);
    ud_pairs_put_two(&both.pairs, 5, numbers + 3);
    ud_cbor_put_uint(&both.cbor, 1);
    ud_cbor_put_text(&both.cbor, "a text of more than twenty-three bytes", 38);
    ud_cbor_put_uint(&both.cbor, 2);
    ud_cbor_put_bytes(&both.cbor, numbers, 24);
    ud_cbor_put_uint(&both.cbor, 3);
    ud_cbor_put_bool(&both.cbor, true);
    ud_cbor_put_uint(&both.cbor, 4);
    ud_cbor_put_bool(&both.cbor, false);
    ud_cbor_put_uint(&both.cbor, 5);
    ud_cbor_put_array(&both.cbor, 2);
    ud_cbor_put_uint(&both.cbor, numbers[3]);
    ud_cbor_put_uint(&both.cbor, numbers[4]);
    assert_same(&both);
}

static void a_map_in_a_map_counts_its_own_pairs(void **state)
{
    (void)state;
    both_t both;
    ud_writer_t inner;
    begin(&both, 2);
    ud_pairs_open(&both.pairs, 7, &inner);
    ud_pairs_put_uint(&inner, 1, 300);
    ud_pairs_put_uint(&inner, 2, 3);
    ud_pairs_put_uint(&inner, 3, 4);
    ud_pairs_close(&both.pairs, &inner);
    ud_pairs_put_uint(&both.pairs, 8, 9);
    ud_cbor_put_uint(&both.cbor, 7);
    ud_cbor_put_map(&both.cbor, 3);
    ud_cbor_put_uint(&both.cbor, 1);
    ud_cbor_put_uint(&both.cbor, 300);
    ud_cbor_put_uint(&both.cbor, 2);
    ud_cbor_put_uint(&both.cbor, 3);
    ud_cbor_put_uint(&both.cbor, 3);
    ud_cbor_put_uint(&both.cbor, 4);
    ud_cbor_put_uint(&both.cbor, 8);
    ud_cbor_put_uint(&both.cbor, 9);
    assert_same(&both);
}

static void what_does_not_fit_is_told_at_the_end(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity <= 14; capacity++) {
        uint8_t place[16];
        ud_writer_t pairs;
        ud_writer_t inner;
        memset(place, 0x5A, sizeof place);
        ud_pairs_begin(&pairs, place, capacity);
        ud_pairs_put_uint(&pairs, 1, 70000);
        ud_pairs_open(&pairs, 2, &inner);
        ud_pairs_put_text(&inner, 3, "abc");
        ud_pairs_close(&pairs, &inner);
        assert_int_equal(ud_writer_status(&pairs), capacity < 14 ? UD_ERR_BUFFER_TOO_SMALL : UD_OK);
        for (size_t i = capacity; i < sizeof place; i++) {
            assert_int_equal(place[i], 0x5A);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_has_its_shortest_head),
        cmocka_unit_test(strings_arrays_and_truths_are_as_a_server_writes_them),
        cmocka_unit_test(a_map_in_a_map_counts_its_own_pairs),
        cmocka_unit_test(what_does_not_fit_is_told_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
