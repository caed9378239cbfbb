/* updraft image inspect: what an image says about itself, believed or not. */
#include "cli/image_file.h"
#include "cli/image_tlvs.h"
#include "cli/image_trailer.h"
#include "cli/verbs.h"
#include "core/base/hex.h"
#include "core/image/trusted.h"

#include <stdio.h>
#include <string.h>

/* Whether the content is what the image's own hash says. */
static ud_err_t check_content(const ud_image_file_t *file, const ud_image_info_t *info, const char **account)
{
    bool encrypted = ud_image_has(info, UD_IMAGE_ENCRYPTION);
    ud_err_t err = ud_image_check_hash(&file->source, info);
    *account = err != UD_OK ? (encrypted ? "unchecked" : "damaged") : (encrypted ? "intact, in the clear" : "intact");
    return err == UD_ERR_IMAGE_HASH ? UD_OK : err;
}

static void print_descriptor(ud_err_t found, const ud_descriptor_block_t *block)
{
    if (found != UD_OK) {
        ud_output_field("Descriptor", "%s", found == UD_ERR_NOT_FOUND ? "none" : "damaged");
        return;
    }
    char sizes[64] = "";
    size_t size = 0;
    for (uint32_t index = 0; index < block->count; index++) {
        size += (size_t)snprintf(sizes + size, sizeof sizes - size, "%s%u", index > 0 ? ", " : "",
                                 block->entries[index].chunk_size);
    }
    ud_output_field("Descriptor", "chunks of %s bytes", sizes);
}

static json_t *descriptor_json(ud_err_t found, const ud_descriptor_block_t *block)
{
    if (found != UD_OK) {
        return found == UD_ERR_NOT_FOUND ? json_null() : json_string("damaged");
    }
    json_t *sizes = json_array();
    for (uint32_t index = 0; index < block->count; index++) {
        json_array_append_new(sizes, json_integer(block->entries[index].chunk_size));
    }
    return sizes;
}

static void print_trailer(const ud_image_trailer_t *trailer)
{
    ud_output_field("Trailer", "%s (fields of %u bytes)%s", trailer->image_ok ? "confirmed" : "asks MCUboot for a test",
                    trailer->max_align, trailer->copy_done ? ", swapped already" : "");
}

static json_t *trailer_json(bool padded, const ud_image_trailer_t *trailer)
{
    return !padded ? json_null()
                   : json_pack("{s:i, s:b, s:b}", "max_align", (int)trailer->max_align, "image_ok",
                               (int)trailer->image_ok, "copy_done", (int)trailer->copy_done);
}

/* Hashes of the keys that an image revokes. */
static void print_revoked(const ud_image_file_t *file, const ud_image_info_t *info)
{
    char digits[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    for (uint32_t offset = 0; offset < info->tlvs[UD_IMAGE_REVOKED].size; offset += UD_SHA256_SIZE) {
        ud_hex_encode(file->data + info->tlvs[UD_IMAGE_REVOKED].offset + offset, UD_SHA256_SIZE, digits);
        ud_output_field("Revokes key", "%s", digits);
    }
}

static json_t *revoked_json(const ud_image_file_t *file, const ud_image_info_t *info)
{
    json_t *list = json_array();
    char digits[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    for (uint32_t offset = 0; offset < info->tlvs[UD_IMAGE_REVOKED].size; offset += UD_SHA256_SIZE) {
        ud_hex_encode(file->data + info->tlvs[UD_IMAGE_REVOKED].offset + offset, UD_SHA256_SIZE, digits);
        json_array_append_new(list, json_string(digits));
    }
    return list;
}

static ud_err_t inspect(const ud_image_file_t *file)
{
    ud_image_info_t info;
    ud_descriptor_block_t block;
    const char *content = NULL;
    ud_err_t err = ud_image_read(&file->source, (uint32_t)file->size, &info);
    err = err == UD_OK ? check_content(file, &info, &content) : err;
    if (err != UD_OK) {
        return ud_cli_fail(err, "'%s' cannot be read as an image", file->path);
    }
    ud_err_t found = ud_descriptor_find(&file->source, (uint32_t)file->size, &info, &block);
    ud_image_trailer_t trailer = {0};
    bool padded = ud_image_trailer_read(file->data, file->size, info.total_size, &trailer);
    if (ud_output_is_json()) {
        json_t *json = ud_image_json(&info);
        json_object_set_new(json, "revoked_keys", revoked_json(file, &info));
        json_object_set_new(json, "tlvs", ud_image_tlvs_json(file, &info));
        json_object_set_new(json, "trailer", trailer_json(padded, &trailer));
        json_object_set_new(json, "content", json_string(content));
        json_object_set_new(json, "descriptor", descriptor_json(found, &block));
        json_object_set_new(json, "file_size", json_integer((json_int_t)file->size));
        ud_output_json(json);
        return UD_OK;
    }
    ud_image_print(&info);
    print_revoked(file, &info);
    ud_output_field("Content", "%s", content);
    print_descriptor(found, &block);
    if (padded) {
        print_trailer(&trailer);
    }
    ud_image_tlvs_print(file, &info);
    ud_output_line(UD_STYLE_DIM, "Nothing above is proved; 'updraft image verify' checks the signature.");
    return UD_OK;
}

static ud_err_t run(const ud_cli_call_t *call)
{
    ud_image_file_t file;
    UD_TRY(ud_image_file_open(&file, call->arguments[0]));
    ud_err_t err = inspect(&file);
    ud_image_file_close(&file);
    return err;
}

const ud_cli_verb_t ud_verb_image_inspect = {
    .noun = "image",
    .verb = "inspect",
    .arguments = "IMAGE",
    .argument_min = 1,
    .argument_max = 1,
    .summary = "show what an image says about itself",
    .description = "Shows the header and the TLVs of an image in MCUboot's format, made by updraft or imgtool:\n"
                   "version, hardware id, security counter, dependencies, revoked keys, sizes, hashes, encryption,\n"
                   "descriptor, each TLV, and MCUboot's trailer in a padded file. It needs no key and proves\n"
                   "nothing; 'updraft image verify' does.",
    .examples = "  updraft image inspect app.signed.bin\n"
                "  updraft image inspect app.signed.bin --json\n",
    .run = run,
};
