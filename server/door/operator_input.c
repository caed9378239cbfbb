#include "server/door/operator_input.h"

#include "core/base/utf8.h"
#include "server/door/problem.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Characters of a refused value that are shown. */
#define SHOWN_SIZE 64

typedef struct {
    ud_exchange_t *exchange;
    const ud_input_field_t *field;
    uint8_t *result;
} target_t;

static bool store(const target_t *target, const void *value, size_t size)
{
    memcpy(target->result + target->field->offset, value, size);
    return true;
}

static bool store_text(const target_t *target, const json_t *value)
{
    const char *copy =
        ud_arena_text(ud_exchange_arena(target->exchange), json_string_value(value), json_string_length(value));
    return copy != NULL && store(target, &copy, sizeof copy);
}

/* ---- one kind each: true if the value fits and was stored -------------------------------------------------------- */

static bool size_fits(const target_t *target, const json_t *value)
{
    size_t size = json_string_length(value);
    return json_is_string(value) && (double)size >= target->field->min && (double)size <= target->field->max;
}

static bool take_text(const target_t *target, const json_t *value)
{
    return size_fits(target, value) && ud_utf8_is_text(json_string_value(value), json_string_length(value)) &&
           store_text(target, value);
}

static bool take_pem(const target_t *target, const json_t *value)
{
    return size_fits(target, value) && store_text(target, value);
}

static bool take_name(const target_t *target, const json_t *value)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return size_fits(target, value) && strspn(json_string_value(value), allowed) == json_string_length(value) &&
           store_text(target, value);
}

static bool take_bool(const target_t *target, const json_t *value)
{
    bool is_true = json_is_true(value);
    return json_is_boolean(value) && store(target, &is_true, sizeof is_true);
}

static bool take_true(const target_t *target, const json_t *value)
{
    return json_is_true(value) && take_bool(target, value);
}

static bool take_flag(const target_t *target, const json_t *value)
{
    int flag = json_is_true(value);
    return json_is_boolean(value) && store(target, &flag, sizeof flag);
}

static bool take_choice(const target_t *target, const json_t *value)
{
    for (int index = 0; json_is_string(value) && target->field->names[index] != NULL; index++) {
        if (strcmp(target->field->names[index], json_string_value(value)) == 0) {
            return store(target, &index, sizeof index);
        }
    }
    return false;
}

static bool in_range(const target_t *target, const json_t *value)
{
    double number = json_number_value(value);
    return json_is_number(value) && number >= target->field->min && number <= target->field->max;
}

static bool take_u32(const target_t *target, const json_t *value)
{
    uint32_t number = json_is_integer(value) ? (uint32_t)json_integer_value(value) : 0;
    return json_is_integer(value) && in_range(target, value) && store(target, &number, sizeof number);
}

static bool take_u64(const target_t *target, const json_t *value)
{
    uint64_t number = json_is_integer(value) ? (uint64_t)json_integer_value(value) : 0;
    return json_is_integer(value) && in_range(target, value) && store(target, &number, sizeof number);
}

static bool take_size(const target_t *target, const json_t *value)
{
    size_t number = json_is_integer(value) ? (size_t)json_integer_value(value) : 0;
    return json_is_integer(value) && in_range(target, value) && store(target, &number, sizeof number);
}

static bool take_number(const target_t *target, const json_t *value)
{
    double number = json_number_value(value);
    return in_range(target, value) && store(target, &number, sizeof number);
}

/* {"percent": 10} or {"count": 50}, one of them. */
static bool read_plan(const json_t *item, ud_batch_plan_t *plan)
{
    const json_t *percent = json_object_get(item, "percent");
    const json_t *count = json_object_get(item, "count");
    if (!json_is_object(item) || json_object_size(item) != 1) {
        return false;
    }
    if (json_is_number(percent)) {
        *plan = (ud_batch_plan_t){.percent = json_number_value(percent)};
        return plan->percent > 0 && plan->percent <= 100;
    }
    json_int_t number = json_integer_value(count);
    *plan = (ud_batch_plan_t){.count = (uint32_t)number};
    return json_is_integer(count) && number >= 1 && number <= UINT32_MAX;
}

static bool take_batches(const target_t *target, const json_t *value)
{
    ud_rollout_in_t *rollout = (ud_rollout_in_t *)(void *)target->result;
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count < 1 || count > UD_BATCH_COUNT_MAX) {
        return false;
    }
    for (size_t index = 0; index < count; index++) {
        if (!read_plan(json_array_get(value, index), &rollout->plans[index])) {
            return false;
        }
    }
    rollout->plan_count = count;
    return true;
}

