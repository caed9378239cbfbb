/* The TLVs of an image, one by one, as 'updraft image inspect' lists them. */
#ifndef UD_CLI_IMAGE_TLVS_H
#define UD_CLI_IMAGE_TLVS_H

#include "cli/image_file.h"

/* Prints a line for each TLV of an image that parses: area, type, name, size, the value's first bytes. */
void ud_image_tlvs_print(const ud_image_file_t *file, const ud_image_info_t *info);

/* The same as JSON, with whole values: an array, the caller's reference. */
json_t *ud_image_tlvs_json(const ud_image_file_t *file, const ud_image_info_t *info);

#endif
