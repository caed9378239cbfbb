#include "server/door/portal.h"

#include "core/base/assert.h"
#include "server/door/problem.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of a file's name below the folder, and of the whole path on disk. */
#define NAME_SIZE 256
#define PATH_SIZE 4096

enum { FORM_PLAIN, FORM_GZIP, FORM_BROTLI, FORM_COUNT };

static const struct {
    const char *suffix;
    const char *encoding;
} forms[FORM_COUNT] = {{"", NULL}, {".gz", "gzip"}, {".br", "br"}};

static const struct {
    const char *suffix;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".txt", "text/plain; charset=utf-8"},
};

/* Scripts, styles and fonts from here alone, nothing inline, no frames, no plug-ins, no foreign addresses. */
static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                             "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
                             "form-action 'self'; frame-ancestors 'none'";

typedef struct {
    char name[NAME_SIZE]; /* "/assets/app-3f2a.js" */
    bool has[FORM_COUNT];
} file_t;

struct ud_portal {
    char folder[PATH_SIZE];
    file_t files[UD_PORTAL_FILE_COUNT_MAX];
    size_t count;
};

/* ---- reading the folder ---------------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *suffix)
{
    size_t size = strlen(text), suffix_size = strlen(suffix);
    return size > suffix_size && strcmp(text + size - suffix_size, suffix) == 0;
}

static file_t *find(const ud_portal_t *portal, const char *name)
{
    for (size_t i = 0; i < portal->count; i++) {
        if (strcmp(portal->files[i].name, name) == 0) {
            return (file_t *)&portal->files[i];
        }
    }
    return NULL;
}

/* Notes "/x.js.br" as the brotli form of "/x.js". */
static ud_err_t note_file(ud_portal_t *portal, char *name)
{
    int form = ends_with(name, ".gz") ? FORM_GZIP : ends_with(name, ".br") ? FORM_BROTLI : FORM_PLAIN;
    name[strlen(name) - strlen(forms[form].suffix)] = '\0';
    file_t *file = find(portal, name);
    if (file == NULL) {
        UD_REQUIRE(portal->count < UD_PORTAL_FILE_COUNT_MAX, UD_ERR_TOO_MANY);
        file = &portal->files[portal->count++];
        snprintf(file->name, sizeof file->name, "%s", name);
    }
    file->has[form] = true;
    return UD_OK;
}

static ud_err_t read_folder(ud_portal_t *portal, const char *below, int depth);

static ud_err_t read_entry(ud_portal_t *portal, const char *below, const char *entry, int depth)
{
    char name[NAME_SIZE], path[PATH_SIZE + NAME_SIZE];
    struct stat info;
    if (entry[0] == '.') {
        return UD_OK;
    }
    UD_REQUIRE((size_t)snprintf(name, sizeof name, "%s/%s", below, entry) < sizeof name, UD_ERR_FILE_READ);
    snprintf(path, sizeof path, "%s%s", portal->folder, name);
    UD_REQUIRE(stat(path, &info) == 0, UD_ERR_FILE_READ);
    if (S_ISDIR(info.st_mode)) {
        return read_folder(portal, name, depth + 1);
    }
    return S_ISREG(info.st_mode) ? note_file(portal, name) : UD_OK;
}

static ud_err_t read_folder(ud_portal_t *portal, const char *below, int depth)
{
    char path[PATH_SIZE + NAME_SIZE];
    UD_REQUIRE(depth <= UD_PORTAL_DEPTH_MAX, UD_ERR_TOO_MANY);
    snprintf(path, sizeof path, "%s%s", portal->folder, below);
    DIR *folder = opendir(path);
    UD_REQUIRE(folder != NULL, UD_ERR_FILE_READ);
    ud_err_t err = UD_OK;
    for (struct dirent *entry = readdir(folder); entry != NULL && err == UD_OK; entry = readdir(folder)) {
        err = read_entry(portal, below, entry->d_name, depth);
    }
    closedir(folder);
    return err;
}

ud_err_t ud_portal_open(const char *folder, ud_portal_t **result)
{
    ud_portal_t *portal = calloc(1, sizeof *portal);
    UD_REQUIRE(portal != NULL, UD_ERR_INTERNAL);
    bool fits = (size_t)snprintf(portal->folder, sizeof portal->folder, "%s", folder) < sizeof portal->folder;
    ud_err_t err = fits ? read_folder(portal, "", 0) : UD_ERR_FILE_READ;
    if (err == UD_OK) {
        const file_t *index = find(portal, "/index.html");
        err = index != NULL && index->has[FORM_PLAIN] ? UD_OK : UD_ERR_FILE_READ;
    }
    if (err != UD_OK) {
        free(portal);
        return err;
    }
    *result = portal;
    return UD_OK;
}

void ud_portal_close(ud_portal_t *portal)
{
    free(portal);
}

