#include "cli/image_plan.h"

#include "cli/key_file.h"
#include "cli/output.h"
#include "core/base/utf8.h"
#include "core/image/encrypted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEY_BITS_DEFAULT 128

const ud_cli_option_t ud_image_plan_options[] = {
    {"key", 'k', "FILE", "private key (PEM) to sign with; 'updraft key new' makes one"},
    {"version", 'v', "VERSION", "version of the firmware: 1.2.3 or 1.2.3+4; 1.2 is 1.2.0"},
    {"hardware", 0, "ID", "hardware id the firmware is made for, 1 to 32 bytes; devices refuse any other"},
    {"security-counter", 's', "NUMBER",
     "devices refuse images with a lower counter than they have run;\n"
     "'auto' makes it from the version"},
    {"dependencies", 'd', "LIST", "\"(0, 1.0.0)\": needs image 0 at 1.0.0 or later; may be given more than once"},
    {"depends", 0, "LIST", "the same as --dependencies"},
    {"revoke", 0, "KEY",
     "a device that confirmed this image no longer believes this key: its public\n"
     "key (PEM) or key hash (64 hexadecimal digits); may be given more than once.\n"
     "Only keys behind the signing key in the device's table are revoked"},
    {"sha", 0, "BITS", "hash to sign: auto (the default), 256, 384 (ecdsa-p384), 512 (ed25519)"},
    {"pure", 0, NULL, "sign the content itself instead of its hash (ed25519 only)"},
    {"public-key-format", 0, "FORM", "name the key by its hash (the default) or put the full key in: hash, full"},
    {"encrypt", 'E', "FILE",
     "encrypt the payload for the device key whose public half (PEM, ecdsa-p256)\n"
     "this is; direct XIP excludes it"},
    {"encrypt-keylen", 0, "BITS", "128 (the default) or 256: AES key of an encrypted image"},
    {"clear", 'c', NULL,
     "leave the payload of an encrypted image in the clear, as it is in slot A: for\n"
     "the factory; a swap encrypts it on its way to slot B. Has no descriptor"},
    {"header-size", 'H', "BYTES",
     "offset of the code in the image (a vector table may need 512). Without\n"
     "--pad-header the input must begin with so many zeros.\n"
     "Not given: 32 bytes are put in front"},
    {"pad-header", 0, NULL, "put --header-size bytes in front of the input"},
    {"rom-fixed", 'F', "ADDRESS", "the image runs only at this address (direct XIP)"},
    {"load-addr", 'L', "ADDRESS", "the image is copied to this address in RAM and runs there"},
    {"non-bootable", 0, NULL, "mark the image as not to be started (data for another core)"},
    {"custom-tlv", 0, "TAG VALUE",
     "a protected TLV of your own, of a type from 0x00A0: VALUE is text, or with\n"
     "0x in front hexadecimal bytes; may be given up to 16 times"},
    {"slot-size", 'S', "BYTES", "refuse an image that, with MCUboot's trailer, does not fit a slot of this size"},
    {"align", 0, "BYTES", "flash write size for that trailer: 1 (the default), 2, 4, 8, 16, 32"},
    {"max-align", 0, "BYTES", "size of that trailer's fields: 8, 16, 32; not given: --align, at least 8"},
    {"max-sectors", 'M', "COUNT", "sectors of a slot, for the size of that trailer; 128 if not given"},
    {"overwrite-only", 0, NULL, "for an MCUboot that overwrites: its trailer is small"},
    {"save-enctlv", 0, NULL, "for an MCUboot whose trailer keeps wrapped keys (BOOT_SWAP_SAVE_ENCTLV)"},
    {"pad", 0, NULL, "fill the file up to --slot-size, with the trailer that asks MCUboot for a test"},
    {"test", 0, NULL, "the same as --pad"},
    {"confirm", 0, NULL, "as --pad, and the trailer says that the image is confirmed"},
    {"erased-val", 'R', "VALUE", "value of erased flash, for what is filled up: 0xff (the default) or 0"},
    {"no-descriptor", 0, NULL, "leave out the signed chunk descriptor behind the image"},
    {0},
};

