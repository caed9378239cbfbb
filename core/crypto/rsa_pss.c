/* EMSA-PSS verification (RFC 8017, 9.1.2), its names and steps; the salt is as long as the digest.
 *
 * The encoded message EM has the size of the modulus and its highest bit clear: maskedDB, then H (32 bytes), then BC.
 * DB is zeros, 01, salt.
 */
#include "core/crypto/crypto.h"

#include <string.h>

#define SALT_SIZE UD_SHA256_SIZE
#define TRAILER 0xBC

/* XORs DB with MGF1 (RFC 8017, B.2.1) of H. A block's counter fits its last byte: DB has at most 11 blocks. */
static void unmask(uint8_t *db, size_t db_size, const uint8_t h[UD_SHA256_SIZE])
{
    uint8_t counter[4] = {0};
    for (size_t offset = 0; offset < db_size; offset += UD_SHA256_SIZE) {
        uint8_t mask[UD_SHA256_SIZE];
        ud_sha256_t hash;
        ud_sha256_init(&hash);
        ud_sha256_update(&hash, h, UD_SHA256_SIZE);
        ud_sha256_update(&hash, counter, sizeof counter);
        ud_sha256_final(&hash, mask);
        counter[3]++;
        for (size_t index = 0; index < sizeof mask && offset + index < db_size; index++) {
            db[offset + index] ^= mask[index];
        }
    }
}

static ud_verdict_t check_encoding(uint8_t *em, size_t em_size, const uint8_t digest[UD_SHA256_SIZE])
{
    static const uint8_t zeros[8];
    size_t db_size = em_size - UD_SHA256_SIZE - 1;
    size_t padding_size = db_size - SALT_SIZE - 1;
    const uint8_t *h = em + db_size;
    uint8_t expected[UD_SHA256_SIZE];
    ud_sha256_t hash;
    if (em[em_size - 1] != TRAILER || (em[0] & 0x80) != 0) {
        return UD_VERDICT_INVALID;
    }
    unmask(em, db_size, h);
    em[0] &= 0x7F;
    for (size_t index = 0; index < padding_size; index++) {
        if (em[index] != 0) {
            return UD_VERDICT_INVALID;
        }
    }
    if (em[padding_size] != 1) {
        return UD_VERDICT_INVALID;
    }
    ud_sha256_init(&hash);
    ud_sha256_update(&hash, zeros, sizeof zeros);
    ud_sha256_update(&hash, digest, UD_SHA256_SIZE);
    ud_sha256_update(&hash, em + padding_size + 1, SALT_SIZE);
    ud_sha256_final(&hash, expected);
    return ud_crypto_equal(h, expected, sizeof expected);
}

ud_verdict_t ud_rsa_pss_verify(const uint8_t *modulus, size_t modulus_size, uint32_t exponent,
                               const uint8_t digest[UD_SHA256_SIZE], const uint8_t *signature)
{
    uint8_t em[UD_RSA_3072_SIZE];
    if (modulus_size != UD_RSA_2048_SIZE && modulus_size != UD_RSA_3072_SIZE) {
        return UD_VERDICT_INVALID;
    }
    if ((modulus[0] & 0x80) == 0 || (modulus[modulus_size - 1] & 1) == 0 || exponent < 3 || (exponent & 1) == 0) {
        return UD_VERDICT_INVALID;
    }
    memcpy(em, signature, modulus_size);
    if (ud_rsa_public(modulus, modulus_size, exponent, em) != UD_VERDICT_VALID) {
        return UD_VERDICT_INVALID;
    }
    return check_encoding(em, modulus_size, digest);
}
