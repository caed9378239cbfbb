/* The parser against images that are built here, TLV by TLV. */
#include "core/base/cursor.h"
#include "core/base/endian.h"
#include "tests/unit/core/image/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PAYLOAD_SIZE 40
#define ENTRIES_MAX 70
#define NOTHING UINT16_MAX /* type of an entry that is left out */

typedef struct {
    uint16_t type;
    uint16_t size; /* as its head says; so many bytes of `value` follow, then zeros */
    uint8_t value[40];
} entry_t;

typedef struct {
    entry_t protected_entries[ENTRIES_MAX];
    entry_t open_entries[ENTRIES_MAX];
    size_t protected_count;
    size_t open_count;
} plan_t;

typedef struct {
    uint8_t data[32768];
    size_t size;
    size_t protected_at; /* offset of the protected area's head */
    size_t open_at;      /* offset of the open area's head */
} image_t;

static const entry_t hash = {0x10, 32, {0xAA}};
static const entry_t key_hash = {0x01, 32, {0xBB}};
static const entry_t signature = {0x22, 8, {0x30, 6, 2, 1, 5, 2, 1, 6}};
static const entry_t counter = {0x50, 4, {7, 0, 0, 1}};
static const entry_t dependency = {0x40, 12, {3, 0, 0, 0, 1, 2, 3, 0, 4, 0, 0, 0}};
static const entry_t hardware = {0x55A0, 4, "gw-r"};

static size_t put_area(ud_writer_t *writer, uint16_t magic, const entry_t *entries, size_t count)
{
    size_t at = writer->size;
    ud_writer_put_u16le(writer, magic);
    ud_writer_put_u16le(writer, 0);
    for (size_t index = 0; index < count; index++) {
        size_t size = entries[index].size;
        size_t known = size < sizeof entries[index].value ? size : sizeof entries[index].value;
        ud_writer_put_u16le(writer, entries[index].type);
        ud_writer_put_u16le(writer, entries[index].size);
        ud_writer_put_bytes(writer, entries[index].value, known);
        ud_writer_fill(writer, 0, size - known);
    }
    ud_put_u16le(writer->data + at + 2, (uint16_t)(writer->size - at));
    return at;
}

static image_t build(const plan_t *plan)
{
    image_t image;
    ud_writer_t writer = ud_writer(image.data, sizeof image.data);
    ud_writer_put_u32le(&writer, UD_IMAGE_MAGIC);
    ud_writer_put_u32le(&writer, 0x08020000);
    ud_writer_put_u16le(&writer, UD_IMAGE_HEADER_SIZE);
    ud_writer_put_u16le(&writer, 0);
    ud_writer_put_u32le(&writer, PAYLOAD_SIZE);
    ud_writer_put_u32le(&writer, 0);
    ud_writer_put_u64le(&writer, 0x0000000400030201);
    ud_writer_put_u32le(&writer, 0);
    ud_writer_fill(&writer, 0x5A, PAYLOAD_SIZE);
    image.protected_at = writer.size;
    if (plan->protected_count > 0) {
        put_area(&writer, 0x6908, plan->protected_entries, plan->protected_count);
        ud_put_u16le(image.data + 10, (uint16_t)(writer.size - image.protected_at));
    }
    image.open_at = put_area(&writer, 0x6907, plan->open_entries, plan->open_count);
    assert_int_equal(ud_writer_status(&writer), UD_OK);
    image.size = writer.size;
    return image;
}

static plan_t whole_plan(void)
{
    return (plan_t){.protected_entries = {counter, dependency, hardware},
                    .protected_count = 3,
                    .open_entries = {hash, key_hash, signature},
                    .open_count = 3};
}

/* What parsing the plan gives when one more entry stands in an area. */
static ud_err_t parse_with(entry_t in_protected, entry_t in_open)
{
    ud_image_info_t info;
    plan_t plan = whole_plan();
    if (in_protected.type != NOTHING) {
        plan.protected_entries[plan.protected_count++] = in_protected;
    }
    if (in_open.type != NOTHING) {
        plan.open_entries[plan.open_count++] = in_open;
    }
    image_t image = build(&plan);
    return parse_bytes(image.data, image.size, &info);
}

