/* The cipher of MCUboot's images: ECIES over P-256, AES in counter mode (core/image/encrypted.h). */
#include "boot/cipher.h"
#include "core/base/assert.h"
#include "core/image/encrypted.h"

typedef struct {
    ud_image_info_t info;
    ud_aes_t aes;
} stream_t;

static ud_verdict_t verify(const uint8_t *decryption_key, const ud_image_source_t *source, uint32_t room, bool plain,
                           const ud_trust_t *trust, ud_image_info_t *info, ud_err_t *reason)
{
    if (!plain) {
        return ud_image_verify_encrypted(source, room, decryption_key, trust, info, reason);
    }
    *reason = ud_image_parse(source, room, info);
    return *reason == UD_OK ? ud_image_verify_content(source, info, trust, reason) : UD_VERDICT_INVALID;
}

static void apply(const void *context, uint32_t offset, void *data, size_t size)
{
    const stream_t *stream = context;
    ud_image_crypt(&stream->aes, &stream->info, offset, data, size);
}

/* The other images' errors show where they are verified. */
static ud_err_t open_stream(const uint8_t *decryption_key, const ud_image_source_t *image, uint32_t room,
                            stream_t *stream, ud_copy_filter_t *filter)
{
    UD_TRY(ud_image_parse(image, room, &stream->info));
    if (stream->info.encrypted) {
        UD_TRY(ud_image_unwrap_key(image, &stream->info, decryption_key, &stream->aes));
        *filter = (ud_copy_filter_t){apply, stream};
    }
    return UD_OK;
}

static ud_err_t with_keys(const uint8_t *decryption_key, const ud_image_source_t *images, size_t count, size_t coming,
                          uint32_t room, ud_copy_filter_t *filters, ud_err_t (*go)(void *context), void *context)
{
    stream_t streams[UD_CIPHER_IMAGES_MAX];
    ud_err_t err = UD_OK;
    for (size_t index = 0; index < count && err == UD_OK; index++) {
        ud_err_t opened = open_stream(decryption_key, &images[index], room, &streams[index], &filters[index]);
        err = index == coming && opened == UD_ERR_FLASH_READ ? opened : UD_OK;
    }
    err = err == UD_OK ? go(context) : err;
    ud_image_wipe(streams, sizeof streams);
    return err;
}

const ud_boot_cipher_t ud_boot_ecies_p256 = {.verify = verify, .with_keys = with_keys};
