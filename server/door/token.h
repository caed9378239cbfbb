/* Device tokens: JWTs signed with ES256 (RFC 7519, RFC 7518 section 3.4) by a key of the server's own.
 *
 *     {"alg":"ES256","typ":"JWT","kid":"3f9a1c20"} . {"sub":"gw-17","gen":3,"iat":1795386667,"exp":1795991467} . r s
 *
 * The key is made at the first start and kept in the data folder (token.key, mode 0600); a lost key only makes devices ask
 * for new tokens with their refresh credentials. `gen` is compared with the device's live state on each request by the engine,
 * so that one write revokes. Verifying costs about 50 us; tokens that were found good are remembered by their SHA-256.
 */
#ifndef UD_DOOR_TOKEN_H
#define UD_DOOR_TOKEN_H

#include "core/base/err.h"
#include "core/base/limits.h"
#include "server/domain/limits.h"

#include <stdint.h>

typedef struct ud_token_key ud_token_key_t;

typedef struct {
    char device_id[UD_DEVICE_ID_SIZE_MAX + 1];
    uint32_t generation;
    int64_t expires_s; /* since 1970 in UTC */
} ud_token_claims_t;

/* Reads the key from `folder`/token.key, or makes it there. Errors: UD_ERR_FILE_READ, UD_ERR_FILE_WRITE, UD_ERR_KEY_FORMAT
 * (the file holds something else), UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_token_key_open(const char *folder, ud_token_key_t **key);

/* NULL is allowed. */
void ud_token_key_close(ud_token_key_t *key);

/* Writes a token for a device of valid id, good from `now_s` for `lifetime_s` seconds. From any thread.
 * Errors: UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_token_issue(const ud_token_key_t *key, const char *device_id, uint32_t generation,
                                    int64_t now_s, uint32_t lifetime_s, char token[UD_TOKEN_SIZE_MAX + 1]);

/* Checks a token's form, signature and time. From any thread. Errors: UD_ERR_UNAUTHENTICATED (not a token of this server),
 * UD_ERR_TOKEN_EXPIRED (one that was good until `expires_s`; `claims` is written then, too).
 */
UD_MUST_USE ud_err_t ud_token_verify(ud_token_key_t *key, const char *token, int64_t now_s, ud_token_claims_t *claims);

#endif