/* ---- version, counter, dependencies ------------------------------------------------------------------------------ */

/* As imgtool: what is left out is 0, as in 1.2. */
static ud_err_t read_version(const char *text, size_t size, ud_version_t *version)
{
    static const char *const rest[] = {".0.0", ".0", ""};
    char whole[UD_VERSION_TEXT_SIZE_MAX + sizeof ".0.0"];
    size_t dots = 0;
    for (size_t index = 0; index < size; index++) {
        dots += text[index] == '.';
    }
    if (dots > 2 || size > UD_VERSION_TEXT_SIZE_MAX || memchr(text, '+', size) != NULL) {
        return ud_version_parse(text, size, version);
    }
    int length = snprintf(whole, sizeof whole, "%.*s%s", (int)size, text, rest[dots]);
    return ud_version_parse(whole, (size_t)length, version);
}

static ud_err_t take_counter(const ud_cli_call_t *call, ud_sign_options_t *sign)
{
    const char *text = ud_cli_text(call, "security-counter");
    uint64_t counter = 0;
    if (text != NULL && strcasecmp(text, "auto") == 0) {
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
    if (read_version(text, size, &dependency->minimum) != UD_OK) {
        return NULL;
    }
    dependency->image = (uint8_t)image;
    text = skip(text + size, " ");
    return *text == ')' ? skip(text + 1, " ,") : NULL;
}

static ud_err_t take_dependencies(const ud_cli_call_t *call, const char *option, ud_image_plan_t *plan)
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

/* ---- keys ------------------------------------------------------------------------------------------------------- */

static ud_err_t take_scheme(const ud_cli_call_t *call, ud_image_plan_t *plan)
{
    const char *sha = ud_cli_text(call, "sha");
    bool pure = ud_cli_flag(call, "pure");
    uint64_t bits = 0;
    if (sha != NULL && strcmp(sha, "auto") != 0) {
        UD_TRY(ud_cli_number(call, "sha", 256, 512, &bits));
    }
    ud_key_kind_t kind = ud_key_kind(plan->key);
    if (ud_sign_scheme(kind, (uint32_t)bits, pure, &plan->sign.scheme) == UD_OK) {
        return UD_OK;
    }
    if (pure && kind != UD_KEY_ED25519) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--pure is for Ed25519 keys; the key is one of %s",
                           ud_key_kind_title(kind));
    }
    return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--sha is '%s'; a key of %s%s signs with %s", sha,
                       ud_key_kind_title(kind), pure ? " with --pure" : "",
                       pure                        ? "512"
                       : kind == UD_KEY_ED25519    ? "256 or 512"
                       : kind == UD_KEY_ECDSA_P384 ? "384"
                                                   : "256");
}

static ud_err_t take_key(const ud_cli_call_t *call, ud_image_plan_t *plan)
{
    const char *path = NULL;
    const char *form = ud_cli_text(call, "public-key-format");
    UD_TRY(ud_cli_require(call, "key", &path));
    UD_TRY(ud_cli_read_private_key(path, "signing", &plan->key));
    plan->sign.full_public_key = form != NULL && strcmp(form, "full") == 0;
    if (form != NULL && !plan->sign.full_public_key && strcmp(form, "hash") != 0) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--public-key-format is '%s'; give hash or full", form);
    }
    return take_scheme(call, plan);
}

/* Options that mean nothing without --encrypt. */
static ud_err_t refuse_lone(const ud_cli_call_t *call)
{
    static const char *const names[] = {"encrypt-keylen", "clear", "save-enctlv"};
    for (size_t index = 0; index < sizeof names / sizeof names[0]; index++) {
        if (ud_cli_flag(call, names[index])) {
            return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--%s without --encrypt encrypts nothing", names[index]);
        }
    }
    return UD_OK;
}

