/* Images in MCUboot's format: read, hash, verify (docs/device.md, "Image format").
 *
 *   offset 0          header_size         + payload_size      + protected_size
 *   | header | padding | payload           | protected TLVs    | TLVs                                   |
 *   |<------------- hashed and signed --------------------->|   hash, key hash, signature (not hashed) |
 *
 * One parser for boot, agent, server and tools: it reads through a callback, keeps nothing but ud_image_info_t (256
 * bytes; of long values only the place), and stops at the first contradiction. It is stricter than imgtool: every area
 * and entry must lie inside its bound, sizes that are told twice must agree, hash, key hash and signature come once and
 * outside the protected area, and what decides about running an image (counter, dependencies, hardware id, revoked keys)
 * counts only inside it.
 * Nothing here writes or waits. Stack: about 1 KB beside the crypto backend's.
 */
#ifndef UD_IMAGE_IMAGE_H
#define UD_IMAGE_IMAGE_H

#include "core/base/limits.h"
#include "core/base/span.h"
#include "core/base/verdict.h"
#include "core/image/scheme.h"
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

/* Where in an image the value of a TLV stands; type and size as they stand there. `type` 0: there is none. */
typedef struct {
    uint16_t type;
    uint16_t size;   /* bytes */
    uint32_t offset; /* bytes from the image's start */
} ud_image_tlv_t;

/* What a TLV says: the index of ud_image_info_t.tlvs. Each comes once at most, but dependencies. */
typedef enum {
    UD_IMAGE_HASH,       /* SHA-256, SHA-384 or SHA-512; always there */
    UD_IMAGE_KEY,        /* the key's hash, or the key */
    UD_IMAGE_SIGNATURE,  /* kind and size; believed by nobody yet */
    UD_IMAGE_PURE,       /* the content itself is signed, not its hash */
    UD_IMAGE_ENCRYPTION, /* the wrapped key: the payload is encrypted, the hash is over its plain text */
    UD_IMAGE_COUNTER,    /* from here on in the protected TLVs only */
    UD_IMAGE_DEPENDENCY, /* the last of them */
    UD_IMAGE_HARDWARE,
    UD_IMAGE_REVOKED, /* key hashes, one behind the other: ud_trust_named() */
    UD_IMAGE_TLV_COUNT
} ud_image_entry_t;

/* The image asks for image number `image` to be at least of version `minimum`; as it stands in the TLV, little-endian. */
typedef struct {
    uint8_t image;
    ud_version_t minimum;
} ud_image_dependency_t;

typedef struct ud_image_info {
    /* the header, as it stands in the image, little-endian */
    uint32_t magic;
    uint32_t load_address;   /* with RAM_LOAD or ROM_FIXED */
    uint16_t header_size;    /* bytes; offset of the payload */
    uint16_t protected_size; /* bytes of the protected TLV area, 0 if there is none */
    uint32_t payload_size;   /* bytes */
    uint32_t flags;          /* UD_IMAGE_FLAG_* */
    ud_version_t version;

    uint32_t total_size; /* bytes of header, payload and all TLVs: where the image ends; 0: no image */

    ud_image_tlv_t tlvs[UD_IMAGE_TLV_COUNT];
    uint32_t security_counter;    /* 0 if there is none */
    uint8_t hash[UD_SHA256_SIZE]; /* the image hash, which names the image; of a longer one the first 32 bytes */
    /* what names the key: of a longer hash the first 32 bytes, but the trusted key's own once ud_image_verify() was good */
    uint8_t key_hash[UD_SHA256_SIZE];
    ud_image_dependency_t dependencies[UD_IMAGE_DEPENDENCIES_MAX];
    char hardware[UD_HARDWARE_SIZE_MAX + 1]; /* empty if there is none (images of imgtool alone) */
    uint8_t dependency_count;
    uint8_t pure; /* 1 with UD_IMAGE_PURE, otherwise 0 */
} ud_image_info_t;

/* True if the image has such a TLV. */
static inline bool ud_image_has(const ud_image_info_t *info, ud_image_entry_t entry)
{
    return info->tlvs[entry].type != 0;
}

/* ---- trust ------------------------------------------------------------------------------------------------------ */

/* A public key whose signatures are believed, of one scheme. A product has a constant table of them (updraft key public
 * prints its rows); hosts make them with ud_trusted_key_init() (core/image/trusted.h).
 */
typedef struct ud_trusted_key {
    const ud_image_scheme_t *scheme;
    const uint8_t *public_key;        /* scheme->public_key_size bytes, in the form that scheme.h states */
    uint8_t key_hash[UD_SHA256_SIZE]; /* what images name it by: SHA-256 of the key in DER, see core/image/trusted.h */
} ud_trusted_key_t;

/* The keys that are believed now: a table, and which of its rows are revoked. The order of the table is rank: an image may
 * revoke keys behind the one that signed it, so the first key is never revoked by an image, and no key revokes itself
 * (docs/decisions/0009).
 */
typedef struct {
    const ud_trusted_key_t *keys;
    size_t count;     /* of rows; those behind the first UD_TRUSTED_KEYS_MAX count as revoked */
    uint32_t revoked; /* bit i: keys[i] is no longer believed */
} ud_trust_t;

