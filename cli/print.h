/* How the verbs show what the server said: fields of JSON as cells of tables and lines of text. */
#ifndef UD_CLI_PRINT_H
#define UD_CLI_PRINT_H

#include "cli/output.h"

#include <jansson.h>

/* Characters of one cell with its NUL; longer text is cut. */
#define UD_CLI_CELL_SIZE 96

/* Writes the cell of one row; `row` is a JSON object. */
typedef void (*ud_cli_cell_fn)(const json_t *row, char cell[UD_CLI_CELL_SIZE]);

typedef struct {
    const char *title;
    const char *field;                     /* of the row: text, number, true or false; absent and null show as "-" */
    ud_cli_cell_fn cell;                   /* instead of `field`, where a cell is made of more */
    bool right;                            /* numbers stand at the right */
    ud_style_t (*style)(const char *cell); /* of a cell, by its text; NULL: plain */
} ud_cli_column_t;

/* The text of a field, or "" when it is absent or no text. */
const char *ud_cli_field_text(const json_t *object, const char *field);

/* The number of a field, or 0. */
long long ud_cli_field_number(const json_t *object, const char *field);

/* "3 s ago", "5 min ago", "2 h ago", "3 d ago"; "never" for 0. */
void ud_cli_format_age(long long at_ms, char *text, size_t capacity);

/* "512 bytes", "12.3 KB", "4.0 MB" */
void ud_cli_format_size(long long size, char *text, size_t capacity);

/* "2026-11-22 22:41:07 UTC" */
void ud_cli_format_time(long long at_ms, char *text, size_t capacity);

/* In JSON mode prints `answer`; otherwise its "items" as a table, or `empty` when there are none. Takes the reference. */
void ud_cli_print_list(json_t *answer, const ud_cli_column_t *columns, size_t column_count, const char *empty);

#endif
