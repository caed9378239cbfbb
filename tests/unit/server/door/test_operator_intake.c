#include "server/door/operator_intake.h"

#include "core/base/crc32.h"
#include "core/base/endian.h"
#include "core/crypto/crypto.h"
#include "core/image/chain.h"
#include "core/image/descriptor_block.h"
#include "core/image/sign.h"
#include "core/image/trusted.h"
#include "tests/unit/server/door/folder.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define PAYLOAD_SIZE 20000
#define FILE_SIZE_MAX 32768

typedef struct {
    char folder[FOLDER_PATH_SIZE];
    ud_artifact_store_t *store;
    ud_key_t *key;
    uint8_t public_key[UD_KEY_RAW_SIZE_MAX];
    ud_trusted_key_t trusted;
    uint8_t file[FILE_SIZE_MAX];
    size_t size;
    ud_image_info_t info;
    ud_intake_t intake;
} fixture_t;

/* An image of 2.0.0 for "hw", with its descriptor block unless told otherwise; `scheme` NULL: the key's usual one. */
static void sign_as(fixture_t *fixture, const char *hardware, bool descriptor, const ud_image_scheme_t *scheme,
                    const ud_key_t *encrypt_for)
{
    static uint8_t payload[PAYLOAD_SIZE];
    for (size_t index = 0; index < sizeof payload; index++) {
        payload[index] = (uint8_t)(index * 7 + index / 251);
    }
    ud_sign_options_t options = {.version = {2, 0, 0, 0},
                                 .hardware = hardware,
                                 .has_security_counter = true,
                                 .security_counter = 9,
                                 .header_size = 32,
                                 .pad_header = true,
                                 .scheme = scheme,
                                 .encrypt_for = encrypt_for,
                                 .encrypt_key_size = 16};
    assert_int_equal(ud_sign_image(&options, fixture->key, payload, sizeof payload, fixture->file, FILE_SIZE_MAX,
                                   &fixture->size, &fixture->info),
                     UD_OK);
    if (descriptor) {
        assert_int_equal(ud_sign_descriptor(&fixture->info, fixture->key, fixture->file, FILE_SIZE_MAX, &fixture->size),
                         UD_OK);
    }
}

static void sign(fixture_t *fixture, const char *hardware, bool descriptor)
{
    sign_as(fixture, hardware, descriptor, NULL, NULL);
}

/* Another key signs, and is the only one registered. */
static void take_key(fixture_t *fixture, ud_key_kind_t kind)
{
    const ud_image_scheme_t *scheme = NULL;
    ud_key_destroy(fixture->key);
    assert_int_equal(ud_key_generate_kind(kind, &fixture->key), UD_OK);
    assert_int_equal(ud_sign_scheme(kind, 0, false, &scheme), UD_OK);
    (void)ud_key_public_raw(fixture->key, fixture->public_key);
    ud_trusted_key_init(&fixture->trusted, scheme, fixture->public_key);
}

static int setup(void **state)
{
    static fixture_t fixture;
    fixture = (fixture_t){0};
    make_folder(fixture.folder);
    assert_int_equal(ud_artifact_store_open(fixture.folder, &fixture.store), UD_OK);
    assert_int_equal(ud_key_generate(&fixture.key), UD_OK);
    ud_key_public(fixture.key, fixture.public_key);
    ud_trusted_key_init(&fixture.trusted, &ud_scheme_ecdsa_p256, fixture.public_key);
    sign(&fixture, "hw", true);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    fixture_t *fixture = *state;
    ud_key_destroy(fixture->key);
    ud_artifact_store_close(fixture->store);
    remove_folder(fixture->folder);
    return 0;
}

static ud_err_t run_intake(fixture_t *fixture, const uint8_t *file, size_t size)
{
    assert_int_equal(ud_artifact_begin(fixture->store, &fixture->intake.draft), UD_OK);
    assert_int_equal(ud_artifact_write(&fixture->intake.draft, 0, file, size), UD_OK);
    ud_intake_run(&fixture->intake);
    assert_int_equal(count_files(fixture->folder, "artifacts", "draft-"), 0);
    return fixture->intake.err;
}

