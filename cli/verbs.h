/* The verbs: one file each, named <noun>_<verb>.c or <noun>.c, one line here, one in the table of main.c. */
#ifndef UD_CLI_VERBS_H
#define UD_CLI_VERBS_H

#include "cli/options.h"

extern const ud_cli_verb_t ud_verb_image_inspect;
extern const ud_cli_verb_t ud_verb_image_sign;
extern const ud_cli_verb_t ud_verb_image_verify;
extern const ud_cli_verb_t ud_verb_key_new;
extern const ud_cli_verb_t ud_verb_key_public;

#endif
