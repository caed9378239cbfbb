#include "tests/unit/boot/life.h"

#include "core/slot/slot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

powercut_images_t life_images;

static void run_boot(ud_port_t *board, void *arg)
{
    start_t *start = arg;
    ud_journal_t journal;
    ud_boot_run(board, &life_images.boot, &start->result);
    start->name = powercut_standing(board, UD_AREA_SLOT_A, &life_images);
    ud_err_t err = ud_journal_open(&journal, board);
    (void)err;
    ud_slot_status(&journal, &start->status);
}

start_t start(ud_port_t *board, ud_reset_cause_t cause)
{
    start_t result = {.name = POWERCUT_IMAGE_COUNT};
    ud_board_reset_cause_set(board, cause);
    result.end = ud_board_run(board, run_boot, &result);
    if (result.end == UD_BOARD_RETURNED) {
        assert_int_equal(result.result.verdict, UD_VERDICT_VALID);
    }
    return result;
}

typedef struct {
    agent_act_t act;
    ud_err_t err;
} agent_t;

static void run_agent(ud_port_t *board, void *arg)
{
    agent_t *agent = arg;
    ud_journal_t journal;
    agent->err = ud_journal_open(&journal, board);
    agent->err = agent->err == UD_OK ? agent->act(&journal) : agent->err;
}

void act(ud_port_t *board, agent_act_t what)
{
    agent_t agent = {what, UD_OK};
    assert_int_equal(ud_board_run(board, run_agent, &agent), UD_BOARD_RETURNED);
    assert_int_equal(agent.err, UD_OK);
}

static uint8_t staged_hash[UD_SHA256_SIZE];

ud_err_t act_stage(ud_journal_t *journal)
{
    return ud_slot_stage(journal, staged_hash);
}

ud_err_t act_confirm(ud_journal_t *journal)
{
    return ud_slot_confirm(journal);
}

ud_err_t act_reject(ud_journal_t *journal)
{
    return ud_slot_reject(journal, UD_ERR_SELF_TEST_FAILED);
}

ud_err_t act_give_up_contact(ud_journal_t *journal)
{
    return ud_slot_reject(journal, UD_ERR_NO_CONTACT);
}

ud_err_t act_announce(ud_journal_t *journal)
{
    return ud_slot_announce_reset(journal);
}

ud_err_t act_contact(ud_journal_t *journal)
{
    return ud_slot_contact(journal);
}

static void check_is_bad(ud_port_t *board, void *arg)
{
    ud_journal_t journal;
    assert_int_equal(ud_journal_open(&journal, board), UD_OK);
    *(bool *)arg = ud_slot_is_bad(&journal, life_images.images[POWERCUT_NEW].hash);
}

bool new_is_bad(ud_port_t *board)
{
    bool bad = false;
    (void)ud_board_run(board, check_is_bad, &bad);
    return bad;
}

const powercut_geometry_t *geometry(void)
{
    static powercut_geometry_t page_2k;
    if (!powercut_geometry_find("page-2k@8", &page_2k)) {
        fail();
    }
    return &page_2k;
}

ud_port_t *make_board(powercut_image_name_t staged)
{
    ud_port_t *board = powercut_board(geometry(), &life_images, POWERCUT_OLD, staged, true);
    memcpy(staged_hash, life_images.images[staged].hash, sizeof staged_hash);
    return board;
}

/* A board on which the new image was installed and is in its first start. */
ud_port_t *make_trial(void)
{
    ud_port_t *board = make_board(POWERCUT_NEW);
    act(board, act_stage);
    start_t first = start(board, UD_RESET_ORDERLY);
    assert_int_equal(first.name, POWERCUT_NEW);
    assert_int_equal(first.status.state, UD_SLOT_TRIAL);
    return board;
}

ud_port_t *make_confirmed(void)
{
    ud_port_t *board = make_trial();
    act(board, act_confirm);
    return board;
}

/* A board on which an image of the project's own key, but otherwise as told, is staged. */
ud_port_t *make_other(uint8_t major, uint32_t counter, const char *hardware)
{
    powercut_image_t other;
    ud_port_t *board = make_board(POWERCUT_NEW);
    powercut_image_make(&life_images, major, counter, hardware, &other);
    ud_board_load(board, UD_AREA_SLOT_B, ud_slot_staging_offset(&ud_slot_swap, board), other.bytes, other.size);
    memcpy(staged_hash, other.hash, sizeof staged_hash);
    free(other.bytes);
    return board;
}

int set_up(void **state)
{
    (void)state;
    powercut_images_for_t what = {.geometry = geometry(), .mode = &powercut_modes[0], .first = POWERCUT_OLD};
    powercut_images_make(&life_images, &what);
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    powercut_images_free(&life_images);
    return 0;
}
