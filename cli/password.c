/* updraft password: another one for whoever is signed in. */
#include "cli/password.h"

#include "cli/client.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>

static bool read_line(FILE *file, char password[UD_CLI_PASSWORD_SIZE])
{
    if (fgets(password, UD_CLI_PASSWORD_SIZE, file) == NULL) {
        return false;
    }
    password[strcspn(password, "\r\n")] = '\0';
    return password[0] != '\0';
}

ud_err_t ud_cli_ask_terminal(const char *prompt, const char *what, const char *otherwise,
                             char password[UD_CLI_PASSWORD_SIZE])
{
    FILE *terminal = fopen("/dev/tty", "r+");
    struct termios before;
    if (terminal == NULL || tcgetattr(fileno(terminal), &before) != 0) {
        if (terminal != NULL) {
            fclose(terminal);
        }
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "there is no terminal to ask for the %s; %s", what, otherwise);
    }
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fileno(terminal), TCSAFLUSH, &silent);
    fprintf(terminal, "%s: ", prompt);
    fflush(terminal);
    bool good = read_line(terminal, password);
    tcsetattr(fileno(terminal), TCSAFLUSH, &before);
    fprintf(terminal, "\n");
    fclose(terminal);
    return good ? UD_OK : ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "no %s was given", what);
}

ud_err_t ud_cli_read_password(bool from_stdin, const char *prompt, char password[UD_CLI_PASSWORD_SIZE])
{
    if (!from_stdin) {
        return ud_cli_ask_terminal(prompt, "password", "use --password-stdin", password);
    }
    return read_line(stdin, password) ? UD_OK
                                      : ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "standard input holds no password");
}

/* ---- password ---------------------------------------------------------------------------------------------------- */

typedef struct {
    char present[UD_CLI_PASSWORD_SIZE];
    char wanted[UD_CLI_PASSWORD_SIZE];
    char again[UD_CLI_PASSWORD_SIZE];
} passwords_t;

static ud_err_t read_passwords(bool from_stdin, passwords_t *passwords)
{
    UD_TRY(ud_cli_read_password(from_stdin, "Present password", passwords->present));
    UD_TRY(ud_cli_read_password(from_stdin, "New password", passwords->wanted));
    if (from_stdin) {
        return UD_OK;
    }
    UD_TRY(ud_cli_read_password(false, "New password, again", passwords->again));
    if (strcmp(passwords->wanted, passwords->again) != 0) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "the two new passwords differ; nothing changed");
    }
    return UD_OK;
}

static ud_err_t change(const passwords_t *passwords)
{
    json_t *body = json_pack("{s:s, s:s}", "password", passwords->present, "new_password", passwords->wanted);
    if (body == NULL) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "a password is not UTF-8");
    }
    UD_TRY(ud_client_ask("POST", "/session/password", body, NULL));
    if (ud_output_is_json()) {
        ud_output_json(json_pack("{s:b}", "changed", 1));
    }
    ud_output_line(UD_STYLE_GOOD, "The password is changed. Other sessions of this account have ended.");
    return UD_OK;
}

static ud_err_t run_password(const ud_cli_call_t *call)
{
    passwords_t passwords = {0};
    ud_err_t err = read_passwords(ud_cli_flag(call, "password-stdin"), &passwords);
    err = err == UD_OK ? change(&passwords) : err;
    explicit_bzero(&passwords, sizeof passwords);
    return err;
}

static const ud_cli_option_t password_options[] = {
    {"password-stdin", 0, NULL, "read the present and the new password, a line each, from standard input"},
    {0},
};

const ud_cli_verb_t ud_verb_password = {
    .noun = "password",
    .arguments = "",
    .options = password_options,
    .summary = "change the password of who is signed in",
    .description =
        "Asks for the present password and twice for the new one, of 10 to 256 characters. All other sessions\n"
        "of the account end, tokens of programs too; this one goes on. Whoever has lost the password of admin\n"
        "gives it another where the server's files are: updraftd --data DIR --reset-admin.",
    .examples = "  updraft password\n"
                "  updraft password --password-stdin < present-and-new.txt\n",
    .run = run_password,
};
