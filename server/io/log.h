/* The log: one line per event on standard error, in logfmt, safe against what strangers put into it.
 *
 *     ts=2026-11-22T22:31:07.120Z level=info event=request id=7f3a-12c9 method=POST path=/v1/checkin status=401
 *
 * Values are quoted where needed, and everything but printable ASCII is escaped: no value can begin a line, end one, or move
 * a terminal's cursor. Lines are written whole, by one write, from any thread.
 */
#ifndef UD_IO_LOG_H
#define UD_IO_LOG_H

#include "core/base/err.h"
#include "server/domain/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { UD_LOG_DEBUG, UD_LOG_INFO, UD_LOG_WARN, UD_LOG_ERROR } ud_log_level_t;

/* Lines below `level` are dropped. Set before threads start. */
void ud_log_set_level(ud_log_level_t level);
bool ud_log_enabled(ud_log_level_t level);

/* "debug", "info", "warn", "error". Errors: UD_ERR_INVALID_ARGUMENT. */
UD_MUST_USE ud_err_t ud_log_parse_level(const char *text, ud_log_level_t *level);

/* One line: `event` and then pairs of name and value, all of them texts; a NULL value leaves its pair out.
 *     ud_log(UD_LOG_WARN, "claim_refused", "device", id, "peer", peer);
 */
#define ud_log(level, ...) ud_log_pairs((level), (const char *const[]){__VA_ARGS__, NULL})

/* The same line into `line` (UD_LOG_LINE_SIZE_MAX bytes) instead, without time and level, ended by a NUL; for tests. */
#define ud_log_format(line, ...) ud_log_format_pairs((line), (const char *const[]){__VA_ARGS__, NULL})

/* What the macros call: `texts` is the event, then names and values in turn, then NULL in place of a name. */
void ud_log_pairs(ud_log_level_t level, const char *const *texts);

/* As ud_log_pairs(), for ud_log_format(). */
void ud_log_format_pairs(char *line, const char *const *texts);

#endif
