/* Assertions for programmer faults; on in release. For bytes of the untrusted world use UD_REQUIRE, which returns. */
#ifndef UD_BASE_ASSERT_H
#define UD_BASE_ASSERT_H

#include "core/base/err.h"

/* Ends the program: a device resets (boot is idempotent, and reset loops are counted), a server prints and aborts.
 * Given by the port (device) or by the program (host). Never returns.
 */
_Noreturn void ud_assert_failed(const char *file, int line);

#define UD_ASSERT(condition) ((condition) ? (void)0 : ud_assert_failed(__FILE__, __LINE__))

/* Returns `err` from the calling function unless `condition` holds. */
#define UD_REQUIRE(condition, err) \
    do {                           \
        if (!(condition)) {        \
            return (err);          \
        }                          \
    } while (0)

#endif