static const entry_t nothing = {.type = NOTHING};

/* What parsing the whole image gives after one number of its bytes was changed. */
static ud_err_t parse_with_u16(size_t offset_in_header, uint16_t value)
{
    plan_t plan = whole_plan();
    ud_image_info_t info;
    image_t image = build(&plan);
    ud_put_u16le(image.data + offset_in_header, value);
    return parse_bytes(image.data, image.size, &info);
}

static ud_err_t parse_with_u32(size_t offset_in_header, uint32_t value)
{
    plan_t plan = whole_plan();
    ud_image_info_t info;
    image_t image = build(&plan);
    ud_put_u32le(image.data + offset_in_header, value);
    return parse_bytes(image.data, image.size, &info);
}

/* ---- tests ------------------------------------------------------------------------------------------------------ */

static void every_field_of_a_whole_image_is_read(void **state)
{
    plan_t plan = whole_plan();
    image_t image = build(&plan);
    ud_image_info_t info;
    (void)state;
    assert_int_equal(parse_bytes(image.data, image.size, &info), UD_OK);
    assert_int_equal(info.version.major, 1);
    assert_int_equal(info.version.minor, 2);
    assert_int_equal(info.version.revision, 3);
    assert_int_equal(info.version.build, 4);
    assert_int_equal(info.header_size, 32);
    assert_int_equal(info.payload_size, PAYLOAD_SIZE);
    assert_int_equal(info.protected_size, 4 + 8 + 16 + 8);
    assert_int_equal(info.total_size, image.size);
    assert_int_equal(info.load_address, 0x08020000);
    assert_false(ud_image_has(&info, UD_IMAGE_ENCRYPTION));
    assert_true(info.tlvs[UD_IMAGE_HASH].type == 0x10 && info.hash[0] == 0xAA);
    assert_true(info.tlvs[UD_IMAGE_KEY].type == 0x01 && info.key_hash[0] == 0xBB);
    assert_true(info.tlvs[UD_IMAGE_SIGNATURE].type == 0x22 && info.tlvs[UD_IMAGE_SIGNATURE].size == 8 &&
                info.tlvs[UD_IMAGE_SIGNATURE].offset == image.size - 8);
    assert_ptr_equal(ud_scheme_of(&info), &ud_scheme_ecdsa_p256);
    assert_true(!info.pure && info.tlvs[UD_IMAGE_ENCRYPTION].type == 0 && info.tlvs[UD_IMAGE_REVOKED].type == 0);
    assert_true(ud_image_has(&info, UD_IMAGE_COUNTER));
    assert_int_equal(info.security_counter, 0x01000007);
    assert_int_equal(info.dependency_count, 1);
    assert_int_equal(info.dependencies[0].image, 3);
    assert_int_equal(info.dependencies[0].minimum.revision, 3);
    assert_string_equal(info.hardware, "gw-r");
}

static void bytes_behind_the_image_are_not_looked_at(void **state)
{
    plan_t plan = whole_plan();
    image_t image = build(&plan);
    ud_image_info_t info;
    (void)state;
    memset(image.data + image.size, 0x69, 100);
    assert_int_equal(parse_bytes(image.data, image.size + 100, &info), UD_OK);
    assert_int_equal(info.total_size, image.size);
}

static void an_image_cut_anywhere_is_refused_and_leaves_nothing(void **state)
{
    plan_t plan = whole_plan();
    image_t image = build(&plan);
    (void)state;
    for (size_t size = 0; size < image.size; size++) {
        static const ud_image_info_t nothing_known;
        ud_image_info_t info;
        assert_int_equal(parse_bytes(image.data, size, &info), UD_ERR_IMAGE_TRUNCATED);
        assert_memory_equal(&info, &nothing_known, sizeof info);
    }
}

