/* What updraftd can be told on its command line. */
#ifndef UD_SERVER_OPTIONS_H
#define UD_SERVER_OPTIONS_H

#include "core/base/err.h"
#include "server/io/log.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    const char *data;            /* folder of database, artifacts and token key */
    const char *device_listen;   /* "ADDRESS:PORT" */
    const char *operator_listen; /* "ADDRESS:PORT" */
    const char *portal;          /* folder, or NULL */
    uint32_t threads;
    uint32_t checkin_interval_s;
    uint32_t token_lifetime_s;
    bool public_artifacts;
    ud_log_level_t log_level;
    bool reset_admin;
    bool help;
    bool version;
} ud_options_t;

/* Reads the command line into `options`, which point into it. What is wrong is written to `complaint` (256 characters) as a
 * sentence for people. Errors: UD_ERR_INVALID_ARGUMENT.
 */
UD_MUST_USE ud_err_t ud_options_parse(int count, char *const *arguments, ud_options_t *options, char complaint[256]);

/* Writes the help text. */
void ud_options_help(FILE *file);

#endif
