/* What the tests of core/image share: files of tests/vectors in memory, and keys. */
#ifndef UD_IMAGE_FIXTURE_H
#define UD_IMAGE_FIXTURE_H

#include "core/crypto/key.h"
#include "core/image/sign.h"

#define VECTORS "tests/vectors/mcuboot/"
#define FILE_SIZE_MAX (70u * 1024)

typedef struct {
    uint8_t data[FILE_SIZE_MAX];
    size_t size;
} file_t;

/* Reads a file of the repository; the test fails if it cannot. */
void load_file(const char *path, file_t *file);

/* Reads a key from a PEM file of tests/vectors; NULL gives a fresh one. The caller destroys it. */
ud_key_t *load_key(const char *path);

/* The trusted key of a key. Its bytes stay to the end of the program, for 64 keys. */
ud_trusted_key_t trust(const ud_key_t *key);

/* The same by another scheme than the usual one of its kind. */
ud_trusted_key_t trust_as(const ud_key_t *key, const ud_image_scheme_t *scheme);

/* A fresh key. The caller destroys it. */
ud_key_t *new_key(ud_key_kind_t kind);

/* Parses and verifies bytes in memory. */
ud_err_t parse_bytes(const uint8_t *data, size_t size, ud_image_info_t *info);
ud_verdict_t verify_bytes(const uint8_t *data, size_t size, const ud_trusted_key_t *keys, size_t key_count,
                          ud_err_t *reason);

#endif
