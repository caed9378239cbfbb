/* updraft image sign: makes an image that boots, from a raw binary. */
#include "cli/file.h"
#include "cli/image_file.h"
#include "cli/key_file.h"
#include "cli/verbs.h"
#include "core/base/endian.h"
#include "core/base/utf8.h"
#include "core/image/sign.h"

#include <stdlib.h>
#include <string.h>

/* What MCUboot keeps at the end of a slot, with its default of 128 sectors at most. */
#define TRAILER_SECTORS 128
#define TRAILER_FIELDS 4
#define TRAILER_MAGIC_SIZE 16
#define TRAILER_ALIGN_MIN 8

static const ud_cli_option_t options[] = {
    {"key", 'k', "FILE", "private key (PEM) to sign with; 'updraft key new' makes one"},
    {"version", 'v', "VERSION", "version of the firmware: 1.2.3 or 1.2.3+4"},
    {"hardware", 0, "ID", "hardware id the firmware is made for, 1 to 32 bytes; devices refuse any other"},
    {"security-counter", 's', "NUMBER",
     "devices refuse images with a lower counter than they have run;\n"
     "'auto' makes it from the version"},
    {"header-size", 'H', "BYTES",
     "offset of the code in the image (a vector table may need 512). Without\n"
     "--pad-header the input must begin with so many zeros.\n"
     "Not given: 32 bytes are put in front"},
    {"pad-header", 0, NULL, "put --header-size bytes in front of the input"},
    {"dependencies", 'd', "LIST", "\"(0, 1.0.0)\": needs image 0 at 1.0.0 or later; may be given more than once"},
    {"depends", 0, "LIST", "the same as --dependencies"},
    {"rom-fixed", 'F', "ADDRESS", "the image runs only at this address (direct XIP)"},
    {"slot-size", 'S', "BYTES", "refuse an image that, with MCUboot's trailer, does not fit a slot of this size"},
    {"align", 0, "BYTES", "flash write size, 1 to 32, for the size of that trailer; 1 if not given"},
    {"no-descriptor", 0, NULL, "leave out the signed chunk descriptor behind the image"},
    {0},
};

/* ---- options ---------------------------------------------------------------------------------------------------- */

typedef struct {
    ud_sign_options_t sign;
    ud_image_dependency_t dependencies[UD_IMAGE_DEPENDENCIES_MAX];
    bool no_descriptor;
    uint64_t slot_size; /* bytes; 0: any */
    uint64_t align;     /* bytes */
} plan_t;

static ud_err_t take_counter(const ud_cli_call_t *call, ud_sign_options_t *sign)
{
    const char *text = ud_cli_text(call, "security-counter");
    uint64_t counter = 0;
    if (text != NULL && strcmp(text, "auto") == 0) {
        counter = ud_sign_auto_counter(&sign->version);
    } else {
        UD_TRY(ud_cli_number(call, "security-counter", 0, UINT32_MAX, &counter));
    }
    sign->has_security_counter = text != NULL;
    sign->security_counter = (uint32_t)counter;
    return UD_OK;
}

static const char *skip(const char *text, const char *characters)
{
    return text + strspn(text, characters);
}

/* Takes one "(image, version)" and what separates it from the next; returns the rest, or NULL. */
static const char *take_pair(const char *text, ud_image_dependency_t *dependency)
{
    text = skip(text, " ");
    if (*text++ != '(') {
        return NULL;
    }
    char *end = NULL;
    text = skip(text, " ");
    unsigned long image = strtoul(text, &end, 10);
    if (end == text || *text == '-' || *text == '+' || image > UINT8_MAX) {
        return NULL;
    }
    text = skip(end, " ");
    if (*text++ != ',') {
        return NULL;
    }
    text = skip(text, " ");
    size_t size = strcspn(text, " )");
    if (ud_version_parse(text, size, &dependency->minimum) != UD_OK) {
        return NULL;
    }
    dependency->image = (uint8_t)image;
    text = skip(text + size, " ");
    return *text == ')' ? skip(text + 1, " ,") : NULL;
}

