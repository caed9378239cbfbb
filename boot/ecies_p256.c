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

/* What else is wrong shows where the image is verified. */
static ud_err_t open_stream(const uint8_t *decryption_key, const ud_image_source_t *image, uint32_t room,
                            stream_t *stream, ud_copy_filter_t *filter)
{
    UD_TRY(ud_image_parse(image, room, &stream->info));
    if (ud_image_has(&stream->info, UD_IMAGE_ENCRYPTION)) {
        UD_TRY(ud_image_unwrap_key(image, &stream->info, decryption_key, &stream->aes));
        *filter = (ud_copy_filter_t){apply, stream};
    }
    return UD_OK;
}

static ud_err_t with_key(const uint8_t *decryption_key, const ud_image_source_t *image, uint32_t room,
                         ud_copy_filter_t *filter, ud_err_t (*go)(void *context), void *context)
{
    stream_t stream;
    ud_err_t err = open_stream(decryption_key, image, room, &stream, filter);
    err = err == UD_ERR_FLASH_READ ? err : go(context);
    ud_image_wipe(&stream, sizeof stream);
    return err;
}

/* ---- both images of a swap ------------------------------------------------------------------------------------------ */

/* One image in the chain of places, wherever the hole is. */
typedef struct {
    ud_port_t *port;
    uint32_t hole;
    uint32_t first; /* place of its first unit before an upgrade */
} link_t;

static ud_err_t read_link(void *context, uint32_t offset, void *data, size_t size)
{
    const link_t *link = context;
    uint32_t unit = ud_slot_unit_size(link->port);
    uint8_t *at = data;
    while (size > 0) {
        uint32_t index = link->first + 2 * (offset / unit);
        ud_place_t place = ud_copy_place(link->port, index <= link->hole ? index - 1 : index);
        uint32_t into = offset % unit;
        size_t piece = size < unit - into ? size : unit - into;
        UD_TRY(ud_port_flash_read(link->port, place.area, place.offset + into, at, piece));
        at += piece;
        offset += (uint32_t)piece;
        size -= piece;
    }
    return UD_OK;
}

static ud_err_t with_both_keys(const uint8_t *decryption_key, ud_port_t *port, const ud_slot_record_t *record,
                               ud_copy_filter_t filters[UD_CIPHER_IMAGES], ud_err_t (*go)(void *context), void *context)
{
    stream_t streams[UD_CIPHER_IMAGES];
    uint32_t room = record->units * ud_slot_unit_size(port);
    int coming = record->install == UD_INSTALL_UPGRADE ? UD_CIPHER_NEW : UD_CIPHER_BEFORE;
    ud_err_t err = UD_OK;
    for (int index = 0; index < UD_CIPHER_IMAGES && err == UD_OK; index++) {
        link_t link = {port, record->hole, index == UD_CIPHER_BEFORE ? 1 : 2};
        ud_image_source_t image = {.read = read_link, .context = &link};
        ud_err_t opened = open_stream(decryption_key, &image, room, &streams[index], &filters[index]);
        err = index == coming && opened == UD_ERR_FLASH_READ ? opened : UD_OK;
    }
    err = err == UD_OK ? go(context) : err;
    ud_image_wipe(streams, sizeof streams);
    return err;
}

const ud_boot_cipher_t ud_boot_ecies_p256 = {
    .verify = verify,
    .with_key = with_key,
    .with_both_keys = with_both_keys,
};
