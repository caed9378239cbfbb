#include "boot/inspect.h"

#include "boot/cipher.h"
#include "boot/mode.h"
#include "boot/window.h"
#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/image/dependency.h"

#include <string.h>

/* Images that another loader must unpack, move to RAM, or never start. */
#define FLAGS_REFUSED (UD_IMAGE_FLAG_NON_BOOTABLE | UD_IMAGE_FLAG_RAM_LOAD | UD_IMAGE_FLAG_LZMA1 | UD_IMAGE_FLAG_LZMA2)

/* What is asked of an image that is authentic. Images of imgtool alone carry no hardware id: the key decides then. */
static ud_err_t judge_info(const ud_boot_judge_t *judge, ud_area_t area, const ud_image_info_t *info)
{
    const ud_boot_config_t *config = judge->config;
    const ud_slot_mode_t *slots = config->mode->slots;
    bool fixed = (info->flags & UD_IMAGE_FLAG_ROM_FIXED) != 0;
    UD_REQUIRE((info->flags & FLAGS_REFUSED) == 0, UD_ERR_UNSUPPORTED);
    UD_REQUIRE(!ud_image_has(info, UD_IMAGE_HARDWARE) || ud_image_is_for(info, config->hardware),
               UD_ERR_WRONG_HARDWARE);
    UD_REQUIRE(ud_slot_takes(slots, config->slot_address, area, fixed, info->load_address), UD_ERR_WRONG_SLOT);
    UD_REQUIRE(ud_image_dependencies_are_met(info), UD_ERR_UNMET_DEPENDENCY);
    UD_REQUIRE(info->total_size <= ud_slot_image_size_max(slots, judge->port), UD_ERR_IMAGE_TOO_LARGE);
    return info->security_counter >= judge->counter ? UD_OK : UD_ERR_LOW_COUNTER;
}

uint8_t ud_boot_inspect(const ud_boot_judge_t *judge, ud_area_t area, uint32_t offset, ud_boot_found_t *found)
{
    const ud_boot_config_t *config = judge->config;
    ud_window_t window = {judge->port, area, offset};
    ud_image_source_t source = {.read = ud_window_read, .context = &window};
    ud_image_info_t info;
    ud_err_t reason = UD_ERR_INTERNAL;
    uint32_t room = ud_port_area(judge->port, area)->size_bytes - offset;
    bool plain = area == UD_AREA_SLOT_A || config->mode->slots->runs_both;
    found->verdict = UD_VERDICT_INVALID;
    volatile ud_verdict_t verdict =
        config->cipher != NULL
            ? config->cipher->verify(config->decryption_key, &source, room, plain, &judge->trust, &info, &reason)
            : ud_image_verify(&source, room, &judge->trust, &info, &reason);
    found->offset = offset;
    found->size = info.total_size;
    found->header_size = info.header_size;
    found->security_counter = info.security_counter;
    found->version = info.version;
    ud_bytes_copy(found->hash, info.hash, sizeof found->hash);
    found->reason = verdict == UD_VERDICT_VALID ? judge_info(judge, area, &info) : reason;
    if (verdict != UD_VERDICT_VALID || found->reason != UD_OK) {
        return found->reason == UD_ERR_LOW_COUNTER ? UD_FACT_LOW : UD_FACT_BAD;
    }
    found->verdict = verdict;
    found->key = ud_trust_rows(&judge->trust, info.key_hash, UD_SHA256_SIZE);
    found->revokes = ud_trust_named(&judge->trust, &source, &info) & ~judge->trust.revoked;
    return UD_FACT_GOOD;
}

static ud_err_t parse(ud_port_t *port, ud_area_t area, ud_image_info_t *info)
{
    ud_window_t window = {port, area, 0};
    ud_image_source_t source = {.read = ud_window_read, .context = &window};
    return ud_image_parse(&source, ud_port_area(port, area)->size_bytes, info);
}

ud_verdict_t ud_boot_inspect_again(const ud_boot_judge_t *judge, ud_area_t area, const ud_boot_found_t *found)
{
    ud_image_info_t info;
    bool permitted = parse(judge->port, area, &info) == UD_OK && judge_info(judge, area, &info) == UD_OK &&
                     found->key != 0 && (judge->trust.revoked & found->key) == 0;
    return permitted ? found->verdict : UD_VERDICT_INVALID;
}

uint32_t ud_boot_size_in_a(ud_port_t *port)
{
    ud_image_info_t info;
    ud_err_t err = parse(port, UD_AREA_SLOT_A, &info);
    (void)err;
    return info.total_size;
}
