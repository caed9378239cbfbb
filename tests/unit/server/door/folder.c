#include "tests/unit/server/door/folder.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void make_folder(char path[FOLDER_PATH_SIZE])
{
    const char *parent = getenv("TMPDIR");
    snprintf(path, FOLDER_PATH_SIZE, "%s/updraft-test-XXXXXX", parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(path));
}

static void join(char *path, size_t capacity, const char *folder, const char *name)
{
    int size = snprintf(path, capacity, "%s/%s", folder, name);
    assert_true(size > 0 && (size_t)size < capacity);
}

static void remove_files(const char *path)
{
    char name[4096];
    DIR *list = opendir(path);
    for (struct dirent *entry = list != NULL ? readdir(list) : NULL; entry != NULL; entry = readdir(list)) {
        join(name, sizeof name, path, entry->d_name);
        unlink(name);
    }
    if (list != NULL) {
        closedir(list);
    }
    rmdir(path);
}

void remove_folder(const char *path)
{
    char name[4096];
    DIR *list = opendir(path);
    for (struct dirent *entry = list != NULL ? readdir(list) : NULL; entry != NULL; entry = readdir(list)) {
        join(name, sizeof name, path, entry->d_name);
        if (entry->d_name[0] != '.') {
            remove_files(name);
        }
    }
    if (list != NULL) {
        closedir(list);
    }
    remove_files(path);
}

size_t count_files(const char *path, const char *sub, const char *prefix)
{
    char name[4096];
    size_t count = 0;
    join(name, sizeof name, path, sub);
    DIR *list = opendir(name);
    assert_non_null(list);
    for (struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list)) {
        count += entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    }
    closedir(list);
    return count;
}
