#include "cli/client.h"

#include "cli/output.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_SIZE_MAX (32u * 1024 * 1024)
#define URL_SIZE_MAX (UD_CLI_SERVER_SIZE_MAX + 2100)
#define CONNECT_TIMEOUT_S 10L
#define CALL_TIMEOUT_S 60L
#define UPLOAD_TIMEOUT_S 3600L

struct ud_client {
    CURL *curl;
    ud_cli_session_t session;
    struct curl_slist *headers; /* of the next call */
    bool quiet;
    int status;
    char *data; /* of the answer */
    size_t size;
    char reason[CURL_ERROR_SIZE];
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

ud_err_t ud_client_open_session(const ud_cli_session_t *session, ud_client_t **client)
{
    static bool started;
    if (!started && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return ud_cli_fail(UD_ERR_INTERNAL, "libcurl does not start");
    }
    started = true;
    ud_client_t *made = calloc(1, sizeof *made);
    CURL *curl = curl_easy_init();
    if (made == NULL || curl == NULL) {
        free(made);
        curl_easy_cleanup(curl);
        return ud_cli_fail(UD_ERR_INTERNAL, "not enough memory");
    }
    made->curl = curl;
    made->session = *session;
    *client = made;
    return UD_OK;
}

ud_err_t ud_client_open(ud_client_t **client)
{
    ud_cli_session_t session;
    UD_TRY(ud_cli_session_load(&session));
    return ud_client_open_session(&session, client);
}

void ud_client_close(ud_client_t *client)
{
    if (client != NULL) {
        curl_easy_cleanup(client->curl);
        curl_slist_free_all(client->headers);
        free(client->data);
        explicit_bzero(&client->session, sizeof client->session);
        free(client);
    }
}

void ud_client_header(ud_client_t *client, const char *line)
{
    struct curl_slist *list = curl_slist_append(client->headers, line);
    client->headers = list != NULL ? list : client->headers;
}

void ud_client_set_quiet(ud_client_t *client, bool quiet)
{
    client->quiet = quiet;
}

int ud_client_status(const ud_client_t *client)
{
    return client->status;
}

/* ---- what came back ---------------------------------------------------------------------------------------------- */

static ud_err_t fail(const ud_client_t *client, ud_err_t err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static ud_err_t fail(const ud_client_t *client, ud_err_t err, const char *format, ...)
{
    char detail[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(detail, sizeof detail, format, values);
    va_end(values);
    return client->quiet ? err : ud_cli_fail(err, "%s", detail);
}

static ud_err_t fail_transfer(const ud_client_t *client, CURLcode code)
{
    const char *reason = client->reason[0] != '\0' ? client->reason : curl_easy_strerror(code);
    if (code == CURLE_WRITE_ERROR) {
        return fail(client, UD_ERR_PROTOCOL, "the answer of %s is larger than %u MB", client->session.server,
                    ANSWER_SIZE_MAX >> 20);
    }
    return fail(client, UD_ERR_NETWORK,
                "cannot reach the server at %s: %s; is updraftd running, and is this its operator "
                "address?",
                client->session.server, reason);
}

/* The error of a problem+json, or of the bare status where the answer is none. */
static ud_err_t fail_problem(const ud_client_t *client, const json_t *problem)
{
    const char *code = json_string_value(json_object_get(problem, "code"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *title = json_string_value(json_object_get(problem, "title"));
    ud_cli_problem_t beside = {
        .code = code,
        .field = json_string_value(json_object_get(problem, "field")),
        .request = json_string_value(json_object_get(problem, "request")),
    };
    ud_err_t err = UD_ERR_PROTOCOL;
    if (code == NULL) {
        return fail(client, err,
                    "%s answered with status %d and no problem; is it the operator address of an updraftd?",
                    client->session.server, client->status);
    }
    bool known = ud_err_from_code(code, &err) == UD_OK;
    const char *what = detail != NULL ? detail : known || title == NULL ? "the server refused" : title;
    return client->quiet ? err : ud_cli_fail_problem(err, what, &beside);
}

static ud_err_t read_answer(ud_client_t *client, json_t **answer)
{
    json_t *value = client->size > 0 ? json_loadb(client->data, client->size, 0, NULL) : NULL;
    if (client->status < 200 || client->status > 299) {
        ud_err_t err = fail_problem(client, value);
        json_decref(value);
        return err;
    }
    if (client->status != 204 && !json_is_object(value)) {
        json_decref(value);
        return fail(client, UD_ERR_PROTOCOL,
                    "%s answered with no JSON object; is it the operator address of an updraftd?",
                    client->session.server);
    }
    if (answer != NULL) {
        *answer = value;
    } else {
        json_decref(value);
    }
    return UD_OK;
}

/* ---- one transfer ------------------------------------------------------------------------------------------------ */

static size_t take_answer(char *data, size_t one, size_t count, void *context)
{
    ud_client_t *client = context;
    size_t size = one * count;
    char *grown = client->size + size <= ANSWER_SIZE_MAX ? realloc(client->data, client->size + size) : NULL;
    if (grown == NULL) {
        return 0;
    }
    memcpy(grown + client->size, data, size);
    client->data = grown;
    client->size += size;
    return size;
}

static void prepare(ud_client_t *client, const char *method, const char *path, long timeout_s)
{
    char url[URL_SIZE_MAX];
    snprintf(url, sizeof url, "%s/api/v1%s", client->session.server, path);
    client->size = 0;
    client->status = 0;
    client->reason[0] = '\0';
    CURL *curl = client->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "updraft/" UD_VERSION);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, client->reason);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, timeout_s);
    if (client->session.token[0] != '\0') {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, client->session.token);
    }
}

static CURLcode transfer(ud_client_t *client)
{
    long status = 0;
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
    CURLcode code = curl_easy_perform(client->curl);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(client->headers);
    client->headers = NULL;
    client->status = (int)status;
    return code;
}

/* A server that refuses an upload by its head may close before all of the body is sent: its answer counts. */
static ud_err_t judge(ud_client_t *client, CURLcode code, json_t **answer)
{
    bool refused = code == CURLE_SEND_ERROR && client->status >= 400 && client->size > 0;
    return code == CURLE_OK || refused ? read_answer(client, answer) : fail_transfer(client, code);
}

ud_err_t ud_client_call(ud_client_t *client, const char *method, const char *path, json_t *body, json_t **answer)
{
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    prepare(client, method, path, CALL_TIMEOUT_S);
    if (text != NULL) {
        ud_client_header(client, "Content-Type: application/json");
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, text);
    } else if (strcmp(method, "POST") == 0) {
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, "");
        ud_client_header(client, "Content-Type: application/json");
    }
    CURLcode code = transfer(client);
    free(text);
    return judge(client, code, answer);
}

