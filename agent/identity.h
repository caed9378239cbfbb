/* Identity: what makes a device itself to the server, kept twice in UD_AREA_IDENTITY.
 *
 *     copy 0                         copy 1             each copy fills half of the area (whole sectors)
 *   | magic, generation, sizes, nonce (16), secret (32), token (0..512), CRC-32 |
 *
 * The copy of the higher generation counts. A change writes the other one, and only then the one that counted, and reads
 * both back: power may fail anywhere, in one save after another, and one whole copy remains. Both lost: the device draws a
 * new nonce and secret and registers afresh, which the server answers with "identity lost" or a new device, never a
 * takeover.
 * Secrets are read from flash when needed and never stay in RAM.
 */
#ifndef UD_AGENT_IDENTITY_H
#define UD_AGENT_IDENTITY_H

#include "core/base/err.h"
#include "core/base/limits.h"
#include "include/updraft/port.h"

#include <stdbool.h>
#include <stdint.h>

#define UD_IDENTITY_NONCE_SIZE 16
#define UD_IDENTITY_SECRET_SIZE 32

typedef struct {
    uint32_t generation; /* of the copy that counts; 0: there is none */
    uint16_t token_size; /* bytes */
    uint8_t copy;        /* 0 or 1 */
    bool worn;           /* the other copy is torn, older or unreadable */
} ud_identity_t;

typedef struct {
    uint8_t nonce[UD_IDENTITY_NONCE_SIZE];
    uint8_t secret[UD_IDENTITY_SECRET_SIZE];
} ud_identity_secrets_t;

/* A save under way. */
typedef struct {
    uint8_t pieces;  /* of the record in the buffer */
    uint8_t written; /* of them, in the present copy */
    uint8_t copy;    /* being written */
    uint8_t done;    /* copies that were tried */
} ud_identity_save_t;

/* Finds the copy that counts. UD_ERR_NOT_FOUND: there is none, `identity` says so too. Reads only. */
UD_MUST_USE ud_err_t ud_identity_open(ud_identity_t *identity, ud_port_t *port);

/* Reads nonce and secret. Errors: UD_ERR_NOT_FOUND, UD_ERR_FLASH_READ. */
UD_MUST_USE ud_err_t ud_identity_secrets(const ud_identity_t *identity, ud_port_t *port,
                                         ud_identity_secrets_t *secrets);

/* Reads the token as text; "" if there is none. Errors: UD_ERR_NOT_FOUND, UD_ERR_FLASH_READ. */
UD_MUST_USE ud_err_t ud_identity_token(const ud_identity_t *identity, ud_port_t *port,
                                       char token[UD_TOKEN_SIZE_MAX + 1]);

/* Composes the record to save into `buffer` (UD_IDENTITY_RECORD_SIZE_MAX bytes, aligned as a uint32_t, not overlapping
 * `token`): the present nonce and secret, or new ones if there are none, and `token`. Errors: UD_ERR_TOO_LARGE (more than
 * UD_TOKEN_SIZE_MAX), UD_ERR_INTERNAL (no randomness), UD_ERR_FLASH_READ.
 */
UD_MUST_USE ud_err_t ud_identity_save_begin(const ud_identity_t *identity, ud_port_t *port, const char *token,
                                            void *buffer, ud_identity_save_t *save);

/* Does the next program of the save, and the erase before it where a sector begins. UD_ERR_WOULD_BLOCK: call again; UD_OK:
 * at least one copy is in flash and `identity` is the new one. Errors: UD_ERR_FLASH_WRITE (neither copy took it; `identity`
 * stands if it can).
 */
UD_MUST_USE ud_err_t ud_identity_save_step(ud_identity_t *identity, ud_port_t *port, const void *buffer,
                                           ud_identity_save_t *save);

#endif
