#include "cli/image_trailer.h"

#include <string.h>

#define MAGIC_SIZE 16
#define ALIGN_MIN 8
#define ALIGN_MAX 32
#define FIELD_COUNT 4           /* swap size, swap info, copy done, image ok */
#define FIELD_COUNT_OVERWRITE 2 /* the last two */
#define STATUS_PER_SECTOR 3
#define KEY_COUNT 2
#define SET 1

/* The magic of fields of 8 bytes; any other begins with the size of a field and ends alike. */
static const uint8_t magic_of_8[MAGIC_SIZE] = {0x77, 0xC2, 0x95, 0xF3, 0x60, 0xD2, 0xEF, 0x7F,
                                               0x35, 0x52, 0x50, 0x0F, 0x2C, 0xB6, 0x79, 0x80};
static const uint8_t magic_end[MAGIC_SIZE - 2] = {0x2D, 0xE1, 0x5D, 0x29, 0x41, 0x0B, 0x8D,
                                                  0x77, 0x67, 0x9C, 0x11, 0x0F, 0x1F, 0x8A};

static size_t round_up(size_t size, size_t align)
{
    return (size + align - 1) / align * align;
}

/* Bytes from a field's start to the end of the slot; field 0 is image ok, 1 copy done. */
static size_t field_distance(uint32_t max_align, size_t field)
{
    return round_up(MAGIC_SIZE, max_align) + (field + 1) * max_align;
}

static void make_magic(uint32_t max_align, uint8_t magic[MAGIC_SIZE])
{
    memcpy(magic, magic_of_8, MAGIC_SIZE);
    if (max_align != ALIGN_MIN) {
        magic[0] = (uint8_t)max_align;
        magic[1] = 0;
        memcpy(magic + 2, magic_end, sizeof magic_end);
    }
}

uint64_t ud_image_trailer_size(const ud_image_trailer_form_t *form)
{
    if (form->overwrite_only) {
        return field_distance(form->max_align, FIELD_COUNT_OVERWRITE - 1);
    }
    return (uint64_t)form->sectors * STATUS_PER_SECTOR * form->align +
           KEY_COUNT * round_up(form->key_size, form->max_align) + field_distance(form->max_align, FIELD_COUNT - 1);
}

void ud_image_trailer_write(const ud_image_trailer_form_t *form, uint8_t *slot, size_t slot_size, size_t used,
                            uint8_t erased, bool confirmed)
{
    memset(slot + used, erased, slot_size - used);
    make_magic(form->max_align, slot + slot_size - MAGIC_SIZE);
    if (confirmed && !form->overwrite_only) {
        slot[slot_size - field_distance(form->max_align, 0)] = SET;
    }
}

bool ud_image_trailer_read(const uint8_t *file, size_t file_size, size_t used, ud_image_trailer_t *trailer)
{
    uint8_t magic[MAGIC_SIZE];
    for (uint32_t max_align = ALIGN_MIN; max_align <= ALIGN_MAX; max_align *= 2) {
        make_magic(max_align, magic);
        if (file_size - used < field_distance(max_align, FIELD_COUNT_OVERWRITE - 1) ||
            memcmp(file + file_size - MAGIC_SIZE, magic, MAGIC_SIZE) != 0) {
            continue;
        }
        *trailer = (ud_image_trailer_t){
            .max_align = max_align,
            .image_ok = file[file_size - field_distance(max_align, 0)] == SET,
            .copy_done = file[file_size - field_distance(max_align, 1)] == SET,
        };
        return true;
    }
    return false;
}