/* The key of that hash, or NULL; revoked or not. */
const ud_trusted_key_t *ud_trust_find(const ud_trust_t *trust, const uint8_t key_hash[UD_SHA256_SIZE]);

/* The rows whose key_hash begins with these `size` bytes (16 to 32), as in ud_trust_t.revoked. */
uint32_t ud_trust_rows(const ud_trust_t *trust, const uint8_t *key_hash, size_t size);

/* Revokes the rows of ud_trust_rows(). For what a port's hook or the journal says, which has no rank. */
void ud_trust_revoke(ud_trust_t *trust, const uint8_t *key_hash, size_t size);

/* The keys that an image names in its revocation TLV and that stand, with all their rows, behind its own key: bits as in
 * ud_trust_t.revoked, where they belong once an image is confirmed that was verified. `info` is what ud_image_verify() gave.
 * 0 also if the source cannot be read: ask again at the next start.
 */
uint32_t ud_trust_named(const ud_trust_t *trust, const ud_image_source_t *source, const ud_image_info_t *info);

/* ---- functions -------------------------------------------------------------------------------------------------- */

/* Reads header and TLVs of the image at the start of an area (slot or file) of `area_size` bytes. Whatever follows the
 * image in the area is not looked at. Believes nothing: hash and signature are taken down, not checked.
 * On failure `info` is all zeros.
 * Errors: UD_ERR_IMAGE_MAGIC (no image), UD_ERR_IMAGE_TRUNCATED (runs past the area), UD_ERR_IMAGE_FORMAT, and whatever
 * the source's read returns.
 */
UD_MUST_USE ud_err_t ud_image_parse(const ud_image_source_t *source, uint32_t area_size, ud_image_info_t *info);

/* Bytes of header, payload and protected TLVs: what is hashed and signed; of an encrypted image, its plain text. */
static inline uint32_t ud_image_content_size(const ud_image_info_t *info)
{
    return info->header_size + info->payload_size + info->protected_size;
}

/* Hands over the content in pieces of at most UD_IMAGE_PIECE_SIZE, for hashes of other kinds.
 * Errors: those of the source's read.
 */
UD_MUST_USE ud_err_t ud_image_each(const ud_image_source_t *source, const ud_image_info_t *info,
                                   void (*take)(void *context, const void *data, size_t size), void *context);

/* True if the image's hardware id is that one, to the last byte; one without an id is for "" alone. */
bool ud_image_is_for(const ud_image_info_t *info, const char *hardware);

/* SHA-256 of `size` bytes from `offset` on, read in pieces of at most UD_IMAGE_PIECE_SIZE. Errors: those of the source's
 * read.
 */
UD_MUST_USE ud_err_t ud_image_hash(const ud_image_source_t *source, uint32_t offset, uint32_t size,
                                   uint8_t digest[UD_SHA256_SIZE]);

/* Judges the image at the start of an area: format, key among the trusted ones, hash over the content, signature by the
 * key's scheme (computed once, its verdict compared twice). Security counter, hardware id, dependencies and the flags
 * NON_BOOTABLE, RAM_LOAD and ROM_FIXED are the caller's to judge.
 *
 * UD_VERDICT_VALID, `*reason` UD_OK; or UD_VERDICT_INVALID and why: the errors of ud_image_parse() and
 * ud_image_hash(), UD_ERR_IMAGE_ENCRYPTED (see core/image/encrypted.h), UD_ERR_UNSUPPORTED (compressed),
 * UD_ERR_IMAGE_UNSIGNED (no signature, or none that says by whom), UD_ERR_IMAGE_KEY_UNKNOWN (no trusted key of that name
 * and kind of signature), UD_ERR_KEY_REVOKED, UD_ERR_IMAGE_HASH, UD_ERR_IMAGE_SIGNATURE.
 * `info` is what ud_image_parse() gives, but for the key hash of a valid image: that of the key that verified it.
 */
ud_verdict_t ud_image_verify(const ud_image_source_t *source, uint32_t area_size, const ud_trust_t *trust,
                             ud_image_info_t *info, ud_err_t *reason);

/* The part of ud_image_verify() behind the parser, for an image whose plain text `source` gives whether it is encrypted or
 * not: reasons as there, but for UD_ERR_IMAGE_ENCRYPTED and the parser's.
 */
ud_verdict_t ud_image_verify_content(const ud_image_source_t *source, ud_image_info_t *info, const ud_trust_t *trust,
                                     ud_err_t *reason);

/* Judges a raw signature over a SHA-256 digest by the trusted key named `key_hash`: of a descriptor; or of an image hash,
 * before the image is there, unless the key's scheme is pure.
 * Reasons: UD_ERR_IMAGE_KEY_UNKNOWN, UD_ERR_KEY_REVOKED, UD_ERR_IMAGE_SIGNATURE.
 */
ud_verdict_t ud_trust_verify(const ud_trust_t *trust, const uint8_t key_hash[UD_SHA256_SIZE],
                             const uint8_t digest[UD_SHA256_SIZE], ud_span_t signature, ud_err_t *reason);

#endif