ud_err_t ud_client_ask(const char *method, const char *path, json_t *body, json_t **answer)
{
    ud_client_t *client = NULL;
    ud_err_t err = ud_client_open(&client);
    if (err != UD_OK) {
        json_decref(body);
        return err;
    }
    err = ud_client_call(client, method, path, body, answer);
    ud_client_close(client);
    return err;
}

/* ---- uploads ----------------------------------------------------------------------------------------------------- */

static size_t give_file(char *data, size_t one, size_t count, void *context)
{
    size_t size = fread(data, 1, one * count, context);
    return size == 0 && ferror((FILE *)context) != 0 ? CURL_READFUNC_ABORT : size;
}

static int show_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
    (void)down_total;
    (void)down;
    (void)up_total;
    ud_progress_update(context, (uint64_t)up);
    return 0;
}

ud_err_t ud_client_upload(ud_client_t *client, const char *path, FILE *file, uint64_t size, json_t **answer)
{
    ud_progress_t progress;
    prepare(client, "POST", path, UPLOAD_TIMEOUT_S);
    CURL *curl = client->curl;
    ud_client_header(client, "Content-Type: application/octet-stream");
    ud_client_header(client, "Expect: 100-continue");
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_file);
    curl_easy_setopt(curl, CURLOPT_READDATA, file);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, show_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &progress);
    ud_progress_begin(&progress, "Uploading", size);
    CURLcode code = transfer(client);
    ud_progress_end(&progress);
    return judge(client, code, answer);
}

/* ---- paths ------------------------------------------------------------------------------------------------------- */

static void append(ud_client_path_t *path, const char *text)
{
    size_t used = strlen(path->text);
    if (used + strlen(text) >= sizeof path->text) {
        path->text[0] = '\0';
        return;
    }
    memcpy(path->text + used, text, strlen(text) + 1);
}

static void append_escaped(ud_client_path_t *path, const char *text)
{
    char *escaped = curl_easy_escape(NULL, text, (int)strnlen(text, sizeof path->text));
    append(path, escaped != NULL ? escaped : "");
    curl_free(escaped);
}

void ud_client_path(ud_client_path_t *path, const char *collection, const char *id, const char *rest)
{
    *path = (ud_client_path_t){0};
    append(path, collection);
    if (id != NULL) {
        append(path, "/");
        append_escaped(path, id);
    }
    append(path, rest != NULL ? rest : "");
}

void ud_client_path_query(ud_client_path_t *path, const char *name, const char *value)
{
    if (value != NULL) {
        append(path, path->has_query ? "&" : "?");
        append(path, name);
        append(path, "=");
        append_escaped(path, value);
        path->has_query = true;
    }
}
