#include "server/options.h"

#include "server/io/http.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum { KIND_TEXT, KIND_NUMBER, KIND_FLAG, KIND_LEVEL } kind_t;

static const struct option {
    const char *name;
    kind_t kind;
    size_t offset; /* in ud_options_t */
    uint32_t min;
    uint32_t max;
    const char *value; /* its name in the help, or NULL */
    const char *help;
} options_known[] = {
#define AT(member) offsetof(ud_options_t, member)
    {"--data", KIND_TEXT, AT(data), 0, 0, "DIR",
     "Folder for database, artifacts and the token key; made if it is not there. Required."},
    {"--device-listen", KIND_TEXT, AT(device_listen), 0, 0, "ADDR:PORT",
     "Where devices come. Default 0.0.0.0:8480; port 0 takes any free one."},
    {"--operator-listen", KIND_TEXT, AT(operator_listen), 0, 0, "ADDR:PORT",
     "Where people, the command line and the portal come. Default 127.0.0.1:8481."},
    {"--portal", KIND_TEXT, AT(portal), 0, 0, "DIR", "Folder of the built portal. Default: none is served."},
    {"--threads", KIND_NUMBER, AT(threads), 1, UD_IO_THREAD_COUNT_MAX, "N",
     "Threads for connections. Default: one for each processor, at most 8."},
    {"--checkin-interval", KIND_NUMBER, AT(checkin_interval_s), 1, 604800, "SECONDS",
     "How long an idle device waits between check-ins. Default 300."},
    {"--token-lifetime", KIND_NUMBER, AT(token_lifetime_s), 1, 31536000, "SECONDS",
     "How long a device token is good; devices renew them by themselves. Default 604800, a week."},
    {"--public-artifacts", KIND_FLAG, AT(public_artifacts), 0, 0, NULL,
     "Serve artifacts without a device token, so that any cache may keep them."},
    {"--log-level", KIND_LEVEL, AT(log_level), 0, 0, "LEVEL",
     "debug, info, warn or error. Default info; debug has a line for every request."},
    {"--reset-admin", KIND_FLAG, AT(reset_admin), 0, 0, NULL,
     "Do not serve: give account \"admin\" a new password, show it, end its sessions. Stop the server first."},
    {"--help", KIND_FLAG, AT(help), 0, 0, NULL, "Show this text."},
    {"--version", KIND_FLAG, AT(version), 0, 0, NULL, "Show the version."},
#undef AT
};
#define OPTION_COUNT (sizeof options_known / sizeof options_known[0])

static const char introduction[] =
    "updraftd: the Updraft server. Devices register with it, check in, and are offered firmware; people roll\n"
    "releases out with the portal or with `updraft`. Everything it keeps is in one folder; there is nothing to "
    "configure.\n"
    "\n"
    "    updraftd --data /var/lib/updraft --portal /usr/share/updraft/portal\n"
    "\n"
    "The first start makes an account \"admin\" and shows its password once. Stop it with Ctrl-C or SIGTERM: requests "
    "under\n"
    "way are finished first. The log goes to standard error, one line per event.\n"
    "\n"
    "Options:\n";

void ud_options_help(FILE *file)
{
    fputs(introduction, file);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *value = options_known[i].value;
        fprintf(file, "  %s%s%s\n      %s\n", options_known[i].name, value == NULL ? "" : " ",
                value == NULL ? "" : value, options_known[i].help);
    }
    fputs("\nExit status: 0 ended as asked, 2 wrong option, 4 port not permitted, 5 another updraftd works in the "
          "folder,\n"
          "8 database or disk, 9 address in use or folder not writable.\n",
          file);
}

static ud_err_t set_number(const struct option *option, const char *value, ud_options_t *options, char complaint[256])
{
    char *end;
    unsigned long long number = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || number < option->min || number > option->max) {
        snprintf(complaint, 256, "%s takes a number from %u to %u, not \"%s\".", option->name, option->min, option->max,
                 value);
        return UD_ERR_INVALID_ARGUMENT;
    }
    uint32_t result = (uint32_t)number;
    memcpy((char *)options + option->offset, &result, sizeof result);
    return UD_OK;
}

static ud_err_t set(const struct option *option, const char *value, ud_options_t *options, char complaint[256])
{
    char *at = (char *)options + option->offset;
    bool flag = true;
    switch (option->kind) {
    case KIND_FLAG:
        memcpy(at, &flag, sizeof flag);
        return UD_OK;
    case KIND_TEXT:
        memcpy(at, &value, sizeof value);
        return UD_OK;
    case KIND_NUMBER:
        return set_number(option, value, options, complaint);
    case KIND_LEVEL:
        if (ud_log_parse_level(value, &options->log_level) != UD_OK) {
            snprintf(complaint, 256, "%s takes debug, info, warn or error, not \"%s\".", option->name, value);
            return UD_ERR_INVALID_ARGUMENT;
        }
        return UD_OK;
    }
    return UD_ERR_INTERNAL;
}

/* The option that `argument` names, as "--name" or "--name=value"; `*value` is NULL in the first form. */
static const struct option *find(const char *argument, const char **value)
{
    const char *equals = strchr(argument, '=');
    size_t size = equals == NULL ? strlen(argument) : (size_t)(equals - argument);
    *value = equals == NULL ? NULL : equals + 1;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (strlen(options_known[i].name) == size && memcmp(options_known[i].name, argument, size) == 0) {
            return &options_known[i];
        }
    }
    return NULL;
}

static uint32_t default_threads(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > 8 ? 8 : (uint32_t)count;
}

ud_err_t ud_options_parse(int count, char *const *arguments, ud_options_t *options, char complaint[256])
{
    *options = (ud_options_t){.device_listen = "0.0.0.0:8480",
                              .operator_listen = "127.0.0.1:8481",
                              .threads = default_threads(),
                              .checkin_interval_s = 300,
                              .token_lifetime_s = 604800,
                              .log_level = UD_LOG_INFO};
    for (int i = 1; i < count; i++) {
        const char *value;
        const struct option *option = find(arguments[i], &value);
        if (option == NULL || (value != NULL && option->kind == KIND_FLAG)) {
            snprintf(complaint, 256, "There is no option \"%s\"; --help shows those there are.", arguments[i]);
            return UD_ERR_INVALID_ARGUMENT;
        }
        if (value == NULL && option->kind != KIND_FLAG) {
            value = ++i < count ? arguments[i] : NULL;
        }
        if (value == NULL && option->kind != KIND_FLAG) {
            snprintf(complaint, 256, "%s needs a value: %s.", option->name, option->value);
            return UD_ERR_INVALID_ARGUMENT;
        }
        UD_TRY(set(option, value, options, complaint));
    }
    if (options->data == NULL && !options->help && !options->version) {
        snprintf(complaint, 256, "--data is missing: name a folder for the server's data.");
        return UD_ERR_INVALID_ARGUMENT;
    }
    return UD_OK;
}
