/* updraft image sign: makes an image that boots, from a raw binary. */
#include "cli/file.h"
#include "cli/image_file.h"
#include "cli/image_plan.h"
#include "cli/verbs.h"
#include "core/base/endian.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What is made: an image, its descriptor behind it, and what fills the slot. */
typedef struct {
    uint8_t *data; /* on the heap */
    size_t capacity;
    size_t size;
    ud_image_info_t info;
    bool has_descriptor;
} result_t;

/* The image, and in a padded file the descriptor too, must leave a slot room for the trailer. */
static ud_err_t check_slot(const ud_image_plan_t *plan, const result_t *result)
{
    uint64_t trailer = ud_image_trailer_size(&plan->trailer);
    uint64_t used = plan->pad ? result->size : result->info.total_size;
    uint64_t needed = used + trailer;
    if (plan->slot_size == 0 || needed <= plan->slot_size) {
        return UD_OK;
    }
    return ud_cli_fail(UD_ERR_IMAGE_TOO_LARGE,
                       "the image needs %" PRIu64 " bytes, %" PRIu64 " and a trailer of %" PRIu64
                       "; --slot-size is %" PRIu64,
                       needed, used, trailer, plan->slot_size);
}

/* What is wrong with the input, when the signer refuses it: the options are checked before. */
static ud_err_t refuse_input(ud_err_t err, const ud_image_plan_t *plan, const char *path)
{
    if (err == UD_ERR_INVALID_ARGUMENT && plan->sign.pad_header) {
        return ud_cli_fail(err, "the TLVs of '%s' need more than 65535 bytes together", path);
    }
    if (err == UD_ERR_INVALID_ARGUMENT) {
        return ud_cli_fail(err,
                           "'%s' does not begin with the %u zeros that --header-size promises; add --pad-header, or "
                           "link it with that room in front",
                           path, plan->sign.header_size);
    }
    return ud_cli_fail(err, "'%s' cannot be signed", path);
}

/* An image of a kind that no device verifies is never downloaded by one: it has no descriptor. */
static ud_err_t add_descriptor(const ud_image_plan_t *plan, result_t *result)
{
    ud_err_t err = plan->no_descriptor
                       ? UD_ERR_UNSUPPORTED
                       : ud_sign_descriptor(&result->info, plan->key, result->data, result->capacity, &result->size);
    result->has_descriptor = err == UD_OK;
    return err == UD_OK || err == UD_ERR_UNSUPPORTED ? UD_OK : ud_cli_fail(err, "the descriptor could not be signed");
}

/* Puts the plain text back that was signed: the input, filled up with zeros to a whole block of AES. */
static void clear_payload(const ud_image_plan_t *plan, const ud_image_file_t *input, result_t *result)
{
    size_t head = plan->sign.pad_header ? 0 : plan->sign.header_size;
    size_t size = input->size - head;
    uint8_t *payload = result->data + result->info.header_size;
    memcpy(payload, input->data + head, size);
    memset(payload + size, 0, result->info.payload_size - size);
}

static ud_err_t make(const ud_image_plan_t *plan, const ud_image_file_t *input, result_t *result)
{
    size_t needed = ud_sign_size_max(&plan->sign, input->size);
    result->capacity = needed > plan->slot_size ? needed : (size_t)plan->slot_size;
    result->data = malloc(result->capacity);
    if (result->data == NULL) {
        return ud_cli_fail(UD_ERR_INTERNAL, "not enough memory to sign %zu bytes", input->size);
    }
    ud_err_t err = ud_sign_image(&plan->sign, plan->key, input->data, input->size, result->data, result->capacity,
                                 &result->size, &result->info);
    if (err != UD_OK) {
        return refuse_input(err, plan, input->path);
    }
    if (plan->clear) {
        clear_payload(plan, input, result);
    }
    UD_TRY(add_descriptor(plan, result));
    UD_TRY(check_slot(plan, result));
    if (plan->pad) {
        ud_image_trailer_write(&plan->trailer, result->data, plan->slot_size, result->size, plan->erased,
                               plan->confirmed);
        result->size = plan->slot_size;
    }
    return UD_OK;
}

