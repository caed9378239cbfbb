#include "cli/session.h"

#include "cli/file.h"
#include "cli/output.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE_MAX 4096
#define FILE_SIZE_MAX 65536

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The folder of the session file, made if it is missing. Errors: UD_ERR_FILE_WRITE. */
static ud_err_t session_folder(char folder[PATH_SIZE_MAX])
{
    const char *config = environment("XDG_CONFIG_HOME");
    const char *home = environment("HOME");
    char parent[PATH_SIZE_MAX];
    int size = config != NULL ? snprintf(parent, sizeof parent, "%s", config)
                              : snprintf(parent, sizeof parent, "%s/.config", home != NULL ? home : ".");
    if (size < 0 || (size_t)size + sizeof "/updraft/session.json" > PATH_SIZE_MAX) {
        return ud_cli_fail(UD_ERR_FILE_WRITE, "the path of the configuration folder is too long");
    }
    snprintf(folder, PATH_SIZE_MAX, "%.4000s/updraft", parent);
    if ((mkdir(parent, 0700) != 0 && errno != EEXIST) || (mkdir(folder, 0700) != 0 && errno != EEXIST)) {
        return ud_cli_fail(UD_ERR_FILE_WRITE, "cannot make the folder '%s' for the session: %s", folder,
                           strerror(errno));
    }
    return UD_OK;
}

static ud_err_t session_path(char path[PATH_SIZE_MAX])
{
    char folder[PATH_SIZE_MAX];
    UD_TRY(session_folder(folder));
    snprintf(path, PATH_SIZE_MAX, "%.4000s/session.json", folder);
    return UD_OK;
}

ud_err_t ud_cli_session_set_server(ud_cli_session_t *session, const char *address)
{
    size_t size = strlen(address);
    bool known = strncmp(address, "http://", 7) == 0 || strncmp(address, "https://", 8) == 0;
    while (size > 0 && address[size - 1] == '/') {
        size--;
    }
    if (!known || size >= sizeof session->server || size < 8) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "'%s' is no server address; write http://HOST:PORT", address);
    }
    memcpy(session->server, address, size);
    session->server[size] = '\0';
    return UD_OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static ud_err_t take_over(ud_cli_session_t *session, json_t *file, const char *path)
{
    const char *server = json_string_value(json_object_get(file, "server"));
    const char *token = json_string_value(json_object_get(file, "token"));
    if (server == NULL || token == NULL || strlen(token) >= sizeof session->token) {
        return ud_cli_fail(UD_ERR_MALFORMED, "'%s' holds no session; sign in again with updraft login", path);
    }
    bool other_server = session->server[0] != '\0' && strcmp(session->server, server) != 0;
    if (session->server[0] == '\0') {
        UD_TRY(ud_cli_session_set_server(session, server));
    }
    if (session->token[0] == '\0' && !other_server) {
        snprintf(session->token, sizeof session->token, "%s", token);
    }
    return UD_OK;
}

static ud_err_t load_file(ud_cli_session_t *session)
{
    char path[PATH_SIZE_MAX];
    uint8_t *data = NULL;
    size_t size = 0;
    UD_TRY(session_path(path));
    if (access(path, F_OK) != 0) {
        return UD_OK;
    }
    UD_TRY(ud_cli_read_file(path, FILE_SIZE_MAX, &data, &size));
    json_t *file = json_loadb((const char *)data, size, 0, NULL);
    ud_err_t err = take_over(session, file, path);
    json_decref(file);
    free(data);
    return err;
}

ud_err_t ud_cli_session_load(ud_cli_session_t *session)
{
    ud_cli_session_t loaded = {0};
    const char *server = environment("UPDRAFT_SERVER");
    const char *token = environment("UPDRAFT_TOKEN");
    if (server != NULL) {
        UD_TRY(ud_cli_session_set_server(&loaded, server));
    }
    if (token != NULL && strlen(token) >= sizeof loaded.token) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "UPDRAFT_TOKEN has %zu characters; no token is that long",
                           strlen(token));
    }
    snprintf(loaded.token, sizeof loaded.token, "%s", token != NULL ? token : "");
    if (server == NULL || token == NULL) {
        UD_TRY(load_file(&loaded));
    }
    if (loaded.server[0] == '\0' || loaded.token[0] == '\0') {
        return ud_cli_fail(UD_ERR_UNAUTHENTICATED, "nobody is signed in%s%s; run updraft login --server %s",
                           loaded.server[0] != '\0' ? " at " : "", loaded.server,
                           loaded.server[0] != '\0' ? loaded.server : "URL");
    }
    *session = loaded;
    return UD_OK;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

ud_err_t ud_cli_session_save(const ud_cli_session_t *session)
{
    char path[PATH_SIZE_MAX];
    UD_TRY(session_path(path));
    json_t *file = json_pack("{s:s, s:s}", "server", session->server, "token", session->token);
    char *text = json_dumps(file, JSON_INDENT(2));
    json_decref(file);
    if (text == NULL) {
        return ud_cli_fail(UD_ERR_FILE_WRITE, "the session cannot be written as JSON");
    }
    ud_err_t err = ud_cli_write_file(path, text, strlen(text), 0600, UD_CLI_REPLACE);
    explicit_bzero(text, strlen(text));
    free(text);
    return err;
}

ud_err_t ud_cli_session_remove(void)
{
    char path[PATH_SIZE_MAX];
    UD_TRY(session_path(path));
    if (unlink(path) != 0 && errno != ENOENT) {
        return ud_cli_fail(UD_ERR_FILE_WRITE, "cannot remove '%s': %s", path, strerror(errno));
    }
    return UD_OK;
}
