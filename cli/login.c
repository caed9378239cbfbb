/* updraft login, logout, whoami: the session with a server. */
#include "cli/client.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_SIZE 257

/* ---- the password ------------------------------------------------------------------------------------------------ */

static bool read_line(FILE *file, char password[PASSWORD_SIZE])
{
    if (fgets(password, PASSWORD_SIZE, file) == NULL) {
        return false;
    }
    password[strcspn(password, "\r\n")] = '\0';
    return password[0] != '\0';
}

/* Asks on the terminal itself, so that a redirected standard input or output does not matter, and shows nothing. */
static ud_err_t ask_password(const char *user, char password[PASSWORD_SIZE])
{
    FILE *terminal = fopen("/dev/tty", "r+");
    struct termios before;
    if (terminal == NULL || tcgetattr(fileno(terminal), &before) != 0) {
        if (terminal != NULL) {
            fclose(terminal);
        }
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT,
                           "there is no terminal to ask for the password; use --password-stdin");
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
    fprintf(terminal, "Password of %s: ", user);
    fflush(terminal);
    bool good = read_line(terminal, password);
    tcsetattr(fileno(terminal), TCSAFLUSH, &before);
    fprintf(terminal, "\n");
    fclose(terminal);
    return good ? UD_OK : ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "no password was given");
}

static ud_err_t read_password(const ud_cli_call_t *call, const char *user, char password[PASSWORD_SIZE])
{
    if (!ud_cli_flag(call, "password-stdin")) {
        return ask_password(user, password);
    }
    return read_line(stdin, password) ? UD_OK
                                      : ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "standard input holds no password");
}

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
    char password[PASSWORD_SIZE];
    ud_cli_session_t session = {0};
    if (server == NULL) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT,
                           "which server? give --server http://HOST:PORT or set UPDRAFT_SERVER");
    }
    UD_TRY(ud_cli_session_set_server(&session, server));
    UD_TRY(read_password(call, user, password));
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