static ud_err_t take_dependencies(const ud_cli_call_t *call, const char *option, plan_t *plan)
{
    const char *text;
    for (size_t index = 0; (text = ud_cli_text_at(call, option, index)) != NULL; index++) {
        const char *rest = text;
        do {
            if (plan->sign.dependency_count == UD_IMAGE_DEPENDENCIES_MAX) {
                return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "more than %d dependencies; '%s' is one too many",
                                   UD_IMAGE_DEPENDENCIES_MAX, text);
            }
            rest = take_pair(rest, &plan->dependencies[plan->sign.dependency_count++]);
        } while (rest != NULL && *rest != '\0');
        if (rest == NULL) {
            return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--%s is '%s'; write it as \"(0, 1.0.0)\"", option, text);
        }
    }
    plan->sign.dependencies = plan->dependencies;
    return UD_OK;
}

static ud_err_t take_layout(const ud_cli_call_t *call, plan_t *plan)
{
    uint64_t header_size = UD_IMAGE_HEADER_SIZE;
    uint64_t address = 0;
    UD_TRY(ud_cli_number(call, "header-size", UD_IMAGE_HEADER_SIZE, UINT16_MAX, &header_size));
    UD_TRY(ud_cli_number(call, "rom-fixed", 0, UINT32_MAX, &address));
    UD_TRY(ud_cli_number(call, "slot-size", 1, UINT32_MAX, &plan->slot_size));
    UD_TRY(ud_cli_number(call, "align", 1, UD_WRITE_SIZE_MAX, &plan->align));
    if (header_size % 4 != 0) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--header-size is '%s'; give a multiple of 4",
                           ud_cli_text(call, "header-size"));
    }
    if ((plan->align & (plan->align - 1)) != 0) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--align is '%s'; give 1, 2, 4, 8, 16 or 32",
                           ud_cli_text(call, "align"));
    }
    plan->sign.header_size = (uint32_t)header_size;
    plan->sign.pad_header = ud_cli_flag(call, "pad-header") || !ud_cli_flag(call, "header-size");
    plan->sign.has_rom_address = ud_cli_flag(call, "rom-fixed");
    plan->sign.rom_address = (uint32_t)address;
    return UD_OK;
}

static ud_err_t make_plan(const ud_cli_call_t *call, plan_t *plan)
{
    const char *version = NULL;
    const char *hardware = NULL;
    *plan = (plan_t){.align = 1, .no_descriptor = ud_cli_flag(call, "no-descriptor")};
    UD_TRY(ud_cli_require(call, "version", &version));
    UD_TRY(ud_cli_require(call, "hardware", &hardware));
    if (ud_version_parse(version, strlen(version), &plan->sign.version) != UD_OK) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT,
                           "--version is '%s'; write it as 1.2.3 or 1.2.3+4, at most 255.255.65535+4294967295",
                           version);
    }
    size_t size = strlen(hardware);
    if (size == 0 || size > UD_HARDWARE_SIZE_MAX || !ud_utf8_is_text(hardware, size)) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--hardware is '%s'; give 1 to %d bytes of text", hardware,
                           UD_HARDWARE_SIZE_MAX);
    }
    plan->sign.hardware = hardware;
    UD_TRY(take_counter(call, &plan->sign));
    UD_TRY(take_dependencies(call, "dependencies", plan));
    UD_TRY(take_dependencies(call, "depends", plan));
    return take_layout(call, plan);
}

/* ---- signing ---------------------------------------------------------------------------------------------------- */

/* Bytes of the trailer that MCUboot's swap keeps for a write size of `align`, as imgtool counts them. */
static uint64_t trailer_size(uint64_t align)
{
    uint64_t unit = align > TRAILER_ALIGN_MIN ? align : TRAILER_ALIGN_MIN;
    uint64_t magic = (TRAILER_MAGIC_SIZE + unit - 1) / unit * unit;
    return TRAILER_SECTORS * 3 * align + TRAILER_FIELDS * unit + magic;
}

static ud_err_t check_slot(const plan_t *plan, const ud_image_info_t *info)
{
    uint64_t needed = info->total_size + trailer_size(plan->align);
    if (plan->slot_size == 0 || needed <= plan->slot_size) {
        return UD_OK;
    }
    return ud_cli_fail(UD_ERR_IMAGE_TOO_LARGE,
                       "the image needs %llu bytes, %u and a trailer of %llu; --slot-size is %llu",
                       (unsigned long long)needed, info->total_size, (unsigned long long)trailer_size(plan->align),
                       (unsigned long long)plan->slot_size);
}

