/* updraft login, logout, whoami: the session with a server. */
#include "cli/client.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/password.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- login ------------------------------------------------------------------------------------------------------- */

static void print_session(const char *server, json_t *answer)
{
    if (ud_output_is_json()) {
        json_object_del(answer, "token");
        json_object_set_new(answer, "server", json_string(server));
        ud_output_json(json_incref(answer));
        return;
    }
    ud_output_field("Server", "%s", server);
    ud_output_field("Account", "%s", json_string_value(json_object_get(answer, "account")));
    ud_output_field("Role", "%s", json_string_value(json_object_get(answer, "role")));
}

static ud_err_t sign_in(ud_cli_session_t *session, const char *user, const char *password)
{
    ud_client_t *client = NULL;
    json_t *answer = NULL;
    UD_TRY(ud_client_open_session(session, &client));
    json_t *body = json_pack("{s:s, s:s, s:b}", "user", user, "password", password, "bearer", 1);
    ud_err_t err = ud_client_call(client, "POST", "/session", body, &answer);
    ud_client_close(client);
    if (err != UD_OK) {
        return err;
    }
    const char *token = json_string_value(json_object_get(answer, "token"));
    if (token == NULL || strlen(token) >= sizeof session->token) {
        err = ud_cli_fail(UD_ERR_PROTOCOL, "%s gave no token", session->server);
    } else {
        snprintf(session->token, sizeof session->token, "%s", token);
        err = ud_cli_session_save(session);
    }
    if (err == UD_OK) {
        print_session(session->server, answer);
    }
    json_decref(answer);
    return err;
}

static ud_err_t run_login(const ud_cli_call_t *call)
{
    const char *server = ud_cli_text(call, "server") != NULL ? ud_cli_text(call, "server") : getenv("UPDRAFT_SERVER");
    const char *user = ud_cli_text(call, "user") != NULL ? ud_cli_text(call, "user") : "admin";
    char prompt[96];
    char password[UD_CLI_PASSWORD_SIZE];
    ud_cli_session_t session = {0};
    if (server == NULL) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT,
                           "which server? give --server http://HOST:PORT or set UPDRAFT_SERVER");
    }
    UD_TRY(ud_cli_session_set_server(&session, server));
    snprintf(prompt, sizeof prompt, "Password of %s", user);
    UD_TRY(ud_cli_read_password(ud_cli_flag(call, "password-stdin"), prompt, password));
    ud_err_t err = sign_in(&session, user, password);
    explicit_bzero(password, sizeof password);
    explicit_bzero(&session, sizeof session);
    return err;
}

static const ud_cli_option_t login_options[] = {
    {"server", 's', "URL", "the operator address of updraftd, as it prints it; or set UPDRAFT_SERVER"},
    {"user", 'u', "NAME", "the account; admin if not given"},
    {"password-stdin", 0, NULL, "read the password from standard input instead of the terminal"},
    {0},
};

const ud_cli_verb_t ud_verb_login = {
    .noun = "login",
    .arguments = "",
    .options = login_options,
    .summary = "sign in to a server",
    .description = "Signs in and keeps a token for a month in $XDG_CONFIG_HOME/updraft/session.json (or\n"
                   "~/.config/updraft/session.json), readable by you alone. The password is not kept. A server shows\n"
                   "the password of account admin once, at its first start. Programs may set UPDRAFT_SERVER and\n"
                   "UPDRAFT_TOKEN instead of signing in.",
    .examples = "  updraft login --server http://127.0.0.1:8481\n"
                "  updraft login --server http://127.0.0.1:8481 --user eve --password-stdin < password.txt\n",
    .run = run_login,
};

/* ---- logout, whoami ---------------------------------------------------------------------------------------------- */

/* The session is forgotten here even when the server cannot be told, or has forgotten it before. */
static ud_err_t run_logout(const ud_cli_call_t *call)
{
    (void)call;
    ud_client_t *client = NULL;
    UD_TRY(ud_client_open(&client));
    ud_client_set_quiet(client, true);
    ud_err_t told = ud_client_call(client, "DELETE", "/session", NULL, NULL);
    ud_client_close(client);
    UD_TRY(ud_cli_session_remove());
    bool ended = told == UD_OK || told == UD_ERR_UNAUTHENTICATED;
    if (ud_output_is_json()) {
        ud_output_json(json_pack("{s:b}", "signed_out", ended ? 1 : 0));
    }
    if (ended) {
        ud_output_line(UD_STYLE_OFF, "Signed out.");
        return UD_OK;
    }
    ud_output_line(UD_STYLE_WARN, "The token was removed here, but the server could not be told: it ends by itself.");
    return told;
}

const ud_cli_verb_t ud_verb_logout = {
    .noun = "logout",
    .arguments = "",
    .summary = "end the session with the server",
    .description = "Ends the session at the server and removes the token kept by 'updraft login'.",
    .examples = "  updraft logout\n",
    .run = run_logout,
};

static ud_err_t run_whoami(const ud_cli_call_t *call)
{
    (void)call;
    ud_cli_session_t session;
    ud_client_t *client = NULL;
    json_t *answer = NULL;
    UD_TRY(ud_cli_session_load(&session));
    UD_TRY(ud_client_open_session(&session, &client));
    ud_err_t err = ud_client_call(client, "GET", "/me", NULL, &answer);
    ud_client_close(client);
    if (err == UD_OK) {
        print_session(session.server, answer);
    }
    json_decref(answer);
    return err;
}

const ud_cli_verb_t ud_verb_whoami = {
    .noun = "whoami",
    .arguments = "",
    .summary = "show who is signed in where",
    .description = "Asks the server whose session this is, and shows server, account and role.",
    .examples = "  updraft whoami --json\n",
    .run = run_whoami,
};
