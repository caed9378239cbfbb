#include "cli/options.h"

#include "cli/output.h"
#include "core/base/assert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ud_cli_option_t common[] = {
    {"json", 0, NULL, "print the result as one JSON object on standard output"},
    {"help", 'h', NULL, "show this help"},
    {0},
};

static const ud_cli_option_t none[] = {{0}};

/* ---- finding ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name; /* not ended */
    size_t size;
    char letter; /* instead of a name */
} wanted_t;

static bool matches(const ud_cli_option_t *option, const wanted_t *wanted)
{
    if (wanted->letter != 0) {
        return option->letter == wanted->letter;
    }
    return strlen(option->name) == wanted->size && memcmp(option->name, wanted->name, wanted->size) == 0;
}

static const ud_cli_option_t *find_option(const ud_cli_verb_t *verb, wanted_t wanted)
{
    const ud_cli_option_t *lists[] = {verb->options != NULL ? verb->options : none, common};
    for (size_t index = 0; index < sizeof lists / sizeof lists[0]; index++) {
        for (const ud_cli_option_t *option = lists[index]; option->name != NULL; option++) {
            if (matches(option, &wanted)) {
                return option;
            }
        }
    }
    return NULL;
}

/* ---- parsing ---------------------------------------------------------------------------------------------------- */

typedef struct {
    char *const *words;
    int count;
    int index; /* of the next word */
} words_t;

static ud_err_t keep(ud_cli_call_t *call, const ud_cli_option_t *option, const char *text)
{
    if (call->given_count == UD_CLI_GIVEN_MAX) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "more than %d options", UD_CLI_GIVEN_MAX);
    }
    call->given[call->given_count].option = option;
    call->given[call->given_count].text = text;
    call->given_count++;
    return UD_OK;
}

/* Keeps an option; `attached` is what stood in the same word ("=VALUE" without the sign, or "-nVALUE"), or NULL. */
static ud_err_t keep_option(ud_cli_call_t *call, words_t *words, const char *word, const ud_cli_option_t *option,
                            const char *attached)
{
    if (option == NULL) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "unknown option '%s'; see 'updraft %s%s%s --help'", word,
                           call->verb->noun, call->verb->verb != NULL ? " " : "",
                           call->verb->verb != NULL ? call->verb->verb : "");
    }
    if (option->value == NULL) {
        if (attached != NULL) {
            return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "option --%s takes no value; '%s' gives one", option->name,
                               word);
        }
        return keep(call, option, NULL);
    }
    int wanted = 1 + (strchr(option->value, ' ') != NULL) - (attached != NULL);
    if (words->count - words->index < wanted) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "option --%s needs a value: --%s %s", option->name, option->name,
                           option->value);
    }
    if (attached != NULL) {
        UD_TRY(keep(call, option, attached));
    }
    for (; wanted > 0; wanted--) {
        UD_TRY(keep(call, option, words->words[words->index++]));
    }
    return UD_OK;
}

static ud_err_t parse_long(ud_cli_call_t *call, words_t *words, const char *word)
{
    const char *name = word + 2;
    const char *equals = strchr(name, '=');
    size_t size = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const ud_cli_option_t *option = find_option(call->verb, (wanted_t){.name = name, .size = size});
    return keep_option(call, words, word, option, equals != NULL ? equals + 1 : NULL);
}

static ud_err_t parse_short(ud_cli_call_t *call, words_t *words, const char *word)
{
    const ud_cli_option_t *option = find_option(call->verb, (wanted_t){.letter = word[1]});
    return keep_option(call, words, word, option, word[2] != '\0' ? word + 2 : NULL);
}

/* A file's name where the command takes none is most often meant for --out. */
static ud_err_t refuse_argument(const ud_cli_verb_t *verb, const char *word)
{
    bool meant_out =
        verb->argument_max == 0 && find_option(verb, (wanted_t){.name = "out", .size = strlen("out")}) != NULL;
    return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "too many arguments: '%s' is one more than this command takes%s%s",
                       word, meant_out ? "; to write there, give --out " : "", meant_out ? word : "");
}

static ud_err_t parse_argument(ud_cli_call_t *call, const char *word)
{
    UD_ASSERT(call->verb->argument_max <= UD_CLI_ARGUMENTS_MAX);
    if (call->argument_count == call->verb->argument_max) {
        return refuse_argument(call->verb, word);
    }
    call->arguments[call->argument_count++] = word;
    return UD_OK;
}

