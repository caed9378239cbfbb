/* CBOR: what can be passed over can be read item by item, and never beyond the end. */
#include "core/base/assert.h"
#include "core/proto/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads the item at the reader as each type there is; at most one of them may succeed. */
static void read_as_each(const ud_reader_t *at)
{
    ud_reader_t reader[7] = {*at, *at, *at, *at, *at, *at, *at};
    uint64_t number;
    int64_t signed_number;
    size_t count;
    bool flag;
    ud_span_t span;
    bool unsigned_good = ud_cbor_get_uint(&reader[0], &number) == UD_OK;
    bool good[] = {ud_cbor_get_int(&reader[1], &signed_number) == UD_OK, ud_cbor_get_bool(&reader[2], &flag) == UD_OK,
                   ud_cbor_get_bytes(&reader[3], &span) == UD_OK,        ud_cbor_get_text(&reader[4], &span) == UD_OK,
                   ud_cbor_get_array(&reader[5], &count) == UD_OK,       ud_cbor_get_map(&reader[6], &count) == UD_OK};
    int types = 0;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        types += good[i];
    }
    UD_ASSERT(types <= 1);
    UD_ASSERT(!unsigned_good || !good[0] || (int64_t)number == signed_number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ud_reader_t reader = ud_reader(data, size);
    while (ud_reader_left(&reader) > 0) {
        size_t before = ud_reader_left(&reader);
        read_as_each(&reader);
        if (ud_cbor_skip(&reader) != UD_OK) {
            break;
        }
        UD_ASSERT(ud_reader_left(&reader) < before);
    }
    return 0;
}
