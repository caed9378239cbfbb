/* updraft image verify: is this image signed by a key that is trusted? */
#include "cli/image_file.h"
#include "cli/key_file.h"
#include "cli/verbs.h"
#include "core/base/hex.h"
#include "core/image/encrypted.h"
#include "core/image/trusted.h"

#include <stdio.h>
#include <string.h>

#define KEYS_MAX 16

static const ud_cli_option_t options[] = {
    {"key", 'k', "FILE", "public key (PEM) that is trusted; may be given up to 16 times"},
    {"decrypt-key", 0, "FILE", "private key (PEM) that decrypts the image, if it is encrypted"},
    {0},
};

typedef struct {
    uint8_t public_keys[KEYS_MAX][UD_KEY_RAW_SIZE_MAX];
    ud_trusted_key_t keys[KEYS_MAX]; /* of those; does not move */
    bool is_ed25519[KEYS_MAX];
    size_t count;
    bool decrypts;
    uint8_t decrypt_key[UD_P256_PRIVATE_KEY_SIZE];
} keys_t;

static ud_err_t read_key(const char *path, keys_t *keys)
{
    ud_key_t *key = NULL;
    uint8_t *raw = keys->public_keys[keys->count];
    UD_TRY(ud_cli_read_key(path, &key));
    (void)ud_key_public_raw(key, raw);
    ud_trusted_key_init(&keys->keys[keys->count], ud_cli_scheme_of_key(key), raw);
    keys->is_ed25519[keys->count] = ud_key_kind(key) == UD_KEY_ED25519;
    ud_key_destroy(key);
    return UD_OK;
}

static ud_err_t read_decrypt_key(const char *path, keys_t *keys)
{
    ud_key_t *key = NULL;
    keys->decrypts = path != NULL;
    if (path == NULL) {
        return UD_OK;
    }
    UD_TRY(ud_cli_read_private_key(path, "decrypting", &key));
    ud_key_kind_t kind = ud_key_kind(key);
    ud_err_t err = kind == UD_KEY_ECDSA_P256
                       ? ud_key_private(key, keys->decrypt_key)
                       : ud_cli_fail(UD_ERR_KEY_FORMAT, "'%s' holds a key of %s; images are encrypted for ECDSA P-256",
                                     path, ud_key_kind_title(kind));
    ud_key_destroy(key);
    return err;
}

static ud_err_t read_keys(const ud_cli_call_t *call, keys_t *keys)
{
    const char *path = NULL;
    UD_TRY(ud_cli_require(call, "key", &path));
    for (keys->count = 0; (path = ud_cli_text_at(call, "key", keys->count)) != NULL; keys->count++) {
        if (keys->count == KEYS_MAX) {
            return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "more than %d keys; '%s' is one too many", KEYS_MAX, path);
        }
        UD_TRY(read_key(path, keys));
    }
    return read_decrypt_key(ud_cli_text(call, "decrypt-key"), keys);
}

/* Ed25519 keys sign in three ways, of which a device believes the one that its table says. Here it is the image's. */
static void choose_schemes(keys_t *keys, const ud_image_scheme_t *scheme)
{
    bool signs_so =
        scheme == &ud_scheme_ed25519 || scheme == &ud_scheme_ed25519_pure || scheme == &ud_scheme_ed25519_sha512;
    for (size_t index = 0; signs_so && index < keys->count; index++) {
        if (keys->is_ed25519[index]) {
            keys->keys[index].scheme = scheme;
        }
    }
}

/* As slot A holds an encrypted image, and imgtool --clear makes it: with its wrapped key, and the payload in the clear. */
static bool is_valid_in_clear(const ud_image_file_t *file, const ud_trust_t *trust, ud_image_info_t *info)
{
    ud_err_t reason = UD_ERR_INTERNAL;
    return ud_image_has(info, UD_IMAGE_ENCRYPTION) &&
           ud_image_verify_content(&file->source, info, trust, &reason) == UD_VERDICT_VALID;
}

/* Judges image and descriptor; `*has_descriptor` says whether there was one, `*in_clear` what stands there of an image
 * that devices encrypt.
 */
