/* Making signed images, byte for byte as imgtool lays them out. Hosts only; the caller owns every buffer. */
#ifndef UD_IMAGE_SIGN_H
#define UD_IMAGE_SIGN_H

#include "core/crypto/key.h"
#include "core/image/image.h"

typedef struct {
    ud_version_t version;
    const char *hardware;      /* 1 to UD_HARDWARE_SIZE_MAX bytes of UTF-8, or NULL: none */
    bool has_security_counter; /* a protected TLV says... */
    uint32_t security_counter; /* ...this */
    uint32_t header_size;      /* bytes, 32 to 65535: where the payload begins, multiple of 4 */
    bool pad_header;           /* true: the header is put in front; false: the input begins with header_size zeros */
    bool has_rom_address;      /* ROM_FIXED: the image runs only at... */
    uint32_t rom_address;      /* ...this address */
    const ud_image_dependency_t *dependencies;
    size_t dependency_count; /* 0 to UD_IMAGE_DEPENDENCIES_MAX */
} ud_sign_options_t;

/* The security counter imgtool derives from a version for "auto": major, minor and revision as one number. */
uint32_t ud_sign_auto_counter(const ud_version_t *version);

/* Bytes that the result may need at most, descriptor block included. */
size_t ud_sign_size_max(const ud_sign_options_t *options, size_t input_size);

/* Signs `input` into `image` (capacity as above); `*size` is the image's size and `info` what ud_image_parse() reads
 * in it. Errors: UD_ERR_INVALID_ARGUMENT (an option out of its range; input empty, or not beginning with header_size
 * zeros when pad_header is false), UD_ERR_TOO_LARGE (past 32 bits), UD_ERR_BUFFER_TOO_SMALL, UD_ERR_KEY_FORMAT (no
 * private key), UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_sign_image(const ud_sign_options_t *options, const ud_key_t *key, const uint8_t *input,
                                   size_t input_size, uint8_t *image, size_t capacity, size_t *size,
                                   ud_image_info_t *info);

/* Appends the descriptor block with a signed root for each of ud_chunk_sizes; `*size` grows by it.
 * Errors: UD_ERR_BUFFER_TOO_SMALL, UD_ERR_KEY_FORMAT, UD_ERR_INTERNAL.
 */
UD_MUST_USE ud_err_t ud_sign_descriptor(const ud_image_info_t *info, const ud_key_t *key, uint8_t *image,
                                        size_t capacity, size_t *size);

#endif
