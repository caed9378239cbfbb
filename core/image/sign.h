/* Making signed images, byte for byte as imgtool lays them out. Hosts only; the caller owns every buffer. */
#ifndef UD_IMAGE_SIGN_H
#define UD_IMAGE_SIGN_H

#include "core/crypto/key.h"
#include "core/image/image.h"
#include "core/image/trusted.h"

/* A protected TLV of the caller's own. */
typedef struct {
    uint16_t type; /* low byte A0 to FF, and none of ours */
    uint16_t size; /* bytes */
    const void *value;
} ud_sign_tlv_t;

#define UD_SIGN_TLVS_MAX 16

/* True if a TLV of the caller's own may have this type: not those that Updraft uses or keeps free. */
bool ud_sign_tlv_is_free(uint32_t type);

typedef struct {
    ud_version_t version;
    const char *hardware;      /* 1 to UD_HARDWARE_SIZE_MAX bytes of UTF-8, or NULL: none */
    bool has_security_counter; /* a protected TLV says... */
    uint32_t security_counter; /* ...this */
    uint32_t header_size;      /* bytes, 32 to 65535: where the payload begins, multiple of 4 */
    bool pad_header;           /* true: the header is put in front; false: the input begins with header_size zeros */
    bool erased_is_zero;       /* the header is filled up with 0x00, not 0xFF; with pad_header only */
    bool has_rom_address;      /* ROM_FIXED: the image runs only at... */
    uint32_t rom_address;      /* ...this address */
    bool has_load_address;     /* RAM_LOAD: the image is moved to... */
    uint32_t load_address;     /* ...this address; not together with a ROM address */
    bool non_bootable;         /* the flag NON_BOOTABLE */
    const ud_image_dependency_t *dependencies;
    size_t dependency_count;                  /* 0 to UD_IMAGE_DEPENDENCIES_MAX */
    const uint8_t (*revoked)[UD_SHA256_SIZE]; /* key hashes (ud_trusted_key_init) that are no longer to be believed */
    size_t revoked_count;                     /* 0 to UD_IMAGE_REVOKED_MAX */
    const ud_sign_tlv_t *tlvs;
    size_t tlv_count; /* 0 to UD_SIGN_TLVS_MAX */

    const ud_image_scheme_t *scheme; /* of ud_sign_scheme(); NULL: the usual one of the key's kind */
    bool full_public_key;            /* the image carries its public key instead of the key's hash */

    const ud_key_t *encrypt_for; /* public key (ECDSA P-256) of whoever is to decrypt it, or NULL */
    uint32_t encrypt_key_size;   /* bytes: 16 (AES-128) or 32 (AES-256); with encrypt_for only */
} ud_sign_options_t;

/* The security counter imgtool derives from a version for "auto": major, minor and revision as one number. */
uint32_t ud_sign_auto_counter(const ud_version_t *version);

/* The scheme by which a kind of key signs with a hash of `sha_bits` (256, 384, 512; 0: the usual), as imgtool allows it:
 * ECDSA P-256 and RSA with 256, ECDSA P-384 with 384, Ed25519 with 256 or 512, pure Ed25519 with 512.
 * Errors: UD_ERR_INVALID_ARGUMENT (the two do not go together).
 */
UD_MUST_USE ud_err_t ud_sign_scheme(ud_key_kind_t kind, uint32_t sha_bits, bool pure, const ud_image_scheme_t **scheme);

/* Bytes that the result may need at most with any key, descriptor block included. */
size_t ud_sign_size_max(const ud_sign_options_t *options, size_t input_size);

/* Signs `input` into `image` (capacity as above); `*size` is the image's size and `info` what ud_image_parse() reads
 * in it. With encrypt_for the payload is filled up with zeros to a whole AES block, as by imgtool, and encrypted under a
 * fresh key.
 * Errors: UD_ERR_INVALID_ARGUMENT (an option out of its range; an image that revokes the key it is signed with; a scheme
 * that is not of the key's kind; input empty, or not beginning with header_size zeros when pad_header is false),
 * UD_ERR_TOO_LARGE (past 32 bits), UD_ERR_BUFFER_TOO_SMALL, UD_ERR_KEY_FORMAT (no private key; encrypt_for not P-256),
 * UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_sign_image(const ud_sign_options_t *options, const ud_key_t *key, const uint8_t *input,
                                   size_t input_size, uint8_t *image, size_t capacity, size_t *size,
                                   ud_image_info_t *info);

/* Signs a SHA-256 digest; `signature` is raw (core/image/scheme.h).
 * Errors: UD_ERR_KEY_FORMAT (no private key), UD_ERR_INVALID_ARGUMENT (a kind that signs other digests), UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_sign_raw(const ud_key_t *key, const uint8_t digest[UD_SHA256_SIZE], ud_signature_t *signature);

/* Appends the descriptor block with a signed root for each of ud_chunk_sizes; `*size` grows by it.
 * Errors: UD_ERR_BUFFER_TOO_SMALL, UD_ERR_KEY_FORMAT, UD_ERR_UNSUPPORTED (no device believes keys of this kind),
 * UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_sign_descriptor(const ud_image_info_t *info, const ud_key_t *key, uint8_t *image,
                                        size_t capacity, size_t *size);

#endif
