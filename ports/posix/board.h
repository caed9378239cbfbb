/* The simulated board: a ud_port_t made of memory, with NOR flash by the rules, and faults on demand.
 *
 * Flash: an erase sets a sector to its area's erased value, 0xFF or 0x00; a program writes whole words on erased words and is
 * refused (and counted) on any other. Equal sectors are stored once in a pool, shared by all boards of the pool (copy on
 * write), and the erased tail of a sector is not stored at all: a fleet on the same firmware costs little more than its journals.
 * Power: code of the device runs inside ud_board_run(), which returns when it returns, resets, or loses power. All its
 * RAM is the caller's to forget: keep it inside the function that runs.
 * Faults: a fuse cuts the power before, inside or after the n-th flash operation from now; words may be made unstable
 * or unreadable until erased; a sector may refuse writes.
 * Network: one non-blocking TCP stream.
 *
 * Pools and their boards belong to one thread. Nothing here is for products.
 */
#ifndef UD_POSIX_BOARD_H
#define UD_POSIX_BOARD_H

#include "include/updraft/port.h"

/* ---- boards ----------------------------------------------------------------------------------------------------- */

/* Equal sectors of many boards, stored once. Outlives its boards. */
typedef struct ud_flash_pool ud_flash_pool_t;

/* An empty pool; to be destroyed after its boards. Ends the program when memory is short. */
ud_flash_pool_t *ud_flash_pool_create(void);
void ud_flash_pool_destroy(ud_flash_pool_t *pool);

/* Bytes that all sectors of the pool take, bookkeeping included. */
size_t ud_flash_pool_size_bytes(const ud_flash_pool_t *pool);

typedef struct {
    ud_area_geometry_t areas[UD_AREA_COUNT]; /* sector sizes are powers of two; an area of size 0 does not exist */
    ud_flash_pool_t *pool;                   /* NULL: a pool of its own */
    const char *flash_path; /* a file that keeps the flash between runs of the program, made if missing; NULL: memory */
    const char *server;     /* "address:port" (numeric) that ud_port_net_open uses; NULL: there is no network */
    uint64_t seed;          /* of ud_port_random; 0: the system's randomness */
    bool hardware_counter;  /* the board has a security counter of its own, which survives everything */
} ud_board_config_t;

/* Geometry of a common small device: 256 KB slots, 4 KB sectors, 8-byte words, 16 KB journal, 8 KB identity. */
void ud_board_config_default(ud_board_config_t *config);

/* A board with erased flash (or the file's). The strings of `config` are copied.
 * Errors: UD_ERR_INVALID_ARGUMENT (geometry), UD_ERR_FILE_READ, UD_ERR_FILE_WRITE (flash file).
 */
UD_MUST_USE ud_err_t ud_board_create(const ud_board_config_t *config, ud_port_t **board);

/* Closes the stream and frees everything; NULL is harmless. */
void ud_board_destroy(ud_port_t *board);

/* A second board in the same state (flash, faults, reset cause, generator), on the same pool; no stream, no fuse, no
 * flash file. Costs one pointer a sector.
 */
ud_port_t *ud_board_clone(ud_port_t *board);

/* Bytes that this board alone takes: its tables and the sectors that it shares with no other. */
size_t ud_board_size_bytes(const ud_port_t *board);

/* ---- running under power ------------------------------------------------------------------------------------------ */

typedef enum {
    UD_BOARD_RETURNED,  /* the function came to its end */
    UD_BOARD_RESET,     /* it called ud_port_reset; the next reset cause is UD_RESET_ORDERLY */
    UD_BOARD_POWER_CUT, /* the fuse blew; the next reset cause is UD_RESET_POWER_ON */
    UD_BOARD_FAULT,     /* an assertion failed; the next reset cause is UD_RESET_FAULT */
    UD_BOARD_RECOVER,   /* it called ud_port_recover: no authentic image is left */
} ud_board_end_t;

/* Runs fn(board, arg) under power. Not to be nested on one board; `fn` holds nothing that must be released. */
ud_board_end_t ud_board_run(ud_port_t *board, void (*fn)(ud_port_t *board, void *arg), void *arg);

/* What the running function calls to be gone as if by a watchdog or a fault; the next reset cause is `cause`. */
_Noreturn void ud_board_crash(ud_port_t *board, ud_reset_cause_t cause);

/* Sets what ud_port_reset_cause() says; ud_board_run() sets it by itself when it ends. A new board says POWER_ON. */
void ud_board_reset_cause_set(ud_port_t *board, ud_reset_cause_t cause);

