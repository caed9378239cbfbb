/* Every row of tests/vectors/crypto, judged by whichever backend is linked; the README there tells the form of a row.
 * Another folder may be named on the command line.
 */
#include "core/base/hex.h"
#include "core/crypto/crypto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BYTES_MAX 1024
#define FIELDS_MAX 3

typedef struct {
    uint8_t bytes[BYTES_MAX];
    size_t size;
} field_t;

/* One row, with the key of the last key line before it. */
typedef struct {
    field_t key[FIELDS_MAX];
    field_t field[FIELDS_MAX];
    ud_verdict_t expected;
} row_t;

static const char *folder = "tests/vectors/crypto";

/* ---- what each file asks: true if the facade says what the row says ---------------------------------------------- */

static bool is_result(const uint8_t *bytes, const field_t *expected)
{
    return memcmp(bytes, expected->bytes, expected->size) == 0;
}

static bool ecdsa_holds(const row_t *row)
{
    return ud_ecdsa_p256_verify(row->key[0].bytes, row->field[0].bytes, row->field[1].bytes) == row->expected;
}

/* Fields: the message, the signature and, in some rows, the challenge in place of the message's, zeros at its end left out. */
static bool ed25519_holds(const row_t *row)
{
    uint8_t challenge[UD_SHA512_SIZE] = {0};
    ud_sha512_t hash;
    ud_sha512_init(&hash);
    ud_sha512_update(&hash, row->field[1].bytes, UD_ED25519_SIGNATURE_SIZE / 2);
    ud_sha512_update(&hash, row->key[0].bytes, UD_ED25519_PUBLIC_KEY_SIZE);
    ud_sha512_update(&hash, row->field[0].bytes, row->field[0].size);
    if (row->field[2].size == 0) {
        ud_sha512_final(&hash, challenge);
    } else {
        memcpy(challenge, row->field[2].bytes, row->field[2].size);
    }
    return ud_ed25519_verify(row->key[0].bytes, row->field[1].bytes, challenge) == row->expected;
}

static bool rsa_holds(const row_t *row)
{
    const field_t *modulus = &row->key[0];
    const uint8_t *e = row->key[1].bytes;
    uint32_t exponent = (uint32_t)e[0] << 24 | (uint32_t)e[1] << 16 | (uint32_t)e[2] << 8 | e[3];
    return ud_rsa_pss_verify(modulus->bytes, modulus->size, exponent, row->field[0].bytes, row->field[1].bytes) ==
           row->expected;
}

/* Where nothing is valid, nothing is written. */
static bool ecdh_holds(const row_t *row)
{
    field_t none = {.size = UD_P256_SECRET_SIZE};
    uint8_t secret[UD_P256_SECRET_SIZE] = {0};
    ud_verdict_t verdict = ud_ecdh_p256(row->key[0].bytes, row->field[0].bytes, secret);
    return verdict == row->expected && is_result(secret, row->expected == UD_VERDICT_VALID ? &row->field[1] : &none);
}

static bool sha256_holds(const row_t *row)
{
    uint8_t digest[UD_SHA256_SIZE];
    ud_sha256(row->field[0].bytes, row->field[0].size, digest);
    return is_result(digest, &row->field[1]);
}

/* In two pieces, cut at each place. */
static bool sha512_holds(const row_t *row)
{
    const field_t *message = &row->field[0];
    uint8_t digest[UD_SHA512_SIZE];
    bool holds = true;
    for (size_t cut = 0; cut <= message->size; cut++) {
        ud_sha512_t hash;
        ud_sha512_init(&hash);
        ud_sha512_update(&hash, message->bytes, cut);
        ud_sha512_t copy = hash;
        ud_sha512_update(&copy, message->bytes + cut, message->size - cut);
        ud_sha512_final(&copy, digest);
        holds = holds && is_result(digest, &row->field[1]);
    }
    return holds;
}

static bool hmac_holds(const row_t *row)
{
    uint8_t tag[UD_SHA256_SIZE];
    ud_hmac_sha256(row->key[0].bytes, row->key[0].size, row->field[0].bytes, row->field[0].size, tag);
    return is_result(tag, &row->field[1]);
}

