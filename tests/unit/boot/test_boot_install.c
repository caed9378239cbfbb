/* What boot installs and what it refuses, and what it does when the journal is worn. */
#include "core/image/scheme.h"
#include "core/image/sign.h"
#include "core/image/trusted.h"
#include "tests/unit/boot/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- what is staged -------------------------------------------------------------------------------------------------- */

static void check_refused(ud_port_t *board, ud_err_t reason)
{
    act(board, act_stage);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.name, POWERCUT_OLD);
    assert_int_equal(next.status.boot_reason, UD_BOOT_STAGED_REFUSED);
    assert_int_equal(next.status.revert_reason, reason);
    assert_false(next.status.install_pending);
    ud_board_destroy(board);
}

static void a_forged_image_is_not_installed(void **state)
{
    (void)state;
    check_refused(make_board(POWERCUT_FORGED), UD_ERR_IMAGE_KEY_UNKNOWN);
}

static void a_damaged_image_is_not_installed(void **state)
{
    (void)state;
    ud_port_t *board = make_board(POWERCUT_NEW);
    ud_board_patch(board, UD_AREA_SLOT_B, UD_SLOT_UNIT_SIZE_MIN + 5000, "damage", 6);
    check_refused(board, UD_ERR_IMAGE_HASH);
}

static void an_image_for_other_hardware_is_not_installed(void **state)
{
    (void)state;
    check_refused(make_other(3, 0, "board-r2"), UD_ERR_WRONG_HARDWARE);
}

static ud_err_t act_raise_counter(ud_journal_t *journal)
{
    return ud_slot_raise_counter(journal, 5);
}

static void an_image_below_the_security_counter_is_not_installed(void **state)
{
    (void)state;
    ud_port_t *board = make_other(3, 4, POWERCUT_HARDWARE);
    /* slot A must itself be permitted, or it would have to go */
    powercut_image_t running;
    powercut_image_make(&life_images, 1, 5, POWERCUT_HARDWARE, &running);
    ud_board_load(board, UD_AREA_SLOT_A, 0, running.bytes, running.size);
    act(board, act_raise_counter);
    act(board, act_stage);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.end, UD_BOARD_RETURNED);
    assert_int_equal(next.status.boot_reason, UD_BOOT_STAGED_REFUSED);
    assert_int_equal(next.status.revert_reason, UD_ERR_LOW_COUNTER);
    free(running.bytes);
    ud_board_destroy(board);
}

static void a_known_bad_image_is_not_installed_again(void **state)
{
    (void)state;
    ud_port_t *board = make_trial();
    act(board, act_reject);
    (void)start(board, UD_RESET_ORDERLY);
    act(board, act_stage);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.name, POWERCUT_OLD);
    assert_int_equal(next.status.revert_reason, UD_ERR_KNOWN_BAD);
    ud_board_destroy(board);
}

static uint8_t special_hash[UD_SHA256_SIZE];

static ud_err_t act_stage_special(ud_journal_t *journal)
{
    return ud_slot_stage(journal, special_hash);
}

/* What boot says of an image 2.0.0 with these options. */
static start_t install_special(ud_sign_options_t options)
{
    static const uint8_t payload[3000] = {1};
    static uint8_t bytes[6000];
    options.version.major = 2;
    options.hardware = POWERCUT_HARDWARE;
    options.header_size = 512;
    options.pad_header = true;
    ud_image_info_t info;
    size_t size;
    assert_int_equal(
        ud_sign_image(&options, life_images.secret, payload, sizeof payload, bytes, sizeof bytes, &size, &info), UD_OK);
    ud_port_t *board = make_board(POWERCUT_NEW);
    ud_board_load(board, UD_AREA_SLOT_B, ud_slot_staging_offset(&ud_slot_swap, board), bytes, size);
    memcpy(special_hash, info.hash, sizeof special_hash);
    act(board, act_stage_special);
    start_t next = start(board, UD_RESET_ORDERLY);
    ud_board_destroy(board);
    return next;
}

/* It asks for `image` to be of version `major` at least. */
static start_t install_asking(uint8_t image, uint8_t major)
{
    ud_image_dependency_t dependency = {.image = image, .minimum = {.major = major}};
    return install_special((ud_sign_options_t){.dependencies = &dependency, .dependency_count = 1});
}

static void an_image_that_is_not_to_be_started_is_not_installed(void **state)
{
    (void)state;
    start_t next = install_special((ud_sign_options_t){.non_bootable = true});
    assert_int_equal(next.name, POWERCUT_OLD);
    assert_int_equal(next.status.revert_reason, UD_ERR_UNSUPPORTED);
    assert_int_equal(install_special((ud_sign_options_t){.has_load_address = true}).status.revert_reason,
                     UD_ERR_UNSUPPORTED);
}

static void an_image_that_is_linked_for_another_address_is_not_installed(void **state)
{
    (void)state;
    life_images.boot.slot_address[0] = 0x08020000;
    ud_sign_options_t options = {.has_rom_address = true, .rom_address = 0x08020000};
    assert_int_equal(install_special(options).status.boot_reason, UD_BOOT_INSTALLED);
    options.rom_address = 0x08040000;
    assert_int_equal(install_special(options).status.revert_reason, UD_ERR_WRONG_SLOT);
    life_images.boot.slot_address[0] = 0;
}

