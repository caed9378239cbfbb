#include "server/door/operator_identity.h"

#include "core/crypto/crypto.h"

#include <sodium.h>
#include <string.h>

#define CSRF_PREFIX "updraft csrf "

_Static_assert(UD_OPERATOR_TOKEN_SIZE == sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
               "a token is 32 bytes in base64url");

void ud_operator_csrf(const char *token, char csrf[UD_OPERATOR_TOKEN_SIZE])
{
    uint8_t digest[UD_SHA256_SIZE];
    ud_sha256_t hash;
    ud_sha256_init(&hash);
    ud_sha256_update(&hash, CSRF_PREFIX, sizeof CSRF_PREFIX - 1);
    ud_sha256_update(&hash, token, strlen(token));
    ud_sha256_final(&hash, digest);
    sodium_bin2base64(csrf, UD_OPERATOR_TOKEN_SIZE, digest, sizeof digest, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool changes_something(const ud_exchange_t *exchange)
{
    const char *method = ud_exchange_method(exchange);
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

ud_err_t ud_operator_check_origin(ud_exchange_t *exchange)
{
    const char *origin = ud_exchange_header(exchange, "origin");
    const char *host = ud_exchange_header(exchange, "host");
    if (origin == NULL) {
        return UD_OK;
    }
    const char *authority = strstr(origin, "://");
    return authority != NULL && host != NULL && strcmp(authority + 3, host) == 0 ? UD_OK : UD_ERR_CSRF;
}

static ud_err_t check_csrf(ud_exchange_t *exchange, const char *token)
{
    char wanted[UD_OPERATOR_TOKEN_SIZE];
    const char *given = ud_exchange_header(exchange, "x-csrf-token");
    ud_operator_csrf(token, wanted);
    if (given == NULL || strlen(given) != sizeof wanted - 1 ||
        ud_crypto_equal(given, wanted, sizeof wanted - 1) != UD_VERDICT_VALID) {
        return UD_ERR_CSRF;
    }
    return ud_operator_check_origin(exchange);
}

ud_err_t ud_operator_identify(ud_exchange_t *exchange, uint8_t session[UD_SHA256_SIZE])
{
    const char *bearer = ud_exchange_bearer(exchange);
    const char *token = bearer != NULL ? bearer : ud_exchange_cookie(exchange, UD_OPERATOR_COOKIE);
    if (token == NULL) {
        return UD_ERR_UNAUTHENTICATED;
    }
    if (bearer == NULL && changes_something(exchange)) {
        UD_TRY(check_csrf(exchange, token));
    }
    ud_sha256(token, strlen(token), session);
    return UD_OK;
}
