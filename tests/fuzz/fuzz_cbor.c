/* CBOR: what can be passed over can be read item by item, and never beyond the end. */
#include "core/base/assert.h"
#include "core/proto/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads the item at the reader: what it says lies within the bytes, and what belongs to it follows. */
static void read_item(ud_reader_t reader)
{
    ud_cbor_item_t item;
    ud_reader_t again = reader;
    if (ud_cbor_get(&reader, &item) != UD_OK) {
        UD_ASSERT(ud_cbor_skip(&again, 1) != UD_OK);
        return;
    }
    bool is_string = item.type == UD_CBOR_BYTES || item.type == UD_CBOR_TEXT;
    UD_ASSERT(item.type <= UD_CBOR_WIDE);
    UD_ASSERT(!is_string || item.data + item.argument == reader.data + reader.offset);
    bool whole = ud_cbor_skip(&reader, item.inner) == UD_OK;
    UD_ASSERT(whole == (ud_cbor_skip(&again, 1) == UD_OK));
    UD_ASSERT(!whole || reader.offset == again.offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ud_reader_t reader = ud_reader(data, size);
    while (ud_reader_left(&reader) > 0) {
        size_t before = ud_reader_left(&reader);
        read_item(reader);
        if (ud_cbor_skip(&reader, 1) != UD_OK) {
            break;
        }
        UD_ASSERT(ud_reader_left(&reader) < before);
    }
    return 0;
}