static void an_image_that_asks_for_another_image_is_not_installed(void **state)
{
    (void)state;
    start_t next = install_asking(1, 0);
    assert_int_equal(next.name, POWERCUT_OLD);
    assert_int_equal(next.status.revert_reason, UD_ERR_UNMET_DEPENDENCY);
}

static void an_image_may_ask_for_its_own_version_but_for_no_higher_one(void **state)
{
    (void)state;
    assert_int_equal(install_asking(0, 2).status.boot_reason, UD_BOOT_INSTALLED);
    assert_int_equal(install_asking(0, 3).status.revert_reason, UD_ERR_UNMET_DEPENDENCY);
}

/* ---- revoked keys --------------------------------------------------------------------------------------------------- */

/* The key above that of the life's images; boot believes both. */
static ud_key_t *upper;
static uint8_t upper_public[UD_P256_PUBLIC_KEY_SIZE];
static ud_trusted_key_t keys[2];
static uint8_t upper_hash[UD_SHA256_SIZE];

static void believe_both_keys(void)
{
    assert_int_equal(ud_key_generate(&upper), UD_OK);
    ud_key_public(upper, upper_public);
    ud_trusted_key_init(&keys[0], &ud_scheme_ecdsa_p256, upper_public);
    keys[1] = life_images.keys[0];
    life_images.boot.keys = keys;
    life_images.boot.key_count = 2;
}

static void believe_one_key(void)
{
    ud_key_destroy(upper);
    life_images.boot.keys = life_images.keys;
    life_images.boot.key_count = 1;
}

/* Loads an image of the upper key that revokes the other one, if told so. */
static void load_upper(ud_port_t *board, ud_area_t area, uint32_t offset, bool revokes)
{
    static const uint8_t payload[3000] = {7};
    static uint8_t bytes[6000];
    ud_sign_options_t options = {.version = {.major = 3},
                                 .hardware = POWERCUT_HARDWARE,
                                 .header_size = 512,
                                 .pad_header = true,
                                 .revoked = &life_images.keys[0].key_hash,
                                 .revoked_count = revokes};
    ud_image_info_t info;
    size_t size;
    assert_int_equal(ud_sign_image(&options, upper, payload, sizeof payload, bytes, sizeof bytes, &size, &info), UD_OK);
    ud_board_load(board, area, offset, bytes, size);
    memcpy(upper_hash, info.hash, sizeof upper_hash);
}

static ud_err_t act_revoke(ud_journal_t *journal)
{
    return ud_slot_revoke(journal, life_images.keys[0].key_hash);
}

static void an_image_of_a_revoked_key_is_neither_installed_nor_rescued(void **state)
{
    (void)state;
    ud_port_t *board = make_board(POWERCUT_NEW);
    believe_both_keys();
    load_upper(board, UD_AREA_SLOT_A, 0, false);
    act(board, act_revoke);
    act(board, act_stage);
    start_t next = start(board, UD_RESET_ORDERLY);
    assert_int_equal(next.end, UD_BOARD_RETURNED);
    assert_int_equal(next.status.boot_reason, UD_BOOT_STAGED_REFUSED);
    assert_int_equal(next.status.revert_reason, UD_ERR_KEY_REVOKED);
    ud_board_patch(board, UD_AREA_SLOT_A, 2000, "damage", 6);
    assert_int_equal(start(board, UD_RESET_POWER_ON).end, UD_BOARD_RECOVER);
    believe_one_key();
    ud_board_destroy(board);
}

static ud_err_t act_stage_upper(ud_journal_t *journal)
{
    return ud_slot_stage(journal, upper_hash);
}

static ud_err_t act_look_for_revoked(ud_journal_t *journal)
{
    const uint8_t *key_hash = ud_slot_revoked(journal, 0);
    return key_hash != NULL && memcmp(key_hash, life_images.keys[0].key_hash, UD_SLOT_REVOKED_SIZE) == 0
               ? UD_OK
               : UD_ERR_NOT_FOUND;
}

/* The old image runs; one that revokes its key is in its first start. */
static ud_port_t *make_revoking_trial(void)
{
    ud_port_t *board = make_board(POWERCUT_NEW);
    believe_both_keys();
    load_upper(board, UD_AREA_SLOT_B, ud_slot_staging_offset(&ud_slot_swap, board), true);
    act(board, act_stage_upper);
    assert_int_equal(start(board, UD_RESET_ORDERLY).status.state, UD_SLOT_TRIAL);
    return board;
}

static void an_image_on_trial_revokes_nothing(void **state)
{
    (void)state;
    ud_port_t *board = make_revoking_trial();
    act(board, act_reject);
    assert_int_equal(start(board, UD_RESET_ORDERLY).name, POWERCUT_OLD);
    believe_one_key();
    ud_board_destroy(board);
}

