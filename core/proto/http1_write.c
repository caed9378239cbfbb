/* HTTP/1.1 heads, written. */
#include "core/base/assert.h"
#include "core/proto/http1.h"

#include <string.h>

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *ud_http1_reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "";
}

void ud_http1_writer_init(ud_http1_writer_t *writer, uint8_t *data, size_t capacity)
{
    *writer = (ud_http1_writer_t){.data = data, .capacity = capacity, .err = UD_OK};
}

/* The least character that may stand in what is put: a word is not empty and has no blanks. */
enum { IN_LINES = '\n', IN_VALUE = ' ', IN_WORD = '!' };

static void put(ud_http1_writer_t *writer, const char *text, uint8_t least)
{
    size_t size = 0;
    bool clean = true;
    for (; text[size] != '\0'; size++) {
        clean = clean && (uint8_t)text[size] >= least && text[size] != 0x7F;
    }
    if (writer->err != UD_OK) {
        return;
    }
    if (!clean || (least == IN_WORD && size == 0)) {
        writer->err = UD_ERR_INVALID_ARGUMENT;
    } else if (size > writer->capacity - writer->size) {
        writer->err = UD_ERR_BUFFER_TOO_SMALL;
    } else {
        memcpy(writer->data + writer->size, text, size);
        writer->size += size;
    }
}

/* The rest of a line: `before`, which is ours, and `text`. */
static void end_line(ud_http1_writer_t *writer, const char *before, const char *text, uint8_t least)
{
    put(writer, before, IN_LINES);
    put(writer, text, least);
    put(writer, "\r\n", IN_LINES);
}

/* Decimal digits of `number` at the end of `text`; returns where they begin. */
static const char *digits(char text[21], size_t number)
{
    char *at = text + 20;
    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return at;
}

void ud_http1_write_request(ud_http1_writer_t *writer, const char *method, const char *target, const char *host)
{
    put(writer, method, IN_WORD);
    put(writer, " ", IN_LINES);
    put(writer, target, IN_WORD);
    end_line(writer, " HTTP/1.1\r\nHost: ", host, IN_WORD);
}

void ud_http1_write_response(ud_http1_writer_t *writer, int status)
{
    char text[21];
    UD_ASSERT(status >= 100 && status <= 599);
    put(writer, "HTTP/1.1 ", IN_LINES);
    put(writer, digits(text, (size_t)status), IN_WORD);
    end_line(writer, " ", ud_http1_reason(status), IN_VALUE);
}

void ud_http1_write_header(ud_http1_writer_t *writer, const char *name, const char *value)
{
    put(writer, name, IN_WORD);
    end_line(writer, ": ", value, IN_VALUE);
}

void ud_http1_write_header_number(ud_http1_writer_t *writer, const char *name, size_t value)
{
    char text[21];
    ud_http1_write_header(writer, name, digits(text, value));
}

void ud_http1_write_bearer(ud_http1_writer_t *writer, const char *token)
{
    end_line(writer, "Authorization: Bearer ", token,
             IN_VALUE); /* what is no token must go out, too: a 401 brings a new one */
}

void ud_http1_write_range(ud_http1_writer_t *writer, size_t first, size_t last)
{
    char text[21];
    put(writer, "Range: bytes=", IN_LINES);
    put(writer, digits(text, first), IN_WORD);
    end_line(writer, "-", digits(text, last), IN_WORD);
}

ud_err_t ud_http1_write_end(ud_http1_writer_t *writer)
{
    put(writer, "\r\n", IN_LINES);
    return writer->err;
}
