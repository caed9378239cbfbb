/* What board.c, flash.c and net.c share. */
#ifndef UD_POSIX_BOARD_INTERNAL_H
#define UD_POSIX_BOARD_INTERNAL_H

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "ports/posix/flash_pool.h"

#include <setjmp.h>

/* Sectors being written, uncompressed: one of each lane of the journal, one of a slot, one of the identity. */
#define WORK_COUNT 4

typedef struct {
    uint8_t *bytes;  /* NULL: free */
    uint32_t sector; /* index in ud_port.sectors */
    ud_area_t area;
    uint64_t used_at; /* operation that wrote last */
} work_t;

/* Words that do not read as they were written, until erased. */
typedef struct {
    ud_area_t area;
    uint32_t offset;
    uint32_t size;
    ud_word_fault_t fault;
    uint32_t age;        /* power-ups since */
    ud_sector_t *before; /* content of its sector before the operation */
} fault_t;

struct ud_port {
    ud_area_geometry_t areas[UD_AREA_COUNT];
    uint32_t first[UD_AREA_COUNT]; /* index of the area's first sector */
    uint32_t sector_count;
    ud_flash_pool_t *pool;
    bool owns_pool;
    ud_sector_t **sectors;
    uint32_t *erases;
    uint8_t *refuses; /* one flag a sector */
    work_t work[WORK_COUNT];
    fault_t *faults;
    size_t fault_count;
    size_t fault_capacity;
    int file; /* descriptor of the flash file, -1 */
    ud_board_fuse_t fuse;
    uint64_t operations;
    uint64_t refused;
    ud_board_watch_t watch;
    void *watch_context;
    uint64_t random; /* state of the generator; 0: the system's */
    uint64_t noise;  /* state of the unstable words */
    ud_reset_cause_t reset_cause;
    bool hardware_counter;
    uint32_t security_counter;
    jmp_buf *power; /* NULL: off */
    char *server;
    int stream; /* -1: closed */
    bool wants_write;
};

/* Checks the geometry and lays out the sectors. Errors: UD_ERR_INVALID_ARGUMENT. */
UD_MUST_USE ud_err_t ud_flash_init(ud_port_t *board, const ud_area_geometry_t *areas);

/* Fills the flash from the file and keeps it there from now on. Errors: UD_ERR_FILE_READ, UD_ERR_FILE_WRITE. */
UD_MUST_USE ud_err_t ud_flash_open_file(ud_port_t *board, const char *path);

/* Puts the sectors being written back into the pool. */
void ud_flash_seal(ud_port_t *board);

/* A power-up: words age. */
void ud_flash_power_up(ud_port_t *board);

/* Gives all sectors back to the pool. */
void ud_flash_free(ud_port_t *board);

/* Leaves ud_board_run with `end`; the next reset cause is `cause`. */
_Noreturn void ud_board_leave(ud_port_t *board, ud_board_end_t end, ud_reset_cause_t cause);

/* The board whose code this thread runs, or NULL. */
ud_port_t *ud_board_running(void);

/* Next number of a generator (splitmix64). */
uint64_t ud_board_noise(uint64_t *state);

#endif
