/* updraft release upload, release list: images that devices can be given. */
#include "cli/client.h"
#include "cli/list.h"
#include "cli/options.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- upload ------------------------------------------------------------------------------------------------------ */

static ud_err_t open_image(const char *path, FILE **file, uint64_t *size)
{
    struct stat status;
    FILE *opened = stat(path, &status) == 0 && S_ISREG(status.st_mode) ? fopen(path, "rb") : NULL;
    if (opened == NULL) {
        const char *why = errno != 0 ? strerror(errno) : "it is not a regular file";
        return ud_cli_fail(UD_ERR_FILE_READ, "cannot read '%s': %s", path, why);
    }
    if (status.st_size == 0) {
        fclose(opened);
        return ud_cli_fail(UD_ERR_FILE_READ, "cannot read '%s': the file is empty", path);
    }
    *file = opened;
    *size = (uint64_t)status.st_size;
    return UD_OK;
}

static bool all_described(const json_t *artifacts)
{
    size_t index;
    json_t *artifact;
    json_array_foreach(artifacts, index, artifact)
    {
        if (!json_is_true(json_object_get(artifact, "descriptor"))) {
            return false;
        }
    }
    return json_array_size(artifacts) > 0;
}

static void print_release(const json_t *release, bool known)
{
    char size[32];
    const char *version = ud_cli_field_text(release, "version");
    ud_cli_format_size(ud_cli_field_number(release, "image_size"), size, sizeof size);
    ud_output_line(UD_STYLE_GOOD, "%s %s for %s%s", ud_cli_field_text(release, "id"), version,
                   ud_cli_field_text(release, "hardware"), known ? " (released before; nothing changed)" : "");
    ud_output_field("Size", "%s", size);
    ud_output_field("Image hash", "%s", ud_cli_field_text(release, "image_digest"));
    ud_output_field("Signed by key", "%s", ud_cli_field_text(release, "key_hash"));
    if (json_is_true(json_object_get(release, "encrypted"))) {
        ud_output_field("Payload", "encrypted: its signature is good; that the content fits it only devices can tell");
    }
    ud_output_field("Chunks", "%s",
                    all_described(json_object_get(release, "artifacts"))
                        ? "signed off-line: devices check each before they write it"
                        : "not signed: careful devices refuse it; sign with updraft image sign");
    ud_output_line(UD_STYLE_DIM, "Next: updraft rollout start %s", version);
}

static ud_err_t upload(const ud_cli_call_t *call, FILE *file, uint64_t size)
{
    ud_client_t *client = NULL;
    ud_client_path_t path;
    json_t *answer = NULL;
    UD_TRY(ud_client_open(&client));
    ud_client_path(&path, "/releases", NULL, NULL);
    ud_client_path_query(&path, "notes", ud_cli_text(call, "notes"));
    ud_client_path_query(&path, "hardware", ud_cli_text(call, "hardware"));
    ud_err_t err = ud_client_upload(client, path.text, file, size, &answer);
    bool known = ud_client_status(client) == 200;
    ud_client_close(client);
    if (err != UD_OK) {
        return err;
    }
    if (ud_output_is_json()) {
        ud_output_json(answer);
        return UD_OK;
    }
    print_release(answer, known);
    json_decref(answer);
    return UD_OK;
}

static ud_err_t run_upload(const ud_cli_call_t *call)
{
    FILE *file = NULL;
    uint64_t size = 0;
    UD_TRY(open_image(call->arguments[0], &file, &size));
    ud_err_t err = upload(call, file, size);
    fclose(file);
    return err;
}

static const ud_cli_option_t upload_options[] = {
    {"notes", 'n', "TEXT", "what is new, for people"},
    {"hardware", 'H', "ID", "hardware id, for an image that names none itself (signed with imgtool)"},
    {0},
};

const ud_cli_verb_t ud_verb_release_upload = {
    .noun = "release",
    .verb = "upload",
    .arguments = "IMAGE",
    .argument_min = 1,
    .argument_max = 1,
    .options = upload_options,
    .summary = "give the server a signed image to release",
    .description =
        "Uploads a signed image. The server takes it only if its hash and its signature by a registered key\n"
        "are good ('updraft key register'). The same image again gives the release it made before. Of an\n"
        "encrypted image it can judge the signature, but not that the content fits: it is marked so.\n"
        "No device gets it before 'updraft rollout start'.",
    .examples = "  updraft release upload app-2.0.0.img\n"
                "  updraft release upload app-2.0.0.img --notes \"Mends the modem's sleep\" --json\n",
    .run = run_upload,
};

/* ---- list -------------------------------------------------------------------------------------------------------- */

static void cell_size(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    ud_cli_format_size(ud_cli_field_number(row, "image_size"), cell, UD_CLI_CELL_SIZE);
}

static void cell_chunks(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    snprintf(cell, UD_CLI_CELL_SIZE, "%s", all_described(json_object_get(row, "artifacts")) ? "signed" : "unsigned");
}

static void cell_payload(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    snprintf(cell, UD_CLI_CELL_SIZE, "%s", json_is_true(json_object_get(row, "encrypted")) ? "encrypted" : "plain");
}

static void cell_created(const json_t *row, char cell[UD_CLI_CELL_SIZE])
{
    ud_cli_format_time(ud_cli_field_number(row, "created_ms"), cell, UD_CLI_CELL_SIZE);
}

static ud_err_t run_list(const ud_cli_call_t *call)
{
    static const ud_cli_column_t columns[] = {
        {.title = "ID", .field = "id"},
        {.title = "VERSION", .field = "version"},
        {.title = "HARDWARE", .field = "hardware"},
        {.title = "SIZE", .cell = cell_size, .right = true},
        {.title = "CHUNKS", .cell = cell_chunks},
        {.title = "PAYLOAD", .cell = cell_payload},
        {.title = "COUNTER", .field = "security_counter", .right = true},
        {.title = "DEVICES", .field = "devices", .right = true},
        {.title = "RELEASED", .cell = cell_created},
        {.title = "NOTES", .field = "notes"},
    };
    ud_client_path_t path;
    ud_client_path(&path, "/releases", NULL, NULL);
    return ud_cli_list(call, &path, UD_CLI_LIST_ALL, columns, sizeof columns / sizeof columns[0],
                       "There is no release yet: updraft release upload IMAGE");
}

static const ud_cli_option_t list_options[] = {
    UD_CLI_LIST_LIMIT("all"),
    {0},
};

const ud_cli_verb_t ud_verb_release_list = {
    .noun = "release",
    .verb = "list",
    .arguments = "",
    .options = list_options,
    .summary = "list releases, newest first",
    .description = "Lists the releases with their size, security counter, and how many devices run them.",
    .examples = "  updraft release list --json\n",
    .run = run_list,
};
