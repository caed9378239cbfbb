/* Errors: one list (api/errors.def), one enum.
 *
 * Every function that can fail returns ud_err_t and must be looked at; results leave through out-parameters, written
 * only on success. Names, texts, HTTP status and exit codes live in err_text.c, which a device need not link.
 */
#ifndef UD_BASE_ERR_H
#define UD_BASE_ERR_H

#if defined(__GNUC__)
#define UD_MUST_USE __attribute__((warn_unused_result))
#else
#define UD_MUST_USE
#endif

typedef enum {
#define UD_ERROR(name, code, http, exit, text) UD_ERR_##name,
#include "api/errors.def"
#undef UD_ERROR
    UD_ERR_COUNT
} ud_err_t;

#define UD_OK UD_ERR_NONE

/* Returns from the calling function with the error of `expression`, if it has one. */
#define UD_TRY(expression)                   \
    do {                                     \
        ud_err_t ud_try_err_ = (expression); \
        if (ud_try_err_ != UD_OK) {          \
            return ud_try_err_;              \
        }                                    \
    } while (0)

/* Stable name on the wire, for example "image_hash". Never NULL; an unknown number gives "internal". */
const char *ud_err_code(ud_err_t err);

/* One English sentence for people. Never NULL. */
const char *ud_err_text(ud_err_t err);

/* HTTP status with which a request that ends in `err` is answered, 200 to 599. */
int ud_err_http_status(ud_err_t err);

/* Exit code of the command line tools, 0 to 125. */
int ud_err_exit_code(ud_err_t err);

/* Finds an error by its stable name. Errors: UD_ERR_NOT_FOUND. */
UD_MUST_USE ud_err_t ud_err_from_code(const char *code, ud_err_t *err);

#endif
