/* P-256 on p256-m. Its arithmetic is used as it is; its p256_ecdsa_verify() is not, because there one branch decides in the
 * end: skipped by a glitch, a refusal becomes an approval. Here ud_crypto_equal() decides (docs/porting.md, "Glitches").
 */
#include "core/crypto/crypto.h"

#include <p256-m.c> /* NOLINT(bugprone-suspicious-include): for its static functions */

/* Steps 3 to 7 of SEC 1, 4.1.4, with the key (qx, qy): `r_again` becomes what r of a good signature is. It is 0, which no r
 * is, if there is no such point. All else is overwritten, but r.
 */
static void compute_r(const uint32_t r[8], uint32_t s[8], uint32_t qx[8], uint32_t qy[8],
                      const uint8_t digest[UD_SHA256_SIZE], uint8_t r_again[32])
{
    uint32_t u1[8];
    uint32_t u2[8];
    uint32_t y[8];
    m256_prep(s, &p256_n);
    m256_inv(s, s, &p256_n);
    ecdsa_m256_from_hash(u1, digest, UD_SHA256_SIZE);
    m256_mul(u1, u1, s, &p256_n);
    m256_done(u1, &p256_n);
    u256_cmov(u2, r, 1);
    m256_prep(u2, &p256_n);
    m256_mul(u2, u2, s, &p256_n);
    m256_done(u2, &p256_n);
    uint32_t *x = s;
    scalar_mult(x, y, qx, qy, u2);
    if (u256_diff0(u1) != 0) { /* scalar_mult() takes no zero */
        scalar_mult(qx, qy, p256_gx, p256_gy, u1);
        point_add_or_double_leaky(qx, qy, qx, qy, x, y);
        x = qx;
    }
    m256_done(x, &p256_p);
    ecdsa_m256_mod_n(x);
    u256_to_bytes(r_again, x);
}

ud_verdict_t ud_ecdsa_p256_verify(const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE],
                                  const uint8_t digest[UD_SHA256_SIZE], const uint8_t signature[UD_P256_SIGNATURE_SIZE])
{
    uint32_t r[8];
    uint32_t s[8];
    uint32_t qx[8];
    uint32_t qy[8];
    uint8_t r_again[32] = {0};
    if (scalar_from_bytes(r, signature) != 0 || scalar_from_bytes(s, signature + sizeof r_again) != 0 ||
        point_from_bytes(qx, qy, public_key) != 0) {
        return UD_VERDICT_INVALID;
    }
    compute_r(r, s, qx, qy, digest, r_again);
    return ud_crypto_equal(r_again, signature, sizeof r_again);
}

ud_verdict_t ud_ecdh_p256(const uint8_t private_key[UD_P256_PRIVATE_KEY_SIZE],
                          const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE], uint8_t secret[UD_P256_SECRET_SIZE])
{
    int status = p256_ecdh_shared_secret(secret, private_key, public_key);
    return status == P256_SUCCESS ? UD_VERDICT_VALID : UD_VERDICT_INVALID;
}
