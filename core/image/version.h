/* Firmware versions in MCUboot's form: MAJOR.MINOR.REVISION+BUILD, for example 1.2.3+4. */
#ifndef UD_IMAGE_VERSION_H
#define UD_IMAGE_VERSION_H

#include "core/base/err.h"
#include "core/base/limits.h"

#include <stddef.h>
#include <stdint.h>

/* As it stands in an image header and in a dependency, little-endian. */
typedef struct {
    uint8_t major;
    uint8_t minor;
    uint16_t revision;
    uint32_t build;
} ud_version_t;

/* Bytes of it. */
#define UD_VERSION_SIZE 8

/* Reads "1.2.3" or "1.2.3+4" from exactly `size` characters: decimal, no leading zeros, no blanks; without "+4" the
 * build is 0. `version` is written only on success.
 * Errors: UD_ERR_MALFORMED (another form, or a number above 255, 255, 65535, 4294967295).
 */
UD_MUST_USE ud_err_t ud_version_parse(const char *text, size_t size, ud_version_t *version);

/* Writes the version and a NUL; "+build" only if the build is not 0. Parsing the text gives the same version. */
void ud_version_format(const ud_version_t *version, char text[UD_VERSION_TEXT_SIZE_MAX + 1]);

/* Order as MCUboot has it, the build left out: negative, 0 or positive as `left` is older, the same or newer. */
int ud_version_compare(const ud_version_t *left, const ud_version_t *right);

/* Order of all four numbers; 0 only for the very same version. */
int ud_version_compare_full(const ud_version_t *left, const ud_version_t *right);

#endif