static void an_area_that_ends_inside_the_image_cuts_it_though_bytes_follow(void **state)
{
    plan_t plan = whole_plan();
    image_t image = build(&plan);
    ud_image_memory_t memory = {image.data, image.size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    (void)state;
    for (uint32_t area_size = 0; area_size < image.size; area_size++) {
        ud_image_info_t info;
        assert_int_equal(ud_image_parse(&source, area_size, &info), UD_ERR_IMAGE_TRUNCATED);
    }
}

static void another_magic_is_no_image(void **state)
{
    (void)state;
    assert_int_equal(parse_with_u32(0, 0x96F3B83C), UD_ERR_IMAGE_MAGIC);
    assert_int_equal(parse_with_u32(0, 0xFFFFFFFF), UD_ERR_IMAGE_MAGIC);
}

static void a_header_smaller_than_itself_is_refused(void **state)
{
    (void)state;
    assert_int_equal(parse_with_u16(8, 31), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with_u16(8, 0), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with_u16(8, 0xFFFF), UD_ERR_IMAGE_TRUNCATED);
}

/* What parsing gives when header and payload together end at the same place, but are cut elsewhere. */
static ud_err_t parse_with_border(uint16_t header_size)
{
    plan_t plan = whole_plan();
    ud_image_info_t info;
    image_t image = build(&plan);
    ud_put_u16le(image.data + 8, header_size);
    ud_put_u32le(image.data + 12, UD_IMAGE_HEADER_SIZE + PAYLOAD_SIZE - header_size);
    return parse_bytes(image.data, image.size, &info);
}

static void header_and_payload_have_their_least_sizes(void **state)
{
    (void)state;
    assert_int_equal(parse_with_border(31), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with_border(32), UD_OK);
    assert_int_equal(parse_with_border(32 + PAYLOAD_SIZE - 1), UD_OK);
    assert_int_equal(parse_with_border(32 + PAYLOAD_SIZE), UD_ERR_IMAGE_FORMAT);
}

static void payload_sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    assert_int_equal(parse_with_u32(12, 0), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with_u32(12, UINT32_MAX), UD_ERR_IMAGE_TRUNCATED);
    assert_int_equal(parse_with_u32(12, UINT32_MAX - 31), UD_ERR_IMAGE_TRUNCATED);
    assert_int_equal(parse_with_u32(12, UINT32_MAX - 72), UD_ERR_IMAGE_TRUNCATED);
}

static void protected_sizes_that_disagree_are_refused(void **state)
{
    plan_t plan = whole_plan();
    image_t image = build(&plan);
    ud_image_info_t info;
    (void)state;
    uint16_t size = ud_get_u16le(image.data + 10);
    assert_int_equal(parse_with_u16(10, (uint16_t)(size - 1)), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with_u16(10, (uint16_t)(size + 1)), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with_u16(10, 4), UD_ERR_IMAGE_FORMAT);
    /* the header knows of no protected area, but one is there */
    assert_int_equal(parse_with_u16(10, 0), UD_ERR_IMAGE_FORMAT);
    /* the header promises one, but none is there */
    plan.protected_count = 0;
    image = build(&plan);
    ud_put_u16le(image.data + 10, 4);
    assert_int_equal(parse_bytes(image.data, image.size, &info), UD_ERR_IMAGE_FORMAT);
}

static void areas_with_the_other_magic_or_an_impossible_size_are_refused(void **state)
{
    plan_t plan = whole_plan();
    image_t image = build(&plan);
    (void)state;
    assert_int_equal(parse_with_u16(image.open_at, 0x6908), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with_u16(image.protected_at, 0x6907), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with_u16(image.open_at, 0xFFFF), UD_ERR_IMAGE_FORMAT);
    for (uint16_t size = 0; size < 4; size++) {
        assert_int_equal(parse_with_u16(image.open_at + 2, size), UD_ERR_IMAGE_FORMAT);
    }
    assert_int_equal(parse_with_u16(image.open_at + 2, 0xFFFF), UD_ERR_IMAGE_TRUNCATED);
}