/* ---- kinds ------------------------------------------------------------------------------------------------------- */

typedef struct {
    bool (*take)(const target_t *target, const json_t *value);
    json_type type; /* what the text of a query parameter becomes */
    const char *allowed;
    bool ranged; /* "allowed" goes on with the range */
} kind_t;

static const kind_t kinds[] = {
    [UD_INPUT_TEXT] = {take_text, JSON_STRING, "text without control characters, bytes", true},
    [UD_INPUT_PEM] = {take_pem, JSON_STRING, "text, bytes", true},
    [UD_INPUT_NAME] = {take_name, JSON_STRING, "letters, digits, '-', '_' or '.', bytes", true},
    [UD_INPUT_BOOL] = {take_bool, JSON_TRUE, "true or false", false},
    [UD_INPUT_TRUE] = {take_true, JSON_TRUE, "true", false},
    [UD_INPUT_FLAG] = {take_flag, JSON_TRUE, "true or false", false},
    [UD_INPUT_CHOICE] = {take_choice, JSON_STRING, "one of:", false},
    [UD_INPUT_U32] = {take_u32, JSON_INTEGER, "a whole number", true},
    [UD_INPUT_U64] = {take_u64, JSON_INTEGER, "a whole number", true},
    [UD_INPUT_SIZE] = {take_size, JSON_INTEGER, "a whole number", true},
    [UD_INPUT_NUMBER] = {take_number, JSON_REAL, "a number", true},
    [UD_INPUT_BATCHES] = {take_batches, JSON_ARRAY,
                          "1 to 20 of {\"percent\": above 0 to 100} or {\"count\": 1 or more}", false},
};

/* ---- refusals ---------------------------------------------------------------------------------------------------- */

/* "a whole number, from 1 to 200" */
static void describe(const ud_input_field_t *field, char *text, size_t capacity)
{
    const kind_t *kind = &kinds[field->kind];
    int used = snprintf(text, capacity, "%s", kind->allowed);
    size_t at = (size_t)used;
    if (kind->ranged) {
        snprintf(text + at, capacity - at, " from %.15g to %.15g", field->min, field->max);
        return;
    }
    for (size_t index = 0; field->kind == UD_INPUT_CHOICE && field->names[index] != NULL && at < capacity; index++) {
        used = snprintf(text + at, capacity - at, " %s", field->names[index]);
        at += (size_t)used;
    }
}

static bool refuse_value(const target_t *target, const json_t *value)
{
    char allowed[256];
    describe(target->field, allowed, sizeof allowed);
    bool secret = strstr(target->field->name, "password") != NULL;
    char *shown = secret ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
    ud_problem_reply(target->exchange, UD_ERR_INVALID_ARGUMENT, target->field->name, "\"%s\" must be %s, not %.*s",
                     target->field->name, allowed, SHOWN_SIZE, shown != NULL ? shown : "what was sent");
    free(shown);
    return false;
}

static bool refuse_missing(ud_exchange_t *exchange, const char *name)
{
    ud_problem_reply(exchange, UD_ERR_INVALID_ARGUMENT, name, "\"%s\" is missing", name);
    return false;
}

/* `what`: "field" or "parameter". */
static bool refuse_unknown(ud_exchange_t *exchange, const ud_input_field_t *fields, const char *what, ud_span_t name)
{
    char known[256] = "";
    size_t at = 0;
    for (const ud_input_field_t *field = fields; field->kind != UD_INPUT_END && at < sizeof known; field++) {
        at += (size_t)snprintf(known + at, sizeof known - at, " %s", field->name);
    }
    int shown = name.size < SHOWN_SIZE ? (int)name.size : SHOWN_SIZE;
    const char *field = ud_arena_text(ud_exchange_arena(exchange), (const char *)name.data, (size_t)shown);
    ud_problem_reply(exchange, UD_ERR_INVALID_ARGUMENT, field, "there is no %s \"%.*s\" here; known are:%s", what,
                     shown, (const char *)name.data, at > 0 ? known : " none");
    return false;
}

/* ---- bodies ------------------------------------------------------------------------------------------------------ */

