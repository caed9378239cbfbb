/* What the user sees: text or JSON on standard output, errors and progress on standard error.
 *
 * A verb prints either through the text functions or, when ud_output_is_json(), one JSON value: never both. Text that
 * came from elsewhere (files, server) may hold anything: control characters are shown as '?', so that nothing can play
 * tricks with the terminal. Colours only on a terminal, and never when NO_COLOR is set (https://no-color.org).
 */
#ifndef UD_CLI_OUTPUT_H
#define UD_CLI_OUTPUT_H

#include "core/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Called once by main before any other output. */
void ud_output_init(bool json);

/* True if the user asked for --json. */
bool ud_output_is_json(void);

/* Prints a JSON value and a newline; takes the reference. */
void ud_output_json(json_t *value);

/* ---- text (nothing is printed in JSON mode) --------------------------------------------------------------------- */

typedef enum { UD_STYLE_OFF, UD_STYLE_BOLD, UD_STYLE_DIM, UD_STYLE_GOOD, UD_STYLE_WARN, UD_STYLE_BAD } ud_style_t;

/* The escape sequence that begins a style on standard output, or "" where colours are not wanted. */
const char *ud_style(ud_style_t style);

/* Prints one line in a style. */
void ud_output_line(ud_style_t style, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints "label    value", the values below each other. */
void ud_output_field(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));

typedef struct {
    const char *title;
    bool right;                            /* numbers stand at the right */
    ud_style_t (*style)(const char *cell); /* of a cell, by its text; NULL: plain */
} ud_output_column_t;

/* Prints a table with a head; `cells` are row after row, each column_count texts. */
void ud_output_table(const ud_output_column_t *columns, size_t column_count, const char *const *cells,
                     size_t row_count);

/* ---- errors ----------------------------------------------------------------------------------------------------- */

/* Tells the user what went wrong: "updraft: " and the detail (what, with which value), then the error list's sentence
 * of what to do (not behind UD_ERR_INVALID_ARGUMENT: say it in the detail). In JSON mode also
 * {"error": {"code", "message", "detail", ...}} on standard output. Returns `err`.
 */
ud_err_t ud_cli_fail(ud_err_t err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a server's problem says beside its detail; NULL where it says nothing. */
typedef struct {
    const char *code;    /* the server's word, which this program may not know */
    const char *field;   /* of the request, that is wrong */
    const char *request; /* the id under which the server logged it */
} ud_cli_problem_t;

/* As ud_cli_fail(), for an error that a server answered: for people the code, field and request stand in parentheses behind
 * `detail`, in JSON mode they are members beside it.
 */
ud_err_t ud_cli_fail_problem(ud_err_t err, const char *detail, const ud_cli_problem_t *problem);

/* ---- progress --------------------------------------------------------------------------------------------------- */

/* A bar on standard error, drawn only on a terminal. */
typedef struct {
    const char *label;
    uint64_t total; /* in any unit; 0: unknown, no bar */
    int percent;    /* last drawn */
} ud_progress_t;

/* Draws an empty bar in front of which `label` stands; the label must stay until the end. */
void ud_progress_begin(ud_progress_t *progress, const char *label, uint64_t total);

/* Moves the bar; cheap, as it draws only when a percent is full. */
void ud_progress_update(ud_progress_t *progress, uint64_t done);

/* Removes the bar. */
void ud_progress_end(ud_progress_t *progress);

#endif
