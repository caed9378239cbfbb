#include "cli/key_file.h"

#include "cli/file.h"
#include "cli/output.h"
#include "core/base/assert.h"
#include "core/image/sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSPHRASE_VARIABLE "UPDRAFT_KEY_PASSPHRASE"

/* The passphrase that the environment gives. False: none. */
static bool take_from_environment(char passphrase[UD_CLI_PASSWORD_SIZE])
{
    const char *value = getenv(PASSPHRASE_VARIABLE);
    if (value == NULL || value[0] == '\0' || strlen(value) >= UD_CLI_PASSWORD_SIZE) {
        return false;
    }
    memcpy(passphrase, value, strlen(value) + 1);
    return true;
}

static ud_err_t ask(const char *prompt, char passphrase[UD_CLI_PASSWORD_SIZE])
{
    return ud_cli_ask_terminal(prompt, "passphrase", "set " PASSPHRASE_VARIABLE, passphrase);
}

ud_err_t ud_cli_new_passphrase(char passphrase[UD_CLI_PASSWORD_SIZE])
{
    char again[UD_CLI_PASSWORD_SIZE];
    if (take_from_environment(passphrase)) {
        return UD_OK;
    }
    UD_TRY(ask("Passphrase of the new key", passphrase));
    UD_TRY(ask("Passphrase, again", again));
    bool same = strcmp(passphrase, again) == 0;
    explicit_bzero(again, sizeof again);
    return same ? UD_OK : ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "the two passphrases differ; no key was made");
}

static ud_err_t open_locked(const char *path, const char *pem, size_t size, ud_key_t **key, char *found)
{
    char passphrase[UD_CLI_PASSWORD_SIZE];
    char prompt[512];
    snprintf(prompt, sizeof prompt, "Passphrase of %s", path);
    if (!take_from_environment(passphrase)) {
        UD_TRY(ask(prompt, passphrase));
    }
    ud_err_t err = ud_key_read_locked_pem(pem, size, passphrase, key, found);
    explicit_bzero(passphrase, sizeof passphrase);
    return err == UD_ERR_KEY_FORMAT ? ud_cli_fail(err, "'%s' cannot be opened; found: %s", path, found) : err;
}

static ud_err_t read_pem(const char *path, const char *pem, size_t size, ud_key_t **key)
{
    char found[UD_KEY_FOUND_SIZE];
    if (ud_key_pem_is_locked(pem, size)) {
        return open_locked(path, pem, size, key, found);
    }
    ud_err_t err = ud_key_read_pem(pem, size, key, found);
    return err == UD_OK               ? UD_OK
           : err == UD_ERR_KEY_FORMAT ? ud_cli_fail(err, "'%s' holds no key that fits; found: %s", path, found)
                                      : ud_cli_fail(err, "the key in '%s' could not be taken over", path);
}

ud_err_t ud_cli_read_key(const char *path, ud_key_t **key)
{
    uint8_t *pem = NULL;
    size_t size = 0;
    UD_TRY(ud_cli_read_file(path, UD_KEY_PEM_SIZE_MAX, &pem, &size));
    ud_err_t err = read_pem(path, (const char *)pem, size, key);
    explicit_bzero(pem, size);
    free(pem);
    return err;
}

ud_err_t ud_cli_read_private_key(const char *path, const char *purpose, ud_key_t **key)
{
    ud_key_t *read = NULL;
    UD_TRY(ud_cli_read_key(path, &read));
    if (ud_key_is_private(read)) {
        *key = read;
        return UD_OK;
    }
    ud_key_destroy(read);
    return ud_cli_fail(UD_ERR_KEY_FORMAT, "'%s' is a public key; %s needs the private one", path, purpose);
}

const ud_image_scheme_t *ud_cli_scheme_of_key(const ud_key_t *key)
{
    const ud_image_scheme_t *scheme = NULL;
    ud_err_t err = ud_sign_scheme(ud_key_kind(key), 0, false, &scheme);
    UD_ASSERT(err == UD_OK);
    return scheme;
}

void ud_cli_key_hash(const ud_key_t *key, char text[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)])
{
    uint8_t raw[UD_KEY_RAW_SIZE_MAX];
    ud_trusted_key_t trusted;
    (void)ud_key_public_raw(key, raw);
    ud_trusted_key_init(&trusted, ud_cli_scheme_of_key(key), raw);
    ud_hex_encode(trusted.key_hash, sizeof trusted.key_hash, text);
}
