#include "sim/options.h"

#include "core/base/assert.h"
#include "core/crypto/key.h"
#include "core/image/sign.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of an image file: the largest slot of a microcontroller, and room. */
#define IMAGE_FILE_SIZE_MAX (64u << 20)

/* What --faults default means, in devices for each kind: one in so many, and one at least. */
#define FAULT_SHARE 20

static const char help[] =
    "Usage: updraft-sim --server HOST:PORT --image FIRST.bin --key PUB.pem [options]\n"
    "\n"
    "Simulates a fleet: each device is the real agent and the real bootloader over emulated NOR flash.\n"
    "A reset forgets all RAM; what the device knows afterwards, it reads from its flash.\n"
    "\n"
    "  --server HOST:PORT     device address of updraftd\n"
    "  --image FILE           signed image that every device runs at first\n"
    "  --key FILE             public key (PEM) that devices trust; may be given several times\n"
    "  --decrypt-key FILE     private key (PEM) that devices have, for encrypted images\n"
    "  --claim-key KEY        claim key of the product line\n"
    "  --devices N            how many, 1 to 100000 (20); --count is the same\n"
    "  --prefix TEXT          device ids are TEXT and a number (sim-)\n"
    "  --hardware ID          hardware id of the devices (what the image names)\n"
    "  --install MODE         swap, overwrite, or xip: direct XIP, whose images are linked for 0x08020000 (slot A; "
    "the\n"
    "                         first one is) or 0x08080000 (slot B) (swap)\n"
    "  --speed BYTES          bytes a second that each device downloads, 0: no limit (65536)\n"
    "  --interval SECONDS     between check-ins until the server names another (60)\n"
    "  --contact-timeout S    on trial without contact until the device reverts (60)\n"
    "  --allow-unsigned-chain accept offers without a descriptor\n"
    "  --faults LIST          default, none, or a list of cut-download=N, cut-swap=N, drop=N: so many devices lose\n"
    "                         power in their first download, in their first swap, or a connection; default is one\n"
    "                         device in twenty for each\n"
    "  --seed N               which devices suffer, and where (1)\n"
    "  --json                 one JSON object a line: events, and each second a status\n"
    "  --until LIST           version=V,count=N: end with success when N devices run V for good\n"
    "  --timeout SECONDS      end with an error after that time\n"
    "  --help, --version\n"
    "\n"
    "Firmware is played by its content: an image that contains UPDRAFT-SIM:SELFTEST=FAIL fails its self-test,\n"
    "UPDRAFT-SIM:CRASH crashes on trial, UPDRAFT-SIM:NOCONTACT cannot reach the server.\n"
    "\n"
    "Examples:\n"
    "  updraft-sim --server 127.0.0.1:8480 --claim-key KEY --image fw-1.0.0.bin --key fleet.pub.pem\n"
    "  updraft-sim --server 127.0.0.1:8480 --claim-key KEY --image fw-1.0.0.bin --key fleet.pub.pem \\\n"
    "      --devices 1000 --faults cut-download=50,cut-swap=50 --json --until version=2.0.0,count=1000\n";

enum {
    OPTION_SERVER = 256,
    OPTION_IMAGE,
    OPTION_KEY,
    OPTION_DECRYPT_KEY,
    OPTION_CLAIM_KEY,
    OPTION_DEVICES,
    OPTION_PREFIX,
    OPTION_HARDWARE,
    OPTION_INSTALL,
    OPTION_SPEED,
    OPTION_INTERVAL,
    OPTION_CONTACT_TIMEOUT,
    OPTION_ALLOW_UNSIGNED_CHAIN,
    OPTION_FAULTS,
    OPTION_SEED,
    OPTION_JSON,
    OPTION_UNTIL,
    OPTION_TIMEOUT,
    OPTION_HELP,
    OPTION_VERSION,
};

