/* The board itself: made, cloned, run under power, reset. */
#include "ports/posix/board.h"

#include "ports/posix/board_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Whose code this thread runs. */
static _Thread_local ud_port_t *running;

static const ud_area_geometry_t default_areas[UD_AREA_COUNT] = {
    [UD_AREA_JOURNAL] = {16 * 1024, 4096, 8, 0xFF},
    [UD_AREA_SLOT_A] = {256 * 1024, 4096, 8, 0xFF},
    [UD_AREA_SLOT_B] = {260 * 1024, 4096, 8, 0xFF},
    [UD_AREA_IDENTITY] = {8 * 1024, 4096, 8, 0xFF},
};

void ud_board_config_default(ud_board_config_t *config)
{
    *config = (ud_board_config_t){.pool = NULL};
    memcpy(config->areas, default_areas, sizeof default_areas);
}

/* ---- life ------------------------------------------------------------------------------------------------------- */

static ud_port_t *allocate(ud_flash_pool_t *pool)
{
    ud_port_t *board = calloc(1, sizeof *board);
    if (board == NULL) {
        abort();
    }
    board->owns_pool = pool == NULL;
    board->pool = pool == NULL ? ud_flash_pool_create() : pool;
    board->file = -1;
    board->stream = -1;
    return board;
}

ud_err_t ud_board_create(const ud_board_config_t *config, ud_port_t **board)
{
    ud_port_t *made = allocate(config->pool);
    made->random = config->seed;
    made->noise = config->seed;
    made->hardware_counter = config->hardware_counter;
    made->server = config->server == NULL ? NULL : strdup(config->server);
    ud_err_t err = ud_flash_init(made, config->areas);
    if (err == UD_OK && config->flash_path != NULL) {
        err = ud_flash_open_file(made, config->flash_path);
    }
    if (err != UD_OK) {
        ud_board_destroy(made);
        return err;
    }
    *board = made;
    return UD_OK;
}

void ud_board_destroy(ud_port_t *board)
{
    if (board == NULL) {
        return;
    }
    ud_port_net_close(board);
    ud_flash_free(board);
    if (board->owns_pool) {
        ud_flash_pool_destroy(board->pool);
    }
    free(board->server);
    free(board);
}

ud_port_t *ud_board_clone(ud_port_t *board)
{
    ud_flash_seal(board);
    ud_port_t *made = allocate(board->pool);
    UD_ASSERT(ud_flash_init(made, board->areas) == UD_OK);
    for (uint32_t index = 0; index < board->sector_count; index++) {
        made->sectors[index] = ud_flash_pool_share(board->sectors[index]);
        made->erases[index] = board->erases[index];
        made->refuses[index] = board->refuses[index];
    }
    made->fault_count = board->fault_count;
    made->fault_capacity = board->fault_count;
    made->faults = calloc(board->fault_count + 1, sizeof *made->faults);
    for (size_t index = 0; made->faults != NULL && index < board->fault_count; index++) {
        made->faults[index] = board->faults[index];
        (void)ud_flash_pool_share(board->faults[index].before);
    }
    made->operations = board->operations;
    made->refused = board->refused;
    made->random = board->random;
    made->noise = board->noise;
    made->reset_cause = board->reset_cause;
    made->hardware_counter = board->hardware_counter;
    made->security_counter = board->security_counter;
    made->server = board->server == NULL ? NULL : strdup(board->server);
    return made;
}

size_t ud_board_size_bytes(const ud_port_t *board)
{
    size_t size = sizeof *board + board->fault_capacity * sizeof *board->faults;
    size += (board->sector_count + 1) * (sizeof(ud_sector_t *) + sizeof *board->erases + sizeof *board->refuses);
    for (uint32_t index = 0; index < board->sector_count; index++) {
        const ud_sector_t *sector = board->sectors[index];
        size += sector != NULL && sector->references == 1 ? sizeof *sector + sector->size : 0;
    }
    return size;
}