static bool hkdf_holds(const row_t *row)
{
    uint8_t out[BYTES_MAX];
    memset(out, 0xA5, sizeof out);
    ud_hkdf_sha256(row->key[0].bytes, row->key[0].size, row->field[0].bytes, row->field[0].size, out,
                   row->field[1].size);
    return is_result(out, &row->field[1]) && out[row->field[1].size] == 0xA5;
}

/* Fields: the offset, the plaintext, the ciphertext; there and back. */
static bool aes_ctr_holds(const row_t *row)
{
    const uint8_t *b = row->field[0].bytes;
    uint32_t offset = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    field_t data = row->field[1];
    ud_aes_t aes;
    ud_aes_init(&aes, row->key[0].bytes, row->key[0].size);
    ud_aes_ctr(&aes, offset, data.bytes, data.size);
    bool encrypts = is_result(data.bytes, &row->field[2]);
    ud_aes_ctr(&aes, offset, data.bytes, data.size);
    return encrypts && is_result(data.bytes, &row->field[1]);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* The hexadecimal words that are left of the line; "-" has no bytes. */
static void read_fields(char **rest, field_t *fields)
{
    for (size_t index = 0; index < FIELDS_MAX; index++) {
        char *word = strtok_r(NULL, " \n", rest);
        size_t length = word == NULL || strcmp(word, "-") == 0 ? 0 : strlen(word);
        assert_true(length / 2 <= BYTES_MAX);
        assert_int_equal(ud_hex_decode(word, length, fields[index].bytes, length / 2), UD_OK);
        fields[index].size = length / 2;
    }
}

/* Judges one line; false if it is a row and the facade says otherwise. Counts the rows by what they expect. */
static bool line_holds(char *line, row_t *row, bool (*holds)(const row_t *row), size_t counts[2])
{
    char *rest;
    char *name = strtok_r(line, " \n", &rest);
    if (name == NULL || name[0] == '#') {
        return true;
    }
    if (strcmp(name, "key") == 0) {
        read_fields(&rest, row->key);
        return true;
    }
    const char *verdict = strtok_r(NULL, " \n", &rest);
    assert_non_null(verdict);
    row->expected = strcmp(verdict, "valid") == 0 ? UD_VERDICT_VALID : UD_VERDICT_INVALID;
    assert_true(row->expected == UD_VERDICT_VALID || strcmp(verdict, "invalid") == 0);
    counts[row->expected == UD_VERDICT_VALID]++;
    read_fields(&rest, row->field);
    return holds(row);
}

static void judge_file(const char *name, bool (*holds)(const row_t *row))
{
    char path[512];
    char line[4 * BYTES_MAX];
    size_t counts[2] = {0};
    size_t wrong = 0;
    row_t row = {.key = {{.size = 0}}};
    snprintf(path, sizeof path, "%s/%s.txt", folder, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (size_t number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        if (!line_holds(line, &row, holds, counts)) {
            print_error("%s:%zu: %s is not judged so\n", path, number, line);
            wrong++;
        }
    }
    fclose(file);
    print_message("%s: %zu valid, %zu invalid\n", name, counts[1], counts[0]);
    assert_true(counts[1] > 0);
    assert_int_equal(wrong, 0);
}

#define JUDGE(name)                        \
    static void every_##name(void **state) \
    {                                      \
        (void)state;                       \
        judge_file(#name, name##_holds);   \
    }

JUDGE(ecdsa)
JUDGE(ed25519)
JUDGE(rsa)
JUDGE(ecdh)
JUDGE(sha256)
JUDGE(sha512)
JUDGE(hmac)
JUDGE(hkdf)
JUDGE(aes_ctr)

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_ecdsa), cmocka_unit_test(every_ed25519), cmocka_unit_test(every_rsa),
        cmocka_unit_test(every_ecdh),  cmocka_unit_test(every_sha256),  cmocka_unit_test(every_sha512),
        cmocka_unit_test(every_hmac),  cmocka_unit_test(every_hkdf),    cmocka_unit_test(every_aes_ctr),
    };
    if (count > 1) {
        folder = arguments[1];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
