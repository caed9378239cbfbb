/* What the verbs of rollouts share. */
#ifndef UD_CLI_ROLLOUT_H
#define UD_CLI_ROLLOUT_H

#include "cli/client.h"

#include <jansson.h>

/* Prints a rollout (a JSON object of the API) with its batches as bars. Returns the lines printed; none in JSON mode. */
unsigned ud_cli_rollout_print(const json_t *rollout);

/* Follows a rollout until it is completed or halted, showing what changes: bars that move on a terminal, a line for each
 * change elsewhere, a JSON object on a line for each change in JSON mode.
 * Errors: UD_ERR_ROLLOUT_HALTED, those of ud_client_call(); the user has been told.
 */
UD_MUST_USE ud_err_t ud_cli_rollout_watch(ud_client_t *client, const char *id);

#endif