static ud_err_t take_encryption(const ud_cli_call_t *call, ud_image_plan_t *plan)
{
    const char *path = ud_cli_text(call, "encrypt");
    uint64_t bits = KEY_BITS_DEFAULT;
    UD_TRY(ud_cli_number(call, "encrypt-keylen", 128, 256, &bits));
    if (bits != 128 && bits != 256) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--encrypt-keylen is '%s'; give 128 or 256",
                           ud_cli_text(call, "encrypt-keylen"));
    }
    if (path == NULL) {
        return refuse_lone(call);
    }
    if (ud_cli_flag(call, "rom-fixed")) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--encrypt and --rom-fixed exclude each other: an image that runs "
                                                    "where it was downloaded is decrypted nowhere");
    }
    UD_TRY(ud_cli_read_key(path, &plan->encrypt_for));
    ud_key_kind_t kind = ud_key_kind(plan->encrypt_for);
    if (kind != UD_KEY_ECDSA_P256) {
        return ud_cli_fail(UD_ERR_KEY_FORMAT, "'%s' holds a key of %s; images are encrypted for ECDSA P-256", path,
                           ud_key_kind_title(kind));
    }
    plan->sign.encrypt_for = plan->encrypt_for;
    plan->sign.encrypt_key_size = (uint32_t)bits / 8;
    plan->trailer.key_size = ud_cli_flag(call, "save-enctlv") ? (uint32_t)UD_ECIES_SIZE(plan->sign.encrypt_key_size)
                                                              : plan->sign.encrypt_key_size;
    return UD_OK;
}

/* The hash of a key, told by its digits or by a file. */
static ud_err_t read_key_hash(const char *text, uint8_t hash[UD_SHA256_SIZE])
{
    char digits[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    ud_key_t *key = NULL;
    if (ud_hex_decode(text, strlen(text), hash, UD_SHA256_SIZE) == UD_OK) {
        return UD_OK;
    }
    UD_TRY(ud_cli_read_key(text, &key));
    ud_cli_key_hash(key, digits);
    ud_key_destroy(key);
    return ud_hex_decode(digits, strlen(digits), hash, UD_SHA256_SIZE);
}

static ud_err_t take_revoked(const ud_cli_call_t *call, ud_image_plan_t *plan)
{
    char own[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    uint8_t own_hash[UD_SHA256_SIZE];
    const char *text;
    ud_cli_key_hash(plan->key, own);
    UD_TRY(ud_hex_decode(own, strlen(own), own_hash, sizeof own_hash));
    for (size_t index = 0; (text = ud_cli_text_at(call, "revoke", index)) != NULL; index++) {
        if (index == UD_IMAGE_REVOKED_MAX) {
            return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "more than %d keys to revoke; '%s' is one too many",
                               UD_IMAGE_REVOKED_MAX, text);
        }
        UD_TRY(read_key_hash(text, plan->revoked[index]));
        if (memcmp(plan->revoked[index], own_hash, sizeof own_hash) == 0) {
            return ud_cli_fail(UD_ERR_INVALID_ARGUMENT,
                               "--revoke '%s' is the key that signs; sign with the key that replaces it", text);
        }
        plan->sign.revoked_count = index + 1;
    }
    plan->sign.revoked = (const uint8_t(*)[UD_SHA256_SIZE])plan->revoked;
    return UD_OK;
}

/* ---- TLVs of one's own ------------------------------------------------------------------------------------------ */

/* The bytes of a value: text, or hexadecimal behind 0x; on the heap. NULL: not to be read. */
static uint8_t *read_value(const char *text, size_t *size)
{
    bool is_text = strncmp(text, "0x", 2) != 0;
    size_t length = strlen(text);
    uint8_t *value = malloc(length);
    *size = is_text ? length : length / 2 - 1;
    if (value == NULL || *size == 0 || *size > UINT16_MAX) {
        free(value);
        return NULL;
    }
    if (is_text) {
        memcpy(value, text, length);
    } else if (length % 2 != 0 || ud_hex_decode(text + 2, length - 2, value, *size) != UD_OK) {
        free(value);
        return NULL;
    }
    return value;
}

static ud_err_t take_tlv(const char *tag, const char *text, ud_image_plan_t *plan)
{
    char *end = NULL;
    size_t index = plan->sign.tlv_count;
    unsigned long type = strtoul(tag, &end, 0);
    if (tag[0] < '0' || tag[0] > '9' || *end != '\0' || type > UINT16_MAX || !ud_sign_tlv_is_free((uint32_t)type)) {
        return ud_cli_fail(
            UD_ERR_INVALID_ARGUMENT,
            "--custom-tlv has the type '%s'; give one from 0x00A0 to 0xFFFE, but for 0x55A0 to 0x55A3, which are "
            "Updraft's own",
            tag);
    }
    for (size_t other = 0; other < index; other++) {
        if (plan->tlvs[other].type == type) {
            return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--custom-tlv %s is given twice", tag);
        }
    }
    size_t size = 0;
    plan->values[index] = read_value(text, &size);
    if (plan->values[index] == NULL) {
        return ud_cli_fail(
            UD_ERR_INVALID_ARGUMENT,
            "--custom-tlv %s has the value '%.40s'; give text, or 0x and an even number of digits, of 1 to "
            "65535 bytes",
            tag, text);
    }
    plan->tlvs[index] = (ud_sign_tlv_t){.type = (uint16_t)type, .size = (uint16_t)size, .value = plan->values[index]};
    plan->sign.tlv_count = index + 1;
    return UD_OK;
}

static ud_err_t take_tlvs(const ud_cli_call_t *call, ud_image_plan_t *plan)
{
    const char *tag;
    for (size_t index = 0; (tag = ud_cli_text_at(call, "custom-tlv", 2 * index)) != NULL; index++) {
        if (index == UD_SIGN_TLVS_MAX) {
            return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "more than %d times --custom-tlv; '%s' is one too many",
                               UD_SIGN_TLVS_MAX, tag);
        }
        UD_TRY(take_tlv(tag, ud_cli_text_at(call, "custom-tlv", 2 * index + 1), plan));
    }
    plan->sign.tlvs = plan->tlvs;
    return UD_OK;
}