static const ud_input_field_t *find_field(const ud_input_field_t *fields, const char *name)
{
    for (; fields->kind != UD_INPUT_END; fields++) {
        if (strcmp(fields->name, name) == 0) {
            return fields;
        }
    }
    return NULL;
}

static bool take(ud_exchange_t *exchange, const ud_input_field_t *field, void *result, const json_t *value)
{
    target_t target = {exchange, field, result};
    return kinds[field->kind].take(&target, value) || refuse_value(&target, value);
}

static bool read_object(ud_exchange_t *exchange, const ud_input_field_t *fields, json_t *object, void *result)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        const ud_input_field_t *field = find_field(fields, name);
        if (field == NULL) {
            return refuse_unknown(exchange, fields, "field", ud_span(name, strlen(name)));
        }
        if (!take(exchange, field, result, value)) {
            return false;
        }
    }
    for (const ud_input_field_t *field = fields; field->kind != UD_INPUT_END; field++) {
        if (field->required && json_object_get(object, field->name) == NULL) {
            return refuse_missing(exchange, field->name);
        }
    }
    return true;
}

/* "application/json", with or without parameters. */
static bool is_json(const char *type)
{
    static const char wanted[] = "application/json";
    size_t size = sizeof wanted - 1;
    return type != NULL && strncasecmp(type, wanted, size) == 0 && strchr("; \t", type[size]) != NULL;
}

bool ud_input_body(ud_exchange_t *exchange, const ud_input_field_t *fields, void *result)
{
    ud_span_t body = ud_exchange_body(exchange);
    const char *type = ud_exchange_header(exchange, "content-type");
    if (body.size > 0 && !is_json(type)) {
        ud_problem_reply(exchange, UD_ERR_UNSUPPORTED, NULL, "the body is \"%.*s\"; send application/json", SHOWN_SIZE,
                         type != NULL ? type : "");
        return false;
    }
    json_error_t error = {.line = 1};
    json_t *object =
        body.size > 0 ? json_loadb((const char *)body.data, body.size, JSON_REJECT_DUPLICATES, &error) : json_object();
    if (!json_is_object(object)) {
        ud_problem_reply(exchange, UD_ERR_MALFORMED, NULL, "the body is no JSON object: line %d, column %d: %s",
                         error.line, error.column, object == NULL ? error.text : "another kind of value");
        json_decref(object);
        return false;
    }
    bool good = read_object(exchange, fields, object, result);
    json_decref(object);
    return good;
}

/* ---- queries ----------------------------------------------------------------------------------------------------- */

/* The JSON value that a query parameter's text stands for. */
static json_t *query_value(const char *text, json_type type)
{
    char *end = NULL;
    if (type == JSON_TRUE && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
        return json_boolean(text[0] == 't');
    }
    if (type == JSON_INTEGER && text[0] >= '0' && text[0] <= '9' && strlen(text) <= 15) {
        json_int_t number = strtoll(text, &end, 10);
        return *end == '\0' ? json_integer(number) : json_string(text);
    }
    return json_string(text);
}

bool ud_input_query_names(ud_exchange_t *exchange, const ud_input_field_t *fields)
{
    static const ud_input_field_t none[] = {{.kind = UD_INPUT_END}};
    const ud_input_field_t *known = fields != NULL ? fields : none;
    ud_span_t name;
    for (size_t offset = 0; ud_exchange_query_next(exchange, &offset, &name);) {
        const ud_input_field_t *field = known;
        while (field->kind != UD_INPUT_END &&
               (strlen(field->name) != name.size || memcmp(field->name, name.data, name.size) != 0)) {
            field++;
        }
        if (field->kind == UD_INPUT_END) {
            return refuse_unknown(exchange, known, "parameter", name);
        }
    }
    return true;
}

bool ud_input_query(ud_exchange_t *exchange, const ud_input_field_t *fields, void *result)
{
    if (!ud_input_query_names(exchange, fields)) {
        return false;
    }
    for (const ud_input_field_t *field = fields; field->kind != UD_INPUT_END; field++) {
        const char *text = NULL;
        if (ud_exchange_query(exchange, field->name, &text) != UD_OK) {
            return refuse_value(&(target_t){exchange, field, result}, NULL);
        }
        if (text == NULL) {
            continue;
        }
        json_t *value = query_value(text, kinds[field->kind].type);
        bool good = take(exchange, field, result, value);
        json_decref(value);
        if (!good) {
            return false;
        }
    }
    return true;
}
