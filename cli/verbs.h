/* The verbs: one file each, named <noun>_<verb>.c or <noun>.c, one line here, one in the table of main.c. */
#ifndef UD_CLI_VERBS_H
#define UD_CLI_VERBS_H

#include "cli/options.h"

extern const ud_cli_verb_t ud_verb_claim_key_list;
extern const ud_cli_verb_t ud_verb_claim_key_new;
extern const ud_cli_verb_t ud_verb_device_list;
extern const ud_cli_verb_t ud_verb_device_set;
extern const ud_cli_verb_t ud_verb_device_show;
extern const ud_cli_verb_t ud_verb_group_list;
extern const ud_cli_verb_t ud_verb_group_new;
extern const ud_cli_verb_t ud_verb_image_inspect;
extern const ud_cli_verb_t ud_verb_image_sign;
extern const ud_cli_verb_t ud_verb_image_verify;
extern const ud_cli_verb_t ud_verb_key_list;
extern const ud_cli_verb_t ud_verb_key_new;
extern const ud_cli_verb_t ud_verb_key_public;
extern const ud_cli_verb_t ud_verb_key_register;
extern const ud_cli_verb_t ud_verb_login;
extern const ud_cli_verb_t ud_verb_logout;
extern const ud_cli_verb_t ud_verb_password;
extern const ud_cli_verb_t ud_verb_release_list;
extern const ud_cli_verb_t ud_verb_release_upload;
extern const ud_cli_verb_t ud_verb_rollout_halt;
extern const ud_cli_verb_t ud_verb_rollout_list;
extern const ud_cli_verb_t ud_verb_rollout_pause;
extern const ud_cli_verb_t ud_verb_rollout_resume;
extern const ud_cli_verb_t ud_verb_rollout_show;
extern const ud_cli_verb_t ud_verb_rollout_start;
extern const ud_cli_verb_t ud_verb_rollout_watch;
extern const ud_cli_verb_t ud_verb_whoami;

#endif