/* ---- layout ----------------------------------------------------------------------------------------------------- */

/* A power of two between `min` and 32. */
static ud_err_t take_align(const ud_cli_call_t *call, const char *option, uint32_t min, uint32_t *align)
{
    uint64_t value = *align;
    UD_TRY(ud_cli_number(call, option, min, UD_WRITE_SIZE_MAX, &value));
    if ((value & (value - 1)) != 0) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--%s is '%s'; give %s8, 16 or 32", option,
                           ud_cli_text(call, option), min == 1 ? "1, 2, 4, " : "");
    }
    *align = (uint32_t)value;
    return UD_OK;
}

static ud_err_t take_trailer(const ud_cli_call_t *call, ud_image_plan_t *plan)
{
    ud_image_trailer_form_t *form = &plan->trailer;
    uint64_t sectors = UD_IMAGE_TRAILER_SECTORS;
    uint64_t erased = 0xFF;
    form->align = 1;
    UD_TRY(take_align(call, "align", 1, &form->align));
    form->max_align = form->align > 8 ? form->align : 8;
    UD_TRY(take_align(call, "max-align", 8, &form->max_align));
    UD_TRY(ud_cli_number(call, "max-sectors", 1, UD_IMAGE_TRAILER_SECTORS_MAX, &sectors));
    UD_TRY(ud_cli_number(call, "slot-size", 1, UINT32_MAX, &plan->slot_size));
    UD_TRY(ud_cli_number(call, "erased-val", 0, 0xFF, &erased));
    form->sectors = (uint32_t)sectors;
    form->overwrite_only = ud_cli_flag(call, "overwrite-only");
    plan->erased = (uint8_t)erased;
    plan->sign.erased_is_zero = erased == 0;
    plan->confirmed = ud_cli_flag(call, "confirm");
    plan->pad = plan->confirmed || ud_cli_flag(call, "pad") || ud_cli_flag(call, "test");
    if (erased != 0 && erased != 0xFF) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--erased-val is '%s'; give 0 or 0xff",
                           ud_cli_text(call, "erased-val"));
    }
    if (form->max_align < form->align) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--max-align is %u, below --align of %u", form->max_align,
                           form->align);
    }
    if (plan->pad && plan->slot_size == 0) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--%s needs --slot-size: how far to fill up",
                           plan->confirmed            ? "confirm"
                           : ud_cli_flag(call, "pad") ? "pad"
                                                      : "test");
    }
    if (plan->pad && plan->slot_size % form->max_align != 0) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT,
                           "--slot-size is '%s'; give a multiple of %u, the trailer's --max-align",
                           ud_cli_text(call, "slot-size"), form->max_align);
    }
    return UD_OK;
}