static ud_err_t take_in_by(fixture_t *fixture, const uint8_t *file, size_t size, const ud_trusted_key_t *keys,
                           size_t count)
{
    fixture->intake = (ud_intake_t){.store = fixture->store, .keys = keys, .key_count = count};
    return run_intake(fixture, file, size);
}

static ud_err_t take_in(fixture_t *fixture, const uint8_t *file, size_t size, const char *hardware)
{
    fixture->intake =
        (ud_intake_t){.store = fixture->store, .keys = &fixture->trusted, .key_count = 1, .hardware = hardware};
    return run_intake(fixture, file, size);
}

static size_t kept_files(const fixture_t *fixture)
{
    return count_files(fixture->folder, "artifacts", "");
}

static void a_good_image_becomes_a_file_and_a_chain_for_each_chunk_size(void **state)
{
    fixture_t *fixture = *state;
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_OK);
    assert_int_equal(kept_files(fixture), 1 + UD_CHUNK_SIZE_COUNT);
    const ud_release_t *release = &fixture->intake.release;
    assert_string_equal(release->version, "2.0.0");
    assert_string_equal(release->hardware, "hw");
    assert_int_equal(release->security_counter, 9);
    assert_int_equal(release->image_size, fixture->info.total_size);
    assert_memory_equal(release->image_digest, fixture->info.hash, UD_SHA256_SIZE);
    assert_memory_equal(release->key_hash, fixture->trusted.key_hash, UD_SHA256_SIZE);
    assert_int_equal(release->artifact_count, UD_CHUNK_SIZE_COUNT);
}

static void the_kept_image_is_without_the_descriptor_block(void **state)
{
    fixture_t *fixture = *state;
    uint8_t expected[UD_SHA256_SIZE];
    int file = -1;
    uint64_t size = 0;
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_OK);
    ud_sha256(fixture->file, fixture->info.total_size, expected);
    assert_memory_equal(fixture->intake.release.file_digest, expected, sizeof expected);
    assert_int_equal(ud_artifact_open(fixture->store, expected, &file, &size), UD_OK);
    assert_int_equal(size, fixture->info.total_size);
    close(file);
}

/* What a device would do: every record of every chain file against the root. */
static void each_chain_file_leads_from_its_root_through_the_image(void **state)
{
    fixture_t *fixture = *state;
    static uint8_t record[UD_CHAIN_RECORD_SIZE(UD_CHUNK_SIZE_MAX)];
    static uint8_t data[2 * FILE_SIZE_MAX];
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_OK);
    for (size_t index = 0; index < UD_CHUNK_SIZE_COUNT; index++) {
        const ud_release_artifact_t *artifact = &fixture->intake.release.artifacts[index];
        int file = -1;
        uint64_t size = 0;
        ud_chain_t chain;
        assert_int_equal(ud_artifact_open(fixture->store, artifact->artifact_digest, &file, &size), UD_OK);
        assert_int_equal(size, artifact->artifact_size);
        assert_int_equal(read(file, data, sizeof data), (ssize_t)size);
        close(file);
        assert_int_equal(ud_chain_init(&chain, fixture->info.total_size, artifact->chunk_size, 0, artifact->chain_root),
                         UD_OK);
        for (size_t offset = 0; offset < size;) {
            size_t eaten = 0;
            uint32_t at = chain.offset;
            ud_span_t chunk;
            assert_int_equal(ud_chain_feed(&chain, record, data + offset, (size_t)size - offset, &eaten, &chunk),
                             UD_OK);
            assert_memory_equal(chunk.data, fixture->file + at, chunk.size);
            offset += eaten;
        }
        assert_true(ud_chain_is_done(&chain));
        assert_true(artifact->has_descriptor);
    }
}