static ud_err_t judge(const ud_image_file_t *file, keys_t *keys, ud_image_info_t *info, bool *has_descriptor,
                      bool *in_clear)
{
    ud_descriptor_block_t block;
    ud_err_t reason = UD_ERR_INTERNAL;
    uint32_t size = (uint32_t)file->size;
    UD_TRY(ud_image_read(&file->source, size, info));
    choose_schemes(keys, ud_scheme_of(info));
    ud_trust_t trust = {.keys = keys->keys, .count = keys->count};
    ud_verdict_t verdict =
        keys->decrypts ? ud_image_verify_encrypted(&file->source, size, keys->decrypt_key, &trust, info, &reason)
                       : ud_image_verify(&file->source, size, &trust, info, &reason);
    *in_clear = (reason == UD_ERR_IMAGE_ENCRYPTED || reason == UD_ERR_IMAGE_HASH || reason == UD_ERR_IMAGE_SIGNATURE) &&
                is_valid_in_clear(file, &trust, info);
    if (verdict != UD_VERDICT_VALID && !*in_clear) {
        return reason;
    }
    ud_err_t err = ud_descriptor_find(&file->source, size, info, &block);
    *has_descriptor = err == UD_OK;
    if (err == UD_ERR_NOT_FOUND) {
        return UD_OK;
    }
    return err == UD_OK ? ud_descriptor_check(&file->source, info, &block, &trust) : err;
}

/* Why not, in words for a command line: the error list speaks of a server's keys and of devices. */
static const char *explain(ud_err_t reason, const ud_image_info_t *info, char text[160])
{
    char key_hash[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    if (reason == UD_ERR_IMAGE_KEY_UNKNOWN) {
        ud_hex_encode(info->key_hash, UD_SHA256_SIZE, key_hash);
        snprintf(text, 160, "The image (or its descriptor) is signed by none of the keys given; it names %.16s...",
                 key_hash);
        return text;
    }
    return reason == UD_ERR_IMAGE_ENCRYPTED ? "The image is encrypted; give the key that decrypts it: --decrypt-key."
                                            : ud_err_text(reason);
}

static ud_err_t tell_invalid(const char *path, ud_err_t reason, const ud_image_info_t *info)
{
    const char *kind = reason == UD_ERR_IMAGE_UNSIGNED ? ud_scheme_name(ud_scheme_of(info)) : NULL;
    char space[160];
    const char *text = explain(reason, info, space);
    if (ud_output_is_json()) {
        ud_output_json(json_pack("{s:b, s:s, s:s, s:s, s:s*}", "valid", 0, "file", path, "code", ud_err_code(reason),
                                 "message", text, "signature", kind));
        return reason;
    }
    ud_output_line(UD_STYLE_BAD, "invalid: %s: %s%s%s%s", path, text, kind != NULL ? " (Found: " : "",
                   kind != NULL ? kind : "", kind != NULL ? ".)" : "");
    return reason;
}

static void tell_valid(const char *path, const ud_image_info_t *info, bool has_descriptor, bool in_clear)
{
    const char *scheme = ud_scheme_name(ud_scheme_of(info));
    if (ud_output_is_json()) {
        json_t *json = ud_image_json(info);
        json_object_set_new(json, "valid", json_true());
        json_object_set_new(json, "file", json_string(path));
        json_object_set_new(json, "descriptor", json_boolean(has_descriptor));
        json_object_set_new(json, "clear", json_boolean(in_clear));
        ud_output_json(json);
        return;
    }
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    char key_hash[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    ud_version_format(&info->version, version);
    ud_hex_encode(info->key_hash, UD_SHA256_SIZE, key_hash);
    ud_output_line(UD_STYLE_GOOD, "valid: %s: version %s%s%s%s, %s key %.16s..., %s descriptor", path, version,
                   info->hardware[0] != '\0' ? " for " : "", info->hardware,
                   in_clear                                  ? ", for encryption but in the clear"
                   : ud_image_has(info, UD_IMAGE_ENCRYPTION) ? ", encrypted"
                                                             : "",
                   scheme, key_hash, has_descriptor ? "with" : "without");
}

static ud_err_t run(const ud_cli_call_t *call)
{
    keys_t keys;
    ud_image_file_t file;
    ud_image_info_t info = {0};
    bool has_descriptor = false;
    bool in_clear = false;
    UD_TRY(read_keys(call, &keys));
    UD_TRY(ud_image_file_open(&file, call->arguments[0]));
    ud_err_t reason = judge(&file, &keys, &info, &has_descriptor, &in_clear);
    if (reason == UD_OK) {
        tell_valid(file.path, &info, has_descriptor, in_clear);
    } else {
        reason = tell_invalid(file.path, reason, &info);
    }
    ud_image_file_close(&file);
    explicit_bzero(&keys, sizeof keys);
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
    .description =
        "Checks that an image is complete, that its content matches its hash, that one of the given keys\n"
        "signed it, and its descriptor if it has one; of an encrypted image with --decrypt-key, unless it\n"
        "was made with --clear. Ends with 0 only if all of that holds; otherwise one line says why not. The\n"
        "kinds of signature are those of 'updraft image sign'.",
    .examples = "  updraft image verify --key release-key.pub.pem app.signed.bin\n"
                "  updraft image verify -k 2025.pub.pem -k 2026.pub.pem --decrypt-key device.pem app.signed.bin\n",
    .run = run,
};