/* ---- power ------------------------------------------------------------------------------------------------------ */

ud_board_end_t ud_board_run(ud_port_t *board, void (*fn)(ud_port_t *board, void *arg), void *arg)
{
    jmp_buf power;
    ud_port_t *outer = running;
    UD_ASSERT(board->power == NULL);
    board->power = &power;
    running = board;
    int left = setjmp(power);
    if (left == 0) {
        fn(board, arg);
        left = UD_BOARD_RETURNED + 1;
    }
    ud_board_end_t end = (ud_board_end_t)(left - 1);
    running = outer;
    board->power = NULL;
    ud_flash_seal(board);
    if (end != UD_BOARD_RETURNED) {
        ud_flash_power_up(board);
        ud_port_net_close(board);
    }
    return end;
}

void ud_board_leave(ud_port_t *board, ud_board_end_t end, ud_reset_cause_t cause)
{
    if (board->power == NULL) {
        (void)fprintf(stderr, "updraft board: reset without power\n");
        abort();
    }
    board->reset_cause = cause;
    longjmp(*board->power, (int)end + 1);
}

void ud_board_crash(ud_port_t *board, ud_reset_cause_t cause)
{
    ud_board_leave(board, UD_BOARD_FAULT, cause);
}

void ud_port_reset(ud_port_t *board)
{
    ud_board_leave(board, UD_BOARD_RESET, UD_RESET_ORDERLY);
}

void ud_port_recover(ud_port_t *board)
{
    ud_board_leave(board, UD_BOARD_RECOVER, UD_RESET_POWER_ON);
}

ud_port_t *ud_board_running(void)
{
    return running;
}

void ud_board_fuse_set(ud_port_t *board, const ud_board_fuse_t *fuse)
{
    board->fuse = *fuse;
}

uint64_t ud_board_operations(const ud_port_t *board)
{
    return board->operations;
}

uint64_t ud_board_refused_programs(const ud_port_t *board)
{
    return board->refused;
}

void ud_board_watch_set(ud_port_t *board, ud_board_watch_t watch, void *context)
{
    board->watch = watch;
    board->watch_context = context;
}

/* ---- the small things of port.h --------------------------------------------------------------------------------- */

const ud_area_geometry_t *ud_port_area(const ud_port_t *board, ud_area_t area)
{
    return &board->areas[area];
}

void ud_port_watchdog_feed(ud_port_t *board)
{
    (void)board;
}

void ud_board_reset_cause_set(ud_port_t *board, ud_reset_cause_t cause)
{
    board->reset_cause = cause;
}

ud_reset_cause_t ud_port_reset_cause(const ud_port_t *board)
{
    return board->reset_cause;
}

uint32_t ud_port_security_counter(ud_port_t *board)
{
    return board->security_counter;
}

void ud_port_security_counter_raise(ud_port_t *board, uint32_t counter)
{
    if (board->hardware_counter && counter > board->security_counter) {
        board->security_counter = counter;
    }
}

/* These boards have no place for it: the journal and the images know. */
bool ud_port_key_is_revoked(ud_port_t *board, const uint8_t key_hash[32])
{
    (void)board;
    (void)key_hash;
    return false;
}

void ud_port_key_revoke(ud_port_t *board, const uint8_t key_hash[32])
{
    (void)board;
    (void)key_hash;
}

uint64_t ud_board_noise(uint64_t *state)
{
    uint64_t value = (*state += 0x9E3779B97F4A7C15u);
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

ud_err_t ud_port_random(ud_port_t *board, void *data, size_t size)
{
    uint8_t *bytes = data;
    if (board->random == 0) {
        UD_REQUIRE(size <= 256 && getrandom(data, size, 0) == (ssize_t)size, UD_ERR_INTERNAL);
        return UD_OK;
    }
    for (size_t index = 0; index < size; index++) {
        bytes[index] = (uint8_t)ud_board_noise(&board->random);
    }
    return UD_OK;
}