/* What is wrong with the input, when the signer refuses it: the options are checked before. */
static ud_err_t refuse_input(ud_err_t err, const plan_t *plan, const char *path)
{
    if (err == UD_ERR_INVALID_ARGUMENT) {
        return ud_cli_fail(err,
                           "'%s' does not begin with the %u zeros that --header-size promises; add --pad-header, or "
                           "link it with that room in front",
                           path, plan->sign.header_size);
    }
    return ud_cli_fail(err, "'%s' cannot be signed", path);
}

static ud_err_t sign(const plan_t *plan, const ud_key_t *key, const ud_image_file_t *input, const char *path,
                     ud_image_info_t *info)
{
    size_t capacity = ud_sign_size_max(&plan->sign, input->size);
    uint8_t *image = malloc(capacity);
    size_t size = 0;
    if (image == NULL) {
        return ud_cli_fail(UD_ERR_INTERNAL, "not enough memory to sign %zu bytes", input->size);
    }
    ud_err_t err = ud_sign_image(&plan->sign, key, input->data, input->size, image, capacity, &size, info);
    err = err == UD_OK ? check_slot(plan, info) : refuse_input(err, plan, input->path);
    if (err == UD_OK && !plan->no_descriptor) {
        err = ud_sign_descriptor(info, key, image, capacity, &size);
        err = err == UD_OK ? err : ud_cli_fail(err, "the descriptor could not be signed");
    }
    err = err == UD_OK ? ud_cli_write_file(path, image, size, 0644, UD_CLI_REPLACE) : err;
    free(image);
    return err;
}

/* An image in an image boots nowhere, and is always a mistake. */
static ud_err_t check_raw(const ud_image_file_t *input)
{
    if (input->size >= sizeof(uint32_t) && ud_get_u32le(input->data) == UD_IMAGE_MAGIC) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "'%s' is an image already; sign the raw binary", input->path);
    }
    return UD_OK;
}

static ud_err_t read_signing_key(const ud_cli_call_t *call, ud_key_t **key)
{
    const char *path = NULL;
    UD_TRY(ud_cli_require(call, "key", &path));
    return ud_cli_read_private_key(path, "signing", key);
}

static ud_err_t run(const ud_cli_call_t *call)
{
    plan_t plan;
    ud_key_t *key = NULL;
    ud_image_file_t input;
    ud_image_info_t info;
    UD_TRY(make_plan(call, &plan));
    UD_TRY(read_signing_key(call, &key));
    ud_err_t err = ud_image_file_open(&input, call->arguments[0]);
    if (err == UD_OK) {
        err = check_raw(&input);
        err = err == UD_OK ? sign(&plan, key, &input, call->arguments[1], &info) : err;
        ud_image_file_close(&input);
    }
    ud_key_destroy(key);
    UD_TRY(err);
    if (ud_output_is_json()) {
        json_t *json = ud_image_json(&info);
        json_object_set_new(json, "file", json_string(call->arguments[1]));
        json_object_set_new(json, "descriptor", json_boolean(!plan.no_descriptor));
        ud_output_json(json);
        return UD_OK;
    }
    ud_output_field("Signed", "%s", call->arguments[1]);
    ud_image_print(&info);
    ud_output_field("Descriptor", "%s", plan.no_descriptor ? "none" : "signed");
    return UD_OK;
}

const ud_cli_verb_t ud_verb_image_sign = {
    .noun = "image",
    .verb = "sign",
    .arguments = "IN OUT",
    .argument_min = 2,
    .argument_max = 2,
    .options = options,
    .summary = "sign a firmware binary",
    .description = "Makes a signed image in MCUboot's format from a raw binary: Updraft's bootloader and MCUboot boot\n"
                   "it, imgtool verifies it. Behind the image goes a signed descriptor, with which devices check each\n"
                   "chunk of a download before they write it. Options of imgtool keep their names and meaning.",
    .examples =
        "  updraft image sign --key release-key.pem --version 2.0.0 --hardware acme-gw-r2 app.bin app.signed.bin\n"
        "  updraft image sign -k release-key.pem -v 2.0.0 --hardware acme-gw-r2 -s auto -H 512 --pad-header \\\n"
        "      -S 0x60000 --align 8 -d \"(1, 1.4.0)\" app.bin app.signed.bin\n",
    .run = run,
};