static void an_entry_that_runs_past_its_area_is_refused(void **state)
{
    plan_t plan = whole_plan();
    ud_image_info_t info;
    (void)state;
    image_t image = build(&plan);
    size_t last = image.open_at + 4 + 36 + 36;
    ud_put_u16le(image.data + last + 2, 9);
    assert_int_equal(parse_bytes(image.data, image.size, &info), UD_ERR_IMAGE_FORMAT);
    /* the area ends between two bytes of the entry's value, then of its head */
    image = build(&plan);
    for (size_t cut = 1; cut < 12; cut++) {
        ud_put_u16le(image.data + image.open_at + 2, (uint16_t)(image.size - image.open_at - cut));
        assert_int_equal(parse_bytes(image.data, image.size, &info), UD_ERR_IMAGE_FORMAT);
    }
}

static void entries_that_decide_must_stand_in_their_own_area(void **state)
{
    const entry_t open_only[] = {hash, key_hash, signature, {0x20, 256, {0}}, {0x24, 64, {0}}, {0x32, 113, {0}}};
    const entry_t protected_only[] = {counter, dependency, hardware};
    (void)state;
    for (size_t index = 0; index < sizeof open_only / sizeof open_only[0]; index++) {
        assert_int_equal(parse_with(open_only[index], nothing), UD_ERR_IMAGE_FORMAT);
    }
    for (size_t index = 0; index < sizeof protected_only / sizeof protected_only[0]; index++) {
        ud_image_info_t info;
        plan_t plan = {.open_entries = {hash, key_hash, signature, protected_only[index]}, .open_count = 4};
        image_t image = build(&plan);
        assert_int_equal(parse_bytes(image.data, image.size, &info), UD_ERR_IMAGE_FORMAT);
    }
}

static void entries_that_may_come_once_are_refused_twice(void **state)
{
    const entry_t sha512 = {0x12, 64, {0}};
    const entry_t rsa = {0x20, 256, {0}};
    (void)state;
    assert_int_equal(parse_with(nothing, hash), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with(nothing, key_hash), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with(nothing, signature), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with(nothing, sha512), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with(nothing, rsa), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with(counter, nothing), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with(hardware, nothing), UD_ERR_IMAGE_FORMAT);
}

static void an_image_without_a_hash_is_refused(void **state)
{
    plan_t plan = {.open_entries = {key_hash, signature}, .open_count = 2};
    ud_image_info_t info;
    (void)state;
    image_t image = build(&plan);
    assert_int_equal(parse_bytes(image.data, image.size, &info), UD_ERR_IMAGE_FORMAT);
}

static void an_image_without_a_signature_parses_as_unsigned(void **state)
{
    plan_t plan = {.open_entries = {hash}, .open_count = 1};
    ud_image_info_t info;
    (void)state;
    image_t image = build(&plan);
    assert_int_equal(parse_bytes(image.data, image.size, &info), UD_OK);
    assert_true(info.tlvs[UD_IMAGE_SIGNATURE].type == 0 && info.tlvs[UD_IMAGE_KEY].type == 0 &&
                !ud_image_has(&info, UD_IMAGE_COUNTER));
    assert_null(ud_scheme_of(&info));
}

static void values_of_a_wrong_size_are_refused(void **state)
{
    const entry_t open_entries[] = {{0x10, 31, {0}}, {0x10, 33, {0}}, {0x01, 31, {0}}, {0x22, 7, {0}}, {0x24, 63, {0}}};
    const entry_t protected_entries[] = {
        {0x50, 3, {0}}, {0x50, 5, {0}}, {0x40, 11, {0}}, {0x40, 13, {0}}, {0x55A0, 0, {0}}};
    (void)state;
    for (size_t index = 0; index < 5; index++) {
        ud_image_info_t info;
        plan_t plan = {.open_entries = {open_entries[index]}, .open_count = 1};
        image_t image = build(&plan);
        assert_int_equal(parse_bytes(image.data, image.size, &info), UD_ERR_IMAGE_FORMAT);
        plan = (plan_t){.protected_entries = {protected_entries[index]},
                        .protected_count = 1,
                        .open_entries = {hash},
                        .open_count = 1};
        image = build(&plan);
        assert_int_equal(parse_bytes(image.data, image.size, &info), UD_ERR_IMAGE_FORMAT);
    }
}