static void an_image_without_descriptor_is_taken_and_says_so(void **state)
{
    fixture_t *fixture = *state;
    sign(fixture, "hw", false);
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_OK);
    for (size_t index = 0; index < UD_CHUNK_SIZE_COUNT; index++) {
        assert_false(fixture->intake.release.artifacts[index].has_descriptor);
    }
}

static void an_image_that_names_no_hardware_needs_it_told(void **state)
{
    fixture_t *fixture = *state;
    sign(fixture, NULL, false);
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_ERR_INVALID_ARGUMENT);
    assert_string_equal(fixture->intake.field, "hardware");
    assert_int_equal(kept_files(fixture), 0);
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, "told"), UD_OK);
    assert_string_equal(fixture->intake.release.hardware, "told");
}

static void the_uploader_cannot_contradict_the_signed_hardware(void **state)
{
    fixture_t *fixture = *state;
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, "other"), UD_ERR_INVALID_ARGUMENT);
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, "hw"), UD_OK);
}

static void an_image_of_another_key_is_refused_by_its_name(void **state)
{
    fixture_t *fixture = *state;
    ud_key_t *other = NULL;
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
    assert_int_equal(ud_key_generate(&other), UD_OK);
    ud_key_public(other, public_key);
    ud_key_destroy(other);
    ud_trusted_key_init(&fixture->trusted, &ud_scheme_ecdsa_p256, public_key);
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_ERR_IMAGE_KEY_UNKNOWN);
    assert_non_null(strstr(fixture->intake.detail, "signed by key "));
    assert_int_equal(kept_files(fixture), 0);
}

/* ---- kinds of signatures ----------------------------------------------------------------------------------------- */

static void images_of_every_scheme_of_devices_are_taken(void **state)
{
    static const struct {
        ud_key_kind_t kind;
        const ud_image_scheme_t *scheme;
    } cases[] = {
        {UD_KEY_ECDSA_P256, &ud_scheme_ecdsa_p256}, {UD_KEY_RSA_2048, &ud_scheme_rsa_2048},
        {UD_KEY_RSA_3072, &ud_scheme_rsa_3072},     {UD_KEY_ED25519, &ud_scheme_ed25519},
        {UD_KEY_ED25519, &ud_scheme_ed25519_pure},
    };
    fixture_t *fixture = *state;
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        const ud_release_t *release = &fixture->intake.release;
        take_key(fixture, cases[index].kind);
        sign_as(fixture, "hw", true, cases[index].scheme, NULL);
        assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_OK);
        assert_int_equal(release->signature.size, cases[index].scheme->signature_size);
        assert_int_equal(release->artifacts[0].descriptor.size, cases[index].scheme->signature_size);
        assert_memory_equal(release->key_hash, fixture->trusted.key_hash, UD_SHA256_SIZE);
        assert_false(release->encrypted);
        fixture->file[100] ^= 1;
        assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_ERR_IMAGE_HASH);
    }
}

static void the_signer_is_found_among_more_keys_than_a_device_has(void **state)
{
    static ud_trusted_key_t keys[UD_TRUSTED_KEYS_MAX + 8];
    static uint8_t publics[UD_TRUSTED_KEYS_MAX + 8][UD_P256_PUBLIC_KEY_SIZE];
    fixture_t *fixture = *state;
    const size_t count = sizeof keys / sizeof keys[0];
    for (size_t index = 0; index < count; index++) {
        publics[index][0] = (uint8_t)index;
        ud_trusted_key_init(&keys[index], &ud_scheme_ecdsa_p256, publics[index]);
    }
    keys[count - 1] = fixture->trusted;
    assert_int_equal(take_in_by(fixture, fixture->file, fixture->size, keys, count), UD_OK);
    assert_int_equal(take_in_by(fixture, fixture->file, fixture->size, keys, count - 1), UD_ERR_IMAGE_KEY_UNKNOWN);
}

