/* Verdicts of signature and digest checks.
 *
 * A type of its own, with values far apart in bits: neither a stuck bit, nor a skipped instruction that leaves zero or
 * one in a register, turns a refusal into an approval. Compare with UD_VERDICT_VALID only, never with "not invalid".
 */
#ifndef UD_BASE_VERDICT_H
#define UD_BASE_VERDICT_H

#include "core/base/err.h"

#include <stdint.h>

typedef enum {
    UD_VERDICT_VALID = 0x5AC3A53C,
    UD_VERDICT_INVALID = 0x253C5AC3,
} ud_verdict_t;

#endif