static void a_hardware_id_has_up_to_32_bytes_of_text(void **state)
{
    static const struct {
        uint16_t size;
        const char *text;
        ud_err_t expected;
    } rows[] = {
        {31, "1234567890123456789012345678901", UD_OK},
        {32, "12345678901234567890123456789012", UD_OK},
        {33, "123456789012345678901234567890123", UD_ERR_IMAGE_FORMAT},
        {4, "g\xC3\xBCt", UD_OK},
        {3, "a\0b", UD_ERR_IMAGE_FORMAT},
        {2, "\xC3(", UD_ERR_IMAGE_FORMAT},
        {3, "\x1B[m", UD_ERR_IMAGE_FORMAT},
    };
    (void)state;
    for (size_t index = 0; index < sizeof rows / sizeof rows[0]; index++) {
        ud_image_info_t info;
        plan_t plan = {.protected_entries = {{0x55A0, rows[index].size, {0}}},
                       .protected_count = 1,
                       .open_entries = {hash},
                       .open_count = 1};
        memcpy(plan.protected_entries[0].value, rows[index].text, rows[index].size);
        image_t image = build(&plan);
        assert_int_equal(parse_bytes(image.data, image.size, &info), rows[index].expected);
        if (rows[index].expected == UD_OK) {
            assert_int_equal(strlen(info.hardware), rows[index].size);
        }
    }
}

static void only_hosts_insist_that_a_hardware_id_is_text(void **state)
{
    static const char *const ids[] = {"a\0b", "\xC3(x", "\x1B[m", "\0id"};
    (void)state;
    for (size_t index = 0; index < sizeof ids / sizeof ids[0]; index++) {
        ud_image_info_t info;
        plan_t plan = whole_plan();
        plan.protected_entries[2].size = 3;
        memcpy(plan.protected_entries[2].value, ids[index], 3);
        image_t image = build(&plan);
        ud_image_memory_t memory = {image.data, image.size};
        ud_image_source_t source = ud_image_source_from_memory(&memory);
        assert_int_equal(ud_image_parse(&source, (uint32_t)image.size, &info), UD_OK);
        assert_true(ud_image_has(&info, UD_IMAGE_HARDWARE));
        assert_memory_equal(info.hardware, ids[index], 3);
        assert_true(!ud_image_is_for(&info, "a") && !ud_image_is_for(&info, ""));
        assert_int_equal(ud_image_read(&source, (uint32_t)image.size, &info), UD_ERR_IMAGE_FORMAT);
    }
}

static void dependencies_and_entries_are_taken_up_to_their_limits(void **state)
{
    (void)state;
    for (size_t count = UD_IMAGE_DEPENDENCIES_MAX - 1; count <= UD_IMAGE_DEPENDENCIES_MAX + 1; count++) {
        ud_image_info_t info;
        plan_t plan = {.protected_count = count, .open_entries = {hash}, .open_count = 1};
        for (size_t index = 0; index < count; index++) {
            plan.protected_entries[index] = dependency;
        }
        image_t image = build(&plan);
        assert_int_equal(parse_bytes(image.data, image.size, &info),
                         count <= UD_IMAGE_DEPENDENCIES_MAX ? UD_OK : UD_ERR_IMAGE_FORMAT);
    }
    for (size_t count = UD_IMAGE_TLVS_MAX - 1; count <= UD_IMAGE_TLVS_MAX + 1; count++) {
        ud_image_info_t info;
        plan_t plan = {.open_entries = {hash}, .open_count = count};
        for (size_t index = 1; index < count; index++) {
            plan.open_entries[index] = (entry_t){0x60, 0, {0}};
        }
        image_t image = build(&plan);
        assert_int_equal(parse_bytes(image.data, image.size, &info),
                         count <= UD_IMAGE_TLVS_MAX ? UD_OK : UD_ERR_IMAGE_FORMAT);
    }
}

