/* What a product decides. The key is none: paste what `updraft key public --lang c` prints for yours. */
#include "ports/skeleton/port.h"

static const uint8_t public_key[UD_P256_PUBLIC_KEY_SIZE] = {0};

static const ud_trusted_key_t keys[] = {
    {.scheme = &ud_scheme_ecdsa_p256, .public_key = public_key, .key_hash = {0}},
};

const ud_boot_config_t ud_skeleton_boot = {
    .mode = &ud_boot_swap,
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
    .hardware = "skeleton-r1",
};

const ud_agent_config_t ud_skeleton_agent = {
    .device_id = "skeleton-0001", /* of each device its own: from the part's serial number */
    .hardware = "skeleton-r1",
    .claim_key = NULL, /* of the product line, from updraft claim-key create */
    .server = "updates.example.com",
    .transport = &ud_transport_http,
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
    .slots = &ud_slot_swap,
    .running = UD_AREA_SLOT_A,
    .chunk_size_max = UD_CHUNK_SIZE_DEFAULT,
    UD_AGENT_CONFIG_DEFAULTS,
};
