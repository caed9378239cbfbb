#include "cli/list.h"

#include <stdio.h>

/* What a server gives at a time at most. */
#define PAGE_SIZE 200

static ud_err_t ask_page(ud_client_t *client, const ud_client_path_t *path, size_t offset, size_t limit,
                         json_t **answer)
{
    ud_client_path_t page = *path;
    char number[24];
    snprintf(number, sizeof number, "%zu", offset);
    ud_client_path_query(&page, "offset", number);
    snprintf(number, sizeof number, "%zu", limit < PAGE_SIZE ? limit : PAGE_SIZE);
    ud_client_path_query(&page, "limit", number);
    return ud_client_call(client, "GET", page.text, NULL, answer);
}

/* Page after page into the first answer. */
static ud_err_t ask_all(ud_client_t *client, const ud_client_path_t *path, size_t limit, json_t **answer)
{
    UD_TRY(ask_page(client, path, 0, limit, answer));
    json_t *items = json_object_get(*answer, "items");
    size_t total = (size_t)ud_cli_field_number(*answer, "total");
    size_t wanted = total < limit ? total : limit;
    while (json_array_size(items) < wanted) {
        json_t *page = NULL;
        size_t have = json_array_size(items);
        ud_err_t err = ask_page(client, path, have, wanted - have, &page);
        if (err != UD_OK) {
            json_decref(*answer);
            return err;
        }
        json_array_extend(items, json_object_get(page, "items"));
        json_decref(page);
        if (json_array_size(items) == have) {
            break;
        }
    }
    return UD_OK;
}

ud_err_t ud_cli_list(const ud_cli_call_t *call, const ud_client_path_t *path, uint64_t limit,
                     const ud_cli_column_t *columns, size_t column_count, const char *empty)
{
    ud_client_t *client = NULL;
    json_t *answer = NULL;
    UD_TRY(ud_cli_number(call, "limit", 1, UD_CLI_LIST_ALL, &limit));
    UD_TRY(ud_client_open(&client));
    ud_err_t err = ask_all(client, path, (size_t)limit, &answer);
    ud_client_close(client);
    if (err != UD_OK) {
        return err;
    }
    size_t shown = json_array_size(json_object_get(answer, "items"));
    size_t total = (size_t)ud_cli_field_number(answer, "total");
    ud_cli_print_list(answer, columns, column_count, empty);
    if (shown < total) {
        ud_output_line(UD_STYLE_DIM, "%zu of %zu %ss; --limit shows more.", shown, total, call->verb->noun);
    }
    return UD_OK;
}