static void unknown_entries_are_passed_over_in_both_areas(void **state)
{
    const entry_t boot_record = {0x60, 300, {0}};
    const entry_t vendor = {0x00A0, 5, "other"};
    (void)state;
    assert_int_equal(parse_with(boot_record, vendor), UD_OK);
    assert_int_equal(parse_with(vendor, boot_record), UD_OK);
}

static void encryption_must_be_told_by_flag_and_wrapped_key_alike(void **state)
{
    const entry_t wrapped_key = {0x32, 113, {0}};
    (void)state;
    assert_int_equal(parse_with(nothing, wrapped_key), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with_u32(16, UD_IMAGE_FLAG_AES128), UD_ERR_IMAGE_FORMAT);
    plan_t plan = whole_plan();
    ud_image_info_t info;
    plan.open_entries[plan.open_count++] = wrapped_key;
    image_t image = build(&plan);
    ud_put_u32le(image.data + 16, UD_IMAGE_FLAG_AES256);
    assert_int_equal(parse_bytes(image.data, image.size, &info), UD_OK);
    assert_true(ud_image_has(&info, UD_IMAGE_ENCRYPTION));
}

static ud_err_t read_signature(const image_t *image, uint8_t raw[UD_SIGNATURE_SIZE_MAX])
{
    ud_image_info_t info;
    ud_image_memory_t memory = {image->data, image->size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    size_t size = 0;
    assert_int_equal(parse_bytes(image->data, image->size, &info), UD_OK);
    return ud_image_signature(&source, &info, raw, &size);
}

/* What parsing gives for an image with these entries alone in the open area, and one in the protected area if it is any. */
static ud_err_t parse_only(entry_t first, entry_t second, entry_t in_protected)
{
    ud_image_info_t info;
    plan_t plan = {.open_entries = {first, second}, .open_count = 2};
    if (in_protected.type != NOTHING) {
        plan.protected_entries[plan.protected_count++] = in_protected;
    }
    image_t image = build(&plan);
    return parse_bytes(image.data, image.size, &info);
}

static void a_key_is_named_by_the_same_kind_of_hash_as_the_content(void **state)
{
    static const uint16_t sizes[] = {32, 48, 64};
    (void)state;
    for (uint16_t kind = 0; kind < 3; kind++) {
        for (uint16_t size = 31; size <= 65; size++) {
            const entry_t of_content = {(uint16_t)(0x10 + kind), sizes[kind], {0xAA}};
            const entry_t of_key = {0x01, size, {0xBB}};
            assert_int_equal(parse_only(of_content, of_key, nothing),
                             size == sizes[kind] ? UD_OK : UD_ERR_IMAGE_FORMAT);
        }
        /* a full key goes with any */
        const entry_t of_content = {(uint16_t)(0x10 + kind), sizes[kind], {0xAA}};
        assert_int_equal(parse_only(of_content, (entry_t){0x02, 91, {0}}, nothing), UD_OK);
        assert_int_equal(parse_only(of_content, (entry_t){0x02, 512, {0}}, nothing), UD_OK);
        assert_int_equal(parse_only(of_content, (entry_t){0x02, 513, {0}}, nothing), UD_ERR_IMAGE_FORMAT);
    }
}

static void a_pure_signature_says_so_with_a_one(void **state)
{
    (void)state;
    assert_int_equal(parse_only(hash, (entry_t){0x25, 1, {1}}, nothing), UD_OK);
    assert_int_equal(parse_only(hash, (entry_t){0x25, 1, {0}}, nothing), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_only(hash, (entry_t){0x25, 1, {2}}, nothing), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_only(hash, (entry_t){0x25, 2, {1}}, nothing), UD_ERR_IMAGE_FORMAT);
    assert_int_equal(parse_with((entry_t){0x25, 1, {1}}, nothing), UD_ERR_IMAGE_FORMAT);
}

static void revoked_keys_are_whole_hashes_up_to_their_limit_and_protected(void **state)
{
    (void)state;
    for (uint16_t size = 0; size <= 32 * (UD_IMAGE_REVOKED_MAX + 1); size++) {
        bool good = size > 0 && size % 32 == 0 && size <= 32 * UD_IMAGE_REVOKED_MAX;
        assert_int_equal(parse_only(hash, key_hash, (entry_t){0x55A1, size, {1}}), good ? UD_OK : UD_ERR_IMAGE_FORMAT);
    }
    assert_int_equal(parse_with(nothing, (entry_t){0x55A1, 32, {1}}), UD_ERR_IMAGE_FORMAT);
}

static void a_padded_signature_of_imgtool_is_read(void **state)
{
    plan_t plan = {.open_entries = {hash, {0x22, 72, {0x30, 6, 2, 1, 5, 2, 1, 6}}}, .open_count = 2};
    uint8_t raw[UD_SIGNATURE_SIZE_MAX];
    (void)state;
    image_t image = build(&plan);
    assert_int_equal(read_signature(&image, raw), UD_OK);
    assert_true(raw[31] == 5 && raw[63] == 6 && raw[0] == 0);
    /* only up to the longest form, and only zeros */
    image.data[image.size - 1] = 1;
    assert_int_equal(read_signature(&image, raw), UD_ERR_IMAGE_SIGNATURE);
    plan.open_entries[1].size = 71;
    image = build(&plan);
    assert_int_equal(read_signature(&image, raw), UD_ERR_IMAGE_SIGNATURE);
}

static ud_err_t read_nothing(void *context, uint32_t offset, void *data, size_t size)
{
    uint32_t *bad_from = context;
    memset(data, 0, size);
    if (offset == 0) {
        ud_put_u32le(data, UD_IMAGE_MAGIC);
    }
    return offset >= *bad_from ? UD_ERR_FLASH_READ : UD_OK;
}

static void an_error_of_the_source_is_handed_on(void **state)
{
    ud_image_info_t info;
    uint32_t bad_from = 0;
    ud_image_source_t source = {.read = read_nothing, .context = &bad_from};
    (void)state;
    assert_int_equal(ud_image_parse(&source, 1000, &info), UD_ERR_FLASH_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_a_whole_image_is_read),
        cmocka_unit_test(bytes_behind_the_image_are_not_looked_at),
        cmocka_unit_test(an_image_cut_anywhere_is_refused_and_leaves_nothing),
        cmocka_unit_test(an_area_that_ends_inside_the_image_cuts_it_though_bytes_follow),
        cmocka_unit_test(another_magic_is_no_image),
        cmocka_unit_test(a_header_smaller_than_itself_is_refused),
        cmocka_unit_test(header_and_payload_have_their_least_sizes),
        cmocka_unit_test(payload_sizes_that_overflow_are_refused),
        cmocka_unit_test(protected_sizes_that_disagree_are_refused),
        cmocka_unit_test(areas_with_the_other_magic_or_an_impossible_size_are_refused),
        cmocka_unit_test(an_entry_that_runs_past_its_area_is_refused),
        cmocka_unit_test(entries_that_decide_must_stand_in_their_own_area),
        cmocka_unit_test(entries_that_may_come_once_are_refused_twice),
        cmocka_unit_test(an_image_without_a_hash_is_refused),
        cmocka_unit_test(an_image_without_a_signature_parses_as_unsigned),
        cmocka_unit_test(values_of_a_wrong_size_are_refused),
        cmocka_unit_test(a_hardware_id_has_up_to_32_bytes_of_text),
        cmocka_unit_test(only_hosts_insist_that_a_hardware_id_is_text),
        cmocka_unit_test(dependencies_and_entries_are_taken_up_to_their_limits),
        cmocka_unit_test(unknown_entries_are_passed_over_in_both_areas),
        cmocka_unit_test(encryption_must_be_told_by_flag_and_wrapped_key_alike),
        cmocka_unit_test(a_key_is_named_by_the_same_kind_of_hash_as_the_content),
        cmocka_unit_test(a_pure_signature_says_so_with_a_one),
        cmocka_unit_test(revoked_keys_are_whole_hashes_up_to_their_limit_and_protected),
        cmocka_unit_test(a_padded_signature_of_imgtool_is_read),
        cmocka_unit_test(an_error_of_the_source_is_handed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