static void what_no_device_verifies_is_refused_by_its_name(void **state)
{
    fixture_t *fixture = *state;
    take_key(fixture, UD_KEY_ED25519);
    sign_as(fixture, "hw", false, &ud_scheme_ed25519_sha512, NULL);
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_ERR_IMAGE_UNSIGNED);
    assert_non_null(strstr(fixture->intake.detail, "ed25519-sha512, which no device verifies"));
    sign_as(fixture, "hw", false, &ud_scheme_ed25519_pure, NULL);
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_ERR_IMAGE_DESCRIPTOR);
    assert_non_null(strstr(fixture->intake.detail, "--pure"));
    take_key(fixture, UD_KEY_ECDSA_P384);
    sign_as(fixture, "hw", false, NULL, NULL);
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_ERR_IMAGE_UNSIGNED);
    assert_non_null(strstr(fixture->intake.detail, "ecdsa-p384"));
    assert_int_equal(kept_files(fixture), 0);
}

/* ---- encrypted images: the hash is of what the server cannot read -------------------------------------------------- */

static void an_encrypted_image_is_taken_by_its_signature_and_marked(void **state)
{
    fixture_t *fixture = *state;
    sign_as(fixture, "hw", true, NULL, fixture->key);
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_OK);
    const ud_release_t *release = &fixture->intake.release;
    assert_true(release->encrypted);
    assert_memory_equal(release->image_digest, fixture->info.hash, UD_SHA256_SIZE);
    assert_true(release->artifacts[0].has_descriptor);
}

static void an_encrypted_image_whose_claimed_hash_nobody_signed_is_refused(void **state)
{
    fixture_t *fixture = *state;
    sign_as(fixture, "hw", false, NULL, fixture->key);
    fixture->file[fixture->info.tlvs[UD_IMAGE_HASH].offset] ^= 1;
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_ERR_IMAGE_SIGNATURE);
    take_key(fixture, UD_KEY_ECDSA_P256);
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_ERR_IMAGE_KEY_UNKNOWN);
    assert_int_equal(kept_files(fixture), 0);
}

static void a_descriptor_protects_an_encrypted_image_as_it_is(void **state)
{
    fixture_t *fixture = *state;
    sign_as(fixture, "hw", true, NULL, fixture->key);
    fixture->file[fixture->info.header_size + 77] ^= 1;
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_ERR_IMAGE_DESCRIPTOR);
    assert_int_equal(kept_files(fixture), 0);
}

static void an_encrypted_image_with_its_content_signed_is_refused(void **state)
{
    fixture_t *fixture = *state;
    ud_key_t *device = NULL;
    assert_int_equal(ud_key_generate(&device), UD_OK);
    take_key(fixture, UD_KEY_ED25519);
    sign_as(fixture, "hw", true, &ud_scheme_ed25519_pure, device);
    ud_key_destroy(device);
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_ERR_IMAGE_ENCRYPTED);
    assert_non_null(strstr(fixture->intake.detail, "--pure"));
}

static void a_truncated_image_is_refused_at_any_length(void **state)
{
    fixture_t *fixture = *state;
    for (size_t size = 0; size < fixture->info.total_size; size += 997) {
        assert_int_not_equal(take_in(fixture, fixture->file, size, NULL), UD_OK);
        assert_int_equal(kept_files(fixture), 0);
    }
    assert_int_not_equal(take_in(fixture, fixture->file, fixture->info.total_size - 1, NULL), UD_OK);
}

static void a_changed_byte_anywhere_in_the_image_is_refused(void **state)
{
    fixture_t *fixture = *state;
    for (size_t index = 0; index < fixture->info.total_size; index += index < 64 || index > PAYLOAD_SIZE ? 1 : 1501) {
        fixture->file[index] ^= 0x10;
        ud_err_t err = take_in(fixture, fixture->file, fixture->size, NULL);
        fixture->file[index] ^= 0x10;
        assert_int_not_equal(err, UD_OK);
        assert_int_equal(kept_files(fixture), 0);
    }
}

