/* Images in MCUboot's format: read, hash, verify (docs/device.md, "Image format").
 *
 *   offset 0          header_size         + payload_size      + protected_size
 *   | header | padding | payload           | protected TLVs    | TLVs                                   |
 *   |<------------- hashed and signed --------------------->|   hash, key hash, signature (not hashed) |
 *
 * One parser for boot, agent, server and tools: it reads through a callback, keeps nothing but ud_image_info_t (260
 * bytes), and stops at the first contradiction. It is stricter than imgtool: every area and entry must lie inside
 * its bound, sizes that are told twice must agree, hash, key hash and signature come once and outside the protected
 * area, and what decides about running an image (counter, dependencies, hardware id) counts only inside it.
 * Nothing here writes or waits. Stack: about 1 KB beside the crypto backend's.
 */
#ifndef UD_IMAGE_IMAGE_H
#define UD_IMAGE_IMAGE_H

#include "core/base/limits.h"
#include "core/base/verdict.h"
#include "core/image/source.h"
#include "core/image/version.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- format ----------------------------------------------------------------------------------------------------- */

#define UD_IMAGE_MAGIC 0x96F3B83Du
#define UD_IMAGE_HEADER_SIZE 32

/* Header flags. */
#define UD_IMAGE_FLAG_AES128 0x00000004u
#define UD_IMAGE_FLAG_AES256 0x00000008u
#define UD_IMAGE_FLAG_NON_BOOTABLE 0x00000010u
#define UD_IMAGE_FLAG_RAM_LOAD 0x00000020u
#define UD_IMAGE_FLAG_ROM_FIXED 0x00000100u
#define UD_IMAGE_FLAG_LZMA1 0x00000200u
#define UD_IMAGE_FLAG_LZMA2 0x00000400u

/* What signs an image. Only ECDSA P-256 is verified; the others are recognised. */
typedef enum {
    UD_IMAGE_SIGNATURE_NONE,
    UD_IMAGE_SIGNATURE_ECDSA_P256,
    UD_IMAGE_SIGNATURE_RSA_2048,
    UD_IMAGE_SIGNATURE_RSA_3072,
    UD_IMAGE_SIGNATURE_ED25519,
    UD_IMAGE_SIGNATURE_ECDSA_P384,
} ud_image_signature_kind_t;

/* The image asks for image number `image` to be at least of version `minimum`. */
typedef struct {
    uint8_t image;
    ud_version_t minimum;
} ud_image_dependency_t;

typedef struct {
    ud_version_t version;
    uint32_t header_size;    /* bytes; offset of the payload */
    uint32_t payload_size;   /* bytes */
    uint32_t protected_size; /* bytes of the protected TLV area, 0 if there is none */
    uint32_t total_size;     /* bytes of header, payload and all TLVs: where the image ends */
    uint32_t load_address;   /* with RAM_LOAD or ROM_FIXED */
    uint32_t flags;          /* UD_IMAGE_FLAG_* */
    bool encrypted;          /* the payload is; the hash is over its plain text */

    bool has_hash; /* false: hashed by something else than SHA-256 */
    uint8_t hash[UD_SHA256_SIZE];
    bool has_key_hash;
    uint8_t key_hash[UD_SHA256_SIZE]; /* SHA-256 of the signing key's SPKI; also from a full public key TLV */
    ud_image_signature_kind_t signature_kind;
    uint8_t signature[UD_P256_SIGNATURE_SIZE]; /* r then s; only with ECDSA_P256 */

    /* from the protected TLVs */
    bool has_security_counter;
    uint32_t security_counter;               /* 0 if there is none */
    char hardware[UD_HARDWARE_SIZE_MAX + 1]; /* empty if there is none (images of imgtool alone) */
    uint8_t dependency_count;
    ud_image_dependency_t dependencies[UD_IMAGE_DEPENDENCIES_MAX];
} ud_image_info_t;

/* A public key whose signatures are believed. */
typedef struct {
    uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE]; /* x then y */
    uint8_t key_hash[UD_SHA256_SIZE];            /* what images name it by: ud_trusted_key_init() */
} ud_trusted_key_t;

/* ---- functions -------------------------------------------------------------------------------------------------- */

/* Reads header and TLVs of the image at the start of an area (slot or file) of `area_size` bytes. Whatever follows the
 * image in the area is not looked at. Believes nothing: hash and signature are copied, not checked.
 * `info` is written only on success.
 * Errors: UD_ERR_IMAGE_MAGIC (no image), UD_ERR_IMAGE_TRUNCATED (runs past the area), UD_ERR_IMAGE_FORMAT, and whatever
 * the source's read returns.
 */
UD_MUST_USE ud_err_t ud_image_parse(const ud_image_source_t *source, uint32_t area_size, ud_image_info_t *info);

/* SHA-256 of header, payload and protected TLVs, read in pieces of UD_IMAGE_PIECE_SIZE, with progress after each.
 * For an encrypted image this is not the image hash: that is over the plain text. Errors: those of the source's read.
 */
UD_MUST_USE ud_err_t ud_image_hash(const ud_image_source_t *source, const ud_image_info_t *info,
                                   uint8_t digest[UD_SHA256_SIZE]);

/* Judges the image at the start of an area: format, hash over the content, key among the trusted ones, signature over
 * the hash that was computed (once). Security counter, hardware id, dependencies and the flags NON_BOOTABLE, RAM_LOAD
 * and ROM_FIXED are the caller's to judge.
 *
 * UD_VERDICT_VALID, `*reason` UD_OK; or UD_VERDICT_INVALID and why: the errors of ud_image_parse() and
 * ud_image_hash(), UD_ERR_IMAGE_ENCRYPTED, UD_ERR_UNSUPPORTED (compressed), UD_ERR_IMAGE_HASH, UD_ERR_IMAGE_UNSIGNED
 * (no signature, or none of a supported kind), UD_ERR_IMAGE_KEY_UNKNOWN, UD_ERR_IMAGE_SIGNATURE.
 * `info` is written as soon as the image parses, whatever the verdict.
 */
ud_verdict_t ud_image_verify(const ud_image_source_t *source, uint32_t area_size, const ud_trusted_key_t *keys,
                             size_t key_count, ud_image_info_t *info, ud_err_t *reason);

/* Judges a signature without the image: `signature` over `hash`, by the trusted key named `key_hash`. The agent does so
 * with what an offer carries, before it erases anything.
 * Reasons: UD_ERR_IMAGE_KEY_UNKNOWN, UD_ERR_IMAGE_SIGNATURE.
 */
ud_verdict_t ud_image_verify_signature(const uint8_t hash[UD_SHA256_SIZE], const uint8_t key_hash[UD_SHA256_SIZE],
                                       const uint8_t signature[UD_P256_SIGNATURE_SIZE], const ud_trusted_key_t *keys,
                                       size_t key_count, ud_err_t *reason);

/* Fills in a trusted key: copies the public key and computes the hash images name it by (SHA-256 of its SPKI in DER,
 * which `imgtool getpubhash` prints).
 */
void ud_trusted_key_init(ud_trusted_key_t *key, const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE]);

/* The key of that hash, or NULL. */
const ud_trusted_key_t *ud_trusted_key_find(const ud_trusted_key_t *keys, size_t key_count,
                                            const uint8_t key_hash[UD_SHA256_SIZE]);

#endif
