/* updraft key public: the half of a key that may be given away. */
#include "cli/file.h"
#include "cli/key_file.h"
#include "cli/output.h"
#include "cli/verbs.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Characters of the longest text: an RSA-3072 key as C, six for each of 420 bytes and what stands around them. */
#define TEXT_SIZE 8192
#define NAME_SIZE 96
#define SUFFIX_SIZE_MAX 48
#define BYTES_A_LINE 12

static const ud_cli_option_t options[] = {
    {"out", 'o', "FILE", "where to write it; printed if not given"},
    {"encoding", 'e', "ENCODING",
     "pem (the default); raw: the bytes in DER that the key hash is made of\n"
     "(der means the same); lang-c: a row for the table of keys of a product's\n"
     "boot and agent"},
    {"lang", 'l', "c", "the same as --encoding lang-c"},
    {"hash", 0, NULL,
     "the key's hash instead, by which images name it: hexadecimal digits,\n"
     "or with --encoding raw its 32 bytes, or lang-c an array"},
    {"name-suffix", 0, "SUFFIX", "appended to the names in C, where one program has several keys"},
    {"pure", 0, NULL, "with lang-c, of an Ed25519 key: the row for images signed with --pure"},
    {0},
};

typedef enum { AS_PEM, AS_RAW, AS_C } encoding_t;

typedef struct {
    const char *path; /* of the key */
    ud_key_t *key;
    encoding_t encoding;
    bool hash;          /* the hash is asked for */
    const char *suffix; /* of names in C */
    const ud_image_scheme_t *scheme;
    uint8_t raw[UD_KEY_RAW_SIZE_MAX];
    ud_trusted_key_t trusted;
} ask_t;

/* What is written: text, or bytes. */
typedef struct {
    char data[TEXT_SIZE];
    size_t size;
} result_t;

/* ---- C ---------------------------------------------------------------------------------------------------------- */

static void put(result_t *result, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(result_t *result, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    result->size += (size_t)vsnprintf(result->data + result->size, sizeof result->data - result->size, format, values);
    va_end(values);
}

/* Bytes in lines; `end` stands behind each line, for a macro's backslash. */
static void put_bytes(result_t *result, const uint8_t *bytes, size_t size, const char *end)
{
    for (size_t index = 0; index < size; index++) {
        bool first = index % BYTES_A_LINE == 0;
        bool last = index % BYTES_A_LINE == BYTES_A_LINE - 1 || index == size - 1;
        put(result, "%s0x%02x,%s", first ? "    " : " ", bytes[index], last ? end : "");
    }
}

/* "ecdsa-p256" as part of a name in C: ecdsa_p256, or ECDSA_P256. */
static void name_in_c(const char *name, const char *suffix, bool capitals, char text[NAME_SIZE])
{
    snprintf(text, NAME_SIZE, "%s%s", name, suffix);
    for (char *character = text; *character != '\0'; character++) {
        *character = *character == '-' ? '_' : capitals ? (char)toupper((unsigned char)*character) : *character;
    }
}

static void put_row(result_t *result, const ask_t *ask)
{
    char name[NAME_SIZE];
    char macro[NAME_SIZE];
    char scheme[NAME_SIZE];
    name_in_c(ud_scheme_name(ask->scheme), "", false, scheme);
    name_in_c(ud_key_kind_name(ud_key_kind(ask->key)), ask->suffix, false, name);
    name_in_c(ud_key_kind_name(ud_key_kind(ask->key)), ask->suffix, true, macro);
    put(result,
        "/* %s public key, from updraft key public. Include \"core/image/image.h\" before this, and name the key in "
        "the\n"
        " * product's table: static const ud_trusted_key_t keys[] = {%s_KEY};\n */\n",
        ud_key_kind_title(ud_key_kind(ask->key)), macro);
    put(result, "static const uint8_t %s_public_key[] = {\n", name);
    put_bytes(result, ask->raw, ask->scheme->public_key_size, "\n");
    put(result,
        "};\n\n#define %s_KEY \\\n    {.scheme = &ud_scheme_%s, .public_key = %s_public_key, .key_hash = { \\\n", macro,
        scheme, name);
    put_bytes(result, ask->trusted.key_hash, UD_SHA256_SIZE, " \\\n");
    put(result, "    }}\n");
}

static void put_hash_in_c(result_t *result, const ask_t *ask)
{
    char name[NAME_SIZE];
    name_in_c(ud_key_kind_name(ud_key_kind(ask->key)), ask->suffix, false, name);
    put(result, "/* SHA-256 of the %s public key, from updraft key public. */\n",
        ud_key_kind_title(ud_key_kind(ask->key)));
    put(result, "static const uint8_t %s_public_key_hash[] = {\n", name);
    put_bytes(result, ask->trusted.key_hash, UD_SHA256_SIZE, "\n");
    put(result, "};\n");
}

/* ---- options ---------------------------------------------------------------------------------------------------- */

static ud_err_t take_encoding(const ud_cli_call_t *call, ask_t *ask)
{
    static const struct {
        const char *name;
        encoding_t encoding;
    } encodings[] = {{"pem", AS_PEM}, {"raw", AS_RAW}, {"der", AS_RAW}, {"lang-c", AS_C}};
    const char *language = ud_cli_text(call, "lang");
    const char *name = ud_cli_text(call, "encoding");
    if (language != NULL && strcmp(language, "c") != 0) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--lang is '%s'; only c is written", language);
    }
    name = name != NULL ? name : language != NULL ? "lang-c" : "pem";
    for (size_t index = 0; index < sizeof encodings / sizeof encodings[0]; index++) {
        if (strcmp(name, encodings[index].name) == 0) {
            ask->encoding = encodings[index].encoding;
            return UD_OK;
        }
    }
    return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--encoding is '%s'; give pem, raw, der or lang-c", name);
}