static void a_torn_descriptor_is_refused(void **state)
{
    fixture_t *fixture = *state;
    fixture->file[fixture->size - 1] ^= 1;
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_ERR_IMAGE_DESCRIPTOR);
    assert_int_equal(kept_files(fixture), 0);
}

/* Byte `offset` of the block changed and the CRC made good again: only root and signature can tell. */
static ud_err_t forge_descriptor(fixture_t *fixture, size_t offset)
{
    uint8_t *block = fixture->file + fixture->info.total_size;
    size_t block_size = fixture->size - fixture->info.total_size;
    block[offset] ^= 1;
    ud_put_u32le(block + block_size - 4, ud_crc32(0, block, block_size - 4));
    return take_in(fixture, fixture->file, fixture->size, NULL);
}

static void a_descriptor_with_another_root_is_refused(void **state)
{
    fixture_t *fixture = *state;
    assert_int_equal(forge_descriptor(fixture, 12 + 100 + 4), UD_ERR_IMAGE_DESCRIPTOR);
    assert_string_equal(fixture->intake.detail,
                        "the descriptor for chunks of 1024 bytes has another chain root than the image");
    assert_int_equal(kept_files(fixture), 0);
}

static void a_descriptor_with_a_bad_signature_is_refused(void **state)
{
    fixture_t *fixture = *state;
    assert_int_equal(forge_descriptor(fixture, 12 + 36 + 10), UD_ERR_IMAGE_DESCRIPTOR);
    assert_string_equal(fixture->intake.detail, "the descriptor for chunks of 512 bytes does not verify");
    assert_int_equal(kept_files(fixture), 0);
}

static void the_same_upload_again_gives_the_same_files(void **state)
{
    fixture_t *fixture = *state;
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_OK);
    ud_release_t first = fixture->intake.release;
    assert_int_equal(take_in(fixture, fixture->file, fixture->size, NULL), UD_OK);
    assert_memory_equal(first.file_digest, fixture->intake.release.file_digest, UD_SHA256_SIZE);
    assert_int_equal(kept_files(fixture), 1 + UD_CHUNK_SIZE_COUNT);
}

/* The process may write no file above the upload's own size: the first chain file, which is larger, does not fit. */
static void a_full_disk_is_told_and_leaves_nothing(void **state)
{
    fixture_t *fixture = *state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {.rlim_cur = fixture->size, .rlim_max = before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    ud_err_t err = take_in(fixture, fixture->file, fixture->size, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err, UD_ERR_STORAGE_FULL);
    assert_int_equal(kept_files(fixture), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_image_becomes_a_file_and_a_chain_for_each_chunk_size, setup, teardown),
        cmocka_unit_test_setup_teardown(the_kept_image_is_without_the_descriptor_block, setup, teardown),
        cmocka_unit_test_setup_teardown(each_chain_file_leads_from_its_root_through_the_image, setup, teardown),
        cmocka_unit_test_setup_teardown(an_image_without_descriptor_is_taken_and_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(an_image_that_names_no_hardware_needs_it_told, setup, teardown),
        cmocka_unit_test_setup_teardown(the_uploader_cannot_contradict_the_signed_hardware, setup, teardown),
        cmocka_unit_test_setup_teardown(an_image_of_another_key_is_refused_by_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(images_of_every_scheme_of_devices_are_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(the_signer_is_found_among_more_keys_than_a_device_has, setup, teardown),
        cmocka_unit_test_setup_teardown(what_no_device_verifies_is_refused_by_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(an_encrypted_image_is_taken_by_its_signature_and_marked, setup, teardown),
        cmocka_unit_test_setup_teardown(an_encrypted_image_whose_claimed_hash_nobody_signed_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_descriptor_protects_an_encrypted_image_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(an_encrypted_image_with_its_content_signed_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_truncated_image_is_refused_at_any_length, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_byte_anywhere_in_the_image_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_torn_descriptor_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_descriptor_with_another_root_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_descriptor_with_a_bad_signature_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_upload_again_gives_the_same_files, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_is_told_and_leaves_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
