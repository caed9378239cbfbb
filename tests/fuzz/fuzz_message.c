/* Device messages: what is decoded can be encoded, and decodes to the same again. The first byte chooses the message. */
#include "core/base/assert.h"
#include "core/proto/message.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef union {
    ud_register_t enrol;
    ud_register_answer_t answer;
    ud_token_request_t credential;
    ud_checkin_t checkin;
    ud_offer_t offer;
} any_message_t;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static any_message_t message, again;
    const struct ud_field *field;
    uint8_t encoded[UD_MESSAGE_SIZE_MAX], twice[UD_MESSAGE_SIZE_MAX];
    size_t encoded_size = 0, twice_size = 0;
    if (size == 0) {
        return 0;
    }
    ud_message_type_t type = (ud_message_type_t)(data[0] % UD_MESSAGE_COUNT);
    if (ud_message_decode(type, ud_span(data + 1, size - 1), &message, &field) != UD_OK) {
        return 0;
    }
    UD_ASSERT(ud_message_encode(type, &message, encoded, sizeof encoded, &encoded_size) == UD_OK);
    UD_ASSERT(ud_message_decode(type, ud_span(encoded, encoded_size), &again, &field) == UD_OK);
    UD_ASSERT(ud_message_encode(type, &again, twice, sizeof twice, &twice_size) == UD_OK);
    UD_ASSERT(encoded_size == twice_size && memcmp(encoded, twice, encoded_size) == 0);
    return 0;
}