ud_err_t ud_cli_parse(const ud_cli_verb_t *verb, int count, char *const *words, ud_cli_call_t *call)
{
    *call = (ud_cli_call_t){.verb = verb};
    words_t rest = {.words = words, .count = count};
    bool options_ended = false;
    while (rest.index < rest.count) {
        const char *word = rest.words[rest.index++];
        if (options_ended || word[0] != '-' || word[1] == '\0') {
            UD_TRY(parse_argument(call, word));
        } else if (strcmp(word, "--") == 0) {
            options_ended = true;
        } else if (word[1] == '-') {
            UD_TRY(parse_long(call, &rest, word));
        } else {
            UD_TRY(parse_short(call, &rest, word));
        }
    }
    if (call->argument_count < verb->argument_min && !ud_cli_flag(call, "help")) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "missing argument; the command is: updraft %s%s%s [OPTIONS] %s",
                           verb->noun, verb->verb != NULL ? " " : "", verb->verb != NULL ? verb->verb : "",
                           verb->arguments);
    }
    return UD_OK;
}

/* ---- values ----------------------------------------------------------------------------------------------------- */

bool ud_cli_flag(const ud_cli_call_t *call, const char *name)
{
    const ud_cli_option_t *option = find_option(call->verb, (wanted_t){.name = name, .size = strlen(name)});
    UD_ASSERT(option != NULL);
    for (size_t index = 0; index < call->given_count; index++) {
        if (call->given[index].option == option) {
            return true;
        }
    }
    return false;
}

const char *ud_cli_text_at(const ud_cli_call_t *call, const char *name, size_t index)
{
    const ud_cli_option_t *option = find_option(call->verb, (wanted_t){.name = name, .size = strlen(name)});
    UD_ASSERT(option != NULL && option->value != NULL);
    for (size_t given = 0; given < call->given_count; given++) {
        if (call->given[given].option == option && index-- == 0) {
            return call->given[given].text;
        }
    }
    return NULL;
}

const char *ud_cli_text(const ud_cli_call_t *call, const char *name)
{
    const char *last = NULL;
    const char *text;
    for (size_t index = 0; (text = ud_cli_text_at(call, name, index)) != NULL; index++) {
        last = text;
    }
    return last;
}

ud_err_t ud_cli_require(const ud_cli_call_t *call, const char *name, const char **text)
{
    const char *given = ud_cli_text(call, name);
    if (given == NULL) {
        const ud_cli_option_t *option = find_option(call->verb, (wanted_t){.name = name, .size = strlen(name)});
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "option --%s %s is missing", name, option->value);
    }
    *text = given;
    return UD_OK;
}

ud_err_t ud_cli_number(const ud_cli_call_t *call, const char *name, uint64_t min, uint64_t max, uint64_t *value)
{
    const char *text = ud_cli_text(call, name);
    if (text == NULL) {
        return UD_OK;
    }
    bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hexadecimal ? text + 2 : text;
    size_t size = strlen(digits);
    bool clean = size > 0 && strspn(digits, hexadecimal ? "0123456789abcdefABCDEF" : "0123456789") == size;
    errno = 0;
    uint64_t number = clean ? strtoull(digits, NULL, hexadecimal ? 16 : 10) : 0;
    if (!clean || errno != 0 || number < min || number > max) {
        return ud_cli_fail(UD_ERR_INVALID_ARGUMENT, "--%s is '%s'; give a number from %llu to %llu", name, text,
                           (unsigned long long)min, (unsigned long long)max);
    }
    *value = number;
    return UD_OK;
}

/* ---- help ------------------------------------------------------------------------------------------------------- */

#define HELP_COLUMN 28

/* One option: its forms, then its help from HELP_COLUMN on. */
static void print_option(const ud_cli_option_t *option)
{
    char forms[96];
    char letter[5] = "    ";
    if (option->letter != 0) {
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    snprintf(forms, sizeof forms, "  %s--%s%s%s", letter, option->name, option->value != NULL ? " " : "",
             option->value != NULL ? option->value : "");
    printf("%-*s", HELP_COLUMN, forms);
    if (strlen(forms) >= HELP_COLUMN) {
        printf("\n%*s", HELP_COLUMN, "");
    }
    for (const char *character = option->help; *character != '\0'; character++) {
        putchar(*character);
        if (*character == '\n') {
            printf("%*s", HELP_COLUMN, "");
        }
    }
    putchar('\n');
}

void ud_cli_help(const ud_cli_verb_t *verb)
{
    const char *bold = ud_style(UD_STYLE_BOLD);
    const char *off = ud_style(UD_STYLE_OFF);
    printf("%sUsage:%s updraft %s%s%s [OPTIONS]%s%s\n\n", bold, off, verb->noun, verb->verb != NULL ? " " : "",
           verb->verb != NULL ? verb->verb : "", verb->arguments[0] != '\0' ? " " : "", verb->arguments);
    printf("%s\n\n%sOptions:%s\n", verb->description, bold, off);
    for (const ud_cli_option_t *option = verb->options != NULL ? verb->options : none; option->name != NULL; option++) {
        print_option(option);
    }
    for (const ud_cli_option_t *option = common; option->name != NULL; option++) {
        print_option(option);
    }
    if (verb->examples != NULL) {
        printf("\n%sExamples:%s\n%s", bold, off, verb->examples);
    }
}
