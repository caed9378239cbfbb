#include "cli/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD_COLUMN 20
#define BAR_WIDTH 32

/* Characters of one line of text; a longer one (only a hostile one is) is cut. */
#define TEXT_SIZE_MAX 2048

static struct {
    bool json;
    bool colours;
    bool error_printed;
} output;

void ud_output_init(bool json)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    output.json = json;
    output.colours = isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0') && term != NULL &&
                     strcmp(term, "dumb") != 0;
}

bool ud_output_is_json(void)
{
    return output.json;
}

void ud_output_json(json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(value);
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

const char *ud_style(ud_style_t style)
{
    static const char *const escapes[] = {
        [UD_STYLE_OFF] = "\033[0m",   [UD_STYLE_BOLD] = "\033[1m",  [UD_STYLE_DIM] = "\033[2m",
        [UD_STYLE_GOOD] = "\033[32m", [UD_STYLE_WARN] = "\033[33m", [UD_STYLE_BAD] = "\033[31m",
    };
    return output.colours ? escapes[style] : "";
}

/* Writes a text with control characters (also those of U+0080 to U+009F) as '?'. */
static void write_clean(FILE *stream, const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    for (; *bytes != 0; bytes++) {
        bool two_byte_control = bytes[0] == 0xC2 && bytes[1] >= 0x80 && bytes[1] <= 0x9F;
        if (*bytes < 0x20 || *bytes == 0x7F || two_byte_control) {
            bytes += two_byte_control;
            fputc('?', stream);
        } else {
            fputc(*bytes, stream);
        }
    }
}

static void write_format(FILE *stream, const char *format, va_list values) __attribute__((format(printf, 2, 0)));

static void write_format(FILE *stream, const char *format, va_list values)
{
    char text[TEXT_SIZE_MAX];
    vsnprintf(text, sizeof text, format, values);
    write_clean(stream, text);
}

void ud_output_line(ud_style_t style, const char *format, ...)
{
    if (output.json) {
        return;
    }
    va_list values;
    va_start(values, format);
    fputs(style != UD_STYLE_OFF ? ud_style(style) : "", stdout);
    write_format(stdout, format, values);
    fputs(style != UD_STYLE_OFF ? ud_style(UD_STYLE_OFF) : "", stdout);
    putchar('\n');
    va_end(values);
}

void ud_output_field(const char *label, const char *format, ...)
{
    if (output.json) {
        return;
    }
    va_list values;
    va_start(values, format);
    printf("%s%-*s%s", ud_style(UD_STYLE_DIM), FIELD_COLUMN, label, ud_style(UD_STYLE_OFF));
    write_format(stdout, format, values);
    putchar('\n');
    va_end(values);
}

/* Characters (code points) of a UTF-8 text. */
static size_t text_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++) {
        width += ((unsigned char)*text & 0xC0) != 0x80;
    }
    return width;
}

static void print_cell(const ud_output_column_t *column, const char *text, size_t width, bool last)
{
    int blanks = (int)(width - text_width(text));
    ud_style_t style = column->style != NULL ? column->style(text) : UD_STYLE_OFF;
    printf("%*s%s", column->right ? blanks : 0, "", style != UD_STYLE_OFF ? ud_style(style) : "");
    write_clean(stdout, text);
    printf("%s%*s%s", style != UD_STYLE_OFF ? ud_style(UD_STYLE_OFF) : "", column->right || last ? 0 : blanks, "",
           last ? "\n" : "  ");
}

void ud_output_table(const ud_output_column_t *columns, size_t column_count, const char *const *cells, size_t row_count)
{
    size_t *widths = calloc(column_count, sizeof *widths);
    if (output.json || widths == NULL) {
        free(widths);
        return;
    }
    for (size_t column = 0; column < column_count; column++) {
        widths[column] = text_width(columns[column].title);
        for (size_t row = 0; row < row_count; row++) {
            size_t width = text_width(cells[row * column_count + column]);
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    fputs(ud_style(UD_STYLE_BOLD), stdout);
    for (size_t column = 0; column < column_count; column++) {
        ud_output_column_t head = {.right = columns[column].right};
        print_cell(&head, columns[column].title, widths[column], column + 1 == column_count);
    }
    fputs(ud_style(UD_STYLE_OFF), stdout);
    for (size_t cell = 0; cell < row_count * column_count; cell++) {
        size_t column = cell % column_count;
        print_cell(&columns[column], cells[cell], widths[column], column + 1 == column_count);
    }
    free(widths);
}

/* ---- errors ----------------------------------------------------------------------------------------------------- */

static void write_part(const char *before, const char *text)
{
    if (text != NULL) {
        fputs(before, stderr);
        write_clean(stderr, text);
    }
}

ud_err_t ud_cli_fail_problem(ud_err_t err, const char *detail, const ud_cli_problem_t *problem)
{
    write_part("updraft: ", detail);
    if (problem->code != NULL) {
        write_part(" (", problem->code);
        write_part(", field ", problem->field);
        write_part(", request ", problem->request);
        fputc(')', stderr);
    }
    fputc('\n', stderr);
    if (err != UD_ERR_INVALID_ARGUMENT) { /* there the detail has said it all */
        fprintf(stderr, "  %s\n", ud_err_text(err));
    }
    if (output.json && !output.error_printed) {
        output.error_printed = true;
        ud_output_json(json_pack("{s:{s:s, s:s, s:s*, s:s*, s:s*}}", "error", "code",
                                 problem->code != NULL ? problem->code : ud_err_code(err), "message", ud_err_text(err),
                                 "detail", detail, "field", problem->field, "request", problem->request));
    }
    return err;
}

ud_err_t ud_cli_fail(ud_err_t err, const char *format, ...)
{
    va_list values;
    char detail[TEXT_SIZE_MAX];
    va_start(values, format);
    vsnprintf(detail, sizeof detail, format, values);
    va_end(values);
    return ud_cli_fail_problem(err, detail, &(ud_cli_problem_t){.code = NULL});
}

/* ---- progress --------------------------------------------------------------------------------------------------- */

void ud_progress_begin(ud_progress_t *progress, const char *label, uint64_t total)
{
    *progress = (ud_progress_t){.label = label, .total = isatty(STDERR_FILENO) == 1 ? total : 0, .percent = -1};
    ud_progress_update(progress, 0);
}

void ud_progress_update(ud_progress_t *progress, uint64_t done)
{
    if (progress->total == 0) {
        return;
    }
    done = done < progress->total ? done : progress->total;
    int percent = (int)((double)done * 100.0 / (double)progress->total);
    if (percent == progress->percent) {
        return;
    }
    progress->percent = percent;
    char bar[BAR_WIDTH + 1];
    int full = percent * BAR_WIDTH / 100;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)full);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %3d %%", progress->label, bar, percent);
    fflush(stderr);
}

void ud_progress_end(ud_progress_t *progress)
{
    if (progress->total != 0) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    progress->total = 0;
}
