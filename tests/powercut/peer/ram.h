/* The RAM of a bootloader that keeps state in variables of its own: sections peer_data and peer_bss (CMakeLists.txt). */
#ifndef UD_TESTS_POWERCUT_PEER_RAM_H
#define UD_TESTS_POWERCUT_PEER_RAM_H

#include <stdint.h>

/* Bytes of it, at most; the program ends if that is too few. */
#define RAM_SIZE_MAX 16384

/* Sets all of it to what it was when the program began. */
void ram_reset(void);

/* Copies it to `kept`, and back. */
void ram_keep(uint8_t kept[RAM_SIZE_MAX]);
void ram_restore(const uint8_t kept[RAM_SIZE_MAX]);

#endif
