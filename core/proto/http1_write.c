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

static void put(ud_http1_writer_t *writer, const char *text, size_t size)
{
    if (writer->err == UD_OK && size > writer->capacity - writer->size) {
        writer->err = UD_ERR_BUFFER_TOO_SMALL;
    }
    if (writer->err == UD_OK) {
        memcpy(writer->data + writer->size, text, size);
        writer->size += size;
    }
}

/* Text without control characters; `blanks` says whether it may hold spaces and tabs. */
static void put_text(ud_http1_writer_t *writer, const char *text, bool blanks)
{
    size_t size = strlen(text);
    bool clean = blanks || size > 0;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = (uint8_t)text[i];
        bool blank = c == ' ' || c == '\t';
        clean = clean && (blank ? blanks : c > ' ' && c != 0x7F);
    }
    if (!clean && writer->err == UD_OK) {
        writer->err = UD_ERR_INVALID_ARGUMENT;
    }
    put(writer, text, size);
}

/* Divides by ten, in place, and returns the remainder: 16 bits at a time, since a division of 64 bits takes a small core
 * 700 bytes of library.
 */
static uint32_t divide_by_ten(uint64_t *number)
{
    uint64_t quotient = 0;
    uint32_t rest = 0;
    for (int shift = 48; shift >= 0; shift -= 16) {
        uint32_t part = rest << 16 | (uint16_t)(*number >> shift);
        quotient = quotient << 16 | part / 10;
        rest = part % 10;
    }
    *number = quotient;
    return rest;
}

/* Decimal digits of `number` at the end of `text`; returns where they begin. */
static const char *digits(char text[21], uint64_t number)
{
    char *at = text + 20;
    *at = '\0';
    do {
        *--at = (char)('0' + divide_by_ten(&number));
    } while (number > 0);
    return at;
}

void ud_http1_write_request(ud_http1_writer_t *writer, const char *method, const char *target, const char *host)
{
    put_text(writer, method, false);
    put(writer, " ", 1);
    put_text(writer, target, false);
    put(writer, " HTTP/1.1\r\n", 11);
    ud_http1_write_header(writer, "Host", host);
}

void ud_http1_write_response(ud_http1_writer_t *writer, int status)
{
    char text[21];
    UD_ASSERT(status >= 100 && status <= 599);
    put(writer, "HTTP/1.1 ", 9);
    put_text(writer, digits(text, (uint64_t)status), false);
    put(writer, " ", 1);
    put_text(writer, ud_http1_reason(status), true);
    put(writer, "\r\n", 2);
}

void ud_http1_write_header(ud_http1_writer_t *writer, const char *name, const char *value)
{
    put_text(writer, name, false);
    put(writer, ": ", 2);
    put_text(writer, value, true);
    put(writer, "\r\n", 2);
}

void ud_http1_write_header_number(ud_http1_writer_t *writer, const char *name, uint64_t value)
{
    char text[21];
    ud_http1_write_header(writer, name, digits(text, value));
}

ud_err_t ud_http1_write_end(ud_http1_writer_t *writer)
{
    put(writer, "\r\n", 2);
    return writer->err;
}
