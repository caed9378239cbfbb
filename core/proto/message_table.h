/* The tables behind the device messages: api/device.cddl as data. core/proto/message.c reads and writes CBOR by them, the
 * server's door the same messages as JSON; a test compares them with the CDDL.
 */
#ifndef UD_PROTO_MESSAGE_TABLE_H
#define UD_PROTO_MESSAGE_TABLE_H

#include "core/proto/message.h"

typedef enum {
    UD_FIELD_UINT,       /* of 1, 2 or 4 bytes: ud_field_t.size */
    UD_FIELD_INT,        /* of 2 bytes */
    UD_FIELD_BOOL,       /* a C bool */
    UD_FIELD_CHUNK_SIZE, /* a 2-byte UINT of 512, 1024, 4096 or 16384 */
    UD_FIELD_TEXT,       /* char array with a final NUL; min and max are bytes without it */
    UD_FIELD_DEVICE_ID,  /* TEXT of letters, digits and - _ . : */
    UD_FIELD_BYTES,      /* exactly `size` bytes */
    UD_FIELD_SIGNATURE,  /* ud_signature_t: 64, 256 or 384 bytes */
    UD_FIELD_UINT_PAIR,  /* two 4-byte UINTs */
    UD_FIELD_MAP,        /* a structure with a table of its own; maps are one level deep */
} ud_field_kind_t;

struct ud_message_table;

typedef struct ud_field {
    union {
        const struct ud_message_table *map; /* of a MAP */
        struct {
            int32_t min; /* of the value, or of a text's size */
            uint32_t max;
        };
    };
    uint8_t key; /* in CBOR; its bit in `present` */
    uint8_t kind;
    bool required;
    uint16_t offset; /* in the structure */
    uint16_t size;   /* bytes in the structure */
} ud_field_t;

/* The structure begins with `uint32_t present`. */
typedef struct ud_message_table {
    const ud_field_t *fields; /* by rising key */
    uint8_t count;
    uint16_t size; /* of the structure */
} ud_message_table_t;

/* Indexed by ud_message_type_t. */
extern const ud_message_table_t ud_message_tables[UD_MESSAGE_COUNT];

/* Maps in a check-in and in an offer. */
extern const ud_message_table_t ud_capabilities_table;
extern const ud_message_table_t ud_policy_table;

/* The field's name, in JSON and in errors; static text, NULL of NULL. Hosts only (message_name.c): a device never says it. */
const char *ud_field_name(const ud_field_t *field);

/* True if `value` may stand in a field of the kinds UINT, INT or CHUNK_SIZE. */
bool ud_field_accepts_number(const ud_field_t *field, int64_t value);

/* True if `text` may stand in a field of the kinds TEXT or DEVICE_ID: size, UTF-8 without control characters, alphabet. */
bool ud_field_accepts_text(const ud_field_t *field, ud_span_t text);

/* Stores a number that was accepted, and reads one back; `message` is the structure. */
void ud_field_store_number(const ud_field_t *field, void *message, int64_t value);
int64_t ud_field_load_number(const ud_field_t *field, const void *message);

/* NULL, or the first required field whose bit is missing in `message`. */
const ud_field_t *ud_message_missing(const ud_message_table_t *table, const void *message);

#endif
