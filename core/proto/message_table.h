/* The tables behind the device messages: api/device.cddl as data. core/proto/message.c reads and writes CBOR by them, the
 * server's door the same messages as JSON; a test compares them with the CDDL.
 */
#ifndef UD_PROTO_MESSAGE_TABLE_H
#define UD_PROTO_MESSAGE_TABLE_H

#include "core/proto/message.h"

typedef enum {
    UD_FIELD_UINT,       /* of 1, 2 or 4 bytes: 0 to `limit`, or what `size` bytes hold if that is 0 */
    UD_FIELD_INT,        /* of 2 bytes: -`limit` to 0 */
    UD_FIELD_BOOL,       /* a C bool */
    UD_FIELD_CHUNK_SIZE, /* a 2-byte UINT of 512, 1024, 4096 or 16384 */
    UD_FIELD_TEXT,       /* char array with a final NUL; `limit` bytes or more */
    UD_FIELD_DEVICE_ID,  /* TEXT of letters, digits and - _ . : */
    UD_FIELD_BYTES,      /* exactly `size` bytes */
    UD_FIELD_SIGNATURE,  /* ud_signature_t: 64, 256 or 384 bytes */
    UD_FIELD_UINT_PAIR,  /* two 4-byte UINTs */
    UD_FIELD_MAP,        /* a structure with a table of its own: the message's `map`; maps are one level deep */
} ud_field_kind_t;

typedef struct ud_field {
    uint16_t offset; /* in the structure */
    uint16_t size;   /* bytes in the structure */
    uint8_t key;     /* in CBOR; its bit in `present` */
    uint8_t kind;
    uint8_t limit;
    bool required;
} ud_field_t;

/* The structure begins with `uint32_t present`. */
typedef struct ud_message_table {
    const ud_field_t *fields;           /* by rising key, from 1 and without gaps */
    const struct ud_message_table *map; /* in it, or NULL */
    uint16_t count;
    uint16_t size; /* of the structure */
} ud_message_table_t;

/* The messages, and the maps in a check-in and in an offer. A device links those that it reads. */
extern const ud_message_table_t ud_register_table, ud_register_answer_table, ud_token_request_table, ud_checkin_table,
    ud_offer_table, ud_capabilities_table, ud_policy_table;

/* All messages, indexed by ud_message_type_t. Hosts only. */
extern const ud_message_table_t *const ud_message_tables[UD_MESSAGE_COUNT];

/* Decodes an answer as a device does: as ud_message_decode(), but for texts, which need be no UTF-8 (control characters are
 * refused), and for the kinds that answers have none of (INT, DEVICE_ID, UINT_PAIR).
 */
UD_MUST_USE ud_err_t ud_message_read(const ud_message_table_t *table, ud_span_t data, void *message);

/* The field's name, in JSON and in errors; static text, NULL of NULL. Hosts only (message_name.c): a device never says it. */
const char *ud_field_name(const ud_field_t *field);

/* What a number may be, and how many bytes a text may have. */
int32_t ud_field_min(const ud_field_t *field);
uint32_t ud_field_max(const ud_field_t *field);

/* True if `value` may stand in a field of the kinds UINT or CHUNK_SIZE; or, of any number, of the kind INT too. */
bool ud_field_accepts_uint(const ud_field_t *field, uint32_t value);
bool ud_field_accepts_number(const ud_field_t *field, int64_t value);

/* True if `text` may stand in a field of the kinds TEXT or DEVICE_ID: size, UTF-8 without control characters, alphabet. */
bool ud_field_accepts_text(const ud_field_t *field, ud_span_t text);

/* Stores a number that was accepted, and reads one back; `message` is the structure. */
void ud_field_store_number(const ud_field_t *field, void *message, int64_t value);
int64_t ud_field_load_number(const ud_field_t *field, const void *message);

/* NULL, or the first required field whose bit is missing in `message`. */
const ud_field_t *ud_message_missing(const ud_message_table_t *table, const void *message);

#endif