static ud_err_t take_suffix(const ud_cli_call_t *call, ask_t *ask)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
    const char *suffix = ud_cli_text(call, "name-suffix");
    ask->suffix = suffix != NULL ? suffix : "";
    if (strspn(ask->suffix, allowed) != strlen(ask->suffix) || strlen(ask->suffix) > SUFFIX_SIZE_MAX) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT,
                           "--name-suffix is '%s'; give at most %d letters, digits and underscores", suffix,
                           SUFFIX_SIZE_MAX);
    }
    return UD_OK;
}

static ud_err_t take_scheme(const ud_cli_call_t *call, ask_t *ask)
{
    ud_key_kind_t kind = ud_key_kind(ask->key);
    ask->scheme = ud_cli_scheme_of_key(ask->key);
    if (ud_cli_flag(call, "pure")) {
        if (kind != UD_KEY_ED25519) {
            return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--pure is for Ed25519 keys; '%s' holds one of %s", ask->path,
                               ud_key_kind_title(kind));
        }
        ask->scheme = &ud_scheme_ed25519_pure;
    }
    if (ask->encoding == AS_C && !ask->hash && kind == UD_KEY_ECDSA_P384) {
        return ud_cli_fail(UD_ERR_KEY_FORMAT, "'%s' holds a key of ECDSA P-384, which no device of Updraft's verifies",
                           ask->path);
    }
    return UD_OK;
}

/* ---- result ----------------------------------------------------------------------------------------------------- */

static void encode_hash(const ask_t *ask, result_t *result)
{
    char digits[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    if (ask->encoding == AS_RAW) {
        memcpy(result->data, ask->trusted.key_hash, UD_SHA256_SIZE);
        result->size = UD_SHA256_SIZE;
    } else if (ask->encoding == AS_C) {
        put_hash_in_c(result, ask);
    } else {
        ud_hex_encode(ask->trusted.key_hash, UD_SHA256_SIZE, digits);
        put(result, "%s\n", digits);
    }
}

static ud_err_t encode(const ask_t *ask, result_t *result)
{
    result->size = 0;
    if (ask->hash) {
        encode_hash(ask, result);
    } else if (ask->encoding == AS_RAW) {
        result->size = ud_public_key_der(ask->scheme, ask->raw, (uint8_t *)result->data);
    } else if (ask->encoding == AS_C) {
        put_row(result, ask);
    } else if (ud_key_write_public_pem(ask->key, result->data, sizeof result->data, &result->size) != UD_OK) {
        return ud_cli_fail(UD_ERR_INTERNAL, "the public key of '%s' could not be encoded", ask->path);
    }
    return UD_OK;
}

static ud_err_t report(const ask_t *ask, const result_t *result, const char *path)
{
    char pem[UD_KEY_PEM_WRITTEN_SIZE_MAX];
    char key_hash[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    size_t size = 0;
    ud_key_kind_t kind = ud_key_kind(ask->key);
    ud_hex_encode(ask->trusted.key_hash, UD_SHA256_SIZE, key_hash);
    if (ud_output_is_json()) {
        UD_TRY(ud_key_write_public_pem(ask->key, pem, sizeof pem, &size));
        ud_output_json(json_pack("{s:s*, s:s, s:s, s:s}", "file", path, "type", ud_key_kind_name(kind), "key_hash",
                                 key_hash, "pem", pem));
    } else if (path != NULL) {
        ud_output_field(ask->hash ? "Key's hash" : "Public key", "%s (%s)", path, ud_key_kind_title(kind));
        ud_output_field("Key hash", "%s", key_hash);
    } else {
        fwrite(result->data, 1, result->size, stdout);
    }
    return UD_OK;
}

static ud_err_t tell(const ud_cli_call_t *call, ask_t *ask)
{
    static result_t result;
    const char *path = ud_cli_text(call, "out");
    UD_TRY(take_scheme(call, ask));
    (void)ud_key_public_raw(ask->key, ask->raw);
    ud_trusted_key_init(&ask->trusted, ask->scheme, ask->raw);
    UD_TRY(encode(ask, &result));
    if (path != NULL) {
        UD_TRY(ud_cli_write_file(path, result.data, result.size, 0644, UD_CLI_REPLACE));
    }
    return report(ask, &result, path);
}

static ud_err_t run(const ud_cli_call_t *call)
{
    ask_t ask = {.path = call->arguments[0], .hash = ud_cli_flag(call, "hash")};
    UD_TRY(take_encoding(call, &ask));
    UD_TRY(take_suffix(call, &ask));
    UD_TRY(ud_cli_read_key(ask.path, &ask.key));
    ud_err_t err = tell(call, &ask);
    ud_key_destroy(ask.key);
    return err;
}

const ud_cli_verb_t ud_verb_key_public = {
    .noun = "key",
    .verb = "public",
    .arguments = "KEY.pem",
    .argument_min = 1,
    .argument_max = 1,
    .options = options,
    .summary = "print the public half of a key, or its hash",
    .description = "Prints the public key of a private (or public) key file. The public key goes into boot loaders,\n"
                   "onto servers and to whoever verifies; it cannot sign. Options of imgtool's getpub and getpubhash\n"
                   "keep their names and meaning.",
    .examples = "  updraft key public release-key.pem --out release-key.pub.pem\n"
                "  updraft key public release-key.pem --encoding lang-c --out release_key.h\n"
                "  updraft key public release-key.pub.pem --hash\n",
    .run = run,
};
