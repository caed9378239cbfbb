/* Views as JSON: what the operator door shows, field by field as api/openapi.yaml names them.
 *
 * One const table per view says name, kind and place of each field; ud_operator_json() walks it. A door's handler names
 * the table that fits the command it sent, and nothing else has to know the shape.
 */
#ifndef UD_DOOR_OPERATOR_JSON_H
#define UD_DOOR_OPERATOR_JSON_H

#include "core/base/err.h"
#include "server/domain/view.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    UD_JSON_END,        /* behind the last field */
    UD_JSON_TEXT,       /* const char *; NULL is "" */
    UD_JSON_TEXT_NULL,  /* const char *; NULL is null */
    UD_JSON_BOOL,       /* bool */
    UD_JSON_U8,         /* uint8_t */
    UD_JSON_U16,        /* uint16_t */
    UD_JSON_U32,        /* uint32_t */
    UD_JSON_U32_NULL,   /* uint32_t; `size` is null, as in all of these */
    UD_JSON_U64,        /* uint64_t */
    UD_JSON_U64_NULL,   /* uint64_t */
    UD_JSON_I64,        /* int64_t */
    UD_JSON_I64_NULL,   /* int64_t */
    UD_JSON_SIZE,       /* size_t */
    UD_JSON_DOUBLE,     /* double */
    UD_JSON_INT_NULL,   /* int */
    UD_JSON_NAME,       /* int or enum; `names`, those outside of it are null */
    UD_JSON_ERROR_NULL, /* ud_err_t; UD_OK is null */
    UD_JSON_DIGEST,     /* UD_SHA256_SIZE bytes as hex */
    UD_JSON_STATES,     /* uint32_t[UD_VIEW_STATE_COUNT] as an object */
    UD_JSON_OBJECT,     /* the view `fields`, inside this one */
    UD_JSON_LIST,       /* pointer to `size`-byte views `fields`, as many as the size_t at `count_offset` */
    UD_JSON_ARRAY,      /* the same, but the views lie inside this one */
} ud_json_kind_t;

typedef struct ud_json_field {
    const char *name;
    ud_json_kind_t kind;
    size_t offset;
    size_t count_offset;
    int size;                 /* bytes of one item, or the number that means null */
    const char *const *names; /* ends with NULL */
    const struct ud_json_field *fields;
} ud_json_field_t;

/* Tables; each describes the view of its name in server/domain/view.h. */
extern const ud_json_field_t ud_json_session[]; /* ud_session_t */
extern const ud_json_field_t ud_json_summary[];
extern const ud_json_field_t ud_json_device[];
extern const ud_json_field_t ud_json_device_page[];
extern const ud_json_field_t ud_json_device_detail[];
extern const ud_json_field_t ud_json_event_page[];
extern const ud_json_field_t ud_json_group_page[];
extern const ud_json_field_t ud_json_key_page[];
extern const ud_json_field_t ud_json_claim_key_page[];
extern const ud_json_field_t ud_json_release[];
extern const ud_json_field_t ud_json_release_page[];
extern const ud_json_field_t ud_json_rollout[];
extern const ud_json_field_t ud_json_rollout_page[];
extern const ud_json_field_t ud_json_changes[];

/* Names of a device's visible states, "idle" first; ends with NULL. */
extern const char *const ud_json_state_names[];

/* The view as a JSON object, the caller's to json_decref(); NULL when memory is short. Text that is not UTF-8 (it is
 * checked where it enters) becomes "".
 */
json_t *ud_operator_json(const ud_json_field_t *fields, const void *view);

#endif