/* An image in an image boots nowhere, and is always a mistake; so are the letters of a hex file. */
static ud_err_t check_raw(const ud_image_file_t *input)
{
    if (input->size >= sizeof(uint32_t) && ud_get_u32le(input->data) == UD_IMAGE_MAGIC) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "'%s' is an image already; sign the raw binary", input->path);
    }
    size_t length = strlen(input->path);
    if (length > 4 && strcmp(input->path + length - 4, ".hex") == 0) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT,
                           "'%s' is Intel HEX by its name; make a raw binary of it: objcopy -I ihex -O binary",
                           input->path);
    }
    return UD_OK;
}

static void report(const ud_image_plan_t *plan, const result_t *result, const char *path)
{
    if (ud_output_is_json()) {
        json_t *json = ud_image_json(&result->info);
        json_object_set_new(json, "file", json_string(path));
        json_object_set_new(json, "descriptor", json_boolean(result->has_descriptor));
        json_object_set_new(json, "padded", json_boolean(plan->pad));
        json_object_set_new(json, "clear", json_boolean(plan->clear));
        ud_output_json(json);
        return;
    }
    ud_output_field("Signed", "%s", path);
    ud_image_print(&result->info);
    ud_output_field("Descriptor", "%s",
                    result->has_descriptor ? "signed"
                    : plan->no_descriptor  ? "none"
                                           : "none: no device of Updraft's verifies this kind of signature");
    if (plan->clear) {
        ud_output_field("Payload", "in the clear");
    }
    if (plan->pad) {
        ud_output_field("Filled up", "to %zu bytes, %s", result->size,
                        plan->trailer.overwrite_only ? "to be copied by MCUboot"
                        : plan->confirmed            ? "confirmed"
                                                     : "for a test by MCUboot");
    }
}

static ud_err_t sign(const ud_image_plan_t *plan, const char *input_path, const char *path)
{
    ud_image_file_t input;
    result_t result = {0};
    UD_TRY(ud_image_file_open(&input, input_path));
    ud_err_t err = check_raw(&input);
    err = err == UD_OK ? make(plan, &input, &result) : err;
    err = err == UD_OK ? ud_cli_write_file(path, result.data, result.size, 0644, UD_CLI_REPLACE) : err;
    if (err == UD_OK) {
        report(plan, &result, path);
    }
    free(result.data);
    ud_image_file_close(&input);
    return err;
}

static ud_err_t run(const ud_cli_call_t *call)
{
    ud_image_plan_t plan;
    ud_err_t err = ud_image_plan_open(&plan, call);
    err = err == UD_OK ? sign(&plan, call->arguments[0], call->arguments[1]) : err;
    ud_image_plan_close(&plan);
    return err;
}

const ud_cli_verb_t ud_verb_image_sign = {
    .noun = "image",
    .verb = "sign",
    .arguments = "IN OUT",
    .argument_min = 2,
    .argument_max = 2,
    .options = ud_image_plan_options,
    .summary = "sign a firmware binary",
    .description =
        "Makes a signed image in MCUboot's format from a raw binary: Updraft's bootloader and MCUboot boot\n"
        "it, imgtool verifies it. The key decides the signature: ECDSA P-256 or P-384, RSA-2048 or RSA-3072\n"
        "(PSS), Ed25519. Behind the image goes a signed descriptor, with which devices check each chunk of a\n"
        "download before they write it. Options of imgtool keep their names and meaning.",
    .examples =
        "  updraft image sign --key release-key.pem --version 2.0.0 --hardware acme-gw-r2 app.bin app.signed.bin\n"
        "  updraft image sign -k release-key.pem -v 2.0.0 --hardware acme-gw-r2 -s auto -H 512 --pad-header \\\n"
        "      -S 0x60000 --align 8 -d \"(1, 1.4.0)\" app.bin app.signed.bin\n"
        "  updraft image sign -k release-key.pem -v 2.0.0 --hardware acme-gw-r2 --encrypt device.pub.pem \\\n"
        "      --revoke 2025.pub.pem app.bin app.signed.bin\n"
        "  updraft image sign -k release-key.pem -v 2.0.0 --hardware acme-gw-r2 -S 0x60000 --align 8 --confirm \\\n"
        "      app.bin factory.bin\n"
        "  updraft image sign -k release-key.pem -v 2.0.0 --hardware acme-gw-r2 --encrypt device.pub.pem --clear \\\n"
        "      app.bin factory.bin\n",
    .run = run,
};
