/* The portal's files: what `npm run build` made, served from memory of their names and from disk for their bytes.
 *
 * The folder is read once, at start: only names found then are ever opened, so no path in a request reaches the file
 * system. Where FILE.br or FILE.gz lies beside FILE and the browser takes it, that is sent. /assets/ holds names with
 * digests in them and may be kept for ever; everything else is asked for again each time (ETag, 304). Unknown paths give
 * index.html, for the portal has addresses of its own; but never below /api/ or /assets/.
 */
#ifndef UD_DOOR_PORTAL_H
#define UD_DOOR_PORTAL_H

#include "server/io/http.h"

typedef struct ud_portal ud_portal_t;

/* Reads the names in `folder`, which must hold index.html. Errors: UD_ERR_FILE_READ, UD_ERR_TOO_MANY, UD_ERR_INTERNAL. */
UD_MUST_USE ud_err_t ud_portal_open(const char *folder, ud_portal_t **portal);

/* NULL is allowed. */
void ud_portal_close(ud_portal_t *portal);

/* Answers a GET or HEAD. `portal` NULL: a page that says how to get one. */
void ud_portal_on_head(ud_exchange_t *exchange, const ud_portal_t *portal);

#endif
