/* A folder of a test's own, gone afterwards. */
#ifndef UD_UNIT_SERVER_DOOR_FOLDER_H
#define UD_UNIT_SERVER_DOOR_FOLDER_H

#include <stddef.h>

#define FOLDER_PATH_SIZE 256

/* Makes a folder under the system's temporary one; the test fails if it cannot. */
void make_folder(char path[FOLDER_PATH_SIZE]);

/* Removes it with all that is in it, two levels deep. */
void remove_folder(const char *path);

/* Files in `path`/`sub` whose names begin with `prefix`. */
size_t count_files(const char *path, const char *sub, const char *prefix);

#endif
