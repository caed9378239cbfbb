/* An image file in memory, and how people and programs are told about it; shared by the image verbs. */
#ifndef UD_CLI_IMAGE_FILE_H
#define UD_CLI_IMAGE_FILE_H

#include "cli/output.h"
#include "core/image/descriptor_block.h"
#include "core/image/image.h"

typedef struct {
    const char *path;
    uint8_t *data;
    size_t size;              /* bytes; at most UD_CLI_FILE_SIZE_MAX */
    ud_image_source_t source; /* reads this structure, which must not move */
} ud_image_file_t;

/* Reads a file; the user has been told about any error. Close it afterwards. Errors: those of ud_cli_read_file(). */
UD_MUST_USE ud_err_t ud_image_file_open(ud_image_file_t *file, const char *path);
void ud_image_file_close(ud_image_file_t *file);

/* Prints what an image says about itself, a line for each thing. */
void ud_image_print(const ud_image_info_t *info);

/* The same as JSON: an object, the caller's reference. */
json_t *ud_image_json(const ud_image_info_t *info);

#endif
