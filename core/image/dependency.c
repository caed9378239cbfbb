#include "core/image/dependency.h"

bool ud_image_dependencies_are_met(const ud_image_info_t *info)
{
    const ud_image_dependency_t *dependency = info->dependencies;
    for (uint32_t left = info->dependency_count; left > 0; left--) {
        if (dependency->image != 0 || ud_version_compare(&info->version, &dependency->minimum) < 0) {
            return false;
        }
        dependency++;
    }
    return true;
}
