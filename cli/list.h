/* What every verb "list" does: page after page from the server, then one table. */
#ifndef UD_CLI_LIST_H
#define UD_CLI_LIST_H

#include "cli/client.h"
#include "cli/options.h"
#include "cli/print.h"

/* The option that each of them has. `rest` ends the help: what is shown when it is not given. */
#define UD_CLI_LIST_LIMIT(rest) {"limit", 'n', "N", "show at most N; " rest " if not given"}

/* Items in a list that is not limited: more than any server keeps. */
#define UD_CLI_LIST_ALL 1000000u

/* Shows the list at `path`, all of it or as much as --limit says (`limit` items when it is not given), as a table of
 * `columns`, or `empty` when there is nothing; as JSON the first page with the items of all. Says when there is more.
 * Errors: those of ud_client_call(), UD_ERR_INVALID_ARGUMENT; told to the user.
 */
UD_MUST_USE ud_err_t ud_cli_list(const ud_cli_call_t *call, const ud_client_path_t *path, uint64_t limit,
                                 const ud_cli_column_t *columns, size_t column_count, const char *empty);

#endif
