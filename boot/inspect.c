#include "boot/inspect.h"

#include "boot/cipher.h"
#include "boot/window.h"
#include "core/image/dependency.h"

#include <string.h>

/* Images that another loader must unpack, move to RAM, or never start. */
#define FLAGS_REFUSED (UD_IMAGE_FLAG_NON_BOOTABLE | UD_IMAGE_FLAG_RAM_LOAD | UD_IMAGE_FLAG_LZMA1 | UD_IMAGE_FLAG_LZMA2)

/* Images of imgtool alone carry no hardware id: the key decides then. */
static bool is_for(const char *hardware, const ud_image_info_t *info)
{
    return info->hardware[0] == '\0' || strcmp(info->hardware, hardware) == 0;
}

static ud_err_t judge(const ud_boot_config_t *config, ud_area_t area, const ud_image_info_t *info, uint32_t counter)
{
    if ((info->flags & FLAGS_REFUSED) != 0) {
        return UD_ERR_UNSUPPORTED;
    }
    if (!is_for(config->hardware, info)) {
        return UD_ERR_WRONG_HARDWARE;
    }
    bool fixed = (info->flags & UD_IMAGE_FLAG_ROM_FIXED) != 0;
    if (!ud_slot_takes(config->mode->slots, config->slot_address, area, fixed, info->load_address)) {
        return UD_ERR_WRONG_SLOT;
    }
    if (!ud_image_dependencies_are_met(info)) {
        return UD_ERR_UNMET_DEPENDENCY;
    }
    return info->security_counter >= counter ? UD_OK : UD_ERR_LOW_COUNTER;
}

void ud_boot_inspect(ud_port_t *port, const ud_boot_config_t *config, const ud_trust_t *trust, ud_area_t area,
                     uint32_t offset, uint32_t counter, ud_boot_found_t *found)
{
    ud_window_t window = {port, area, offset};
    ud_image_source_t source = ud_window_source(&window);
    ud_image_info_t info = {.total_size = 0};
    ud_err_t reason = UD_ERR_INTERNAL;
    uint32_t room = ud_port_area(port, area)->size_bytes - offset;
    *found = (ud_boot_found_t){.verdict = UD_VERDICT_INVALID, .worth = UD_FACT_BAD, .offset = offset};
    bool plain = area == UD_AREA_SLOT_A || config->mode->slots->runs_both;
    volatile ud_verdict_t verdict = config->cipher != NULL ? config->cipher->verify(config->decryption_key, &source,
                                                                                    room, plain, trust, &info, &reason)
                                                           : ud_image_verify(&source, room, trust, &info, &reason);
    found->size = info.total_size;
    found->header_size = info.header_size;
    found->security_counter = info.security_counter;
    found->version = info.version;
    memcpy(found->hash, info.hash, sizeof found->hash);
    found->reason = verdict == UD_VERDICT_VALID ? judge(config, area, &info, counter) : reason;
    if (verdict != UD_VERDICT_VALID || found->size > ud_slot_image_size_max(config->mode->slots, port)) {
        return;
    }
    if (found->reason == UD_ERR_LOW_COUNTER) {
        found->worth = UD_FACT_LOW;
    } else if (found->reason == UD_OK) {
        found->worth = UD_FACT_GOOD;
        found->verdict = verdict;
        found->key = ud_trust_rows(trust, info.key_hash, UD_SHA256_SIZE);
        found->revokes = ud_trust_named(trust, &source, &info) & ~trust->revoked;
    }
}

ud_verdict_t ud_boot_inspect_again(ud_port_t *port, const ud_boot_config_t *config, const ud_trust_t *trust,
                                   ud_area_t area, uint32_t counter, const ud_boot_found_t *found)
{
    ud_window_t window = {port, area, 0};
    ud_image_source_t source = ud_window_source(&window);
    ud_image_info_t info;
    bool permitted = ud_image_parse(&source, ud_port_area(port, area)->size_bytes, &info) == UD_OK &&
                     judge(config, area, &info, counter) == UD_OK && (trust->revoked & found->key) == 0;
    return permitted ? found->verdict : UD_VERDICT_INVALID;
}

uint32_t ud_boot_size_of(ud_port_t *port, const ud_slot_mode_t *mode, ud_area_t area)
{
    ud_window_t window = {port, area, 0};
    ud_image_source_t source = ud_window_source(&window);
    ud_image_info_t info;
    uint32_t size_max = ud_slot_image_size_max(mode, port);
    return ud_image_parse(&source, ud_port_area(port, area)->size_bytes, &info) == UD_OK && info.total_size <= size_max
               ? info.total_size
               : 0;
}
