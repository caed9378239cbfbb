/* updraft key register, key list: the public keys that a server takes images of. */
#include "cli/client.h"
#include "cli/key_file.h"
#include "cli/list.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <string.h>

/* The public half as PEM, whichever half the file holds: a private key never leaves this machine. */
static ud_err_t read_public(const char *path, char pem[UD_KEY_PEM_WRITTEN_SIZE_MAX])
{
    ud_key_t *key = NULL;
    size_t size = 0;
    UD_TRY(ud_cli_read_key(path, &key));
    ud_err_t err = ud_key_write_public_pem(key, pem, UD_KEY_PEM_WRITTEN_SIZE_MAX, &size);
    ud_key_destroy(key);
    return err == UD_OK ? UD_OK : ud_cli_fail(err, "the public key of '%s' could not be encoded", path);
}

static ud_err_t run_register(const ud_cli_call_t *call)
{
    char pem[UD_KEY_PEM_WRITTEN_SIZE_MAX];
    json_t *answer = NULL;
    UD_TRY(read_public(call->arguments[1], pem));
    json_t *body = json_pack("{s:s, s:s}", "name", call->arguments[0], "public_pem", pem);
    if (body == NULL) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "the name '%s' is not UTF-8", call->arguments[0]);
    }
    UD_TRY(ud_client_ask("POST", "/keys", body, &answer));
    if (ud_output_is_json()) {
        ud_output_json(answer);
        return UD_OK;
    }
    ud_output_line(UD_STYLE_GOOD, "Registered %s: the server takes images signed by this key.", call->arguments[0]);
    ud_output_field("Key hash", "%s", ud_cli_field_text(answer, "key_hash"));
    json_decref(answer);
    return UD_OK;
}

const ud_cli_verb_t ud_verb_key_register = {
    .noun = "key",
    .verb = "register",
    .arguments = "NAME KEY.pem",
    .argument_min = 2,
    .argument_max = 2,
    .summary = "tell the server a public key it shall take images of",
    .description = "Registers a public key under a name. From then on 'release upload' takes images that the matching\n"
                   "private key signed. A file with a private key serves as well: only its public half is sent. Keys\n"
                   "of ecdsa-p384 are refused: no device verifies them.",
    .examples = "  updraft key register release-2026 key.pub.pem\n",
    .run = run_register,
};

static void cell_created(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    ud_cli_format_time(ud_cli_field_number(row, "created_ms"), cell, UD_CLI_CELL_SIZE);
}

static ud_err_t run_list(const ud_cli_call_t *call)
{
    static const ud_cli_column_t columns[] = {
        {.title = "NAME", .field = "name"},
        {.title = "TYPE", .field = "type"},
        {.title = "KEY HASH", .field = "key_hash"},
        {.title = "REGISTERED", .cell = cell_created},
    };
    ud_client_path_t path;
    ud_client_path(&path, "/keys", NULL, NULL);
    return ud_cli_list(call, &path, UD_CLI_LIST_ALL, columns, sizeof columns / sizeof columns[0],
                       "No key is registered yet: updraft key register NAME KEY.pem");
}

static const ud_cli_option_t list_options[] = {
    UD_CLI_LIST_LIMIT("all"),
    {0},
};

const ud_cli_verb_t ud_verb_key_list = {
    .noun = "key",
    .verb = "list",
    .arguments = "",
    .options = list_options,
    .summary = "list the public keys the server takes images of",
    .description = "Lists the registered public keys. The key hash is what images name their key by; 'updraft image\n"
                   "inspect' and imgtool show it too.",
    .examples = "  updraft key list --json\n",
    .run = run_list,
};
