/* Runs a fuzz target without a fuzzer: first every file of the folders that are named, then a fixed series of mutations of each
 * (flipped bits, cut ends, repeated runs) and of an empty input. Deterministic: a failure prints the file and the round.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_SIZE_MAX 65536
#define ROUND_COUNT 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t random_state = 1;

static uint32_t next_random(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

/* A copy of its own size on the heap, so that sanitizers and valgrind see a read past the end. */
static void run_one(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static size_t mutate(uint8_t *data, size_t size)
{
    switch (next_random(4)) {
    case 0: /* cut the end off */
        return next_random((uint32_t)size + 1);
    case 1: /* append noise */
        while (size < INPUT_SIZE_MAX && next_random(8) != 0) {
            data[size++] = (uint8_t)next_random(256);
        }
        return size;
    case 2: /* repeat the first half */
        if (size < INPUT_SIZE_MAX / 2) {
            memcpy(data + size, data, size / 2);
            size += size / 2;
        }
        return size;
    default: /* flip a few bits */
        for (uint32_t i = 0; size > 0 && i < 1 + next_random(8); i++) {
            data[next_random((uint32_t)size)] ^= (uint8_t)(1u << next_random(8));
        }
        return size;
    }
}

static void run_mutations(const char *name, const uint8_t *seed, size_t seed_size)
{
    static uint8_t data[INPUT_SIZE_MAX];
    for (int round = 0; round < ROUND_COUNT; round++) {
        random_state = (uint32_t)round * 2654435761u + 1;
        memcpy(data, seed, seed_size);
        size_t size = mutate(data, mutate(data, seed_size));
        fprintf(stderr, "\r%s round %d: %zu bytes ", name, round, size);
        run_one(data, size);
    }
    fprintf(stderr, "\n");
}

static void run_file(const char *folder, const char *name)
{
    static uint8_t seed[INPUT_SIZE_MAX];
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size_t size = fread(seed, 1, sizeof seed, file);
    fclose(file);
    fprintf(stderr, "%s: %zu bytes\n", path, size);
    run_one(seed, size);
    run_mutations(name, seed, size);
}

/* A folder that is not there has no seeds. */
static void run_folder(const char *name)
{
    DIR *folder = opendir(name);
    if (folder == NULL) {
        return;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] != '.') {
            run_file(name, entry->d_name);
        }
    }
    closedir(folder);
}

int main(int argc, char **argv)
{
    run_mutations("(empty)", (const uint8_t *)"", 0);
    for (int index = 1; index < argc; index++) {
        run_folder(argv[index]);
    }
    return EXIT_SUCCESS;
}
