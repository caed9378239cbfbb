/* MCUboot's trailer at the end of a file that fills a slot (imgtool --pad, --confirm): written and read.
 *
 *     | image | 0xFF ... | status of a swap | ... | copy done | image ok | magic, 16 bytes |      max_align bytes a field
 *
 * What the fields mean is in core/slot/trailer.h; a flag is set by one byte of 1. Of encrypted images two
 * keys lie between status and fields. Of swap info, copy done and image ok a padded file has image ok at most: the others
 * belong to the boot loader.
 */
#ifndef UD_CLI_IMAGE_TRAILER_H
#define UD_CLI_IMAGE_TRAILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* MCUboot's default of sectors in a slot, and the most that are taken. */
#define UD_IMAGE_TRAILER_SECTORS 128
#define UD_IMAGE_TRAILER_SECTORS_MAX 65536

typedef struct {
    uint32_t align;      /* bytes of a flash write: 1, 2, 4, 8, 16 or 32 */
    uint32_t max_align;  /* bytes of a field: 8, 16 or 32, not below align */
    uint32_t sectors;    /* of a slot */
    uint32_t key_size;   /* bytes of each of the two image keys, or of their TLVs, that a swap keeps there; 0: none */
    bool overwrite_only; /* MCUboot copies one way: there is no status of a swap, and no image ok */
} ud_image_trailer_form_t;

/* Bytes that the trailer takes of a slot, the status of a swap included. */
uint64_t ud_image_trailer_size(const ud_image_trailer_form_t *form);

/* Fills `slot` behind its first `used` bytes: the value of erased flash, image ok if `confirmed` and there is one, the
 * magic. The slot must hold `used` bytes and the trailer.
 */
void ud_image_trailer_write(const ud_image_trailer_form_t *form, uint8_t *slot, size_t slot_size, size_t used,
                            uint8_t erased, bool confirmed);

/* What a file's trailer says. */
typedef struct {
    uint32_t max_align; /* bytes, as the magic says */
    bool copy_done;
    bool image_ok;
} ud_image_trailer_t;

/* Reads the trailer at the end of a file whose image ends at `used`. False: there is none. */
bool ud_image_trailer_read(const uint8_t *file, size_t file_size, size_t used, ud_image_trailer_t *trailer);

#endif
