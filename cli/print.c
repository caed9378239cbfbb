#include "cli/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMNS_MAX 12

const char *ud_cli_field_text(const json_t *object, const char *field)
{
    const char *text = json_string_value(json_object_get(object, field));
    return text != NULL ? text : "";
}

long long ud_cli_field_number(const json_t *object, const char *field)
{
    return json_integer_value(json_object_get(object, field));
}

void ud_cli_format_age(long long at_ms, char *text, size_t capacity)
{
    static const struct {
        long long seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    long long age_s = (long long)time(NULL) - at_ms / 1000;
    size_t index = 0;
    while (index < 3 && age_s < units[index].seconds) {
        index++;
    }
    if (at_ms == 0) {
        snprintf(text, capacity, "never");
    } else {
        snprintf(text, capacity, "%lld %s ago", age_s > 0 ? age_s / units[index].seconds : 0, units[index].unit);
    }
}

void ud_cli_format_size(long long size, char *text, size_t capacity)
{
    if (size < 1024) {
        snprintf(text, capacity, "%lld bytes", size);
    } else if (size < 1024 * 1024) {
        snprintf(text, capacity, "%.1f KB", (double)size / 1024);
    } else {
        snprintf(text, capacity, "%.1f MB", (double)size / (1024 * 1024));
    }
}

void ud_cli_format_time(long long at_ms, char *text, size_t capacity)
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL || strftime(text, capacity, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0) {
        snprintf(text, capacity, "-");
    }
}

static void field_cell(const json_t *row, const char *field, char cell[UD_CLI_CELL_SIZE])
{
    const json_t *value = json_object_get(row, field);
    if (json_is_string(value)) {
        snprintf(cell, UD_CLI_CELL_SIZE, "%s", json_string_value(value));
    } else if (json_is_integer(value)) {
        snprintf(cell, UD_CLI_CELL_SIZE, "%lld", (long long)json_integer_value(value));
    } else if (json_is_boolean(value)) {
        snprintf(cell, UD_CLI_CELL_SIZE, "%s", json_is_true(value) ? "yes" : "no");
    } else {
        snprintf(cell, UD_CLI_CELL_SIZE, "-");
    }
}

static void print_table(const json_t *items, const ud_cli_column_t *columns, size_t column_count)
{
    size_t row_count = json_array_size(items);
    char(*texts)[UD_CLI_CELL_SIZE] = calloc(row_count * column_count, sizeof *texts);
    const char **cells = calloc(row_count * column_count, sizeof *cells);
    ud_output_column_t heads[COLUMNS_MAX];
    for (size_t index = 0; texts != NULL && cells != NULL && index < row_count * column_count; index++) {
        const json_t *row = json_array_get(items, index / column_count);
        const ud_cli_column_t *column = &columns[index % column_count];
        if (column->cell != NULL) {
            column->cell(row, texts[index]);
        } else {
            field_cell(row, column->field, texts[index]);
        }
        cells[index] = texts[index];
    }
    for (size_t index = 0; index < column_count && index < COLUMNS_MAX; index++) {
        heads[index] = (ud_output_column_t){
            .title = columns[index].title, .right = columns[index].right, .style = columns[index].style};
    }
    if (texts != NULL && cells != NULL) {
        ud_output_table(heads, column_count, cells, row_count);
    }
    free(cells);
    free(texts);
}

void ud_cli_print_list(json_t *answer, const ud_cli_column_t *columns, size_t column_count, const char *empty)
{
    if (ud_output_is_json()) {
        ud_output_json(answer);
        return;
    }
    const json_t *items = json_object_get(answer, "items");
    if (json_array_size(items) == 0) {
        ud_output_line(UD_STYLE_OFF, "%s", empty);
    } else {
        print_table(items, columns, column_count);
    }
    json_decref(answer);
}
