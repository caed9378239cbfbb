#include "core/image/image.h"

ud_err_t ud_image_each(const ud_image_source_t *source, const ud_image_info_t *info,
                       void (*take)(void *context, const void *data, size_t size), void *context)
{
    uint8_t piece[UD_IMAGE_PIECE_SIZE];
    uint32_t total = ud_image_content_size(info);
    for (uint32_t offset = 0; offset < total; offset += sizeof piece) {
        uint32_t size = total - offset < sizeof piece ? total - offset : (uint32_t)sizeof piece;
        UD_TRY(source->read(source->context, offset, piece, size));
        take(context, piece, size);
    }
    return UD_OK;
}
