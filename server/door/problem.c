#include "server/door/problem.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define DETAIL_SIZE 512

/* Puts a text into the object; text that is not UTF-8 is left out rather than sent broken. */
static void put(json_t *object, const char *name, const char *text)
{
    json_t *value = text == NULL ? NULL : json_string(text);
    if (value != NULL) {
        json_object_set_new(object, name, value);
    }
}

static char *problem_json(ud_exchange_t *exchange, int status, ud_err_t err, const char *field, const char *detail)
{
    char type[96];
    snprintf(type, sizeof type, "urn:updraft:error:%s", ud_err_code(err));
    json_t *object = json_object();
    put(object, "type", type);
    put(object, "title", ud_err_text(err));
    json_object_set_new(object, "status", json_integer(status));
    put(object, "code", ud_err_code(err));
    put(object, "detail", detail);
    put(object, "field", field);
    put(object, "request", ud_exchange_id(exchange));
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

static void reply(ud_exchange_t *exchange, int status, ud_err_t err, const char *field, const char *detail,
                  uint32_t retry_s)
{
    char number[16];
    ud_exchange_note(exchange, err, detail);
    if (status == 401) {
        ud_exchange_reply_header(exchange, "WWW-Authenticate", "Bearer");
    }
    if (retry_s > 0) {
        snprintf(number, sizeof number, "%u", retry_s);
        ud_exchange_reply_header(exchange, "Retry-After", number);
    }
    ud_exchange_reply_header(exchange, "Cache-Control", "no-store");
    char *text = problem_json(exchange, status, err, field, detail);
    size_t size = text == NULL ? 0 : strlen(text);
    ud_exchange_reply(exchange, status, "application/problem+json", text, size);
    free(text);
}

static uint32_t jitter_s(int status)
{
    uint32_t random = 0;
    if (status != 429 && status != 503) {
        return 0;
    }
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        return UD_PROBLEM_RETRY_S_MAX;
    }
    return 1 + random % UD_PROBLEM_RETRY_S_MAX;
}

void ud_problem_reply(ud_exchange_t *exchange, ud_err_t err, const char *field, const char *format, ...)
{
    char detail[DETAIL_SIZE];
    if (format != NULL) {
        va_list values;
        va_start(values, format);
        vsnprintf(detail, sizeof detail, format, values);
        va_end(values);
    }
    int status = ud_err_http_status(err);
    reply(exchange, status, err, field, format == NULL ? NULL : detail, jitter_s(status));
}

void ud_problem_retry(ud_exchange_t *exchange, ud_err_t err, uint32_t retry_s, const char *format, ...)
{
    char detail[DETAIL_SIZE];
    va_list values;
    va_start(values, format);
    vsnprintf(detail, sizeof detail, format, values);
    va_end(values);
    reply(exchange, ud_err_http_status(err), err, NULL, detail, retry_s);
}

void ud_problem_command(ud_exchange_t *exchange, const ud_command_t *command)
{
    int status = ud_err_http_status(command->err);
    reply(exchange, status, command->err, command->field, command->detail, jitter_s(status));
}

void ud_problem_status(ud_exchange_t *exchange, int status, ud_err_t err, const char *detail)
{
    reply(exchange, status, err, NULL, detail, jitter_s(status));
}
