/* updraft image verify: is this image signed by a key that is trusted? */
#include "cli/file.h"
#include "cli/image_file.h"
#include "cli/verbs.h"
#include "core/base/hex.h"
#include "core/image/trusted.h"

#include <stdio.h>
#include <string.h>

#define KEYS_MAX 16

static const ud_cli_option_t options[] = {
    {"key", 'k', "FILE", "public key (PEM) that is trusted; may be given up to 16 times"},
    {0},
};

typedef struct {
    uint8_t public_keys[KEYS_MAX][UD_P256_PUBLIC_KEY_SIZE];
    ud_trusted_key_t keys[KEYS_MAX]; /* of those; does not move */
    size_t count;
} keys_t;

static ud_err_t read_keys(const ud_cli_call_t *call, keys_t *keys)
{
    const char *path = NULL;
    UD_TRY(ud_cli_require(call, "key", &path));
    for (keys->count = 0; (path = ud_cli_text_at(call, "key", keys->count)) != NULL; keys->count++) {
        ud_key_t *key = NULL;
        if (keys->count == KEYS_MAX) {
            return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "more than %d keys; '%s' is one too many", KEYS_MAX, path);
        }
        UD_TRY(ud_cli_read_key(path, &key));
        ud_key_public(key, keys->public_keys[keys->count]);
        ud_trusted_key_init(&keys->keys[keys->count], &ud_scheme_ecdsa_p256, keys->public_keys[keys->count]);
        ud_key_destroy(key);
    }
    return UD_OK;
}

/* Judges image and descriptor; `*has_descriptor` says whether there was one. */
static ud_err_t judge(const ud_image_file_t *file, const keys_t *keys, ud_image_info_t *info, bool *has_descriptor)
{
    ud_descriptor_block_t block;
    ud_err_t reason = UD_ERR_INTERNAL;
    uint32_t size = (uint32_t)file->size;
    ud_trust_t trust = {.keys = keys->keys, .count = keys->count};
    if (ud_image_verify(&file->source, size, &trust, info, &reason) != UD_VERDICT_VALID) {
        return reason;
    }
    ud_err_t err = ud_descriptor_find(&file->source, size, info, &block);
    *has_descriptor = err == UD_OK;
    if (err == UD_ERR_NOT_FOUND) {
        return UD_OK;
    }
    return err == UD_OK ? ud_descriptor_check(&file->source, info, &block, &trust) : err;
}

static ud_err_t tell_invalid(const char *path, ud_err_t reason, const ud_image_info_t *info)
{
    const char *kind = reason == UD_ERR_IMAGE_UNSIGNED ? ud_scheme_name(ud_scheme_of(info)) : NULL;
    const char *text = ud_err_text(reason);
    char key_text[160];
    char key_hash[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    if (reason == UD_ERR_IMAGE_KEY_UNKNOWN) { /* the error list speaks of a server's keys; here they are arguments */
        ud_hex_encode(info->key_hash, UD_SHA256_SIZE, key_hash);
        snprintf(key_text, sizeof key_text,
                 "The image (or its descriptor) is signed by none of the keys given; it names %.16s...", key_hash);
        text = key_text;
    }
    if (ud_output_is_json()) {
        ud_output_json(json_pack("{s:b, s:s, s:s, s:s, s:s*}", "valid", 0, "file", path, "code", ud_err_code(reason),
                                 "message", text, "signature", kind));
        return reason;
    }
    ud_output_line(UD_STYLE_BAD, "invalid: %s: %s%s%s%s", path, text, kind != NULL ? " (Found: " : "",
                   kind != NULL ? kind : "", kind != NULL ? ".)" : "");
    return reason;
}

static void tell_valid(const char *path, const ud_image_info_t *info, bool has_descriptor)
{
    if (ud_output_is_json()) {
        json_t *json = ud_image_json(info);
        json_object_set_new(json, "valid", json_true());
        json_object_set_new(json, "file", json_string(path));
        json_object_set_new(json, "descriptor", json_boolean(has_descriptor));
        ud_output_json(json);
        return;
    }
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    char key_hash[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    ud_version_format(&info->version, version);
    ud_hex_encode(info->key_hash, UD_SHA256_SIZE, key_hash);
    ud_output_line(UD_STYLE_GOOD, "valid: %s: version %s%s%s, key %.16s..., %s descriptor", path, version,
                   info->hardware[0] != '\0' ? " for " : "", info->hardware, key_hash,
                   has_descriptor ? "with" : "without");
}

static ud_err_t run(const ud_cli_call_t *call)
{
    keys_t keys;
    ud_image_file_t file;
    ud_image_info_t info = {0};
    bool has_descriptor = false;
    UD_TRY(read_keys(call, &keys));
    UD_TRY(ud_image_file_open(&file, call->arguments[0]));
    ud_err_t reason = judge(&file, &keys, &info, &has_descriptor);
    if (reason == UD_OK) {
        tell_valid(file.path, &info, has_descriptor);
    } else {
        reason = tell_invalid(file.path, reason, &info);
    }
    ud_image_file_close(&file);
    return reason;
}

const ud_cli_verb_t ud_verb_image_verify = {
    .noun = "image",
    .verb = "verify",
    .arguments = "IMAGE",
    .argument_min = 1,
    .argument_max = 1,
    .options = options,
    .summary = "check an image's hash, signature and descriptor",
    .description = "Checks that an image is complete, that its content matches its hash, that one of the given keys\n"
                   "signed it (ECDSA P-256), and its descriptor if it has one. Ends with 0 only if all of that holds;\n"
                   "otherwise one line says why not.",
    .examples = "  updraft image verify --key release-key.pub.pem app.signed.bin\n",
    .run = run,
};
