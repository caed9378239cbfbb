/* Verbs and their options: declared as data, parsed in one place.
 *
 * A verb is one file with one `const ud_cli_verb_t`, named in the table of main.c. It says which options it has; --help
 * (-h) and --json come with every verb. Options may stand anywhere, as --name VALUE, --name=VALUE, -n VALUE or -nVALUE;
 * behind "--" everything is an argument. An option given twice keeps its last value, unless it repeats.
 */
#ifndef UD_CLI_OPTIONS_H
#define UD_CLI_OPTIONS_H

#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UD_CLI_ARGUMENTS_MAX 8
#define UD_CLI_GIVEN_MAX 64

typedef struct {
    const char *name;  /* without the dashes; NULL ends a list */
    char letter;       /* short form, or 0 */
    const char *value; /* what the value is, in capitals: "FILE", or of two words: "TAG VALUE"; NULL: a flag */
    const char *help;  /* one line, or several with '\n' */
} ud_cli_option_t;

typedef struct ud_cli_call ud_cli_call_t;

typedef struct {
    const char *noun;      /* "image", or the whole command: "login" */
    const char *verb;      /* "sign", or NULL */
    const char *arguments; /* as the usage line shows them: "IN OUT"; "" if there are none */
    size_t argument_min;
    size_t argument_max;
    const ud_cli_option_t *options;             /* ends with a NULL name; NULL: none beside the common ones */
    const char *summary;                        /* one line for the lists of --help, no full stop */
    const char *description;                    /* what it does and what to know, complete sentences */
    const char *examples;                       /* command lines, each with "  " in front and '\n' behind */
    ud_err_t (*run)(const ud_cli_call_t *call); /* has told the user about the error it returns (ud_cli_fail) */
} ud_cli_verb_t;

/* One call of a verb. The texts are those of argv. */
struct ud_cli_call {
    const ud_cli_verb_t *verb;
    const char *arguments[UD_CLI_ARGUMENTS_MAX];
    size_t argument_count; /* between the verb's argument_min and argument_max */
    struct {
        const ud_cli_option_t *option;
        const char *text; /* NULL for a flag */
    } given[UD_CLI_GIVEN_MAX];
    size_t given_count;
};

/* Reads what stands behind the verb. On an error the user has been told which word is wrong and what to do.
 * Errors: UD_ERR_INVALID_ARGUMENT.
 */
UD_MUST_USE ud_err_t ud_cli_parse(const ud_cli_verb_t *verb, int count, char *const *words, ud_cli_call_t *call);

/* True if the flag (or option) was given. `name` must be in the verb's list or common, here and below. */
bool ud_cli_flag(const ud_cli_call_t *call, const char *name);

/* The last value given, or NULL. */
const char *ud_cli_text(const ud_cli_call_t *call, const char *name);

/* As ud_cli_text(), for an option that must be given. Errors: UD_ERR_INVALID_ARGUMENT, told to the user. */
UD_MUST_USE ud_err_t ud_cli_require(const ud_cli_call_t *call, const char *name, const char **text);

/* All values of an option that repeats, in order: `index` 0 and up until NULL. A value of two words counts as two. */
const char *ud_cli_text_at(const ud_cli_call_t *call, const char *name, size_t index);

/* Reads a number, decimal or 0x..., between `min` and `max`; `*value` keeps what it had when the option is not given.
 * Errors: UD_ERR_INVALID_ARGUMENT, told to the user with the value and the range.
 */
UD_MUST_USE ud_err_t ud_cli_number(const ud_cli_call_t *call, const char *name, uint64_t min, uint64_t max,
                                   uint64_t *value);

/* Prints the verb's --help. */
void ud_cli_help(const ud_cli_verb_t *verb);

#endif
