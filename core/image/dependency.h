/* What an image asks of images. */
#ifndef UD_IMAGE_DEPENDENCY_H
#define UD_IMAGE_DEPENDENCY_H

#include "core/image/image.h"

/* Judges the dependencies of the one image of a device, as it would run: image 0 is itself, so that a dependency on it asks
 * for no more than its own version; there is no other, and what asks for one must not run.
 */
bool ud_image_dependencies_are_met(const ud_image_info_t *info);

#endif
