#include "tests/powercut/peer/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char peer_last_words[128];
bool peer_runs;
char peer_warning[64];
bool peer_is_loud;

/* ---- the board --------------------------------------------------------------------------------------------------------- */

static void need(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "peer: %s\n", what);
        exit(2);
    }
}

static ud_port_t *make_board(const peer_case_t *of, powercut_image_name_t staged)
{
    const powercut_image_t *old = &of->images.images[POWERCUT_OLD];
    const powercut_image_t *other = &of->images.images[staged];
    ud_board_config_t config = {.seed = of->seed};
    ud_port_t *board = NULL;
    memcpy(config.areas, of->geometry.areas, sizeof config.areas);
    need(ud_board_create(&config, &board) == UD_OK, of->geometry.name);
    ud_board_load(board, UD_AREA_SLOT_A, 0, old->bytes, old->size);
    ud_board_load(board, UD_AREA_SLOT_B, peer.staging_offset(board), other->bytes, other->size);
    return board;
}

static void begin_trial(ud_port_t *board, void *arg)
{
    const peer_case_t *of = arg;
    powercut_start_t start;
    need(peer.boot(board, &of->images, &start) == NULL, "it does not boot");
    if (start.name == POWERCUT_OLD) {
        need(peer.stage(board, &of->images), "it cannot be staged");
        ud_port_reset(board);
    }
}

/* A control: this bootloader does look at signatures. */
static void try_forgery(peer_case_t *of)
{
    peer_case_t forged = *of;
    ud_port_t *board = make_board(of, POWERCUT_FORGED);
    forged.images.images[POWERCUT_NEW] = of->images.images[POWERCUT_FORGED];
    for (int starts = 0; starts < 3; starts++) {
        need(ud_board_run(board, begin_trial, &forged) == UD_BOARD_RESET, "it starts what a stranger signed");
    }
    ud_board_destroy(board);
}

ud_port_t *peer_case_make(peer_case_t *of)
{
    powercut_images_for_t what = {.geometry = &of->geometry,
                                  .mode = &powercut_modes[0],
                                  .counter = 1,
                                  .room = PEER_IMAGE_SECTORS * of->geometry.areas[UD_AREA_SLOT_A].sector_size_bytes};
    powercut_images_make(&of->images, &what);
    try_forgery(of);
    ud_port_t *board = make_board(of, POWERCUT_NEW);
    for (int starts = 0; of->is_revert && ud_board_run(board, begin_trial, of) != UD_BOARD_RETURNED; starts++) {
        need(starts < 4, "the trial does not begin");
    }
    return board;
}

/* ---- the application --------------------------------------------------------------------------------------------------- */

static bool is_downloaded(ud_port_t *board, const powercut_image_t *image)
{
    static uint8_t content[PEER_SLOT_SECTORS * 4096];
    return ud_port_flash_read(board, UD_AREA_SLOT_B, peer.staging_offset(board), content, image->size) == UD_OK &&
           memcmp(content, image->bytes, image->size) == 0;
}

static bool download(ud_port_t *board, const powercut_image_t *image)
{
    const ud_area_geometry_t *area = ud_port_area(board, UD_AREA_SLOT_B);
    uint32_t offset = peer.staging_offset(board);
    bool good = true;
    for (uint32_t at = 0; at < area->size_bytes; at += area->sector_size_bytes) {
        good = ud_port_flash_erase(board, UD_AREA_SLOT_B, at) == UD_OK && good;
    }
    for (uint32_t done = 0; good && done < image->size; done += PEER_PAGE) {
        uint8_t page[PEER_PAGE];
        size_t left = image->size - done;
        memset(page, 0xFF, sizeof page);
        memcpy(page, image->bytes + done, left < sizeof page ? left : sizeof page);
        good = ud_port_flash_program(board, UD_AREA_SLOT_B, offset + done, page, sizeof page) == UD_OK;
    }
    return good;
}

/* The old image runs: it downloads the new one unless that is there, and asks for its trial. Where that is refused, it does
 * both anew.
 */
static void update(ud_port_t *board, const peer_case_t *of)
{
    const powercut_image_t *image = &of->images.images[POWERCUT_NEW];
    if (is_downloaded(board, image) && peer.stage(board, &of->images)) {
        return;
    }
    if (download(board, image)) {
        (void)peer.stage(board, &of->images);
    }
}

/* `told` says that in this life the story came to its end once; one more start shows whether that lasts. */
static void go_on(ud_port_t *board, const peer_case_t *of, powercut_image_name_t name, explore_life_t *life)
{
    bool is_end = name == (of->is_revert ? POWERCUT_OLD : POWERCUT_NEW);
    if (is_end && life->told != 0) {
        life->done = true;
        return;
    }
    if (life->told != 0) {
        life->complaint = of->is_revert ? "after its end the revert was undone" : "after its end the update was undone";
        return;
    }
    if (of->is_revert && !is_end) {
        peer.give_up(board);
    } else if (of->is_revert || is_end) {
        life->told = of->is_revert || peer.confirm(board);
    } else {
        update(board, of);
    }
    ud_port_reset(board);
}

void peer_start(ud_port_t *board, void *arg)
{
    explore_life_t *life = arg;
    const peer_case_t *of = life->context;
    powercut_start_t start;
    peer_runs = false;
    peer_warning[0] = '\0';
    life->complaint = peer.boot(board, &of->images, &start);
    if (life->complaint == NULL) {
        peer_runs = true;
        (void)snprintf(peer_last_words, sizeof peer_last_words, "the %s image runs",
                       start.name == POWERCUT_OLD ? "old" : "new");
        go_on(board, of, start.name, life);
    }
}
