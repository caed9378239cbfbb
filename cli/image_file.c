#include "cli/image_file.h"

#include "cli/file.h"
#include "core/base/hex.h"
#include "core/image/format.h"
#include "core/image/trusted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- file ------------------------------------------------------------------------------------------------------- */

static ud_err_t read_file(void *context, uint32_t offset, void *data, size_t size)
{
    const ud_image_file_t *file = context;
    if (offset > file->size || size > file->size - offset) {
        return UD_ERR_IMAGE_TRUNCATED;
    }
    memcpy(data, file->data + offset, size);
    return UD_OK;
}

ud_err_t ud_image_file_open(ud_image_file_t *file, const char *path)
{
    *file = (ud_image_file_t){.path = path};
    UD_TRY(ud_cli_read_file(path, UD_CLI_FILE_SIZE_MAX, &file->data, &file->size));
    file->source = (ud_image_source_t){.read = read_file, .context = file};
    return UD_OK;
}

void ud_image_file_close(ud_image_file_t *file)
{
    free(file->data);
    file->data = NULL;
}

/* ---- what an image says ----------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t flag;
    const char *name;
} flag_name_t;

static const flag_name_t flag_names[] = {
    {UD_IMAGE_FLAG_AES128, "aes128"},
    {UD_IMAGE_FLAG_AES256, "aes256"},
    {UD_IMAGE_FLAG_NON_BOOTABLE, "non-bootable"},
    {UD_IMAGE_FLAG_RAM_LOAD, "ram-load"},
    {UD_IMAGE_FLAG_ROM_FIXED, "rom-fixed"},
    {UD_IMAGE_FLAG_LZMA1, "lzma1"},
    {UD_IMAGE_FLAG_LZMA2, "lzma2"},
};

#define FLAG_COUNT (sizeof flag_names / sizeof flag_names[0])

static void print_flags(const ud_image_info_t *info)
{
    char text[128];
    size_t size = (size_t)snprintf(text, sizeof text, "0x%x", info->flags);
    for (size_t index = 0; index < FLAG_COUNT; index++) {
        if ((info->flags & flag_names[index].flag) != 0) {
            size += (size_t)snprintf(text + size, sizeof text - size, " %s", flag_names[index].name);
        }
    }
    ud_output_field("Flags", "%s", text);
    if ((info->flags & (UD_IMAGE_FLAG_ROM_FIXED | UD_IMAGE_FLAG_RAM_LOAD)) != 0) {
        ud_output_field("Load address", "0x%08x", info->load_address);
    }
}

static void print_digest(const char *label, bool known, const uint8_t digest[UD_SHA256_SIZE])
{
    char text[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    ud_hex_encode(digest, UD_SHA256_SIZE, text);
    ud_output_field(label, "%s", known ? text : "none");
}

/* "none", or cipher and how its key is wrapped. */
static const char *encryption_name(const ud_image_info_t *info)
{
    bool is_ecies = info->tlvs[UD_IMAGE_ENCRYPTION].type == UD_IMAGE_TLV_ECIES_P256;
    if (!ud_image_has(info, UD_IMAGE_ENCRYPTION)) {
        return "none";
    }
    if ((info->flags & UD_IMAGE_FLAG_AES256) != 0) {
        return is_ecies ? "ecies-p256-aes-256" : "aes-256, key wrapped in a way that is not supported";
    }
    return is_ecies ? "ecies-p256-aes-128" : "aes-128, key wrapped in a way that is not supported";
}

void ud_image_print(const ud_image_info_t *info)
{
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    ud_version_format(&info->version, version);
    ud_output_field("Version", "%s", version);
    ud_output_field("Hardware id", "%s", info->hardware[0] != '\0' ? info->hardware : "none");
    if (ud_image_has(info, UD_IMAGE_COUNTER)) {
        ud_output_field("Security counter", "%u", info->security_counter);
    } else {
        ud_output_field("Security counter", "none");
    }
    for (size_t index = 0; index < info->dependency_count; index++) {
        ud_version_format(&info->dependencies[index].minimum, version);
        ud_output_field("Depends on", "image %u, version %s or later", info->dependencies[index].image, version);
    }
    ud_output_field("Image size", "%u bytes", info->total_size);
    ud_output_field("  header", "%u bytes", info->header_size);
    ud_output_field("  payload", "%u bytes", info->payload_size);
    ud_output_field("  protected TLVs", "%u bytes", info->protected_size);
    print_flags(info);
    print_digest("Image hash", true, info->hash);
    print_digest("Key hash", ud_image_has(info, UD_IMAGE_KEY), info->key_hash);
    ud_output_field("Signature", "%s", ud_scheme_name(ud_scheme_of(info)));
    ud_output_field("Encryption", "%s", encryption_name(info));
}

static json_t *dependencies_json(const ud_image_info_t *info)
{
    json_t *list = json_array();
    for (size_t index = 0; index < info->dependency_count; index++) {
        char version[UD_VERSION_TEXT_SIZE_MAX + 1];
        ud_version_format(&info->dependencies[index].minimum, version);
        json_array_append_new(
            list, json_pack("{s:i, s:s}", "image", (int)info->dependencies[index].image, "version", version));
    }
    return list;
}

static json_t *flags_json(const ud_image_info_t *info)
{
    json_t *list = json_array();
    for (size_t index = 0; index < FLAG_COUNT; index++) {
        if ((info->flags & flag_names[index].flag) != 0) {
            json_array_append_new(list, json_string(flag_names[index].name));
        }
    }
    return list;
}

static json_t *digest_json(bool known, const uint8_t digest[UD_SHA256_SIZE])
{
    char text[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    ud_hex_encode(digest, UD_SHA256_SIZE, text);
    return known ? json_string(text) : json_null();
}

json_t *ud_image_json(const ud_image_info_t *info)
{
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    ud_version_format(&info->version, version);
    json_t *counter = ud_image_has(info, UD_IMAGE_COUNTER) ? json_integer(info->security_counter) : json_null();
    json_t *hardware = info->hardware[0] != '\0' ? json_string(info->hardware) : json_null();
    return json_pack("{s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:I, s:b, s:o, s:o, s:s, s:s}", "version", version,
                     "hardware", hardware, "security_counter", counter, "dependencies", dependencies_json(info),
                     "image_size", (json_int_t)info->total_size, "header_size", (json_int_t)info->header_size,
                     "payload_size", (json_int_t)info->payload_size, "protected_size", (json_int_t)info->protected_size,
                     "flags", flags_json(info), "load_address", (json_int_t)info->load_address, "encrypted",
                     (int)ud_image_has(info, UD_IMAGE_ENCRYPTION), "hash", digest_json(true, info->hash), "key_hash",
                     digest_json(ud_image_has(info, UD_IMAGE_KEY), info->key_hash), "signature",
                     ud_scheme_name(ud_scheme_of(info)), "encryption", encryption_name(info));
}
