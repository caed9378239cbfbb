/* updraft key new: a signing key for firmware. */
#include "cli/file.h"
#include "cli/key_file.h"
#include "cli/output.h"
#include "cli/verbs.h"

#include <string.h>

#define DEFAULT_FILE "key.pem"

static const ud_cli_option_t options[] = {
    {"type", 't', "TYPE",
     "kind of key: ecdsa-p256 (the default), ecdsa-p384 (images for other\n"
     "boot loaders; no device of Updraft's verifies it), rsa-2048, rsa-3072,\n"
     "ed25519"},
    {"out", 'o', "FILE", "where to write the private key; " DEFAULT_FILE " if not given"},
    {"password", 'p', NULL,
     "encrypt the file with a passphrase, which is asked for, or taken from\n"
     "the environment variable UPDRAFT_KEY_PASSPHRASE"},
    {0},
};

static ud_err_t read_type(const ud_cli_call_t *call, ud_key_kind_t *kind)
{
    const char *name = ud_cli_text(call, "type");
    *kind = UD_KEY_ECDSA_P256;
    if (name == NULL || ud_key_kind_find(name, kind) == UD_OK) {
        return UD_OK;
    }
    return ud_cli_fail(UD_ERR_INVALID_ARGUMENT,
                       "--type is '%s'; give ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072 or ed25519%s", name,
                       strcmp(name, "x25519") == 0 ? ": an image is encrypted for an ecdsa-p256 key" : "");
}

static ud_err_t write_key(const ud_key_t *key, const char *passphrase, const char *path)
{
    char pem[UD_KEY_PEM_WRITTEN_SIZE_MAX];
    size_t size = 0;
    ud_err_t err = ud_key_write_locked_pem(key, passphrase, pem, sizeof pem, &size);
    err = err == UD_OK ? ud_cli_write_file(path, pem, size, 0600, UD_CLI_CREATE_NEW)
                       : ud_cli_fail(err, "the new key could not be encoded");
    explicit_bzero(pem, sizeof pem);
    return err;
}

static void report(const ud_key_t *key, bool encrypted, const char *path)
{
    char key_hash[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    ud_key_kind_t kind = ud_key_kind(key);
    ud_cli_key_hash(key, key_hash);
    if (ud_output_is_json()) {
        ud_output_json(json_pack("{s:s, s:s, s:s, s:b}", "file", path, "type", ud_key_kind_name(kind), "key_hash",
                                 key_hash, "encrypted", (int)encrypted));
        return;
    }
    ud_output_field("Private key", "%s (%s, %sreadable by you alone)", path, ud_key_kind_title(kind),
                    encrypted ? "encrypted, " : "");
    ud_output_field("Key hash", "%s", key_hash);
    ud_output_line(UD_STYLE_OFF, "Keep it off servers and out of repositories. Give away only the public key:");
    ud_output_line(UD_STYLE_OFF, "  updraft key public %s --out key.pub.pem", path);
}

static ud_err_t make(ud_key_kind_t kind, const char *passphrase, const char *path)
{
    ud_key_t *key = NULL;
    ud_err_t err = ud_key_generate_kind(kind, &key);
    if (err != UD_OK) {
        return ud_cli_fail(err, "no key could be made: the system's randomness or OpenSSL failed");
    }
    err = write_key(key, passphrase, path);
    if (err == UD_OK) {
        report(key, passphrase != NULL, path);
    }
    ud_key_destroy(key);
    return err;
}

static ud_err_t run(const ud_cli_call_t *call)
{
    const char *path = ud_cli_text(call, "out");
    ud_key_kind_t kind;
    char passphrase[UD_CLI_PASSWORD_SIZE];
    bool encrypted = ud_cli_flag(call, "password");
    UD_TRY(read_type(call, &kind));
    if (encrypted) {
        UD_TRY(ud_cli_new_passphrase(passphrase));
    }
    ud_err_t err = make(kind, encrypted ? passphrase : NULL, path != NULL ? path : DEFAULT_FILE);
    explicit_bzero(passphrase, sizeof passphrase);
    return err;
}

const ud_cli_verb_t ud_verb_key_new = {
    .noun = "key",
    .verb = "new",
    .arguments = "",
    .options = options,
    .summary = "make a private key for signing firmware",
    .description = "Makes a key pair and writes it as a PEM file (PKCS#8) that only you may read. An existing file is\n"
                   "never overwritten. imgtool reads the file too. To decrypt images, devices need an ecdsa-p256 key\n"
                   "of its own: never sign with that one.",
    .examples = "  updraft key new --out release-key.pem\n"
                "  updraft key new --type ed25519 --password --out release-key.pem\n",
    .run = run,
};
