/* Symbols of the program under test, as nm -S prints them. */
#ifndef UD_GLITCH_SYMBOLS_H
#define UD_GLITCH_SYMBOLS_H

#include <stdint.h>

typedef struct {
    char name[64];
    uint32_t address; /* bit 0 clear */
    uint32_t size;
} symbol_t;

/* Reads the file; what has no size is left out. Ends the program if there is no such file. */
void symbols_read(const char *path);

/* The symbol of that name; NULL if there is none. */
const symbol_t *symbol_find(const char *name);

/* The symbol that holds `address`; NULL if there is none. */
const symbol_t *symbol_at(uint32_t address);

/* Says what is wrong, and ends the program with status 2. */
_Noreturn void die(const char *what, const char *which);

#endif
