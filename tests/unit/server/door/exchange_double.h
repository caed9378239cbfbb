/* An exchange that lives in a test: what a request brings, and what was answered. Stands in for server/io/http.c and
 * server/door/problem.c.
 */
#ifndef UD_UNIT_SERVER_DOOR_EXCHANGE_DOUBLE_H
#define UD_UNIT_SERVER_DOOR_EXCHANGE_DOUBLE_H

#include "server/io/http.h"

struct ud_exchange {
    ud_arena_t *arena;
    const char *method;
    const char *content_type;
    const char *origin;
    const char *host;
    const char *csrf;
    const char *bearer;
    const char *cookie;
    const char *body;
    const char *query_name;  /* one parameter */
    const char *query_value; /* NULL: of a parameter that is no text */

    ud_err_t err; /* of the problem that was answered */
    char field[64];
    char detail[512];
};

#endif
