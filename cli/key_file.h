/* Key files: read with their passphrase, and how people are told about keys. */
#ifndef UD_CLI_KEY_FILE_H
#define UD_CLI_KEY_FILE_H

#include "cli/password.h"
#include "core/base/hex.h"
#include "core/crypto/key.h"
#include "core/image/trusted.h"

/* Reads a key from a PEM file, private or public; the caller destroys it. The passphrase of an encrypted one is taken from
 * UPDRAFT_KEY_PASSPHRASE or asked for at the terminal. The user has been told about any error.
 * Errors: those of ud_cli_read_file(), UD_ERR_KEY_FORMAT, UD_ERR_INVALID_ARGUMENT (nobody to ask).
 */
UD_MUST_USE ud_err_t ud_cli_read_key(const char *path, ud_key_t **key);

/* The same of a private key; a public one is UD_ERR_KEY_FORMAT. `purpose` completes "... needs the private one": "signing".
 */
UD_MUST_USE ud_err_t ud_cli_read_private_key(const char *path, const char *purpose, ud_key_t **key);

/* Takes a passphrase for a new key: from UPDRAFT_KEY_PASSPHRASE, or twice from the terminal. The user has been told about
 * any error. Errors: UD_ERR_INVALID_ARGUMENT.
 */
UD_MUST_USE ud_err_t ud_cli_new_passphrase(char passphrase[UD_CLI_PASSWORD_SIZE]);

/* The scheme by which the key signs unless it is told otherwise. */
const ud_image_scheme_t *ud_cli_scheme_of_key(const ud_key_t *key);

/* The hash that images name the key by, as hexadecimal digits. */
void ud_cli_key_hash(const ud_key_t *key, char text[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)]);

#endif
