#include "tests/glitch/symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOLS_MAX 1000

static symbol_t symbols[SYMBOLS_MAX];
static uint32_t symbol_count;

void die(const char *what, const char *which)
{
    fprintf(stderr, "glitch: %s: %s\n", what, which);
    exit(2);
}

void symbols_read(const char *path)
{
    char line[300];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        die("cannot read", path);
    }
    while (fgets(line, sizeof line, file) != NULL && symbol_count < SYMBOLS_MAX) {
        symbol_t *symbol = &symbols[symbol_count];
        if (sscanf(line, "%" SCNx32 " %" SCNx32 " %*c %63s", &symbol->address, &symbol->size, symbol->name) == 3) {
            symbol->address &= ~1u;
            symbol_count++;
        }
    }
    fclose(file);
}

const symbol_t *symbol_find(const char *name)
{
    for (uint32_t index = 0; index < symbol_count; index++) {
        if (strcmp(symbols[index].name, name) == 0) {
            return &symbols[index];
        }
    }
    return NULL;
}

const symbol_t *symbol_at(uint32_t address)
{
    for (uint32_t index = 0; index < symbol_count; index++) {
        if (address - symbols[index].address < symbols[index].size) {
            return &symbols[index];
        }
    }
    return NULL;
}