static ud_err_t take_layout(const ud_cli_call_t *call, ud_image_plan_t *plan)
{
    uint64_t header_size = UD_IMAGE_HEADER_SIZE;
    uint64_t rom = 0;
    uint64_t ram = 0;
    UD_TRY(ud_cli_number(call, "header-size", UD_IMAGE_HEADER_SIZE, UINT16_MAX, &header_size));
    UD_TRY(ud_cli_number(call, "rom-fixed", 0, UINT32_MAX, &rom));
    UD_TRY(ud_cli_number(call, "load-addr", 0, UINT32_MAX, &ram));
    if (header_size % 4 != 0) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--header-size is '%s'; give a multiple of 4",
                           ud_cli_text(call, "header-size"));
    }
    plan->sign.header_size = (uint32_t)header_size;
    plan->sign.pad_header = ud_cli_flag(call, "pad-header") || !ud_cli_flag(call, "header-size");
    plan->sign.has_rom_address = ud_cli_flag(call, "rom-fixed");
    plan->sign.rom_address = (uint32_t)rom;
    plan->sign.has_load_address = ud_cli_flag(call, "load-addr");
    plan->sign.load_address = (uint32_t)ram;
    plan->sign.non_bootable = ud_cli_flag(call, "non-bootable");
    if (plan->sign.has_rom_address && plan->sign.has_load_address) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--rom-fixed and --load-addr exclude each other");
    }
    return take_trailer(call, plan);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static ud_err_t take_names(const ud_cli_call_t *call, ud_sign_options_t *sign)
{
    const char *version = NULL;
    UD_TRY(ud_cli_require(call, "version", &version));
    UD_TRY(ud_cli_require(call, "hardware", &sign->hardware));
    if (read_version(version, strlen(version), &sign->version) != UD_OK) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT,
                           "--version is '%s'; write it as 1.2.3 or 1.2.3+4, at most 255.255.65535+4294967295",
                           version);
    }
    size_t size = strlen(sign->hardware);
    if (size == 0 || size > UD_HARDWARE_SIZE_MAX || !ud_utf8_is_text(sign->hardware, size)) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--hardware is '%s'; give 1 to %d bytes of text", sign->hardware,
                           UD_HARDWARE_SIZE_MAX);
    }
    return UD_OK;
}

ud_err_t ud_image_plan_open(ud_image_plan_t *plan, const ud_cli_call_t *call)
{
    *plan = (ud_image_plan_t){.clear = ud_cli_flag(call, "clear")};
    plan->no_descriptor = plan->clear || ud_cli_flag(call, "no-descriptor"); /* only what is downloaded needs one */
    UD_TRY(take_names(call, &plan->sign));
    UD_TRY(take_counter(call, &plan->sign));
    UD_TRY(take_dependencies(call, "dependencies", plan));
    UD_TRY(take_dependencies(call, "depends", plan));
    UD_TRY(take_layout(call, plan));
    UD_TRY(take_tlvs(call, plan));
    UD_TRY(take_key(call, plan));
    UD_TRY(take_revoked(call, plan));
    return take_encryption(call, plan);
}

void ud_image_plan_close(ud_image_plan_t *plan)
{
    ud_key_destroy(plan->key);
    ud_key_destroy(plan->encrypt_for);
    for (size_t index = 0; index < UD_SIGN_TLVS_MAX; index++) {
        free(plan->values[index]);
    }
}
