/* What people and programs send to the operator door, checked field by field against const tables.
 *
 * Strict: a field that the table does not name, a wrong type, a value out of its range, or a missing required field ends
 * the request with UD_ERR_INVALID_ARGUMENT, the name of the field, its value and what is allowed. Nothing behind the door
 * has to look again.
 */
#ifndef UD_DOOR_OPERATOR_INPUT_H
#define UD_DOOR_OPERATOR_INPUT_H

#include "server/io/http.h"

#include <stdbool.h>
#include <stddef.h>

/* What a field holds, and the type of its place in the result. */
typedef enum {
    UD_INPUT_END,     /* behind the last field */
    UD_INPUT_TEXT,    /* const char *: `min` to `max` bytes without control characters */
    UD_INPUT_PEM,     /* const char *: `min` to `max` bytes, line ends allowed */
    UD_INPUT_NAME,    /* const char *: 1 to `max` letters, digits, '-', '_' or '.' */
    UD_INPUT_BOOL,    /* bool */
    UD_INPUT_TRUE,    /* bool: true and nothing else */
    UD_INPUT_FLAG,    /* int: 0 or 1 */
    UD_INPUT_CHOICE,  /* int: place of the text in `names` */
    UD_INPUT_U32,     /* uint32_t: whole, `min` to `max` */
    UD_INPUT_U64,     /* uint64_t: the same */
    UD_INPUT_SIZE,    /* size_t: the same */
    UD_INPUT_NUMBER,  /* double: `min` to `max` */
    UD_INPUT_BATCHES, /* plans and plan_count of an ud_rollout_in_t at the beginning of the result */
} ud_input_kind_t;

typedef struct {
    const char *name;
    ud_input_kind_t kind;
    bool required;
    size_t offset; /* in the result */
    double min;
    double max;
    const char *const *names; /* ends with NULL */
} ud_input_field_t;

/* Reads the collected body, a JSON object, into `result`, whose fields keep their values where the object is silent. An
 * empty body counts as an empty object. Texts are copied into the exchange's arena.
 * False: the request was answered, UD_ERR_UNSUPPORTED (a content type other than JSON), UD_ERR_MALFORMED (with the line),
 * UD_ERR_INVALID_ARGUMENT.
 */
bool ud_input_body(ud_exchange_t *exchange, const ud_input_field_t *fields, void *result);

/* False when the query has a parameter that the table does not name, or any where `fields` is NULL; the request was
 * answered, UD_ERR_INVALID_ARGUMENT with the name and those that are known.
 */
bool ud_input_query_names(ud_exchange_t *exchange, const ud_input_field_t *fields);

/* Reads query parameters into `result` in the same way. False: the request was answered, UD_ERR_INVALID_ARGUMENT. */
bool ud_input_query(ud_exchange_t *exchange, const ud_input_field_t *fields, void *result);

#endif
