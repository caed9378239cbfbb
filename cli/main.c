/* updraft: the operator's command line. Finds the verb, parses its options, runs it, and ends with the exit code that
 * the error list gives (api/errors.def).
 */
#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "core/base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order --help shows them; verbs of a noun stand together. */
static const ud_cli_verb_t *const verbs[] = {
    &ud_verb_key_new,        &ud_verb_key_public,     &ud_verb_key_register,  &ud_verb_key_list,
    &ud_verb_image_sign,     &ud_verb_image_verify,   &ud_verb_image_inspect, &ud_verb_login,
    &ud_verb_logout,         &ud_verb_whoami,         &ud_verb_password,      &ud_verb_claim_key_new,
    &ud_verb_claim_key_list, &ud_verb_release_upload, &ud_verb_release_list,  &ud_verb_rollout_start,
    &ud_verb_rollout_watch,  &ud_verb_rollout_list,   &ud_verb_rollout_show,  &ud_verb_rollout_pause,
    &ud_verb_rollout_resume, &ud_verb_rollout_halt,   &ud_verb_device_list,   &ud_verb_device_show,
    &ud_verb_device_set,     &ud_verb_group_new,      &ud_verb_group_list,
};

#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

_Noreturn void ud_assert_failed(const char *file, int line)
{
    fprintf(stderr, "updraft: internal fault at %s:%d; please report it\n", file, line);
    abort();
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* Lists all verbs, or those of one noun. */
static void print_verbs(const char *noun)
{
    printf("%sUsage:%s updraft COMMAND [OPTIONS] [ARGUMENTS]\n\n", ud_style(UD_STYLE_BOLD), ud_style(UD_STYLE_OFF));
    if (noun == NULL) {
        printf("Signs firmware, publishes it, and watches a fleet of microcontrollers take it.\n\n");
    }
    printf("%sCommands:%s\n", ud_style(UD_STYLE_BOLD), ud_style(UD_STYLE_OFF));
    for (size_t index = 0; index < VERB_COUNT; index++) {
        const ud_cli_verb_t *verb = verbs[index];
        if (noun == NULL || strcmp(verb->noun, noun) == 0) {
            char name[48];
            snprintf(name, sizeof name, "%s%s%s", verb->noun, verb->verb != NULL ? " " : "",
                     verb->verb != NULL ? verb->verb : "");
            printf("  %-20s %s\n", name, verb->summary);
        }
    }
    printf("\n'updraft COMMAND --help' explains one command, with examples. 'updraft --version' tells the version.\n");
}

static bool is_noun(const char *word)
{
    for (size_t index = 0; index < VERB_COUNT; index++) {
        if (strcmp(verbs[index]->noun, word) == 0) {
            return true;
        }
    }
    return false;
}

/* The verb that the words name, and how many of them do; NULL if none. */
static const ud_cli_verb_t *find_verb(int count, char *const *words, int *used)
{
    for (size_t index = 0; index < VERB_COUNT; index++) {
        const ud_cli_verb_t *verb = verbs[index];
        if (count == 0 || strcmp(verb->noun, words[0]) != 0) {
            continue;
        }
        if (verb->verb == NULL || (count > 1 && strcmp(verb->verb, words[1]) == 0)) {
            *used = verb->verb == NULL ? 1 : 2;
            return verb;
        }
    }
    return NULL;
}

/* No verb was found: help was asked for, or a word is wrong. */
static ud_err_t explain(int count, char *const *words)
{
    if (count == 0) {
        print_verbs(NULL);
        return UD_ERR_INVALID_ARGUMENT;
    }
    if (is_help(words[0])) {
        print_verbs(NULL);
        return UD_OK;
    }
    if (strcmp(words[0], "--version") == 0) {
        printf("updraft %s\n", UD_VERSION);
        return UD_OK;
    }
    if (!is_noun(words[0])) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "unknown command '%s'; 'updraft --help' lists the commands",
                           words[0]);
    }
    if (count > 1 && !is_help(words[1])) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "unknown command '%s %s'; 'updraft %s --help' lists the commands",
                           words[0], words[1], words[0]);
    }
    print_verbs(words[0]);
    return count > 1 ? UD_OK : UD_ERR_INVALID_ARGUMENT;
}

static bool wants_json(int count, char *const *words)
{
    for (int index = 0; index < count && strcmp(words[index], "--") != 0; index++) {
        if (strcmp(words[index], "--json") == 0) {
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    int count = argc - 1;
    char *const *words = argv + 1;
    ud_output_init(wants_json(count, words));
    int used = 0;
    const ud_cli_verb_t *verb = find_verb(count, words, &used);
    if (verb == NULL) {
        return ud_err_exit_code(explain(count, words));
    }
    ud_cli_call_t call;
    ud_err_t err = ud_cli_parse(verb, count - used, words + used, &call);
    if (err == UD_OK && ud_cli_flag(&call, "help")) {
        ud_cli_help(verb);
    } else if (err == UD_OK) {
        err = verb->run(&call);
    }
    if (fflush(stdout) != 0 && err == UD_OK) {
        err = ud_cli_fail(UD_ERR_FILE_WRITE, "the result could not be written to standard output");
    }
    return ud_err_exit_code(err);
}