static void a_confirmed_image_revokes_for_good_and_for_its_own_way_back(void **state)
{
    (void)state;
    ud_port_t *board = make_revoking_trial();
    act(board, act_confirm);
    start_t next = start(board, UD_RESET_POWER_ON);
    act(board, act_look_for_revoked);
    for (int crash = 0; crash < UD_BOOT_CRASH_LOOP; crash++) {
        next = start(board, UD_RESET_WATCHDOG);
    }
    assert_true(next.result.safe_mode);
    assert_int_equal(next.name, POWERCUT_IMAGE_COUNT);
    believe_one_key();
    ud_board_destroy(board);
}

/* ---- worn journals ----------------------------------------------------------------------------------------------------- */

static void refuse_lane(ud_port_t *board, unsigned lane)
{
    uint32_t half = ud_port_area(board, UD_AREA_JOURNAL)->size_bytes / 2;
    ud_board_refuse_writes(board, UD_AREA_JOURNAL, lane * half, half, true);
}

static void with_one_lane_worn_an_install_finishes_and_says_so(void **state)
{
    (void)state;
    for (unsigned lane = 0; lane < 2; lane++) {
        ud_port_t *board = make_board(POWERCUT_NEW);
        refuse_lane(board, lane);
        act(board, act_stage);
        start_t next = start(board, UD_RESET_ORDERLY);
        assert_int_equal(next.name, POWERCUT_NEW);
        assert_int_equal(next.status.state, UD_SLOT_TRIAL);
        assert_true(next.status.journal_worn);
        ud_board_destroy(board);
    }
}

static void with_both_lanes_worn_no_install_starts(void **state)
{
    (void)state;
    ud_port_t *board = make_board(POWERCUT_NEW);
    act(board, act_stage);
    refuse_lane(board, 0);
    refuse_lane(board, 1);
    assert_int_equal(start(board, UD_RESET_ORDERLY).name, POWERCUT_OLD);
    ud_board_destroy(board);
}

static uint32_t slot_erases(const ud_port_t *board)
{
    uint32_t sum = 0;
    for (ud_area_t area = UD_AREA_SLOT_A; area <= UD_AREA_SLOT_B; area++) {
        const ud_area_geometry_t *slot = ud_port_area(board, area);
        for (uint32_t offset = 0; offset < slot->size_bytes; offset += slot->sector_size_bytes) {
            sum += ud_board_erase_count(board, area, offset);
        }
    }
    return sum;
}

/* What the journal says of the move stays behind for ever: to go on from there again would mix the images. */
static void a_move_whose_journal_dies_is_ended_once_and_not_again(void **state)
{
    (void)state;
    for (uint32_t operation = 10; operation < 200; operation += 9) {
        ud_port_t *board = make_board(POWERCUT_NEW);
        act(board, act_stage);
        ud_board_fuse_set(board, &(ud_board_fuse_t){.operation = operation, .cut = UD_CUT_INSIDE, .words_done = 3});
        start_t next = start(board, UD_RESET_ORDERLY);
        ud_board_fuse_set(board, &(ud_board_fuse_t){0});
        refuse_lane(board, 0);
        refuse_lane(board, 1);
        next = start(board, UD_RESET_POWER_ON);
        assert_int_equal(next.name, POWERCUT_OLD);
        uint32_t erases = slot_erases(board);
        for (int starts = 0; starts < 3; starts++) {
            assert_int_equal(start(board, UD_RESET_POWER_ON).name, POWERCUT_OLD);
        }
        assert_int_equal(slot_erases(board), erases);
        ud_board_destroy(board);
    }
}

static void without_a_journal_there_is_no_trial(void **state)
{
    (void)state;
    ud_port_t *board = make_trial();
    refuse_lane(board, 0);
    refuse_lane(board, 1);
    assert_int_equal(start(board, UD_RESET_POWER_ON).name, POWERCUT_OLD);
    assert_int_equal(start(board, UD_RESET_POWER_ON).name, POWERCUT_OLD);
    ud_board_destroy(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forged_image_is_not_installed),
        cmocka_unit_test(a_damaged_image_is_not_installed),
        cmocka_unit_test(an_image_for_other_hardware_is_not_installed),
        cmocka_unit_test(an_image_below_the_security_counter_is_not_installed),
        cmocka_unit_test(an_image_that_asks_for_another_image_is_not_installed),
        cmocka_unit_test(an_image_may_ask_for_its_own_version_but_for_no_higher_one),
        cmocka_unit_test(an_image_of_a_revoked_key_is_neither_installed_nor_rescued),
        cmocka_unit_test(an_image_on_trial_revokes_nothing),
        cmocka_unit_test(a_confirmed_image_revokes_for_good_and_for_its_own_way_back),
        cmocka_unit_test(an_image_that_is_not_to_be_started_is_not_installed),
        cmocka_unit_test(an_image_that_is_linked_for_another_address_is_not_installed),
        cmocka_unit_test(a_known_bad_image_is_not_installed_again),
        cmocka_unit_test(with_one_lane_worn_an_install_finishes_and_says_so),
        cmocka_unit_test(with_both_lanes_worn_no_install_starts),
        cmocka_unit_test(a_move_whose_journal_dies_is_ended_once_and_not_again),
        cmocka_unit_test(without_a_journal_there_is_no_trial),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