/* ---- serving --------------------------------------------------------------------------------------------------------- */

/* True for the weight ";q=0", with or without blanks and decimals. */
static bool is_zero(const char *weight)
{
    weight += 1 + strspn(weight + 1, " \t");
    return strncasecmp(weight, "q=", 2) == 0 && strtod(weight + 2, NULL) <= 0;
}

/* True if Accept-Encoding has `encoding` and does not forbid it ("br;q=0"). */
static bool accepts(const char *value, const char *encoding)
{
    size_t size = strlen(encoding);
    while (value != NULL && *value != '\0') {
        value += strspn(value, " \t,");
        size_t item = strcspn(value, ",");
        const char *weight = memchr(value, ';', item);
        if (strncasecmp(value, encoding, size) == 0 && strcspn(value, " \t;,") == size) {
            return weight == NULL || !is_zero(weight);
        }
        value += item;
    }
    return false;
}

static int choose_form(ud_exchange_t *exchange, const file_t *file)
{
    const char *accepted = ud_exchange_header(exchange, "accept-encoding");
    for (int form = FORM_COUNT - 1; form > FORM_PLAIN; form--) {
        if (file->has[form] && accepts(accepted, forms[form].encoding)) {
            return form;
        }
    }
    return FORM_PLAIN;
}

static const char *type_of(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (ends_with(name, types[i].suffix)) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

static void put_security_headers(ud_exchange_t *exchange)
{
    ud_exchange_reply_header(exchange, "Content-Security-Policy", policy);
    ud_exchange_reply_header(exchange, "X-Content-Type-Options", "nosniff");
    ud_exchange_reply_header(exchange, "Referrer-Policy", "no-referrer");
    ud_exchange_reply_header(exchange, "Cross-Origin-Opener-Policy", "same-origin");
}

static void send_file(ud_exchange_t *exchange, const ud_portal_t *portal, const file_t *file)
{
    char path[PATH_SIZE + NAME_SIZE + 4], tag[64];
    struct stat info;
    int form = choose_form(exchange, file);
    bool asset = strncmp(file->name, "/assets/", 8) == 0;
    snprintf(path, sizeof path, "%s%s%s", portal->folder, file->name, forms[form].suffix);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        if (fd >= 0) {
            close(fd);
        }
        ud_problem_reply(exchange, UD_ERR_FILE_READ, NULL, "%s was there when the server started.", file->name);
        return;
    }
    snprintf(tag, sizeof tag, "\"%llx-%llx-%s\"", (unsigned long long)info.st_mtime, (unsigned long long)info.st_size,
             form == FORM_PLAIN ? "plain" : forms[form].encoding);
    put_security_headers(exchange);
    ud_exchange_reply_header(exchange, "Vary", "Accept-Encoding");
    ud_exchange_reply_header(exchange, "Cache-Control", asset ? "public, max-age=31536000, immutable" : "no-cache");
    ud_exchange_reply_header(exchange, "ETag", tag);
    const char *known = ud_exchange_header(exchange, "if-none-match");
    if (known != NULL && strstr(known, tag) != NULL) {
        close(fd);
        ud_exchange_reply(exchange, 304, NULL, NULL, 0);
        return;
    }
    if (form != FORM_PLAIN) {
        ud_exchange_reply_header(exchange, "Content-Encoding", forms[form].encoding);
    }
    ud_exchange_reply_file(exchange, 200, type_of(file->name), fd, 0, (uint64_t)info.st_size);
}

static void send_notice(ud_exchange_t *exchange)
{
    static const char text[] = "This is updraftd's operator address. The API is under /api/v1.\n"
                               "For the portal, build it and start updraftd with --portal DIR.\n";
    put_security_headers(exchange);
    ud_exchange_reply(exchange, 200, "text/plain; charset=utf-8", text, sizeof text - 1);
}

void ud_portal_on_head(ud_exchange_t *exchange, const ud_portal_t *portal)
{
    const char *path = ud_exchange_path(exchange), *method = ud_exchange_method(exchange);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        ud_exchange_reply_header(exchange, "Allow", "GET, HEAD");
        ud_problem_reply(exchange, UD_ERR_METHOD_NOT_ALLOWED, NULL, "%s takes GET, HEAD.", path);
        return;
    }
    const file_t *file = portal == NULL ? NULL : find(portal, path);
    bool own = strncmp(path, "/api/", 5) == 0 || strncmp(path, "/assets/", 8) == 0;
    if (file != NULL && file->has[FORM_PLAIN]) {
        send_file(exchange, portal, file);
    } else if (own || (portal == NULL && strcmp(path, "/") != 0)) {
        ud_problem_reply(exchange, UD_ERR_NOT_FOUND, NULL, "There is nothing at %s.", path);
    } else if (portal == NULL) {
        send_notice(exchange);
    } else {
        send_file(exchange, portal, find(portal, "/index.html"));
    }
}
