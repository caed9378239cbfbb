/* The functions of <string.h> that compilers and this code call, small instead of fast: newlib's take 2 KB. A product that
 * has room leaves this file out. Compiled without builtins, or each would become a call of itself.
 */
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    return memmove(to, from, size);
}

void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *target = to;
    const unsigned char *source = from;
    if (target <= source) {
        while (size-- > 0) {
            *target++ = *source++;
        }
    } else {
        while (size-- > 0) {
            target[size] = source[size];
        }
    }
    return to;
}

void *memset(void *to, int value, size_t size)
{
    unsigned char *target = to;
    while (size-- > 0) {
        *target++ = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const unsigned char *a = left;
    const unsigned char *b = right;
    int difference = 0;
    while (difference == 0 && size-- > 0) {
        difference = *a++ - *b++;
    }
    return difference;
}

size_t strlen(const char *text)
{
    size_t size = 0;
    while (text[size] != '\0') {
        size++;
    }
    return size;
}

int strcmp(const char *left, const char *right)
{
    while (*left == *right && *left != '\0') {
        left++;
        right++;
    }
    return (unsigned char)*left - (unsigned char)*right;
}

int strncmp(const char *left, const char *right, size_t size)
{
    while (size > 0 && *left == *right && *left != '\0') {
        left++;
        right++;
        size--;
    }
    return size > 0 ? (unsigned char)*left - (unsigned char)*right : 0;
}

char *strncpy(char *restrict to, const char *restrict from, size_t size)
{
    for (size_t index = 0; index < size; index++) {
        to[index] = *from;
        from += *from != '\0';
    }
    return to;
}

void *memchr(const void *data, int value, size_t size)
{
    const unsigned char *at = data;
    for (; size > 0; at++, size--) {
        if (*at == (unsigned char)value) {
            return (void *)at;
        }
    }
    return NULL;
}

char *strchr(const char *text, int value)
{
    while (*text != (char)value) {
        if (*text++ == '\0') {
            return NULL;
        }
    }
    return (char *)text;
}
