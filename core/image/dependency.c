#include "core/image/dependency.h"

bool ud_image_dependencies_are_met(const ud_image_info_t *info)
{
    for (uint8_t index = 0; index < info->dependency_count; index++) {
        const ud_image_dependency_t *dependency = &info->dependencies[index];
        if (dependency->image != 0 || ud_version_compare(&info->version, &dependency->minimum) < 0) {
            return false;
        }
    }
    return true;
}
