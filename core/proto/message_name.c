/* The names of the fields of device messages, row by row as in the tables. */
#include "core/base/assert.h"
#include "core/proto/message_table.h"

#define UINT(need, cbor, json, ...) json
#define U16 UINT
#define U32 UINT
#define INT UINT
#define FLAG UINT
#define BYTES UINT
#define SIGN UINT
#define PAIR UINT
#define TEXT UINT
#define ID UINT
#define CHUNK UINT
#define MAP UINT
#define LIST(name) static const char *const name##_names[] = {
#define END \
    }       \
    ;

#include "core/proto/message_rows.def"

#define NAMES(list) {&ud_##list##_table, list##_names, sizeof list##_names / sizeof list##_names[0]}

static const struct {
    const ud_message_table_t *table;
    const char *const *names;
    size_t count;
} lists[] = {
    NAMES(register), NAMES(register_answer), NAMES(token_request), NAMES(checkin),
    NAMES(offer),    NAMES(capabilities),    NAMES(policy),
};

const char *ud_field_name(const ud_field_t *field)
{
    if (field == NULL) {
        return NULL;
    }
    for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++) {
        for (size_t index = 0; index < lists[list].count; index++) {
            if (&lists[list].table->fields[index] == field) {
                return lists[list].names[index];
            }
        }
    }
    UD_ASSERT(false);
    return NULL;
}