static const struct option names[] = {
    {"server", required_argument, NULL, OPTION_SERVER},
    {"image", required_argument, NULL, OPTION_IMAGE},
    {"key", required_argument, NULL, OPTION_KEY},
    {"decrypt-key", required_argument, NULL, OPTION_DECRYPT_KEY},
    {"claim-key", required_argument, NULL, OPTION_CLAIM_KEY},
    {"devices", required_argument, NULL, OPTION_DEVICES},
    {"count", required_argument, NULL, OPTION_DEVICES},
    {"prefix", required_argument, NULL, OPTION_PREFIX},
    {"hardware", required_argument, NULL, OPTION_HARDWARE},
    {"install", required_argument, NULL, OPTION_INSTALL},
    {"speed", required_argument, NULL, OPTION_SPEED},
    {"interval", required_argument, NULL, OPTION_INTERVAL},
    {"contact-timeout", required_argument, NULL, OPTION_CONTACT_TIMEOUT},
    {"allow-unsigned-chain", no_argument, NULL, OPTION_ALLOW_UNSIGNED_CHAIN},
    {"faults", required_argument, NULL, OPTION_FAULTS},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"json", no_argument, NULL, OPTION_JSON},
    {"until", required_argument, NULL, OPTION_UNTIL},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static ud_err_t complain(const char *what, const char *value, const char *advice)
{
    (void)fprintf(stderr, "updraft-sim: %s '%s': %s\n", what, value, advice);
    return UD_ERR_INVALID_ARGUMENT;
}

static ud_err_t read_number(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
    char advice[64];
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || value < min || value > max) {
        (void)snprintf(advice, sizeof advice, "give a number from %llu to %llu", (unsigned long long)min,
                       (unsigned long long)max);
        return complain(name, text, advice);
    }
    *number = value;
    return UD_OK;
}

static ud_err_t read_u32(const char *name, const char *text, uint32_t min, uint32_t max, uint32_t *number)
{
    uint64_t value = 0;
    UD_TRY(read_number(name, text, min, max, &value));
    *number = (uint32_t)value;
    return UD_OK;
}

/* Reads a whole file of at most `size_max` bytes, with a NUL behind; the caller frees it. */
static ud_err_t read_file(const char *path, size_t size_max, char **data, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)complain("cannot read", path, strerror(errno));
        return UD_ERR_FILE_READ;
    }
    char *bytes = malloc(size_max + 1);
    *size = bytes == NULL ? 0 : fread(bytes, 1, size_max, file);
    bool bad = bytes == NULL || ferror(file) != 0 || *size == 0 || fgetc(file) != EOF;
    (void)fclose(file);
    if (bad) {
        free(bytes);
        (void)complain("cannot read", path, "it is empty, too large, or not a file");
        return UD_ERR_FILE_READ;
    }
    bytes[*size] = '\0';
    *data = bytes;
    return UD_OK;
}

static ud_err_t read_key(ud_sim_options_t *options, const char *path)
{
    char found[UD_KEY_FOUND_SIZE] = "";
    char *pem = NULL;
    size_t size = 0;
    ud_key_t *key = NULL;
    if (options->key_count == UD_SIM_KEYS_MAX) {
        return complain("--key", path, "that is one key too many, 8 are allowed");
    }
    UD_TRY(read_file(path, UD_KEY_PEM_SIZE_MAX, &pem, &size));
    ud_err_t err = ud_key_read_pem(pem, size, &key, found);
    free(pem);
    const ud_image_scheme_t *scheme = NULL;
    if (err == UD_OK && ud_key_kind(key) == UD_KEY_ECDSA_P384) {
        ud_key_destroy(key);
        err = UD_ERR_KEY_FORMAT;
    }
    if (err != UD_OK) {
        (void)complain("--key", path, "not a key in PEM form of ECDSA P-256, RSA-2048, RSA-3072 or Ed25519");
        return err;
    }
    uint8_t *raw = options->public_keys[options->key_count];
    (void)ud_key_public_raw(key, raw);
    err = ud_sign_scheme(ud_key_kind(key), 0, false, &scheme);
    UD_ASSERT(err == UD_OK);
    ud_trusted_key_init(&options->keys[options->key_count], scheme, raw);
    options->key_count++;
    ud_key_destroy(key);
    return UD_OK;
}

static ud_err_t read_decryption_key(ud_sim_options_t *options, const char *path)
{
    char *pem = NULL;
    size_t size = 0;
    ud_key_t *key = NULL;
    UD_TRY(read_file(path, UD_KEY_PEM_SIZE_MAX, &pem, &size));
    options->decrypts = ud_key_read_pem(pem, size, &key, NULL) == UD_OK && ud_key_kind(key) == UD_KEY_ECDSA_P256 &&
                        ud_key_private(key, options->decryption_key) == UD_OK;
    free(pem);
    ud_key_destroy(key);
    return options->decrypts ? UD_OK : complain("--decrypt-key", path, "not a private key of ECDSA P-256 in PEM form");
}

