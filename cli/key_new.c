/* updraft key new: a signing key for firmware. */
#include "cli/file.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "core/base/hex.h"
#include "core/image/trusted.h"

#include <string.h>

#define DEFAULT_FILE "key.pem"
#define PEM_SIZE 1024

static const ud_cli_option_t options[] = {
    {"out", 'o', "FILE", "where to write the private key; " DEFAULT_FILE " if not given"},
    {0},
};

static ud_err_t write_key(const ud_key_t *key, const char *path)
{
    char pem[PEM_SIZE];
    size_t size = 0;
    ud_err_t err = ud_key_write_private_pem(key, pem, sizeof pem, &size);
    err = err == UD_OK ? ud_cli_write_file(path, pem, size, 0600, UD_CLI_CREATE_NEW)
                       : ud_cli_fail(err, "the new key could not be encoded");
    explicit_bzero(pem, sizeof pem);
    return err;
}

static void report(const ud_key_t *key, const char *path)
{
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
    ud_trusted_key_t trusted;
    char key_hash[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    ud_key_public(key, public_key);
    ud_trusted_key_init(&trusted, &ud_scheme_ecdsa_p256, public_key);
    ud_hex_encode(trusted.key_hash, sizeof trusted.key_hash, key_hash);
    if (ud_output_is_json()) {
        ud_output_json(json_pack("{s:s, s:s, s:s}", "file", path, "type", "ecdsa-p256", "key_hash", key_hash));
        return;
    }
    ud_output_field("Private key", "%s (ECDSA P-256, readable by you alone)", path);
    ud_output_field("Key hash", "%s", key_hash);
    ud_output_line(UD_STYLE_OFF, "Keep it off servers and out of repositories. Give away only the public key:");
    ud_output_line(UD_STYLE_OFF, "  updraft key public %s --out key.pub.pem", path);
}

static ud_err_t run(const ud_cli_call_t *call)
{
    const char *path = ud_cli_text(call, "out");
    path = path != NULL ? path : DEFAULT_FILE;
    ud_key_t *key = NULL;
    ud_err_t err = ud_key_generate(&key);
    if (err != UD_OK) {
        return ud_cli_fail(err, "no key could be made: the system's randomness or OpenSSL failed");
    }
    err = write_key(key, path);
    if (err == UD_OK) {
        report(key, path);
    }
    ud_key_destroy(key);
    return err;
}

const ud_cli_verb_t ud_verb_key_new = {
    .noun = "key",
    .verb = "new",
    .arguments = "",
    .options = options,
    .summary = "make a private key for signing firmware",
    .description = "Makes an ECDSA P-256 key pair and writes it as a PEM file (PKCS#8, not encrypted) that only\n"
                   "you may read. An existing file is never overwritten. imgtool reads the file too.",
    .examples = "  updraft key new --out release-key.pem\n",
    .run = run,
};
