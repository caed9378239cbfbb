/* Updraft's own bootloader, installing by swap. */
#include "core/slot/slot.h"
#include "tests/powercut/peer/peer.h"

static uint32_t staging_offset(const ud_port_t *board)
{
    return ud_slot_staging_offset(&ud_slot_swap, board);
}

static bool stage(ud_port_t *board, const powercut_images_t *images)
{
    ud_journal_t journal;
    return ud_slot_open(&journal, board) == UD_OK &&
           ud_slot_stage(&journal, images->images[POWERCUT_NEW].hash) == UD_OK;
}

static bool confirm(ud_port_t *board)
{
    ud_journal_t journal;
    return ud_slot_open(&journal, board) == UD_OK && ud_slot_confirm(&journal) == UD_OK;
}

static void give_up(ud_port_t *board)
{
    ud_journal_t journal;
    ud_err_t err = ud_slot_open(&journal, board);
    if (err == UD_OK && ud_slot_reject(&journal, UD_ERR_SELF_TEST_FAILED) == UD_OK) {
        err = ud_slot_announce_reset(&journal);
    }
    (void)err;
}

const peer_t peer = {
    .name = "updraft-swap",
    .more_bytes = 4096,
    .own_sectors = 4,
    .staging_offset = staging_offset,
    .boot = powercut_boot,
    .stage = stage,
    .confirm = confirm,
    .give_up = give_up,
};
