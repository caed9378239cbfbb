#include "tests/unit/server/door/exchange_double.h"

#include "server/door/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

ud_arena_t *ud_exchange_arena(const ud_exchange_t *exchange)
{
    return exchange->arena;
}

const char *ud_exchange_method(const ud_exchange_t *exchange)
{
    return exchange->method;
}

const char *ud_exchange_header(const ud_exchange_t *exchange, const char *lower_case)
{
    const char *const names[] = {"content-type", "origin", "host", "x-csrf-token"};
    const char *const values[] = {exchange->content_type, exchange->origin, exchange->host, exchange->csrf};
    for (size_t index = 0; index < 4; index++) {
        if (strcmp(names[index], lower_case) == 0) {
            return values[index];
        }
    }
    return NULL;
}

const char *ud_exchange_bearer(const ud_exchange_t *exchange)
{
    return exchange->bearer;
}

const char *ud_exchange_cookie(ud_exchange_t *exchange, const char *name)
{
    return strcmp(name, "updraft_session") == 0 ? exchange->cookie : NULL;
}

ud_err_t ud_exchange_query(ud_exchange_t *exchange, const char *name, const char **value)
{
    bool asked = exchange->query_name != NULL && strcmp(exchange->query_name, name) == 0;
    *value = asked ? exchange->query_value : NULL;
    return asked && exchange->query_value == NULL ? UD_ERR_MALFORMED : UD_OK;
}

bool ud_exchange_query_next(const ud_exchange_t *exchange, size_t *offset, ud_span_t *name)
{
    bool first = exchange->query_name != NULL && *offset == 0;
    *offset = 1;
    *name = first ? ud_span(exchange->query_name, strlen(exchange->query_name)) : ud_span("", 0);
    return first;
}

ud_span_t ud_exchange_body(const ud_exchange_t *exchange)
{
    return ud_span(exchange->body, strlen(exchange->body));
}

void ud_problem_reply(ud_exchange_t *exchange, ud_err_t err, const char *field, const char *format, ...)
{
    va_list values;
    exchange->err = err;
    snprintf(exchange->field, sizeof exchange->field, "%s", field != NULL ? field : "");
    exchange->detail[0] = '\0';
    if (format != NULL) {
        va_start(values, format);
        vsnprintf(exchange->detail, sizeof exchange->detail, format, values);
        va_end(values);
    }
}
