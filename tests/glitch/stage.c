/* Stages the image in slot B and resets: what the application before would have done. Runs unharmed, instead of boot_main.c. */
#include "core/image/image.h"
#include "core/slot/slot.h"
#include "ports/skeleton/port.h"

static ud_err_t read_spare(void *context, uint32_t offset, void *data, size_t size)
{
    const uint32_t *begin = context;
    return ud_port_flash_read(&ud_skeleton_port, UD_AREA_SLOT_B, *begin + offset, data, size);
}

int main(void)
{
    ud_journal_t journal;
    ud_image_info_t info;
    uint32_t begin = ud_slot_staging_offset(&BOARD_SLOTS, &ud_skeleton_port);
    ud_image_source_t source = {.read = read_spare, .context = &begin};
    uint32_t room = ud_port_area(&ud_skeleton_port, UD_AREA_SLOT_B)->size_bytes - begin;
    if (ud_slot_open(&journal, &ud_skeleton_port) == UD_OK && ud_image_parse(&source, room, &info) == UD_OK &&
        ud_slot_stage(&journal, info.hash) == UD_OK) {
        ud_port_reset(&ud_skeleton_port);
    }
    ud_port_recover(&ud_skeleton_port);
}
