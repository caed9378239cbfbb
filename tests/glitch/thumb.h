/* A Cortex-M without peripherals: the instructions of ARMv6-M and ARMv7-M that compilers make of integer code.
 *
 * Whatever it does not know ends the run as a fault, as an undefined instruction would on the part. One step is one
 * instruction, those of an IT block too, so that any one can be left out; a step costs about 10 ns.
 * There are no interrupts. Exceptions end the run: on a board they wait for the watchdog.
 */
#ifndef UD_GLITCH_THUMB_H
#define UD_GLITCH_THUMB_H

#include <stdbool.h>
#include <stdint.h>

#define THUMB_FLASH 0x08000000u
#define THUMB_FLASH_SIZE 0x10000u
#define THUMB_RAM 0x20000000u
#define THUMB_RAM_SIZE 0x8000u
#define THUMB_SP 13
#define THUMB_LR 14
#define THUMB_PC 15

typedef enum { THUMB_RUNS, THUMB_FAULT, THUMB_RESET } thumb_state_t;

/* A byte of flash as it was before a write. */
typedef struct {
    uint32_t offset;
    uint8_t value;
} thumb_undo_t;

#define THUMB_UNDO_MAX 2000000u

/* Flash is shared by all machines of a program: it is large, and seldom written. */
typedef struct {
    uint8_t bytes[THUMB_FLASH_SIZE];
    uint32_t code_size; /* bytes from the start that cannot be written: a store there is a fault */
    thumb_undo_t *undo; /* THUMB_UNDO_MAX of them */
    uint32_t undo_count;
} thumb_flash_t;

/* A byte of RAM. */
typedef struct {
    uint16_t offset;
    uint8_t value;
} thumb_byte_t;

/* What a stretch of a run read before it wrote there, and what it wrote. */
typedef struct {
    uint8_t seen[THUMB_RAM_SIZE]; /* internal */
    uint32_t read_count, write_count;
    thumb_byte_t reads[THUMB_RAM_SIZE];
    uint16_t writes[THUMB_RAM_SIZE];
    bool touched_flash; /* it wrote flash, or read flash that can be written */
} thumb_trace_t;

/* May be copied: that is a snapshot. */
typedef struct {
    uint32_t r[16]; /* r[THUMB_PC] is the address of the instruction to come, bit 0 clear */
    bool n, z, c, v;
    uint8_t it; /* ITSTATE */
    thumb_state_t state;
    uint64_t steps;
    uint64_t changes; /* stores that changed something */
    thumb_flash_t *flash;
    thumb_trace_t *trace; /* NULL: nothing is taken down */
    uint8_t ram[THUMB_RAM_SIZE];
} thumb_t;

/* Takes stack and entry from the vector table at the start of flash; registers and RAM hold `residue` everywhere. */
void thumb_reset(thumb_t *cpu, thumb_flash_t *flash, uint32_t residue);

/* Executes one instruction. */
void thumb_step(thumb_t *cpu);

/* Leaves one instruction out. */
void thumb_skip(thumb_t *cpu);

/* Bytes of the instruction at `address`: 2 or 4. */
uint32_t thumb_size(const thumb_t *cpu, uint32_t address);

/* Where `size` bytes at `address` stand, NULL if there is no such memory. For looking, not for writing to flash. */
uint8_t *thumb_at(thumb_t *cpu, uint32_t address, uint32_t size);

/* Empties it; it begins as zeros. */
void thumb_trace_clear(thumb_trace_t *trace);

/* Takes down an access; for load and store. */
void thumb_note(thumb_t *cpu, uint32_t address, uint32_t size, bool writes);

/* Takes back what was written to flash since the last call. */
void thumb_undo(thumb_flash_t *flash);

#endif
