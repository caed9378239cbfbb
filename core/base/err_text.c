#include "core/base/err.h"

#include <string.h>

typedef struct {
    const char *code;
    const char *text;
    int http_status;
    int exit_code;
} error_row_t;

static const error_row_t errors[UD_ERR_COUNT] = {
#define UD_ERROR(name, code, http, exit, text) [UD_ERR_##name] = {code, text, http, exit},
#include "api/errors.def"
#undef UD_ERROR
};

static const error_row_t *row(ud_err_t err)
{
    unsigned index = (unsigned)err;
    return &errors[index < UD_ERR_COUNT ? index : UD_ERR_INTERNAL];
}

const char *ud_err_code(ud_err_t err)
{
    return row(err)->code;
}

const char *ud_err_text(ud_err_t err)
{
    return row(err)->text;
}

int ud_err_http_status(ud_err_t err)
{
    return row(err)->http_status;
}

int ud_err_exit_code(ud_err_t err)
{
    return row(err)->exit_code;
}

ud_err_t ud_err_from_code(const char *code, ud_err_t *err)
{
    for (unsigned index = 0; index < UD_ERR_COUNT; index++) {
        if (strcmp(errors[index].code, code) == 0) {
            *err = (ud_err_t)index;
            return UD_OK;
        }
    }
    return UD_ERR_NOT_FOUND;
}
