/* Where things lie in the flash of the emulated board, bytes from its start. images.py knows the slots, too. */
#ifndef UD_GLITCH_BOARD_H
#define UD_GLITCH_BOARD_H

#define BOARD_FLASH 0x08000000u
#define BOARD_SECTOR_SIZE 512u
#define BOARD_JOURNAL 0x8000u
#define BOARD_JOURNAL_SIZE 0x800u
#define BOARD_IDENTITY 0x8800u
#define BOARD_IDENTITY_SIZE 0x800u
#define BOARD_SLOT_A 0x9000u
#define BOARD_SLOT_A_SIZE 0x2000u
#define BOARD_SLOT_B 0xB000u
#define BOARD_SLOT_B_SIZE 0x3000u
#define BOARD_END 0xE000u

#endif