static ud_err_t read_install(ud_sim_options_t *options, const char *name)
{
    static const struct {
        const char *name;
        const ud_boot_mode_t *boot_mode;
        const ud_slot_mode_t *slots;
    } modes[] = {
        {"swap", &ud_boot_swap, &ud_slot_swap},
        {"overwrite", &ud_boot_overwrite, &ud_slot_overwrite},
        {"xip", &ud_boot_xip, &ud_slot_xip},
    };
    for (size_t index = 0; index < sizeof modes / sizeof modes[0]; index++) {
        if (strcmp(name, modes[index].name) == 0) {
            options->boot_mode = modes[index].boot_mode;
            options->slots = modes[index].slots;
            return UD_OK;
        }
    }
    return complain("--install", name, "give swap, overwrite or xip");
}

/* Splits "name=value" at the '='. */
static const char *value_of(char *item)
{
    char *equals = strchr(item, '=');
    if (equals == NULL) {
        return "";
    }
    *equals = '\0';
    return equals + 1;
}

static ud_err_t read_faults(ud_sim_options_t *options, char *list)
{
    uint32_t share = (options->device_count + FAULT_SHARE - 1) / FAULT_SHARE;
    options->cut_download = options->cut_swap = options->drop = strcmp(list, "default") == 0 ? share : 0;
    if (strcmp(list, "default") == 0 || strcmp(list, "none") == 0) {
        return UD_OK;
    }
    char *rest = NULL;
    for (char *item = strtok_r(list, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        const char *value = value_of(item);
        uint32_t *count = strcmp(item, "cut-download") == 0 ? &options->cut_download
                          : strcmp(item, "cut-swap") == 0   ? &options->cut_swap
                          : strcmp(item, "drop") == 0       ? &options->drop
                                                            : NULL;
        if (count == NULL) {
            return complain("--faults", item, "give default, none, cut-download=N, cut-swap=N or drop=N");
        }
        UD_TRY(read_u32("--faults", value, 0, options->device_count, count));
    }
    return UD_OK;
}

static ud_err_t read_until(ud_sim_options_t *options, char *list)
{
    char *rest = NULL;
    options->until_count = 1;
    for (char *item = strtok_r(list, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        const char *value = value_of(item);
        if (strcmp(item, "version") == 0) {
            options->until_version = value;
        } else if (strcmp(item, "count") == 0) {
            UD_TRY(read_u32("--until", value, 1, UD_SIM_DEVICES_MAX, &options->until_count));
        } else {
            return complain("--until", item, "give version=V or version=V,count=N");
        }
    }
    return options->until_version != NULL ? UD_OK : complain("--until", list, "give version=V or version=V,count=N");
}

/* The image file without what follows the image. */
static ud_err_t read_image(ud_sim_options_t *options, const char *path)
{
    char *data = NULL;
    size_t size = 0;
    UD_TRY(read_file(path, IMAGE_FILE_SIZE_MAX, &data, &size));
    options->image = (uint8_t *)data;
    ud_image_memory_t memory = {options->image, size};
    ud_image_source_t source = ud_image_source_from_memory(&memory);
    ud_image_info_t info;
    ud_trust_t trust = {.keys = options->keys, .count = options->key_count};
    ud_err_t err = UD_OK;
    if (ud_image_verify(&source, (uint32_t)size, &trust, &info, &err) != UD_VERDICT_VALID) {
        (void)complain("--image", path, ud_err_text(err));
        return err;
    }
    options->image_size = info.total_size;
    bool fixed = (info.flags & UD_IMAGE_FLAG_ROM_FIXED) != 0;
    if (fixed ? info.load_address != UD_SIM_SLOT_A_ADDRESS : options->slots->runs_both) {
        return complain("--image", path, "it is not linked for slot A; sign it with --rom-fixed 0x08020000");
    }
    if (options->hardware[0] == '\0') {
        memcpy(options->hardware, info.hardware, sizeof options->hardware);
    }
    if (options->hardware[0] == '\0') {
        return complain("--image", path, "it names no hardware id; give --hardware");
    }
    return UD_OK;
}

static bool prefix_is_good(const char *prefix)
{
    static const char marks[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:";
    return strspn(prefix, marks) == strlen(prefix) && strlen(prefix) <= UD_DEVICE_ID_SIZE_MAX - 6;
}

static ud_err_t take(ud_sim_options_t *options, int option, char *value)
{
    switch (option) {
    case OPTION_SERVER:
        options->server = value;
        return strchr(value, ':') != NULL ? UD_OK : complain("--server", value, "give HOST:PORT");
    case OPTION_KEY:
        return read_key(options, value);
    case OPTION_DECRYPT_KEY:
        return read_decryption_key(options, value);
    case OPTION_CLAIM_KEY:
        options->claim_key = value;
        return strlen(value) <= UD_CLAIM_KEY_SIZE_MAX ? UD_OK : complain("--claim-key", value, "at most 64 characters");
    case OPTION_DEVICES:
        return read_u32("--devices", value, 1, UD_SIM_DEVICES_MAX, &options->device_count);
    case OPTION_PREFIX:
        options->prefix = value;
        return prefix_is_good(value) ? UD_OK : complain("--prefix", value, "at most 58 letters, digits and - _ . :");
    case OPTION_HARDWARE:
        if (strlen(value) > UD_HARDWARE_SIZE_MAX) {
            return complain("--hardware", value, "at most 32 characters");
        }
        memcpy(options->hardware, value, strlen(value) + 1);
        return UD_OK;
    case OPTION_INSTALL:
        return read_install(options, value);
    case OPTION_SPEED:
        return read_u32("--speed", value, 0, UINT32_MAX, &options->speed);
    case OPTION_INTERVAL:
        return read_u32("--interval", value, 1, 86400, &options->interval_s);
    case OPTION_CONTACT_TIMEOUT:
        return read_u32("--contact-timeout", value, 1, 604800, &options->contact_timeout_s);
    case OPTION_ALLOW_UNSIGNED_CHAIN:
        options->allow_unsigned_chain = true;
        return UD_OK;
    case OPTION_SEED:
        return read_number("--seed", value, 0, UINT64_MAX, &options->seed);
    case OPTION_JSON:
        options->json = true;
        return UD_OK;
    case OPTION_UNTIL:
        return read_until(options, value);
    case OPTION_TIMEOUT:
        return read_u32("--timeout", value, 1, 604800, &options->timeout_s);
    default:
        (void)fprintf(stderr, "updraft-sim: try --help\n");
        return UD_ERR_INVALID_ARGUMENT;
    }
}

ud_err_t ud_sim_options_read(ud_sim_options_t *options, int argc, char **argv, bool *done)
{
    char everyday[] = "default";
    char *faults = everyday;
    const char *image = NULL;
    *options = (ud_sim_options_t){.prefix = "sim-",
                                  .boot_mode = &ud_boot_swap,
                                  .slots = &ud_slot_swap,
                                  .device_count = 20,
                                  .seed = 1,
                                  .speed = 65536,
                                  .interval_s = 60,
                                  .contact_timeout_s = 60};
    *done = false;
    for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (option == OPTION_HELP || option == OPTION_VERSION) {
            (void)fputs(option == OPTION_HELP ? help : "updraft-sim " UD_VERSION "\n", stdout);
            *done = true;
            return UD_OK;
        }
        if (option == OPTION_FAULTS) {
            faults = optarg;
        } else if (option == OPTION_IMAGE) {
            image = optarg;
        } else {
            UD_TRY(take(options, option, optarg));
        }
    }
    if (optind < argc) {
        return complain("unexpected", argv[optind], "try --help");
    }
    if (options->server == NULL || image == NULL || options->key_count == 0) {
        (void)fprintf(stderr, "updraft-sim: --server, --image and --key are needed; try --help\n");
        return UD_ERR_INVALID_ARGUMENT;
    }
    UD_TRY(read_faults(options, faults));
    return read_image(options, image);
}

void ud_sim_options_free(ud_sim_options_t *options)
{
    free(options->image);
    options->image = NULL;
}