/* ---- faults ------------------------------------------------------------------------------------------------------- */

/* How a word reads that a power cut tore, until it is erased; or that is broken. */
typedef enum {
    UD_WORD_MIXED,      /* each bit old or new, the same at each read */
    UD_WORD_OLD_FIRST,  /* as before the operation until the next power-up, then as after it */
    UD_WORD_NEW_FIRST,  /* as after the operation until the next power-up, then as before it */
    UD_WORD_UNSTABLE,   /* each read anew: old, new, mixed, or an error */
    UD_WORD_UNREADABLE, /* UD_ERR_FLASH_READ */
    UD_WORD_STUCK,      /* for good as it was when the fault struck: neither programs nor erases change it */
    UD_WORD_FAULT_COUNT
} ud_word_fault_t;

typedef enum {
    UD_CUT_BEFORE, /* the operation did not begin */
    UD_CUT_INSIDE, /* some of it happened */
    UD_CUT_AFTER,  /* it was completed, its caller never heard of it */
} ud_cut_t;

/* A power cut to come. */
typedef struct {
    uint32_t operation; /* 1: the next program or erase; 0: no cut */
    ud_cut_t cut;
    uint32_t words_done;   /* UD_CUT_INSIDE: so many words are complete, the next is torn, the rest is untouched */
    bool all_torn;         /* UD_CUT_INSIDE: every word from words_done on is torn (page programs, erases) */
    ud_word_fault_t fault; /* how torn words read */
} ud_board_fuse_t;

/* Sets the fuse: it counts down with each program and erase, and burns once. */
void ud_board_fuse_set(ud_port_t *board, const ud_board_fuse_t *fuse);

/* Programs and erases since the board was made. */
uint64_t ud_board_operations(const ud_port_t *board);

/* Hears of each program and erase just before it begins; `data` is NULL for an erase. It may look at the board, clone
 * it, and give it faults. NULL ends it.
 */
typedef void (*ud_board_watch_t)(void *context, ud_area_t area, uint32_t offset, const void *data, size_t size);
void ud_board_watch_set(ud_port_t *board, ud_board_watch_t watch, void *context);

/* Lets `size` bytes at `offset` (whole words) fail as `fault` says, from now until they are erased (STUCK: for ever). For
 * OLD_FIRST and NEW_FIRST, "new" is what is there and "old" is erased.
 */
void ud_board_fault_words(ud_port_t *board, ud_area_t area, uint32_t offset, uint32_t size, ud_word_fault_t fault);

/* From now on `size` bytes at `offset` (whole sectors) refuse programs and erases; or do so no longer. */
void ud_board_refuse_writes(ud_port_t *board, ud_area_t area, uint32_t offset, uint32_t size, bool refuse);

/* ---- looking and touching: no fuse, no faults ------------------------------------------------------------------------ */

/* Erases the area and puts `size` bytes at `offset`, both multiples of nothing. As a programmer's probe would. */
void ud_board_load(ud_port_t *board, ud_area_t area, uint32_t offset, const void *data, size_t size);

/* As ud_board_load, but what is around `size` bytes at `offset` stays. */
void ud_board_patch(ud_port_t *board, ud_area_t area, uint32_t offset, const void *data, size_t size);

/* Copies what the cells hold; torn words as their new value. */
void ud_board_peek(const ud_port_t *board, ud_area_t area, uint32_t offset, void *data, size_t size);

/* Times that the sector at `offset` was erased since the board was made. */
uint32_t ud_board_erase_count(const ud_port_t *board, ud_area_t area, uint32_t offset);

/* Programs on words that were not erased, so far: a bug of the code under test, or a torn word met again. */
uint64_t ud_board_refused_programs(const ud_port_t *board);

/* Hash of all that decides how the board will behave (flash, faults, reset cause): equal states, equal hash. */
uint64_t ud_board_state_hash(const ud_port_t *board);

/* ---- network ---------------------------------------------------------------------------------------------------------- */

/* Descriptor of the open stream, or -1: poll it for reading, and for writing while ud_board_net_wants_write(). */
int ud_board_net_fd(const ud_port_t *board);
bool ud_board_net_wants_write(const ud_port_t *board);

/* Loses the stream, as a bad link would: the next send or receive fails with UD_ERR_NETWORK. */
void ud_board_net_drop(ud_port_t *board);

#endif
