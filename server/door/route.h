/* Routes: one const table per door, from method and path to a handler.
 *
 *     static const ud_route_t routes[] = {
 *         {"GET", "/v1/things/{id}", get_thing},
 *         {"POST", "/v1/things", post_thing},
 *     };
 *     static void on_head(ud_exchange_t *exchange) { ud_route(exchange, routes, UD_ROUTE_COUNT(routes)); }
 *
 * and a handler that takes a body, asks the engine and answers (io/http.h tells what else it may do):
 *
 *     static void thing_made(ud_exchange_t *exchange, ud_command_t *command)
 *     {
 *         if (command->err != UD_OK) {
 *             ud_problem_command(exchange, command);
 *             return;
 *         }
 *         ud_exchange_reply(exchange, 201, "application/json", json, size);
 *     }
 *
 *     static void post_thing_body(ud_exchange_t *exchange)
 *     {
 *         door_t *door = ud_exchange_door(exchange);
 *         ud_command_t *command = ud_arena_alloc(ud_exchange_arena(exchange), sizeof *command);
 *         ... fill it from ud_exchange_body(exchange); command->arena = ud_exchange_arena(exchange) ...
 *         ud_err_t err = ud_engine_submit(door->engine, exchange, command, thing_made);
 *         if (err != UD_OK) {
 *             ud_problem_reply(exchange, err, NULL, NULL);
 *         }
 *     }
 *
 *     static void post_thing(ud_exchange_t *exchange) { ud_exchange_collect(exchange, 65536, post_thing_body); }
 */
#ifndef UD_DOOR_ROUTE_H
#define UD_DOOR_ROUTE_H

#include "server/io/http.h"

typedef struct {
    const char *method;  /* a GET route answers HEAD too */
    const char *pattern; /* a segment in braces matches any text without '/', decoded: ud_exchange_param() */
    ud_exchange_fn handle;
} ud_route_t;

#define UD_ROUTE_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Calls the handler of the first route that matches, or answers: 404 not_found; 405 method_not_allowed with Allow, also
 * to OPTIONS; 400 malformed for a parameter that does not decode to text.
 */
void ud_route(ud_exchange_t *exchange, const ud_route_t *routes, size_t count);

/* True if the path matches the pattern of any route, whatever the method. */
bool ud_route_known(const ud_exchange_t *exchange, const ud_route_t *routes, size_t count);

/* Percent-decodes `size` bytes of `text` into `decoded` (capacity bytes with its NUL). Errors: UD_ERR_MALFORMED (a bad
 * escape, not UTF-8, a control character), UD_ERR_TOO_LARGE.
 */
UD_MUST_USE ud_err_t ud_route_decode(const char *text, size_t size, char *decoded, size_t capacity);

#endif
