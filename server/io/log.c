#include "server/io/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warn", "error"};
#define LEVEL_COUNT (sizeof level_names / sizeof level_names[0])

static ud_log_level_t threshold = UD_LOG_INFO;

void ud_log_set_level(ud_log_level_t level)
{
    threshold = level;
}

bool ud_log_enabled(ud_log_level_t level)
{
    return level >= threshold;
}

ud_err_t ud_log_parse_level(const char *text, ud_log_level_t *level)
{
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *level = (ud_log_level_t)i;
            return UD_OK;
        }
    }
    return UD_ERR_INVALID_ARGUMENT;
}

/* A line under way: never longer than its buffer less the room for a line end and a NUL. */
typedef struct {
    char *text;
    size_t size;
} line_t;

#define LINE_ROOM (UD_LOG_LINE_SIZE_MAX - 2)

static void put(line_t *line, const char *text, size_t size)
{
    if (size <= LINE_ROOM - line->size) {
        memcpy(line->text + line->size, text, size);
        line->size += size;
    }
}

static bool is_plain(const char *value)
{
    for (const char *at = value; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c <= ' ' || c >= 0x7F || c == '"' || c == '=' || c == '\\') {
            return false;
        }
    }
    return *value != '\0';
}

/* One byte of a quoted value. Everything beyond printable ASCII is escaped: a log is read in terminals. */
static void put_escaped(line_t *line, unsigned char c)
{
    char text[8];
    if (c == '"' || c == '\\') {
        put(line, (const char[]){'\\', (char)c}, 2);
    } else if (c >= ' ' && c < 0x7F) {
        put(line, (const char *)&c, 1);
    } else {
        put(line, text, (size_t)snprintf(text, sizeof text, "\\x%02x", c));
    }
}

static void put_pair(line_t *line, const char *name, const char *value)
{
    size_t room = strlen(name) + 3; /* a blank, "=" and a closing quote */
    if (room + 4 > LINE_ROOM - line->size) {
        return;
    }
    if (line->size > 0) {
        put(line, " ", 1);
    }
    put(line, name, strlen(name));
    put(line, "=", 1);
    size_t size = strnlen(value, UD_LOG_VALUE_SIZE_MAX);
    if (is_plain(value) && value[size] == '\0' && size <= LINE_ROOM - line->size) {
        put(line, value, size);
        return;
    }
    put(line, "\"", 1);
    for (size_t i = 0; i < size && LINE_ROOM - line->size > 5; i++) {
        put_escaped(line, (unsigned char)value[i]);
    }
    put(line, "\"", 1);
}

static void put_pairs(line_t *line, const char *const *texts)
{
    put_pair(line, "event", texts[0]);
    for (texts++; texts[0] != NULL; texts += 2) {
        if (texts[1] != NULL) {
            put_pair(line, texts[0], texts[1]);
        }
    }
}

static void put_time(line_t *line)
{
    struct timespec now;
    struct tm parts;
    char text[40], whole[24];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text, sizeof text, "%s.%03ldZ", whole, now.tv_nsec / 1000000);
    put_pair(line, "ts", text);
}

void ud_log_pairs(ud_log_level_t level, const char *const *texts)
{
    if (!ud_log_enabled(level)) {
        return;
    }
    char text[UD_LOG_LINE_SIZE_MAX];
    line_t line = {.text = text};
    put_time(&line);
    put_pair(&line, "level", level_names[level]);
    put_pairs(&line, texts);
    text[line.size++] = '\n';
    ssize_t written = write(STDERR_FILENO, text, line.size);
    (void)written; /* a log that cannot be written has nowhere to complain */
}

void ud_log_format_pairs(char *text, const char *const *texts)
{
    line_t line = {.text = text};
    put_pairs(&line, texts);
    text[line.size] = '\0';
}
