/* updraft key public: the half of a key that may be given away. */
#include "cli/file.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "core/base/hex.h"
#include "core/image/trusted.h"

#include <stdio.h>
#include <string.h>

#define PEM_SIZE 1024

static const ud_cli_option_t options[] = {
    {"out", 'o', "FILE", "where to write the public key; printed if not given"},
    {0},
};

static ud_err_t report(const ud_key_t *key, const char *pem, const char *path)
{
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE];
    ud_trusted_key_t trusted;
    char key_hash[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    ud_key_public(key, public_key);
    ud_trusted_key_init(&trusted, &ud_scheme_ecdsa_p256, public_key);
    ud_hex_encode(trusted.key_hash, sizeof trusted.key_hash, key_hash);
    if (ud_output_is_json()) {
        ud_output_json(
            json_pack("{s:s*, s:s, s:s, s:s}", "file", path, "type", "ecdsa-p256", "key_hash", key_hash, "pem", pem));
    } else if (path != NULL) {
        ud_output_field("Public key", "%s (ECDSA P-256)", path);
        ud_output_field("Key hash", "%s", key_hash);
    } else {
        fputs(pem, stdout);
    }
    return UD_OK;
}

static ud_err_t run(const ud_cli_call_t *call)
{
    const char *path = ud_cli_text(call, "out");
    ud_key_t *key = NULL;
    char pem[PEM_SIZE];
    size_t size = 0;
    UD_TRY(ud_cli_read_key(call->arguments[0], &key));
    ud_err_t err = ud_key_write_public_pem(key, pem, sizeof pem, &size);
    if (err != UD_OK) {
        err = ud_cli_fail(err, "the public key of '%s' could not be encoded", call->arguments[0]);
    } else if (path != NULL) {
        err = ud_cli_write_file(path, pem, size, 0644, UD_CLI_REPLACE);
    }
    err = err == UD_OK ? report(key, pem, path) : err;
    ud_key_destroy(key);
    return err;
}

const ud_cli_verb_t ud_verb_key_public = {
    .noun = "key",
    .verb = "public",
    .arguments = "KEY.pem",
    .argument_min = 1,
    .argument_max = 1,
    .options = options,
    .summary = "print the public half of a key",
    .description = "Prints the public key of a private (or public) key file as PEM. The public key goes into\n"
                   "bootloaders, onto servers and to whoever verifies; it cannot sign.",
    .examples = "  updraft key public release-key.pem --out release-key.pub.pem\n",
    .run = run,
};
